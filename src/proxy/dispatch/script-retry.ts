/**
 * One EVALSHA that was sent with nothing else in flight: if the server lost its scripts meanwhile (a restart,
 * a flush behind our back), the script is loaded and the request sent once more. With later requests in
 * flight the order would break, so then NOSCRIPT goes to the client, which knows what to do.
 */
import { type Backend, GATE_OPEN } from "../backend/backend.ts";
import { ReplySink } from "../reply/reply-sink.ts";
import type { SessionOutput } from "../reply/session-output.ts";

const NOSCRIPT = "-NOSCRIPT";

/** See the file head; made for one request, used for at most two replies. */
export class ScriptRetry extends ReplySink {
  readonly #output: SessionOutput;
  readonly #seq: number;
  readonly #backend: Backend;
  readonly #commandId: number;
  readonly #loadFrame: Buffer;
  readonly #frame: Buffer;
  #isSecondTry = false;

  constructor(
    output: SessionOutput,
    backend: Backend,
    commandId: number,
    loadFrame: Buffer,
    frame: Buffer,
  ) {
    super(false);
    this.#output = output;
    this.#seq = output.reserve();
    this.#backend = backend;
    this.#commandId = commandId;
    this.#loadFrame = loadFrame;
    this.#frame = frame;
  }

  override onReply(_tag: number, chunk: Buffer, start: number, end: number): void {
    const isLost = chunk.toString("latin1", start, start + NOSCRIPT.length) === NOSCRIPT;
    if (!isLost || this.#isSecondTry || !this.#mayRetry()) {
      this.#output.onReply(this.#seq, chunk, start, end);
      return;
    }
    this.#isSecondTry = true;
    const nowMs = performance.now();
    this.#backend.sendIgnored(this.#loadFrame, nowMs);
    this.#backend.push(this, 0, this.#commandId, nowMs);
    this.#backend.append(this.#frame, 0, this.#frame.length);
  }

  override onFailure(_tag: number, error: Buffer): void {
    this.#output.onFailure(this.#seq, error);
  }

  #mayRetry(): boolean {
    return this.#output.inFlightCount === 1 && this.#backend.gate === GATE_OPEN;
  }
}
