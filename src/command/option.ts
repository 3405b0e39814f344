/**
 * The options of the few commands whose keys, or whose permission, depend on them: a cursor that goes
 * from option to option and never takes an argument of one for another option. Shared by `key-spec.ts`
 * and `check.ts`, so that both see a request as Redis does.
 *
 * Arguments are `argOffsets[2 * i]` (start) and `argOffsets[2 * i + 1]` (end) in one buffer, 0 is the
 * name of the command.
 */
import { isWord, wordBytes } from "./word.ts";

/** A word that takes arguments. */
export interface OptionWord {
  readonly bytes: Uint8Array;
  /** Arguments that follow the word. */
  readonly argCount: number;
}

/** Defines a word with the number of its arguments. */
export function optionWord(word: string, argCount: number): OptionWord {
  return { bytes: wordBytes(word), argCount };
}

/** Options of SORT and SORT_RO; ASC, DESC and ALPHA take no argument and need no entry. */
export const SORT_LIMIT: OptionWord = optionWord("limit", 2);
/** A pattern of keys to sort by. */
export const SORT_BY: OptionWord = optionWord("by", 1);
/** A pattern of keys to fetch. */
export const SORT_GET: OptionWord = optionWord("get", 1);
/** The destination key. */
export const SORT_STORE: OptionWord = optionWord("store", 1);
/** All of them, the argument of `findOption`. */
export const SORT_OPTIONS: readonly OptionWord[] = [SORT_BY, SORT_GET, SORT_LIMIT, SORT_STORE];

/** The first key, or everything behind it, of XREAD and XREADGROUP. */
export const STREAMS_STREAMS: OptionWord = optionWord("streams", 0);
/** Waits for entries. */
export const STREAMS_BLOCK: OptionWord = optionWord("block", 1);
/** Options of XREAD and XREADGROUP: CLAIM since Redis 8.4, MAXCOUNT and MAXSIZE since 8.10; NOACK is alone. */
export const STREAMS_OPTIONS: readonly OptionWord[] = [
  STREAMS_STREAMS,
  STREAMS_BLOCK,
  optionWord("count", 1),
  optionWord("group", 2),
  optionWord("claim", 1),
  optionWord("maxcount", 1),
  optionWord("maxsize", 1),
];

/** Destination keys of GEORADIUS and GEORADIUSBYMEMBER. */
export const GEORADIUS_STORE: OptionWord = optionWord("store", 1);
/** As STORE, with distances. */
export const GEORADIUS_STOREDIST: OptionWord = optionWord("storedist", 1);
/** Options of GEORADIUS; WITHCOORD, WITHDIST, WITHHASH, ANY, ASC and DESC take no argument. */
export const GEORADIUS_OPTIONS: readonly OptionWord[] = [
  GEORADIUS_STORE,
  GEORADIUS_STOREDIST,
  optionWord("count", 1),
];

/** The keys of MIGRATE when its key argument is empty; everything behind the word. */
export const MIGRATE_KEYS: OptionWord = optionWord("keys", 0);
/** Options of MIGRATE; COPY and REPLACE take no argument. */
export const MIGRATE_OPTIONS: readonly OptionWord[] = [
  MIGRATE_KEYS,
  optionWord("auth", 1),
  optionWord("auth2", 2),
];

/** COPY to another database; REPLACE takes no argument. */
export const COPY_DB: OptionWord = optionWord("db", 1);
/** Options of COPY. */
export const COPY_OPTIONS: readonly OptionWord[] = [COPY_DB];

/**
 * The option that stands at an argument with all of its arguments behind it, or undefined. A cut-off
 * option isn't found: Redis answers a syntax error for it, without a look at any key.
 */
export function optionAt(
  options: readonly OptionWord[],
  buffer: Uint8Array,
  argOffsets: Int32Array,
  argCount: number,
  index: number,
): OptionWord | undefined {
  const start = argOffsets[2 * index]!;
  const end = argOffsets[2 * index + 1]!;
  for (let i = 0; i < options.length; i++) {
    const option = options[i]!;
    if (index + option.argCount < argCount && isWord(buffer, start, end, option.bytes))
      return option;
  }
  return undefined;
}
