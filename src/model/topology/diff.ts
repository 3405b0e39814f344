/**
 * What has to be written to the coordinator to get from one topology to another. Pure; the store adds
 * versions and the journal.
 *
 * The order is safe for whoever reads the nodes half-way, an original dashboard for example: a group is
 * there before a slot refers to it, and no slot refers to it any more when it goes.
 */
import { coordinatorPath } from "../coordinator-path.ts";
import { encodeGroupNode, encodeProxyNode, encodeSentinelNode, encodeSlotNode } from "./node.ts";
import { findFault, type Topology } from "./topology.ts";

/** The new text of one node. */
export interface NodeChange {
  readonly path: string;
  /** undefined: the node goes. */
  readonly data: string | undefined;
}

/** The changes in a safe order; empty when both topologies have the same nodes. */
export function diffTopology(before: Topology, after: Topology): readonly NodeChange[] {
  const { product } = after;
  const groups = diffEntries(before.groups, after.groups, {
    pathOf: (id) => coordinatorPath.group(product, id),
    encode: encodeGroupNode,
  });
  const proxies = diffEntries(before.proxies, after.proxies, {
    pathOf: (token) => coordinatorPath.proxy(product, token),
    encode: encodeProxyNode,
  });
  return [
    ...groups.filter((change) => change.data !== undefined),
    ...diffSlots(before, after),
    ...groups.filter((change) => change.data === undefined),
    ...proxies,
    ...diffSentinel(before, after),
  ];
}

function diffSlots(before: Topology, after: Topology): readonly NodeChange[] {
  const changes: NodeChange[] = [];
  for (const slot of after.slots) {
    const old = before.slots[slot.id];
    const path = coordinatorPath.slot(after.product, slot.id);
    if (slot === old && !isRepaired(before, after, path)) {
      continue;
    }
    const data = encodeSlotNode(slot);
    if (old === undefined || data !== encodeSlotNode(old) || isRepaired(before, after, path)) {
      changes.push({ path, data });
    }
  }
  return changes;
}

function diffSentinel(before: Topology, after: Topology): readonly NodeChange[] {
  const data = encodeSentinelNode(after.sentinel);
  return data === encodeSentinelNode(before.sentinel)
    ? []
    : [{ path: coordinatorPath.sentinel(after.product), data }];
}

function diffEntries<Key, Entry>(
  before: ReadonlyMap<Key, Entry>,
  after: ReadonlyMap<Key, Entry>,
  node: { readonly pathOf: (key: Key) => string; readonly encode: (entry: Entry) => string },
): readonly NodeChange[] {
  const changes: NodeChange[] = [];
  for (const [key, entry] of after) {
    const old = before.get(key);
    if (entry !== old) {
      const data = node.encode(entry);
      if (old === undefined || data !== node.encode(old)) {
        changes.push({ path: node.pathOf(key), data });
      }
    }
  }
  for (const key of before.keys()) {
    if (!after.has(key)) {
      changes.push({ path: node.pathOf(key), data: undefined });
    }
  }
  return changes;
}

/** The node was garbage and isn't any more: it is written even when the garbage counted as the same. */
function isRepaired(before: Topology, after: Topology, path: string): boolean {
  return (
    before.faults !== after.faults &&
    findFault(before, path) !== undefined &&
    findFault(after, path) === undefined
  );
}
