/**
 * Writes several nodes so that a crash at any moment is repaired: a journal first, then the nodes, then the
 * journal goes. And the repair: what the journal of this or an earlier leader left is finished, or taken
 * back.
 *
 *     writeJournaled:   [journal, node 1, …, node n] in one call, then the journal is deleted
 *     crash in between: the journal is there, finishJournal writes what is missing
 *     no journal:       nothing of the change was written, or all of it
 */
import { randomUUID } from "node:crypto";
import { CodisError } from "../../base/error.ts";
import { ABSENT, ANY, type NodeReader, type NodeWriter } from "../../coordinator/coordinator.ts";
import {
  ABSENT_VERSION,
  decodeJournal,
  digestOfText,
  encodeJournal,
  JOURNAL_BYTES_MAX,
  type TopologyJournal,
  type VersionedNode,
  type VersionedWrite,
} from "../../model/topology/journal.ts";

/** Where and by whom journals are written. */
export interface JournalSite {
  readonly reader: NodeReader;
  /** Fenced: a leadership. */
  readonly writer: NodeWriter;
  /** Path of the journal's node. */
  readonly path: string;
  readonly epoch: number;
}

/** Outcome of a journaled write. */
export interface JournaledResult {
  /** New version of each node, in order; undefined for deleted ones. */
  readonly versions: readonly (string | undefined)[];
  /** Why the journal couldn't be deleted although everything is written; undefined: it is gone. */
  readonly leftover: unknown;
}

/** A change of several nodes, ready to be written. */
export interface JournaledChange {
  readonly journal: TopologyJournal;
  /** The same writes, with the versions that they need. */
  readonly writes: readonly VersionedWrite[];
}

/** A new change of nodes that are as in `nodes`. */
export function createChange(
  site: JournalSite,
  name: string,
  writes: readonly VersionedWrite[],
  nodes: ReadonlyMap<string, VersionedNode>,
): JournaledChange {
  const journal: TopologyJournal = {
    id: randomUUID(),
    name,
    epoch: site.epoch,
    writes: writes.map(({ path, data }) => ({
      path,
      before: digestOfText(nodes.get(path)?.data),
      data,
    })),
  };
  return { journal, writes };
}

/**
 * Writes all, or throws: then nothing, a part, or all of it was written, and the journal tells. Throws
 * ARGUMENT_INVALID for a change that is too large for one journal. `expected` is the version of the
 * journal that this one replaces.
 */
export async function writeJournaled(
  site: JournalSite,
  { journal, writes }: JournaledChange,
  expected: string = ABSENT,
): Promise<JournaledResult> {
  const data = encodeJournal(journal);
  if (Buffer.byteLength(data) > JOURNAL_BYTES_MAX) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      `a change of ${writes.length} nodes at once is too large; make it in several parts`,
    );
  }
  const all = [{ path: site.path, data, expected }, ...writes];
  const [, ...versions] = await site.writer.write(all);
  try {
    await site.writer.write([{ path: site.path, data: undefined, expected: ANY }]);
    return { versions, leftover: undefined };
  } catch (thrown) {
    return { versions, leftover: thrown };
  }
}

/** Does the writes that are left of a journal, and deletes it. */
export async function finishJournal(
  site: JournalSite,
  journal: VersionedNode,
  writes: readonly VersionedWrite[],
): Promise<void> {
  if (writes.length > 0) {
    await site.writer.write(writes);
  }
  await site.writer.write([{ path: site.path, data: undefined, expected: journal.version }]);
}

/**
 * Takes back what was written of a change that failed in its middle, as a journaled change of its own.
 * `before` has the nodes as they were. Nodes that somebody else has changed are left alone.
 */
export async function undoChange(
  site: JournalSite,
  change: JournaledChange,
  before: ReadonlyMap<string, VersionedNode>,
): Promise<void> {
  const node = await site.reader.get(site.path);
  if (node === undefined || decodeJournal(node.data, node.path).id !== change.journal.id) {
    return; // The journal comes with the first write: nothing was written.
  }
  const undo: VersionedWrite[] = [];
  const nodes = new Map<string, VersionedNode>();
  for (const write of change.writes.toReversed()) {
    const now = await site.reader.get(write.path);
    const version = now?.version ?? ABSENT_VERSION;
    if (version !== write.expected && now?.data === write.data) {
      undo.push({ path: write.path, data: before.get(write.path)?.data, expected: version });
      if (now !== undefined) {
        nodes.set(now.path, now);
      }
    }
  }
  if (undo.length === 0) {
    await finishJournal(site, node, []);
    return;
  }
  const undoing = createChange(site, `undo ${change.journal.name}`, undo, nodes);
  const { leftover } = await writeJournaled(site, undoing, node.version);
  if (leftover !== undefined) {
    throw leftover;
  }
}
