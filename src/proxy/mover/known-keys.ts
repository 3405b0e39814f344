/**
 * Keys of moving slots that are known not to be at the source any more: they arrived, or never were there. Such
 * a key can't come back there, because nobody runs a command at the source (design section 8).
 *
 * Bounded by two generations over all slots of a worker: when the newer one is full it becomes the older one,
 * and what was in the older one is forgotten, which costs one more question for each such key.
 *
 *      add -> [ newer ]  full:  [ newer ] -> [ older ] -> forgotten
 */

/** Names in one generation, and their bytes with what a name costs besides. */
const NAMES_MAX = 100_000;
const BYTES_MAX = 16 * 1024 * 1024;
const NAME_OVERHEAD_BYTES = 48;

/** The keys of one slot; made by `KnownKeys.open`. */
export interface KnownOfSlot {
  newer: Set<string>;
  older: Set<string>;
}

/** See the file head. One for each worker. */
export class KnownKeys {
  readonly #slots = new Set<KnownOfSlot>();
  readonly #namesMax: number;
  #names = 0;
  #bytes = 0;

  /** A generation holds up to `namesMax` names. */
  constructor(namesMax: number = NAMES_MAX) {
    this.#namesMax = namesMax;
  }

  /** For a slot that begins to move. */
  open(): KnownOfSlot {
    const slot = { newer: new Set<string>(), older: new Set<string>() };
    this.#slots.add(slot);
    return slot;
  }

  /** The slot doesn't move any more: its keys are forgotten. */
  close(slot: KnownOfSlot): void {
    this.#slots.delete(slot);
    slot.newer = new Set();
    slot.older = new Set();
  }

  /** `id` is the database and the name, see `keyIdOf`. */
  add(slot: KnownOfSlot, id: string): void {
    if (!this.#slots.has(slot) || slot.newer.has(id)) return;
    slot.newer.add(id);
    this.#names++;
    this.#bytes += id.length + NAME_OVERHEAD_BYTES;
    if (this.#names >= this.#namesMax || this.#bytes >= BYTES_MAX) this.#age();
  }

  has(slot: KnownOfSlot, id: string): boolean {
    return slot.newer.has(id) || slot.older.has(id);
  }

  #age(): void {
    this.#names = 0;
    this.#bytes = 0;
    for (const slot of this.#slots) {
      slot.older = slot.newer;
      slot.newer = new Set();
    }
  }
}

/** What tells a key from all others of its slot; one character a byte. */
export function keyIdOf(db: number, name: Buffer): string {
  return `${db}:${name.toString("latin1")}`;
}
