/**
 * The loop over the requests in a chunk: the fast half of dispatch.
 *
 * For a request of one key on an open backend everything happens here: scan, command, key, slot, backend, and
 * neighbours for one backend are copied as one run. Everything else is offered to the session, which asks the
 * dispatcher. Two forms are made regular first: inline requests, and frames that Redis takes although they
 * aren't well formed.
 */
import { slotOf } from "../../command/hash.ts";
import { lookupCommand } from "../../command/lookup.ts";
import { FLAG_WRITE } from "../../command/route.ts";
import { FIRST_KEY, FLAGS, IS_SINGLE_KEY } from "../../command/table.ts";
import { encodeRequest, splitInline } from "../../resp/inline-request.ts";
import {
  PROTOCOL_ERROR_BIG_REQUEST,
  PROTOCOL_ERROR_UNBALANCED_QUOTES,
} from "../../resp/protocol-error.ts";
import { RequestScanner, SCAN_INCOMPLETE } from "../../resp/request-scanner.ts";
import { type Backend, GATE_OPEN } from "../backend/backend.ts";
import type { SessionReads } from "../replica/session-reads.ts";
import type { SessionOutput } from "../reply/session-output.ts";
import type { RouteView } from "../router/router.ts";
import type { PipelineWindow } from "./pipeline-window.ts";

/** The session, as its reader sees it. */
export interface RequestReaderOwner {
  readonly output: SessionOutput;
  /** Something makes the session wait: no further request is taken. */
  readonly isPaused: boolean;
  noteWrite(backend: Backend): void;
  /** One request that isn't simple. False when it must be offered again: it has had no effect. */
  offer(buffer: Buffer, start: number, end: number, source: RequestScanner, nowMs: number): boolean;
  onPipelineFull(): void;
  /** The client broke the protocol; `code` and byte as in `protocolErrorText`. */
  onProtocolError(code: number, unexpectedByte: number): void;
}

/** The scanner of all sessions: one request is scanned at a time. */
const scanner = new RequestScanner();
/** Scans what was encoded anew; apart, because the first one's offsets are still in use. */
const secondScanner = new RequestScanner();

/** See the file head. One for each session. */
export class RequestReader {
  /** Backends by slot for the session's database and protocol. */
  view: RouteView;
  /** Of a session that reads from replicas; undefined: all goes to masters. */
  reads: SessionReads | undefined;
  /** The client has authenticated: Redis's narrow limits for strangers don't apply. */
  isLoggedIn: boolean;
  /** Logged in, and replies go out: requests may take the short way. */
  isPlain: boolean;
  /** Command that took the short way last, -1 when the last one didn't. */
  lastCommandId = -1;
  /** The loop runs: events that it causes must not start it again. */
  isReading = false;
  readonly #owner: RequestReaderOwner;
  readonly #slotMask: number;
  readonly #window: PipelineWindow;
  readonly #maxRequestBytes: number;
  /** Command of the request that `#routeFast` found a backend for. */
  #fastId = -1;

  constructor(
    owner: RequestReaderOwner,
    view: RouteView,
    isLoggedIn: boolean,
    slotMask: number,
    window: PipelineWindow,
    maxRequestBytes: number,
  ) {
    this.#owner = owner;
    this.view = view;
    this.isLoggedIn = isLoggedIn;
    this.isPlain = isLoggedIn;
    this.#slotMask = slotMask;
    this.#window = window;
    this.#maxRequestBytes = maxRequestBytes;
  }

  /** Takes requests from a chunk as long as it may; returns the position of the first byte not taken. */
  read(buffer: Buffer, end: number, nowMs: number): number {
    // Hot path: no allocation and no closure for a request of one key.
    const owner = this.#owner;
    const { output } = owner;
    this.isReading = true;
    output.isGathering = true;
    let run: Backend | undefined;
    let runStart = 0;
    let runFlags = 0;
    let pos = 0;
    while (pos < end) {
      let next = scanner.scan(buffer, pos, end, this.isLoggedIn);
      if (next - pos > this.#maxRequestBytes) next = PROTOCOL_ERROR_BIG_REQUEST;
      const backend = next > 0 ? this.#routeFast(buffer, nowMs) : undefined;
      if (backend !== undefined) {
        if (backend !== run) {
          if (run !== undefined) this.#endRun(run, runFlags, buffer, runStart, pos);
          run = backend;
          runStart = pos;
          runFlags = 0;
        }
        runFlags |= FLAGS[this.#fastId] as number;
        backend.push(output, output.reserve(), this.#fastId, nowMs);
        pos = next;
        if (output.inFlightCount < this.#window.limit) continue;
        owner.onPipelineFull();
        break;
      }
      if (run !== undefined) this.#endRun(run, runFlags, buffer, runStart, pos);
      run = undefined;
      if (next === SCAN_INCOMPLETE && scanner.neededEnd - pos <= this.#maxRequestBytes) break;
      this.lastCommandId = -1;
      if (next <= 0) {
        // What a header promises is refused before it is sent.
        const code = next === SCAN_INCOMPLETE ? PROTOCOL_ERROR_BIG_REQUEST : next;
        owner.onProtocolError(code, scanner.unexpectedByte);
        pos = end;
        break;
      }
      if (!this.readOne(buffer, pos, next, scanner, nowMs)) break;
      pos = next;
      if (owner.isPaused) break;
    }
    if (run !== undefined) this.#endRun(run, runFlags, buffer, runStart, pos);
    output.isGathering = false;
    this.isReading = false;
    return pos;
  }

  /** One scanned request, made regular and offered. False when it must be offered again. */
  readOne(
    buffer: Buffer,
    start: number,
    end: number,
    source: RequestScanner,
    nowMs: number,
  ): boolean {
    if (source.isInline) return this.#readInline(buffer, start, end, nowMs);
    if (source.argCount === 0) return true;
    if (!source.isIrregular) return this.#owner.offer(buffer, start, end, source, nowMs);
    const args: Uint8Array[] = [];
    for (let i = 0; i < source.argCount; i++) {
      const from = source.argOffsets[i * 2] as number;
      args.push(buffer.subarray(from, source.argOffsets[i * 2 + 1]));
    }
    return this.#offerEncoded(encodeRequest(args), nowMs);
  }

  /** The open backend of the request just scanned if it is a plain one of one key; sets `#fastId`. */
  #routeFast(buffer: Buffer, nowMs: number): Backend | undefined {
    // Hot path.
    if (!this.isPlain || scanner.isIrregular) return undefined;
    const { argCount } = scanner;
    if (argCount < 2) return undefined;
    const offsets = scanner.argOffsets;
    const id = lookupCommand(buffer, offsets[0] as number, offsets[1] as number);
    if (id < 0 || IS_SINGLE_KEY[id] === 0) return undefined;
    const key = FIRST_KEY[id] as number;
    if (key >= argCount) return undefined;
    const from = offsets[key * 2] as number;
    const slot = slotOf(buffer, from, offsets[key * 2 + 1] as number, this.#slotMask);
    let backend = this.view.backends[slot];
    if (this.reads !== undefined) backend = this.reads.choose(id, slot, backend, nowMs);
    if (backend === undefined || backend.gate !== GATE_OPEN) return undefined;
    this.#fastId = id;
    return backend;
  }

  #endRun(run: Backend, flags: number, buffer: Buffer, start: number, end: number): void {
    // Hot path.
    this.lastCommandId = this.#fastId;
    if ((flags & FLAG_WRITE) !== 0) this.#owner.noteWrite(run);
    run.append(buffer, start, end);
  }

  #readInline(buffer: Buffer, start: number, end: number, nowMs: number): boolean {
    const words = splitInline(buffer, start, end);
    if (words === undefined) {
      this.#owner.onProtocolError(PROTOCOL_ERROR_UNBALANCED_QUOTES, 0);
      return true;
    }
    if (words.length === 0) return true;
    return this.#offerEncoded(encodeRequest(words), nowMs);
  }

  #offerEncoded(frame: Buffer, nowMs: number): boolean {
    secondScanner.scan(frame, 0, frame.length, true);
    return this.#owner.offer(frame, 0, frame.length, secondScanner, nowMs);
  }
}
