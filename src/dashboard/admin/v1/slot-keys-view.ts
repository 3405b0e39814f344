/**
 * Keys of every slot, as the servers count them: those with the slot commands know at all times, others can't tell.
 * A slot that moves has keys on both sides.
 */
import type { V1SlotKeys } from "../../../api/v1-topology-schema.ts";
import type { LeaderControl } from "../../control.ts";
import { countKeys, viewVersion } from "./view.ts";

/** Servers that are asked at the same time. */
const ASKED_AT_ONCE = 16;

/** Asks every server that has keys of a slot, now. One that doesn't answer costs its own slots only. */
export async function viewSlotKeys(leader: LeaderControl): Promise<V1SlotKeys> {
  const version = viewVersion(leader);
  const { slotCount } = leader.topology();
  const table = leader.slotTable();
  const addrs = [
    ...new Set(table.flatMap(({ backendAddr, migrateFrom }) => [backendAddr, migrateFrom])),
  ].filter((addr) => addr !== "");
  const counts = new Map<string, ReadonlyMap<number, number> | undefined>();
  for (let first = 0; first < addrs.length; first += ASKED_AT_ONCE) {
    const some = addrs.slice(first, first + ASKED_AT_ONCE);
    const told = await Promise.all(some.map((addr) => countKeys(leader, addr)));
    for (const [index, addr] of some.entries()) {
      counts.set(addr, told[index]);
    }
  }
  const keys: (number | null)[] = Array.from({ length: slotCount }, () => null);
  for (const { id, backendAddr, migrateFrom } of table) {
    let sum: number | null = 0;
    for (const addr of [backendAddr, migrateFrom]) {
      if (addr !== "") {
        const known = counts.get(addr);
        sum = sum === null || known === undefined ? null : sum + (known.get(id) ?? 0);
      }
    }
    keys[id] = backendAddr === "" ? null : sum;
  }
  return {
    ...version,
    slot_count: slotCount,
    keys,
    silent_servers: addrs.filter((addr) => counts.get(addr) === undefined),
  };
}
