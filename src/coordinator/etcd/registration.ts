/**
 * A node that lives as long as this process: a key with a lease. At every sign of life it is also made again
 * where somebody has deleted it.
 *
 * The first time it replaces what is there, which is most likely its own of before a restart. Later it
 * doesn't: a node that another has made meanwhile is left to it, so that two never fight for a path.
 */
import { isCodisError, messageOf } from "../../base/error.ts";
import type { Registration } from "../coordinator.ts";
import type { Gateway } from "./gateway.ts";
import { Lease } from "./lease.ts";
import { sleepIdle } from "./wait.ts";
import {
  type EtcdNode,
  isWrittenAt,
  putOf,
  rangeOf,
  type WireCompare,
  type WireTxn,
} from "./wire.ts";
import { nodesOf } from "./write-chunk.ts";

/** What is registered. */
export interface RegistrationOrder {
  readonly path: string;
  readonly data: string;
  readonly ttlMs: number;
  readonly onProblem: (line: string) => void;
  /** Called once, when it is closed. */
  readonly onEnd: () => void;
}

/** Pause after a try that failed. */
const RETRY_MS = 300;

/** A registration; it begins to work at once. */
export class EtcdRegistration implements Registration {
  readonly #gateway: Gateway;
  readonly #order: RegistrationOrder;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #closing: Promise<void> | undefined;
  #lease: Lease | undefined;
  /**
   * The lease before, which ran out as far as is known here. A server that was away gives it a new time to
   * live, and the node that depends on it is still ours.
   */
  #formerLease = "";
  /** The node was seen to be there with this lease. */
  #isThere = false;
  #hasProblem = false;
  /** Only the first time whatever is there is replaced. */
  #wasMade = false;

  constructor(gateway: Gateway, order: RegistrationOrder) {
    this.#gateway = gateway;
    this.#order = order;
    this.#running = this.#run();
  }

  isRegistered(): boolean {
    return this.#isThere && !this.#hasProblem && this.#lease?.isAlive() === true;
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    this.#isThere = false;
    this.#order.onEnd();
    if (this.#lease !== undefined) {
      const isGone = await this.#lease.revoke(`remove ${this.#order.path}`);
      if (!isGone) {
        this.#tellProblem("it couldn't be removed; it ends with its time to live");
      }
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted && !this.#gateway.closed.aborted) {
      let pauseMs = RETRY_MS;
      try {
        this.#isThere = await this.#keep();
        if (this.#isThere) {
          this.#hasProblem = false;
          pauseMs = this.#lease?.beatMs ?? RETRY_MS;
        }
      } catch (thrown) {
        if (!isCodisError(thrown)) {
          throw thrown;
        }
        if (thrown.code === "NOT_FOUND") {
          this.#lease = undefined;
          this.#isThere = false;
        }
        if (!signal.aborted) {
          this.#tellProblem(messageOf(thrown));
        }
      }
      await sleepIdle(pauseMs, signal);
    }
  }

  /** Gives a sign of life and looks after the node; whether it is there. */
  async #keep(): Promise<boolean> {
    const what = `keep ${this.#order.path}`;
    const { signal } = this.#ending;
    if (this.#lease !== undefined) {
      const isKept = this.#lease.isAlive() && (await this.#lease.beat(what, signal));
      if (!isKept) {
        this.#isThere = false;
        this.#tellProblem("its lease has run out; it is made again");
        this.#formerLease = this.#lease.id;
        this.#lease = undefined;
      }
    }
    const wantedMs = this.#order.ttlMs;
    this.#lease ??= await Lease.grant(this.#gateway, { what, wantedMs, signal });
    return this.#putWhereAbsent(this.#lease);
  }

  async #putWhereAbsent(lease: Lease): Promise<boolean> {
    const isAbsent = isWrittenAt(this.#order.path, "0");
    let outcome = await this.#put(lease, this.#wasMade ? [isAbsent] : []);
    this.#wasMade = true;
    if (outcome.found?.lease === this.#formerLease) {
      outcome = await this.#put(lease, [isWrittenAt(this.#order.path, outcome.found.modRevision)]);
    }
    if (!outcome.isOurs) {
      this.#tellProblem("another program has made this node; it is left to it until it goes");
    }
    return outcome.isOurs;
  }

  /** Writes the node if the condition is met; else tells what is there. */
  async #put(
    lease: Lease,
    compare: readonly WireCompare[],
  ): Promise<{ readonly isOurs: boolean; readonly found: EtcdNode | undefined }> {
    const { path, data } = this.#order;
    const answer = await this.#gateway.call<WireTxn>({
      what: `make ${path}`,
      path: "/v3/kv/txn",
      body: { compare, success: [putOf(path, data, lease.id)], failure: [rangeOf(path)] },
      mayRepeat: true,
      endsAt: lease.aliveUntil,
      signal: this.#ending.signal,
    });
    const found = nodesOf(answer).get(path);
    return { isOurs: answer.succeeded === true || found?.lease === lease.id, found };
  }

  #tellProblem(why: string): void {
    if (!this.#hasProblem) {
      this.#hasProblem = true;
      this.#order.onProblem(`${this.#gateway.label}: can't keep ${this.#order.path}: ${why}`);
    }
  }
}
