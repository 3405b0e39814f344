/**
 * Topology to nodes of the coordinator and back: which text lies at which path. The layout and the texts
 * are those of Codis 3.2, byte for byte.
 *
 * A node that can't be understood becomes a line of `faults` and its slot, group or proxy is left out; the
 * rest is read. Nothing here reads or writes; see `reader.ts` and `dashboard/topology`.
 */
import { CodisError, messageOf } from "../../base/error.ts";
import { encodeGoJson } from "../../base/go-json.ts";
import {
  coordinatorPath,
  groupIdOfName,
  proxyTokenOfName,
  slotIdOfName,
} from "../coordinator-path.ts";
import { decodeGroup, type GroupRecord, groupToJson } from "../group.ts";
import { parseJsonNode } from "../json-record.ts";
import { isProxyToken } from "../proxy-model.ts";
import { decodeProxyRecord, type ProxyRecord, proxyRecordToJson } from "../proxy-record.ts";
import { decodeSentinel, NO_SENTINELS, type SentinelRecord, sentinelToJson } from "../sentinel.ts";
import type { SlotCount } from "../slot.ts";
import { decodeSlotMapping, type SlotMapping, slotMappingToJson } from "../slot-mapping.ts";
import { emptyTopology, type Topology } from "./topology.ts";

/** A node and its text. */
export interface NodeText {
  readonly path: string;
  readonly data: string;
}

/** Text of a slot's node. */
export function encodeSlotNode(slot: SlotMapping): string {
  return encodeGoJson(slotMappingToJson(slot));
}

/** Text of a group's node. */
export function encodeGroupNode(group: GroupRecord): string {
  return encodeGoJson(groupToJson(group));
}

/** Text of a proxy's node. */
export function encodeProxyNode(proxy: ProxyRecord): string {
  return encodeGoJson(proxyRecordToJson(proxy));
}

/** Text of the sentinels' node. */
export function encodeSentinelNode(sentinel: SentinelRecord): string {
  return encodeGoJson(sentinelToJson(sentinel));
}

/**
 * The topology that lies in the nodes, with revision 0. `nodes` are all children of the folders of slots,
 * groups and proxies, and the sentinels' node if there is one; others are ignored.
 */
export function decodeTopology(
  product: string,
  slotCount: SlotCount,
  nodes: Iterable<NodeText>,
): Topology {
  const decoder = new TopologyDecoder(product, slotCount);
  for (const node of nodes) {
    decoder.add(node);
  }
  return decoder.finish();
}

/** Collects the parts of a topology, node after node. */
class TopologyDecoder {
  readonly #base: Topology;
  readonly #slots: SlotMapping[];
  readonly #groups: GroupRecord[] = [];
  readonly #proxies: ProxyRecord[] = [];
  readonly #faults: string[] = [];
  readonly #folders: readonly (readonly [string, (name: string, node: NodeText) => void])[];
  readonly #sentinelPath: string;
  #sentinel: SentinelRecord = NO_SENTINELS;

  constructor(product: string, slotCount: SlotCount) {
    this.#base = emptyTopology(product, slotCount);
    this.#slots = [...this.#base.slots];
    this.#sentinelPath = coordinatorPath.sentinel(product);
    this.#folders = [
      [`${coordinatorPath.slots(product)}/`, (name, node) => this.#addSlot(name, node)],
      [`${coordinatorPath.groups(product)}/`, (name, node) => this.#addGroup(name, node)],
      [`${coordinatorPath.proxies(product)}/`, (name, node) => this.#addProxy(name, node)],
    ];
  }

  add(node: NodeText): void {
    try {
      if (node.path === this.#sentinelPath) {
        this.#sentinel = decodeSentinel(parseJsonNode(node.data, node.path), node.path);
      }
      for (const [folder, add] of this.#folders) {
        if (node.path.startsWith(folder)) {
          add(node.path.slice(folder.length), node);
        }
      }
    } catch (thrown) {
      if (!(thrown instanceof CodisError)) {
        throw thrown;
      }
      this.#faults.push(messageOf(thrown));
    }
  }

  finish(): Topology {
    this.#groups.sort((one, other) => one.id - other.id);
    this.#proxies.sort(compareProxies);
    return {
      ...this.#base,
      slots: this.#slots,
      groups: new Map(this.#groups.map((group) => [group.id, group])),
      proxies: new Map(this.#proxies.map((proxy) => [proxy.token, proxy])),
      sentinel: this.#sentinel,
      faults: this.#faults,
    };
  }

  #addSlot(name: string, node: NodeText): void {
    const id = slotIdOfName(name);
    const last = this.#base.slotCount - 1;
    if (id === undefined || id > last) {
      throw wrongName(node, `slot-0000 to slot-${last}`);
    }
    this.#slots[id] = decodeSlotMapping(parseJsonNode(node.data, node.path), node.path, id);
  }

  #addGroup(name: string, node: NodeText): void {
    const id = groupIdOfName(name);
    if (id === undefined || id === 0) {
      throw wrongName(node, "group-0001 to group-9999");
    }
    this.#groups.push(decodeGroup(parseJsonNode(node.data, node.path), node.path, id));
  }

  #addProxy(name: string, node: NodeText): void {
    const token = proxyTokenOfName(name);
    if (token === undefined || !isProxyToken(token)) {
      throw wrongName(node, "proxy- and a token");
    }
    this.#proxies.push(decodeProxyRecord(parseJsonNode(node.data, node.path), node.path, token));
  }
}

/** By id; by token where two have one id, so that the order is always the same. */
export function compareProxies(one: ProxyRecord, other: ProxyRecord): number {
  return one.id - other.id || (one.token < other.token ? -1 : 1);
}

function wrongName(node: NodeText, expected: string): CodisError {
  return new CodisError("MODEL_INVALID", `${node.path}: the name of the node must be ${expected}`);
}
