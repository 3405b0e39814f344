/**
 * Reads a product for its leader: makes the settings of a new one, finishes the journal of a dead leader,
 * and names what it can't understand. Called when the leadership was won, and again whenever the
 * coordinator may hold something else than the store believes.
 *
 * A journal is finished only as far as nobody has touched its nodes since, and only when that leaves the
 * product no worse than it is: an original dashboard, which knows no journals, may have led in between.
 */
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { ABSENT } from "../../coordinator/coordinator.ts";
import { coordinatorPath } from "../../model/coordinator-path.ts";
import type { SlotCount } from "../../model/slot.ts";
import { checkTopology } from "../../model/topology/check.ts";
import {
  decodeJournal,
  overlayWrites,
  planJournal,
  type TopologyJournal,
  type VersionedNode,
  type VersionedWrite,
} from "../../model/topology/journal.ts";
import { decodeTopology } from "../../model/topology/node.ts";
import {
  decodeSlotCount,
  encodeSettings,
  inferSlotCount,
  type ProductNodes,
  readProductNodes,
} from "../../model/topology/reader.ts";
import type { Topology } from "../../model/topology/topology.ts";
import { finishJournal, type JournalSite } from "./journaled-write.ts";

/** What is to be read. */
export interface LoadOptions {
  readonly product: string;
  /** For a new product; an existing one must have as many. */
  readonly defaultSlotCount: SlotCount;
  readonly log: Log;
}

/** A product as it is in the coordinator. */
export interface LoadedProduct {
  /** With revision 0. */
  readonly topology: Topology;
  readonly nodes: ReadonlyMap<string, VersionedNode>;
}

/** Readings in a row that others may spoil by writing into the middle of a repair. */
const LOAD_TRIES_MAX = 3;
/** Lines of one kind in the log for one reading; what is wrong in bulk is wrong for one reason. */
const LOGGED_LINES_MAX = 20;

/** Reads the product. No journal is left afterwards. */
export async function loadProduct(site: JournalSite, options: LoadOptions): Promise<LoadedProduct> {
  for (let tries = 1; ; tries++) {
    try {
      return await loadOnce(site, options);
    } catch (thrown) {
      if (!isCodisError(thrown, "COORDINATOR_CONFLICT") || tries >= LOAD_TRIES_MAX) {
        throw thrown;
      }
    }
  }
}

async function loadOnce(site: JournalSite, options: LoadOptions): Promise<LoadedProduct> {
  const { product, log } = options;
  let reading = await readProductNodes(site.reader, product);
  const slotCount = await ensureSlotCount(site, reading, options);
  if (reading.journal !== undefined) {
    await repair(site, reading, reading.journal, slotCount, options);
    reading = await readProductNodes(site.reader, product);
  }
  const topology = decodeTopology(product, slotCount, reading.nodes.values());
  warnAll(log, "topology.node-invalid", topology.faults);
  warnAll(log, "topology.inconsistent", checkTopology(topology));
  return { topology, nodes: reading.nodes };
}

/** The number of slots of the product, stored now if it is new. */
async function ensureSlotCount(
  site: JournalSite,
  reading: ProductNodes,
  options: LoadOptions,
): Promise<SlotCount> {
  const { product, defaultSlotCount } = options;
  const stored = decodeSlotCount(reading.settings);
  const isNew = reading.nodes.size === 0 && reading.journal === undefined;
  const slotCount = stored ?? (isNew ? defaultSlotCount : inferSlotCount(reading.nodes));
  if (slotCount !== defaultSlotCount) {
    throw new CodisError(
      "CONFIG_INVALID",
      `product ${product} was made with ${slotCount} slots, but ${defaultSlotCount} are configured; ` +
        "the number of slots of a product never changes",
    );
  }
  if (stored === undefined) {
    const path = coordinatorPath.settings(product);
    await site.writer.write([{ path, data: encodeSettings(slotCount), expected: ABSENT }]);
  }
  return slotCount;
}

/** Finishes or drops a journal. */
async function repair(
  site: JournalSite,
  reading: ProductNodes,
  node: VersionedNode,
  slotCount: SlotCount,
  { product, log }: LoadOptions,
): Promise<void> {
  let journal: TopologyJournal;
  try {
    journal = decodeJournal(node.data, node.path);
  } catch (thrown) {
    log.error("topology.journal-invalid", `dropped a journal: ${messageOf(thrown)}`);
    await finishJournal(site, node, []);
    return;
  }
  const { writes, foreign } = planJournal(journal, reading.nodes);
  warnAll(
    log,
    "topology.journal-foreign",
    foreign.map(
      (path) => `${path}: changed by somebody else during "${journal.name}", left as it is`,
    ),
  );
  const worse = findWorse(reading, writes, product, slotCount);
  warnAll(
    log,
    "topology.journal-dropped",
    worse.map((line) => `"${journal.name}" isn't finished, because then ${line}`),
  );
  await finishJournal(site, node, worse.length === 0 ? writes : []);
  log.warn("topology.journal-finished", `repaired "${journal.name}" of a leader that stopped`, {
    epoch: journal.epoch,
    nodes: journal.writes.length,
    written: worse.length === 0 ? writes.length : 0,
  });
}

/** What would be wrong after the writes and isn't now. */
function findWorse(
  reading: ProductNodes,
  writes: readonly VersionedWrite[],
  product: string,
  slotCount: SlotCount,
): readonly string[] {
  const after = overlayWrites(reading.nodes, writes);
  const check = (nodes: ReadonlyMap<string, VersionedNode>): readonly string[] =>
    checkTopology(decodeTopology(product, slotCount, nodes.values()));
  const now = new Set(check(reading.nodes));
  return check(after).filter((line) => !now.has(line));
}

function warnAll(log: Log, event: string, lines: readonly string[]): void {
  for (const line of lines.slice(0, LOGGED_LINES_MAX)) {
    log.warn(event, line);
  }
  if (lines.length > LOGGED_LINES_MAX) {
    log.warn(event, `and ${lines.length - LOGGED_LINES_MAX} more`);
  }
}
