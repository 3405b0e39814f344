/**
 * The whole of a product at one moment: an immutable snapshot. Made by reading the coordinator; changed by
 * making the next one (`topology-change.ts`), never in place, so whoever holds one can go on using it.
 */
import type { GroupRecord } from "./group.ts";
import type { ProxyRecord } from "./proxy-record.ts";
import type { SentinelRecord } from "./sentinel.ts";
import type { SlotCount } from "./slot.ts";
import type { SlotMapping } from "./slot-mapping.ts";

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
  /** Nodes that couldn't be understood, one line each with path and problem; they are left as they are. */
  readonly faults: readonly string[];
}
