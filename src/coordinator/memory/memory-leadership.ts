/**
 * Leadership on the memory coordinator: the lock and the epoch are written in one step, the lock with a
 * lease that the leader's connection renews as long as it can.
 */
import { CodisError } from "../../base/error.ts";
import type { Leadership, LeadershipRequest, NodeVersion, NodeWrite } from "../coordinator.ts";
import { HeldLease } from "../held-lease.ts";
import type { MemoryCoordinator } from "./memory-coordinator.ts";
import type { MemoryLease } from "./memory-store.ts";

/** Signs of life within one lease. */
const RENEWALS = 4;

/** A leadership that ends with its connection. */
export interface MemoryLeadership extends Leadership {
  /** Its process is gone: no more signs of life, and the lock stays until the lease ends. */
  abandon(): void;
}

/** Takes the lock. Throws LEADER_EXISTS. `onEnd` is called when it was given back. */
export function leadMemory(
  coordinator: MemoryCoordinator,
  request: LeadershipRequest,
  onEnd: () => void,
): MemoryLeadership {
  const { store, clock } = coordinator;
  const holder = store.get(request.lockPath);
  if (holder !== undefined) {
    const isForeign = store.leaseOf(request.lockPath) === undefined;
    throw new CodisError("LEADER_EXISTS", "memory: another dashboard holds the lock", {
      context: { holder: holder.data, isForeign },
    });
  }
  const epoch = Number(store.get(request.epochPath)?.data ?? 0) + 1;
  const held = new HeldLease(clock, request.leaseMs, clock.monotonicMs());
  const lease = store.grant(request.leaseMs);
  store.apply([{ path: request.epochPath, data: `${epoch}`, expected: "any" }]);
  store.apply([{ path: request.lockPath, data: request.data, expected: "absent" }], lease);
  return new LeaseLeadership(coordinator, request, { epoch, held, lease }, onEnd);
}

/** What was won. */
interface Won {
  readonly epoch: number;
  readonly held: HeldLease;
  readonly lease: MemoryLease;
}

class LeaseLeadership implements MemoryLeadership {
  readonly epoch: number;
  readonly lost: Promise<string>;
  readonly #coordinator: MemoryCoordinator;
  readonly #request: LeadershipRequest;
  readonly #held: HeldLease;
  readonly #lease: MemoryLease;
  readonly #onEnd: () => void;
  readonly #endWatch: () => void;
  #isAbandoned = false;

  constructor(
    coordinator: MemoryCoordinator,
    request: LeadershipRequest,
    won: Won,
    onEnd: () => void,
  ) {
    this.#coordinator = coordinator;
    this.#request = request;
    this.epoch = won.epoch;
    this.#held = won.held;
    this.#lease = won.lease;
    this.lost = won.held.lost;
    this.#onEnd = onEnd;
    this.#endWatch = coordinator.store.onChange((change) => {
      if (change.path === request.lockPath && coordinator.isConnected()) {
        this.#look();
      }
    });
    this.lost.then(() => this.#finish());
    this.#renewLater();
  }

  isHeld(): boolean {
    return this.#held.isHeld();
  }

  async confirm(): Promise<void> {
    this.#guard();
    await this.#coordinator.admit();
    this.#guard();
  }

  write(writes: readonly NodeWrite[]): Promise<readonly (NodeVersion | undefined)[]> {
    return this.#coordinator.writeChunks(writes, () => this.#guard());
  }

  async release(): Promise<void> {
    if (this.#held.isHeld()) {
      this.#held.release();
      this.#finish();
    }
    if (this.#coordinator.isConnected()) {
      this.#lease.end();
    }
  }

  abandon(): void {
    this.#isAbandoned = true;
    this.#finish();
    if (this.#held.isHeld()) {
      this.#held.lose("its connection has ended");
    }
  }

  /** Throws unless the lock is this leader's and no later one was there. */
  #guard(): void {
    if (this.#held.isHeld() && this.#coordinator.isConnected()) {
      this.#look();
    }
    if (!this.#held.isHeld()) {
      throw new CodisError("LEADERSHIP_LOST", `memory: no longer leads: ${this.#held.reason()}`);
    }
  }

  #look(): void {
    const { store } = this.#coordinator;
    if (store.leaseOf(this.#request.lockPath) !== this.#lease || !this.#lease.isAlive()) {
      this.#held.lose("the lock was deleted or taken by another");
    } else if (store.get(this.#request.epochPath)?.data !== `${this.epoch}`) {
      this.#held.lose("another dashboard has led since");
    }
  }

  #renewLater(): void {
    const { clock } = this.#coordinator;
    clock.after(this.#request.leaseMs / RENEWALS, () => {
      if (this.#isAbandoned || (!this.#coordinator.isFrozen() && !this.#held.isHeld())) {
        return;
      }
      if (this.#coordinator.isConnected()) {
        const isAlive = this.#lease.renew();
        if (isAlive) {
          this.#held.renew(clock.monotonicMs());
        } else {
          this.#held.lose("the lease has ended");
        }
      }
      this.#renewLater();
    });
  }

  #finish(): void {
    this.#endWatch();
    this.#onEnd();
  }
}
