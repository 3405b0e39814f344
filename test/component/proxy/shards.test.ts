/**
 * The keyspaces of two real masters as one, in both protocols; commands of Codis; learnt commands;
 * and what happens when a master is gone. (Scripts, configuration and INFO:
 * `shards-server.test.ts`.)
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { slotOf } from "../../../src/command/hash.ts";
import type { ProtocolVersion } from "../../../src/proxy/dispatch/context.ts";
import { CENSUS_CALLS_MAX, CENSUS_COUNT } from "../../../src/proxy/dispatch/shards/key-count.ts";
import { CommandLearner } from "../../../src/proxy/dispatch/shards/learn-command.ts";
import { run, testEnv, testSession } from "../../unit/proxy/dispatch/shards/session.ts";
import { TestSlotTable } from "../../unit/proxy/dispatch/shards/slot-table.ts";
import {
  groupOf,
  KEY_COUNT,
  keyOfGroup,
  TwoMasters,
  textsOf,
} from "../../unit/proxy/dispatch/shards/two-masters.ts";

let redis: TwoMasters;

beforeAll(async () => {
  redis = await TwoMasters.start();
});

afterAll(() => redis.stop());

beforeEach(() => redis.reset());

for (const proto of [2, 3] satisfies ProtocolVersion[]) {
  describe(`over RESP${proto}`, () => {
    beforeEach(() => {
      redis.client.proto = proto;
    });

    test("DBSIZE counts the keys of both groups without strays", async () => {
      expect(await redis.raw("dbsize")).toBe(`:${KEY_COUNT}\r\n`);
      redis.client.db = 3;
      expect(await redis.raw("dbsize")).toBe(":0\r\n");
    });

    test("DBSIZE knows all strays of a large database after a few calls", async () => {
      const count = CENSUS_CALLS_MAX * CENSUS_COUNT * 2;
      await redis.shards.ask(1, "FLUSHALL");
      const script = "for i=1,ARGV[1] do redis.call('SET', KEYS[1]..i, '') end";
      await redis.shards.ask(1, "EVAL", script, "1", `{${keyOfGroup(1, "own")}}`, `${count}`);
      await redis.shards.ask(1, "EVAL", script, "1", `{${keyOfGroup(2, "stray")}}`, "500");
      const others = redis.names.filter((name) => groupOf(name) === 2).length;
      for (let calls = 0; calls < 4; calls++) await redis.ask("dbsize");
      expect(await redis.raw("dbsize")).toBe(`:${count + others}\r\n`);
    });

    test("KEYS shows the names of both groups without strays", async () => {
      expect(textsOf(await redis.ask("keys", "*")).sort()).toEqual([...redis.names].sort());
      expect(textsOf(await redis.ask("keys", "key:1?")).sort()).toEqual(
        Array.from({ length: 10 }, (_, n) => `key:1${n}`),
      );
      expect(await redis.raw("keys", "nothing*")).toBe("*0\r\n");
    });

    test("KEYS shows a key of a moving slot once, on whichever side it is", async () => {
      const [first, second] = redis.names.filter((name) => groupOf(name) === 1) as [string, string];
      for (const name of [first, second]) {
        const slotId = slotOf(Buffer.from(name), 0, name.length, 1023);
        redis.table.assign(slotId, slotId, 2, 1);
      }
      await redis.shards.ask(1, "DEL", first);
      await redis.shards.ask(2, "SET", first, "v");
      await redis.shards.ask(2, "SET", second, "v");
      expect(textsOf(await redis.ask("keys", "*")).sort()).toEqual([...redis.names].sort());
    });

    test("SCAN shows the same names, whatever COUNT says", async () => {
      for (const count of ["1", "7", "10", "1000"]) {
        const found = await redis.scanAll("COUNT", count);
        expect(found.toSorted()).toEqual([...redis.names].sort());
      }
    });

    test("SCAN gives MATCH and TYPE to the masters", async () => {
      await redis.shards.ask(groupOf("list"), "RPUSH", "list", "a");
      expect(await redis.scanAll("TYPE", "list")).toEqual(["list"]);
      expect((await redis.scanAll("match", "key:19*", "count", "50")).sort()).toEqual([
        "key:19",
        ...Array.from({ length: 10 }, (_, n) => `key:19${n}`),
      ]);
    });

    test("SCAN's cursor is a number below 2^53 here", async () => {
      const page = await redis.ask("scan", "0", "COUNT", "1");
      const cursor = page.type === "array" ? page.items[0] : undefined;
      const value = cursor?.type === "bulk" ? Number(cursor.bytes.toString()) : Number.NaN;
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(Number.MAX_SAFE_INTEGER);
    });

    test("SCAN's errors are those of Redis", async () => {
      expect(await redis.raw("scan", "x")).toBe("-ERR invalid cursor\r\n");
      expect(await redis.raw("scan", "18446744073709551616")).toBe("-ERR invalid cursor\r\n");
      expect(await redis.raw("scan", "0", "COUNT", "0")).toBe("-ERR syntax error\r\n");
      expect(await redis.raw("scan", "0", "COUNT", "x")).toBe(
        "-ERR value is not an integer or out of range\r\n",
      );
      expect(await redis.raw("scan", "0", "MATCH")).toBe("-ERR syntax error\r\n");
      expect(await redis.raw("scan", "0", "FOO", "1")).toBe("-ERR syntax error\r\n");
    });

    test("RANDOMKEY never shows a stray and finds keys of both groups", async () => {
      const groups = new Set<number>();
      for (let n = 0; n < 60; n++) {
        const value = await redis.ask("randomkey");
        const name = value.type === "bulk" ? value.bytes.toString() : value.type;
        expect(redis.names).toContain(name);
        groups.add(groupOf(name));
      }
      expect(groups.size).toBe(2);
    });

    test("RANDOMKEY finds the one key among strays, and nothing where there is none", async () => {
      for (const groupId of [1, 2]) await redis.shards.ask(groupId, "FLUSHALL");
      const script = "for i=1,300 do redis.call('SET', KEYS[1]..i, '') end";
      await redis.shards.ask(1, "EVAL", script, "1", `{${keyOfGroup(2, "stray")}}`);
      expect((await redis.ask("randomkey")).type).toBe("null");
      const own = keyOfGroup(1, "own");
      await redis.shards.ask(1, "SET", own, "v");
      expect(await redis.raw("randomkey")).toBe(`$${own.length}\r\n${own}\r\n`);
    });

    test("FLUSHDB empties one database of all groups, FLUSHALL all", async () => {
      redis.client.db = 1;
      await redis.shards.call({ groupId: 1, addr: redis.servers[0]?.addr ?? "" }, 1, 2, [
        "SET",
        "k",
        "v",
      ]);
      expect(await redis.raw("flushdb", "async")).toBe("+OK\r\n");
      redis.client.db = 0;
      expect(await redis.raw("dbsize")).toBe(`:${KEY_COUNT}\r\n`);
      expect(await redis.raw("flushall", "nonsense")).toBe("-ERR syntax error\r\n");
      expect(await redis.raw("flushall", "sync")).toBe("+OK\r\n");
      for (const groupId of [1, 2]) {
        expect((await redis.shards.ask(groupId, "DBSIZE")).toString()).toBe(":0\r\n");
      }
    });
  });
}

test("FLUSHALL runs once more on the target of a move", async () => {
  redis.table.assign(0, 0, 2, 1);
  expect(await redis.raw("flushall")).toBe("+OK\r\n");
  expect(redis.shards.sent).toEqual(["1: FLUSHALL", "2: FLUSHALL", "2: FLUSHALL"]);
});

test("a master that owns nothing any more but still hands out a slot is asked as well", async () => {
  redis.table.assign(0, 1023, 2, 1);
  expect(textsOf(await redis.ask("keys", "*")).sort()).toEqual(
    [...redis.names, ...redis.strays].sort(),
  );
  expect(await redis.raw("dbsize")).toBe(`:${KEY_COUNT + 2}\r\n`);
});

test("SLOTSSCAN walks one slot on stock servers, SLOTSINFO answers as Codis", async () => {
  const name = redis.names[0] as string;
  const slotId = slotOf(Buffer.from(name), 0, name.length, 1023);
  const page = await redis.ask("slotsscan", `${slotId}`, "0", "COUNT", "1000");
  if (page.type !== "array") throw new Error(`not a page: ${JSON.stringify(page)}`);
  expect(textsOf(page.items[1])).toContain(name);
  const first = redis.servers[0]?.addr ?? "";
  expect(await redis.raw("slotsscan", "1024", "0")).toBe(
    "-ERR parse slotnum '1024' failed, out of range\r\n",
  );
  expect(await redis.raw("slotsscan", "x", "0")).toMatch(
    /^-ERR parse slotnum 'x' failed, .*invalid syntax\r\n$/,
  );
  expect(await redis.raw("slotsinfo", "1.2.3.4:5")).toBe(
    "-ERR backend server '1.2.3.4:5' not found\r\n",
  );
  expect(await redis.raw("slotsinfo", first)).toMatch(/^-ERR unknown command 'SLOTSINFO'/);
});

test("masters that share a group id are no groups: SCAN and WAIT refuse to guess", async () => {
  const masters = redis.servers.map((server) => ({ groupId: 0, addr: server.addr }));
  const env = testEnv(
    Object.assign(new TestSlotTable([]), {
      shards: () => masters,
      call: () => Promise.reject(new Error("nobody is asked")),
      callDedicated: () => Promise.reject(new Error("nobody is asked")),
    }),
  );
  for (const [name, ...args] of [
    ["scan", "0"],
    ["wait", "1", "1"],
  ] as const) {
    const reply = await run(env, testSession(), name, ...args);
    expect(reply.toString()).toStartWith("-ERR several masters have group id 0");
  }
});

describe("a command that the table doesn't know", () => {
  const learn = (learner: CommandLearner, ...argv: readonly string[]) =>
    learner.learn(
      redis.client,
      argv.map((argument) => Buffer.from(argument)),
      redis.env,
    );

  test("is learnt from a server, once", async () => {
    const learner = new CommandLearner();
    const { command } = await learn(learner, "SMOVE", "a", "b", "c");
    expect(command).toEqual({
      name: "smove",
      arity: 4,
      firstKey: 1,
      lastKey: 2,
      keyStep: 1,
      isWrite: true,
    });
    await learn(learner, "smove", "a", "b", "c");
    expect(redis.shards.sent).toEqual(["1: COMMAND INFO smove"]);
  });

  test("is refused in Redis's words when no server knows it, or where its keys are", async () => {
    const learner = new CommandLearner();
    const expected = "-ERR unknown command 'foo', with args beginning with: 'a' 'b' \r\n";
    expect((await learn(learner, "foo", "a", "b")).refusal?.toString()).toBe(expected);
    const real = await redis.shards.ask(1, "foo", "x".repeat(200), "y");
    const refused = await learn(learner, "foo", "x".repeat(200), "y");
    expect(refused.refusal?.toString()).toBe(real.toString());
    for (const name of ["EVAL", "PING", "SUBSCRIBE", "SHUTDOWN", "BLPOP"]) {
      expect((await learn(learner, name, "a")).refusal).toBeDefined();
    }
  });

  test("is asked again after a while", async () => {
    let nowMs = 0;
    const learner = new CommandLearner(() => nowMs);
    await learn(learner, "foo");
    nowMs = 9_000;
    await learn(learner, "foo");
    expect(redis.shards.sent.length).toBe(1);
    nowMs = 11_000;
    await learn(learner, "foo");
    expect(redis.shards.sent.length).toBe(2);
  });
});

describe("with a master that is gone", () => {
  beforeEach(() => {
    // Nobody listens on port 1.
    redis.use([redis.servers[0]?.addr ?? "", "127.0.0.1:1"]);
  });

  test("no part is shown as the whole", async () => {
    const reset = "-ERR handle response, backend conn reset\r\n";
    for (const name of ["dbsize", "randomkey", "lastsave", "slowlog|len", "slowlog|get"]) {
      expect({ name, reply: await redis.raw(name) }).toEqual({ name, reply: reset });
    }
    expect(await redis.raw("keys", "*")).toBe(reset);
    await expect(redis.scanAll()).rejects.toThrow("conn reset");
  });

  test("a change says who has made it", async () => {
    expect(await redis.raw("flushall")).toBe(
      "-ERR handle response, backend conn reset (done by 1 of 2 masters, not by group 2 at 127.0.0.1:1)\r\n",
    );
    expect(await redis.raw("script|load", "return 1")).toContain("done by 1 of 2 masters");
    expect(redis.env.scripts.size).toBe(0);
  });

  test("what all have alike is asked of the one that answers", async () => {
    expect(await redis.raw("function|list")).toBe("*0\r\n");
  });
});

test("without any server every command says that no slot is ready", async () => {
  redis.use([]);
  const calls: readonly (readonly [string, ...string[]])[] = [
    ["dbsize"],
    ["keys", "*"],
    ["randomkey"],
    ["scan", "0"],
    ["flushall"],
    ["flushdb"],
    ["lastsave"],
    ["script|load", "return 1"],
    ["script|exists", "a"],
    ["script|flush"],
    ["script|kill"],
    ["function|list"],
    ["function|stats"],
    ["slowlog|len"],
    ["slowlog|get"],
    ["config|get", "*"],
    ["wait", "1", "1"],
    ["info"],
    ["slotsscan", "1", "0"],
  ];
  for (const [name, ...args] of calls) {
    expect({ name, reply: await redis.raw(name, ...args) }).toEqual({
      name,
      reply: "-ERR handle request, slot is not ready, may be offline\r\n",
    });
  }
});
