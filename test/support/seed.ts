/**
 * Seeds of random tests: one for each test process, from `CODIS_TEST_SEED` or fresh, and printed, so that a
 * failure can be run again. The generator is mulberry32: small, and the same everywhere.
 */

/** The seed of this test process. */
export const SEED = Number(process.env["CODIS_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Prints the seed of a file's tests; call once at the top of the file. */
export function printSeed(what: string): void {
  process.stdout.write(`${what}: CODIS_TEST_SEED=${SEED}\n`);
}

/** A source of random numbers; the same seed gives the same numbers. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** True so often, in [0, 1]. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  /** One of the list, which isn't empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Ascending positions inside (0, length), at most so many. */
  cuts(length: number, countMax: number): number[] {
    const cuts = new Set<number>();
    for (let i = 0; i < countMax; i++) {
      const cut = this.below(length);
      if (cut > 0) cuts.add(cut);
    }
    return [...cuts].sort((a, b) => a - b);
  }
}
