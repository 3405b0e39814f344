/**
 * The data of the coordinator for tests: nodes in memory that several connections share, as several
 * processes share a real one. Nothing of it outlives the process.
 *
 * Everything here happens at once and in one turn; waiting, outages and lost processes are the affair of
 * the connections (`memory-coordinator.ts`). Leases run out by the store's clock.
 */
import { type Clock, type ClockTimer, systemClock } from "../../base/clock.ts";
import { CodisError } from "../../base/error.ts";
import {
  ABSENT,
  ANY,
  type CoordinatorNode,
  type NodeVersion,
  type NodeWrite,
} from "../coordinator.ts";
import { compareNames } from "../node-check.ts";
import type { MemoryChange } from "./memory-change.ts";
import { MemoryCoordinator, type MemoryOpenOptions } from "./memory-coordinator.ts";

/** A node of the store. */
interface StoredNode {
  readonly data: string;
  readonly version: NodeVersion;
  /** The node goes when this lease ends; undefined: it stays. */
  readonly lease: MemoryLease | undefined;
}

/** A time within which its owner must give a sign of life. */
export interface MemoryLease {
  /** Extends the lease; false when it has ended. */
  renew(): boolean;
  isAlive(): boolean;
  /** Ends it now; its nodes are removed. */
  end(): void;
}

/** How a store behaves. */
export interface MemoryStoreOptions {
  readonly clock?: Clock;
  /** Writes in one chunk; default 1, so that a crash can come between any two. */
  readonly chunkSize?: number;
}

/** A new, empty store. */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  return new MemoryStore(options);
}

/** Nodes, leases, and the outage that a test can make. */
export class MemoryStore {
  readonly clock: Clock;
  readonly chunkSize: number;
  readonly #nodes = new Map<string, StoredNode>();
  readonly #listeners = new Set<(change: MemoryChange) => void>();
  readonly #upListeners = new Set<() => void>();
  #lastVersion = 0;
  #isDown = false;
  #writeCount = 0;

  constructor(options: MemoryStoreOptions) {
    this.clock = options.clock ?? systemClock;
    this.chunkSize = options.chunkSize ?? 1;
  }

  /** A new connection. */
  open(options: MemoryOpenOptions = {}): MemoryCoordinator {
    return new MemoryCoordinator(this, options);
  }

  /** Starts or ends an outage: meanwhile all operations wait, up to their bound. Leases go on running out. */
  setDown(isDown: boolean): void {
    const isBack = this.#isDown && !isDown;
    this.#isDown = isDown;
    if (isBack) {
      for (const listener of [...this.#upListeners]) {
        listener();
      }
    }
  }

  /** Whether there is an outage. */
  isDown(): boolean {
    return this.#isDown;
  }

  /** Nodes written or deleted so far by all connections, leases that ended not counted. */
  writeCount(): number {
    return this.#writeCount;
  }

  /** Texts by path at this moment, in order of the paths; for comparing in tests. */
  snapshot(): ReadonlyMap<string, string> {
    const paths = [...this.#nodes.keys()].sort(compareNames);
    return new Map(paths.map((path) => [path, this.#nodes.get(path)?.data ?? ""]));
  }

  /** Calls back after each change; the result ends that. */
  onChange(listener: (change: MemoryChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back at the end of each outage; the result ends that. */
  onUp(listener: () => void): () => void {
    this.#upListeners.add(listener);
    return () => this.#upListeners.delete(listener);
  }

  get(path: string): CoordinatorNode | undefined {
    const node = this.#nodes.get(path);
    return node === undefined ? undefined : { path, data: node.data, version: node.version };
  }

  /** The lease that the node hangs on; undefined for a node that stays, or none. */
  leaseOf(path: string): MemoryLease | undefined {
    return this.#nodes.get(path)?.lease;
  }

  list(path: string): readonly string[] {
    const prefix = `${path}/`;
    const names = new Set<string>();
    for (const other of this.#nodes.keys()) {
      if (other.startsWith(prefix)) {
        names.add(other.slice(prefix.length).split("/", 1)[0] ?? "");
      }
    }
    return [...names].sort(compareNames);
  }

  /** Applies one chunk whole, or throws COORDINATOR_CONFLICT and leaves everything as it was. */
  apply(writes: readonly NodeWrite[], lease?: MemoryLease): readonly (NodeVersion | undefined)[] {
    const before = new Map<string, StoredNode | undefined>();
    const versions: (NodeVersion | undefined)[] = [];
    for (const write of writes) {
      const node = this.#nodes.get(write.path);
      if (!before.has(write.path)) {
        before.set(write.path, node);
      }
      if (write.expected !== ANY && write.expected !== (node?.version ?? ABSENT)) {
        for (const [path, old] of before) {
          this.#set(path, old);
        }
        throw new CodisError("COORDINATOR_CONFLICT", `${write.path} was changed by somebody else`);
      }
      const next = write.data === undefined ? undefined : this.#makeNode(write.data, lease);
      this.#set(write.path, next);
      versions.push(next?.version);
    }
    this.#writeCount += writes.length;
    for (const [path, old] of before) {
      this.#tell({ path, isListChange: (old === undefined) !== !this.#nodes.has(path) });
    }
    return versions;
  }

  /** A lease of so many milliseconds from now. */
  grant(ttlMs: number): MemoryLease {
    let timer: ClockTimer | undefined;
    let isAlive = true;
    const end = (): void => {
      isAlive = false;
      timer?.cancel();
      for (const [path, node] of [...this.#nodes]) {
        if (node.lease === lease) {
          this.#nodes.delete(path);
          this.#tell({ path, isListChange: true });
        }
      }
    };
    const arm = (): void => {
      timer?.cancel();
      timer = this.clock.after(ttlMs, end);
    };
    const lease: MemoryLease = {
      renew() {
        if (isAlive) {
          arm();
        }
        return isAlive;
      },
      isAlive: () => isAlive,
      end,
    };
    arm();
    return lease;
  }

  #makeNode(data: string, lease: MemoryLease | undefined): StoredNode {
    this.#lastVersion += 1;
    return { data, version: `v${this.#lastVersion}`, lease };
  }

  #set(path: string, node: StoredNode | undefined): void {
    if (node === undefined) {
      this.#nodes.delete(path);
    } else {
      this.#nodes.set(path, node);
    }
  }

  #tell(change: MemoryChange): void {
    for (const listener of [...this.#listeners]) {
      listener(change);
    }
  }
}
