/**
 * What clients do to objects of each kind: names of the keys, and random commands. Values are unique in a run,
 * so that whatever is found tells who wrote it.
 */
import type { Random } from "../../support/seed.ts";
import { TAKE, TRANSFER } from "./small-redis-script.ts";

/** Gives a random command on an object's keys. */
export interface Family {
  readonly name: string;
  /** Suffixes of keys under one hash tag; none: the object is one key without a tag. */
  readonly suffixes: readonly string[];
  /** `unique` gives a new value each time. */
  command(random: Random, keys: readonly string[], unique: () => string): readonly string[];
}

type Make = (random: Random, keys: readonly string[], unique: () => string) => readonly string[];

/** Few, so that operations meet on the same ones. */
const FIELDS = ["a", "b", "c", "d"];
const TTLS_MS = [300, 1_500, 4_000, 10_000, 60_000];

/** Picks one of the makers; `[weight, maker]`. */
function mix(...choices: readonly (readonly [number, Make])[]): Make {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  return (random, keys, unique) => {
    let left = random.below(total);
    for (const [weight, make] of choices) {
      left -= weight;
      if (left < 0) {
        return make(random, keys, unique);
      }
    }
    throw new Error("a choice without weights");
  };
}

/** A command on the object's first key. */
function first(name: string, ...args: readonly string[]): Make {
  return (_random, [key = ""]) => [name, key, ...args];
}

function withField(
  name: string,
  more: (random: Random, unique: () => string) => readonly string[],
): Make {
  return (random, [key = ""], unique) => [name, key, random.pick(FIELDS), ...more(random, unique)];
}

const amount = (random: Random): string => String(1 + random.below(9));
const ttl = (random: Random): string => String(random.pick(TTLS_MS));

const STRING = mix(
  [4, (_random, [key = ""], unique) => ["SET", key, unique()]],
  [5, first("GET")],
  [1, (_random, [key = ""], unique) => ["GETSET", key, unique()]],
  [1, (_random, [key = ""], unique) => ["SETNX", key, unique()]],
  [1, (_random, [key = ""], unique) => ["APPEND", key, unique()]],
  [1, first("DEL")],
  [1, first("GETDEL")],
  [1, first("UNLINK")],
  [1, first("EXISTS")],
);

const COUNTER = mix(
  [8, first("INCR")],
  [3, (random, [key = ""]) => ["INCRBY", key, amount(random)]],
  [3, first("GET")],
  [1, first("DEL")],
);

const LIST = mix(
  [8, (_random, [key = ""], unique) => ["RPUSH", key, unique()]],
  [1, (_random, [key = ""], unique) => ["LPUSH", key, unique()]],
  [2, first("LPOP")],
  [1, first("RPOP")],
  [2, first("LRANGE", "0", "-1")],
  [1, first("LLEN")],
);

const HASH = mix(
  [3, withField("HSET", (_random, unique) => [unique()])],
  [4, (random, [key = ""]) => ["HINCRBY", key, `n${random.below(3)}`, amount(random)]],
  [1, withField("HDEL", () => [])],
  [2, withField("HGET", () => [])],
  [2, first("HGETALL")],
);

const SET = mix(
  [5, (_random, [key = ""], unique) => ["SADD", key, unique()]],
  [2, withField("SADD", () => [])],
  [2, withField("SREM", () => [])],
  [1, withField("SISMEMBER", () => [])],
  [2, first("SMEMBERS")],
);

const SORTED_SET = mix(
  [3, (random, [key = ""], unique) => ["ZADD", key, amount(random), unique()]],
  [4, (random, [key = ""]) => ["ZINCRBY", key, amount(random), random.pick(FIELDS)]],
  [1, withField("ZREM", () => [])],
  [2, withField("ZSCORE", () => [])],
  [2, first("ZRANGE", "0", "-1", "WITHSCORES")],
);

const STREAM = mix(
  [6, (_random, [key = ""], unique) => ["XADD", key, "*", "p", unique()]],
  [2, first("XRANGE", "-", "+")],
  [1, first("XLEN")],
);

const TIMED = mix(
  [5, (random, [key = ""], unique) => ["SET", key, unique(), "PX", ttl(random)]],
  [1, (_random, [key = ""], unique) => ["SET", key, unique()]],
  [2, (random, [key = ""]) => ["PEXPIRE", key, ttl(random)]],
  [1, first("PERSIST")],
  [3, first("PTTL")],
  [4, first("GET")],
  [1, first("DEL")],
);

const PAIR = mix(
  [4, (_random, [a = "", b = ""], unique) => ["MSET", a, unique(), b, unique()]],
  [4, (_random, [a = "", b = ""]) => ["MGET", a, b]],
  [1, (_random, [a = "", b = ""]) => ["DEL", a, b]],
  [2, (_random, [a = "", b = ""]) => ["RENAME", a, b]],
  [1, (_random, [a = "", b = ""]) => ["EXISTS", b, a]],
  [1, (_random, [, b = ""], unique) => ["SET", b, unique()]],
);

const LISTS = mix(
  [5, (_random, [a = ""], unique) => ["RPUSH", a, unique()]],
  [4, (_random, [a = "", b = ""]) => ["LMOVE", a, b, "LEFT", "RIGHT"]],
  [1, (_random, [a = "", b = ""]) => ["LMOVE", b, a, "RIGHT", "LEFT"]],
  [1, (_random, [a = ""]) => ["LRANGE", a, "0", "-1"]],
  [1, (_random, [, b = ""]) => ["LRANGE", b, "0", "-1"]],
);

const SETS = mix(
  [4, (_random, [a = ""], unique) => ["SADD", a, unique()]],
  [3, (random, [, b = ""]) => ["SADD", b, random.pick(FIELDS)]],
  [1, (random, [a = "", b = ""]) => ["SMOVE", b, a, random.pick(FIELDS)]],
  [3, (_random, [a = "", b = "", c = ""]) => ["SUNIONSTORE", c, a, b]],
  [2, (_random, [, , c = ""]) => ["SMEMBERS", c]],
  [1, (_random, [, , c = ""]) => ["DEL", c]],
);

const SCRIPT = mix(
  [4, (random, [a = "", b = ""]) => ["EVAL", TRANSFER, "2", a, b, amount(random)]],
  [3, (_random, [, , c = ""], unique) => ["RPUSH", c, unique()]],
  [3, (_random, [, , c = "", d = ""]) => ["EVAL", TAKE, "2", c, d]],
  [1, (_random, [a = "", b = ""]) => ["MGET", a, b]],
  [1, (_random, [, , , d = ""]) => ["SMEMBERS", d]],
);

const TABLE: readonly (readonly [name: string, make: Make, suffixes?: readonly string[]])[] = [
  ["string", STRING],
  ["counter", COUNTER],
  ["list", LIST],
  ["hash", HASH],
  ["set", SET],
  ["zset", SORTED_SET],
  ["stream", STREAM],
  ["timed", TIMED],
  ["pair", PAIR, ["a", "b"]],
  ["lists", LISTS, ["a", "b"]],
  ["sets", SETS, ["a", "b", "c"]],
  ["script", SCRIPT, ["a", "b", "c", "d"]],
];

/** All kinds. */
export const FAMILIES: readonly Family[] = TABLE.map(([name, command, suffixes = []]) => ({
  name,
  suffixes,
  command,
}));

/** Commands on single keys that hold strings, with several of them at once over slots. */
export const LONE_STRING = FAMILIES[0] as Family;
