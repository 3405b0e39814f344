/**
 * The scripts that the workload sends with EVAL, each in Lua and as the model of Redis carries it out.
 */
import type { Effect, Step } from "./small-redis.ts";
import { addMember, listAt, putList } from "./small-redis-collection.ts";
import { add } from "./small-redis-string.ts";

/** KEYS: two counters. Moves ARGV[1] from the first to the second; answers both. */
export const TRANSFER =
  "local from = redis.call('INCRBY', KEYS[1], -ARGV[1]) " +
  "local to = redis.call('INCRBY', KEYS[2], ARGV[1]) return {from, to}";

/** KEYS: a list and a set. Moves the first of the list to the set; answers it. */
export const TAKE =
  "local item = redis.call('LPOP', KEYS[1]) " +
  "if item then redis.call('SADD', KEYS[2], item) end return item";

/** See the file head. */
export function runScript({ keys, name, args }: Step): Effect | "unknown" {
  if (name !== "EVAL") {
    return "unknown";
  }
  const [script, , first = "", second = "", argument = "0"] = args;
  switch (script) {
    case TRANSFER: {
      const taken = add(keys, first, -Number(argument));
      const given = add(taken.keys, second, Number(argument));
      return { keys: given.keys, output: [taken.output as number, given.output as number] };
    }
    case TAKE: {
      const [item, ...rest] = listAt(keys, first);
      return item === undefined
        ? { keys, output: null }
        : { keys: addMember(putList(keys, first, rest), second, item).keys, output: item };
    }
    default:
      return "unknown";
  }
}
