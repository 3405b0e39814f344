/**
 * Nodes of ZooKeeper as the contract of coordinators has them, on one session: reading, and writing in
 * chunks that are one transaction each, fenced if the caller asks.
 *
 * Every read begins with a barrier, so that it sees all that was acknowledged to anybody before. A chunk is
 * planned on what was seen, and planned anew when somebody else was faster, until its versions don't fit or
 * its time is over. Paths of callers don't have the root of the address list; everything sent has it.
 */
import { CodisError, isCodisError } from "../../base/error.ts";
import type { CoordinatorNode, NodeVersion } from "../coordinator.ts";
import { checkPath, checkWrites, compareNames, parentsOf } from "../node-check.ts";
import {
  type ChunkPlan,
  planChunk,
  type SeenNode,
  type StoreWrite,
  versionOf,
} from "./chunk-plan.ts";
import { isRace, toCodisError } from "./failure.ts";
import {
  barrierRequest,
  existsRequest,
  getChildrenRequest,
  getDataRequest,
  multiRequest,
  type NodeContent,
  type NodeEvent,
  type NodeStat,
  type Request,
  type Step,
  syncRequest,
} from "./protocol.ts";
import type { Session } from "./session.ts";

/** Bounds of one transaction; a server takes requests up to 1 MB by default, and so its peers. */
const CHUNK_WRITES_MAX = 256;
const CHUNK_BYTES_MAX = 512 * 1024;
/** What a write costs beside its text and path. */
const WRITE_BYTES = 64;
/** Pause before a chunk is planned anew, doubled each time. */
const RACE_PAUSE_FIRST_MS = 2;
const RACE_PAUSE_MS_MAX = 200;

/** Must hold for a chunk to be written. */
export interface Fence {
  readonly path: string;
  /** ZooKeeper's data version of that node. */
  readonly dataVersion: number;
}

/** What a store is made of. */
export interface NodeStoreOptions {
  /** Path in front of all paths; may be empty. */
  readonly root: string;
  /** New nodes belong to the login. */
  readonly hasAuth: boolean;
  /** Bound of one operation. */
  readonly operationTimeoutMs: number;
}

/** Outcome of `write`. */
export interface Written {
  readonly versions: readonly (NodeVersion | undefined)[];
  /** ZooKeeper's data version of a node of the last chunk. */
  dataVersionOf(path: string): number | undefined;
}

/** A node with the facts that only ZooKeeper knows. */
export interface StoredNode extends CoordinatorNode {
  readonly stat: NodeStat;
}

/** Reads and writes on a session. */
export class NodeStore {
  readonly session: Session;
  readonly #options: NodeStoreOptions;

  constructor(session: Session, options: NodeStoreOptions) {
    this.session = session;
    this.#options = options;
  }

  /** End of an operation that begins now, on the monotonic clock. */
  deadline(): number {
    return performance.now() + this.#options.operationTimeoutMs;
  }

  /** The path of the caller that an event is about; undefined for one outside. */
  pathOf(event: NodeEvent): string | undefined {
    const { root } = this.#options;
    return event.path.startsWith(`${root}/`) ? event.path.slice(root.length) : undefined;
  }

  /** undefined for an inner node, too. `isWatched` leaves a watch if the node is there, text or not. */
  async get(path: string, isWatched = false): Promise<StoredNode | undefined> {
    checkPath(path);
    const deadline = this.deadline();
    const [, content] = await Promise.all([
      this.session.call(barrierRequest(this.#full(path)), deadline),
      this.session.call(getDataRequest(this.#full(path), isWatched), deadline),
    ]);
    return toNode(path, content);
  }

  async list(path: string): Promise<readonly string[]> {
    checkPath(path);
    return this.#list(path, this.deadline());
  }

  async readChildren(path: string): Promise<readonly CoordinatorNode[]> {
    checkPath(path);
    const deadline = this.deadline();
    const names = await this.#list(path, deadline);
    const nodes = await Promise.all(
      names.map(async (name) => {
        const child = `${path}/${name}`;
        return toNode(
          child,
          await this.session.call(getDataRequest(this.#full(child), false), deadline),
        );
      }),
    );
    return nodes
      .filter((node) => node !== undefined)
      .map(({ path: child, data, version }) => ({ path: child, data, version }));
  }

  /** Leaves a watch that tells when the node is made, written or removed. */
  async watchNode(path: string): Promise<void> {
    await this.session.call(existsRequest(this.#full(path), true), this.deadline());
  }

  /** Leaves a watch that tells when children come or go, if the node is there; the children. */
  async watchChildren(path: string): Promise<readonly string[]> {
    const request = getChildrenRequest(this.#full(path), true);
    return (await this.session.call(request, this.deadline())) ?? [];
  }

  /** Leaves a watch that tells when the node is written or removed; false when it isn't there. */
  async watchText(path: string): Promise<boolean> {
    const request = getDataRequest(this.#full(path), true);
    return (await this.session.call(request, this.deadline())) !== undefined;
  }

  /** Resolves when the leader of the ensemble has answered: this server isn't cut off from it. */
  async sync(path: string, withinMs = this.#options.operationTimeoutMs): Promise<void> {
    const deadline = performance.now() + withinMs;
    await this.session.call(syncRequest(this.#full(path)), deadline);
  }

  /** As `NodeWriter.write`. Throws LEADERSHIP_LOST when a fence doesn't hold. */
  async write(writes: readonly StoreWrite[], fences: readonly Fence[] = []): Promise<Written> {
    checkWrites(writes);
    const deadline = this.deadline();
    const versions: (NodeVersion | undefined)[] = [];
    let plan: ChunkPlan | undefined;
    for (const chunk of chunksOf(writes)) {
      const done = await this.#writeChunk(chunk, fences, deadline);
      versions.push(...done.plan.versions(done.zxid));
      plan = done.plan;
    }
    return { versions, dataVersionOf: (path) => plan?.dataVersionOf(this.#full(path)) };
  }

  /** Throws LEADERSHIP_LOST when a fence doesn't hold; a majority of the servers has been asked. */
  async confirm(fences: readonly Fence[]): Promise<void> {
    await this.#commit([], fences, this.deadline());
  }

  async #list(path: string, deadline: number): Promise<readonly string[]> {
    const [, names] = await Promise.all([
      this.session.call(barrierRequest(this.#full(path)), deadline),
      this.session.call(getChildrenRequest(this.#full(path), false), deadline),
    ]);
    return [...(names ?? [])].sort(compareNames);
  }

  async #writeChunk(
    chunk: readonly StoreWrite[],
    fences: readonly Fence[],
    deadline: number,
  ): Promise<{ readonly plan: ChunkPlan; readonly zxid: bigint }> {
    const writes = chunk.map((write) => ({ ...write, path: this.#full(write.path) }));
    for (let pauseMs = RACE_PAUSE_FIRST_MS; ; pauseMs = Math.min(RACE_PAUSE_MS_MAX, pauseMs * 2)) {
      const plan = await this.#planOnLook(writes, deadline);
      const zxid = await this.#commit(plan.steps, fences, deadline);
      if (zxid !== undefined) {
        return { plan, zxid };
      }
      if (performance.now() + pauseMs >= deadline) {
        throw new CodisError(
          "COORDINATOR_UNREACHABLE",
          `others write in ${chunk[0]?.path} all the time; nothing was written there`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs * Math.random()));
    }
  }

  /** A look after a `sync` is cheap and nearly always new enough; only a conflict has to be certain. */
  async #planOnLook(writes: readonly StoreWrite[], deadline: number): Promise<ChunkPlan> {
    const seen = await this.#look(writes, syncRequest("/"), deadline);
    try {
      return this.#plan(writes, seen);
    } catch (thrown) {
      if (!isCodisError(thrown, "COORDINATOR_CONFLICT")) {
        throw thrown;
      }
    }
    return this.#plan(writes, await this.#look(writes, barrierRequest("/"), deadline));
  }

  #plan(writes: readonly StoreWrite[], seen: ReadonlyMap<string, SeenNode | undefined>): ChunkPlan {
    try {
      return planChunk(writes, seen);
    } catch (thrown) {
      const { root } = this.#options;
      if (root !== "" && isCodisError(thrown, "COORDINATOR_CONFLICT")) {
        throw new CodisError(thrown.code, thrown.message.replace(root, ""), {
          context: { path: String(thrown.context["path"]).slice(root.length) },
        });
      }
      throw thrown;
    }
  }

  /** The number of the transaction; undefined when somebody else was faster and nothing was done. */
  async #commit(
    steps: readonly Step[],
    fences: readonly Fence[],
    deadline: number,
  ): Promise<bigint | undefined> {
    const checks = fences.map(
      ({ path, dataVersion }): Step => ({
        do: "check",
        path: this.#full(path),
        version: dataVersion,
      }),
    );
    const all = [...checks, ...steps];
    if (all.length === 0) {
      return 0n;
    }
    const request = multiRequest(all, this.#options.hasAuth);
    const { zxid, failure } = await this.session.call(request, deadline);
    if (failure === undefined) {
      return zxid;
    }
    if (!isRace(failure.answer)) {
      const path = all[failure.index]?.path ?? "/";
      throw toCodisError(this.session.label, path, failure.answer);
    }
    if (failure.index < checks.length) {
      const path = fences[failure.index]?.path;
      throw new CodisError(
        "LEADERSHIP_LOST",
        `${path} isn't this leader's any more: another one leads, or the lock was removed by hand`,
      );
    }
    return undefined;
  }

  /** The nodes of a chunk and all nodes above them, parents before their children. */
  async #look(
    writes: readonly StoreWrite[],
    before: Request<void>,
    deadline: number,
  ): Promise<ReadonlyMap<string, SeenNode | undefined>> {
    const paths = new Set(["/", ...writes.flatMap(({ path }) => [...parentsOf(path), path])]);
    const parentsFirst = [...paths].sort((left, right) => left.length - right.length);
    const [, seen] = await Promise.all([
      this.session.call(before, deadline),
      Promise.all(parentsFirst.map((path) => this.#lookAt(path, deadline))),
    ]);
    return new Map(seen);
  }

  async #lookAt(path: string, deadline: number): Promise<readonly [string, SeenNode | undefined]> {
    const stat = await this.session.call(existsRequest(path, false), deadline);
    if (stat === undefined) {
      return [path, undefined];
    }
    if (stat.dataLength > 0 || stat.childCount > 0) {
      return [path, { stat, hasText: stat.dataLength > 0 }];
    }
    // Without text, or with an empty one: only the bytes themselves tell.
    const content = await this.session.call(getDataRequest(path, false), deadline);
    return [path, content && { stat: content.stat, hasText: hasText(content) }];
  }

  #full(path: string): string {
    return this.#options.root + path;
  }
}

/**
 * Inner nodes of ours have no bytes (null), those of an original dashboard have none either, but not null
 * (empty); a node of ours with an empty text has no children.
 */
function hasText({ bytes, stat }: NodeContent): boolean {
  return bytes !== null && (bytes.length > 0 || stat.childCount === 0);
}

function toNode(path: string, content: NodeContent | undefined): StoredNode | undefined {
  if (content === undefined || content.bytes === null || !hasText(content)) {
    return undefined;
  }
  const { bytes, stat } = content;
  return { path, data: bytes.toString(), version: versionOf(stat), stat };
}

/** In their order; each within the bounds of a transaction, but for one write that is larger alone. */
function chunksOf(writes: readonly StoreWrite[]): readonly (readonly StoreWrite[])[] {
  const chunks: StoreWrite[][] = [];
  let chunk: StoreWrite[] = [];
  let bytes = 0;
  for (const write of writes) {
    const size = WRITE_BYTES + Buffer.byteLength(write.path) + Buffer.byteLength(write.data ?? "");
    const isFull = chunk.length >= CHUNK_WRITES_MAX || bytes + size > CHUNK_BYTES_MAX;
    if (chunk.length > 0 && isFull) {
      chunks.push(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(write);
    bytes += size;
  }
  return chunk.length > 0 ? [...chunks, chunk] : chunks;
}
