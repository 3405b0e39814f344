/**
 * Frames of the asynchronous migration as a source sends them, for tests of the target: the forms by name, scores
 * as raw bytes, and acknowledgements read back. Nothing here decides what is right.
 */
import type { RespConnection } from "./resp-connection.ts";

/** An argument of a command. */
export type Bulk = string | Uint8Array;

/** What a target answered to a frame: `0 OK`, `-1 text`, or the reply itself when it is no acknowledgement. */
export async function restoreFrame(to: RespConnection, ...args: readonly Bulk[]): Promise<string> {
  return readAck(await to.call("SLOTSRESTORE-ASYNC", ...args));
}

/** An acknowledgement as `code text`; any other reply as it is. */
export function readAck(reply: Buffer): string {
  const text = reply.toString("latin1");
  const ack = /^\*3\r\n\$22\r\nSLOTSRESTORE-ASYNC-ACK\r\n\$\d+\r\n(-?\d+)\r\n\$\d+\r\n(.*)\r\n$/s;
  const parts = ack.exec(text);
  return parts === null ? text : `${parts[1]} ${parts[2]}`;
}

/** A score as it is on the wire: eight bytes, the lowest first. */
export function scoreBytes(score: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(score);
  return bytes;
}

/** What DUMP gives of a key; undefined when there is none. */
export async function dumpOf(key: string, at: RespConnection): Promise<Buffer | undefined> {
  const reply = await at.call("DUMP", key);
  return reply.toString("latin1", 0, 3) === "$-1"
    ? undefined
    : reply.subarray(reply.indexOf("\n") + 1, reply.length - 2);
}
