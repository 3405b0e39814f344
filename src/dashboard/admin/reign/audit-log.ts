/**
 * The audit log of a product under one leader: an entry is durable before its change begins, and completed
 * after. A crash in between leaves an entry that says `started`, which is shown as unfinished. If an entry
 * can't be written, `begin` throws and the change isn't done.
 *
 *   begin -> [dirty segments] -> one write for all who wait -> durable -> the change -> finish -> ...
 *
 * Entries of many changes at once share one write (group commit). Only the leader writes, and what it
 * writes is fenced, so segments are written without looking at their versions.
 */
import { within } from "../../../base/bounded-wait.ts";
import type { Clock } from "../../../base/clock.ts";
import { CodisError, isCodisError, messageOf } from "../../../base/error.ts";
import type { Log } from "../../../base/log.ts";
import { ANY } from "../../../coordinator/coordinator.ts";
import { coordinatorPath } from "../../../model/coordinator-path.ts";
import type { ProductStorage } from "../../control.ts";
import {
  type AuditRecord,
  boundArguments,
  boundText,
  decodeSegment,
  encodeSegment,
  parseSegmentName,
  SEGMENT_ENTRIES,
  SEGMENTS_MAX,
  segmentName,
  segmentOf,
} from "./audit-record.ts";

/** What a log is kept in. */
export interface AuditLogOptions {
  readonly storage: ProductStorage;
  readonly product: string;
  readonly epoch: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Segments that are kept; `SEGMENTS_MAX` unless a test says otherwise. */
  readonly segmentsMax?: number | undefined;
}

/** Who wants to change what. */
export type AuditedChange = Pick<
  AuditRecord,
  "who" | "api" | "from" | "claimedFrom" | "operation" | "arguments" | "reason" | "requestId"
>;

/** Entries whose newest state isn't durable; more refuse changes until the coordinator takes writes again. */
const UNSAVED_MAX = 500;
/** Pause before a failed write is tried again on its own; a new entry tries at once. */
const RETRY_MS = 2000;
/** An answer waits at most so long for the completed entry to be durable. */
const FINISH_WAIT_MS = 2000;

/** One page, newest first. */
export interface AuditPage {
  readonly records: readonly AuditRecord[];
  /** Where the next page begins (`before`); undefined on the last. */
  readonly next: number | undefined;
}

/** The log of one product. */
export class AuditLog {
  readonly #options: AuditLogOptions;
  /** Numbers of all segments that are there, ascending. */
  readonly #segments: number[];
  /** Segments that may still change: the newest one, and those with an entry that isn't finished. */
  readonly #open = new Map<number, AuditRecord[]>();
  readonly #unfinished = new Set<number>();
  readonly #dirty = new Set<number>();
  /** Entries whose newest state isn't durable. */
  readonly #unsaved = new Set<number>();
  #nextSeq: number;
  #flushing: Promise<void> | undefined;
  #isRetrySet = false;
  #isClosed = false;

  private constructor(
    options: AuditLogOptions,
    segments: number[],
    newest: readonly AuditRecord[],
    nextSeq: number,
  ) {
    this.#options = options;
    this.#segments = segments;
    this.#nextSeq = nextSeq;
    const last = newest.at(-1);
    if (last !== undefined && segmentOf(nextSeq) === segmentOf(last.seq)) {
      this.#open.set(segmentOf(nextSeq), [...newest]);
    }
  }

  /** Reads where the log ends. Rejects with the coordinator's codes. */
  static async load(options: AuditLogOptions): Promise<AuditLog> {
    const root = coordinatorPath.audits(options.product);
    const segments: number[] = [];
    let newest: { readonly segment: number; readonly data: string } | undefined;
    for (const { path, data } of await options.storage.readChildren(root)) {
      const segment = parseSegmentName(path.slice(root.length + 1));
      if (segment !== undefined) {
        segments.push(segment);
        newest = newest === undefined || segment > newest.segment ? { segment, data } : newest;
      }
    }
    segments.sort((a, b) => a - b);
    if (newest === undefined) {
      return new AuditLog(options, segments, [], 1);
    }
    const { segment } = newest;
    const records = readSegment(options.log, segment, newest.data);
    // A segment that can't be read is left as it is; the log goes on in the next one.
    const last = records?.at(-1)?.seq ?? (segment + 1) * SEGMENT_ENTRIES;
    return new AuditLog(options, segments, records ?? [], last + 1);
  }

  /**
   * Resolves with the number of a new entry when it is durable. Rejects with the coordinator's codes or
   * TOO_BUSY, and then the change must not be done.
   */
  async begin(change: AuditedChange): Promise<number> {
    if (this.#unsaved.size >= UNSAVED_MAX) {
      throw new CodisError(
        "TOO_BUSY",
        `the audit log waits for the coordinator with ${UNSAVED_MAX} entries; nothing was changed`,
      );
    }
    const { clock, epoch, log } = this.#options;
    const seq = this.#nextSeq++;
    const record: AuditRecord = {
      ...change,
      seq,
      atMs: clock.nowMs(),
      epoch,
      arguments: boundArguments(change.arguments),
      state: "started",
      errorCode: undefined,
      error: undefined,
      durationMs: undefined,
    };
    this.#put(record);
    this.#unfinished.add(seq);
    try {
      await this.#flush();
    } catch (thrown) {
      this.#complete(seq, thrown, "not begun, the entry couldn't be written: ");
      throw thrown;
    }
    log.info("audit.begin", `${change.operation} by ${change.who}`, logFields(record));
    return seq;
  }

  /**
   * Completes an entry: `failure` is what the change threw, undefined if it was done. Resolves when that is
   * durable, or after a bounded wait; the write goes on in the background then. Never rejects.
   */
  async finish(seq: number, failure: unknown): Promise<void> {
    const record = this.#complete(seq, failure, "");
    const { log } = this.#options;
    if (record?.state === "failed") {
      log.warn("audit.failed", `${record.operation} by ${record.who} failed`, {
        ...logFields(record),
        error: failure,
      });
    } else if (record !== undefined) {
      log.info("audit.done", `${record.operation} by ${record.who} done`, logFields(record));
    }
    const saved = this.#flush().catch(() => undefined); // Logged where it failed, and tried again.
    await within(FINISH_WAIT_MS, saved, this.#options.clock);
  }

  /** A page of entries with smaller numbers than `before`. Rejects with the coordinator's codes. */
  async list(limit: number, before = this.#nextSeq): Promise<AuditPage> {
    const records: AuditRecord[] = [];
    for (const segment of [...this.#segments].reverse()) {
      if (segment * SEGMENT_ENTRIES + 1 >= before) {
        continue;
      }
      for (const record of [...(await this.#read(segment))].reverse()) {
        if (record.seq >= before) {
          continue;
        }
        if (records.length === limit) {
          return { records, next: records.at(-1)?.seq };
        }
        records.push(record);
      }
    }
    return { records, next: undefined };
  }

  /** State as it is shown: what this process is at, and what a dead one was at. */
  stateOf(record: AuditRecord): "running" | "done" | "failed" | "unfinished" {
    if (record.state !== "started") {
      return record.state;
    }
    return this.#unfinished.has(record.seq) ? "running" : "unfinished";
  }

  /** No more writes are begun. */
  close(): void {
    this.#isClosed = true;
  }

  #put(record: AuditRecord): void {
    const segment = segmentOf(record.seq);
    let records = this.#open.get(segment);
    if (records === undefined) {
      records = [];
      this.#open.set(segment, records);
      this.#segments.push(segment);
    }
    const index = records.findIndex((each) => each.seq === record.seq);
    records.splice(index < 0 ? records.length : index, index < 0 ? 0 : 1, record);
    this.#dirty.add(segment);
    this.#unsaved.add(record.seq);
  }

  #complete(seq: number, failure: unknown, prefix: string): AuditRecord | undefined {
    const started = this.#open.get(segmentOf(seq))?.find((each) => each.seq === seq);
    if (started === undefined) {
      return undefined;
    }
    const completed: AuditRecord = {
      ...started,
      state: failure === undefined ? "done" : "failed",
      durationMs: Math.max(0, Math.round(this.#options.clock.nowMs() - started.atMs)),
      ...(failure === undefined
        ? {}
        : {
            errorCode: isCodisError(failure) ? failure.code : "INTERNAL",
            error: boundText(prefix + messageOf(failure)),
          }),
    };
    this.#unfinished.delete(seq);
    this.#put(completed);
    return completed;
  }

  /** Writes what is dirty now, and what becomes dirty while an earlier write is under way, in one more. */
  async #flush(): Promise<void> {
    if (this.#flushing !== undefined) {
      await this.#flushing.catch(() => undefined); // Its own callers are told.
    }
    if (this.#dirty.size > 0) {
      this.#flushing ??= this.#writeDirty().finally(() => {
        this.#flushing = undefined;
      });
    }
    await this.#flushing;
  }

  async #writeDirty(): Promise<void> {
    // One turn later, so that changes that come together share a write.
    await Promise.resolve();
    const segments = [...this.#dirty].sort((a, b) => a - b);
    const saved = [...this.#unsaved];
    const old = this.#takeOld();
    this.#dirty.clear();
    this.#unsaved.clear();
    const pathOf = (segment: number) =>
      `${coordinatorPath.audits(this.#options.product)}/${segmentName(segment)}`;
    try {
      await this.#options.storage.write([
        ...segments.map((segment) => ({
          path: pathOf(segment),
          data: encodeSegment(this.#open.get(segment) ?? []),
          expected: ANY,
        })),
        ...old.map((segment) => ({ path: pathOf(segment), data: undefined, expected: ANY })),
      ]);
    } catch (thrown) {
      for (const segment of segments) {
        this.#dirty.add(segment);
      }
      for (const seq of saved) {
        this.#unsaved.add(seq);
      }
      this.#segments.unshift(...old);
      this.#retryLater(thrown);
      throw thrown;
    }
    this.#closeSegments();
  }

  #takeOld(): readonly number[] {
    const excess = this.#segments.length - (this.#options.segmentsMax ?? SEGMENTS_MAX);
    return excess > 0 ? this.#segments.splice(0, excess) : [];
  }

  /** Forgets segments that can't change any more. */
  #closeSegments(): void {
    const newest = segmentOf(this.#nextSeq);
    for (const [segment, records] of this.#open) {
      const isBusy = records.some((record) => this.#unfinished.has(record.seq));
      if (segment < newest && !isBusy && !this.#dirty.has(segment)) {
        this.#open.delete(segment);
      }
    }
  }

  #retryLater(failure: unknown): void {
    // A leader that was replaced will never write again; the next one shows these as unfinished.
    const isOver = this.#isClosed || isCodisError(failure, "LEADERSHIP_LOST");
    this.#options.log.warn("audit.unsaved", "the audit log couldn't be written", {
      entries: this.#unsaved.size,
      error: failure,
    });
    if (isOver || this.#isRetrySet) {
      return;
    }
    this.#isRetrySet = true;
    this.#options.clock.after(RETRY_MS, () => {
      this.#isRetrySet = false;
      if (!this.#isClosed) {
        this.#flush().catch(() => undefined); // Logged where it failed.
      }
    });
  }

  async #read(segment: number): Promise<readonly AuditRecord[]> {
    const open = this.#open.get(segment);
    if (open !== undefined) {
      return open;
    }
    const { storage, product, log } = this.#options;
    const node = await storage.get(`${coordinatorPath.audits(product)}/${segmentName(segment)}`);
    return node === undefined ? [] : (readSegment(log, segment, node.data) ?? []);
  }
}

function readSegment(log: Log, segment: number, data: string): readonly AuditRecord[] | undefined {
  try {
    return decodeSegment(data, segmentName(segment));
  } catch (thrown) {
    log.warn("audit.fault", messageOf(thrown), { error: thrown });
    return undefined;
  }
}

function logFields(record: AuditRecord) {
  return {
    seq: record.seq,
    who: record.who,
    api: record.api,
    src_ip: record.from,
    claimed_from: record.claimedFrom,
    operation: record.operation,
    arguments: record.arguments,
    reason: record.reason,
    duration_ms: record.durationMs,
    request_id: record.requestId,
  };
}
