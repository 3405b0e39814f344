/**
 * The window of slots that move at once (`migration_parallel_slots`): which of those that wait have a place in it.
 *
 * Pure: what the engine knows goes in, ids come out.
 */
import { slotsIn } from "../../model/change/slot-step.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { DirectionWait } from "./contract.ts";
import { Directions } from "./directions.ts";

/** Hears of all slots that would have a place, and wait because of their direction; perhaps of none. */
export type OnWaits = (waits: readonly DirectionWait[]) => void;

/** What decides. */
export interface WindowOptions {
  readonly parallelSlots: number;
  /** A slot that can't begin now leaves its place to others. */
  readonly isResting: (slotId: number) => boolean;
  /** Slots that are turned round: keys of theirs may be on their way although they aren't runnable. */
  readonly turning: readonly number[];
  readonly onWaits?: OnWaits | undefined;
}

/**
 * Slots that aren't handed over yet and may be now, those first that have been begun with. `runnable`: all slots that
 * may go on, in their order. Slots whose keys would close a ring with those of others wait (`Directions`), also with
 * those that mayn't go on: while an operation is paused proxies move keys of its half-moved slots.
 */
export function slotsToBegin(
  now: Topology,
  runnable: readonly number[],
  { parallelSlots, isResting, turning, onWaits }: WindowOptions,
): readonly number[] {
  const all = now.slots.map(({ id }) => id);
  const going = [
    ...turning,
    ...slotsIn(now, all, "migrating"),
    ...slotsIn(now, runnable, "prepared"),
  ];
  const directions = new Directions(going.map((id) => now.slots[id]));
  const waits: DirectionWait[] = [];
  const mayGo = (id: number): boolean => {
    const wait = directions.addOrWait(id, now.slots[id]);
    if (wait !== undefined) {
      waits.push(wait);
    }
    return wait === undefined;
  };
  const pending = slotsIn(now, runnable, "pending");
  const underWay = runnable.length - pending.length;
  const room = Math.max(0, parallelSlots - underWay);
  const begun = slotsIn(now, runnable, "preparing").filter(mayGo);
  const fresh: number[] = [];
  for (const id of pending) {
    if (fresh.length < room && !isResting(id) && mayGo(id)) {
      fresh.push(id);
    }
  }
  onWaits?.(waits);
  return [...begun, ...fresh];
}

/** Slots that aren't handed over yet, those first that have been begun with. */
export function waitingOf(now: Topology, slotIds: readonly number[]): readonly number[] {
  return [...slotsIn(now, slotIds, "preparing"), ...slotsIn(now, slotIds, "pending")];
}
