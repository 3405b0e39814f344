/**
 * A request that arrives in many chunks: put together once, scanned once.
 *
 * Small rests are simply joined with the next chunk by the session. Above that, joining and scanning again
 * for each chunk would cost the square of the size, so the bytes are gathered in one growing buffer and the
 * scanner goes on where it stopped. The buffer grows with what arrives, never with what a header promises.
 */
import { memoryGauge } from "../../net/buffer-pool.ts";
import { RequestScanner } from "../../resp/request-scanner.ts";

/** Rests smaller than this are joined and scanned again. */
export const ASSEMBLE_BYTES_MIN = 4096;

/** At most one for each session, only while a large request arrives. */
export class RequestAssembler {
  readonly scanner = new RequestScanner();
  buffer: Buffer;
  length = 0;

  /** Starts with the beginning of a request, of which the scanner found no end. */
  constructor(rest: Buffer, isLoggedIn: boolean) {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(ASSEMBLE_BYTES_MIN * 4, rest.length * 2));
    memoryGauge.usedBytes += this.buffer.length;
    rest.copy(this.buffer, 0);
    this.length = rest.length;
    this.scanner.scan(this.buffer, 0, this.length, isLoggedIn);
  }

  /** Adds a chunk; returns as `RequestScanner.scan`. */
  add(chunk: Buffer, isLoggedIn: boolean): number {
    const needed = this.length + chunk.length;
    if (needed > this.buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
      memoryGauge.usedBytes += grown.length - this.buffer.length;
      this.buffer.copy(grown, 0, 0, this.length);
      this.buffer = grown;
    }
    chunk.copy(this.buffer, this.length);
    this.length = needed;
    if (this.length < this.scanner.neededEnd) return 0;
    return this.scanner.resume(this.buffer, 0, this.length, isLoggedIn);
  }

  /** Gives the memory back to the count. */
  release(): void {
    memoryGauge.usedBytes -= this.buffer.length;
  }
}
