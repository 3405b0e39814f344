/**
 * Keys that were found and sized and wait for their MIGRATE. One producer fills it and stops when it is full; the
 * lanes take batches from its front.
 */

import type { FoundKey } from "./found-key.ts";

/** Keys for one MIGRATE, at least one, each once. */
export interface Batch {
  readonly keys: readonly FoundKey[];
  readonly bytes: number;
  readonly workUs: number;
}

/** Keys that may wait: some batches for each lane. */
const KEYS_MAX = 4_000;

/** See the file head. */
export class KeyQueue {
  #keys: FoundKey[] = [];
  /** Index of the first that waits. */
  #front = 0;
  #isEnded = false;
  /** Resolved and replaced with every change. */
  #changed = Promise.withResolvers<void>();

  get #size(): number {
    return this.#keys.length - this.#front;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  push(keys: readonly FoundKey[]): void {
    if (!this.#isEnded && keys.length > 0) {
      this.#keys.push(...keys);
      this.#tell();
    }
  }

  /** Nothing comes any more. */
  end(): void {
    this.#isEnded = true;
    this.#tell();
  }

  /** Ends it, and what waits is forgotten. */
  drop(): void {
    this.#keys = [];
    this.#front = 0;
    this.end();
  }

  /** Resolves when there is room, or it has ended. */
  async room(): Promise<void> {
    while (!this.#isEnded && this.#size >= KEYS_MAX) {
      await this.#changed.promise;
    }
  }

  /** Resolves with true when a key waits, with false when none will ever. */
  async hasKeys(): Promise<boolean> {
    while (this.#size === 0) {
      if (this.#isEnded) {
        return false;
      }
      await this.#changed.promise;
    }
    return true;
  }

  /**
   * Takes keys from the front while they fit; one key always does. Keys that aren't wanted any more are dropped.
   * undefined when none is left.
   */
  take(
    keysMax: number,
    workUsMax: number,
    isWanted: (slotId: number) => boolean,
  ): Batch | undefined {
    const keys: FoundKey[] = [];
    let bytes = 0;
    let workUs = 0;
    while (keys.length < keysMax) {
      const next = this.#keys[this.#front];
      if (next === undefined || (keys.length > 0 && workUs + next.workUs > workUsMax)) {
        break;
      }
      this.#front += 1;
      if (isWanted(next.slotId)) {
        keys.push(next);
        bytes += next.bytes;
        workUs += next.workUs;
      }
    }
    if (this.#front >= KEYS_MAX) {
      this.#keys = this.#keys.slice(this.#front);
      this.#front = 0;
    }
    this.#tell();
    return keys.length === 0 ? undefined : { keys, bytes, workUs };
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
