/**
 * How far an operation is, in figures for its screens: shares of keys, bytes and slots, and what may be done with it
 * in its state. Pure; the same sums as the command line's.
 */
import type { V1OperationSummary } from "../../../../src/api/v1-operation-schema.ts";

/** Shares of the work that are done, 0 to 1; 1 only when all of it is. */
export interface Shares {
  readonly keys: number;
  readonly bytes: number;
  readonly slots: number;
}

/**
 * The shares; without keys (or bytes) the share of slots stands for them. What was cancelled isn't done, though nothing
 * of it is left: what is known of it are keys and bytes.
 */
export function sharesOf({ progress, state }: V1OperationSummary): Shares {
  const isCancelled = state === "cancelled";
  const isDone =
    state === "done" ||
    (!isCancelled && progress.slots_total > 0 && progress.slots_done >= progress.slots_total);
  if (isDone) {
    return { keys: 1, bytes: 1, slots: 1 };
  }
  const slots = isCancelled ? 0 : share(progress.slots_done, progress.slots_total, 0);
  return {
    slots,
    keys: share(progress.keys_moved, progress.keys_total, slots),
    bytes: share(progress.bytes_moved, progress.bytes_total, slots),
  };
}

/** Whether it hasn't ended. */
export function isOpen({ state }: V1OperationSummary): boolean {
  return state !== "done" && state !== "cancelled";
}

/** What may be done with it. */
export interface Controls {
  readonly canPause: boolean;
  readonly canResume: boolean;
  readonly canSetSpeed: boolean;
  readonly canCancel: boolean;
  /** It is being cancelled, and half-moved slots are finished: a roll-back may still be asked for. */
  readonly canRollBack: boolean;
}

/** By its state; whether the user may, and whether data is fresh, is another question. */
export function controlsOf(operation: V1OperationSummary): Controls {
  const { state, self_paused: isSelfPaused, rollback: isRollback } = operation;
  return {
    canPause: state === "running" || state === "waiting" || (state === "paused" && isSelfPaused),
    canResume: state === "paused",
    canSetSpeed: isOpen(operation),
    canCancel: isOpen(operation) && state !== "cancelling",
    canRollBack: state === "cancelling" && !isRollback,
  };
}

/** In the order of their ids' numbers, the newest first. */
export function newestFirst(
  operations: readonly V1OperationSummary[],
): readonly V1OperationSummary[] {
  return operations.toSorted((one, other) => numberOf(other.id) - numberOf(one.id));
}

function numberOf(id: string): number {
  return Number(id.slice(id.indexOf("-") + 1));
}

function share(part: number, whole: number, otherwise: number): number {
  // Rounded numbers mustn't say that all is done before it is.
  return whole > 0 ? Math.min(0.999, part / whole) : Math.min(0.999, otherwise);
}
