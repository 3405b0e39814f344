/**
 * Buttons of what can be done with one server of a group; each opens its dialog. One that can't be used says why.
 */
import { t } from "../../i18n/text.ts";
import { Button } from "../../ui/button.tsx";
import type { Children } from "../../ui/props.ts";
import type { OpenDialog } from "../members/use-dialog.ts";
import type { GroupView, ServerView } from "./group-view.ts";
import { serverActs } from "./verbs.ts";

/** See the head of the file. */
export function ServerActions(props: {
  readonly group: GroupView;
  readonly server: ServerView;
  readonly dialog: OpenDialog;
  /** `quiet` in a table. */
  readonly variant: "quiet" | "plain";
}): Children {
  const { group, server, dialog, variant } = props;
  const { addr } = server;
  return (
    <span class={variant === "quiet" ? "row-actions" : "head-actions"}>
      {serverActs(group, server).map(({ verb, title, isOff = false }) => (
        <Button
          // One that turns into its opposite stays the same button, which keeps the focus.
          key={verb.replace(/^cancel-|-o(n|ff)$/g, "")}
          variant={verb === "remove-server" && variant === "plain" ? "danger" : variant}
          needs="operator"
          label={t("groups.of", { verb: t(title), addr })}
          isDisabled={isOff}
          reason={t("groups.why.masterStays")}
          onPress={() => dialog.open(verb, addr)}
        >
          {t(title)}
        </Button>
      ))}
    </span>
  );
}
