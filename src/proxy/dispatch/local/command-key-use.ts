/**
 * What a command does with each of its keys (`RW access delete` …), for COMMAND INFO and GETKEYSANDFLAGS.
 * The words are Redis's: RO, RW, OW (overwrite), RM (remove) say how the key as a whole is used, access,
 * update, insert, delete what happens to its value.
 *
 * The facts are those of redis-server 7.0.15; a test compares every line with it. Commands of later
 * releases have no line: there the access of the command itself must do.
 */
import type { CommandEntry } from "../../../command/entry.ts";
import type { Argv } from "../context.ts";
import { wordOf } from "./argument.ts";

/**
 * Uses, and the commands that have them. A use after a `;` is of another key specification: the first
 * is for the first key, the last for all keys after it.
 */
const USE_LINES: readonly (readonly [string, string])[] = [
  ["OW insert", "msetnx setnx"],
  ["OW update", "mset psetex restore setex"],
  [
    "OW update; RO access",
    "bitop geosearchstore sdiffstore sunionstore zdiffstore zinterstore zrangestore zunionstore",
  ],
  ["RM delete", "del unlink"],
  [
    "RO",
    "exists hexists hlen hstrlen llen memory|usage object|encoding object|freq object|idletime " +
      "object|refcount scard sismember strlen touch type xlen zcard",
  ],
  // Flagged as a write, because it changes the group; what it does to the key is to read it.
  ["RO access", "xreadgroup"],
  ["RO access; OW update", "copy"],
  ["RO access; OW update; OW update", "georadius georadiusbymember"],
  ["RO access; RO access", "sort_ro"],
  ["RO access; RO access; OW update", "sort"],
  ["RW access", "pfcount pfdebug"],
  ["RW access delete", "getdel lmpop lpop rpop spop zmpop zpopmax zpopmin"],
  ["RW access delete; OW insert", "renamenx"],
  ["RW access delete; OW update", "rename"],
  ["RW access delete; RW insert", "lmove rpoplpush smove"],
  ["RW access insert; RO access", "pfmerge"],
  [
    "RW access update",
    "decr decrby eval evalsha fcall getex getset hincrby hincrbyfloat incr incrby incrbyfloat setbit " +
      "zincrby",
  ],
  ["RW access update variable_flags", "bitfield set"],
  [
    "RW delete",
    "hdel lrem ltrim srem xautoclaim xdel xgroup|delconsumer xgroup|destroy xtrim zrem " +
      "zremrangebylex zremrangebyrank zremrangebyscore",
  ],
  [
    "RW insert",
    "append hsetnx linsert lpush lpushx pfadd rpush rpushx sadd xgroup|create xgroup|createconsumer",
  ],
  [
    "RW update",
    "expire expireat geoadd hmset hset lset persist pexpire pexpireat setrange xack xadd xclaim " +
      "xgroup|setid xsetid zadd",
  ],
  ["RW update; RO access", "sinterstore"],
];

/** The use of one key: `["RW", "access", "update"]`. */
export type KeyUse = readonly string[];

const USES: ReadonlyMap<string, readonly KeyUse[]> = new Map(
  USE_LINES.flatMap(([text, names]) => {
    const uses = text.split("; ").map((use) => use.split(" "));
    return names.split(" ").map((name) => [name, uses] as const);
  }),
);

const USE_READ: readonly KeyUse[] = [["RO", "access"]];
const USE_WRITE: readonly KeyUse[] = [["RW", "access", "update"]];
const SET_WITHOUT_GET: KeyUse = ["OW", "update"];

/** One use for each key specification of the command; empty for a command without keys. */
export function keyUsesOf(entry: CommandEntry): readonly KeyUse[] {
  if (entry.keys.kind === "none") {
    return [];
  }
  return USES.get(entry.name) ?? (entry.access === "read" ? USE_READ : USE_WRITE);
}

/** The use of the key with that index, in this very request: `argv` starts with the command's name. */
export function keyUseIn(entry: CommandEntry, argv: Argv, keyIndex: number): KeyUse {
  if (entry.name === "set") {
    const hasGet = argv.slice(3).some((arg) => wordOf(arg) === "get");
    return hasGet ? (USE_WRITE[0] as KeyUse) : SET_WITHOUT_GET;
  }
  if (entry.name === "bitfield") {
    return (isReadOnlyBitfield(argv) ? USE_READ : USE_WRITE)[0] as KeyUse;
  }
  const uses = keyUsesOf(entry);
  return (keyIndex === 0 ? uses[0] : uses.at(-1)) ?? [];
}

/** Whether all operations are GET; whatever isn't clear counts as a write, as in Redis. */
function isReadOnlyBitfield(argv: Argv): boolean {
  for (let at = 2; at < argv.length; ) {
    const left = argv.length - at - 1;
    const word = wordOf(argv[at]);
    if (word === "get" && left >= 2) {
      at += 3;
    } else if (word === "overflow" && left >= 1) {
      at += 2;
    } else {
      return false;
    }
  }
  return true;
}
