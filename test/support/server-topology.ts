/**
 * Topologies for tests of what works on servers: groups with the addresses of real or fake servers, and slots
 * given to groups in ranges. Everything that isn't said is as in a new product.
 */
import type { SyncActionState } from "../../src/model/action.ts";
import { emptyGroup, type GroupRecord, type GroupServer } from "../../src/model/group.ts";
import type { SlotCount } from "../../src/model/slot.ts";
import { emptyTopology, type Topology } from "../../src/model/topology/topology.ts";

/** A product in short. */
export interface ServerTopology {
  readonly slotCount?: SlotCount;
  /** Addresses of the servers by group id, master first. */
  readonly groups?: Readonly<Record<number, readonly string[]>>;
  /** `[first, last, group]`, both slots included; all other slots are offline. */
  readonly owners?: readonly (readonly [number, number, number])[];
  /** Sync actions: address -> `[index, state]`. */
  readonly actions?: Readonly<Record<string, readonly [number, SyncActionState]>>;
}

/** The topology of product `demo`. */
export function serverTopology(sample: ServerTopology = {}): Topology {
  const { slotCount = 1024, groups = {}, owners = [], actions = {} } = sample;
  const empty = emptyTopology("demo", slotCount);
  const slots = empty.slots.map((slot) => {
    const owner = owners.find(([first, last]) => slot.id >= first && slot.id <= last);
    return owner === undefined ? slot : { ...slot, groupId: owner[2] };
  });
  const server = (addr: string): GroupServer => {
    const [index, state] = actions[addr] ?? [0, ""];
    return { addr, datacenter: "", action: { index, state }, isReplicaGroup: false };
  };
  const group = (id: number, addrs: readonly string[]): GroupRecord => ({
    ...emptyGroup(id),
    servers: addrs.map(server),
  });
  const records = Object.entries(groups).map(
    ([id, addrs]) => [Number(id), group(Number(id), addrs)] as const,
  );
  return { ...empty, slots, groups: new Map(records) };
}
