/**
 * The shape of one entry of the command table: what Redis says of a command (name, arity, flags, keys,
 * tips) and what this proxy does with it (access, route, merge, check).
 *
 * Entries are written by `scripts/generate-command-table.ts` into `table-data.ts` and read by `table.ts`.
 * Words are Redis's own wherever Redis has a word.
 */
import type { CHECK_NAMES, FLAG_NAMES, MERGE_NAMES, ROUTE_NAMES, SCRIPT_NAMES } from "./route.ts";

/** Whether a command reads data, writes it, or touches none. */
export type Access = "read" | "write" | "none";
/** What the proxy does with a command; see `route.ts`. */
export type RouteName = (typeof ROUTE_NAMES)[number];
/** How the parts of a multi-shard command become one reply. */
export type MergeName = (typeof MERGE_NAMES)[number];
/** Which check of `check.ts` decides about the arguments. */
export type CheckName = (typeof CHECK_NAMES)[number];
/** Where the script of a script command comes from. */
export type ScriptName = (typeof SCRIPT_NAMES)[number];
/** A flag of the table. */
export type FlagName = (typeof FLAG_NAMES)[number];

/** Where the keys of a command are. Positions count arguments, the command name is argument 0. */
export type KeySpec =
  | { readonly kind: "none" }
  /** Every `step`th argument from `first` to `last`; a negative `last` counts from the end, -1 is the last. */
  | { readonly kind: "range"; readonly first: number; readonly last: number; readonly step: number }
  /**
   * `at` holds the number of keys, which follow it, `step` arguments each; `destination` is one key more,
   * 0 is none.
   */
  | {
      readonly kind: "numkeys";
      readonly at: number;
      readonly step: number;
      readonly destination: number;
    }
  /** Only a parser of the command's own syntax can tell. */
  | {
      readonly kind: "special";
      readonly parser: "sort" | "georadius" | "streams" | "migrate";
    };

/** One command or subcommand. */
export interface CommandEntry {
  /** Lower case; a subcommand is `container|name`, as Redis writes it. */
  readonly name: string;
  /** Position in the table; it changes between releases, so it must not be stored. */
  readonly id: number;
  /** Number of arguments with the name, at least -n when negative. */
  readonly arity: number;
  readonly access: Access;
  readonly route: RouteName;
  readonly merge: MergeName;
  readonly check: CheckName;
  readonly script: ScriptName;
  /** A read that must not go to a replica. */
  readonly masterOnly: boolean;
  readonly keys: KeySpec;
  /** Redis's flags, sorted; our own bits are not among them. */
  readonly flags: readonly FlagName[];
  /** Tip `request_policy`, empty when Redis has none. */
  readonly requestPolicy: string;
  /** Tip `response_policy`, empty when Redis has none. */
  readonly responsePolicy: string;
  /** Version of Redis that brought it; `codis` for Codis's own. */
  readonly since: string;
  /** Redis's group (`string`, `server`, …); `codis` for Codis's own. */
  readonly group: string;
}
