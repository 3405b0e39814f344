/**
 * Makes one transaction of a chunk of writes: checks the expected versions against what was seen, adds the
 * parents that are missing, and guards against what could change before the transaction runs. Pure.
 *
 * Why guards: ZooKeeper compares a node's data version only, and that starts at 0 again when a node is
 * deleted and made anew. A guard pins the number of children that were ever made under a parent: it makes a
 * sequential node, whose name ends in that number, and deletes the name that it must have got. When a
 * child was made meanwhile, also a node made anew, there is no such name and all of it fails. It is never seen.
 */
import { CodisError } from "../../base/error.ts";
import { ABSENT, ANY, type NodeVersion, type NodeWrite } from "../coordinator.ts";
import { parentsOf } from "../node-check.ts";
import { ANY_VERSION, type NodeStat, type Step } from "./protocol.ts";

/** A write, of a node that may live with the session that makes it. */
export interface StoreWrite extends NodeWrite {
  readonly isEphemeral?: boolean;
}

/** A node as it was seen before the transaction. */
export interface SeenNode {
  readonly stat: NodeStat;
  /** False for an inner node. */
  readonly hasText: boolean;
}

/** A transaction that does a chunk of writes. */
export interface ChunkPlan {
  /** None when there is nothing to do. */
  readonly steps: readonly Step[];
  /** Versions of the writes, in their order, when the transaction has this number. */
  versions(zxid: bigint): readonly (NodeVersion | undefined)[];
  /** ZooKeeper's data version of a node that the chunk leaves behind; undefined for others. */
  dataVersionOf(path: string): number | undefined;
}

/** Name of guards; they exist only inside a transaction. */
const GUARD_NAME = "codis-guard-";
const COUNT_DIGITS = 10;

/** The version of a text that was read. */
export function versionOf(stat: NodeStat): NodeVersion {
  return stat.mzxid.toString(16);
}

/** The parent of a path; `/` for a name at the top. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

/**
 * `seen` has every written node and every node above, the root included; undefined: not there. Parents must
 * have been looked at before their children. Throws COORDINATOR_CONFLICT.
 */
export function planChunk(
  writes: readonly StoreWrite[],
  seen: ReadonlyMap<string, SeenNode | undefined>,
): ChunkPlan {
  return new ChunkPlanner(seen).plan(writes);
}

/** A node in the middle of the chunk. */
interface NodeState {
  isThere: boolean;
  hasText: boolean;
  dataVersion: number;
  childCount: number;
  /** Version of the text; undefined once the chunk has written the node, or without a text. */
  version: NodeVersion | undefined;
  /** Whether the chunk has made, written or removed it. */
  isTouched: boolean;
}

class ChunkPlanner {
  readonly #seen: ReadonlyMap<string, SeenNode | undefined>;
  readonly #states = new Map<string, NodeState>();
  readonly #guarded = new Set<string>();
  readonly #steps: Step[] = [];
  /** Index of the last write of each path. */
  readonly #lastWrites = new Map<string, number>();

  constructor(seen: ReadonlyMap<string, SeenNode | undefined>) {
    this.#seen = seen;
  }

  plan(writes: readonly StoreWrite[]): ChunkPlan {
    for (const [index, write] of writes.entries()) {
      this.#check(write);
      if (write.data === undefined) {
        this.#delete(write);
      } else {
        this.#put(write, Buffer.from(write.data));
      }
      this.#lastWrites.set(write.path, index);
    }
    return {
      steps: [...this.#guards(), ...this.#steps],
      versions: (zxid) => writes.map((write, index) => this.#newVersion(write, index, zxid)),
      dataVersionOf: (path) =>
        this.#lastWrites.has(path) && this.#state(path).isThere
          ? this.#state(path).dataVersion
          : undefined,
    };
  }

  #newVersion(write: StoreWrite, index: number, zxid: bigint): NodeVersion | undefined {
    if (write.data === undefined) {
      return undefined;
    }
    const version = zxid.toString(16);
    // A text that the same chunk has replaced was never there for anybody.
    return this.#lastWrites.get(write.path) === index ? version : `${version}-${index}`;
  }

  /** Throws COORDINATOR_CONFLICT when the node isn't what the write expects. */
  #check(write: StoreWrite): void {
    const { expected, path } = write;
    const state = this.#state(path);
    if (expected === ANY) {
      return;
    }
    const current = state.hasText ? (state.version ?? "") : ABSENT;
    if (current !== expected || (write.isEphemeral === true && state.isThere)) {
      const change = !state.isThere
        ? "is gone"
        : expected === ABSENT
          ? "exists already"
          : "was changed meanwhile";
      throw new CodisError("COORDINATOR_CONFLICT", `${path} ${change}; nothing was written there`, {
        context: { path },
      });
    }
    if (state.isThere && !state.isTouched) {
      this.#guarded.add(parentOf(path));
    }
  }

  #put(write: StoreWrite, bytes: Buffer): void {
    const { path } = write;
    const state = this.#state(path);
    if (state.isThere) {
      const version = write.expected === ANY ? ANY_VERSION : state.dataVersion;
      this.#steps.push({ do: "set", path, bytes, version });
      state.dataVersion += 1;
    } else {
      this.#makeParents(path);
      const kind = write.isEphemeral === true ? "ephemeral" : "lasting";
      this.#steps.push({ do: "create", path, bytes, kind });
      this.#made(path);
    }
    state.hasText = true;
    state.version = undefined;
    state.isTouched = true;
  }

  #delete(write: StoreWrite): void {
    const { path } = write;
    const state = this.#state(path);
    if (!state.hasText) {
      this.#proveAbsence(path, state);
      return;
    }
    const version = write.expected === ANY ? ANY_VERSION : state.dataVersion;
    if (state.childCount > 0) {
      this.#steps.push({ do: "set", path, bytes: null, version });
      state.dataVersion += 1;
    } else {
      this.#steps.push({ do: "delete", path, version });
      state.isThere = false;
      this.#state(parentOf(path)).childCount -= 1;
    }
    state.hasText = false;
    state.version = undefined;
    state.isTouched = true;
  }

  /**
   * A node that shall be deleted and isn't there: nothing to do, but the other writes of the chunk may only
   * happen while it still isn't there. It is made and deleted, with the parents that are missing.
   */
  #proveAbsence(path: string, state: NodeState): void {
    if (state.isTouched) {
      return;
    }
    if (state.isThere) {
      this.#steps.push({ do: "check", path, version: state.dataVersion });
      this.#guarded.add(parentOf(path));
      return;
    }
    const missing = [...parentsOf(path), path].filter((one) => !this.#state(one).isThere);
    for (const one of missing) {
      this.#steps.push({ do: "create", path: one, bytes: null, kind: "lasting" });
    }
    for (const one of missing.reverse()) {
      this.#steps.push({ do: "delete", path: one, version: ANY_VERSION });
    }
  }

  #makeParents(path: string): void {
    for (const parent of parentsOf(path)) {
      if (!this.#state(parent).isThere) {
        this.#steps.push({ do: "create", path: parent, bytes: null, kind: "lasting" });
        this.#made(parent);
      }
    }
  }

  #made(path: string): void {
    const state = this.#state(path);
    state.isThere = true;
    state.dataVersion = 0;
    state.childCount = 0;
    state.isTouched = true;
    this.#state(parentOf(path)).childCount += 1;
  }

  #guards(): readonly Step[] {
    return [...this.#guarded].flatMap((parent): Step[] => {
      const stat = this.#seen.get(parent)?.stat;
      if (stat === undefined) {
        return [];
      }
      const prefix = `${parent === "/" ? "" : parent}/${GUARD_NAME}`;
      // `cversion` counts children made and removed; those that are left were made and not removed.
      const made = (stat.cversion + stat.childCount) / 2;
      const name = prefix + String(made).padStart(COUNT_DIGITS, "0");
      return [
        { do: "create", path: prefix, bytes: null, kind: "sequential" },
        { do: "delete", path: name, version: ANY_VERSION },
      ];
    });
  }

  #state(path: string): NodeState {
    const known = this.#states.get(path);
    if (known !== undefined) {
      return known;
    }
    const node = this.#seen.get(path);
    const state: NodeState = {
      isThere: node !== undefined,
      hasText: node?.hasText === true,
      dataVersion: node?.stat.version ?? 0,
      childCount: node?.stat.childCount ?? 0,
      version: node?.hasText === true ? versionOf(node.stat) : undefined,
      isTouched: false,
    };
    this.#states.set(path, state);
    return state;
  }
}
