/**
 * Looks for an order of an object's operations that the model of Redis could have carried out (the search of
 * Wing and Gong, with the memory of Lowe): an operation takes effect once between its call and its answer; one
 * whose answer never came once after its call, or never.
 *
 * A read goes first where it fits: moving it forward never takes an order away. So the search goes back only
 * where operations really were at the same time.
 */
import { ANY, type Entry } from "./history.ts";
import { applyCommand, isRead, isTimer, type Moment } from "./small-redis.ts";
import { type Keys, NO_KEYS, textOfKeys } from "./value.ts";

/** How a search ended. */
export type Verdict =
  | { readonly kind: "linear" }
  | {
      /** `undecided`: it would have taken more than `SEARCH_STEPS_MAX`. */
      readonly kind: "not-linear" | "undecided";
      /** The longest order that was found, and the keys after it. */
      readonly order: readonly Entry[];
      readonly keys: Keys;
      /** What could have come next, but doesn't fit. */
      readonly stuck: readonly Entry[];
    };

/** States that a search looks at for one object. */
export const SEARCH_STEPS_MAX = 200_000;

/** See the file head. `entries` are those of one object. */
export function findOrder(entries: readonly Entry[], toleranceMs: number): Verdict {
  return new Search(entries, toleranceMs).run();
}

/** Where a search is: everything before `low` is done, of the rest what is in `beyond`. */
interface Place {
  readonly keys: Keys;
  readonly low: number;
  readonly beyond: ReadonlySet<number>;
  /** Doubtful operations that took effect, by index. */
  readonly taken: ReadonlySet<number>;
  /** The latest call of all that is done: whatever comes next is later. */
  readonly fromMs: number;
  readonly before: Place | undefined;
  readonly entry: Entry | undefined;
  readonly count: number;
}

/** One search. */
class Search {
  readonly #certain: readonly Entry[];
  readonly #doubtful: readonly Entry[];
  readonly #toleranceMs: number;
  readonly #seen = new Set<string>();
  #deepest: Place;
  #steps = 0;

  constructor(entries: readonly Entry[], toleranceMs: number) {
    const byCall = entries.toSorted((a, b) => a.invoked - b.invoked);
    this.#certain = byCall.filter((entry) => entry.outcome.kind === "ok");
    this.#doubtful = byCall.filter((entry) => entry.outcome.kind === "maybe");
    this.#toleranceMs = toleranceMs;
    this.#deepest = {
      keys: NO_KEYS,
      low: 0,
      beyond: new Set(),
      taken: new Set(),
      fromMs: 0,
      before: undefined,
      entry: undefined,
      count: 0,
    };
  }

  run(): Verdict {
    // The way forward is a stack of its own: histories are longer than calls can be nested.
    const stack: Place[] = [this.#deepest];
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (place.low === this.#certain.length) {
        return { kind: "linear" };
      }
      const mark = this.#markOf(place);
      if (this.#seen.has(mark)) {
        continue;
      }
      this.#seen.add(mark);
      this.#steps += 1;
      if (this.#steps > SEARCH_STEPS_MAX) {
        return this.#fail("undecided");
      }
      if (place.count > this.#deepest.count) {
        this.#deepest = place;
      }
      stack.push(...this.#next(place));
    }
    return this.#fail("not-linear");
  }

  /** Places after one more operation; the likeliest last. */
  #next(place: Place): readonly Place[] {
    const { ready, endsAt, endsAtMs } = this.#ready(place);
    const next: Place[] = [];
    for (const index of ready) {
      const entry = this.#certain[index] as Entry;
      const followers = this.#apply(place, entry, endsAtMs);
      const [follower] = followers;
      const isAlone = follower !== undefined && followers.length === 1;
      const isFree = isRead(entry.command) && !this.#hasEarlierTimer(place, ready, entry);
      if (isAlone && isFree && isSame(follower, place.keys)) {
        return [this.#after(place, follower, entry, index)];
      }
      next.unshift(...followers.map((keys) => this.#after(place, keys, entry, index)));
    }
    const doubtful: Place[] = [];
    for (const [index, entry] of this.#doubtful.entries()) {
      if (entry.invoked > endsAt) {
        break;
      }
      if (!place.taken.has(index)) {
        const followers = this.#apply(place, entry, endsAtMs);
        const changed = followers.filter((keys) => !isSame(keys, place.keys));
        doubtful.push(...changed.map((keys) => this.#afterDoubtful(place, keys, entry, index)));
      }
    }
    return [...doubtful, ...next];
  }

  /**
   * Something that sets an expiry was called before this read and isn't in its place yet. Then it matters which of
   * them comes first: a time that counts from behind the read is another one.
   */
  #hasEarlierTimer({ taken }: Place, ready: readonly number[], read: Entry): boolean {
    const isEarlier = (entry: Entry | undefined): boolean =>
      entry !== undefined && entry.invoked < read.invoked && isTimer(entry.command);
    return (
      ready.some((index) => isEarlier(this.#certain[index])) ||
      this.#doubtful.some((entry, index) => !taken.has(index) && isEarlier(entry))
    );
  }

  /** Certain operations that may come next: called before the first answer of those that are left. */
  #ready({ low, beyond }: Place): {
    readonly ready: readonly number[];
    readonly endsAt: number;
    readonly endsAtMs: number;
  } {
    const open: number[] = [];
    let endsAt = Number.POSITIVE_INFINITY;
    let endsAtMs = Number.POSITIVE_INFINITY;
    const isDone = (index: number): boolean => index < low || beyond.has(index);
    for (let index = low; index < this.#certain.length; index += 1) {
      const entry = this.#certain[index] as Entry;
      if (entry.invoked > endsAt) {
        break;
      }
      if (!isDone(index)) {
        open.push(index);
        if (entry.completed < endsAt) {
          endsAt = entry.completed;
          endsAtMs = entry.completedMs;
        }
      }
    }
    const ready = open.filter((index) => {
      const entry = this.#certain[index] as Entry;
      const isWaiting = open.some((other) => this.#certain[other]?.id === entry.after);
      return entry.invoked < endsAt && !isWaiting;
    });
    return { ready: ready.sort((a, b) => this.#endOf(a) - this.#endOf(b)), endsAt, endsAtMs };
  }

  #endOf(index: number): number {
    return this.#certain[index]?.completed ?? 0;
  }

  #apply(place: Place, entry: Entry, endsAtMs: number): readonly Keys[] {
    const observed = entry.outcome.kind === "ok" ? entry.outcome.output : ANY;
    return applyCommand(
      place.keys,
      entry.command,
      observed,
      this.#momentOf(place, entry, endsAtMs),
    );
  }

  #momentOf(place: Place, entry: Entry, endsAtMs: number): Moment {
    return {
      fromMs: Math.max(place.fromMs, entry.invokedMs),
      toMs: endsAtMs,
      toleranceMs: this.#toleranceMs,
    };
  }

  #after(place: Place, keys: Keys, entry: Entry, index: number): Place {
    const beyond = new Set(place.beyond).add(index);
    let { low } = place;
    while (beyond.delete(low)) {
      low += 1;
    }
    return {
      keys,
      low,
      beyond,
      taken: place.taken,
      fromMs: Math.max(place.fromMs, entry.invokedMs),
      before: place,
      entry,
      count: place.count + 1,
    };
  }

  #afterDoubtful(place: Place, keys: Keys, entry: Entry, index: number): Place {
    return {
      ...place,
      keys,
      taken: new Set(place.taken).add(index),
      fromMs: Math.max(place.fromMs, entry.invokedMs),
      before: place,
      entry,
    };
  }

  #markOf({ keys, low, beyond, taken }: Place): string {
    const sorted = (set: ReadonlySet<number>): string => [...set].sort((a, b) => a - b).join();
    return `${low} ${sorted(beyond)} ${sorted(taken)} ${textOfKeys(keys)}`;
  }

  #fail(kind: "not-linear" | "undecided"): Verdict {
    const order: Entry[] = [];
    for (let place: Place | undefined = this.#deepest; place !== undefined; place = place.before) {
      if (place.entry !== undefined) {
        order.unshift(place.entry);
      }
    }
    const { ready } = this.#ready(this.#deepest);
    return {
      kind,
      order,
      keys: this.#deepest.keys,
      stuck: ready.map((index) => this.#certain[index] as Entry),
    };
  }
}

function isSame(a: Keys, b: Keys): boolean {
  return a === b || (a.size === b.size && textOfKeys(a) === textOfKeys(b));
}
