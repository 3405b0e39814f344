/**
 * Gives slots to a group by force, or takes them offline. Keys don't move, so the dialog says what that means, asks
 * the server what would change (a dry run), and wants a name typed when that takes a slot away from a group.
 */
import { useEffect, useState } from "preact/hooks";
import type { V1LiveGroup } from "../../../../src/api/v1-live-schema.ts";
import type { V1AssignResult } from "../../../../src/api/v1-topology-schema.ts";
import { formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import { Select } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { announce } from "../../ui/toast.ts";
import { assignAsShown, useDryRun } from "./assign-preview.ts";
import { targetOptions } from "./move-dialog.tsx";
import { assignCommand } from "./slot-order.ts";
import { writeSlots } from "./slot-text.ts";

/** Longer lists of slots aren't typed to confirm; the product's name is. */
const TYPED_CHARS_MAX = 24;
/** Changes that are shown, one line each. */
const CHANGES_SHOWN = 8;

/** See the file head. Drawn while it is open. */
export function AssignDialog(props: {
  readonly product: string;
  /** Ascending. */
  readonly ids: readonly number[];
  readonly groups: readonly V1LiveGroup[];
  readonly isOffline: boolean;
  readonly onClose: () => void;
  /** It was done. */
  readonly onDone: () => void;
}): Children {
  const { ids, isOffline } = props;
  const [target, setTarget] = useState("");
  const groupId = isOffline ? 0 : target === "" ? undefined : Number(target);
  const preview = useDryRun(ids, groupId);
  const isOther = preview.isOther === true;
  useEffect(() => {
    if (isOther) {
      announce(t("slots.assign.other"));
    }
  }, [isOther]);
  const slots = writeSlots(ids);
  const count = formatCount(ids.length);
  const what = isOffline ? "offline" : "assign";
  const takesAway =
    preview.result?.changes.some((each) => each.previous_group_id !== 0 || each.drops_action) ??
    false;
  const confirm = async (): Promise<string | undefined> => {
    if (groupId === undefined || preview.result === undefined) {
      return undefined; // The button is off then.
    }
    const result = await assignAsShown(ids, groupId, preview.result);
    props.onDone();
    const failed = result.push?.failed.length ?? 0;
    const changed = formatCount(result.slots_changed);
    return failed === 0
      ? t("slots.assign.done", { count: changed })
      : t("slots.assign.donePartly", { count: changed, failed });
  };
  return (
    <ConfirmDialog
      isOpen
      onClose={props.onClose}
      level={isOffline || takesAway ? 2 : 1}
      title={t(`slots.${what}.title`, { count })}
      effect={<p>{t(`slots.${what}.effect`)}</p>}
      name={slots.length <= TYPED_CHARS_MAX ? slots : props.product}
      command={assignCommand(ids, groupId)}
      confirmLabel={
        isOffline
          ? t("slots.offline.confirm", { count })
          : t("slots.assign.confirm", { count, group: target === "" ? "…" : target })
      }
      onConfirm={confirm}
      isDisabled={preview.result === undefined}
      reason={groupId === undefined ? t("slots.target.first") : t("slots.assign.checking")}
    >
      {!isOffline && (
        <Select
          label={t("slots.target")}
          value={target}
          options={[{ value: "", label: t("slots.target.choose") }, ...targetOptions(props.groups)]}
          onChange={setTarget}
        />
      )}
      {isOther && <p class="notice">{t("slots.assign.other")}</p>}
      {preview.result !== undefined && <Changes result={preview.result} />}
      {preview.problem !== undefined && <ProblemText problem={preview.problem} />}
    </ConfirmDialog>
  );
}

function Changes({ result }: { readonly result: V1AssignResult }): Children {
  const { changes, slots_changed: count } = result;
  const more = changes.length - CHANGES_SHOWN;
  return (
    <div class="assign-changes">
      <p>{t("slots.assign.changes", { count: formatCount(count) })}</p>
      <ul>
        {changes.slice(0, CHANGES_SHOWN).map((change) => (
          <li key={change.from}>
            <code>{change.from === change.to ? change.from : `${change.from}-${change.to}`}</code>:{" "}
            {nameOf(change.previous_group_id)} → {nameOf(change.group_id)}
            {change.drops_action && ` (${t("slots.assign.drops")})`}
          </li>
        ))}
        {more > 0 && <li class="muted">{t("slots.assign.more", { count: more })}</li>}
      </ul>
    </div>
  );
}

function nameOf(groupId: number): string {
  return groupId === 0 ? t("slots.state.offline") : t("slots.group", { group: groupId });
}
