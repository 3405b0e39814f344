/**
 * The live document of one product: a map from keys to values, of which the server sends the whole or what
 * changed. Every key has a signal, so that a change draws again only what shows it.
 *
 * Invariant: after `apply` returns true the document is exactly what the server had at that number; when a
 * patch doesn't follow the last one, nothing is applied and the caller has to ask for the whole.
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";

/** The whole document, or what changed; a value of null means that the key is gone. */
export interface LiveMessage {
  readonly kind: "snapshot" | "patch";
  /** Of the leader that counts; numbers of different leaders say nothing of each other. */
  readonly epoch: number;
  readonly seq: number;
  readonly values: Readonly<Record<string, unknown>>;
  /** Of a patch: it has all that changed after this number; without it, after `seq - 1`. */
  readonly since?: number | undefined;
}

/** See the head of the file. */
export class LiveDocument {
  /** Number of the last message; -1 before the first. */
  seq = -1;
  /** Epoch of the leader whose number that is. */
  epoch = -1;
  readonly #values = new Map<string, Signal<unknown>>();
  readonly #lists = new Map<string, ReadonlySignal<readonly unknown[]>>();
  /** Sorted keys that have a value. */
  readonly #keys = signal<readonly string[]>([]);

  /** The value of a key; undefined while there is none. The same signal for each call. */
  value<T>(key: string): ReadonlySignal<T | undefined> {
    return this.#signalOf(key) as Signal<T | undefined>;
  }

  /** Values of all keys that begin with `prefix`, sorted by key (numbers in keys count as numbers). */
  list<T>(prefix: string): ReadonlySignal<readonly T[]> {
    let list = this.#lists.get(prefix);
    if (list === undefined) {
      const keys = computed(() =>
        this.#keys.value.filter((key) => key.startsWith(prefix)).join("\n"),
      );
      list = computed(() =>
        keys.value === "" ? [] : keys.value.split("\n").map((key) => this.#signalOf(key).value),
      );
      this.#lists.set(prefix, list);
    }
    return list as ReadonlySignal<readonly T[]>;
  }

  /** What the server calls this state; undefined before the first message. */
  get version(): string | undefined {
    return this.seq < 0 ? undefined : `${this.epoch}.${this.seq}`;
  }

  /** Takes a message in; false: it doesn't follow what is here. */
  apply(message: LiveMessage): boolean {
    const { kind, epoch, seq, values } = message;
    const isSameLeader = epoch === this.epoch && this.seq >= 0;
    // A slow stream may bring again what polls have brought already.
    if (isSameLeader && seq <= this.seq) {
      return true;
    }
    if (kind === "snapshot") {
      this.#replace(values);
    } else if (isSameLeader && (message.since ?? seq - 1) <= this.seq) {
      this.#change(Object.entries(values));
    } else {
      return false;
    }
    this.seq = seq;
    this.epoch = epoch;
    return true;
  }

  /** Forgets everything: another product is opened. */
  clear(): void {
    this.seq = -1;
    this.epoch = -1;
    this.#replace({});
  }

  #replace(values: Readonly<Record<string, unknown>>): void {
    const gone = this.#keys.peek().filter((key) => !(key in values));
    this.#change([...gone.map((key): [string, unknown] => [key, null]), ...Object.entries(values)]);
  }

  #change(entries: readonly (readonly [string, unknown])[]): void {
    batch(() => {
      let keys: Set<string> | undefined;
      for (const [key, value] of entries) {
        const held = this.#signalOf(key);
        const isThere = held.peek() !== undefined;
        const isGone = value === null;
        if (isThere === isGone) {
          keys ??= new Set(this.#keys.peek());
          if (isGone) {
            keys.delete(key);
          } else {
            keys.add(key);
          }
        }
        held.value = isGone ? undefined : value;
      }
      if (keys !== undefined) {
        this.#keys.value = [...keys].sort(compareKeys);
      }
    });
  }

  #signalOf(key: string): Signal<unknown> {
    let held = this.#values.get(key);
    if (held === undefined) {
      held = signal<unknown>(undefined);
      this.#values.set(key, held);
    }
    return held;
  }
}

const collator = new Intl.Collator("en", { numeric: true });

function compareKeys(left: string, right: string): number {
  return collator.compare(left, right);
}
