/**
 * The bytes of the reads in flight on one connection to a replica, so that they can be sent to the master when the
 * replica doesn't answer them. Kept as runs, as they were sent; one copy and one small object for each run.
 *
 *     number of the request:   17      18      19 20 21          "end" of a run: the number after its last
 *                             [ run ] [ run ] [  run   ]
 *
 * Runs whose requests were answered are dropped a little later, when the next one is added or on a tick.
 */
import { memoryGauge } from "../../net/buffer-pool.ts";
import { RequestScanner } from "../../resp/request-scanner.ts";

interface Run {
  readonly bytes: Buffer;
  /** Numbers of its first request and of the one after its last. */
  readonly begin: number;
  readonly end: number;
  /** The requests one by one, once one of them is asked for. */
  frames: readonly Buffer[] | undefined;
}

const scanner = new RequestScanner();

/** See the file head. */
export class KeptRequests {
  /** Bytes kept now. */
  bytes = 0;
  #runs: Run[] = [];
  /** Index in `#runs` of the oldest one that is still kept. */
  #first = 0;
  /** Number of the request after the last one that was added. */
  #end = 0;

  /** Whole requests, up to the one before number `end`. The bytes are copied. */
  add(chunk: Buffer, start: number, end: number, endNumber: number): void {
    // Hot path of reads.
    const bytes = Buffer.from(chunk.subarray(start, end));
    this.#runs.push({ bytes, begin: this.#end, end: endNumber, frames: undefined });
    this.#end = endNumber;
    this.bytes += bytes.length;
    memoryGauge.usedBytes += bytes.length;
  }

  /** The request with this number, which isn't answered; undefined when its bytes aren't kept. */
  frameOf(number: number): Buffer | undefined {
    for (let index = this.#first; index < this.#runs.length; index++) {
      const run = this.#runs[index] as Run;
      if (number >= run.end) continue;
      run.frames ??= splitFrames(run.bytes);
      return run.frames[number - run.begin];
    }
    return undefined;
  }

  /** All requests before this number are answered. */
  release(number: number): void {
    const runs = this.#runs;
    while (this.#first < runs.length && (runs[this.#first] as Run).end <= number) {
      const { length } = (runs[this.#first] as Run).bytes;
      this.bytes -= length;
      memoryGauge.usedBytes -= length;
      this.#first++;
    }
    if (this.#first === runs.length) {
      runs.length = 0;
      this.#first = 0;
    } else if (this.#first * 2 > runs.length) {
      this.#runs = runs.slice(this.#first);
      this.#first = 0;
    }
  }
}

function splitFrames(bytes: Buffer): readonly Buffer[] {
  const frames: Buffer[] = [];
  let pos = 0;
  while (pos < bytes.length) {
    const next = scanner.scan(bytes, pos, bytes.length, true);
    if (next <= pos) break;
    frames.push(bytes.subarray(pos, next));
    pos = next;
  }
  return frames;
}
