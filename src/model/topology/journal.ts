/**
 * The journal: one node that holds a change of several nodes while it is under way. It is written before
 * the first of them and deleted after the last, so a crash between any two writes leaves all that is needed
 * to finish the change. Written and finished by `dashboard/topology`.
 *
 * Each write has a digest of the text that its node had before. A node that still has that text gets the
 * new one; one that has the new text is done; any other was changed by somebody else meanwhile and is left
 * alone.
 */
import { createHash } from "node:crypto";
import { encodeGoJson } from "../../base/go-json.ts";
import { parseJsonNode, RecordReader } from "../json-record.ts";

/** Stands for the version of a node that isn't there; the coordinator's word. */
export const ABSENT_VERSION = "absent";
/** Bytes of a journal: less than any coordinator's bound for one node. */
export const JOURNAL_BYTES_MAX = 900_000;

/** Characters of a digest: 96 bits, enough to tell texts of one node apart. */
const DIGEST_LENGTH = 16;

/** A node with the version that was read. */
export interface VersionedNode {
  readonly path: string;
  readonly data: string;
  readonly version: string;
}

/** A write that needs the node as it was read. */
export interface VersionedWrite {
  readonly path: string;
  /** undefined deletes the node. */
  readonly data: string | undefined;
  /** A version, or `ABSENT_VERSION`. */
  readonly expected: string;
}

/** One write of a journal. */
export interface JournalWrite {
  readonly path: string;
  /** `digestOfText` of the text before; empty when there was no node. */
  readonly before: string;
  /** undefined: the node goes. */
  readonly data: string | undefined;
}

/** A change of several nodes. */
export interface TopologyJournal {
  /** Unique: tells two changes of one name apart. */
  readonly id: string;
  /** What was asked for, for people: `assign slots`. */
  readonly name: string;
  /** Of the leader that began it. */
  readonly epoch: number;
  /** In the order in which they are done. */
  readonly writes: readonly JournalWrite[];
}

/** What is left of a journal. */
export interface JournalPlan {
  /** The writes that are still to be done, in order. */
  readonly writes: readonly VersionedWrite[];
  /** Paths of nodes that somebody else has changed. */
  readonly foreign: readonly string[];
}

/** Text of the journal's node: one line for each write, texts of ours as JSON and others as a string. */
export function encodeJournal(journal: TopologyJournal): string {
  const { writes, ...head } = journal;
  const lines = writes.map(({ path, before, data }) =>
    JSON.stringify([path, before, data === undefined ? null : packText(data)]),
  );
  return `${JSON.stringify(head).slice(0, -1)},"writes":[\n${lines.join(",\n")}\n]}`;
}

/** Reads a journal; `source` begins error lines. Throws `MODEL_INVALID`. */
export function decodeJournal(text: string, source: string): TopologyJournal {
  const fields = new RecordReader(parseJsonNode(text, source), source);
  const writes = fields.any("writes");
  if (!Array.isArray(writes)) {
    throw fields.error("writes: expected a list");
  }
  return {
    id: fields.text("id"),
    name: fields.text("name"),
    epoch: fields.int("epoch", 0, Number.MAX_SAFE_INTEGER),
    writes: writes.map((entry: unknown, index) => {
      const [path, before, data] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
      if (typeof path !== "string" || typeof before !== "string" || data === undefined) {
        throw fields.error(`writes[${index}]: expected [path, digest, text]`);
      }
      return { path, before, data: data === null ? undefined : unpackText(data) };
    }),
  };
}

/** What is left to do, with the nodes as they are now. */
export function planJournal(
  journal: TopologyJournal,
  nodes: ReadonlyMap<string, VersionedNode>,
): JournalPlan {
  const writes: VersionedWrite[] = [];
  const foreign: string[] = [];
  for (const { path, before, data } of journal.writes) {
    const node = nodes.get(path);
    if (digestOfText(node?.data) === before) {
      writes.push({ path, data, expected: node?.version ?? ABSENT_VERSION });
    } else if (node?.data !== data) {
      foreign.push(path);
    }
  }
  return { writes, foreign };
}

/** Names a text; empty for no text. */
export function digestOfText(text: string | undefined): string {
  return text === undefined
    ? ""
    : createHash("sha256").update(text).digest("base64url").slice(0, DIGEST_LENGTH);
}

/** The nodes as they will be after the writes. */
export function overlayWrites(
  nodes: ReadonlyMap<string, VersionedNode>,
  writes: readonly VersionedWrite[],
): ReadonlyMap<string, VersionedNode> {
  const after = new Map(nodes);
  for (const { path, data, expected } of writes) {
    if (data === undefined) {
      after.delete(path);
    } else {
      after.set(path, { path, data, version: expected });
    }
  }
  return after;
}

/** A text of ours takes half the room as JSON, and can be read. */
function packText(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && encodeGoJson(value) === text
      ? value
      : text;
  } catch {
    return text; // Not JSON: kept as it is.
  }
}

function unpackText(packed: unknown): string {
  return typeof packed === "string" ? packed : encodeGoJson(packed);
}
