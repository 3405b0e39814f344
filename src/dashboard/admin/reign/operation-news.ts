/**
 * Thins out what the leader tells of its operations: that one begins, pauses, gets another speed or ends is told at
 * once, how far it is at most once a second. What is told last is always how it stands.
 */
import type { Clock, ClockTimer } from "../../../base/clock.ts";
import type { Operation } from "../../../model/operation/operation.ts";
import { isEnded } from "../../../model/operation/operation-slot.ts";
import type { LeaderControl } from "../../control.ts";

/** Progress of one operation is told so often, milliseconds. */
export const PROGRESS_MS = 1_000;

interface Told {
  operation: Operation;
  atMs: number;
  /** Newer than what was told. */
  waiting: Operation | undefined;
  timer: ClockTimer | undefined;
}

/** See the file head. Bounded by the leader's own bound of operations that haven't ended. */
export class OperationNews {
  readonly #clock: Clock;
  readonly #tell: (operation: Operation) => void;
  readonly #told = new Map<string, Told>();
  readonly #unsubscribe: () => void;

  /** `tell` must not throw. */
  constructor(leader: LeaderControl, clock: Clock, tell: (operation: Operation) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#unsubscribe = leader.migration.onOperation((operation) => this.#take(operation));
  }

  close(): void {
    this.#unsubscribe();
    for (const { timer } of this.#told.values()) {
      timer?.cancel();
    }
    this.#told.clear();
  }

  #take(operation: Operation): void {
    const told = this.#told.get(operation.id);
    const nowMs = this.#clock.monotonicMs();
    if (told === undefined || isNotable(told.operation, operation)) {
      this.#pass(operation, nowMs);
      return;
    }
    const dueMs = told.atMs + PROGRESS_MS;
    if (nowMs >= dueMs) {
      this.#pass(operation, nowMs);
      return;
    }
    told.waiting = operation;
    told.timer ??= this.#clock.after(dueMs - nowMs, () => {
      if (told.waiting !== undefined) {
        this.#pass(told.waiting, this.#clock.monotonicMs());
      }
    });
  }

  #pass(operation: Operation, nowMs: number): void {
    this.#told.get(operation.id)?.timer?.cancel();
    if (isEnded(operation.state)) {
      this.#told.delete(operation.id);
    } else {
      this.#told.set(operation.id, {
        operation,
        atMs: nowMs,
        waiting: undefined,
        timer: undefined,
      });
    }
    this.#tell(operation);
  }
}

/** Somebody did something about it, or it came to an end. Reasons may change many times a second. */
function isNotable(before: Operation, after: Operation): boolean {
  return (
    before.state !== after.state ||
    before.isSelfPaused !== after.isSelfPaused ||
    before.isRollback !== after.isRollback ||
    before.speed.keysPerSecond !== after.speed.keysPerSecond ||
    before.speed.bytesPerSecond !== after.speed.bytesPerSecond ||
    before.speed.p99GuardMs !== after.speed.p99GuardMs ||
    before.guarded?.isSlowed !== after.guarded?.isSlowed
  );
}
