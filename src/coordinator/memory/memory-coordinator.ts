/**
 * One connection to a `MemoryStore`, standing for one process: it can be frozen, killed, or made to die at
 * its n-th write, and then behaves as the others would see a real process behave.
 *
 * After a death every operation rejects with COORDINATOR_UNREACHABLE, so that code under test comes to an
 * end; what it does then changes nothing in the store.
 */
import type { Clock } from "../../base/clock.ts";
import { CodisError } from "../../base/error.ts";
import {
  type Coordinator,
  type CoordinatorNode,
  type Leadership,
  type LeadershipRequest,
  type NodeVersion,
  type NodeWrite,
  OPERATION_TIMEOUT_MS,
  type Registration,
  type RegistrationOptions,
  type Watch,
} from "../coordinator.ts";
import { checkData, checkPath, checkWrites } from "../node-check.ts";
import { concerns, type MemoryChange } from "./memory-change.ts";
import { leadMemory, type MemoryLeadership } from "./memory-leadership.ts";
import { MemoryRegistration } from "./memory-registration.ts";
import type { MemoryStore } from "./memory-store.ts";

/** How one connection behaves. */
export interface MemoryOpenOptions {
  /** Bound of one operation during an outage; default 10 s. */
  readonly operationTimeoutMs?: number;
}

/** When a connection dies by itself. */
interface PlannedDeath {
  writesLeft: number;
  readonly isLastApplied: boolean;
}

/** A connection to the memory coordinator. */
export class MemoryCoordinator implements Coordinator {
  readonly label = "memory";
  readonly store: MemoryStore;
  readonly #timeoutMs: number;
  readonly #endings = new Set<() => void>();
  readonly #leaderships = new Set<MemoryLeadership>();
  readonly #registrations = new Set<MemoryRegistration>();
  readonly #watches = new Set<Watch>();
  /** Called when the connection may work again, or never will. */
  readonly #wakers = new Set<() => void>();
  #state: "open" | "closed" | "dead" = "open";
  #isFrozen = false;
  #death: PlannedDeath | undefined;

  constructor(store: MemoryStore, options: MemoryOpenOptions) {
    this.store = store;
    this.#timeoutMs = options.operationTimeoutMs ?? OPERATION_TIMEOUT_MS;
    this.#endings.add(store.onUp(() => this.#wake()));
  }

  get clock(): Clock {
    return this.store.clock;
  }

  /** As kill -9: what it holds is freed when its leases end. */
  kill(): void {
    if (this.#state === "open") {
      this.#state = "dead";
      this.#endAll();
    }
  }

  /** As SIGSTOP: no sign of life; operations and callbacks wait for `thaw`, without a bound. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** As SIGCONT. */
  thaw(): void {
    this.#isFrozen = false;
    this.#wake();
  }

  /**
   * Dies at a write: `count` more node writes are done, then as `kill`. The next one isn't done, unless
   * `isLastApplied`: then it is, and only its answer is lost. A batch counts each of its writes, but chunks
   * stay whole.
   */
  crashAfterWrites(count: number, options: { readonly isLastApplied?: boolean } = {}): void {
    this.#death = { writesLeft: count, isLastApplied: options.isLastApplied ?? false };
  }

  /** Whether it was killed, or died at its planned write. */
  isDead(): boolean {
    return this.#state === "dead";
  }

  /** Whether it can give signs of life right now. */
  isConnected(): boolean {
    return this.#state === "open" && !this.#isFrozen && !this.store.isDown();
  }

  isFrozen(): boolean {
    return this.#isFrozen;
  }

  async get(path: string): Promise<CoordinatorNode | undefined> {
    checkPath(path);
    await this.admit();
    return this.store.get(path);
  }

  async list(path: string): Promise<readonly string[]> {
    checkPath(path);
    await this.admit();
    return this.store.list(path);
  }

  async readChildren(path: string): Promise<readonly CoordinatorNode[]> {
    const names = await this.list(path);
    return names.flatMap((name) => this.store.get(`${path}/${name}`) ?? []);
  }

  write(writes: readonly NodeWrite[]): Promise<readonly (NodeVersion | undefined)[]> {
    return this.writeChunks(writes, () => undefined);
  }

  /** As `write`; `guard` is called right before each chunk and may throw. */
  async writeChunks(
    writes: readonly NodeWrite[],
    guard: () => void,
  ): Promise<readonly (NodeVersion | undefined)[]> {
    checkWrites(writes);
    const versions: (NodeVersion | undefined)[] = [];
    for (let start = 0; start < writes.length; start += this.store.chunkSize) {
      // Within an outage guards fail too, and say more than "unreachable" would.
      guard();
      await this.admit();
      guard();
      const chunk = writes.slice(start, start + this.store.chunkSize);
      this.#dieIfPlanned(chunk);
      versions.push(...this.store.apply(chunk));
    }
    return versions;
  }

  async lead(request: LeadershipRequest): Promise<Leadership> {
    checkPath(request.lockPath);
    checkPath(request.epochPath);
    checkData(request.lockPath, request.data);
    await this.admit();
    const leadership = leadMemory(this, request, () => this.#leaderships.delete(leadership));
    this.#leaderships.add(leadership);
    return leadership;
  }

  watch(path: string, onChange: () => void): Watch {
    checkPath(path);
    let isPending = false;
    let isClosed = false;
    const call = (): void => {
      if (!isPending) {
        isPending = true;
        queueMicrotask(() => {
          isPending = false;
          if (!isClosed && this.#state === "open") {
            this.isConnected() ? onChange() : this.#wakers.add(call);
          }
        });
      }
    };
    const endings = [
      this.store.onUp(call),
      this.store.onChange((change: MemoryChange) => {
        if (concerns(path, change)) {
          call();
        }
      }),
    ];
    const watch: Watch = {
      close: () => {
        isClosed = true;
        this.#wakers.delete(call);
        this.#watches.delete(watch);
        for (const end of endings) {
          end();
        }
      },
    };
    this.#watches.add(watch);
    return watch;
  }

  register(path: string, data: string, options: RegistrationOptions): Registration {
    checkPath(path);
    checkData(path, data);
    const registration = new MemoryRegistration(this, { path, data, ...options }, () =>
      this.#registrations.delete(registration),
    );
    this.#registrations.add(registration);
    return registration;
  }

  async close(): Promise<void> {
    if (this.#state !== "open") {
      return;
    }
    await Promise.all([...this.#leaderships].map((leadership) => leadership.release()));
    await Promise.all([...this.#registrations].map((registration) => registration.close()));
    this.#state = "closed";
    this.#endAll();
  }

  /** Resolves when an operation may go on; rejects with COORDINATOR_UNREACHABLE at its bound. */
  async admit(): Promise<void> {
    let isLate = false;
    let timer = this.#armOperation(() => {
      isLate = true;
      this.#wake();
    });
    try {
      // Every operation takes a turn of the event loop, as it would anywhere else; else a loop of
      // operations would let no timer run.
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      while (this.#state === "open" && !this.isConnected()) {
        if (isLate && !this.#isFrozen) {
          throw new CodisError("COORDINATOR_UNREACHABLE", "memory: the store is down");
        }
        const wasFrozen = this.#isFrozen;
        await new Promise<void>((resolve) => {
          this.#wakers.add(resolve);
        });
        if (wasFrozen) {
          timer.cancel();
          isLate = false;
          timer = this.#armOperation(() => {
            isLate = true;
            this.#wake();
          });
        }
      }
    } finally {
      timer.cancel();
    }
    if (this.#state !== "open") {
      const what = this.#state === "dead" ? "its process was killed" : "the connection was closed";
      throw new CodisError("COORDINATOR_UNREACHABLE", `memory: ${what}`);
    }
  }

  #armOperation(run: () => void): { cancel(): void } {
    return this.clock.after(this.#timeoutMs, run);
  }

  #dieIfPlanned(chunk: readonly NodeWrite[]): void {
    const death = this.#death;
    if (death === undefined) {
      return;
    }
    if (death.writesLeft >= chunk.length) {
      death.writesLeft -= chunk.length;
      return;
    }
    if (death.isLastApplied) {
      this.store.apply(chunk);
    }
    this.kill();
    throw new CodisError("COORDINATOR_UNREACHABLE", "memory: its process was killed at a write");
  }

  #endAll(): void {
    for (const one of [...this.#leaderships, ...this.#registrations]) {
      one.abandon();
    }
    for (const watch of [...this.#watches]) {
      watch.close();
    }
    for (const end of this.#endings) {
      end();
    }
    this.#wake();
  }

  #wake(): void {
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) {
      wake();
    }
  }
}
