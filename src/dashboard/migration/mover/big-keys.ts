/**
 * Keys that stall their servers longer than the bound when they are moved by MIGRATE: which are moved at once, which
 * after all others of their slot, and which not at all (`big_key`). For one cycle.
 */
import type { BigKeyRule } from "../../../model/operation/plan.ts";
import type { Trouble } from "../../../model/operation/trouble-code.ts";
import type { FoundKey } from "./found-key.ts";
import { describeKey } from "./key-name.ts";

/** Down-after of the failure detectors is 30 s; a key that stalls for more than half of it isn't moved. */
export const NEVER_STALL_MS = 15_000;

/** A key that waits for the others of its slot. */
export interface LateKey {
  readonly db: number;
  readonly key: FoundKey;
}

/** Keys that are put aside in one cycle; the rest comes with the next. */
const LATE_MAX = 10_000;

/** See the file head. */
export class BigKeys {
  readonly #late: LateKey[] = [];
  /** By slot: it has other keys yet. */
  readonly #isBusy: boolean[] = [];
  #trouble: Trouble | undefined;

  /** Why a key stays, the first of this cycle; a person has to act. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** The cycle met a key of the slot that isn't big. */
  noteSmall(slotId: number): void {
    this.#isBusy[slotId] = true;
  }

  /** `now`: to be moved at once, alone. Otherwise it was put aside, or stays. */
  decide(db: number, key: FoundKey, rule: BigKeyRule): "now" | "later" | "never" {
    const stallMs = key.workUs / 1_000;
    if (stallMs > NEVER_STALL_MS) {
      this.#stay(db, key, "split it, or delete it");
      return "never";
    }
    switch (rule) {
      case "move":
        return "now";
      case "last":
        if (this.#late.length < LATE_MAX) {
          this.#late.push({ db, key });
        }
        return "later";
      case "refuse":
        this.#stay(db, key, 'big_key = "refuse" keeps it; split it, or use "move" or "last"');
        return "never";
    }
  }

  /** At the end of the cycle: those that nothing is left before, by database. */
  readyAtEnd(): readonly LateKey[] {
    return this.#late.filter(({ key }) => this.#isBusy[key.slotId] !== true);
  }

  #stay(db: number, { key, slotId, bytes, workUs }: FoundKey, advice: string): void {
    const size = `${(bytes / 1_024 ** 2).toFixed(1)} MB`;
    const stall = `${(workUs / 1_000).toFixed(0)} ms`;
    this.#trouble ??= {
      text:
        `${describeKey(key, db)} (slot ${slotId}, ${size}) isn't moved: it would stall both servers for ` +
        `about ${stall}; ${advice}`,
      code: "big_key",
    };
  }
}
