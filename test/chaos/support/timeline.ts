/** What was done to a product and when, for the one who reads a failure. */

/** Notes with the time of the run. */
export class Timeline {
  readonly #now: () => number;
  readonly #lines: string[] = [];
  readonly #counts = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  note(text: string): void {
    this.#lines.push(`${(this.#now() / 1000).toFixed(2)} s: ${text}`);
  }

  /** Counts something that was done, by its name. */
  count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort());
  }

  show(): string {
    return this.#lines.join("\n");
  }
}
