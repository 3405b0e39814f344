/**
 * The map as a table: slots in a row with the same owner, state and target. What the grid shows by looks is here in
 * words; opening a line chooses its slots.
 */
import { useMemo } from "preact/hooks";
import { type SlotKeys, sumOfKeys } from "../../../../src/model/slot-keys.ts";
import { formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";
import { type Column, Table } from "../../ui/table.tsx";
import { runsOf, type SlotRun } from "./slot-map.ts";
import { STATE_TONES } from "./slot-panel.tsx";
import { chooseSlots } from "./slot-selection.ts";
import { writeSlots } from "./slot-text.ts";
import type { SlotsModel } from "./slots-model.ts";

/** See the file head. */
export function SlotRanges(props: {
  readonly model: SlotsModel;
  readonly product: string;
}): Children {
  const { model, product } = props;
  const map = model.map.value;
  const runs = useMemo(() => runsOf(map), [map]);
  const choose = (run: SlotRun): void => {
    model.select(chooseSlots(model.selection.peek(), idsOf(run)));
    model.wantedFocus.value = run.from;
  };
  return (
    <Card title={t("slots.ranges.title")}>
      <Table
        caption={t("slots.ranges.title")}
        name="ranges"
        columns={columnsFor(product, model.keys.value)}
        rows={runs}
        rowKey={({ from }) => String(from)}
        onOpen={choose}
        filter={(run) =>
          `${writeSlots(idsOf(run))} ${groupText(run.ownerId)} ${t(`slots.state.${run.state}`)}`
        }
      />
    </Card>
  );
}

function columnsFor(product: string, keys: SlotKeys): readonly Column<SlotRun>[] {
  const group = (id: number): Children =>
    id === 0 ? "–" : <a href={href(product, "groups", String(id))}>{groupText(id)}</a>;
  return [
    {
      key: "slots",
      title: t("slots.ranges.slots"),
      render: ({ from, to }) => <code>{from === to ? from : `${from}-${to}`}</code>,
      sort: ({ from }) => from,
    },
    {
      key: "count",
      title: t("slots.ranges.count"),
      align: "end",
      render: ({ from, to }) => formatCount(to - from + 1),
      sort: ({ from, to }) => to - from,
    },
    {
      key: "keys",
      title: t("slots.keys"),
      align: "end",
      render: (span) => formatCount(sumOfKeys(keys, span)),
      sort: (span) => sumOfKeys(keys, span) ?? -1,
    },
    {
      key: "state",
      title: t("slots.panel.state"),
      render: ({ state }) => <Badge tone={STATE_TONES[state]}>{t(`slots.state.${state}`)}</Badge>,
      sort: ({ state }) => state,
    },
    {
      key: "owner",
      title: t("slots.panel.owner"),
      render: ({ ownerId }) => group(ownerId),
      sort: ({ ownerId }) => ownerId,
    },
    {
      key: "target",
      title: t("slots.panel.target"),
      render: ({ targetId }) => group(targetId),
      sort: ({ targetId }) => targetId,
    },
  ];
}

function groupText(id: number): string {
  return id === 0 ? "" : t("slots.group", { group: id });
}

function idsOf({ from, to }: SlotRun): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
