/**
 * Keys that proxies have moved on access, by what they count, for the operation whose slots move. Proxies tell sums
 * since their start, once a second. What one of them counted between two looks belongs to an operation only if its
 * slots moved at the first of them already; so nothing is counted twice or for another operation, and what can't be
 * told (before the first look, after the last one, between the last look and the death of a proxy) isn't counted.
 * Also tells whether proxies move keys at all these days.
 */
import type { ProxyFigures } from "../control.ts";

/** What is read of a proxy. */
export type CountedProxy = Pick<ProxyFigures, "counts" | "atMs">;

interface Look {
  readonly keys: number;
  readonly atMs: number;
}

/** Proxies that have counted nothing for so many calls move no keys; looks come about as often. */
const QUIET_CALLS = 3;

/** See the file head. */
export class AccessMoves {
  /** By token. */
  #last: ReadonlyMap<string, Look> = new Map();
  #operationId: string | undefined;
  #sinceMs = 0;
  /** Calls in a row in which no proxy had counted more than before. */
  #quietCalls = 0;

  /** Proxies move keys now, or may do so: it isn't known yet. */
  get mayGoOn(): boolean {
    return this.#quietCalls < QUIET_CALLS;
  }

  /**
   * Keys that were moved since the call before, for the operation whose slots move (undefined: none, or several).
   * `nowMs` is of the wall clock, by which the looks at proxies have their times.
   */
  take(
    operationId: string | undefined,
    proxies: ReadonlyMap<string, CountedProxy>,
    nowMs: number,
  ): number {
    if (operationId !== this.#operationId) {
      this.#operationId = operationId;
      this.#sinceMs = nowMs;
    }
    const looks = new Map<string, Look>();
    let sum = 0;
    let isQuiet = true;
    for (const [token, { counts, atMs }] of proxies) {
      const before = this.#last.get(token);
      const keys = counts?.movedKeys;
      const look = keys === undefined ? before : { keys, atMs };
      if (look === undefined) {
        continue;
      }
      looks.set(token, look);
      isQuiet &&= before?.keys === look.keys;
      if (operationId !== undefined && before !== undefined && before.atMs >= this.#sinceMs) {
        // One that has begun at 0 again was started anew.
        sum += look.keys < before.keys ? look.keys : look.keys - before.keys;
      }
    }
    this.#last = looks;
    this.#quietCalls = isQuiet ? this.#quietCalls + 1 : 0;
    return sum;
  }
}
