/**
 * One client connection: reads requests out of the chunks, sends each on its way, bounds what it may use.
 *
 * The `RequestReader` takes simple requests out of a chunk by itself; everything else goes to the
 * `Dispatcher`. A session that must wait keeps the rest of its input and stops reading its socket, so a client that is
 * faster than its servers is slowed down by TCP and never disconnected for pipelining.
 */
import { COMMANDS } from "../../command/table.ts";
import type { Connection, ConnectionOwner } from "../../net/connection.ts";
import { SendWatch } from "../../net/send-watch.ts";
import { PROTOCOL_ERROR_BIG_REQUEST, protocolErrorText } from "../../resp/protocol-error.ts";
import { type RequestScanner, SCAN_INCOMPLETE } from "../../resp/request-scanner.ts";
import type { Backend, BackendWaiter } from "../backend/backend.ts";
import type { ReplyMode } from "../dispatch/context.ts";
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
import type { KeyWait } from "../router/key-wait.ts";
import type { RouteView } from "../router/router.ts";
import {
  ENDS_BY_PROGRESS,
  PAUSED_BACKEND,
  PAUSED_ENDING,
  PAUSED_HANDLER,
  PAUSED_IDLE,
  PAUSED_MEMORY,
  PAUSED_OUTPUT,
  PAUSED_PIPELINE,
  PAUSED_SLOT,
  STOPS_SOCKET,
} from "./pause-reason.ts";
import { PipelineWindow } from "./pipeline-window.ts";
import { ReplyMuting } from "./reply-muting.ts";
import type { RequestAssembler } from "./request-assembler.ts";
import { RequestReader, type RequestReaderOwner } from "./request-reader.ts";
import { SESSION_ID_STEP, type SessionEnv } from "./session-env.ts";
import { SessionInput } from "./session-input.ts";
import { SessionRoute } from "./session-route.ts";

/** Input kept while paused before the socket itself is paused. */
const PAUSED_INPUT_BYTES_MAX = 64 * 1024;
/** A client has so long to close its side after we closed ours; then the connection is cut. */
const LINGER_MS = 2000;

/** See the file head. */
export class Session
  implements SessionPort, RequestReaderOwner, ConnectionOwner, SessionOutputOwner, BackendWaiter
{
  readonly id: number;
  readonly addr: string;
  readonly laddr: string;
  readonly createdAtMs: number;
  readonly output: SessionOutput;
  readonly route: SessionRoute;
  readonly writtenGroups = new Set<number>();
  lastRequestAtMs: number;
  name = "";
  libName = "";
  libVersion = "";
  waitingFor: Backend | undefined;
  slotWaitStartMs = 0;
  keyWait: KeyWait | undefined;
  readonly #connection: Connection;
  readonly #env: SessionEnv;
  readonly #reader: RequestReader;
  readonly #window: PipelineWindow;
  readonly #muting: ReplyMuting;
  #paused = 0;
  #lastCommandName = "";
  readonly #input = new SessionInput();
  #lastWritten: Backend | undefined;
  #isClosed = false;
  /** The client sends no more. */
  #hasEnded = false;
  #isClosingAfterReply = false;
  readonly #sendWatch = new SendWatch();
  /** When our side was closed; 0 before. */
  #endSentMs = 0;
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
    const { router, limits } = env;
    const number = Math.floor(id / SESSION_ID_STEP);
    this.output = new SessionOutput(connection, this);
    this.#muting = new ReplyMuting(this.output);
    this.#window = new PipelineWindow(limits.maxPipeline, limits.softOutputBytes);
    const view = router.view(0, 2, number % router.laneCount);
    const { slotMask } = router;
    const [window, maxBytes] = [this.#window, limits.maxRequestBytes];
    this.#reader = new RequestReader(this, view, isAuthenticated, slotMask, window, maxBytes);
    const { readsFromReplicas } = env;
    this.route = new SessionRoute(this.#reader, router, this.output, number, readsFromReplicas);
    connection.attach(this);
  }

  get isPaused(): boolean {
    return this.#paused !== 0;
  }

  get lastCommand(): string {
    const id = this.#reader.lastCommandId;
    return id === -1 ? this.#lastCommandName : (COMMANDS[id]?.name ?? "");
  }

  set lastCommand(name: string) {
    this.#lastCommandName = name;
    this.#reader.lastCommandId = -1;
  }

  get view(): RouteView {
    return this.#reader.view;
  }

  get db(): number {
    return this.view.db;
  }

  set db(db: number) {
    this.route.switchTo(db, this.view.proto);
  }

  get proto(): 2 | 3 {
    return this.view.proto;
  }

  set proto(proto: 2 | 3) {
    this.route.switchTo(this.view.db, proto);
  }

  get isAuthenticated(): boolean {
    return this.#reader.isLoggedIn;
  }

  set isAuthenticated(is: boolean) {
    this.#reader.isLoggedIn = is;
    this.#reader.isPlain = is && this.replyMode === "on";
  }

  get replyMode(): ReplyMode {
    return this.#muting.mode;
  }

  set replyMode(mode: ReplyMode) {
    this.#muting.set(mode);
    this.#reader.isPlain = this.isAuthenticated && mode === "on";
  }

  inputBytes(): number {
    return this.#input.bytes;
  }

  outputBytes(): number {
    return this.#connection.pendingBytes + this.output.keptBytes;
  }

  inFlightCount(): number {
    return this.output.inFlightCount;
  }

  closeAfterReply(): void {
    this.#isClosingAfterReply = true;
  }

  closeNow(reason: string, detail = ""): void {
    this.#close(reason, detail);
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

  /** The slot table changed, or keys that a request waits for have moved. */
  onTableChanged(): void {
    this.route.refresh();
    this.#resume(PAUSED_SLOT);
  }

  /** Bytes that the proxy holds for this session. */
  get heldBytes(): number {
    return this.inputBytes() + this.outputBytes();
  }

  /** The worker has memory again (false), or must not take more (true). */
  setMemoryPressure(isHigh: boolean): void {
    if (isHigh) this.#pause(PAUSED_MEMORY);
    else this.#resume(PAUSED_MEMORY);
  }

  onData(chunk: Buffer): void {
    // Hot path.
    if (this.#paused === 0 && this.#input.isEmpty) {
      if (this.#window.hasChanged && this.output.inFlightCount === 0) this.#window.restart();
      this.#read(chunk);
      return;
    }
    this.#onDataSlow(chunk);
  }

  onOutputPending(pendingBytes: number): void {
    const { limits } = this.#env;
    const { keptBytes } = this.output;
    const bytes = pendingBytes + keptBytes;
    if (bytes > limits.maxOutputBytes) {
      this.#close("output_limit", `${bytes} bytes of replies wait for the client to read`);
      return;
    }
    if (pendingBytes > limits.softOutputBytes) this.#pause(PAUSED_OUTPUT);
    if (keptBytes > limits.softOutputBytes && (this.#paused & PAUSED_PIPELINE) === 0) {
      this.onPipelineFull();
    }
  }

  onDrain(): void {
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
    if ((this.#paused & PAUSED_PIPELINE) !== 0 && inFlight * 2 <= this.#window.limit) {
      this.#window.adapt(this.#answeredBytes(), this.output.head);
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
    const { pendingBytes, bytesOut } = this.#connection;
    const stuckMs = this.#sendWatch.stuckMs(pendingBytes, bytesOut, nowMs);
    if (limits.sendTimeoutMs > 0 && stuckMs > limits.sendTimeoutMs) {
      this.#close("send_timeout", `${pendingBytes} bytes of replies weren't read in time`);
      return;
    }
    if (this.#endSentMs !== 0 && pendingBytes === 0 && nowMs - this.#endSentMs > LINGER_MS) {
      this.#connection.destroy();
      return;
    }
    if (pendingBytes > 0) return;
    if (limits.recvTimeoutMs > 0 && this.output.inFlightCount === 0) {
      if (nowMs - this.lastRequestAtMs > limits.recvTimeoutMs) this.#close("idle", "");
    }
  }

  /** Answers an error and closes: for a client that can't be served at all. */
  rejectWith(reply: Buffer, reason: string): void {
    this.#closeReason = reason;
    this.#connection.write(reply, 0, reply.length);
    this.#pause(PAUSED_ENDING);
    this.#endSentMs = performance.now();
    this.#connection.end();
  }

  /** Shutdown: no further request is read; closes when everything is answered. */
  drain(): void {
    this.#hasEnded = true;
    this.#closeReason = "shutdown";
    this.#pause(PAUSED_ENDING);
    this.#endIfDone();
  }

  offer(
    buffer: Buffer,
    start: number,
    end: number,
    source: RequestScanner,
    nowMs: number,
  ): boolean {
    const { output } = this;
    const isMuting = this.replyMode !== "on";
    if (isMuting) {
      if (output.inFlightCount > 0) {
        this.#pause(PAUSED_IDLE);
        return false;
      }
      this.#muting.begin();
    }
    const outcome = this.#env.dispatcher.dispatch(this, buffer, start, end, source, nowMs);
    if (isMuting && !this.#isClosed) {
      const isTaken = outcome === DISPATCHED || outcome === ANSWERED || outcome === WAIT_HANDLER;
      this.#muting.end(isTaken);
      this.#reader.isPlain = this.isAuthenticated && this.replyMode === "on";
      if (isTaken && output.inFlightCount > 0) this.#pause(PAUSED_IDLE);
    }
    switch (outcome) {
      case DISPATCHED:
      case ANSWERED:
        if (this.#isClosingAfterReply) this.#endAfterReply();
        if (output.inFlightCount >= this.#window.limit) this.onPipelineFull();
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

  onPipelineFull(): void {
    this.#window.mark(this.#answeredBytes(), this.output.head);
    this.#pause(PAUSED_PIPELINE);
  }

  onProtocolError(code: number, unexpectedByte: number): void {
    const text = protocolErrorText(code, unexpectedByte);
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
    this.#input.takeRest();
    this.#pause(PAUSED_ENDING);
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (!this.#hasEnded || this.#isClosed || this.#reader.isReading) {
      if (this.#hasEnded) this.output.isWatched = true;
      return;
    }
    // Whatever pauses a session that isn't ending: what it has read already is still to be served.
    const isWaiting = this.#paused !== 0 && (this.#paused & PAUSED_ENDING) === 0;
    const isBusy = this.output.inFlightCount > 0 || (this.#paused & PAUSED_HANDLER) !== 0;
    if (isBusy || (isWaiting && this.#input.hasRest)) {
      this.output.isWatched = true;
      return;
    }
    if (this.#endSentMs === 0) this.#endSentMs = performance.now();
    this.#connection.end();
  }

  /** Bytes of all replies so far, also of those that the client has yet to take. */
  #answeredBytes(): number {
    return this.#connection.bytesOut + this.#connection.pendingBytes;
  }

  #onDataSlow(chunk: Buffer): void {
    if (this.#isClosed || (this.#paused & PAUSED_ENDING) !== 0) return;
    if (this.#paused !== 0) {
      this.#keepRest(chunk);
      if (this.inputBytes() > PAUSED_INPUT_BYTES_MAX) this.#connection.pause();
      return;
    }
    const { assembler } = this.#input;
    if (assembler !== undefined) this.#assemble(assembler, chunk);
    else this.#read(Buffer.concat([this.#input.takeRest(), chunk]));
  }

  /** Takes requests from a chunk and keeps what it couldn't take. */
  #read(chunk: Buffer): void {
    // Hot path.
    const nowMs = performance.now();
    this.lastRequestAtMs = nowMs;
    const end = chunk.length;
    const taken = this.#reader.read(chunk, end, nowMs);
    if (taken < end && !this.#isClosed) this.#keepRest(chunk.subarray(taken));
    if (this.#hasEnded) this.#endIfDone();
  }

  #assemble(assembler: RequestAssembler, chunk: Buffer): void {
    const next = assembler.add(chunk, this.isAuthenticated);
    if (next === SCAN_INCOMPLETE) {
      if (assembler.scanner.neededEnd > this.#env.limits.maxRequestBytes) {
        this.onProtocolError(PROTOCOL_ERROR_BIG_REQUEST, 0);
      }
      return;
    }
    this.#input.endAssembly();
    if (next < 0) {
      this.onProtocolError(next, assembler.scanner.unexpectedByte);
      return;
    }
    const { buffer, length } = assembler;
    const nowMs = performance.now();
    this.output.isGathering = true;
    const isTaken = this.#reader.readOne(buffer, 0, next, assembler.scanner, nowMs);
    this.output.isGathering = false;
    const rest = buffer.subarray(isTaken ? next : 0, length);
    if (rest.length === 0 || this.#isClosed) return;
    if (this.#paused !== 0) this.#keepRest(Buffer.from(rest));
    else this.#read(Buffer.from(rest));
  }

  /** Input that can't be processed yet: the beginning of a request, or anything while paused. */
  #keepRest(bytes: Buffer): void {
    if (this.#isClosed || (this.#paused & PAUSED_ENDING) !== 0) return;
    if (this.#paused === 0) this.#input.keepBeginning(bytes, this.isAuthenticated);
    else this.#input.keep(bytes);
  }

  #pause(reason: number): void {
    this.#paused |= reason;
    if ((reason & ENDS_BY_PROGRESS) !== 0) this.output.isWatched = true;
    if ((reason & STOPS_SOCKET) !== 0) this.#connection.pause();
  }

  /** One reason less; with the last the session goes on where it stopped. */
  #resume(reason: number): void {
    if ((this.#paused & reason) === 0) return;
    this.#paused &= ~reason;
    if (this.#paused !== 0 || this.#isClosed) return;
    if (this.#reader.isReading) return;
    this.output.isWatched = this.#hasEnded;
    if (this.output.isMuted) this.output.isMuted = false;
    if (this.#input.hasRest) {
      this.#read(this.#input.takeRest());
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
    this.#input.drop();
    this.output.abandon();
    const isOurs = this.#closeReason !== "";
    this.#env.onSessionClosed(
      this,
      isOurs ? this.#closeReason : reason,
      isOurs ? this.#closeDetail : detail,
    );
  }
}
