/**
 * Values of the model of Redis that the checker uses: immutable, so that a search may go back, each with a text
 * by which two are compared.
 */

/** A value of a key. */
export type Value =
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "list"; readonly items: readonly string[] }
  | { readonly type: "hash"; readonly fields: ReadonlyMap<string, string> }
  | { readonly type: "set"; readonly members: ReadonlySet<string> }
  | { readonly type: "zset"; readonly scores: ReadonlyMap<string, number> }
  | { readonly type: "stream"; readonly entries: readonly StreamEntry[] };

/** The id is `?` as long as nobody has seen it. */
export interface StreamEntry {
  readonly id: string;
  readonly payload: string;
}

/** When a key goes, as far as that is known: milliseconds of the run. `Infinity`: perhaps never. */
export interface Expiry {
  readonly earliest: number;
  readonly latest: number;
}

/** A key with its value. */
export class KeyState {
  readonly value: Value;
  readonly expiry: Expiry | undefined;
  #text: string | undefined;

  constructor(value: Value, expiry?: Expiry) {
    this.value = value;
    this.expiry = expiry;
  }

  /** Equal for equal values with equal expiries. */
  get text(): string {
    this.#text ??= JSON.stringify([
      this.value.type,
      plainOf(this.value),
      this.expiry?.earliest ?? null,
      this.expiry === undefined ? null : String(this.expiry.latest),
    ]);
    return this.#text;
  }
}

/** All keys of an object. Immutable. */
export type Keys = ReadonlyMap<string, KeyState>;

/** Nothing is there. */
export const NO_KEYS: Keys = new Map();

/** Equal for equal keys. */
export function textOfKeys(keys: Keys): string {
  const names = [...keys.keys()].sort();
  return names.map((name) => `${name}=${keys.get(name)?.text}`).join("\n");
}

/** The keys with one set, or removed. */
export function withKey(keys: Keys, name: string, state: KeyState | undefined): Keys {
  const next = new Map(keys);
  if (state === undefined) {
    next.delete(name);
  } else {
    next.set(name, state);
  }
  return next;
}

/** The whole value as plain lists; unordered ones sorted. */
export function plainOf(value: Value): string | readonly string[] | readonly (readonly string[])[] {
  switch (value.type) {
    case "string":
      return value.text;
    case "list":
      return value.items;
    case "hash":
      return [...value.fields].sort(byFirst);
    case "set":
      return [...value.members].sort();
    case "zset":
      return [...value.scores]
        .map(([member, score]) => [member, String(score)] as const)
        .sort(byFirst);
    case "stream":
      return value.entries.map(({ id, payload }) => [id, payload]);
  }
}

/** Sorts pairs by their first text. */
export function byFirst(a: readonly string[], b: readonly string[]): number {
  const [left = "", right = ""] = [a[0], b[0]];
  return left < right ? -1 : left > right ? 1 : 0;
}
