/**
 * The movers of a leader, one for each pair of groups that exchange slots (two while slots move in two ways). A pair
 * whose master has changed gets a new mover; one without slots is closed.
 */
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { FORWARD_METHOD } from "../../model/slot.ts";
import type { Mover } from "./contract.ts";
import { type Pair, placeOf } from "./pair.ts";

/** What the pool needs. */
export interface MoverPoolOptions {
  /** Each time with a pair of its own. */
  readonly create: (pair: Pair, onEmptied: (slotIds: readonly number[]) => void) => Mover;
  /** The mover that was created with this pair has ended; not told of those that end with the pool. */
  readonly onClosed: (pair: Pair) => void;
  /** A mover that the pool still has says so of slots that it has; the pool has forgotten them then. */
  readonly onEmptied: (pair: Pair, slotIds: readonly number[]) => void;
  readonly log: Log;
}

interface Entry {
  readonly pair: Pair;
  readonly mover: Mover;
  readonly slots: Set<number>;
  /** Those who need it although it has no slots. */
  users: number;
}

/** See the file head. */
export class MoverPool {
  readonly #options: MoverPoolOptions;
  readonly #entries = new Map<string, Entry>();
  /** Movers that are about to be closed. */
  readonly #closing = new Map<Promise<void>, Pair>();
  #isClosed = false;

  constructor(options: MoverPoolOptions) {
    this.#options = options;
  }

  /** Has a mover with these addresses move the slots; those that it has already are ignored. */
  add(pair: Pair, slotIds: readonly number[]): void {
    const { slots, mover } = this.#entryOf(pair);
    const fresh = slotIds.filter((id) => !slots.has(id));
    for (const id of fresh) {
      slots.add(id);
    }
    if (fresh.length > 0) {
      mover.add(fresh);
    }
  }

  /** As `Mover.expectMore`, at the pair's mover, if it has one. */
  expectMore(pair: Pair, isMore: boolean): void {
    this.#entries.get(keyOf(pair))?.mover.expectMore(isMore);
  }

  /** All slots that movers have. */
  slots(): readonly number[] {
    return [...this.#entries.values()].flatMap(({ slots }) => [...slots]);
  }

  /** As `Mover.remove`, at all movers. */
  async remove(slotIds: readonly number[]): Promise<void> {
    const removals = [...this.#entries.values()].map(async ({ mover, slots }) => {
      const own = slotIds.filter((id) => slots.has(id));
      for (const id of own) {
        slots.delete(id);
      }
      if (own.length > 0) {
        await mover.remove(own);
      }
    });
    await Promise.all(removals);
  }

  /** Does something with the pair's mover, also one without slots; it isn't tidied away meanwhile. */
  async withMover<Result>(pair: Pair, run: (mover: Mover) => Promise<Result>): Promise<Result> {
    const entry = this.#entryOf(pair);
    entry.users += 1;
    try {
      return await run(entry.mover);
    } finally {
      entry.users -= 1;
    }
  }

  /** Closes movers that have nothing to do, or whose servers aren't the masters any more. */
  tidy(isCurrent: (pair: Pair) => boolean): void {
    for (const [key, entry] of this.#entries) {
      const isIdle = entry.slots.size === 0 && entry.users === 0;
      if (isIdle || !isCurrent(entry.pair)) {
        this.#drop(key, entry);
      }
    }
  }

  /** Closes the pair's mover, if it has one: what is waited for there rejects. Its slots may be added again. */
  drop(pair: Pair): void {
    const key = keyOf(pair);
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      this.#drop(key, entry);
    }
  }

  /** Closes all movers from and to the group; resolves when they are, those that were dropped before as well. */
  async dropGroup(groupId: number): Promise<void> {
    const concerns = ({ source, target }: Pair): boolean =>
      source.groupId === groupId || target.groupId === groupId;
    for (const [key, entry] of this.#entries) {
      if (concerns(entry.pair)) {
        this.#drop(key, entry);
      }
    }
    const closing = [...this.#closing].filter(([, pair]) => concerns(pair));
    await Promise.all(closing.map(([closed]) => closed));
  }

  /** Resolves when none is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const [key, entry] of this.#entries) {
      this.#drop(key, entry);
    }
    await Promise.all(this.#closing.keys());
  }

  #entryOf(wanted: Pair): Entry {
    const key = keyOf(wanted);
    const known = this.#entries.get(key);
    if (known !== undefined && placeOf(known.pair) === placeOf(wanted)) {
      return known;
    }
    if (known !== undefined) {
      this.#drop(key, known);
    }
    const pair = { ...wanted };
    const mover = this.#options.create(pair, (slotIds) => this.#onEmptied(entry, slotIds));
    const entry: Entry = { pair, mover, slots: new Set(), users: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  /** A mover that was dropped meanwhile, or a slot that was taken from it, proves nothing. */
  #onEmptied(entry: Entry, slotIds: readonly number[]): void {
    if (this.#entries.get(keyOf(entry.pair)) === entry) {
      const own = slotIds.filter((id) => entry.slots.delete(id));
      if (own.length > 0) {
        this.#options.onEmptied(entry.pair, own);
      }
    }
  }

  #drop(key: string, { mover, pair }: Entry): void {
    this.#entries.delete(key);
    const closing = mover
      .close()
      .catch((error: unknown) => {
        this.#options.log.warn("migration.mover_close", messageOf(error), {
          error,
        });
      })
      .finally(() => {
        this.#closing.delete(closing);
        if (!this.#isClosed) {
          this.#options.onClosed(pair);
        }
      });
    this.#closing.set(closing, pair);
  }
}

function keyOf({ source, target, method = FORWARD_METHOD.migrate }: Pair): string {
  return `${source.groupId}>${target.groupId} ${method}`;
}
