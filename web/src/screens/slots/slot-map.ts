/**
 * The map of all slots as the live document carries it: three arrays in base64, unpacked once for each change.
 * Owners and targets are ids of groups (0: none), states are small numbers with the words of the API.
 */
import { LIVE_SLOT_STATES, type LiveSlotState } from "../../../../src/api/live-slot-state.ts";

/** One of `LIVE_SLOT_STATES`. */
export type SlotState = LiveSlotState;

/** The value of the key `slots` of the live document. */
export interface PackedSlots {
  /** Base64 of little-endian 16-bit numbers, one for each slot. */
  readonly owners: string;
  /** As `owners`. */
  readonly targets: string;
  /** Base64 of bytes, one for each slot. */
  readonly states: string;
}

/** All slots; the arrays are of one length and aren't written to. */
export interface SlotMap {
  /** 1,024, 2,048 or 4,096; 0 before anything is known. */
  readonly count: number;
  readonly owners: Uint16Array;
  readonly targets: Uint16Array;
  readonly states: Uint8Array;
}

/** Nothing is known yet. */
export const NO_SLOTS: SlotMap = {
  count: 0,
  owners: new Uint16Array(0),
  targets: new Uint16Array(0),
  states: new Uint8Array(0),
};

/** The map; `NO_SLOTS` when the arrays don't fit each other or aren't base64. */
export function unpackSlots(packed: PackedSlots | undefined): SlotMap {
  if (packed === undefined) {
    return NO_SLOTS;
  }
  const states = bytesOf(packed.states);
  const owners = numbersOf(packed.owners);
  const targets = numbersOf(packed.targets);
  return owners.length === states.length && targets.length === states.length
    ? { count: states.length, owners, targets, states }
    : NO_SLOTS;
}

/** The form of the live document; for fixtures. */
export function packSlots({ owners, targets, states }: SlotMap): PackedSlots {
  return {
    owners: base64Of(littleEndian(owners)),
    targets: base64Of(littleEndian(targets)),
    states: base64Of(states),
  };
}

/** The state in words; `offline` for a slot that isn't there. */
export function stateOf(map: SlotMap, slotId: number): SlotState {
  return LIVE_SLOT_STATES[map.states[slotId] ?? 0] ?? "offline";
}

/** Whether the slot is on its way, or waits to be. */
export function isMoving(state: SlotState): boolean {
  return state !== "offline" && state !== "online";
}

/** Slots that differ, ascending; all of the newer one when their numbers differ. */
export function changedSlots(before: SlotMap, after: SlotMap): readonly number[] {
  const changed: number[] = [];
  const isOther = before.count !== after.count;
  for (let id = 0; id < after.count; id++) {
    if (
      isOther ||
      before.owners[id] !== after.owners[id] ||
      before.targets[id] !== after.targets[id] ||
      before.states[id] !== after.states[id]
    ) {
      changed.push(id);
    }
  }
  return changed;
}

/** How many slots a group owns; group 0 stands for those that nobody owns. */
export interface OwnerCount {
  readonly groupId: number;
  readonly slots: number;
}

/** Owners with their numbers of slots, by group id, offline (0) last. */
export function countOwners(map: SlotMap): readonly OwnerCount[] {
  const counts = new Map<number, number>();
  for (const owner of map.owners) {
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  const order = (id: number): number => (id === 0 ? Number.MAX_SAFE_INTEGER : id);
  return [...counts]
    .map(([groupId, slots]) => ({ groupId, slots }))
    .sort((one, other) => order(one.groupId) - order(other.groupId));
}

/** How many slots are in each state, in the order of `LIVE_SLOT_STATES`; states without a slot are there too. */
export function countStates(
  map: SlotMap,
): readonly { readonly state: SlotState; readonly slots: number }[] {
  const counts = LIVE_SLOT_STATES.map(() => 0);
  for (const state of map.states) {
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return LIVE_SLOT_STATES.map((state, index) => ({ state, slots: counts[index] ?? 0 }));
}

/** Slots in a row that have everything in common. */
export interface SlotRun {
  readonly from: number;
  /** Included. */
  readonly to: number;
  readonly ownerId: number;
  readonly targetId: number;
  readonly state: SlotState;
}

/** The whole map as runs, in order. */
export function runsOf(map: SlotMap): readonly SlotRun[] {
  const runs: SlotRun[] = [];
  let from = 0;
  for (let id = 1; id <= map.count; id++) {
    const isSame =
      id < map.count &&
      map.owners[id] === map.owners[from] &&
      map.targets[id] === map.targets[from] &&
      map.states[id] === map.states[from];
    if (!isSame) {
      const ownerId = map.owners[from] ?? 0;
      const targetId = map.targets[from] ?? 0;
      runs.push({ from, to: id - 1, ownerId, targetId, state: stateOf(map, from) });
      from = id;
    }
  }
  return runs;
}

/** Slots for which it holds, ascending. */
export function slotsWhere(
  map: SlotMap,
  holds: (ownerId: number, state: SlotState, slotId: number) => boolean,
): readonly number[] {
  const found: number[] = [];
  for (let id = 0; id < map.count; id++) {
    if (holds(map.owners[id] ?? 0, stateOf(map, id), id)) {
      found.push(id);
    }
  }
  return found;
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    // Not base64: as good as nothing, which the caller shows as "not known".
    return new Uint8Array(0);
  }
}

function numbersOf(base64: string): Uint16Array {
  const bytes = bytesOf(base64);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint16Array.from({ length: bytes.length >> 1 }, (_, index) =>
    view.getUint16(index * 2, true),
  );
}

function littleEndian(numbers: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 2);
  const view = new DataView(bytes.buffer);
  numbers.forEach((value, index) => {
    view.setUint16(index * 2, value, true);
  });
  return bytes;
}

function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    text += String.fromCharCode(byte);
  }
  return btoa(text);
}
