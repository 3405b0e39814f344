/**
 * A connection to a replica. As any backend, but it keeps the bytes of what is in flight: a read that the replica
 * can't answer is sent once more, to the master. Reads change nothing, so this is the one request that may be
 * sent twice; whether the order of the session allows it is asked first (`ReplySink.mayRepeat`).
 *
 * Invariant: request number n is the n-th that was pushed on this connection; those in flight are the last
 * `inFlight.count` of them, and their bytes are kept.
 */
import { Backend, type BackendEvents, GATE_FULL } from "../backend/backend.ts";
import type { BackendSettings } from "../backend/handshake.ts";
import { ignoredReply, type ReplySink } from "../reply/reply-sink.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import { KeptRequests } from "./kept-requests.ts";

/** A read that a replica didn't answer. */
export interface UnansweredRead {
  readonly sink: ReplySink;
  readonly tag: number;
  /** As in `Backend.push`: -1 for a part of a request. */
  readonly commandId: number;
  readonly startMs: number;
  /** The whole request; nobody else writes to it. */
  readonly frame: Buffer;
}

/** Whoever owns connections to replicas. */
export interface ReplicaBackendOwner {
  /** Takes over a read and sees to its reply; false: it gets the error. */
  repeat(backend: ReplicaBackend, read: UnansweredRead): boolean;
  /** An error reply has shown that the replica can't serve reads now. */
  onCannotServe(backend: ReplicaBackend, word: string): void;
}

/**
 * First words of error replies about the server and not about the request. A replica that says one isn't read
 * from until it was seen to be well again.
 */
const CANNOT_SERVE: ReadonlySet<string> = new Set([
  "LOADING",
  "MASTERDOWN",
  "BUSY",
  "READONLY",
  "MOVED",
  "ASK",
  "CLUSTERDOWN",
  "NOAUTH",
  "NOPERM",
]);

/** See the file head. */
export class ReplicaBackend extends Backend {
  /** Requests of sessions that were sent here, parts of split ones included. */
  readCount = 0;
  readonly #owner: ReplicaBackendOwner;
  readonly #kept = new KeptRequests();
  /** Requests pushed so far; also the number of the next one. */
  #pushed = 0;

  constructor(
    settings: BackendSettings,
    stats: CommandStats,
    events: BackendEvents,
    owner: ReplicaBackendOwner,
  ) {
    super(settings, stats, events);
    this.#owner = owner;
  }

  override get canRepeat(): boolean {
    return true;
  }

  override push(sink: ReplySink, tag: number, commandId: number, nowMs: number): void {
    // Hot path of reads.
    super.push(sink, tag, commandId, nowMs);
    this.#pushed++;
    if (sink !== ignoredReply) this.readCount++;
  }

  override append(chunk: Buffer, start: number, end: number): void {
    // Hot path of reads.
    const kept = this.#kept;
    if (kept.bytes > 0) this.#release();
    kept.add(chunk, start, end, this.#pushed);
    // No session waits for a full replica: its reads go to the master meanwhile.
    if (kept.bytes > this.settings.maxQueueBytes) this.gate = GATE_FULL;
    super.append(chunk, start, end);
  }

  override tick(nowMs: number): void {
    super.tick(nowMs);
    this.#release();
  }

  override close(): void {
    super.close();
    this.#release();
  }

  override repeatOldest(word: string): boolean {
    if (word !== "") {
      if (!CANNOT_SERVE.has(word)) return false;
      this.isStale = true;
      this.#owner.onCannotServe(this, word);
    }
    const { inFlight } = this;
    const { head } = inFlight;
    const sink = inFlight.sinks[head] as ReplySink;
    const frame = this.#kept.frameOf(this.#pushed - inFlight.count);
    if (sink === ignoredReply || frame === undefined) return false;
    return this.#owner.repeat(this, {
      sink,
      tag: inFlight.tags[head] as number,
      commandId: inFlight.commands[head] as number,
      startMs: inFlight.starts[head] as number,
      frame,
    });
  }

  #release(): void {
    this.#kept.release(this.#pushed - this.inFlight.count);
  }
}
