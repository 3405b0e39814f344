/**
 * The whole of a product at one moment: an immutable snapshot. Made by reading the coordinator; changed by
 * making the next one (`*-change.ts`), never in place, so whoever holds one can go on using it.
 */
import { formatHostPort, parseServerAddr } from "../address.ts";
import type { GroupRecord } from "../group.ts";
import type { ProxyRecord } from "../proxy-record.ts";
import { NO_SENTINELS, type SentinelRecord } from "../sentinel.ts";
import type { SlotCount } from "../slot.ts";
import { offlineMapping, type SlotMapping } from "../slot-mapping.ts";

/** A product. */
export interface Topology {
  readonly product: string;
  /** Grows with every change under one leader; 0 for a snapshot that no leader made. */
  readonly revision: number;
  readonly slotCount: SlotCount;
  /** One for each slot, index = id. */
  readonly slots: readonly SlotMapping[];
  /** In order of their ids. */
  readonly groups: ReadonlyMap<number, GroupRecord>;
  /** By token, in order of their ids. */
  readonly proxies: ReadonlyMap<string, ProxyRecord>;
  readonly sentinel: SentinelRecord;
  /**
   * Slots whose hand-over to another group is being acted on by this leader: what proxies are told is a step
   * ahead of what is stored. Never stored itself, so another leader begins the step anew. See `slot-view.ts`.
   */
  readonly handover: ReadonlyMap<number, HandoverStep>;
  /** Nodes that couldn't be understood, one line each with path and problem; they are left as they are. */
  readonly faults: readonly string[];
}

/**
 * `locking`: stored as preparing, told as prepared. `opening`: stored as prepared, told as migrating.
 * `turning`: stored as migrating, told as prepared, before owner and target change places.
 */
export type HandoverStep = "locking" | "opening" | "turning";

/** Where a server is. */
export interface ServerPlace {
  readonly group: GroupRecord;
  /** 0: the master. */
  readonly index: number;
}

/** A product without anything in it. */
export function emptyTopology(product: string, slotCount: SlotCount): Topology {
  return {
    product,
    revision: 0,
    slotCount,
    slots: Array.from({ length: slotCount }, (_, id) => offlineMapping(id)),
    groups: new Map(),
    proxies: new Map(),
    sentinel: NO_SENTINELS,
    handover: new Map(),
    faults: [],
  };
}

/** The line of `faults` about the node; undefined when the node is good or isn't there. */
export function findFault(topology: Topology, path: string): string | undefined {
  const begin = `${path}: `;
  return topology.faults.find((line) => line.startsWith(begin));
}

/** Where the server is; undefined when no group has it. Host names are compared without their case. */
export function findServer(topology: Topology, addr: string): ServerPlace | undefined {
  const key = serverKey(addr);
  for (const group of topology.groups.values()) {
    const index = group.servers.findIndex((server) => serverKey(server.addr) === key);
    if (index >= 0) {
      return { group, index };
    }
  }
  return undefined;
}

/** The address in the form in which two spellings of one address are equal. */
export function serverKey(addr: string): string {
  const parsed = parseServerAddr(addr);
  return parsed === undefined ? addr : formatHostPort(parsed).toLowerCase();
}

/** Slots that the group owns or that move to it, in order. */
export function slotsOfGroup(topology: Topology, groupId: number): readonly SlotMapping[] {
  return topology.slots.filter(
    (slot) => slot.groupId === groupId || slot.action.targetId === groupId,
  );
}
