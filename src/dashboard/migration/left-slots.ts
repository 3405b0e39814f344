/**
 * On record: which slots have left which group. Written before the first key may leave, so that a key of such a
 * slot that is found at the group later is known to be a leftover; taken back when the slot comes home.
 *
 * One node for each group, `/codis-ext/{product}/left/group-NNNN`: `{"slots": [1, 2, 5]}`. Written with the
 * leader's fence; calls happen one after another.
 */
import { CodisError } from "../../base/error.ts";
import { coordinatorPath } from "../../model/coordinator-path.ts";
import { parseJsonNode, RecordReader } from "../../model/json-record.ts";
import type { ProductStorage } from "../control.ts";

const ABSENT = "absent";
const SLOT_ID_MAX = 4095;

interface Known {
  readonly slots: ReadonlySet<number>;
  readonly version: string;
}

/** See the file head. */
export class LeftSlots {
  readonly #storage: ProductStorage;
  readonly #product: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(storage: ProductStorage, product: string) {
    this.#storage = storage;
    this.#product = product;
  }

  /** Slots that have left the group. Rejects with the coordinator's codes, MODEL_INVALID for garbage. */
  async of(groupId: number): Promise<ReadonlySet<number>> {
    return (await this.#read(groupId)).slots;
  }

  /** Durable when this resolves. */
  add(groupId: number, slotIds: readonly number[]): Promise<void> {
    return this.#change(groupId, (slots) => new Set([...slots, ...slotIds]));
  }

  /** Durable when this resolves. */
  remove(groupId: number, slotIds: readonly number[]): Promise<void> {
    const gone = new Set(slotIds);
    return this.#change(groupId, (slots) => new Set([...slots].filter((id) => !gone.has(id))));
  }

  /** The group begins anew, with another server: nothing is on record. Durable when this resolves. */
  clear(groupId: number): Promise<void> {
    return this.#change(groupId, () => new Set());
  }

  #change(
    groupId: number,
    change: (slots: ReadonlySet<number>) => ReadonlySet<number>,
  ): Promise<void> {
    const next = this.#turn.then(() => this.#write(groupId, change));
    // A failure is its caller's; the next change reads anew.
    this.#turn = next.catch(() => undefined);
    return next;
  }

  async #write(
    groupId: number,
    change: (slots: ReadonlySet<number>) => ReadonlySet<number>,
  ): Promise<void> {
    const known = await this.#read(groupId);
    const after = change(known.slots);
    if (after.size === known.slots.size) {
      return;
    }
    const slots = [...after].sort((one, other) => one - other);
    await this.#storage.write([
      {
        path: coordinatorPath.leftSlots(this.#product, groupId),
        data: JSON.stringify({ slots }),
        expected: known.version,
      },
    ]);
  }

  async #read(groupId: number): Promise<Known> {
    const path = coordinatorPath.leftSlots(this.#product, groupId);
    const node = await this.#storage.get(path);
    if (node === undefined) {
      return { slots: new Set(), version: ABSENT };
    }
    const slots = new RecordReader(parseJsonNode(node.data, path), path).intList(
      "slots",
      0,
      SLOT_ID_MAX,
    );
    if (new Set(slots).size !== slots.length) {
      throw new CodisError("MODEL_INVALID", `${path}: a slot is there twice, expected it once`);
    }
    return { slots: new Set(slots), version: node.version };
  }
}
