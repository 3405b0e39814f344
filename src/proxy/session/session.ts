/**
 * One client connection: reads requests out of the chunks, sends each on its way, bounds what it may use.
 *
 * The loop in `#process` is the fast half of dispatch: command, key, slot and backend of a request are found
 * in place, and neighbours for one backend are copied as one run. Everything else goes to the `Dispatcher`.
 * A session that must wait keeps the rest of its input and stops reading its socket, so a client that is
 * faster than its servers is slowed down by TCP and never disconnected for pipelining.
 */
import { slotOf } from "../../command/hash.ts";
import { lookupCommand } from "../../command/lookup.ts";
import { FLAG_WRITE } from "../../command/route.ts";
import { COMMANDS, FIRST_KEY, FLAGS, IS_SINGLE_KEY } from "../../command/table.ts";
import { memoryGauge } from "../../net/buffer-pool.ts";
import type { Connection, ConnectionOwner } from "../../net/connection.ts";
import { encodeRequest, splitInline } from "../../resp/inline-request.ts";
import {
  PROTOCOL_ERROR_BIG_REQUEST,
  PROTOCOL_ERROR_UNBALANCED_QUOTES,
  protocolErrorText,
} from "../../resp/protocol-error.ts";
import { RequestScanner, SCAN_INCOMPLETE } from "../../resp/request-scanner.ts";
import { type Backend, type BackendWaiter, GATE_OPEN } from "../backend/backend.ts";
import type { ReplyMode } from "../dispatch/context.ts";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import { protocolError } from "../dispatch/reply-text.ts";
import {
  ANSWERED,
  DISPATCHED,
  type SessionPort,
  WAIT_BACKEND,
  WAIT_HANDLER,
  WAIT_IDLE,
  WAIT_SLOT,
} from "../dispatch/session-port.ts";
import { SessionOutput, type SessionOutputOwner } from "../reply/session-output.ts";
import type { RouteView, Router } from "../router/router.ts";
import { ASSEMBLE_BYTES_MIN, RequestAssembler } from "./request-assembler.ts";

/** Limits of a session, from the configuration. */
export interface SessionLimits {
  readonly maxPipeline: number;
  readonly maxRequestBytes: number;
  readonly maxOutputBytes: number;
  readonly softOutputBytes: number;
  readonly recvTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly isBreakOnFailure: boolean;
}

/** What a session needs of its worker. */
export interface SessionEnv {
  readonly router: Router;
  readonly dispatcher: Dispatcher;
  readonly limits: SessionLimits;
  /** The session is gone; `reason` is a word for the statistics, `detail` a line for the log. */
  onSessionClosed(session: Session, reason: string, detail: string): void;
}

/** Why a session reads no further; bits. */
const PAUSED_IDLE = 1;
const PAUSED_BACKEND = 2;
const PAUSED_SLOT = 4;
const PAUSED_HANDLER = 8;
const PAUSED_PIPELINE = 16;
const PAUSED_OUTPUT = 32;
const PAUSED_MEMORY = 64;
const PAUSED_ENDING = 128;

/** Input kept while paused before the socket itself is paused. */
const PAUSED_INPUT_BYTES_MAX = 64 * 1024;

/** The scanner of all sessions: one request is scanned at a time. */
const scanner = new RequestScanner();
/** Scans what was encoded anew; apart, because the first one's offsets are still in use. */
const secondScanner = new RequestScanner();

/** See the file head. */
export class Session
  implements SessionPort, ConnectionOwner, SessionOutputOwner, BackendWaiter
{
  readonly id: number;
  readonly addr: string;
  readonly laddr: string;
  readonly createdAtMs: number;
  readonly output: SessionOutput;
  readonly writtenGroups = new Set<number>();
  lastRequestAtMs: number;
  name = "";
  libName = "";
  libVersion = "";
  waitingFor: Backend | undefined;
  slotWaitStartMs = 0;
  view: RouteView;
  readonly #connection: Connection;
  readonly #env: SessionEnv;
  readonly #lane: number;
  /** Authenticated, and replies go out: the loop may take the short way. */
  #isPlain: boolean;
  #isAuthenticated: boolean;
  #replyMode: ReplyMode = "on";
  /** The command at hand has set the reply mode. */
  #wasReplyModeSet = false;
  #paused = 0;
  #lastCommandId = -1;
  #lastCommandName = "";
  /** Input read and not yet processed. */
  #rest: Buffer | undefined;
  #assembler: RequestAssembler | undefined;
  #lastWritten: Backend | undefined;
  #isProcessing = false;
  #isClosed = false;
  /** The client sends no more. */
  #hasEnded = false;
  #isClosingAfterReply = false;
  /** Since when output waits for the client without progress, monotonic ms; 0 when it doesn't. */
  #outputStuckMs = 0;
  #outputAtCheck = 0;
  #closeReason = "";
  #closeDetail = "";

  constructor(id: number, connection: Connection, isAuthenticated: boolean, env: SessionEnv) {
    const now = performance.now();
    this.id = id;
    this.addr = connection.peerAddr;
    this.laddr = connection.localAddr;
    this.createdAtMs = now;
    this.lastRequestAtMs = now;
    this.#connection = connection;
    this.#env = env;
    this.#isAuthenticated = isAuthenticated;
    this.#isPlain = isAuthenticated;
    this.#lane = id % env.router.laneCount;
    this.view = env.router.view(0, 2, this.#lane);
    this.output = new SessionOutput(connection, this);
    connection.attach(this);
  }

  get lastCommand(): string {
    return this.#lastCommandId === -1
      ? this.#lastCommandName
      : (COMMANDS[this.#lastCommandId]?.name ?? "");
  }

  set lastCommand(name: string) {
    this.#lastCommandName = name;
    this.#lastCommandId = -1;
  }

  get db(): number {
    return this.view.db;
  }

  set db(db: number) {
    this.view = this.#env.router.view(db, this.view.proto, this.#lane);
  }

  get proto(): 2 | 3 {
    return this.view.proto;
  }

  set proto(proto: 2 | 3) {
    this.view = this.#env.router.view(this.view.db, proto, this.#lane);
  }

  get isAuthenticated(): boolean {
    return this.#isAuthenticated;
  }

  set isAuthenticated(is: boolean) {
    this.#isAuthenticated = is;
    this.#isPlain = is && this.#replyMode === "on";
  }

  get replyMode(): ReplyMode {
    return this.#replyMode;
  }

  set replyMode(mode: ReplyMode) {
    this.#wasReplyModeSet = true;
    this.#replyMode = mode;
    this.#isPlain = this.#isAuthenticated && mode === "on";
    // The command that switches replies on is answered.
    if (mode === "on") this.output.isMuted = false;
  }

  inputBytes(): number {
    return (this.#rest?.length ?? 0) + (this.#assembler?.length ?? 0);
  }

  outputBytes(): number {
    return this.#connection.pendingBytes;
  }

  inFlightCount(): number {
    return this.output.inFlightCount;
  }

  closeAfterReply(): void {
    this.#isClosingAfterReply = true;
  }

  closeNow(reason: string): void {
    this.#close(reason, "");
  }

  onHandlerDone(): void {
    if (this.#isClosingAfterReply) this.#endAfterReply();
    this.#resume(PAUSED_HANDLER);
    if (this.#hasEnded) this.#endIfDone();
  }

  noteWrite(backend: Backend): void {
    if (this.#lastWritten === backend) return;
    this.#lastWritten = backend;
    this.writtenGroups.add(backend.groupId);
  }

  onBackendRoom(): void {
    this.#resume(PAUSED_BACKEND);
  }

  /** The slot table changed. */
  onTableChanged(): void {
    this.#resume(PAUSED_SLOT);
  }

  /** The worker has memory again (false), or must not take more (true). */
  setMemoryPressure(isHigh: boolean): void {
    if (isHigh) this.#pause(PAUSED_MEMORY);
    else this.#resume(PAUSED_MEMORY);
  }

  onData(chunk: Buffer): void {
    // Hot path.
    if (this.#rest === undefined && this.#assembler === undefined && this.#paused === 0) {
      const consumed = this.#process(chunk, 0, chunk.length);
      if (consumed < chunk.length) this.#keepRest(chunk.subarray(consumed));
      return;
    }
    this.#onDataSlow(chunk);
  }

  onOutputPending(pendingBytes: number): void {
    const { limits } = this.#env;
    if (pendingBytes > limits.maxOutputBytes) {
      this.#close("output_limit", `${pendingBytes} bytes of replies wait for a client that doesn't read`);
      return;
    }
    if (pendingBytes > limits.softOutputBytes) this.#pause(PAUSED_OUTPUT);
  }

  onDrain(): void {
    this.#outputStuckMs = 0;
    this.#resume(PAUSED_OUTPUT);
  }

  /** The client closed its half: what it asked for is still answered. */
  onEnd(): void {
    this.#hasEnded = true;
    this.#endIfDone();
  }

  onClose(cause: string): void {
    this.#dispose(cause === "" ? "client" : "client_error", cause);
  }

  onProgress(): void {
    const inFlight = this.output.inFlightCount;
    if ((this.#paused & PAUSED_PIPELINE) !== 0 && inFlight * 2 <= this.#env.limits.maxPipeline) {
      this.#resume(PAUSED_PIPELINE);
    }
    if (inFlight === 0 && (this.#paused & PAUSED_IDLE) !== 0) this.#resume(PAUSED_IDLE);
    this.#endIfDone();
  }

  onRequestFailed(): void {
    if (this.#env.limits.isBreakOnFailure) this.#endAfterReply("failure");
  }

  onBrokenReply(cause: string): void {
    this.#close("broken_reply", `a reply broke off after it was partly sent: ${cause}`);
  }

  /** About once a second: timeouts. */
  tick(nowMs: number): void {
    const { limits } = this.#env;
    if (this.slotWaitStartMs !== 0) this.#resume(PAUSED_SLOT);
    const pending = this.#connection.pendingBytes;
    if (pending > 0) {
      const sent = this.#connection.bytesOut;
      if (this.#outputStuckMs === 0 || sent !== this.#outputAtCheck) {
        this.#outputStuckMs = nowMs;
        this.#outputAtCheck = sent;
      } else if (limits.sendTimeoutMs > 0 && nowMs - this.#outputStuckMs > limits.sendTimeoutMs) {
        this.#close("send_timeout", `${pending} bytes of replies weren't read in time`);
      }
      return;
    }
    this.#outputStuckMs = 0;
    if (limits.recvTimeoutMs > 0 && this.output.inFlightCount === 0) {
      if (nowMs - this.lastRequestAtMs > limits.recvTimeoutMs) this.#close("idle", "");
    }
  }

  /** Closes because the proxy has no memory for what waits here. */
  closeForMemory(bytes: number): void {
    this.#close("memory_limit", `proxy_max_memory is reached and this session holds ${bytes} bytes`);
  }

  /** Answers an error and closes: for a client that can't be served at all. */
  rejectWith(reply: Buffer, reason: string): void {
    this.#closeReason = reason;
    this.#connection.write(reply, 0, reply.length);
    this.#pause(PAUSED_ENDING);
    this.#connection.end();
  }

  /** Shutdown: no further request is read; closes when everything is answered. */
  drain(): void {
    this.#hasEnded = true;
    this.#closeReason = "shutdown";
    this.#pause(PAUSED_ENDING);
    this.#endIfDone();
  }

  /**
   * Takes requests from [start, end) as long as it may; returns the position of the first byte not taken.
   */
  #process(buffer: Buffer, start: number, end: number): number {
    // Hot path: no allocation and no closure for a request of one key.
    const { output } = this;
    const { router, limits } = this.#env;
    const nowMs = performance.now();
    this.lastRequestAtMs = nowMs;
    this.#isProcessing = true;
    output.isGathering = true;
    const mask = router.slotMask;
    let run: Backend | undefined;
    let runStart = start;
    let runFlags = 0;
    let lastId = -1;
    let pos = start;
    while (pos < end) {
      const next = scanner.scan(buffer, pos, end, this.#isAuthenticated);
      if (next <= 0) {
        if (next !== SCAN_INCOMPLETE) {
          if (run !== undefined) this.#endRun(run, runFlags, buffer, runStart, pos);
          run = undefined;
          this.#onProtocolError(next, scanner);
          pos = end;
        }
        break;
      }
      if (this.#isPlain && !scanner.isIrregular && scanner.argCount > 1) {
        const offsets = scanner.argOffsets;
        const id = lookupCommand(buffer, offsets[0] as number, offsets[1] as number);
        if (id >= 0 && IS_SINGLE_KEY[id] === 1) {
          const key = FIRST_KEY[id] as number;
          if (key < scanner.argCount) {
            const slot = slotOf(
              buffer,
              offsets[key * 2] as number,
              offsets[key * 2 + 1] as number,
              mask,
            );
            const backend = this.view.backends[slot];
            if (backend !== undefined && backend.gate === GATE_OPEN) {
              if (backend !== run) {
                if (run !== undefined) this.#endRun(run, runFlags, buffer, runStart, pos);
                run = backend;
                runStart = pos;
                runFlags = 0;
              }
              runFlags |= FLAGS[id] as number;
              lastId = id;
              const seq = output.tail;
              output.tail = (seq + 1) | 0;
              backend.push(output, seq, id, nowMs);
              pos = next;
              if (((output.tail - output.head) | 0) >= limits.maxPipeline) {
                this.#pause(PAUSED_PIPELINE);
                break;
              }
              continue;
            }
          }
        }
      }
      if (run !== undefined) {
        this.#endRun(run, runFlags, buffer, runStart, pos);
        run = undefined;
      }
      lastId = -1;
      if (!this.#processSlow(buffer, pos, next, scanner, nowMs)) break;
      pos = next;
      if (this.#paused !== 0) break;
    }
    if (run !== undefined) this.#endRun(run, runFlags, buffer, runStart, pos);
    if (lastId !== -1 && pos !== start) this.#lastCommandId = lastId;
    output.isGathering = false;
    this.#isProcessing = false;
    if (this.#hasEnded) this.#endIfDone();
    if (this.#isClosed) return end;
    return pos;
  }

  #endRun(run: Backend, flags: number, buffer: Buffer, start: number, end: number): void {
    if ((flags & FLAG_WRITE) !== 0) this.noteWrite(run);
    run.append(buffer, start, end);
  }

  /** One request that isn't simple. False when it must be offered again: it has had no effect. */
  #processSlow(
    buffer: Buffer,
    start: number,
    end: number,
    source: RequestScanner,
    nowMs: number,
  ): boolean {
    if (source.isInline) return this.#processInline(buffer, start, end, nowMs);
    if (source.argCount === 0) return true;
    if (source.isIrregular) {
      const args: Uint8Array[] = [];
      for (let i = 0; i < source.argCount; i++) {
        const from = source.argOffsets[i * 2] as number;
        args.push(buffer.subarray(from, source.argOffsets[i * 2 + 1]));
      }
      return this.#processEncoded(encodeRequest(args), nowMs);
    }
    return this.#dispatch(buffer, start, end, source, nowMs);
  }

  #processInline(buffer: Buffer, start: number, end: number, nowMs: number): boolean {
    const words = splitInline(buffer, start, end);
    if (words === undefined) {
      this.#onProtocolError(PROTOCOL_ERROR_UNBALANCED_QUOTES, scanner);
      return true;
    }
    if (words.length === 0) return true;
    return this.#processEncoded(encodeRequest(words), nowMs);
  }

  #processEncoded(frame: Buffer, nowMs: number): boolean {
    secondScanner.scan(frame, 0, frame.length, true);
    return this.#dispatch(frame, 0, frame.length, secondScanner, nowMs);
  }

  #dispatch(
    buffer: Buffer,
    start: number,
    end: number,
    source: RequestScanner,
    nowMs: number,
  ): boolean {
    const { output } = this;
    const modeBefore = this.#replyMode;
    if (modeBefore !== "on" && output.inFlightCount > 0) {
      // Replies that are dropped must not be mixed with those that aren't.
      this.#pause(PAUSED_IDLE);
      output.isWatched = true;
      return false;
    }
    const isMuting = modeBefore !== "on";
    if (isMuting) {
      output.isMuted = true;
      this.#wasReplyModeSet = false;
    }
    const outcome = this.#env.dispatcher.dispatch(this, buffer, start, end, source, nowMs);
    if (isMuting && !this.#isClosed) this.#afterMuted(modeBefore, outcome);
    switch (outcome) {
      case DISPATCHED:
      case ANSWERED:
        if (this.#isClosingAfterReply) this.#endAfterReply();
        if (output.inFlightCount >= this.#env.limits.maxPipeline) this.#pause(PAUSED_PIPELINE);
        return true;
      case WAIT_HANDLER:
        this.#pause(PAUSED_HANDLER);
        return true;
      case WAIT_IDLE:
        this.#pause(PAUSED_IDLE);
        return false;
      case WAIT_BACKEND:
        this.#pause(PAUSED_BACKEND);
        (this.waitingFor as Backend).waitForRoom(this);
        return false;
      case WAIT_SLOT:
        this.#pause(PAUSED_SLOT);
        return false;
      default:
        return true;
    }
  }

  /**
   * CLIENT REPLY OFF drops every reply, SKIP that of the next command. Commands run one at a time then: the
   * output stays muted until the reply of this one was due.
   */
  #afterMuted(modeBefore: ReplyMode, outcome: number): void {
    const isTaken = outcome === DISPATCHED || outcome === ANSWERED || outcome === WAIT_HANDLER;
    if (isTaken && modeBefore === "skip" && !this.#wasReplyModeSet) {
      this.#replyMode = "on";
      this.#isPlain = this.#isAuthenticated;
    }
    if (this.output.inFlightCount === 0) this.output.isMuted = false;
    else if (isTaken) this.#pause(PAUSED_IDLE);
  }

  #onProtocolError(code: number, source: RequestScanner): void {
    const text = protocolErrorText(code, source.unexpectedByte);
    const reply = protocolError(text);
    const { output } = this;
    output.onReply(output.reserve(), reply, 0, reply.length);
    this.#closeDetail = text;
    this.#endAfterReply("protocol_error");
  }

  /** Reads no further, closes when everything due is written. */
  #endAfterReply(reason = "quit"): void {
    this.#hasEnded = true;
    this.#closeReason = reason;
    this.#rest = undefined;
    this.#pause(PAUSED_ENDING);
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (!this.#hasEnded || this.#isClosed || this.#isProcessing) {
      if (this.#hasEnded) this.output.isWatched = true;
      return;
    }
    const isWaiting = (this.#paused & (PAUSED_IDLE | PAUSED_BACKEND | PAUSED_SLOT)) !== 0;
    const isBusy = this.output.inFlightCount > 0 || (this.#paused & PAUSED_HANDLER) !== 0;
    if (isBusy || (isWaiting && this.#rest !== undefined)) {
      this.output.isWatched = true;
      return;
    }
    this.#connection.end();
  }

  #onDataSlow(chunk: Buffer): void {
    if (this.#isClosed || (this.#paused & PAUSED_ENDING) !== 0) return;
    if (this.#paused !== 0) {
      this.#keepRest(chunk);
      if (this.inputBytes() > PAUSED_INPUT_BYTES_MAX) this.#connection.pause();
      return;
    }
    if (this.#assembler !== undefined) {
      this.#assemble(chunk);
      return;
    }
    const joined = Buffer.concat([this.#takeRest(), chunk]);
    this.#processAll(joined);
  }

  #processAll(input: Buffer): void {
    const consumed = this.#process(input, 0, input.length);
    if (consumed < input.length && !this.#isClosed) this.#keepRest(input.subarray(consumed));
    if (this.#hasEnded) this.#endIfDone();
  }

  #assemble(chunk: Buffer): void {
    const assembler = this.#assembler as RequestAssembler;
    const next = assembler.add(chunk, this.#isAuthenticated);
    if (next === SCAN_INCOMPLETE) {
      if (assembler.length > this.#env.limits.maxRequestBytes) {
        this.#onProtocolError(PROTOCOL_ERROR_BIG_REQUEST, assembler.scanner);
      }
      return;
    }
    this.#assembler = undefined;
    assembler.release();
    if (next < 0) {
      this.#onProtocolError(next, assembler.scanner);
      return;
    }
    const { buffer, length } = assembler;
    const nowMs = performance.now();
    this.output.isGathering = true;
    const isTaken = this.#processSlow(buffer, 0, next, assembler.scanner, nowMs);
    this.output.isGathering = false;
    const rest = buffer.subarray(isTaken ? next : 0, length);
    if (rest.length === 0 || this.#isClosed) return;
    if (this.#paused !== 0) this.#keepRest(Buffer.from(rest));
    else this.#processAll(Buffer.from(rest));
  }

  /** Input that can't be processed yet: the beginning of a request, or anything while paused. */
  #keepRest(bytes: Buffer): void {
    if (this.#isClosed || (this.#paused & PAUSED_ENDING) !== 0) return;
    if (this.#paused === 0 && bytes.length >= ASSEMBLE_BYTES_MIN) {
      this.#assembler = new RequestAssembler(bytes, this.#isAuthenticated);
      return;
    }
    const rest = this.#rest === undefined ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    memoryGauge.usedBytes += rest.length - (this.#rest?.length ?? 0);
    this.#rest = rest;
  }

  #takeRest(): Buffer {
    const rest = this.#rest ?? EMPTY;
    memoryGauge.usedBytes -= rest.length;
    this.#rest = undefined;
    return rest;
  }

  #pause(reason: number): void {
    this.#paused |= reason;
    if ((reason & (PAUSED_IDLE | PAUSED_PIPELINE)) !== 0) this.output.isWatched = true;
    // Waits that are short as a rule don't touch the socket; see PAUSED_INPUT_BYTES_MAX.
    if ((reason & (PAUSED_OUTPUT | PAUSED_MEMORY | PAUSED_BACKEND)) !== 0) this.#connection.pause();
  }

  /** One reason less; with the last the session goes on where it stopped. */
  #resume(reason: number): void {
    if ((this.#paused & reason) === 0) return;
    this.#paused &= ~reason;
    if (this.#paused !== 0 || this.#isClosed) return;
    if (this.#isProcessing) return;
    this.output.isWatched = this.#hasEnded;
    if (this.output.isMuted) this.output.isMuted = false;
    const rest = this.#rest;
    if (rest !== undefined) {
      this.#processAll(this.#takeRest());
      if (this.#paused !== 0 || this.#isClosed) return;
    }
    this.#connection.resume();
  }

  #close(reason: string, detail: string): void {
    if (this.#isClosed) return;
    this.#closeReason = reason;
    this.#closeDetail = detail;
    const connection = this.#connection;
    this.#dispose(reason, detail);
    connection.destroy();
  }

  #dispose(reason: string, detail: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#takeRest();
    this.#assembler?.release();
    this.#assembler = undefined;
    this.output.abandon();
    const isOurs = this.#closeReason !== "";
    this.#env.onSessionClosed(
      this,
      isOurs ? this.#closeReason : reason,
      isOurs ? this.#closeDetail : detail,
    );
  }
}

const EMPTY = Buffer.alloc(0);
