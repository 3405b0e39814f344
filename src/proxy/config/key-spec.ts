/**
 * The form of an entry in the table of configuration keys. The tables are `codis-key.ts` and
 * `own-key.ts`, joined in `key.ts`; `value.ts` interprets an entry.
 *
 * Invariant: an entry says everything about its key; no other code knows a key by its name, but for the
 * few rules over several keys in `load.ts`.
 */

/** How a key is written in TOML, and what its field in `ProxyConfig` holds. */
export type KeyKind =
  /** Text as it stands. */
  | "string"
  /** A whole number. */
  | "int"
  /** true or false. */
  | "bool"
  /** `"128kb"` or a number of bytes; the field is a number of bytes. */
  | "size"
  /** `"30s"`, `"1h15m"` or a number of seconds; the field is a number of milliseconds. */
  | "duration";

/** Headings of the default file and of the documentation, in their order. */
export const KEY_SECTIONS = [
  "Product",
  "Addresses",
  "Clients",
  "Servers",
  "Slots and workers",
  "Limits of memory",
  "Service discovery",
  "Pushing metrics",
  "Without effect",
] as const;

/** One heading of `KEY_SECTIONS`. */
export type KeySection = (typeof KEY_SECTIONS)[number];

/** Everything known about one key. */
export interface KeySpec {
  /** Name in `proxy.toml` and in JSON. */
  readonly name: string;
  /** Name of the field in `ProxyConfig`; ends in `Ms` or `Bytes` where that is its unit. */
  readonly field: string;
  readonly kind: KeyKind;
  /** As one would write it in the file. */
  readonly fallback: string | number | boolean;
  readonly section: KeySection;
  /** Sentences for the default file and the documentation. */
  readonly doc: string;
  /** The only values allowed. */
  readonly choices?: readonly (string | number)[];
  /** Bounds in the unit of the field, both included. Sizes, durations and numbers are never negative. */
  readonly min?: number;
  readonly max?: number;
  /** Smaller values are accepted, as Codis does, and raised to this. */
  readonly floor?: number;
  /** Passwords: never shown in JSON or in logs. */
  readonly isSecret?: true;
  /** Not a key of Codis 3.2 but ours. */
  readonly isOurs?: true;
  /** Accepted because files of Codis have it; why it does nothing. */
  readonly withoutEffect?: string;
}
