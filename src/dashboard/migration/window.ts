/**
 * The window of slots that move at once (`migration_parallel_slots`): which of those that wait have a place in it.
 *
 * Pure: what the engine knows goes in, ids come out.
 */
import { slotsIn } from "../../model/change/slot-step.ts";
import type { Topology } from "../../model/topology/topology.ts";

/** What decides. */
export interface WindowOptions {
  readonly parallelSlots: number;
  /** A slot that can't begin now leaves its place to others. */
  readonly isResting: (slotId: number) => boolean;
}

/**
 * Slots that aren't handed over yet and may be now, those first that have been begun with. `runnable`: all slots that
 * may go on, in their order.
 */
export function slotsToBegin(
  now: Topology,
  runnable: readonly number[],
  { parallelSlots, isResting }: WindowOptions,
): readonly number[] {
  const pending = slotsIn(now, runnable, "pending");
  const underWay = runnable.length - pending.length;
  const room = Math.max(0, parallelSlots - underWay);
  const begun = slotsIn(now, runnable, "preparing");
  return [...begun, ...pending.filter((id) => !isResting(id)).slice(0, room)];
}
