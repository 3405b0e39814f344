/**
 * One slot as a dashboard describes it to a proxy, and its JSON of Codis 3.2. The names with
 * underscores exist only here; inside the program a slot is a `SlotRecord`.
 *
 * A record is a description, not the state of the router: it says which server owns the slot, and
 * where its keys come from while it moves. Reading whole tables, with all checks: `slot-table.ts`.
 */

/** The numbers of slots a product can have; all programs of Codis know only the first. */
export const SLOT_COUNTS = [1024, 2048, 4096] as const;

/** One of `SLOT_COUNTS`. */
export type SlotCount = (typeof SLOT_COUNTS)[number];

/** How a command reaches keys of a slot that moves. */
export const FORWARD_METHOD = {
  /** The proxy has the key moved (`SLOTSMGRTTAGONE`), then asks the target. */
  sync: 0,
  /** The proxy asks the source to run the command there if the key is there (semi-async). */
  semiAsync: 1,
  /** The proxy has the key moved with `MIGRATE` of stock Redis. Not known to Codis. */
  migrate: 2,
} as const;

/** One of `FORWARD_METHOD`. */
export type ForwardMethod = (typeof FORWARD_METHOD)[keyof typeof FORWARD_METHOD];

/** A slot; all fields are always there, and empty texts and zeros mean "none". */
export interface SlotRecord {
  /** 0 to slot count - 1. */
  readonly id: number;
  /** Requests wait until the next record of this slot. */
  readonly locked: boolean;
  /** `host:port` of the owning master; empty: the slot is offline. */
  readonly backendAddr: string;
  readonly backendAddrGroupId: number;
  /** `host:port` of the master that the keys come from; empty: the slot isn't moving. */
  readonly migrateFrom: string;
  readonly migrateFromGroupId: number;
  readonly forwardMethod: ForwardMethod;
  /** Addresses of servers to read from, nearest list first. */
  readonly replicaGroups: readonly (readonly string[])[];
}

/** A slot in JSON; the fields in the order in which Codis writes them. */
export interface SlotJson {
  id: number;
  locked?: boolean;
  backend_addr?: string;
  backend_addr_group_id?: number;
  migrate_from?: string;
  migrate_from_group_id?: number;
  forward_method?: number;
  replica_groups?: readonly (readonly string[])[];
}

/** A slot that no server owns. */
export function offlineSlot(id: number): SlotRecord {
  return {
    id,
    locked: false,
    backendAddr: "",
    backendAddrGroupId: 0,
    migrateFrom: "",
    migrateFromGroupId: 0,
    forwardMethod: FORWARD_METHOD.sync,
    replicaGroups: [],
  };
}

/** The JSON of a slot: everything but the id is omitted when it is empty, false or 0, as in Codis. */
export function slotToJson(slot: SlotRecord): SlotJson {
  const json: SlotJson = { id: slot.id };
  if (slot.locked) {
    json.locked = true;
  }
  if (slot.backendAddr !== "") {
    json.backend_addr = slot.backendAddr;
  }
  if (slot.backendAddrGroupId !== 0) {
    json.backend_addr_group_id = slot.backendAddrGroupId;
  }
  if (slot.migrateFrom !== "") {
    json.migrate_from = slot.migrateFrom;
  }
  if (slot.migrateFromGroupId !== 0) {
    json.migrate_from_group_id = slot.migrateFromGroupId;
  }
  if (slot.forwardMethod !== 0) {
    json.forward_method = slot.forwardMethod;
  }
  if (slot.replicaGroups.length > 0) {
    json.replica_groups = slot.replicaGroups;
  }
  return json;
}
