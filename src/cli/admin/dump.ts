/**
 * `--config-dump`: a product as it lies in a coordinator, of Codis 3.x and ours (`/codis3`), or, with `-1`,
 * the whole tree of Codis 1.x and 2.x (`/zk/codis/db_NAME`). Reads only.
 */
import { encodeJson } from "../../api/error-form.ts";
import { CodisError } from "../../base/error.ts";
import type { Coordinator, NodeReader } from "../../coordinator/coordinator.ts";
import { parseJsonNode } from "../../model/json-record.ts";
import { readTopology } from "../../model/topology/reader.ts";
import { encodeDump } from "./dump-form.ts";

/** Nodes of an old tree; its log of actions only grows. */
const OLD_NODES_MAX = 200_000;
/** Nodes that are read at the same time. */
const PARALLEL_READS = 64;

/** The dump of a product. Throws NOT_FOUND, and MODEL_INVALID when a node can't be understood. */
export async function dumpProduct(coordinator: Coordinator, product: string): Promise<string> {
  const topology = await readTopology(coordinator, product);
  const [fault, ...more] = topology.faults;
  if (fault !== undefined) {
    const rest = more.length === 0 ? "" : `; and ${more.length} more nodes`;
    throw new CodisError(
      "MODEL_INVALID",
      `a dump would lack what can't be read: ${fault}${rest}; repair or delete that first`,
    );
  }
  if (topology.groups.size === 0 && topology.proxies.size === 0) {
    throw new CodisError(
      "NOT_FOUND",
      `there is no product ${product} in ${coordinator.label}; --dashboard-list shows all, and -1 looks ` +
        "for one of Codis 1.x or 2.x",
    );
  }
  return encodeDump({
    slots: topology.slots,
    groups: [...topology.groups.values()],
    proxies: [...topology.proxies.values()],
  });
}

/** Root of the tree of Codis 1.x and 2.x. */
function oldTreePath(product: string): string {
  return `/zk/codis/db_${product}`;
}

/**
 * The tree of Codis 1.x and 2.x as one JSON object: a node with children is an object, another one is its
 * own JSON, or null when it is empty. Throws NOT_FOUND, and MODEL_INVALID for a node that isn't JSON.
 */
export async function dumpOldTree(coordinator: Coordinator, product: string): Promise<string> {
  const path = oldTreePath(product);
  const tree = await new OldTreeReader(coordinator).read(path);
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) {
    throw new CodisError("NOT_FOUND", `there is nothing at ${path} in ${coordinator.label}`);
  }
  return `${encodeJson(tree)}\n`;
}

/** Reads a tree from its root down. */
class OldTreeReader {
  readonly #reader: NodeReader;
  #count = 0;

  constructor(reader: NodeReader) {
    this.#reader = reader;
  }

  async read(path: string): Promise<unknown> {
    this.#count++;
    if (this.#count > OLD_NODES_MAX) {
      throw new CodisError(
        "MODEL_INVALID",
        `there are more than ${OLD_NODES_MAX} nodes: shorten the log first, codis-config action gc -n 10`,
      );
    }
    const names = await this.#reader.list(path);
    if (names.length === 0) {
      const node = await this.#reader.get(path);
      return node === undefined || node.data === "" ? null : parseJsonNode(node.data, path);
    }
    const entries: (readonly [string, unknown])[] = [];
    for (let start = 0; start < names.length; start += PARALLEL_READS) {
      const part = names.slice(start, start + PARALLEL_READS);
      entries.push(
        ...(await Promise.all(
          part.map(async (name) => [name, await this.read(`${path}/${name}`)] as const),
        )),
      );
    }
    return Object.fromEntries(entries);
  }
}
