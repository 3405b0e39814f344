/**
 * What a worker counts about keys that it moves on access, while slots migrate. Plain numbers, because all of
 * this happens once for each MIGRATE or for each request that has to wait.
 */
import type { MigrateOutcome } from "../../migrate/migrate-outcome.ts";
import type { MoveFigures } from "../control.ts";

/** Nothing counted. */
export const NO_MOVES: MoveFigures = {
  keysMoved: 0,
  keysAbsent: 0,
  migrates: {},
  doubts: 0,
  waits: 0,
  tryAgains: 0,
  sourceReads: 0,
  waiting: 0,
  longestWaitMs: 0,
};

/** See the file head. One for each worker. */
export class MoveStats {
  keysMoved = 0;
  keysAbsent = 0;
  doubts = 0;
  waits = 0;
  tryAgains = 0;
  sourceReads = 0;
  longestWaitMs = 0;
  readonly #migrates: Record<string, number> = {};

  countMigrate(outcome: MigrateOutcome): void {
    this.#migrates[outcome] = (this.#migrates[outcome] ?? 0) + 1;
  }

  /** A request has waited so long, whatever came of it. */
  noteWait(ms: number): void {
    if (ms > this.longestWaitMs) this.longestWaitMs = ms;
  }

  figures(waiting: number): MoveFigures {
    return {
      keysMoved: this.keysMoved,
      keysAbsent: this.keysAbsent,
      migrates: { ...this.#migrates },
      doubts: this.doubts,
      waits: this.waits,
      tryAgains: this.tryAgains,
      sourceReads: this.sourceReads,
      waiting,
      longestWaitMs: this.longestWaitMs,
    };
  }
}

/** Sums of what grows and of what waits; the longest wait is that of the worker that had it. */
export function addMoves(a: MoveFigures, b: MoveFigures): MoveFigures {
  const migrates: Record<string, number> = { ...a.migrates };
  for (const [outcome, count] of Object.entries(b.migrates)) {
    migrates[outcome] = (migrates[outcome] ?? 0) + count;
  }
  return {
    keysMoved: a.keysMoved + b.keysMoved,
    keysAbsent: a.keysAbsent + b.keysAbsent,
    migrates,
    doubts: a.doubts + b.doubts,
    waits: a.waits + b.waits,
    tryAgains: a.tryAgains + b.tryAgains,
    sourceReads: a.sourceReads + b.sourceReads,
    waiting: a.waiting + b.waiting,
    longestWaitMs: Math.max(a.longestWaitMs, b.longestWaitMs),
  };
}
