/**
 * Writes as transactions of etcd: cuts them into chunks that a server takes with its default settings, and
 * says what came of each.
 */
import { CodisError } from "../../base/error.ts";
import { ABSENT, ANY, type NodeVersion, type NodeWrite } from "../coordinator.ts";
import {
  type EtcdNode,
  isWrittenAt,
  putOf,
  toBase64,
  toNode,
  versionOf,
  type WireCompare,
  type WireOperation,
  type WireTxn,
} from "./wire.ts";

/** Writes of one transaction: a server takes 128 operations and as many conditions; a fence adds two. */
const CHUNK_WRITES_MAX = 120;
/** Bytes of paths and texts in one transaction of several writes; a server takes 1.5 MiB with all around. */
const CHUNK_BYTES_MAX = 1_000_000;
/** A version that this store can have given. */
const VERSION_PATTERN = /^[1-9]\d{0,18}$/;

/** The writes in their order, cut so that each part can be one transaction. No path is twice in one. */
export function cutIntoChunks(writes: readonly NodeWrite[]): readonly (readonly NodeWrite[])[] {
  const chunks: NodeWrite[][] = [];
  let paths = new Set<string>();
  let byteCount = 0;
  for (const write of writes) {
    const bytes = 3 * Buffer.byteLength(write.path) + Buffer.byteLength(write.data ?? "");
    const isFull =
      paths.size >= CHUNK_WRITES_MAX ||
      byteCount + bytes > CHUNK_BYTES_MAX ||
      paths.has(write.path);
    if (chunks.length === 0 || isFull) {
      chunks.push([]);
      paths = new Set();
      byteCount = 0;
    }
    chunks.at(-1)?.push(write);
    paths.add(write.path);
    byteCount += bytes;
  }
  return chunks;
}

/** What a chunk demands of the nodes that it writes. Throws COORDINATOR_CONFLICT for a version of another store. */
export function conditionsOf(chunk: readonly NodeWrite[]): WireCompare[] {
  return chunk
    .filter((write) => write.expected !== ANY)
    .map((write) => {
      if (write.expected === ABSENT) {
        return isWrittenAt(write.path, "0");
      }
      if (!VERSION_PATTERN.test(write.expected)) {
        throw conflict(write.path, "the expected version isn't one of etcd");
      }
      return isWrittenAt(write.path, write.expected);
    });
}

/** The steps of a chunk, in its order. */
export function stepsOf(chunk: readonly NodeWrite[]): WireOperation[] {
  return chunk.map((write) =>
    write.data === undefined
      ? { request_delete_range: { key: toBase64(write.path) } }
      : putOf(write.path, write.data),
  );
}

/** The steps that read what the conditions of a chunk are about, to name the one that failed. */
export function looksOf(chunk: readonly NodeWrite[]): WireOperation[] {
  return chunk.filter((write) => write.expected !== ANY).map((write) => versionOf(write.path));
}

/** The versions after a chunk was written at a revision. */
export function versionsAt(
  chunk: readonly NodeWrite[],
  revision: string,
): readonly (NodeVersion | undefined)[] {
  return chunk.map((write) => (write.data === undefined ? undefined : revision));
}

/** The versions of a chunk if these nodes, which were read just now, are what it was to make; else undefined. */
export function versionsIfWritten(
  chunk: readonly NodeWrite[],
  nodes: ReadonlyMap<string, EtcdNode>,
): readonly (NodeVersion | undefined)[] | undefined {
  const isWritten = chunk.every(({ path, data }) => nodes.get(path)?.data === data);
  return isWritten ? chunk.map(({ path }) => nodes.get(path)?.modRevision) : undefined;
}

/** The keys that a transaction read, by path; answers of `looksOf` and of the steps beside it. */
export function nodesOf(answer: WireTxn): ReadonlyMap<string, EtcdNode> {
  const nodes = (answer.responses ?? []).flatMap((response) => response.response_range?.kvs ?? []);
  return new Map(nodes.map(toNode).map((node) => [node.path, node]));
}

/** The error for a chunk whose conditions weren't met by these nodes. */
export function conflictOf(
  chunk: readonly NodeWrite[],
  nodes: ReadonlyMap<string, EtcdNode>,
): CodisError {
  for (const { path, expected } of chunk) {
    const found = nodes.get(path)?.modRevision ?? ABSENT;
    if (expected !== ANY && expected !== found) {
      return conflict(path, `expected version ${expected}, found ${found}`);
    }
  }
  return conflict(chunk[0]?.path ?? "nothing", "it was changed meanwhile");
}

function conflict(path: string, why: string): CodisError {
  return new CodisError(
    "COORDINATOR_CONFLICT",
    `${path} was changed by somebody else: ${why}; read it again`,
    { context: { path } },
  );
}
