/**
 * Which commands are kept by name: the busiest ones of the last minutes. The others are told together. A command
 * takes the place of another only when it is twice as busy, so that series don't come and go.
 */

/** Name of all commands that aren't kept by name; no command of Redis has it. */
export const OTHER_COMMANDS = "other";
/** Commands that are kept by name. */
export const COMMANDS_KEPT_MAX = 24;
/** Weight of a call is halved after so many seconds. */
const HALF_LIFE_SECONDS = 120;
const DECAY = 0.5 ** (1 / HALF_LIFE_SECONDS);
/** How much busier a newcomer has to be. */
const ADVANTAGE = 2;
/** Commands with less weight than this are forgotten. */
const WEIGHT_MIN = 0.01;

/** See the file head. */
export class BusiestCommands {
  readonly #weights = new Map<string, number>();
  readonly #kept = new Set<string>();

  /** By name in small letters. */
  get kept(): ReadonlySet<string> {
    return this.#kept;
  }

  /** Rates of one second; gives the commands that have lost their places. */
  add(rates: ReadonlyMap<string, number>): readonly string[] {
    for (const [name, weight] of this.#weights) {
      if (weight * DECAY < WEIGHT_MIN && !this.#kept.has(name)) {
        this.#weights.delete(name);
      } else {
        this.#weights.set(name, weight * DECAY);
      }
    }
    const lost: string[] = [];
    for (const [name, rate] of rates) {
      const weight = (this.#weights.get(name) ?? 0) + rate;
      this.#weights.set(name, weight);
      if (this.#kept.has(name)) {
        continue;
      }
      if (this.#kept.size < COMMANDS_KEPT_MAX) {
        this.#kept.add(name);
        continue;
      }
      const least = this.#least();
      if (weight > ADVANTAGE * (this.#weights.get(least) ?? 0)) {
        this.#kept.delete(least);
        this.#kept.add(name);
        lost.push(least);
      }
    }
    return lost;
  }

  #least(): string {
    let least = "";
    let smallest = Number.POSITIVE_INFINITY;
    for (const name of this.#kept) {
      const weight = this.#weights.get(name) ?? 0;
      if (weight < smallest) {
        smallest = weight;
        least = name;
      }
    }
    return least;
  }
}
