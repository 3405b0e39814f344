/**
 * Notices that this process didn't run for a while: it was stopped, or its machine was paused. What it knows of the
 * world may be old then, and whoever has asked hears of it before anything else is done: before the first socket that
 * became readable meanwhile is read, and before output that was gathered before the pause is written.
 *
 * The monotonic clock is read at the first event of each turn, at its end, and whenever `look` is called: call it more
 * often than `limitMs`. A pause in the middle of a turn is noticed at its end; one between that and the write itself
 * isn't. A clock that stands still with the machine shows nothing.
 */

/** Hears how long this process didn't run, milliseconds. Must not throw. */
export type FreezeListener = (pauseMs: number) => void;

let lastMs = performance.now();
let limit = Number.POSITIVE_INFINITY;
let listener: FreezeListener = () => undefined;

/** One listener for the process, the last one; a pause of less than `limitMs` isn't told. */
export function onFreeze(limitMs: number, onPause: FreezeListener): void {
  lastMs = performance.now();
  limit = limitMs;
  listener = onPause;
}

/** Looks at the clock. */
export function look(): void {
  // Hot path: twice a turn.
  const nowMs = performance.now();
  const pauseMs = nowMs - lastMs;
  lastMs = nowMs;
  if (pauseMs > limit) listener(pauseMs);
}
