/**
 * Reads nodes. etcd's store is flat, so the children of a path are the distinct next parts of all keys
 * below it; what lies under a child is jumped over. Answers come in pages, all of one revision of the
 * store: a list is never half old and half new.
 */
import { isCodisError } from "../../base/error.ts";
import type { CoordinatorNode } from "../coordinator.ts";
import { checkPath, compareNames } from "../node-check.ts";
import type { Gateway } from "./gateway.ts";
import { monotonicMs } from "./wait.ts";
import { type EtcdNode, firstNode, fromBase64, toBase64, toNode, type WireRange } from "./wire.ts";

/** Keys of the first page with values: as many of the largest fit into one answer. */
const PAGE_KEYS_FIRST = 16;
/** Keys of a page, once it is seen that they are small, or without values. */
const PAGE_KEYS_MAX = 1_024;
const PAGE_GROWTH = 4;
/** A page larger than this, in bytes of values, isn't followed by a larger one. */
const PAGE_BYTES_GOOD = 1024 * 1024;
/** As a revision: the newest of the moment. */
const NEWEST = "0";
const SLASH = 0x2f;

/** Reads from one cluster; every read sees all that was acknowledged before, whoever wrote it. */
export class EtcdReader {
  readonly #gateway: Gateway;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  async get(path: string): Promise<CoordinatorNode | undefined> {
    checkPath(path);
    const answer = await this.#gateway.call<WireRange>({
      what: `read ${path}`,
      path: "/v3/kv/range",
      body: { key: toBase64(path) },
      mayRepeat: true,
    });
    const node = firstNode(answer);
    return node === undefined ? undefined : toCoordinatorNode(node);
  }

  async list(path: string): Promise<readonly string[]> {
    checkPath(path);
    const children = await this.#readBelow(path, true);
    return [...new Set(children.map((child) => child.name))].sort(compareNames);
  }

  async readChildren(path: string): Promise<readonly CoordinatorNode[]> {
    checkPath(path);
    const children = await this.#readBelow(path, false);
    return children.flatMap(({ node }) => (node === undefined ? [] : [toCoordinatorNode(node)]));
  }

  /** The children in order of the keys: one that has a text and something below it comes twice. */
  async #readBelow(path: string, isWithoutValues: boolean): Promise<readonly Child[]> {
    const prefix = Buffer.from(`${path}/`);
    const range = { range_end: toBase64(`${path}0`), keys_only: isWithoutValues };
    const endsAt = monotonicMs() + this.#gateway.operationMs;
    const children: Child[] = [];
    let from: Buffer | undefined = prefix;
    let revision = NEWEST;
    let limit = isWithoutValues ? PAGE_KEYS_MAX : PAGE_KEYS_FIRST;
    while (from !== undefined) {
      const body = { ...range, key: toBase64(from), limit, revision };
      const page: Page = await this.#readPage(path, body, endsAt);
      if (page === "too-large") {
        limit = Math.max(1, Math.floor(limit / PAGE_GROWTH));
      } else if (page === "compacted") {
        children.length = 0;
        from = prefix;
        revision = NEWEST;
      } else {
        revision = revision === NEWEST ? (page.header?.revision ?? NEWEST) : revision;
        from = takeChildren(page, prefix, children);
        limit = sizeOf(page) < PAGE_BYTES_GOOD ? limit * PAGE_GROWTH : limit;
        limit = Math.min(PAGE_KEYS_MAX, limit);
      }
    }
    return children;
  }

  async #readPage(
    path: string,
    body: { readonly revision: string; readonly limit: number },
    endsAt: number,
  ): Promise<Page> {
    const what = `read what is under ${path}`;
    const call = { what, path: "/v3/kv/range", body, mayRepeat: true, endsAt };
    try {
      return await this.#gateway.call<WireRange>(call);
    } catch (thrown) {
      if (isCodisError(thrown, "BODY_TOO_LARGE") && body.limit > 1) {
        return "too-large";
      }
      if (isCodisError(thrown, "STATE_CONFLICT") && body.revision !== NEWEST) {
        return "compacted";
      }
      throw thrown;
    }
  }
}

/** `compacted`: the revision of the pages before was forgotten meanwhile. */
type Page = WireRange | "too-large" | "compacted";

interface Child {
  readonly name: string;
  /** undefined for what lies deeper. */
  readonly node: EtcdNode | undefined;
}

/** Adds the children of a page; where the next page begins, undefined after the last one. */
function takeChildren(page: WireRange, prefix: Buffer, children: Child[]): Buffer | undefined {
  let next: Buffer | undefined;
  for (const wire of page.kvs ?? []) {
    const key = fromBase64(wire.key);
    const slash = key.indexOf(SLASH, prefix.length);
    const name = key.subarray(prefix.length, slash < 0 ? key.length : slash).toString("utf8");
    if (name !== "") {
      children.push({ name, node: slash < 0 ? toNode(wire) : undefined });
    }
    // After a key comes the key with a zero byte; after all that is below a child comes its name with 0.
    next =
      slash < 0
        ? Buffer.concat([key, Buffer.of(0)])
        : Buffer.concat([key.subarray(0, slash), Buffer.of(SLASH + 1)]);
  }
  return page.more === true ? next : undefined;
}

function sizeOf(page: WireRange): number {
  return (page.kvs ?? []).reduce((sum, wire) => sum + (wire.value?.length ?? 0), 0);
}

function toCoordinatorNode(node: EtcdNode): CoordinatorNode {
  return { path: node.path, data: node.data, version: node.modRevision };
}
