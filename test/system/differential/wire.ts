/**
 * How requests of the differential test are written: as arrays or as inline commands, many in one piece or
 * one request in several.
 */
import { encodeCommand } from "../../../src/resp/encode.ts";
import type { RespConnection } from "../../support/resp-connection.ts";
import type { Argv } from "./grammar.ts";
import type { Random } from "./random.ts";

const INLINE_SHARE = 0.02;
const PIECES_SHARE = 0.15;
const PIECES_MAX = 5;
/** Arguments that an inline command can have without quotes. */
const INLINE_ARGUMENT = /^[\w{}:.()[+-]+$/;

/** The bytes of a request; now and then as an inline command, where that is possible. */
export function encodeRequest(argv: Argv, random: Random): Buffer {
  const isPlain = argv.every((argument) => INLINE_ARGUMENT.test(String(argument)));
  return isPlain && random.chance(INLINE_SHARE)
    ? Buffer.from(`${argv.join(" ")}\r\n`)
    : encodeCommand(argv);
}

/** Sends the frames, now and then in pieces that end anywhere. */
export async function sendFrames(
  connection: RespConnection,
  frames: readonly Buffer[],
  random: Random,
): Promise<void> {
  let rest = Buffer.concat(frames);
  const pieces = random.chance(PIECES_SHARE) ? random.between(2, PIECES_MAX) : 1;
  for (let piece = 1; piece < pieces && rest.length > 1; piece++) {
    const end = random.between(1, rest.length - 1);
    connection.write(rest.subarray(0, end));
    rest = rest.subarray(end);
    // The piece is on its way when the event loop has turned once.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (rest.length > 0) connection.write(rest);
}
