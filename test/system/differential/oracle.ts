/**
 * Tells which requests must be refused with CROSSSLOT, without the proxy's own tables: the bare server
 * finds the keys of a request (COMMAND GETKEYS), the test computes their slots.
 */
import { encodeCommand } from "../../../src/resp/encode.ts";
import { decodeReply } from "../../../src/resp/value.ts";
import type { RespConnection } from "../../support/resp-connection.ts";
import type { Argv } from "./grammar.ts";
import { slotOfKey } from "./slot.ts";

/** Commands that the proxy splits by group. */
export const SPLIT = new Set(["mget", "mset", "del", "unlink", "exists", "touch"]);

/** What the proxy answers when keys are in several slots. */
export const CROSS_SLOT_REPLY = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";

/** For each request whether its keys are in several slots; never true for a request that Redis finds wrong. */
export async function findCrossSlot(
  bare: RespConnection,
  requests: readonly Argv[],
): Promise<readonly boolean[]> {
  const questions = requests.map((argv) => encodeCommand(["COMMAND", "GETKEYS", ...argv]));
  bare.write(Buffer.concat(questions));
  const found: boolean[] = [];
  for (const argv of requests) {
    const value = decodeReply(await bare.next("keys of a request"));
    const keys = value?.type === "array" ? value.items : [];
    const slots = new Set(keys.map((key) => ("bytes" in key ? slotOfKey(key.bytes) : -1)));
    found.push(slots.size > 1 && !SPLIT.has(nameOf(argv)) && !isUnreadable(argv));
  }
  return found;
}

function nameOf(argv: Argv): string {
  return `${argv[0]}`.toLowerCase();
}

/** Where commands have their number of keys. */
const NUMKEYS_FIRST = /^(zdiff|zinter|zunion|zintercard|sintercard|lmpop|zmpop)$/;
const NUMKEYS_SECOND = /^(z(diff|inter|union)store|eval(sha)?(_ro)?|fcall(_ro)?)$/;

/**
 * A number of keys that is no number, or pairs of which the last one is half there. COMMAND GETKEYS finds
 * keys in them, but the command itself is an error, which the client gets in Redis's own words.
 */
function isUnreadable(argv: Argv): boolean {
  const name = nameOf(argv);
  if (NUMKEYS_FIRST.test(name)) return !/^\d+$/.test(`${argv[1]}`);
  if (NUMKEYS_SECOND.test(name)) return !/^\d+$/.test(`${argv[2]}`);
  if (name === "msetnx") return argv.length % 2 === 0;
  if (name !== "xread" && name !== "xreadgroup") return false;
  const streams = argv.findIndex((word) => `${word}`.toLowerCase() === "streams");
  return (argv.length - streams - 1) % 2 !== 0;
}
