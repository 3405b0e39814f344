/**
 * Reads slot tables: the file of `--fillslots`, and the body of a push by a dashboard. Both are a JSON
 * array of slots in Codis's form. Either the whole table is good, or one `CodisError` names the place,
 * the field, the value and what would be right; there is no half-read table.
 *
 * Every slot count of ours fits: a table may lack slots (they stay as they are, at the start offline)
 * and may name slots without a server (offline), but not a slot twice.
 */
import { CodisError } from "../base/error.ts";
import { findJsonFault } from "../base/json-position.ts";
import { nearestName } from "../base/nearest-name.ts";
import { parseServerAddr } from "./address.ts";
import { type ForwardMethod, offlineSlot, type SlotRecord } from "./slot.ts";

/** What a table is checked against. */
export interface SlotTableRules {
  /** Where the table comes from, for error lines: a file name, or `body of fillslots`. */
  readonly source: string;
  readonly slotCount: number;
  /**
   * Fields that aren't a slot's: refused in a file that a person wrote, ignored in a push, so that a
   * newer dashboard can add fields.
   */
  readonly unknownFields: "refuse" | "ignore";
}

/** Parses the text of a slot table. Throws `SLOT_TABLE_UNREADABLE` or `SLOT_TABLE_INVALID`. */
export function parseSlotTable(text: string, rules: SlotTableRules): readonly SlotRecord[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const fault = findJsonFault(text);
    const where =
      fault === undefined ? "" : ` at line ${fault.line}, column ${fault.column}: ${fault.problem}`;
    throw new CodisError(
      "SLOT_TABLE_UNREADABLE",
      `${rules.source}: a slot table must be JSON, but it isn't${where}`,
      { cause },
    );
  }
  return decodeSlotTable(value, rules);
}

/** Checks a slot table that was parsed already. Throws `SLOT_TABLE_INVALID`. */
export function decodeSlotTable(value: unknown, rules: SlotTableRules): readonly SlotRecord[] {
  if (!Array.isArray(value)) {
    throw new CodisError(
      "SLOT_TABLE_INVALID",
      `${rules.source}: a slot table must be a JSON array of slots like ` +
        `{"id": 0, "backend_addr": "127.0.0.1:6379", "backend_addr_group_id": 1}, not ${nameOf(value)}`,
    );
  }
  const indexById = new Map<number, number>();
  return value.map((entry: unknown, index) => {
    const slot = new SlotReader(entry, index, rules).read();
    const earlier = indexById.get(slot.id);
    if (earlier !== undefined) {
      throw new CodisError(
        "SLOT_TABLE_INVALID",
        `${rules.source}: entry ${index}: slot ${slot.id} is already in entry ${earlier}; ` +
          "each slot may be there once",
        { context: { index, field: "id" } },
      );
    }
    indexById.set(slot.id, index);
    return slot;
  });
}

/** The ids that the table leaves without a server, as `0-99,512`; empty when it is complete. */
export function describeOfflineSlots(slots: readonly SlotRecord[], slotCount: number): string {
  const online = new Set(slots.filter((slot) => slot.backendAddr !== "").map((slot) => slot.id));
  const ranges: string[] = [];
  let first = -1;
  for (let id = 0; id <= slotCount; id++) {
    const isOffline = id < slotCount && !online.has(id);
    if (isOffline && first < 0) {
      first = id;
    } else if (!isOffline && first >= 0) {
      ranges.push(first === id - 1 ? String(first) : `${first}-${id - 1}`);
      first = -1;
    }
  }
  return ranges.join(",");
}

const SLOT_FIELDS = [
  "id",
  "locked",
  "backend_addr",
  "backend_addr_group_id",
  "migrate_from",
  "migrate_from_group_id",
  "forward_method",
  "replica_groups",
] as const;

type SlotField = (typeof SLOT_FIELDS)[number];

/** Fields of the dashboard's own slot records, which people take for a proxy's slot table. */
const DASHBOARD_FIELDS: ReadonlySet<string> = new Set(["group_id", "action"]);

/** Reads one entry; each check throws with the entry and the field. */
class SlotReader {
  readonly #fields: Readonly<Partial<Record<SlotField, unknown>>>;
  readonly #index: number;
  readonly #rules: SlotTableRules;
  /** Known once the id was read; names the slot in later errors. */
  #id: number | undefined;

  constructor(entry: unknown, index: number, rules: SlotTableRules) {
    this.#index = index;
    this.#rules = rules;
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
      throw this.#error("", `must be an object like {"id": ${index}, …}, not ${nameOf(entry)}`);
    }
    this.#fields = entry;
  }

  read(): SlotRecord {
    const id = this.#readId();
    this.#id = id;
    if (this.#rules.unknownFields === "refuse") {
      this.#refuseUnknownFields();
    }
    const slot: SlotRecord = {
      ...offlineSlot(id),
      locked: this.#readLocked(),
      backendAddr: this.#readAddr("backend_addr"),
      backendAddrGroupId: this.#readGroupId("backend_addr_group_id"),
      migrateFrom: this.#readAddr("migrate_from"),
      migrateFromGroupId: this.#readGroupId("migrate_from_group_id"),
      forwardMethod: this.#readForwardMethod(),
      replicaGroups: this.#readReplicaGroups(),
    };
    if (slot.migrateFrom !== "" && slot.migrateFrom === slot.backendAddr) {
      throw this.#wrong("migrate_from", "another server than backend_addr");
    }
    return slot;
  }

  #readId(): number {
    const value = this.#fields.id;
    const last = this.#rules.slotCount - 1;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > last) {
      throw this.#wrong("id", `a whole number from 0 to ${last}`);
    }
    return value;
  }

  #readLocked(): boolean {
    const value = this.#fields.locked ?? false;
    if (typeof value !== "boolean") {
      throw this.#wrong("locked", "true or false");
    }
    return value;
  }

  #readAddr(field: SlotField): string {
    const value = this.#fields[field] ?? "";
    if (typeof value !== "string" || (value !== "" && parseServerAddr(value) === undefined)) {
      throw this.#wrong(field, 'host:port like "127.0.0.1:6379", or nothing');
    }
    return value;
  }

  #readGroupId(field: SlotField): number {
    const value = this.#fields[field] ?? 0;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
      throw this.#wrong(field, "a whole number, 1 or more (0 for none)");
    }
    return value;
  }

  #readForwardMethod(): ForwardMethod {
    const value = this.#fields.forward_method ?? 0;
    if (value !== 0 && value !== 1 && value !== 2) {
      throw this.#wrong("forward_method", "0 (sync), 1 (semi-async) or 2 (migrate)");
    }
    return value;
  }

  #readReplicaGroups(): readonly (readonly string[])[] {
    const value = this.#fields.replica_groups ?? [];
    const isGood =
      Array.isArray(value) &&
      value.every(
        (group: unknown) =>
          Array.isArray(group) &&
          group.every((addr) => typeof addr === "string" && parseServerAddr(addr) !== undefined),
      );
    if (!isGood) {
      throw this.#wrong("replica_groups", 'lists of addresses like [["127.0.0.1:6380"]]');
    }
    return value;
  }

  #refuseUnknownFields(): void {
    for (const field of Object.keys(this.#fields)) {
      if ((SLOT_FIELDS as readonly string[]).includes(field)) {
        continue;
      }
      if (DASHBOARD_FIELDS.has(field)) {
        throw this.#error(
          field,
          `unknown field ${JSON.stringify(field)}: this is a slot of a dashboard; a proxy's slot ` +
            "table has backend_addr and backend_addr_group_id",
        );
      }
      const nearest = nearestName(field, SLOT_FIELDS);
      const hint =
        nearest === undefined ? `known are ${SLOT_FIELDS.join(", ")}` : `did you mean ${nearest}?`;
      throw this.#error(field, `unknown field ${JSON.stringify(field)}; ${hint}`);
    }
  }

  #wrong(field: SlotField, expected: string): CodisError {
    const value = this.#fields[field];
    const shown = value === undefined ? `${field} is missing` : `${field} = ${show(value)}`;
    return this.#error(field, `${shown}: expected ${expected}`);
  }

  #error(field: string, problem: string): CodisError {
    const slot = this.#id === undefined ? "" : ` (slot ${this.#id})`;
    return new CodisError(
      "SLOT_TABLE_INVALID",
      `${this.#rules.source}: entry ${this.#index}${slot}: ${problem}`,
      { context: { index: this.#index, field } },
    );
  }
}

function show(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 80 ? `${json.slice(0, 77)}...` : json;
}

function nameOf(value: unknown): string {
  if (value === null) {
    return "null";
  }
  return Array.isArray(value)
    ? "an array"
    : `${typeof value === "object" ? "an object" : `the ${typeof value} ${show(value)}`}`;
}
