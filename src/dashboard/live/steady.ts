/**
 * Keeps the figures of the live document quiet. A view has parts that are told at once (a role, a state) and figures
 * that move all the time; those are taken over every few seconds only, and not at all while they differ by less
 * than anybody would see. So an idle product sends nothing, and a busy one a bounded number of bytes.
 */

/** A figure keeps its value while it differs from the new one by no more than the larger of the two. */
export interface Tolerance {
  readonly absolute: number;
  /** 0.02: two in a hundred. */
  readonly relative: number;
}

/** What moves in a view, by name of the field. `undefined`: every difference counts. */
export type FigureFields<T> = { readonly [K in keyof T]?: Tolerance | undefined };

interface Held {
  readonly view: Readonly<Record<string, unknown>>;
  readonly atMs: number;
}

/** See the file head. Remembers one view for each key that was used since the last `sweep`. */
export class Steady {
  #held = new Map<string, Held>();
  #used = new Map<string, Held>();

  /**
   * The view to publish: everything of `view` but its figures, which are those published before until `periodMs`
   * have passed. The very object of before when nothing differs.
   */
  hold<T extends object>(
    key: string,
    view: T,
    options: {
      readonly figures: FigureFields<T>;
      readonly periodMs: number;
      readonly nowMs: number;
    },
  ): T {
    const before = this.#used.get(key) ?? this.#held.get(key);
    const isDue = before === undefined || options.nowMs - before.atMs >= options.periodMs;
    const next = { ...view } as Record<string, unknown>;
    let hasMoved = before === undefined;
    for (const [field, tolerance] of Object.entries(options.figures)) {
      if (before !== undefined && field in before.view) {
        const old = before.view[field];
        const isKept = !isDue || isWithin(old, next[field], tolerance as Tolerance | undefined);
        next[field] = isKept ? old : next[field];
        hasMoved ||= !isKept;
      }
    }
    const isSame = before !== undefined && !hasMoved && isEqual(before.view, next);
    const published = isSame ? before.view : next;
    // The time counts from the last figures that were told, so the first change after a quiet time is told at once.
    const atMs = before === undefined || hasMoved ? options.nowMs : before.atMs;
    this.#used.set(key, { view: published, atMs });
    return published as T;
  }

  /** Forgets keys that weren't used since the last call. */
  sweep(): void {
    this.#held = this.#used;
    this.#used = new Map();
  }
}

function isWithin(old: unknown, now: unknown, tolerance: Tolerance | undefined): boolean {
  if (typeof old !== "number" || typeof now !== "number") {
    return isEqual(old, now);
  }
  const slack = Math.max(tolerance?.absolute ?? 0, (tolerance?.relative ?? 0) * Math.abs(old));
  // What comes to an end is told exactly.
  return now === old || (Math.abs(now - old) <= slack && (now !== 0 || old <= slack));
}

function isEqual(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
