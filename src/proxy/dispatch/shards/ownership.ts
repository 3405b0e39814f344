/**
 * Which masters may hold keys, and which keys of a master count.
 *
 * A group holds keys of the slots that it owns, and of the slots that are being moved away from it.
 * Any other key there is a stray: left by a move that was broken off or undone. Strays are nobody's
 * data, so no command of this folder shows them.
 */
import { slotOf } from "../../../command/hash.ts";
import { errorReply } from "../../../resp/encode.ts";
import type { Shard, ShardCaller } from "../context.ts";

/** Slots that are moving: where their keys come from and where they go. */
export interface Move {
  readonly fromGroupId: number;
  readonly toGroupId: number;
}

interface Cached {
  readonly revision: number;
  readonly moves: readonly Move[];
}

/**
 * The moves of one revision, because each SCAN needs them and finding them takes a look at every
 * slot.
 */
const cache = new WeakMap<ShardCaller, Cached>();

/** The distinct pairs of groups that exchange slots now. */
export function movesOf(shards: ShardCaller): readonly Move[] {
  const known = cache.get(shards);
  if (known !== undefined && known.revision === shards.revision) return known.moves;
  const moves = new Map<string, Move>();
  for (let slotId = 0; slotId < shards.slotCount; slotId++) {
    const fromGroupId = shards.migrateFromOfSlot(slotId);
    const toGroupId = fromGroupId === 0 ? undefined : shards.shardOfSlot(slotId)?.groupId;
    if (toGroupId === undefined) continue;
    moves.set(`${fromGroupId}>${toGroupId}`, { fromGroupId, toGroupId });
  }
  const found = [...moves.values()];
  cache.set(shards, { revision: shards.revision, moves: found });
  return found;
}

/**
 * The masters that may hold keys that count: the owners of slots, and the sources of moving slots,
 * which may own none any more. Ordered by group id.
 */
export function shardsWithKeys(shards: ShardCaller): readonly Shard[] {
  const owners = shards.shards();
  const found = [...owners];
  for (const { fromGroupId } of movesOf(shards)) {
    if (found.some((shard) => shard.groupId === fromGroupId)) continue;
    const source = shards.shardOfGroup(fromGroupId);
    if (source !== undefined) found.push(source);
  }
  return found.length === owners.length ? owners : found.sort((a, b) => a.groupId - b.groupId);
}

/**
 * The error for a table in which several masters have one group id (a file without
 * `backend_addr_group_id`); undefined for a good one. What tells groups apart by their id can't be
 * right then.
 */
export function ambiguityOf(shards: ShardCaller): Buffer | undefined {
  let last: number | undefined;
  for (const { groupId } of shards.shards()) {
    if (groupId === last) {
      return errorReply(
        `ERR several masters have group id ${groupId}: the slot table needs backend_addr_group_id`,
      );
    }
    last = groupId;
  }
  return undefined;
}

/** The masters that moving slots go to, ordered by group id. */
export function targetsOfMoves(shards: ShardCaller): readonly Shard[] {
  const ids = new Set(movesOf(shards).map((move) => move.toGroupId));
  return shards.shards().filter((shard) => ids.has(shard.groupId));
}

/** The masters of the given groups as far as the table still has them, ordered by group id. */
export function shardsOfGroups(shards: ShardCaller, groupIds: Iterable<number>): readonly Shard[] {
  return [...new Set(groupIds)]
    .map((groupId) => shards.shardOfGroup(groupId))
    .filter((shard) => shard !== undefined)
    .sort((a, b) => a.groupId - b.groupId);
}

/**
 * Where a key may be that was missed by a look at all groups begun at the given revision, because
 * its slot moved meanwhile: the groups that received slots since then, and the sources of slots
 * that are still on their way to those. A slot whose state didn't change can't hide a key from a
 * look at all groups that is followed by a look at `targetsOfMoves`: sources come first, then
 * targets, and keys move only that way.
 */
export function shardsInDoubt(shards: ShardCaller, sinceRevision: number): readonly Shard[] {
  const received = new Set(shards.groupsThatReceivedSince(sinceRevision));
  const sources = movesOf(shards)
    .filter((move) => received.has(move.toGroupId))
    .map((move) => move.fromGroupId);
  return shardsOfGroups(shards, [...received, ...sources]);
}

/** Whether the key `bytes[start, end)`, found on this master, counts; false for a stray. */
export function isOwnKey(
  shards: ShardCaller,
  shard: Shard,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const slotId = slotOf(bytes, start, end, shards.slotCount - 1);
  const owner = shards.shardOfSlot(slotId);
  if (owner === undefined) return false;
  return owner.groupId === shard.groupId || shards.migrateFromOfSlot(slotId) === shard.groupId;
}
