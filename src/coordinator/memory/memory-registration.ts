/**
 * A registration on the memory coordinator: a node with a lease, looked after four times within its time
 * to live and made again when it is gone.
 */
import type { ClockTimer } from "../../base/clock.ts";
import type { Registration } from "../coordinator.ts";
import type { MemoryCoordinator } from "./memory-coordinator.ts";
import type { MemoryLease } from "./memory-store.ts";

/** Looks within one time to live. */
const RENEWALS = 4;

/** What is registered. */
export interface MemoryRegistrationRequest {
  readonly path: string;
  readonly data: string;
  readonly ttlMs: number;
  readonly onProblem?: (line: string) => void;
}

/** Keeps one node until it is closed, or until its connection ends. */
export class MemoryRegistration implements Registration {
  readonly #coordinator: MemoryCoordinator;
  readonly #request: MemoryRegistrationRequest;
  readonly #onEnd: () => void;
  readonly #endings: readonly (() => void)[];
  #lease: MemoryLease | undefined;
  #timer: ClockTimer | undefined;
  #isRegistered = false;
  #isClosed = false;

  constructor(
    coordinator: MemoryCoordinator,
    request: MemoryRegistrationRequest,
    onEnd: () => void,
  ) {
    this.#coordinator = coordinator;
    this.#request = request;
    this.#onEnd = onEnd;
    this.#endings = [
      coordinator.store.onUp(() => this.#keep()),
      coordinator.store.onChange((change) => {
        if (change.path === request.path && !coordinator.store.get(change.path)) {
          queueMicrotask(() => this.#keep());
        }
      }),
    ];
    queueMicrotask(() => this.#keep());
  }

  isRegistered(): boolean {
    return this.#isRegistered && this.#lease?.isAlive() === true;
  }

  async close(): Promise<void> {
    const isConnected = this.#coordinator.isConnected();
    this.abandon();
    if (isConnected) {
      this.#lease?.end();
    }
  }

  /** Ends without removing the node, as when the process is gone. */
  abandon(): void {
    this.#isClosed = true;
    this.#isRegistered = false;
    this.#timer?.cancel();
    for (const end of this.#endings) {
      end();
    }
    this.#onEnd();
  }

  /** Makes the node or renews its lease, and looks again later. */
  #keep(): void {
    if (this.#isClosed) {
      return;
    }
    const { store, clock } = this.#coordinator;
    const { path, data, ttlMs, onProblem } = this.#request;
    this.#timer?.cancel();
    this.#timer = clock.after(ttlMs / RENEWALS, () => this.#keep());
    if (!this.#coordinator.isConnected()) {
      if (!this.#coordinator.isFrozen()) {
        this.#isRegistered = false;
        onProblem?.(`memory: ${path} can't be kept: the store is down`);
      }
      return;
    }
    const owner = store.leaseOf(path);
    if (owner !== undefined && owner === this.#lease && this.#lease.renew()) {
      this.#isRegistered = true;
      return;
    }
    if (this.#lease !== undefined && owner !== undefined && owner !== this.#lease) {
      this.#isRegistered = false;
      onProblem?.(`memory: ${path} was taken by another process`);
      return;
    }
    this.#lease = store.grant(ttlMs);
    store.apply([{ path, data, expected: "any" }], this.#lease);
    this.#isRegistered = true;
  }
}
