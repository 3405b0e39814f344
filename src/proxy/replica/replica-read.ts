/**
 * Which commands may be answered by a replica: those that only read keys that they name.
 *
 * Left to the master: scripts, also read-only ones (a long one would hold up every other reader, and it has to be
 * loaded first); cursors, which belong to the hash table of one server; what tells of the server more than of
 * the data (OBJECT, MEMORY USAGE); and commands that the table doesn't know.
 */
import type { CommandEntry } from "../../command/entry.ts";
import { COMMANDS } from "../../command/table.ts";

/** By command id: 1 when a replica may answer the command. Never written later. */
export const IS_REPLICA_READ: Uint8Array = Uint8Array.from(COMMANDS, (entry) =>
  isReplicaRead(entry) ? 1 : 0,
);

function isReplicaRead({ access, masterOnly, route, keys, flags }: CommandEntry): boolean {
  const isForwarded = route === "forward" || route === "multi-shard";
  const isRead = access === "read" && flags.includes("readonly") && !flags.includes("write");
  return isRead && isForwarded && !masterOnly && keys.kind !== "none";
}
