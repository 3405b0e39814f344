/**
 * How a group without slots leaves the product: its replicas, its master, the group itself, one after another. The next
 * step has its button and its command line. A plan that drains the group ends here.
 */
import { t, textOf } from "../../i18n/text.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import type { Children } from "../../ui/props.ts";
import { cliLine } from "../members/cli-line.ts";
import type { OpenDialog } from "../members/use-dialog.ts";
import type { GroupView } from "./group-view.ts";

/** Nothing is drawn while the group has slots. */
export function LeaveCard(props: {
  readonly group: GroupView;
  readonly dialog: OpenDialog;
}): Children {
  const { group, dialog } = props;
  if (group.slots.count > 0) {
    return null;
  }
  const last = group.servers.at(-1);
  const label =
    last === undefined
      ? t("groups.removeGroup.confirm", { id: group.id })
      : t("groups.removeServer.confirm", { addr: last.addr });
  return (
    <Card
      title={t("groups.leave")}
      actions={
        <Button
          needs="operator"
          variant="danger"
          onPress={() =>
            last === undefined
              ? dialog.open("remove-group")
              : dialog.open("remove-server", last.addr)
          }
        >
          {label}
        </Button>
      }
    >
      <p>{t("groups.leave.lead")}</p>
      <ol class="leave-steps">
        {group.servers.toReversed().map(({ addr, role }, index) => (
          <li key={addr} aria-current={index === 0 ? "step" : undefined}>
            <span class="code">{addr}</span> ({textOf("groups.role", role)})
          </li>
        ))}
        <li aria-current={last === undefined ? "step" : undefined}>
          {t("groups.one", { id: group.id })}
        </li>
      </ol>
      <CopyLine
        text={last === undefined ? cliLine.removeGroup(group.id) : cliLine.removeServer(last.addr)}
      />
    </Card>
  );
}
