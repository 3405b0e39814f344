/**
 * The slots that proxies of one kind should have, shared by all of them and never changed: after a change
 * there is another table. A proxy remembers the table that it confirmed, and lacks what differs in the
 * desired one, however many revisions it missed.
 *
 * The bytes of a push are made once for all proxies that lack the same. They are kept as long as the older
 * table is: nobody who only has a newer one asks for them.
 */
import { type SlotRecord, slotToJson } from "../../model/slot.ts";

/** Slots by id; one that can't be told, because its node is garbage, is missing. */
export type SlotsById = readonly (SlotRecord | undefined)[];

/** See the file head. */
export class DesiredTable {
  readonly #slots: SlotsById;
  #wholeBody: Buffer | undefined;
  readonly #bodies = new WeakMap<DesiredTable, Buffer | "same">();

  /** The array belongs to the table from now on. */
  constructor(slots: SlotsById) {
    this.#slots = slots;
  }

  /** All slots that can be told, in order of their ids. */
  get slots(): readonly SlotRecord[] {
    return this.#slots.filter((slot) => slot !== undefined);
  }

  /** JSON of all slots. The bytes are shared: nobody may change them. */
  wholeBody(): Buffer {
    this.#wholeBody ??= encode(this.slots);
    return this.#wholeBody;
  }

  /** JSON of the slots that a proxy with the older table lacks, shared as well; undefined: it lacks none. */
  bodySince(older: DesiredTable): Buffer | undefined {
    let body = older === this ? "same" : this.#bodies.get(older);
    if (body === undefined) {
      const changed = this.slots.filter((slot) => !isSameSlot(slot, older.#slots[slot.id]));
      body = changed.length === 0 ? "same" : encode(changed);
      this.#bodies.set(older, body);
    }
    return body === "same" ? undefined : body;
  }

  /** Whether both tell the same slots and leave out the same. */
  equals(slots: SlotsById): boolean {
    return (
      slots.length === this.#slots.length &&
      slots.every((slot, id) => isSameSlot(slot, this.#slots[id]))
    );
  }
}

function encode(slots: readonly SlotRecord[]): Buffer {
  return Buffer.from(JSON.stringify(slots.map(slotToJson)));
}

function isSameSlot(slot: SlotRecord | undefined, other: SlotRecord | undefined): boolean {
  if (slot === undefined || other === undefined) {
    return slot === other;
  }
  return (
    slot.locked === other.locked &&
    slot.backendAddr === other.backendAddr &&
    slot.backendAddrGroupId === other.backendAddrGroupId &&
    slot.migrateFrom === other.migrateFrom &&
    slot.migrateFromGroupId === other.migrateFromGroupId &&
    slot.forwardMethod === other.forwardMethod &&
    isSameReplicas(slot.replicaGroups, other.replicaGroups)
  );
}

/** Whether two lists of lists have the same addresses in the same order. */
export function isSameReplicas(
  groups: readonly (readonly string[])[],
  others: readonly (readonly string[])[],
): boolean {
  return (
    groups.length === others.length &&
    groups.every((group, index) => {
      const other = others[index] ?? [];
      return group.length === other.length && group.every((addr, at) => addr === other[at]);
    })
  );
}
