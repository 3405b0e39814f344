/**
 * The table of commands: every entry is decided, the arrays say what the entries say, and the decisions
 * that protect data are spelled out here once more, so that none of them changes by accident when the
 * table is made again.
 */
import { describe, expect, test } from "bun:test";
import * as flagBits from "../../../src/command/route.ts";
import {
  CHECK_COPY,
  CHECK_SORT,
  CHECK_STREAMS,
  FLAG_CONTAINER,
  FLAG_MASTER_ONLY,
  FLAG_NAMES,
  FLAG_NO_AUTH,
  FLAG_NO_MANDATORY_KEYS,
  FLAG_READ,
  FLAG_WRITE,
  MERGE_ALL_OK,
  MERGE_ARRAY_BY_KEY,
  MERGE_SUM,
  ROUTE_FORWARD,
  ROUTE_LOCAL,
  ROUTE_MULTI_SHARD,
  ROUTE_NAMES,
  ROUTE_NOT_YET,
  ROUTE_REFUSED,
  ROUTE_SCRIPT,
  ROUTE_SHARDS,
  SCRIPT_BODY,
  SCRIPT_FUNCTION,
  SCRIPT_SHA,
} from "../../../src/command/route.ts";
import {
  ARITY,
  CHECK,
  COMMAND_COUNT,
  COMMANDS,
  commandName,
  FIRST_KEY,
  FLAGS,
  findCommandId,
  IS_SINGLE_KEY,
  KEY_STEP,
  LAST_KEY,
  MERGE,
  ROUTE,
  SCRIPT_SOURCE,
} from "../../../src/command/table.ts";

/** Routes of several commands by name; a name that isn't in the table is a failure. */
function routesOf(names: string): number[] {
  return names.split(" ").map((name) => ROUTE[findCommandId(name)] ?? -1);
}

function expectRoute(route: number, names: string): void {
  const expected = names.split(" ").map((name) => [name, ROUTE_NAMES[route]]);
  const actual = names.split(" ").map((name, i) => [name, ROUTE_NAMES[routesOf(names)[i]!]]);
  expect(actual).toEqual(expected);
}

function hasFlag(name: string, flag: number): boolean {
  return (FLAGS[findCommandId(name)]! & flag) !== 0;
}

describe("entries", () => {
  test("have dense ids, in the order of their names, each name once", () => {
    expect(COMMANDS.map((entry) => entry.id)).toEqual([...COMMANDS.keys()]);
    const names = COMMANDS.map((entry) => entry.name);
    expect(names).toEqual([...new Set(names)].sort());
    expect(COMMAND_COUNT).toBe(COMMANDS.length);
  });

  test("have a name that lookup can find, in lower case, and an arity", () => {
    for (const { name, arity } of COMMANDS) {
      expect(name).toMatch(/^[a-z_:-]+(\|[a-z_-]+)?$/);
      expect(name.length).toBeLessThanOrEqual(64);
      expect(arity).not.toBe(0);
      expect(Math.abs(arity)).toBeLessThan(128);
    }
  });

  test("with keys that are sent to a server are read or write", () => {
    const sent = ["forward", "multi-shard", "script"];
    const undecided = COMMANDS.filter(
      (entry) =>
        sent.includes(entry.route) && entry.keys.kind !== "none" && entry.access === "none",
    );
    expect(undecided.map((entry) => entry.name)).toEqual([]);
  });

  test("that Redis flags as writes are never reads, and the other way round", () => {
    for (const { name, flags, access } of COMMANDS) {
      if (flags.includes("write")) expect([name, access]).toEqual([name, "write"]);
      if (flags.includes("readonly")) expect([name, access]).toEqual([name, "read"]);
    }
  });

  test("without keys are forwarded only where any server can answer", () => {
    const keyless = COMMANDS.filter(
      (entry) => entry.route === "forward" && entry.keys.kind === "none",
    );
    const others = keyless.map((entry) => entry.name).filter((name) => !name.endsWith("|help"));
    expect(others).toEqual(["lolwut", "pfselftest"]);
    expect(keyless.some((entry) => entry.access === "write")).toBe(false);
  });

  test("that may block or subscribe are never forwarded", () => {
    const conditional = ["xread", "xreadgroup"];
    for (const { name, flags, route, check } of COMMANDS) {
      if (!flags.includes("blocking") && !flags.includes("pubsub")) continue;
      if (conditional.includes(name)) expect([name, check]).toEqual([name, "streams"]);
      else expect([name, ["not-yet", "shards", "refused"].includes(route)]).toEqual([name, true]);
    }
  });

  test("of administration are never forwarded, but PFDEBUG and PFSELFTEST, as in Codis", () => {
    const forwarded = COMMANDS.filter(
      (entry) => entry.flags.includes("admin") && entry.route === "forward",
    );
    expect(forwarded.map((entry) => entry.name)).toEqual(["pfdebug", "pfselftest"]);
  });

  test("have a merge kind, a check or a script source exactly where their route needs one", () => {
    for (const entry of COMMANDS) {
      expect([entry.name, entry.merge !== "none"]).toEqual([
        entry.name,
        entry.route === "multi-shard",
      ]);
      expect([entry.name, entry.script !== "none"]).toEqual([entry.name, entry.route === "script"]);
      if (entry.check !== "none") expect(entry.route).toBe("forward");
    }
  });

  test("of subcommands have a container in the table", () => {
    for (const { name } of COMMANDS) {
      const container = name.split("|")[0]!;
      if (name.includes("|")) expect(hasFlag(container, FLAG_CONTAINER)).toBe(true);
    }
    expect(hasFlag("get", FLAG_CONTAINER)).toBe(false);
  });
});

describe("arrays", () => {
  test("say what the entries say", () => {
    for (const entry of COMMANDS) {
      const { id, keys } = entry;
      expect(ROUTE_NAMES[ROUTE[id]!]).toBe(entry.route);
      expect(ARITY[id]).toBe(entry.arity);
      expect(commandName(id)).toBe(entry.name.toUpperCase());
      expect(findCommandId(entry.name)).toBe(id);
      expect((FLAGS[id]! & FLAG_WRITE) !== 0).toBe(entry.access === "write");
      expect((FLAGS[id]! & FLAG_READ) !== 0).toBe(entry.access === "read");
      expect((FLAGS[id]! & FLAG_MASTER_ONLY) !== 0).toBe(entry.masterOnly);
      for (const flag of entry.flags) {
        expect(FLAGS[id]! & (1 << FLAG_NAMES.indexOf(flag))).not.toBe(0);
      }
      if (keys.kind !== "range") {
        expect([FIRST_KEY[id], LAST_KEY[id], IS_SINGLE_KEY[id]]).toEqual([0, 0, 0]);
        continue;
      }
      expect([FIRST_KEY[id], LAST_KEY[id], KEY_STEP[id]]).toEqual([
        keys.first,
        keys.last,
        keys.step,
      ]);
    }
  });

  test("give each FLAG constant the bit of its word", () => {
    const ours: Readonly<Record<string, string>> = { write: "access_write", read: "access_read" };
    const constants = Object.entries(flagBits).filter(([key]) => /^FLAG_(?!NAMES)/.test(key));
    expect(constants.length).toBeGreaterThan(5);
    for (const [key, bit] of constants) {
      const word = key.slice("FLAG_".length).toLowerCase();
      const index = (FLAG_NAMES as readonly string[]).indexOf(ours[word] ?? word);
      expect([key, bit]).toEqual([key, 1 << index]);
    }
  });

  test("take only commands with one fixed key, no check and a key promised by the arity as fast", () => {
    for (const { id, name, arity } of COMMANDS) {
      if (IS_SINGLE_KEY[id] === 0) continue;
      expect([name, ROUTE[id]]).toEqual([name, ROUTE_FORWARD]);
      expect([name, CHECK[id]]).toEqual([name, 0]);
      expect([name, FIRST_KEY[id]]).toEqual([name, LAST_KEY[id]!]);
      expect([name, Math.abs(arity) > FIRST_KEY[id]!]).toEqual([name, true]);
    }
    for (const name of ["get", "set", "incr", "hset", "lpush", "zadd", "object|encoding"]) {
      expect([name, IS_SINGLE_KEY[findCommandId(name)]]).toEqual([name, 1]);
    }
    for (const name of ["mget", "del", "sinter", "eval", "sort", "copy", "xread", "ping", "keys"]) {
      expect([name, IS_SINGLE_KEY[findCommandId(name)]]).toEqual([name, 0]);
    }
  });
});

describe("decisions", () => {
  test("refuse whatever would break the cluster", () => {
    expectRoute(
      ROUTE_REFUSED,
      "shutdown slaveof replicaof failover debug migrate move swapdb restore-asking sync psync replconf " +
        "save bgsave bgrewriteaof module|load module|loadex acl|setuser acl|deluser config|rewrite " +
        "slotsmgrtone slotsmgrttagslot-async slotsmgrt-async-cancel slotsmgrt-exec-wrapper " +
        "slotsrestore-async slotsrestore-async-auth slotsdel slotscheck script|debug latency|reset " +
        "post host: trimslots backup hotkeys|start",
    );
  });

  test("answer commands of later releases with 'not yet'", () => {
    expectRoute(
      ROUTE_NOT_YET,
      "multi exec discard watch unwatch blpop brpop blmove brpoplpush blmpop bzpopmin bzpopmax bzmpop " +
        "subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe publish spublish pubsub " +
        "monitor client|tracking client|caching himport|set blmovem",
    );
  });

  test("answer the session's own commands here", () => {
    expectRoute(
      ROUTE_LOCAL,
      "hello auth select ping echo quit reset client|setname client|setinfo client|id command " +
        "command|docs cluster|slots cluster|meet readonly readwrite role slotsmapping slotshashkey",
    );
    for (const name of ["auth", "hello", "quit", "reset"]) {
      expect([name, hasFlag(name, FLAG_NO_AUTH)]).toEqual([name, true]);
    }
  });

  test("send cluster-wide commands to all groups", () => {
    expectRoute(
      ROUTE_SHARDS,
      "dbsize keys scan randomkey flushall flushdb info wait waitaof lastsave script|load script|exists " +
        "script|flush function|load function|list config|get config|set slowlog|get slotsinfo slotsscan",
    );
  });

  test("forward what Codis refused because it doesn't check slots", () => {
    expectRoute(
      ROUTE_FORWARD,
      "bitop msetnx rename renamenx restore object|encoding memory|usage xinfo|stream xgroup|create " +
        "copy sort getdel lmove slotsrestore",
    );
  });

  test("split six commands, each with its merge", () => {
    expectRoute(ROUTE_MULTI_SHARD, "mget mset del unlink exists touch");
    expect(MERGE[findCommandId("mget")]).toBe(MERGE_ARRAY_BY_KEY);
    expect(MERGE[findCommandId("mset")]).toBe(MERGE_ALL_OK);
    expect(KEY_STEP[findCommandId("mset")]).toBe(2);
    for (const name of ["del", "unlink", "exists", "touch"]) {
      expect(MERGE[findCommandId(name)]).toBe(MERGE_SUM);
    }
  });

  test("treat scripts as writes unless their name says read-only", () => {
    expectRoute(ROUTE_SCRIPT, "eval evalsha fcall eval_ro evalsha_ro fcall_ro");
    for (const name of ["eval", "evalsha", "fcall"]) expect(hasFlag(name, FLAG_WRITE)).toBe(true);
    for (const name of ["eval_ro", "evalsha_ro", "fcall_ro"]) {
      expect(hasFlag(name, FLAG_READ)).toBe(true);
      expect(hasFlag(name, FLAG_NO_MANDATORY_KEYS)).toBe(true);
    }
    expect(SCRIPT_SOURCE[findCommandId("eval_ro")]).toBe(SCRIPT_BODY);
    expect(SCRIPT_SOURCE[findCommandId("evalsha")]).toBe(SCRIPT_SHA);
    expect(SCRIPT_SOURCE[findCommandId("fcall")]).toBe(SCRIPT_FUNCTION);
  });

  test("keep cursors and usage counters at the master", () => {
    for (const name of ["hscan", "sscan", "zscan", "touch", "object|freq", "object|idletime"]) {
      expect([name, hasFlag(name, FLAG_MASTER_ONLY)]).toEqual([name, true]);
    }
    expect(hasFlag("get", FLAG_MASTER_ONLY)).toBe(false);
  });

  test("check the arguments of COPY, SORT and XREAD", () => {
    expect(CHECK[findCommandId("copy")]).toBe(CHECK_COPY);
    for (const name of ["sort", "sort_ro"]) expect(CHECK[findCommandId(name)]).toBe(CHECK_SORT);
    for (const name of ["xread", "xreadgroup"]) {
      expect(CHECK[findCommandId(name)]).toBe(CHECK_STREAMS);
    }
  });
});
