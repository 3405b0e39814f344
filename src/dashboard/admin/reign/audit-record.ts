/**
 * Entries of the audit log and the segments in which the coordinator keeps them: a node holds up to 50
 * entries in order, `segment-0000000003` those with the numbers 151 to 200.
 */
import { CodisError } from "../../../base/error.ts";

/** Entries in one node. */
export const SEGMENT_ENTRIES = 50;
/** Segments that are kept; with one more the oldest goes. */
export const SEGMENTS_MAX = 200;
/** Longest JSON of the arguments of one entry, and longest texts; what is longer is cut. */
const ARGUMENT_CHARS_MAX = 2000;
const TEXT_CHARS_MAX = 500;

/** One change. */
export interface AuditRecord {
  /** 1 or more; each is one more than the one before. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Of the leader that did it. */
  readonly epoch: number;
  readonly who: string;
  readonly api: "v1" | "topom" | "legacy";
  readonly from: string;
  readonly claimedFrom: string | undefined;
  readonly operation: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** undefined when nobody gave one. */
  readonly reason: string | undefined;
  readonly state: "started" | "done" | "failed";
  readonly errorCode: string | undefined;
  readonly error: string | undefined;
  readonly durationMs: number | undefined;
  /** undefined in entries of an older release. */
  readonly requestId: string | undefined;
}

/** Number of the segment that an entry belongs to. */
export function segmentOf(seq: number): number {
  return Math.floor((seq - 1) / SEGMENT_ENTRIES);
}

/** Name of the segment's node. */
export function segmentName(segment: number): string {
  return `segment-${String(segment).padStart(10, "0")}`;
}

/** Number of the segment with this name; undefined for a node of somebody else. */
export function parseSegmentName(name: string): number | undefined {
  const digits = /^segment-(\d{10})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Arguments as they are kept: short enough, whatever a caller sent. */
export function boundArguments(
  values: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const json = JSON.stringify(values);
  return json.length <= ARGUMENT_CHARS_MAX
    ? values
    : { cut: `${json.slice(0, ARGUMENT_CHARS_MAX)}…` };
}

/** A text as it is kept. */
export function boundText(text: string): string {
  return text.length <= TEXT_CHARS_MAX ? text : `${text.slice(0, TEXT_CHARS_MAX)}…`;
}

/** Text of a segment's node. */
export function encodeSegment(records: readonly AuditRecord[]): string {
  return `[\n${records.map((record) => JSON.stringify(encodeRecord(record))).join(",\n")}\n]`;
}

/** Reads the text of a segment's node. Throws MODEL_INVALID. */
export function decodeSegment(text: string, name: string): readonly AuditRecord[] {
  const wrong = (problem: string) => new CodisError("MODEL_INVALID", `audit ${name}: ${problem}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("it isn't JSON");
  }
  if (!Array.isArray(value)) {
    throw wrong("it must be a list");
  }
  return value.map((entry: unknown) => {
    const record = decodeRecord(entry);
    if (record === undefined) {
      throw wrong("an entry lacks seq, at, operation or state");
    }
    return record;
  });
}

function encodeRecord(record: AuditRecord): Readonly<Record<string, unknown>> {
  return {
    seq: record.seq,
    at: new Date(record.atMs).toISOString(),
    epoch: record.epoch,
    who: record.who,
    api: record.api,
    from: record.from,
    claimed_from: record.claimedFrom,
    operation: record.operation,
    arguments: record.arguments,
    reason: record.reason,
    state: record.state,
    error_code: record.errorCode,
    error: record.error,
    duration_ms: record.durationMs,
    request_id: record.requestId,
  };
}

function decodeRecord(value: unknown): AuditRecord | undefined {
  if (typeof value !== "object" || value === null) {
    return undefined;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const { seq, operation, arguments: given } = fields;
  const state = (["started", "done", "failed"] as const).find((each) => each === fields["state"]);
  const atMs = Date.parse(textOf(fields["at"]) ?? "");
  if (
    typeof seq !== "number" ||
    !Number.isSafeInteger(seq) ||
    typeof operation !== "string" ||
    state === undefined ||
    !Number.isFinite(atMs)
  ) {
    return undefined;
  }
  return {
    seq,
    atMs,
    epoch: numberOf(fields["epoch"]) ?? 0,
    who: textOf(fields["who"]) ?? "",
    api: fields["api"] === "v1" || fields["api"] === "legacy" ? fields["api"] : "topom",
    from: textOf(fields["from"]) ?? "",
    claimedFrom: textOf(fields["claimed_from"]),
    operation,
    arguments:
      typeof given === "object" && given !== null && !Array.isArray(given)
        ? (given as Readonly<Record<string, unknown>>)
        : {},
    reason: textOf(fields["reason"]),
    state,
    errorCode: textOf(fields["error_code"]),
    error: textOf(fields["error"]),
    durationMs: numberOf(fields["duration_ms"]),
    requestId: textOf(fields["request_id"]),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
