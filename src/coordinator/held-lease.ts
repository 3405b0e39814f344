/**
 * What a leader knows about its own lease without asking: when it was renewed last, on the monotonic clock,
 * and whether it was lost. One for each leadership; used by the implementations of `Leadership`.
 *
 * Invariant: once lost or released, always so. A renewal counts from the moment it was *sent*, so that the
 * holder gives up before the coordinator gives the lock to another.
 */
import type { Clock, ClockTimer } from "../base/clock.ts";

/** A lease that is held until it runs out, is lost, or is released. */
export class HeldLease {
  /** Resolves with one line for people when the lease is lost; never after `release`. */
  readonly lost: Promise<string>;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #resolveLost: (line: string) => void;
  #state: "held" | "lost" | "released" = "held";
  #reason = "";
  #endsAtMs: number;
  #timer: ClockTimer | undefined;

  /** `sentAtMs` is the monotonic time at which the lease was asked for. */
  constructor(clock: Clock, leaseMs: number, sentAtMs: number) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#endsAtMs = sentAtMs + leaseMs;
    // Not `withResolvers`: Node has it from 22 on.
    let resolveLost: (line: string) => void = () => undefined;
    this.lost = new Promise((resolve) => {
      resolveLost = resolve;
    });
    this.#resolveLost = resolveLost;
    this.#arm();
  }

  /** Whether it is held now. Finds out by itself that the time is over, also right after a freeze. */
  isHeld(): boolean {
    if (this.#state === "held" && this.#clock.monotonicMs() >= this.#endsAtMs) {
      this.lose(`the lease of ${this.#leaseMs} ms ran out before it could be renewed`);
    }
    return this.#state === "held";
  }

  /** Why it isn't held; empty while it is. */
  reason(): string {
    return this.#reason;
  }

  /** A renewal that was sent at this monotonic time was acknowledged. False when that is too late. */
  renew(sentAtMs: number): boolean {
    if (!this.isHeld()) {
      return false;
    }
    this.#endsAtMs = Math.max(this.#endsAtMs, sentAtMs + this.#leaseMs);
    this.#arm();
    return true;
  }

  /** It is lost for the reason given, one line. Does nothing unless it is held. */
  lose(reason: string): void {
    if (this.#state === "held") {
      this.#end("lost", reason);
      this.#resolveLost(reason);
    }
  }

  /** It was given back. Does nothing unless it is held. */
  release(): void {
    if (this.#state === "held") {
      this.#end("released", "the leadership was given back");
    }
  }

  #end(state: "lost" | "released", reason: string): void {
    this.#state = state;
    this.#reason = reason;
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer?.cancel();
    const leftMs = this.#endsAtMs - this.#clock.monotonicMs();
    // Timers may come a little early; looking again costs nothing.
    this.#timer = this.#clock.after(Math.max(1, Math.ceil(leftMs)), () => {
      if (this.isHeld()) {
        this.#arm();
      }
    });
  }
}
