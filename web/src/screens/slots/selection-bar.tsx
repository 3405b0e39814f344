/**
 * The bar of the chosen slots: how many, ways to choose by text or by group, and what can be done with them. It is
 * the equal of the grid for whoever can't or won't use small cells.
 */
import { useState } from "preact/hooks";
import { formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { Button } from "../../ui/button.tsx";
import { type Option, Select, TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { countOwners, isMoving, slotsWhere } from "./slot-map.ts";
import { chooseSlots, clearSlots } from "./slot-selection.ts";
import { readSlots, type SlotReading, writeFewSlots } from "./slot-text.ts";
import type { SlotsModel } from "./slots-model.ts";

/** What can be done with the chosen slots. */
export type SlotOrderKind = "move" | "assign" | "offline";

/** Ranges that the bar shows. */
const SPANS_SHOWN = 8;

/** See the file head. */
export function SelectionBar(props: {
  readonly model: SlotsModel;
  readonly onOrder: (kind: SlotOrderKind) => void;
}): Children {
  const { model, onOrder } = props;
  const chosen = model.chosen.value;
  const isEmpty = chosen.length === 0;
  const action = (kind: SlotOrderKind, variant: "primary" | "plain" | "danger"): Children => (
    <Button
      variant={variant}
      needs="operator"
      isDisabled={isEmpty}
      reason={t("slots.chosen.first")}
      onPress={() => onOrder(kind)}
    >
      {t(`slots.act.${kind}`)}
    </Button>
  );
  return (
    <section class="card selection-bar" aria-label={t("slots.chosen")}>
      <div class="selection-ways">
        <ByText model={model} />
        <ByKind model={model} />
      </div>
      <p class="selection-told">
        {isEmpty ? (
          <span class="muted">{t("slots.chosen.none")}</span>
        ) : (
          <>
            <strong>{t("slots.chosen.count", { count: formatCount(chosen.length) })}</strong>{" "}
            <code>{writeFewSlots(chosen, SPANS_SHOWN)}</code>
          </>
        )}
      </p>
      <div class="selection-actions">
        {action("move", "primary")}
        {action("assign", "plain")}
        {action("offline", "danger")}
        {!isEmpty && (
          <Button variant="quiet" onPress={() => model.select(clearSlots(model.selection.peek()))}>
            {t("slots.act.clear")}
          </Button>
        )}
      </div>
    </section>
  );
}

function ByText({ model }: { readonly model: SlotsModel }): Children {
  const [text, setText] = useState("");
  const [reading, setReading] = useState<SlotReading | undefined>(undefined);
  const choose = (): void => {
    const read = readSlots(text, model.map.peek().count);
    setReading(read);
    if (read.kind === "slots") {
      model.select(chooseSlots(model.selection.peek(), read.ids));
    }
  };
  return (
    <form
      class="selection-text"
      onSubmit={(event) => {
        event.preventDefault();
        choose();
      }}
    >
      <TextInput
        label={t("slots.choose.text")}
        placeholder="0-127,512"
        value={text}
        onChange={(next) => {
          setText(next);
          setReading(undefined);
        }}
        error={describe(reading)}
        isCode
      />
      <Button type="submit">{t("slots.choose")}</Button>
    </form>
  );
}

function describe(reading: SlotReading | undefined): string | undefined {
  switch (reading?.kind) {
    case "empty":
      return t("slots.choose.empty");
    case "unreadable":
    case "beyond":
    case "backwards":
      return t(`slots.choose.${reading.kind}`, { part: reading.part });
    default:
      return undefined;
  }
}

function ByKind({ model }: { readonly model: SlotsModel }): Children {
  const map = model.map.value;
  const moving = slotsWhere(map, (_, state) => isMoving(state)).length;
  const options: Option<string>[] = [
    { value: "", label: t("slots.choose.kind.hint") },
    { value: "all", label: t("slots.choose.all", { count: map.count }) },
    ...countOwners(map).map(({ groupId, slots }) => ({
      value: String(groupId),
      label:
        groupId === 0
          ? t("slots.choose.offline", { count: slots })
          : t("slots.choose.group", { group: groupId, count: slots }),
    })),
    ...(moving > 0
      ? [{ value: "moving", label: t("slots.choose.moving", { count: moving }) }]
      : []),
  ];
  const choose = (value: string): void => {
    if (value !== "") {
      const ids = slotsWhere(map, (ownerId, state) =>
        value === "all" ? true : value === "moving" ? isMoving(state) : String(ownerId) === value,
      );
      model.select(chooseSlots(model.selection.peek(), ids));
    }
  };
  return <Select label={t("slots.choose.kind")} value="" options={options} onChange={choose} />;
}
