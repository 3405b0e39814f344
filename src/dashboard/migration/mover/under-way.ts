/**
 * Slots of which something is under way at the servers, or may be: `remove` of a mover waits for them. A slot
 * whose batch ended in doubt stays uncertain until the doubt is settled.
 */

/** See the file head. */
export class UnderWay {
  /** Batches that are under way, by slot. */
  readonly #counts = new Map<number, number>();
  readonly #uncertain = new Set<number>();
  #batches = 0;
  #changed = Promise.withResolvers<void>();

  /** Batches under way. */
  get batches(): number {
    return this.#batches;
  }

  get hasUncertain(): boolean {
    return this.#uncertain.size > 0;
  }

  has(slotId: number): boolean {
    return this.#counts.has(slotId) || this.#uncertain.has(slotId);
  }

  begin(slotIds: ReadonlySet<number>): void {
    this.#batches += 1;
    for (const id of slotIds) {
      this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    }
  }

  end(slotIds: ReadonlySet<number>, isCertain: boolean): void {
    this.#batches -= 1;
    for (const id of slotIds) {
      const left = (this.#counts.get(id) ?? 0) - 1;
      if (left > 0) {
        this.#counts.set(id, left);
      } else {
        this.#counts.delete(id);
      }
      if (!isCertain) {
        this.#uncertain.add(id);
      }
    }
    this.#tell();
  }

  /** Nothing is in doubt any more. */
  clearUncertain(): void {
    this.#uncertain.clear();
    this.#tell();
  }

  /** Resolves with the next change. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
