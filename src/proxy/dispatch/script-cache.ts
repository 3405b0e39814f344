/**
 * Scripts that clients have shown to this proxy, so that EVALSHA finds them on every server.
 *
 * A script comes in by SCRIPT LOAD, by EVAL, or from another worker. Before the first EVALSHA on a backend
 * connection the dispatcher sends SCRIPT LOAD ahead of it, on the same connection. Bounded in bytes; the
 * script that was needed longest ago goes first, then its EVALSHA is answered by the server itself.
 */
import { createHash } from "node:crypto";
import { crc32 } from "../../command/hash.ts";
import { encodeRequest } from "../../resp/inline-request.ts";

/** Bytes counted for a script besides its body. */
const ENTRY_OVERHEAD_BYTES = 200;
/** Marks of bodies seen in EVAL; a full set is emptied, which costs one more sha1 for each. */
const SEEN_MAX = 10_000;

/** See the file head. One for each worker. */
export class ScriptCache {
  readonly #maxBytes: number;
  /** SCRIPT LOAD frames by sha1, in the order of their last use. */
  readonly #frames = new Map<string, Buffer>();
  #bytes = 0;
  /** Sha1 by crc32 and length of bodies seen before, so that an EVAL in a loop isn't hashed each time. */
  readonly #seen = new Map<number, string>();
  /** Told about each new script, to share it with the other workers. */
  onNew: (sha1: string, body: Buffer) => void = () => undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Remembers the body [start, end) of an EVAL. */
  noteEval(buffer: Buffer, start: number, end: number): void {
    if (end - start + ENTRY_OVERHEAD_BYTES > this.#maxBytes) return;
    const mark = (crc32(buffer, start, end) >>> 0) * 65536 + ((end - start) & 65535);
    const known = this.#seen.get(mark);
    // It may have been dropped since.
    if (known !== undefined && this.#frames.has(known)) return;
    if (this.#seen.size >= SEEN_MAX) this.#seen.clear();
    const body = Buffer.from(buffer.subarray(start, end));
    const sha1 = createHash("sha1").update(body).digest("hex");
    this.#seen.set(mark, sha1);
    this.remember(sha1, body);
  }

  /** Remembers a body under its sha1 (40 lower-case hex digits). */
  remember(sha1: string, body: Buffer): void {
    if (this.#frames.has(sha1)) return;
    this.addShared(sha1, body);
    this.onNew(sha1, body);
  }

  /** As `remember`, for a script that another worker told of. */
  addShared(sha1: string, body: Buffer): void {
    if (this.#frames.has(sha1)) return;
    const frame = encodeRequest(["SCRIPT", "LOAD", body]);
    this.#bytes += frame.length + ENTRY_OVERHEAD_BYTES;
    this.#frames.set(sha1, frame);
    for (const [oldest, oldFrame] of this.#frames) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#frames.delete(oldest);
      this.#bytes -= oldFrame.length + ENTRY_OVERHEAD_BYTES;
    }
  }

  /** The SCRIPT LOAD request for a script, if it is known. */
  loadFrame(sha1: string): Buffer | undefined {
    const frame = this.#frames.get(sha1);
    if (frame === undefined) return undefined;
    this.#frames.delete(sha1);
    this.#frames.set(sha1, frame);
    return frame;
  }

  /** SCRIPT FLUSH: the clients want them forgotten. */
  clear(): void {
    this.#frames.clear();
    this.#seen.clear();
    this.#bytes = 0;
  }
}
