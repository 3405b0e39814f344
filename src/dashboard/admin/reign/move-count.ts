/**
 * Sums over all operations since this dashboard leads, for the metrics: an operation's own figures go with it when
 * it is forgotten, and a counter must never fall.
 */
import type { Operation, OperationProgress } from "../../../model/operation/operation.ts";
import { isEnded } from "../../../model/operation/operation-slot.ts";
import type { LeaderControl } from "../../control.ts";

/** Figures of an operation that only grow. */
const GROWING = ["keysMoved", "bytesMoved", "retries", "staleKeys"] as const;
type Growing = (typeof GROWING)[number];
/** Figures of which the largest counts. */
const LONGEST = ["longestStallMs", "longestHoldMs"] as const;
type Longest = (typeof LONGEST)[number];

/** See the file head. */
export class MoveCount {
  readonly #sums: Record<Growing | Longest, number> = {
    keysMoved: 0,
    bytesMoved: 0,
    retries: 0,
    staleKeys: 0,
    longestStallMs: 0,
    longestHoldMs: 0,
  };
  /** What is counted already, by operation that hasn't ended. */
  readonly #counted = new Map<string, OperationProgress>();
  readonly #unsubscribe: () => void;

  constructor(leader: LeaderControl) {
    // What was moved under earlier leaders is theirs.
    for (const { id, state, progress } of leader.migration.operations()) {
      if (!isEnded(state)) {
        this.#counted.set(id, progress);
      }
    }
    this.#unsubscribe = leader.migration.onOperation((operation) => this.#add(operation));
  }

  /** Milliseconds, bytes, numbers. */
  sums(): Readonly<Record<Growing | Longest, number>> {
    return this.#sums;
  }

  close(): void {
    this.#unsubscribe();
  }

  #add({ id, state, progress }: Operation): void {
    const before = this.#counted.get(id);
    for (const name of GROWING) {
      this.#sums[name] += Math.max(0, progress[name] - (before?.[name] ?? 0));
    }
    for (const name of LONGEST) {
      const isNew = progress[name] > (before?.[name] ?? 0);
      this.#sums[name] = isNew ? Math.max(this.#sums[name], progress[name]) : this.#sums[name];
    }
    if (isEnded(state)) {
      this.#counted.delete(id);
    } else {
      this.#counted.set(id, progress);
    }
  }
}
