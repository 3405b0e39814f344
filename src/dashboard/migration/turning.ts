/**
 * Turns slots round that are half-moved: what has gone to the target comes back, what is still at the source stays.
 *
 *     1. the mover lets go of the slots; proxies go on moving keys on access
 *     2. a full cycle over the source unlinks every key that the target has as well: an interrupted move, or a
 *        copy that a restarted source has again. The target's copy is the newer one
 *     3. all proxies hold the slots: no key is under way any more
 *     4. if the source still is the same run as in 2: owner and target change places in one write
 *
 * A key on both sides after 3 is the copy of a move that was interrupted after 2, and both copies are equal, since
 * no command runs at the target before the source's copy is gone. So it doesn't matter that from 4 on the old
 * owner's copy wins. Between 2 and 4 only a restart of the source could bring an older copy back: hence the run id.
 */
import { CodisError } from "../../base/error.ts";
import { slotsIn } from "../../model/change/slot-step.ts";
import { type HandOver, HELD_SLOTS_MAX, type StepTopology } from "./hand-over.ts";
import type { MoverPool } from "./mover-pool.ts";
import type { Pair } from "./preflight.ts";

/** What turning needs of the engine. */
export interface TurningOptions {
  readonly topology: StepTopology;
  readonly handOver: HandOver;
  readonly pool: MoverPool;
  readonly pairOf: (slotId: number) => Pair;
  /** Runs with no other step of the engine under way. */
  readonly inTurn: <T>(run: () => Promise<T>) => Promise<T>;
  readonly runIdOf: (pair: Pair) => Promise<string>;
  readonly onStaleKeys: (count: number) => void;
}

/** Searches for duplicates before it is given up: the source is restarted all the time. */
const TRIES_MAX = 3;

/** See the file head. */
export class Turning {
  readonly #options: TurningOptions;
  /** The engine's rounds leave these alone. */
  readonly #slots = new Set<number>();

  constructor(options: TurningOptions) {
    this.#options = options;
  }

  /** Whether the slot is about to be turned round. */
  has(slotId: number): boolean {
    return this.#slots.has(slotId);
  }

  /** Resolves when all are turned round. Rejects with STATE_CONFLICT, or the reason why a step failed. */
  async turn(slotIds: readonly number[]): Promise<void> {
    const { topology } = this.#options;
    const now = topology.snapshot();
    if (slotsIn(now, slotIds, "migrating").length !== slotIds.length) {
      const id = slotIds.find((each) => now.slots[each]?.action.state !== "migrating");
      throw new CodisError("STATE_CONFLICT", `slot-[${id}] isn't migrating, so it can't go back`);
    }
    if (slotIds.some((id) => now.slots[id]?.groupId === 0)) {
      throw new CodisError("STATE_CONFLICT", "a slot that was offline has nowhere to go back to");
    }
    const pairs = new Map<string, { readonly pair: Pair; readonly ids: number[] }>();
    for (const id of slotIds) {
      this.#slots.add(id);
      const pair = this.#options.pairOf(id);
      const key = `${pair.source.addr}>${pair.target.addr}`;
      const entry = pairs.get(key) ?? { pair, ids: [] };
      entry.ids.push(id);
      pairs.set(key, entry);
    }
    try {
      await this.#options.pool.remove(slotIds);
      for (const { pair, ids } of pairs.values()) {
        await this.#turnPair(pair, ids);
      }
    } finally {
      for (const id of slotIds) {
        this.#slots.delete(id);
      }
    }
  }

  async #turnPair(pair: Pair, slotIds: readonly number[]): Promise<void> {
    let left = slotIds;
    for (let tries = 0; left.length > 0; tries += 1) {
      if (tries === TRIES_MAX) {
        throw new CodisError(
          "STATE_CONFLICT",
          `server ${pair.source.addr} is restarted again and again; the slots stay half-moved`,
        );
      }
      left = await this.#turnOnce(pair, left);
    }
  }

  /** The slots that couldn't be turned because the source was restarted. */
  async #turnOnce(pair: Pair, slotIds: readonly number[]): Promise<readonly number[]> {
    const { pool, handOver, inTurn, runIdOf, onStaleKeys } = this.#options;
    const { keys, runId } = await pool.withMover(pair, (mover) => mover.unlinkDuplicates(slotIds));
    if (keys > 0) {
      onStaleKeys(keys);
    }
    for (let start = 0; start < slotIds.length; start += HELD_SLOTS_MAX) {
      const part = slotIds.slice(start, start + HELD_SLOTS_MAX);
      const isTurned = await inTurn(() =>
        handOver.turn(part, async () => (await runIdOf(pair)) === runId),
      );
      if (!isTurned) {
        return slotIds.slice(start);
      }
    }
    return [];
  }
}
