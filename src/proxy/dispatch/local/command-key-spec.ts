/**
 * Key specifications of a command in the form of COMMAND INFO: where the search for keys begins
 * (`begin_search`), how keys are found from there (`find_keys`), and what is done to them (`flags`).
 * Built from the table's short form (`KeySpec`) and the uses of `command-key-use.ts`.
 */
import type { CommandEntry, KeySpec } from "../../../command/entry.ts";
import { type KeyUse, keyUsesOf } from "./command-key-use.ts";
import type { ReplyValue } from "./reply.ts";

/** `firstkey`, `lastkey`, `step` of COMMAND INFO: what Redis before version 7 knew of the keys. */
export type LegacyRange = readonly [number, number, number];

/** The three legacy numbers; zeros for keys that only a specification can find. */
export function legacyRangeOf(keys: KeySpec): LegacyRange {
  switch (keys.kind) {
    case "range":
      return [keys.first, keys.last, keys.step];
    case "numkeys":
      return keys.destination === 0 ? [0, 0, 0] : [keys.destination, keys.destination, 1];
    case "special":
      return keys.parser === "streams" ? [0, 0, 0] : [1, 1, 1];
    default:
      return [0, 0, 0];
  }
}

/** The specifications, one for each use. */
export function keySpecsOf(entry: CommandEntry): readonly ReplyValue[] {
  const uses = keyUsesOf(entry);
  const { keys } = entry;
  if (keys.kind === "range") {
    return rangeSpecs(keys.first, keys.last, keys.step, uses);
  }
  if (keys.kind === "numkeys") {
    const sources = spec(uses.at(-1), index(keys.at), keynum(keys.step));
    return keys.destination === 0
      ? [sources]
      : [spec(uses[0], index(keys.destination), range(0, 1, 0)), sources];
  }
  return keys.kind === "special" ? specialSpecs(entry, keys.parser, uses) : [];
}

/** Keys of two uses are two specifications: the first key, and the rest. */
function rangeSpecs(
  first: number,
  last: number,
  step: number,
  uses: readonly KeyUse[],
): readonly ReplyValue[] {
  if (uses.length < 2) {
    return [spec(uses[0], index(first), range(last < 0 ? last : last - first, step, 0))];
  }
  const rest = first + 1;
  return [
    spec(uses[0], index(first), range(0, 1, 0)),
    spec(uses[1], index(rest), range(last < 0 ? last : last - rest, step, 0)),
  ];
}

function specialSpecs(
  entry: CommandEntry,
  parser: string,
  uses: readonly KeyUse[],
): readonly ReplyValue[] {
  if (parser === "streams") {
    const from = entry.name === "xreadgroup" ? 4 : 1;
    return [spec(uses[0], keyword("STREAMS", from), range(-1, 1, 2))];
  }
  const first = spec(uses[0], index(1), range(0, 1, 0));
  if (parser === "georadius") {
    const from = Math.abs(entry.arity);
    const stores = ["STORE", "STOREDIST"].map((word) =>
      spec(uses.at(-1), keyword(word, from), range(0, 1, 0)),
    );
    return [first, ...stores];
  }
  // SORT: keys of BY and GET are made from the data, STORE may stand anywhere.
  return [
    first,
    ...uses.slice(1).map((use) => spec(use, part("unknown", []), part("unknown", []))),
  ];
}

function spec(use: KeyUse | undefined, begin: ReplyValue, find: ReplyValue): ReplyValue {
  const flags = { set: (use ?? []).map((word) => ({ simple: word })) };
  return {
    map: [
      ["flags", flags],
      ["begin_search", begin],
      ["find_keys", find],
    ],
  };
}

function part(type: string, facts: readonly (readonly [string, ReplyValue])[]): ReplyValue {
  return {
    map: [
      ["type", type],
      ["spec", { map: facts }],
    ],
  };
}

function index(at: number): ReplyValue {
  return part("index", [["index", at]]);
}

function keyword(word: string, from: number): ReplyValue {
  return part("keyword", [
    ["keyword", word],
    ["startfrom", from],
  ]);
}

function range(last: number, step: number, limit: number): ReplyValue {
  return part("range", [
    ["lastkey", last],
    ["keystep", step],
    ["limit", limit],
  ]);
}

function keynum(step: number): ReplyValue {
  return part("keynum", [
    ["keynumidx", 0],
    ["firstkey", 1],
    ["keystep", step],
  ]);
}
