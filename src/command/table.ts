/**
 * The command table as the program uses it: the entries, and their facts as typed arrays indexed by
 * command id, for the hot path. Filled once when the program starts, never written later.
 *
 * `lookup.ts` turns bytes into an id, the arrays here say what to do with the request, `key-spec.ts`
 * finds its keys. The entries themselves come from `table-data.ts`, which is generated.
 */
import type { CommandEntry } from "./entry.ts";
import {
  CHECK_NAMES,
  FLAG_CONTAINER,
  FLAG_MASTER_ONLY,
  FLAG_NAMES,
  FLAG_READ,
  FLAG_WRITE,
  MERGE_NAMES,
  ROUTE_FORWARD,
  ROUTE_NAMES,
  SCRIPT_NAMES,
} from "./route.ts";
import { TABLE_ROWS } from "./table-data.ts";

/** All commands and subcommands, ordered by name; the index is the id. */
export const COMMANDS: readonly CommandEntry[] = TABLE_ROWS;

/** Number of ids: 0 … COMMAND_COUNT - 1. Statistics arrays have this length. */
export const COMMAND_COUNT: number = COMMANDS.length;

/** `ROUTE_…` of `route.ts`. For a container: of its bare name and of subcommands not in the table. */
export const ROUTE: Uint8Array = new Uint8Array(COMMAND_COUNT);
/** Argument index of the first key where the spec is a range; 0 without keys or where a parser must look. */
export const FIRST_KEY: Uint8Array = new Uint8Array(COMMAND_COUNT);
/** Argument index of the last key of a range, negative from the end (-1 is the last argument). */
export const LAST_KEY: Int8Array = new Int8Array(COMMAND_COUNT);
/** Distance of the keys of a range, or of those behind a number of keys. */
export const KEY_STEP: Uint8Array = new Uint8Array(COMMAND_COUNT);
/** Number of arguments with the name; at least -n when negative (Redis's convention). */
export const ARITY: Int8Array = new Int8Array(COMMAND_COUNT);
/** Bits `FLAG_…` of `route.ts`. */
export const FLAGS: Uint32Array = new Uint32Array(COMMAND_COUNT);
/** `MERGE_…` of a multi-shard command, else 0. */
export const MERGE: Uint8Array = new Uint8Array(COMMAND_COUNT);
/** `CHECK_…` that must pass before the command is forwarded, else 0. */
export const CHECK: Uint8Array = new Uint8Array(COMMAND_COUNT);
/** `SCRIPT_…` of a script command, else 0. */
export const SCRIPT_SOURCE: Uint8Array = new Uint8Array(COMMAND_COUNT);
/**
 * 1 when the command is forwarded with exactly one key at `FIRST_KEY` and no check: the fast path.
 * The arity must still be checked, it promises that the key argument is there.
 */
export const IS_SINGLE_KEY: Uint8Array = new Uint8Array(COMMAND_COUNT);

const UPPER_NAMES: string[] = [];
const ID_BY_NAME = new Map<string, number>();

for (const entry of COMMANDS) fillArrays(entry);
for (const entry of COMMANDS) {
  const bar = entry.name.indexOf("|");
  if (bar > 0) FLAGS[ID_BY_NAME.get(entry.name.slice(0, bar))!]! |= FLAG_CONTAINER;
}

function fillArrays(entry: CommandEntry): void {
  const { id, keys } = entry;
  ID_BY_NAME.set(entry.name, id);
  UPPER_NAMES.push(entry.name.toUpperCase());
  ROUTE[id] = ROUTE_NAMES.indexOf(entry.route);
  MERGE[id] = MERGE_NAMES.indexOf(entry.merge);
  CHECK[id] = CHECK_NAMES.indexOf(entry.check);
  SCRIPT_SOURCE[id] = SCRIPT_NAMES.indexOf(entry.script);
  ARITY[id] = entry.arity;
  FLAGS[id] = flagBits(entry);
  if (keys.kind === "numkeys") KEY_STEP[id] = keys.step;
  if (keys.kind !== "range") return;
  FIRST_KEY[id] = keys.first;
  LAST_KEY[id] = keys.last;
  KEY_STEP[id] = keys.step;
  const isSingle = keys.first === keys.last && ROUTE[id] === ROUTE_FORWARD && CHECK[id] === 0;
  IS_SINGLE_KEY[id] = isSingle ? 1 : 0;
}

function flagBits(entry: CommandEntry): number {
  let bits = 0;
  for (const flag of entry.flags) bits |= 1 << FLAG_NAMES.indexOf(flag);
  if (entry.access === "read") bits |= FLAG_READ;
  if (entry.access === "write") bits |= FLAG_WRITE;
  if (entry.masterOnly) bits |= FLAG_MASTER_ONLY;
  return bits;
}

/** Upper-case name, subcommands as `CONFIG|GET`; for statistics and error texts. */
export function commandName(id: number): string {
  return UPPER_NAMES[id]!;
}

/** Id of a lower-case name (`get`, `config|get`), -1 when there is none. Not for the hot path. */
export function findCommandId(name: string): number {
  return ID_BY_NAME.get(name) ?? -1;
}
