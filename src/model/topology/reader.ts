/**
 * Reads the whole of a product from a coordinator: a few calls in parallel, whatever its size. A change of
 * several nodes that is under way is seen as done, as its journal says.
 *
 * `readTopology` is for command lines, which don't lead: others may write while they read, so they read
 * until two readings agree. The leader's store uses the parts.
 */
import { CodisError } from "../../base/error.ts";
import { coordinatorPath, slotIdOfName } from "../coordinator-path.ts";
import { parseJsonNode, RecordReader } from "../json-record.ts";
import { SLOT_COUNTS, type SlotCount } from "../slot.ts";
import { decodeJournal, overlayWrites, planJournal, type VersionedNode } from "./journal.ts";
import { decodeTopology } from "./node.ts";
import type { Topology } from "./topology.ts";

/** What is needed of a coordinator; its `NodeReader` fits. */
export interface NodeSource {
  get(path: string): Promise<VersionedNode | undefined>;
  readChildren(path: string): Promise<readonly VersionedNode[]>;
}

/** All nodes of one product that make its topology. */
export interface ProductNodes {
  /** Slots, groups, proxies, and the list of sentinels, by path. */
  readonly nodes: ReadonlyMap<string, VersionedNode>;
  readonly settings: VersionedNode | undefined;
  readonly journal: VersionedNode | undefined;
}

/** Readings of `readTopology` before it gives up. */
const READS_MAX = 8;

/** Reads all nodes once; not consistent when somebody writes meanwhile. */
export async function readProductNodes(source: NodeSource, product: string): Promise<ProductNodes> {
  const [slots, groups, proxies, sentinel, settings, journal] = await Promise.all([
    source.readChildren(coordinatorPath.slots(product)),
    source.readChildren(coordinatorPath.groups(product)),
    source.readChildren(coordinatorPath.proxies(product)),
    source.get(coordinatorPath.sentinel(product)),
    source.get(coordinatorPath.settings(product)),
    source.get(coordinatorPath.journal(product)),
  ]);
  const all = [...slots, ...groups, ...proxies, ...(sentinel === undefined ? [] : [sentinel])];
  return { nodes: new Map(all.map((node) => [node.path, node])), settings, journal };
}

/** Whether nothing was written between two readings. */
function isSameReading(one: ProductNodes, other: ProductNodes): boolean {
  if (
    one.nodes.size !== other.nodes.size ||
    one.settings?.version !== other.settings?.version ||
    one.journal?.version !== other.journal?.version
  ) {
    return false;
  }
  return [...one.nodes.values()].every(
    (node) => node.version === other.nodes.get(node.path)?.version,
  );
}

/** Slots of the product; undefined when it has no settings. Throws MODEL_INVALID for garbage. */
export function decodeSlotCount(settings: VersionedNode | undefined): SlotCount | undefined {
  if (settings === undefined) {
    return undefined;
  }
  const { path, data } = settings;
  const value = new RecordReader(parseJsonNode(data, path), path).any("slot_count");
  const count = SLOT_COUNTS.find((known) => known === value);
  if (count === undefined) {
    throw new CodisError(
      "MODEL_INVALID",
      `${path}: slot_count: expected one of ${SLOT_COUNTS.join(", ")}, as the product was made with`,
    );
  }
  return count;
}

/** Slots of a product without settings: 1024, as with original programs, unless its nodes have more. */
export function inferSlotCount(nodes: ReadonlyMap<string, VersionedNode>): SlotCount {
  let highest = 0;
  for (const path of nodes.keys()) {
    highest = Math.max(highest, slotIdOfName(path.slice(path.lastIndexOf("/") + 1)) ?? 0);
  }
  return SLOT_COUNTS.find((count) => count > highest) ?? SLOT_COUNTS[0];
}

/** JSON of the settings. */
export function encodeSettings(slotCount: SlotCount): string {
  return JSON.stringify({ slot_count: slotCount }, undefined, 4);
}

/**
 * The topology as it is now, with revision 0. A product that isn't there is empty, with 1024 slots. Throws
 * COORDINATOR_CONFLICT when it changes faster than it can be read, MODEL_INVALID when its settings or its
 * journal are garbage.
 */
export async function readTopology(source: NodeSource, product: string): Promise<Topology> {
  let before = await readProductNodes(source, product);
  for (let reads = 1; reads < READS_MAX; reads++) {
    const now = await readProductNodes(source, product);
    if (isSameReading(before, now)) {
      return decodeReading(now, product);
    }
    before = now;
  }
  throw new CodisError(
    "COORDINATOR_CONFLICT",
    `product ${product} changed during each of ${READS_MAX} readings; try again`,
  );
}

function decodeReading(reading: ProductNodes, product: string): Topology {
  const slotCount = decodeSlotCount(reading.settings) ?? inferSlotCount(reading.nodes);
  const { journal } = reading;
  const nodes =
    journal === undefined
      ? reading.nodes
      : overlayWrites(
          reading.nodes,
          planJournal(decodeJournal(journal.data, journal.path), reading.nodes).writes,
        );
  return decodeTopology(product, slotCount, nodes.values());
}
