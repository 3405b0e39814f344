/**
 * Turns slots round that are half-moved: what has gone to the target comes back, what is still at the source stays.
 *
 *     1. the mover lets go of the slots; proxies go on moving keys on access
 *     2. a full cycle over the source unlinks every key that the target has as well: an interrupted move, or a
 *        copy that a restarted source has again. The target's copy is the newer one
 *     3. all proxies hold the slots: no key is under way any more
 *     4. if the source still is the same run as in 2, and no transfer from it was in doubt since: owner and target
 *        change places in one write
 *
 * A key on both sides after 3 is the copy of a move that was interrupted after 2, and both copies are equal, since
 * no command runs at the target before the source's copy is gone. So it doesn't matter that from 4 on the old
 * owner's copy wins. Between 2 and 4 only a restart of the source could bring an older copy back (hence the run id),
 * and only a transfer in doubt could bring a copy to the target later (hence the count).
 */
import { CodisError } from "../../base/error.ts";
import { slotsIn } from "../../model/change/slot-step.ts";
import { asTrouble } from "../../model/operation/trouble-code.ts";
import type { HandOver, StepTopology } from "./hand-over.ts";
import type { MoverPool } from "./mover-pool.ts";
import { type Pair, placeOf, slotsBy } from "./pair.ts";
import type { SourceGuard } from "./source-guard.ts";

/** What turning needs of the engine. */
export interface TurningOptions {
  readonly topology: StepTopology;
  readonly handOver: HandOver;
  readonly pool: MoverPool;
  readonly pairOf: (slotId: number) => Pair;
  /** Runs with no other step of the engine under way. */
  readonly inTurn: <T>(run: () => Promise<T>) => Promise<T>;
  /** `Preflight.checkReturn`. */
  readonly checkReturn: (pair: Pair) => Promise<void>;
  readonly openGuard: (pair: Pair) => Promise<Pick<SourceGuard, "runId" | "isUnchanged" | "close">>;
  readonly onStaleKeys: (count: number) => void;
}

/**
 * Slots of a pair that are held together: all of a window, as long as it isn't far larger than usual. Between two
 * parts proxies would move keys in both directions, and servers that MIGRATE to each other stand still until a
 * timeout (`directions.ts`), which is far longer than the hold of some slots more.
 */
const TURNED_SLOTS_MAX = 256;
/** Searches for duplicates before it is given up: the source is restarted all the time. */
const TRIES_MAX = 3;

interface Run {
  readonly slotIds: ReadonlySet<number>;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** See the file head. */
export class Turning {
  readonly #options: TurningOptions;
  readonly #runs = new Set<Run>();

  constructor(options: TurningOptions) {
    this.#options = options;
  }

  /** Whether the slot is about to be turned round; the engine's rounds leave it alone. */
  has(slotId: number): boolean {
    return [...this.#runs].some(({ slotIds }) => slotIds.has(slotId));
  }

  /** All slots that are. */
  slots(): readonly number[] {
    return [...this.#runs].flatMap(({ slotIds }) => [...slotIds]);
  }

  /** Resolves when all are turned round. Rejects with STATE_CONFLICT, or the reason why a step failed. */
  async turn(slotIds: readonly number[]): Promise<void> {
    this.#check(slotIds);
    const stop = new AbortController();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const run: Run = { slotIds: new Set(slotIds), stop, done };
    this.#runs.add(run);
    try {
      await this.#turnAll(slotIds, stop.signal);
    } finally {
      this.#runs.delete(run);
      resolve();
    }
  }

  /** Ends what is done with any of these slots; resolves when nothing is. */
  async release(slotIds: readonly number[]): Promise<void> {
    const { pool, pairOf } = this.#options;
    const runs = [...this.#runs].filter((run) => slotIds.some((id) => run.slotIds.has(id)));
    for (const { stop, slotIds: own } of runs) {
      stop.abort();
      // Ends a search that is under way.
      for (const pair of new Map(
        [...own].map((id) => [placeOf(pairOf(id)), pairOf(id)]),
      ).values()) {
        pool.drop(pair);
      }
    }
    await Promise.all(runs.map(({ done }) => done));
  }

  #check(slotIds: readonly number[]): void {
    const now = this.#options.topology.snapshot();
    const other = slotIds.find((id) => now.slots[id]?.action.state !== "migrating");
    if (other !== undefined) {
      throw new CodisError("STATE_CONFLICT", `slot ${other} isn't migrating, so it can't go back`);
    }
    if (slotIds.some((id) => now.slots[id]?.groupId === 0)) {
      throw new CodisError("STATE_CONFLICT", "a slot that was offline has nowhere to go back to");
    }
    const busy = slotIds.find((id) => this.has(id));
    if (busy !== undefined) {
      throw new CodisError("STATE_CONFLICT", `slot ${busy} is being turned round already`);
    }
  }

  async #turnAll(slotIds: readonly number[], signal: AbortSignal): Promise<void> {
    const { topology, pool, pairOf, inTurn } = this.#options;
    // A round that is under way may still give them to a mover.
    await inTurn(async () => undefined);
    await pool.remove(slotIds);
    const left = slotsIn(topology.snapshot(), slotIds, "migrating");
    for (const ids of slotsBy(left, (id) => placeOf(pairOf(id))).values()) {
      await this.#turnPair(pairOf(ids[0] ?? 0), ids, signal);
    }
    const arrived = slotIds.find((id) => !left.includes(id));
    if (arrived !== undefined) {
      throw new CodisError(
        "STATE_CONFLICT",
        `slot ${arrived} has arrived meanwhile, so it can't go back; move it`,
      );
    }
  }

  async #turnPair(pair: Pair, slotIds: readonly number[], signal: AbortSignal): Promise<void> {
    let left = slotIds;
    await this.#options.checkReturn(pair);
    for (let tries = 0; left.length > 0; tries += 1) {
      if (tries === TRIES_MAX) {
        throw new CodisError(
          "STATE_CONFLICT",
          `server ${pair.source.addr} is restarted, or loses transfers, again and again; the slots stay half-moved`,
          { context: asTrouble("unreachable") },
        );
      }
      left = await this.#turnOnce(pair, left, signal);
    }
  }

  /** The slots that couldn't be turned because the source isn't as it was searched any more. */
  async #turnOnce(
    pair: Pair,
    slotIds: readonly number[],
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    const { pool, handOver, inTurn, openGuard, onStaleKeys } = this.#options;
    // Before the search, which begins with cleaning up what was in doubt until then.
    const guard = await openGuard(pair);
    try {
      throwIfReleased(signal);
      const found = await pool.withMover(pair, (mover) => mover.unlinkDuplicates(slotIds));
      if (found.keys > 0) {
        onStaleKeys(found.keys);
      }
      const isStillTrue = async (): Promise<boolean> =>
        found.runId === guard.runId && (await guard.isUnchanged());
      for (let start = 0; start < slotIds.length; start += TURNED_SLOTS_MAX) {
        const part = slotIds.slice(start, start + TURNED_SLOTS_MAX);
        const isTurned = await inTurn(async () => {
          throwIfReleased(signal);
          return handOver.turn(part, isStillTrue);
        });
        if (!isTurned) {
          return slotIds.slice(start);
        }
      }
      return [];
    } finally {
      guard.close();
    }
  }
}

function throwIfReleased(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new CodisError(
      "STATE_CONFLICT",
      "the slots were assigned by force, or a master is changed",
    );
  }
}
