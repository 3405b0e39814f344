/**
 * A lease of etcd: the life of a lock or of a registration. Whole seconds are all that etcd knows, 2 is
 * its usual minimum, and it looks for expired ones twice a second. So the time asked for is the whole
 * seconds in what the caller wants, less half a second, but at least 2: from 2.5 s on, the end comes within
 * the wanted time; below, after up to 2.5 s.
 *
 * Invariant: while `isAlive()` the server keeps the lease: it is counted from before a sign of life was
 * sent, on a clock that goes on while this process is frozen.
 */
import { CodisError } from "../../base/error.ts";
import type { Gateway } from "./gateway.ts";
import { monotonicMs } from "./wait.ts";

const SECONDS_MIN = 2;
/** How late etcd notices that a lease has run out. */
const SERVER_TICK_MS = 500;
/** Signs of life within one lease. */
const BEATS = 3;
/** Tries that one sign of life may take. */
const TRIES = 2;
/** Bound of giving a lease back; it ends by itself if that fails. */
const REVOKE_MS_MAX = 2_000;

interface LeaseAnswer {
  readonly ID?: string;
  readonly TTL?: string;
}

/** What a lease is wanted for. */
export interface LeaseOrder {
  /** For messages. */
  readonly what: string;
  /** Time without a sign of life after which it should end. */
  readonly wantedMs: number;
  /** As `Call.endsAt`. */
  readonly endsAt?: number;
  readonly signal?: AbortSignal;
}

/** One lease, from its grant to its end. */
export class Lease {
  /** etcd's number for it. */
  readonly id: string;
  /** How long it lives after a sign of life. */
  readonly lifeMs: number;
  readonly #gateway: Gateway;
  #aliveUntil: number;

  private constructor(gateway: Gateway, id: string, lifeMs: number, sentAt: number) {
    this.#gateway = gateway;
    this.id = id;
    this.lifeMs = lifeMs;
    this.#aliveUntil = sentAt + lifeMs;
  }

  /** Asks for a lease; `wantedMs` as the head of this file says. Throws as `Gateway.call`. */
  static async grant(gateway: Gateway, order: LeaseOrder): Promise<Lease> {
    const seconds = Math.max(SECONDS_MIN, Math.floor((order.wantedMs - SERVER_TICK_MS) / 1000));
    const sentAt = monotonicMs();
    const answer = await gateway.call<LeaseAnswer>({
      what: order.what,
      path: "/v3/lease/grant",
      body: { TTL: seconds },
      // A second one would run out unused.
      mayRepeat: true,
      ...(order.endsAt === undefined ? {} : { endsAt: order.endsAt }),
      ...(order.signal === undefined ? {} : { signal: order.signal }),
    });
    return new Lease(gateway, answer.ID ?? "0", Number(answer.TTL ?? 0) * 1000, sentAt);
  }

  /** Whether the server surely still keeps it. Once false it stays false. */
  isAlive(): boolean {
    return monotonicMs() < this.#aliveUntil;
  }

  /** Time between two signs of life. */
  get beatMs(): number {
    return this.lifeMs / BEATS;
  }

  /** End of the lease as far as is known now, on the monotonic clock. */
  get aliveUntil(): number {
    return this.#aliveUntil;
  }

  /**
   * Gives a sign of life. False: the lease is gone, or has run out meanwhile. Throws as `Gateway.call`,
   * when the lease runs out at the latest.
   */
  async beat(what: string, signal: AbortSignal): Promise<boolean> {
    const sentAt = monotonicMs();
    const answer = await this.#gateway.call<LeaseAnswer>({
      what,
      path: "/v3/lease/keepalive",
      body: { ID: this.id },
      mayRepeat: true,
      endsAt: this.#aliveUntil,
      attemptMs: this.beatMs / TRIES,
      signal,
    });
    if (Number(answer.TTL ?? 0) <= 0 || !this.isAlive()) {
      return false;
    }
    this.#aliveUntil = Math.max(this.#aliveUntil, sentAt + this.lifeMs);
    return true;
  }

  /** Ends it, and with it every key that depends on it. Resolves with false when that isn't certain. */
  async revoke(what: string): Promise<boolean> {
    const boundMs = Math.min(REVOKE_MS_MAX, this.#gateway.operationMs);
    try {
      await this.#gateway.call({
        what,
        path: "/v3/lease/revoke",
        body: { ID: this.id },
        mayRepeat: true,
        endsAt: monotonicMs() + boundMs,
      });
      return true;
    } catch (thrown) {
      if (!(thrown instanceof CodisError)) {
        throw thrown;
      }
      return thrown.code === "NOT_FOUND";
    } finally {
      this.#aliveUntil = 0;
    }
  }
}
