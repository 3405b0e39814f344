/**
 * How a slot of an operation stands, read from the slot itself: the coordinator's truth is the slot and its
 * action, the operation only knows what it wanted. Pure.
 */
import type { SlotMapping } from "../slot-mapping.ts";
import type { Topology } from "../topology/topology.ts";
import type { Operation, OperationState } from "./operation.ts";
import type { SlotMove } from "./plan-moves.ts";

/** See `standingOf`. */
export type SlotStanding =
  /** Ordered, not begun. */
  | "pending"
  /** Between preparing and finished. */
  | "moving"
  /** At its target, nothing is left to do. */
  | "arrived"
  /** On its way back after a cancel with roll-back. */
  | "returning"
  /** Still where it was, without an order: the order was never written, or was taken back, or it came back. */
  | "unordered"
  /** Given to another group by force, or on its way to another one. */
  | "elsewhere";

/** Where the slot stands for someone who wants this move. */
export function standingOf(
  { fromGroupId, toGroupId }: SlotMove,
  slot: SlotMapping | undefined,
): SlotStanding {
  if (slot === undefined) {
    return "elsewhere";
  }
  const { groupId, action } = slot;
  if (action.state === "") {
    return groupId === toGroupId ? "arrived" : groupId === fromGroupId ? "unordered" : "elsewhere";
  }
  if (groupId === fromGroupId && action.targetId === toGroupId) {
    return action.state === "pending" ? "pending" : "moving";
  }
  return groupId === toGroupId && action.targetId === fromGroupId ? "returning" : "elsewhere";
}

/** Moves of an operation that aren't done, each with how its slot stands. */
export function openMovesOf<Move extends SlotMove>(
  operation: { readonly moves: readonly Move[]; readonly doneSlotIds: readonly number[] },
  topology: Topology,
): readonly { readonly move: Move; readonly standing: SlotStanding }[] {
  const done = new Set(operation.doneSlotIds);
  return operation.moves
    .filter(({ slotId }) => !done.has(slotId))
    .map((move) => ({ move, standing: standingOf(move, topology.slots[move.slotId]) }));
}

/**
 * Whether a slot that isn't done has come to its end: it arrived; it was taken away by force; or the operation
 * is cancelled, and nothing of it is under way any more.
 */
export function isSettled(operation: Operation, standing: SlotStanding): boolean {
  switch (standing) {
    case "arrived":
    case "elsewhere":
      return true;
    case "unordered":
      return operation.state === "cancelling";
    case "returning":
      // Only a roll-back sends slots back; else somebody has ordered so, after the slot had arrived.
      return !(operation.state === "cancelling" && operation.isRollback);
    case "pending":
    case "moving":
      return false;
  }
}

/** Whether the operation has ended. */
export function isEnded(state: OperationState): boolean {
  return state === "done" || state === "cancelled";
}
