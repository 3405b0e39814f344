/**
 * The slots of an operation: those under way first, then those that wait, then those that are done.
 */
import type { V1Operation } from "../../../../src/api/v1-operation-schema.ts";
import { formatBytes, formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";
import { type Column, Table } from "../../ui/table.tsx";
import { groupName } from "../plans/plan-tables.tsx";
import { writeFewSlots } from "../slots/slot-text.ts";

type Move = V1Operation["moves"][number];

const ORDER: Readonly<Record<Move["state"], number>> = { moving: 0, pending: 1, done: 2 };
const TONES: Readonly<Record<Move["state"], Tone>> = {
  moving: "busy",
  pending: "idle",
  done: "ok",
};
/** Ranges of slots under way that are named. */
const SPANS_SHOWN = 12;

/** See the file head. */
export function OperationSlots({ detail }: { readonly detail: V1Operation }): Children {
  const isCancelled = detail.state === "cancelled" || detail.state === "cancelling";
  const rows = detail.moves.toSorted((one, other) => ORDER[one.state] - ORDER[other.state]);
  const current = detail.moves
    .filter(({ state }) => state === "moving")
    .map((move) => move.slot_id)
    .sort((one, other) => one - other);
  return (
    <Card title={t("operations.slots.title")}>
      <p>
        {current.length === 0 ? (
          <span class="muted">{t("operations.slots.none")}</span>
        ) : (
          <>
            {t("operations.slots.current")} <code>{writeFewSlots(current, SPANS_SHOWN)}</code>
          </>
        )}
      </p>
      <Table
        caption={t("operations.slots.title")}
        name="slot"
        columns={columns(isCancelled)}
        rows={rows}
        rowKey={(move) => String(move.slot_id)}
        filter={(move) =>
          [
            move.slot_id,
            groupName(move.from_group_id),
            groupName(move.to_group_id),
            textOf(move.state, isCancelled),
          ].join(" ")
        }
      />
    </Card>
  );
}

/** Of a cancelled operation a slot is done with that never moved, or went back: nothing says which. */
function textOf(state: Move["state"], isCancelled: boolean): string {
  return t(`operations.slot.${isCancelled && state === "done" ? "ended" : state}`);
}

function columns(isCancelled: boolean): readonly Column<Move>[] {
  return [
    {
      key: "slot",
      title: t("plans.moves.slot"),
      align: "end",
      render: (move) => move.slot_id,
      sort: (move) => move.slot_id,
    },
    {
      key: "state",
      title: t("operations.column.state"),
      render: ({ state }) => (
        <Badge tone={isCancelled && state === "done" ? "idle" : TONES[state]}>
          {textOf(state, isCancelled)}
        </Badge>
      ),
      sort: ({ state }) => ORDER[state],
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
