/**
 * The input of a session that can't be processed yet: the beginning of a request, or anything that arrived
 * while the session is paused.
 *
 * Small rests are joined with the next chunk; a large request is put together by a `RequestAssembler`.
 * What is held is counted in the memory gauge. At rest nothing is held.
 */
import { memoryGauge } from "../../net/buffer-pool.ts";
import { ASSEMBLE_BYTES_MIN, RequestAssembler } from "./request-assembler.ts";

const EMPTY = Buffer.alloc(0);

/** See the file head. One for each session. */
export class SessionInput {
  #rest: Buffer | undefined;
  #assembler: RequestAssembler | undefined;

  /** Nothing is held: a chunk may be processed where it is. */
  get isEmpty(): boolean {
    // Hot path.
    return this.#rest === undefined && this.#assembler === undefined;
  }

  /** Whole or unfinished requests wait, apart from one that is being put together. */
  get hasRest(): boolean {
    return this.#rest !== undefined;
  }

  get bytes(): number {
    return (this.#rest?.length ?? 0) + (this.#assembler?.length ?? 0);
  }

  /** The large request that is arriving, if there is one. */
  get assembler(): RequestAssembler | undefined {
    return this.#assembler;
  }

  /**
   * Keeps bytes behind what is held. The larger part of a chunk is kept in place: copying it at each of many
   * short waits would cost the square of its length.
   */
  keep(bytes: Buffer): void {
    const alone = bytes.length * 2 > bytes.buffer.byteLength ? bytes : Buffer.from(bytes);
    const rest = this.#rest === undefined ? alone : Buffer.concat([this.#rest, bytes]);
    memoryGauge.usedBytes += rest.length - (this.#rest?.length ?? 0);
    this.#rest = rest;
  }

  /** Keeps the beginning of a request; a long one is put together from now on. */
  keepBeginning(bytes: Buffer, isLoggedIn: boolean): void {
    if (bytes.length < ASSEMBLE_BYTES_MIN) this.keep(bytes);
    else this.#assembler = new RequestAssembler(bytes, isLoggedIn);
  }

  /** Takes the rest out. */
  takeRest(): Buffer {
    const rest = this.#rest ?? EMPTY;
    memoryGauge.usedBytes -= rest.length;
    this.#rest = undefined;
    return rest;
  }

  /** The large request is whole, or is given up; its buffer is the caller's. */
  endAssembly(): void {
    this.#assembler?.release();
    this.#assembler = undefined;
  }

  /** Gives everything up. */
  drop(): void {
    this.takeRest();
    this.endAssembly();
  }
}
