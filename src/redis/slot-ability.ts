/**
 * Which of the slot commands of codis-server a server has: an original one, or stock Redis with our module. Asked
 * with COMMAND INFO, which every server since 2.8 answers.
 */
import { isCodisError } from "../base/error.ts";
import type { CallOptions, RedisCaller } from "./client.ts";
import { itemsOf } from "./reply.ts";

/** `sync`: it counts and moves keys of a slot; `async`: and moves them without blocking. */
export type SlotAbility = "none" | "sync" | "async";

const SYNC_COMMANDS = [
  "slotsinfo",
  "slotsscan",
  "slotsrestore",
  "slotsmgrttagone",
  "slotsmgrttagslot",
] as const;
const ASYNC_COMMANDS = [
  "slotsmgrttagone-async",
  "slotsmgrttagslot-async",
  "slotsmgrt-async-fence",
  "slotsmgrt-async-cancel",
  "slotsmgrt-exec-wrapper",
  "slotsrestore-async",
  "slotsrestore-async-select",
] as const;

/** Rejects as `RedisCaller.call` does; a server that doesn't let itself be asked has none. */
export async function readSlotAbility(
  server: RedisCaller,
  options: CallOptions = {},
): Promise<SlotAbility> {
  try {
    const names = [...SYNC_COMMANDS, ...ASYNC_COMMANDS];
    const known = itemsOf(await server.call(["COMMAND", "INFO", ...names], options)) ?? [];
    const isKnown = (from: number, count: number): boolean =>
      known.length === names.length &&
      known.slice(from, from + count).every((item) => (itemsOf(item)?.length ?? 0) > 0);
    if (!isKnown(0, SYNC_COMMANDS.length)) {
      return "none";
    }
    return isKnown(SYNC_COMMANDS.length, ASYNC_COMMANDS.length) ? "async" : "sync";
  } catch (thrown) {
    if (isCodisError(thrown, "SERVER_REFUSED")) {
      return "none";
    }
    throw thrown;
  }
}
