/**
 * The pace of all movers of a leader: the limits of the operation that is at work, or less where its p99 guard wants
 * less. Only one operation is at work at a time, and the guard judges that one by its own bound; when another takes
 * its turn, after a pause, or when the leader changes, it begins anew.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { type GuardedSpeed, type Operation, UNLIMITED } from "../../model/operation/operation.ts";
import type { MigrationSwitches } from "../../model/operation/operation-record.ts";
import {
  type ClientLatency,
  freshGuard,
  type GuardState,
  guardedSpeed,
  stepGuard,
} from "./p99-guard.ts";
import { SharedPace } from "./pace.ts";

/** What the pace is set by. */
export interface GuardedPaceOptions {
  /** Takes in what proxies told; asked about once a second while an operation with a guard is at work. */
  readonly clientLatency: () => ClientLatency | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** See the file head. */
export class GuardedPace {
  /** For the movers. */
  readonly pace: SharedPace;
  readonly #options: GuardedPaceOptions;
  /** Of the operation that is at work; undefined: none is. */
  #guard: { readonly id: string; readonly state: GuardState } | undefined;

  constructor(options: GuardedPaceOptions) {
    this.#options = options;
    this.pace = new SharedPace(options.clock);
  }

  /** About once a second: looks at the clients. `operation`: at work, with its progress of now. */
  look(operation: Operation | undefined): void {
    if (operation === undefined) {
      return;
    }
    const { id, speed, progress } = operation;
    const { clientLatency, clock } = this.#options;
    const before = this.guardedOf(operation);
    const nowMs = clock.monotonicMs();
    const state = this.#guard?.id === id ? this.#guard.state : freshGuard(nowMs);
    const latency = speed.p99GuardMs === 0 ? undefined : clientLatency();
    const movedPerSecond = progress.keysPerSecond;
    this.#guard = { id, state: stepGuard(state, { speed, movedPerSecond, latency, nowMs }) };
    this.#tell(id, before, this.guardedOf(operation));
  }

  /** Counts from now on. `operation`: at work; without one nothing may go. */
  set(operation: Operation | undefined, { intervalUs, isDisabled }: MigrationSwitches): void {
    if (operation?.id !== this.#guard?.id) {
      this.#guard = undefined;
    }
    const speed = operation?.speed ?? UNLIMITED;
    const guarded = operation && this.guardedOf(operation);
    this.pace.set({
      speed: { ...speed, keysPerSecond: guarded?.keysPerSecond ?? speed.keysPerSecond },
      intervalUs,
      isStopped: isDisabled || operation === undefined,
    });
  }

  /** What the guard makes of an operation's limits; undefined while it has nothing to say. */
  guardedOf({ id, speed }: Pick<Operation, "id" | "speed">): GuardedSpeed | undefined {
    const isOff = this.#guard?.id !== id || speed.p99GuardMs === 0;
    return isOff || this.#guard === undefined ? undefined : guardedSpeed(this.#guard.state, speed);
  }

  /** That it begins to be slowed, or isn't slowed any longer. */
  #tell(id: string, before: GuardedSpeed | undefined, now: GuardedSpeed | undefined): void {
    if (before?.isSlowed !== now?.isSlowed) {
      const text = now?.reason ?? "the p99 guard leaves it alone";
      this.#options.log.info("operation.guard", `${id}: ${text}`, { operation: id });
    }
  }
}
