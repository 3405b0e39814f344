/**
 * Which slots may be worked on now, and in which order: the answer of the operations to the engine. Pure.
 *
 *     prepared, finished      always: proxies hold such a slot, or have only to be told
 *     migrating, preparing    of operations that run, or end after a cancel, or wait for their turn again after a
 *                             pause: the one that runs may wait for just these, because they go the other way; but
 *                             a slot that is to be turned round isn't worked on before that is done
 *     pending                 of the operation that runs, pairs of groups in turn
 */
import type { Operation } from "../../model/operation/operation.ts";
import { openMovesOf } from "../../model/operation/operation-slot.ts";
import { inTurnByPair, type SlotMove } from "../../model/operation/plan-moves.ts";
import type { Topology } from "../../model/topology/topology.ts";

/** Ids of slots; `isDisabled` is the old API's switch, which keeps slots from being begun. */
export function runnableSlots(
  operations: readonly Operation[],
  topology: Topology,
  isDisabled: boolean,
): readonly number[] {
  const held: SlotMove[] = [];
  const begun: SlotMove[] = [];
  const pending: SlotMove[] = [];
  for (const operation of operations) {
    const { state, isSelfPaused } = operation;
    const isActive = state !== "paused" || isSelfPaused;
    const turnsRound = state === "cancelling" && operation.isRollback;
    for (const { move, standing } of openMovesOf(operation, topology)) {
      const slotState = topology.slots[move.slotId]?.action.state;
      if (slotState === "prepared" || slotState === "finished") {
        held.push(move);
      } else if (standing === "moving" || standing === "returning") {
        const isToTurn = turnsRound && standing === "moving" && isTurnable(move, topology);
        if (isActive && !isToTurn) {
          begun.push(move);
        }
      } else if (standing === "pending" && state === "running" && !isDisabled) {
        pending.push(move);
      }
    }
  }
  const inOrder = (moves: readonly SlotMove[]): readonly SlotMove[] =>
    moves.toSorted((one, other) => indexOf(topology, one) - indexOf(topology, other));
  return [...inOrder(held), ...inOrder(begun), ...inTurnByPair(inOrder(pending))].map(
    ({ slotId }) => slotId,
  );
}

/** Whether a slot that moves can go back: its keys are in two places, and it had a place before. */
export function isTurnable({ slotId, fromGroupId }: SlotMove, topology: Topology): boolean {
  return fromGroupId !== 0 && topology.slots[slotId]?.action.state === "migrating";
}

function indexOf(topology: Topology, { slotId }: SlotMove): number {
  return topology.slots[slotId]?.action.index ?? 0;
}
