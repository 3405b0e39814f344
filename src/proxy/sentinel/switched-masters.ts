/**
 * Slots as they are: as the dashboard pushed them, with the masters that sentinels have switched since. Whose word
 * holds for which group is said by `MasterWords`; here it is put into slots. Pure.
 *
 * A group's old master is no longer read from as a replica either: nobody knows what it has. Its other replicas are,
 * within the bounds that hold for all reads from replicas; and the new master, which has everything.
 */
import type { SlotRecord } from "../../model/slot.ts";
import { MasterWords } from "../../sentinel/master-words.ts";

/** See the file head. */
export class SwitchedMasters extends MasterWords {
  /** Slots as the dashboard pushes them, all or some. */
  pushed(records: readonly SlotRecord[]): void {
    const addrs = new Map<number, string>();
    for (const record of records) {
      addrs.set(record.migrateFromGroupId, record.migrateFrom);
      addrs.set(record.backendAddrGroupId, record.backendAddr);
    }
    for (const [groupId, addr] of addrs) {
      if (groupId !== 0 && addr !== "") {
        this.named(groupId, addr);
      }
    }
  }

  /** The slot with the masters of now; the same object when none of its own was switched. */
  apply(record: SlotRecord): SlotRecord {
    const backend = this.#masterOf(record.backendAddrGroupId, record.backendAddr);
    const source = this.#masterOf(record.migrateFromGroupId, record.migrateFrom);
    if (backend === record.backendAddr && source === record.migrateFrom) {
      return record;
    }
    return {
      ...record,
      backendAddr: backend,
      migrateFrom: source,
      replicaGroups:
        backend === record.backendAddr
          ? record.replicaGroups
          : withoutServer(record.replicaGroups, record.backendAddr),
    };
  }

  #masterOf(groupId: number, addr: string): string {
    return addr === "" ? addr : (this.switchedTo(groupId) ?? addr);
  }
}

function withoutServer(
  lists: readonly (readonly string[])[],
  addr: string,
): readonly (readonly string[])[] {
  return lists
    .map((list) => list.filter((server) => server !== addr))
    .filter((list) => list.length > 0);
}
