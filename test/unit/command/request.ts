/**
 * A request as the hot path sees it, for the tests of `src/command`: all arguments in one buffer with
 * other bytes around them, and their offsets in pairs, the command name first. Bytes of the words are
 * kept as they are (latin1).
 */

/** One request. */
export interface Request {
  readonly buffer: Uint8Array;
  /** Start and end of each argument. */
  readonly argOffsets: Int32Array;
  readonly argCount: number;
}

/** Lays the words out as a RESP chunk does: never at the start of the buffer, never at its end. */
export function requestOf(words: readonly (string | Uint8Array)[]): Request {
  const chunks: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
  const argOffsets = new Int32Array(words.length * 2);
  let position = chunks[0]!.length;
  words.forEach((word, i) => {
    const bytes = typeof word === "string" ? Buffer.from(word, "latin1") : Buffer.from(word);
    const head = Buffer.from(`$${bytes.length}\r\n`);
    argOffsets[2 * i] = position + head.length;
    argOffsets[2 * i + 1] = position + head.length + bytes.length;
    chunks.push(head, bytes, Buffer.from("\r\n"));
    position += head.length + bytes.length + 2;
  });
  chunks.push(Buffer.from("*1\r\n$4\r\nPING\r\n"));
  return { buffer: Buffer.concat(chunks), argOffsets, argCount: words.length };
}
