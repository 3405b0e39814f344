/**
 * The tables of a plan: its moves by pairs of groups and one by one, and keys that are too big to move unnoticed.
 */
import type { V1Plan } from "../../../../src/api/v1-operation-schema.ts";
import { formatBytes, formatCount, formatDuration } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { useQuery } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";
import { type Column, Table } from "../../ui/table.tsx";
import { writeFewSlots } from "../slots/slot-text.ts";
import { type MovePair, pairsOf } from "./plan-figures.ts";

type Move = V1Plan["moves"][number];
type BigKey = V1Plan["big_keys"][number];

/** Ranges in one line of the table of pairs. */
const SPANS_SHOWN = 12;

/** A group as text; group 0 stands for slots that nobody owns. */
export function groupName(id: number): string {
  return id === 0 ? t("plans.offline") : t("plans.group", { group: id });
}

/** Moves: by pairs of groups, or one by one. */
export function MoveTables({ moves }: { readonly moves: V1Plan["moves"] }): Children {
  const [view, setView] = useQuery("moves");
  const isSingle = view === "single";
  return (
    <Card
      title={t("plans.moves.title", { count: formatCount(moves.length) })}
      actions={
        <Button
          variant="quiet"
          isPressed={isSingle}
          onPress={() => setView(isSingle ? "" : "single")}
        >
          {t("plans.moves.single")}
        </Button>
      }
    >
      {isSingle ? (
        <Table
          caption={t("plans.moves.caption")}
          name="slot"
          columns={moveColumns()}
          rows={moves}
          rowKey={(move) => String(move.slot_id)}
          filter={(move) =>
            `${move.slot_id} ${groupName(move.from_group_id)} ${groupName(move.to_group_id)}`
          }
        />
      ) : (
        <Table
          caption={t("plans.pairs.caption")}
          columns={pairColumns()}
          rows={pairsOf(moves)}
          rowKey={({ fromId, toId }) => `${fromId} ${toId}`}
        />
      )}
    </Card>
  );
}

function moveColumns(): readonly Column<Move>[] {
  return [
    {
      key: "slot",
      title: t("plans.moves.slot"),
      align: "end",
      render: (move) => move.slot_id,
      sort: (move) => move.slot_id,
    },
    {
      key: "from",
      title: t("plans.moves.from"),
      render: (move) => groupName(move.from_group_id),
      sort: (move) => move.from_group_id,
    },
    {
      key: "to",
      title: t("plans.moves.to"),
      render: (move) => groupName(move.to_group_id),
      sort: (move) => move.to_group_id,
    },
    {
      key: "keys",
      title: t("plans.measure.keys"),
      align: "end",
      render: (move) => formatCount(move.keys),
      sort: (move) => move.keys,
    },
    {
      key: "bytes",
      title: t("plans.measure.bytes"),
      align: "end",
      render: (move) => formatBytes(move.bytes),
      sort: (move) => move.bytes,
    },
  ];
}

function pairColumns(): readonly Column<MovePair>[] {
  return [
    {
      key: "from",
      title: t("plans.moves.from"),
      render: ({ fromId }) => groupName(fromId),
      sort: ({ fromId }) => fromId,
    },
    {
      key: "to",
      title: t("plans.moves.to"),
      render: ({ toId }) => groupName(toId),
      sort: ({ toId }) => toId,
    },
    {
      key: "count",
      title: t("plans.measure.slots"),
      align: "end",
      render: ({ slotIds }) => formatCount(slotIds.length),
      sort: ({ slotIds }) => slotIds.length,
    },
    {
      key: "keys",
      title: t("plans.measure.keys"),
      align: "end",
      render: ({ keys }) => formatCount(keys),
      sort: ({ keys }) => keys,
    },
    {
      key: "bytes",
      title: t("plans.measure.bytes"),
      align: "end",
      render: ({ bytes }) => formatBytes(bytes),
      sort: ({ bytes }) => bytes,
    },
    {
      key: "slots",
      title: t("plans.moves.which"),
      render: ({ slotIds }) => (
        <code class="plan-slots">{writeFewSlots(slotIds, SPANS_SHOWN)}</code>
      ),
    },
  ];
}

/** Keys that stall their servers; nothing is drawn when there are none. */
export function BigKeys({ plan }: { readonly plan: V1Plan }): Children {
  if (plan.big_keys.length === 0) {
    return null;
  }
  return (
    <Card title={t("plans.bigKeys.title")}>
      <p>{t(`plans.bigKeys.${plan.big_key}`)}</p>
      <Table
        caption={t("plans.bigKeys.title")}
        columns={bigKeyColumns()}
        rows={plan.big_keys}
        rowKey={(key) => `${key.db} ${key.name}`}
        sortedBy="-stall"
      />
    </Card>
  );
}

function bigKeyColumns(): readonly Column<BigKey>[] {
  return [
    {
      key: "name",
      title: t("plans.bigKeys.name"),
      render: (key) => <code class="plan-slots">{key.name}</code>,
      sort: (key) => key.name,
    },
    { key: "type", title: t("plans.bigKeys.type"), render: (key) => key.type },
    {
      key: "stall",
      title: t("plans.bigKeys.stall"),
      align: "end",
      render: (key) => formatDuration(key.stall_ms),
      sort: (key) => key.stall_ms,
    },
    {
      key: "bytes",
      title: t("plans.measure.bytes"),
      align: "end",
      render: (key) => formatBytes(key.bytes),
      sort: (key) => key.bytes,
    },
    {
      key: "elements",
      title: t("plans.bigKeys.elements"),
      align: "end",
      render: (key) => formatCount(key.elements),
      sort: (key) => key.elements,
    },
    {
      key: "slot",
      title: t("plans.moves.slot"),
      align: "end",
      render: (key) => key.slot_id,
      sort: (key) => key.slot_id,
    },
    { key: "db", title: t("plans.bigKeys.db"), align: "end", render: (key) => key.db },
  ];
}
