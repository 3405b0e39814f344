/**
 * Slots of which something is under way at the servers, or may be: `remove` of a mover waits for them. A slot
 * whose batch ended in doubt stays uncertain until the doubt is settled.
 */

/** What is of a slot. */
interface OfSlot {
  readonly slotId: number;
}

/** See the file head. */
export class UnderWay {
  /** Keys that are under way, by slot. */
  readonly #counts: number[] = [];
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
    return (this.#counts[slotId] ?? 0) > 0 || this.#uncertain.has(slotId);
  }

  /** A batch of these keys begins. */
  begin(keys: readonly OfSlot[]): void {
    this.#batches += 1;
    for (const { slotId } of keys) {
      this.#counts[slotId] = (this.#counts[slotId] ?? 0) + 1;
    }
  }

  /** The same batch has ended. */
  end(keys: readonly OfSlot[], isCertain: boolean): void {
    this.#batches -= 1;
    for (const { slotId } of keys) {
      this.#counts[slotId] = (this.#counts[slotId] ?? 0) - 1;
      if (!isCertain) {
        this.#uncertain.add(slotId);
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
