/**
 * The slots of a plan as a map: who owns each before it and after it, and which of them move. Slots that the plan
 * doesn't move are as the live document has them. How a cell looks and what it is called is here too. Pure, but for
 * texts.
 */
import type { V1Plan } from "../../../../src/api/v1-operation-schema.ts";
import { t } from "../../i18n/text.ts";
import { lookClasses } from "../slots/group-look.ts";
import { type CellLook, STATE_SIGNS } from "../slots/slot-cell.ts";
import type { SlotMap } from "../slots/slot-map.ts";

/** What the grid of a plan can show: only what moves, all owners before it, or all owners after it. */
export const PLAN_VIEWS = ["moves", "before", "after"] as const;
/** One of `PLAN_VIEWS`. */
export type PlanView = (typeof PLAN_VIEWS)[number];

/** One move of a plan. */
export type PlanMove = V1Plan["moves"][number];

/** See the file head. */
export interface PlanSlots {
  /** As it is now. */
  readonly map: SlotMap;
  /** By slot. */
  readonly moves: ReadonlyMap<number, PlanMove>;
  /** Slots that move, ascending. */
  readonly movedIds: readonly number[];
}

/** Moves of slots that the product doesn't have are left out. */
export function planSlotsOf(plan: Pick<V1Plan, "moves">, map: SlotMap): PlanSlots {
  const moves = new Map(
    plan.moves
      .filter((move) => move.slot_id < map.count)
      .map((move) => [move.slot_id, move] as const),
  );
  return { map, moves, movedIds: [...moves.keys()].sort((one, other) => one - other) };
}

/** Owner of a slot when the plan begins and when it has ended; 0: nobody. */
export function ownersOf(
  { map, moves }: PlanSlots,
  id: number,
): { readonly before: number; readonly after: number } {
  const move = moves.get(id);
  const owner = map.owners[id] ?? 0;
  return { before: move?.from_group_id ?? owner, after: move?.to_group_id ?? owner };
}

/** The next slot that moves, or the one before (`step` -1), round the end; undefined: none moves. */
export function nextMoved({ movedIds }: PlanSlots, from: number, step: 1 | -1): number | undefined {
  return step === 1
    ? (movedIds.find((id) => id > from) ?? movedIds[0])
    : (movedIds.findLast((id) => id < from) ?? movedIds.at(-1));
}

/** How a cell looks. Slots that move have a thick edge in every view, so colour is never all there is. */
export function lookOfPlanCell(slots: PlanSlots, view: PlanView, id: number): CellLook {
  const { before, after } = ownersOf(slots, id);
  const isMoved = slots.moves.has(id);
  const shown = view === "before" ? before : after;
  const isBlank = view === "moves" && !isMoved;
  const hue = isBlank ? "plan-stays" : shown === 0 ? "state-offline" : lookClasses(shown);
  return {
    classes: `slot-cell ${hue}${isMoved ? " plan-moved" : ""}`,
    text: isBlank ? "" : shown === 0 ? STATE_SIGNS.offline : String(shown),
    label: labelOf(before, after, { id, isMoved }),
  };
}

/** A row in words: `Slots 96 to 127: 28 move, group 1 to group 3: 28`. */
export function labelOfPlanRow(slots: PlanSlots, from: number, to: number): string {
  const pairs = new Map<string, number>();
  let moved = 0;
  for (let id = from; id <= to; id++) {
    if (slots.moves.has(id)) {
      const { before, after } = ownersOf(slots, id);
      const pair = wayOf(before, after);
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
      moved += 1;
    }
  }
  const ways = [...pairs].map(([way, count]) => t("plans.map.row.way", { way, count }));
  return moved === 0
    ? t("plans.map.row.none", { from, to })
    : t("plans.map.row", { from, to, count: moved, ways: ways.join(", ") });
}

function labelOf(
  before: number,
  after: number,
  { id, isMoved }: { readonly id: number; readonly isMoved: boolean },
): string {
  if (isMoved) {
    return t("plans.map.cell.moves", { slot: id, way: wayOf(before, after) });
  }
  return before === 0
    ? t("plans.map.cell.offline", { slot: id })
    : t("plans.map.cell.stays", { slot: id, group: before });
}

function wayOf(before: number, after: number): string {
  return before === 0
    ? t("plans.map.way.offline", { to: after })
    : t("plans.map.way", { from: before, to: after });
}
