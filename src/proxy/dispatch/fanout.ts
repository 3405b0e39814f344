/**
 * One multi-key request split over several backends, and its replies merged into one.
 *
 * MGET, MSET, DEL, UNLINK, EXISTS and TOUCH come here when their keys live on several servers. Each server
 * gets one request with its keys in their order; each part's reply is remembered where it lies in its chunk,
 * and when the last is there the reply is put together in the order of the keys. One failing part fails the
 * whole, with that part's error. Other parts may have been done by then: as with Redis Cluster clients, a
 * split command isn't atomic.
 */
import { MERGE_ALL_OK, MERGE_ARRAY_BY_KEY } from "../../command/route.ts";
import type { Backend } from "../backend/backend.ts";
import { ReplySink } from "../reply/reply-sink.ts";
import type { SessionOutput } from "../reply/session-output.ts";
import type { CommandStats } from "../stats/command-stats.ts";

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;
const MINUS = 45;
const COLON = 58;
const DIGIT_0 = 48;
/** Keys up to this length are copied by a loop, which beats Buffer.copy's fixed cost. */
const LOOP_COPY_MAX = 24;
/** Parts are not commands of their own in the statistics. */
const PART_COMMAND = -1;

/** Scratch for frames and merged replies: grows to what was needed, given up when it was extreme. */
let scratch = Buffer.allocUnsafeSlow(64 * 1024);
const SCRATCH_KEPT_BYTES_MAX = 1024 * 1024;

/** The parts of one request in flight. */
export class Fanout extends ReplySink {
  readonly #output: SessionOutput;
  readonly #seq: number;
  readonly #merge: number;
  readonly #commandId: number;
  readonly #stats: CommandStats;
  readonly #startMs: number;
  /** Part of each key. */
  readonly #partOfKey: Uint16Array;
  readonly #chunks: Buffer[];
  readonly #starts: number[];
  readonly #ends: number[];
  #due: number;
  #hasFailure = false;

  constructor(
    output: SessionOutput,
    commandId: number,
    merge: number,
    partOfKey: Uint16Array,
    partCount: number,
    stats: CommandStats,
    startMs: number,
  ) {
    super(false);
    this.#output = output;
    this.#seq = output.reserve();
    this.#merge = merge;
    this.#commandId = commandId;
    this.#stats = stats;
    this.#startMs = startMs;
    this.#partOfKey = partOfKey;
    this.#chunks = new Array<Buffer>(partCount);
    this.#starts = new Array<number>(partCount);
    this.#ends = new Array<number>(partCount);
    this.#due = partCount;
  }

  override onReply(part: number, chunk: Buffer, start: number, end: number): void {
    this.#chunks[part] = chunk;
    this.#starts[part] = start;
    this.#ends[part] = end;
    this.#due--;
    if (this.#due === 0) this.#finish();
  }

  override mayRepeat(_part: number, slot: number): boolean {
    return this.#output.mayRepeat(this.#seq, slot);
  }

  override onFailure(part: number, error: Buffer): void {
    this.#hasFailure = true;
    this.onReply(part, error, 0, error.length);
  }

  #finish(): void {
    this.#stats.record(this.#commandId, performance.now() - this.#startMs);
    const failed = this.#failedPart();
    if (failed !== -1) {
      const chunk = this.#chunks[failed] as Buffer;
      if (this.#hasFailure) {
        this.#output.onFailure(
          this.#seq,
          chunk.subarray(this.#starts[failed] as number, this.#ends[failed] as number),
        );
        return;
      }
      this.#answer(chunk, this.#starts[failed] as number, this.#ends[failed] as number);
      return;
    }
    if (this.#merge === MERGE_ARRAY_BY_KEY) this.#mergeArray();
    else if (this.#merge === MERGE_ALL_OK) this.#answer(OK, 0, OK.length);
    else this.#mergeSum();
  }

  /** Index of the first part that is an error, -1 when there is none. */
  #failedPart(): number {
    for (let part = 0; part < this.#chunks.length; part++) {
      if ((this.#chunks[part] as Buffer)[this.#starts[part] as number] === MINUS) return part;
    }
    return -1;
  }

  #mergeSum(): void {
    let sum = 0;
    for (let part = 0; part < this.#chunks.length; part++) {
      const chunk = this.#chunks[part] as Buffer;
      const start = this.#starts[part] as number;
      if (chunk[start] !== COLON) {
        this.#answerBadPart();
        return;
      }
      sum += Number(chunk.toString("latin1", start + 1, (this.#ends[part] as number) - 2));
    }
    const reply = Buffer.from(`:${sum}\r\n`);
    this.#answer(reply, 0, reply.length);
  }

  /** Puts the elements together in the order of the keys; neighbours of one part go as one copy. */
  #mergeArray(): void {
    const keyCount = this.#partOfKey.length;
    let bytes = 16;
    for (let part = 0; part < this.#chunks.length; part++) {
      bytes += (this.#ends[part] as number) - (this.#starts[part] as number);
      const first = this.#skipHeader(part);
      if (first === -1) {
        this.#answerBadPart();
        return;
      }
      this.#starts[part] = first;
    }
    if (bytes > scratch.length) scratch = Buffer.allocUnsafeSlow(bytes * 2);
    const out = scratch;
    let pos = writeHeader(out, 0, STAR, keyCount);
    let key = 0;
    while (key < keyCount) {
      const part = this.#partOfKey[key] as number;
      const chunk = this.#chunks[part] as Buffer;
      const start = this.#starts[part] as number;
      let end = start;
      do {
        end = elementEnd(chunk, end);
        key++;
      } while (key < keyCount && this.#partOfKey[key] === part);
      if (end > (this.#ends[part] as number)) {
        this.#answerBadPart();
        return;
      }
      this.#starts[part] = end;
      pos = copyBytes(chunk, start, end, out, pos);
    }
    // The turn of the reply decides who may hold it: the scratch buffer only if it goes out at once.
    if (this.#output.head === this.#seq) this.#answer(out, 0, pos);
    else this.#answer(Buffer.from(out.subarray(0, pos)), 0, pos);
    if (scratch.length > SCRATCH_KEPT_BYTES_MAX) scratch = Buffer.allocUnsafeSlow(64 * 1024);
  }

  /** Position of the first element of a part, -1 when it isn't an array. */
  #skipHeader(part: number): number {
    const chunk = this.#chunks[part] as Buffer;
    const start = this.#starts[part] as number;
    if (chunk[start] !== STAR) return -1;
    let pos = start + 1;
    while (chunk[pos] !== LF) pos++;
    return pos + 1;
  }

  #answerBadPart(): void {
    this.#answer(BAD_PART, 0, BAD_PART.length);
  }

  #answer(chunk: Buffer, start: number, end: number): void {
    this.#output.onReply(this.#seq, chunk, start, end);
  }
}

const OK = Buffer.from("+OK\r\n");
const BAD_PART = Buffer.from("-ERR handle response, bad reply of one part\r\n");

/** Offsets of the arguments of a request; see `RequestScanner.argOffsets`. */
export interface PartSource {
  readonly buffer: Buffer;
  readonly argOffsets: Int32Array;
  readonly argCount: number;
  /** 1 for keys alone, 2 for pairs of key and value. */
  readonly step: number;
}

/** Sends one part: the command's name and those of its arguments whose key belongs to this part. */
export function sendPart(
  backend: Backend,
  fanout: Fanout,
  part: number,
  source: PartSource,
  partOfKey: Uint16Array,
  nowMs: number,
): void {
  const { buffer, argOffsets, step } = source;
  const keyCount = partOfKey.length;
  let ownKeys = 0;
  let bytes = 32 + (argOffsets[1] as number) - (argOffsets[0] as number);
  for (let key = 0; key < keyCount; key++) {
    if (partOfKey[key] !== part) continue;
    ownKeys++;
    const last = (1 + key * step + step - 1) * 2 + 1;
    bytes += (argOffsets[last] as number) + 2 - rawStart(argOffsets, 1 + key * step);
  }
  if (bytes > scratch.length) scratch = Buffer.allocUnsafeSlow(bytes * 2);
  const out = scratch;
  let pos = writeHeader(out, 0, STAR, ownKeys * step + 1);
  pos = writeHeader(out, pos, DOLLAR, (argOffsets[1] as number) - (argOffsets[0] as number));
  pos = copyBytes(buffer, argOffsets[0] as number, (argOffsets[1] as number) + 2, out, pos);
  let key = 0;
  while (key < keyCount) {
    if (partOfKey[key] !== part) {
      key++;
      continue;
    }
    const firstArg = 1 + key * step;
    while (key < keyCount && partOfKey[key] === part) key++;
    const lastArg = key * step;
    pos = copyBytes(
      buffer,
      rawStart(argOffsets, firstArg),
      (argOffsets[lastArg * 2 + 1] as number) + 2,
      out,
      pos,
    );
  }
  backend.push(fanout, part, PART_COMMAND, nowMs);
  backend.append(out, 0, pos);
  if (scratch.length > SCRATCH_KEPT_BYTES_MAX) scratch = Buffer.allocUnsafeSlow(64 * 1024);
}

/** Where the header (`$5\r\n`) of an argument begins: behind the line end of the one before it. */
function rawStart(argOffsets: Int32Array, arg: number): number {
  return (argOffsets[arg * 2 - 1] as number) + 2;
}

function copyBytes(from: Buffer, start: number, end: number, to: Buffer, pos: number): number {
  if (end - start > LOOP_COPY_MAX) {
    from.copy(to, pos, start, end);
    return pos + end - start;
  }
  for (let i = start; i < end; i++) to[pos++] = from[i] as number;
  return pos;
}

/** Writes `*12\r\n` and the like; returns the position after it. */
function writeHeader(out: Buffer, at: number, type: number, value: number): number {
  let pos = at;
  out[pos++] = type;
  let scale = 1;
  while (value >= scale * 10) scale *= 10;
  while (scale >= 1) {
    out[pos++] = DIGIT_0 + (Math.floor(value / scale) % 10);
    scale /= 10;
  }
  out[pos++] = CR;
  out[pos++] = LF;
  return pos;
}

/** End of one element of an MGET reply, a bulk or a null; beyond the chunk when there is none. */
function elementEnd(chunk: Buffer, start: number): number {
  let pos = start + 1;
  if (chunk[start] !== DOLLAR || chunk[pos] === MINUS) {
    while (pos < chunk.length && chunk[pos] !== LF) pos++;
    return pos + 1;
  }
  let length = 0;
  while (pos < chunk.length && chunk[pos] !== CR) {
    length = length * 10 + (chunk[pos] as number) - DIGIT_0;
    pos++;
  }
  return pos + 2 + length + 2;
}
