/**
 * A slot table for tests of handlers that concern all groups: who owns each slot, where it is
 * coming from, and the history that `ShardCaller` promises. A move to a group counts as received
 * when it begins and when it ends.
 */
import type { Shard } from "../../../../../src/proxy/dispatch/context.ts";

export class TestSlotTable {
  readonly slotCount: number;
  revision: number;
  #firstRevision: number;
  readonly #groups: ReadonlyMap<number, Shard>;
  readonly #owners: number[];
  readonly #sources: number[];
  /** The answer of `shards`, of one revision: finding it takes a look at every slot. */
  #shards: readonly Shard[] = [];
  #shardsRevision = -1;
  readonly #receivedAt = new Map<number, number>();

  /** All slots belong to nobody; group n is at `addrs[n - 1]`. */
  constructor(addrs: readonly string[], slotCount = 1024, firstRevision = 1) {
    this.slotCount = slotCount;
    this.revision = firstRevision;
    this.#firstRevision = firstRevision;
    this.#groups = new Map(addrs.map((addr, i) => [i + 1, { groupId: i + 1, addr }]));
    this.#owners = new Array(slotCount).fill(0);
    this.#sources = new Array(slotCount).fill(0);
  }

  /**
   * Gives slots away; `from` is the group that their keys still come from, 0 when they don't move.
   */
  assign(first: number, last: number, groupId: number, from = 0): void {
    this.revision++;
    for (let slotId = first; slotId <= last; slotId++) {
      this.#owners[slotId] = groupId;
      this.#sources[slotId] = from;
    }
    this.#receivedAt.set(groupId, this.revision);
  }

  /** Forgets the history and goes on from this revision, as a new process would. */
  restart(revision: number): void {
    this.revision = revision;
    this.#firstRevision = revision;
    this.#receivedAt.clear();
  }

  ownerOf(slotId: number): number {
    return this.#owners[slotId] ?? 0;
  }

  shards(): readonly Shard[] {
    if (this.#shardsRevision !== this.revision) {
      const ids = new Set(this.#owners);
      this.#shards = [...this.#groups.values()].filter((shard) => ids.has(shard.groupId));
      this.#shardsRevision = this.revision;
    }
    return this.#shards;
  }

  shardOfSlot(slotId: number): Shard | undefined {
    return this.#groups.get(this.ownerOf(slotId));
  }

  shardOfGroup(groupId: number): Shard | undefined {
    return this.#groups.get(groupId);
  }

  migrateFromOfSlot(slotId: number): number {
    return this.#sources[slotId] ?? 0;
  }

  groupsThatReceivedSince(revision: number): readonly number[] {
    if (revision < this.#firstRevision) return [...this.#groups.keys()];
    return [...this.#receivedAt].filter(([, at]) => at > revision).map(([id]) => id);
  }
}
