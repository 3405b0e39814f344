/**
 * The form of an entry in a table of configuration keys. Each program has such a table; `value.ts`
 * interprets an entry, `check.ts` a whole configuration.
 *
 * Invariant: an entry says everything about its key; no other code knows a key by its name, but for the
 * few rules over several keys in `load.ts` of each program.
 */

/** How a key is written in TOML, and what its field in the configuration holds. */
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

/** Everything known about one key. */
export interface KeySpec {
  /** Name in the file and in JSON. */
  readonly name: string;
  /** Name of the field in the checked configuration; ends in `Ms` or `Bytes` where that is its unit. */
  readonly field: string;
  readonly kind: KeyKind;
  /** As one would write it in the file. */
  readonly fallback: string | number | boolean;
  /** Heading in the default file and in the documentation. */
  readonly section: string;
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
  /** `user:password`: JSON and logs show the user only. */
  readonly isLogin?: true;
  /** Not a key of Codis 3.2 but ours. */
  readonly isOurs?: true;
  /** Accepted because files of Codis have it; why it does nothing. */
  readonly withoutEffect?: string;
}

/** Type of the field of one entry. */
export type ValueOf<K extends KeySpec> = K["kind"] extends "bool"
  ? boolean
  : K extends { readonly choices: readonly (infer C)[] }
    ? C
    : K["kind"] extends "string"
      ? string
      : number;

/**
 * The checked configuration that a table of keys yields. Fields that end in `Ms` are milliseconds, in
 * `Bytes` bytes; a duration of 0 is "never" or "off" unless the key says otherwise. Frozen.
 */
export type ConfigOf<K extends KeySpec> = { readonly [E in K as E["field"]]: ValueOf<E> };
