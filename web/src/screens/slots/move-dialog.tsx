/**
 * Asks where the chosen slots are to go, and makes a plan of it. Nothing moves before the plan is started on the
 * screen that comes next.
 */
import { useState } from "preact/hooks";
import type { V1LiveGroup } from "../../../../src/api/v1-live-schema.ts";
import { useAct } from "../../data/act.ts";
import { makePlan } from "../../data/make-plan.ts";
import { formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href, useNavigate } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import { type Option, Select } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { type BigKeyChoice, moveCommand, moveRequest } from "./slot-order.ts";
import { writeFewSlots } from "./slot-text.ts";

/** Ranges that the dialog names. */
const SPANS_SHOWN = 12;
const BIG_KEY_CHOICES: readonly BigKeyChoice[] = ["", "move", "last", "refuse"];

/** Groups that can take slots, as lines of a list. */
export function targetOptions(groups: readonly V1LiveGroup[]): readonly Option<string>[] {
  return groups
    .filter(({ servers }) => servers.length > 0)
    .map(({ id, slots }) => ({
      value: String(id),
      label: t("slots.target.option", { group: id, count: formatCount(slots.count) }),
    }));
}

/** See the file head. Drawn while it is open. */
export function MoveDialog(props: {
  readonly product: string;
  /** Ascending. */
  readonly ids: readonly number[];
  readonly groups: readonly V1LiveGroup[];
  readonly onClose: () => void;
}): Children {
  const options = targetOptions(props.groups);
  const [target, setTarget] = useState("");
  const [bigKey, setBigKey] = useState<BigKeyChoice>("");
  const navigate = useNavigate();
  const act = useAct(async () => {
    const request = moveRequest(props.ids, Number(target), bigKey);
    const plan = await makePlan(request);
    props.onClose();
    navigate(href(props.product, "plans", plan.id));
  });
  const submit = (): void => {
    if (target !== "") {
      void act.run();
    }
  };
  return (
    <Dialog
      title={t("slots.move.title", { count: formatCount(props.ids.length) })}
      isOpen
      onClose={props.onClose}
      onSubmit={submit}
      actions={
        <>
          <Button onPress={props.onClose}>{t("ui.back")}</Button>
          <Button
            type="submit"
            variant="primary"
            needs="operator"
            isDisabled={target === ""}
            reason={t("slots.target.first")}
            isPending={act.isPending}
          >
            {t("slots.move.confirm")}
          </Button>
        </>
      }
    >
      <p>{t("slots.move.effect")}</p>
      <p>
        <code>{writeFewSlots(props.ids, SPANS_SHOWN)}</code>
      </p>
      <Select
        label={t("slots.target")}
        value={target}
        options={[{ value: "", label: t("slots.target.choose") }, ...options]}
        onChange={setTarget}
      />
      <Select
        label={t("slots.bigKey")}
        value={bigKey}
        options={BIG_KEY_CHOICES.map((value) => ({
          value,
          label: t(`slots.bigKey.${value === "" ? "default" : value}`),
        }))}
        onChange={setBigKey}
      />
      {target !== "" && <CopyLine text={moveCommand(props.ids, Number(target), bigKey)} />}
      {act.isPending && <p class="muted">{t("slots.move.measuring")}</p>}
      {act.problem !== undefined && <ProblemText problem={act.problem} />}
    </Dialog>
  );
}
