/**
 * On record: how keys of each slot that moves are reached. Chosen before the slot is handed over, and kept until it
 * has arrived, also by the next leader: on which side a key counts depends on it, so two ways must never be mixed
 * for one slot.
 *
 * One node, `/codis-ext/{product}/methods`: `{"moves": [{"method": 1, "groups": [1, 2], "slots": [5, 6]}]}`. Groups
 * are written with it in ascending order, so that an entry is known to be about this move and not about an earlier
 * one. A slot without an entry moves with MIGRATE. Written with the leader's fence; calls happen one after another.
 */
import { CodisError } from "../../base/error.ts";
import { coordinatorPath } from "../../model/coordinator-path.ts";
import { GROUP_ID_MAX } from "../../model/group.ts";
import { parseJsonNode, RecordReader } from "../../model/json-record.ts";
import { FORWARD_METHOD, type ForwardMethod, SLOT_COUNTS } from "../../model/slot.ts";
import type { SlotMapping } from "../../model/slot-mapping.ts";
import type { ProductStorage } from "../control.ts";

const ABSENT = "absent";
const SLOT_ID_MAX = Math.max(...SLOT_COUNTS) - 1;

interface Noted {
  readonly method: ForwardMethod;
  /** Ascending. */
  readonly groups: readonly [number, number];
}

/** See the file head. */
export class MoveMethods {
  readonly #storage: ProductStorage;
  readonly #path: string;
  #noted: ReadonlyMap<number, Noted>;
  #turn: Promise<unknown> = Promise.resolve();

  /** Reads what earlier leaders noted. Rejects with the coordinator's codes, MODEL_INVALID for garbage. */
  static async open(storage: ProductStorage, product: string): Promise<MoveMethods> {
    const path = coordinatorPath.moveMethods(product);
    const node = await storage.get(path);
    return new MoveMethods(storage, path, node === undefined ? new Map() : decode(node.data, path));
  }

  private constructor(storage: ProductStorage, path: string, noted: ReadonlyMap<number, Noted>) {
    this.#storage = storage;
    this.#path = path;
    this.#noted = noted;
  }

  /** How keys of the slot are reached while it moves as it does now; what isn't noted moves with MIGRATE. */
  of(slot: SlotMapping): ForwardMethod {
    return this.#entryOf(slot)?.method ?? FORWARD_METHOD.migrate;
  }

  /** Whether it is on record. */
  has(slot: SlotMapping): boolean {
    return this.#entryOf(slot) !== undefined;
  }

  /**
   * Durable when this resolves; none of the slots is handed over yet. Entries of slots that don't move any more
   * are forgotten on this occasion.
   */
  note(
    slots: readonly SlotMapping[],
    method: ForwardMethod,
    all: readonly SlotMapping[],
  ): Promise<void> {
    const next = this.#turn.then(() => this.#note(slots, method, all));
    // A failure is its caller's.
    this.#turn = next.catch(() => undefined);
    return next;
  }

  #entryOf(slot: SlotMapping): Noted | undefined {
    const noted = this.#noted.get(slot.id);
    const [first, second] = groupsOf(slot);
    return noted?.groups[0] === first && noted.groups[1] === second ? noted : undefined;
  }

  async #note(
    slots: readonly SlotMapping[],
    method: ForwardMethod,
    all: readonly SlotMapping[],
  ): Promise<void> {
    const isNoted = slots.every((slot) => this.of(slot) === method && this.#isExplicit(slot));
    if (isNoted) {
      return;
    }
    const next = new Map([...this.#noted].filter(([id]) => (all[id]?.action.state ?? "") !== ""));
    for (const slot of slots) {
      next.delete(slot.id);
      if (method !== FORWARD_METHOD.migrate) {
        next.set(slot.id, { method, groups: groupsOf(slot) });
      }
    }
    const node = await this.#storage.get(this.#path);
    const expected = node?.version ?? ABSENT;
    await this.#storage.write([{ path: this.#path, data: encode(next), expected }]);
    this.#noted = next;
  }

  /** Nothing would have to be written: what moves with MIGRATE has no entry, not even an outdated one. */
  #isExplicit(slot: SlotMapping): boolean {
    return this.has(slot) || !this.#noted.has(slot.id);
  }
}

function groupsOf({ groupId, action: { targetId } }: SlotMapping): readonly [number, number] {
  return groupId < targetId ? [groupId, targetId] : [targetId, groupId];
}

function encode(noted: ReadonlyMap<number, Noted>): string {
  const moves = new Map<string, { method: number; groups: readonly number[]; slots: number[] }>();
  for (const [id, { method, groups }] of noted) {
    const key = `${method} ${groups.join(" ")}`;
    const move = moves.get(key) ?? { method, groups, slots: [] };
    move.slots.push(id);
    moves.set(key, move);
  }
  return JSON.stringify({ moves: [...moves.values()] });
}

function decode(data: string, path: string): ReadonlyMap<number, Noted> {
  const noted = new Map<number, Noted>();
  for (const fields of new RecordReader(parseJsonNode(data, path), path).list("moves")) {
    const number = fields.int("method", 0, FORWARD_METHOD.migrate);
    const method = Object.values(FORWARD_METHOD).find((known) => known === number);
    const [first, second, ...others] = fields.intList("groups", 0, GROUP_ID_MAX);
    if (method === undefined || first === undefined || second === undefined || others.length > 0) {
      throw new CodisError("MODEL_INVALID", `${path}: expected a method and two groups`);
    }
    for (const id of fields.intList("slots", 0, SLOT_ID_MAX)) {
      noted.set(id, { method, groups: [first, second] });
    }
  }
  return noted;
}
