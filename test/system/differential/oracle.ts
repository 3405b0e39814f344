/**
 * Tells which requests must be refused with CROSSSLOT, without the proxy's own tables: the bare server
 * finds the keys of a request (COMMAND GETKEYS), the test computes their slots.
 */
import { decodeReply } from "../../../src/resp/value.ts";
import type { RespConnection } from "../../support/resp-connection.ts";
import type { Argv } from "./grammar.ts";
import { slotOfKey } from "./slot.ts";
import { SessionPair } from "./session-pair.ts";

/** Commands that the proxy splits by group. */
export const SPLIT = new Set(["mget", "mset", "del", "unlink", "exists", "touch"]);

/** What the proxy answers when keys are in several slots. */
export const CROSS_SLOT_REPLY = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";

/** For each request whether its keys are in several slots; never true for a request that Redis finds wrong. */
export async function findCrossSlot(
  bare: RespConnection,
  requests: readonly Argv[],
): Promise<readonly boolean[]> {
  SessionPair.pipeline(
    bare,
    requests.map((argv) => ["COMMAND", "GETKEYS", ...argv]),
  );
  const found: boolean[] = [];
  for (const argv of requests) {
    const value = decodeReply(await bare.next("keys of a request"));
    const keys = value?.type === "array" ? value.items : [];
    const slots = new Set(keys.map((key) => ("bytes" in key ? slotOfKey(key.bytes) : -1)));
    found.push(slots.size > 1 && !SPLIT.has(`${argv[0]}`.toLowerCase()));
  }
  return found;
}
