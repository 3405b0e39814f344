/**
 * Commands that concern all groups, against two real masters in both protocols: slots 0-511 belong to group
 * 1 and 512-1023 to group 2, and each master also holds one key of a slot of the other, a stray.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { slotOf } from "../../src/command/hash.ts";
import type { ClientState, ProtocolVersion } from "../../src/proxy/dispatch/context.ts";
import { CENSUS_CALLS_MAX, CENSUS_COUNT } from "../../src/proxy/dispatch/shards/key-count.ts";
import { CommandLearner } from "../../src/proxy/dispatch/shards/learn-command.ts";
import { decodeReply, type RespValue } from "../../src/resp/value.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { RealShards } from "../unit/proxy/dispatch/shards/real-shards.ts";
import { run, type TestEnv, testEnv, testSession } from "../unit/proxy/dispatch/shards/session.ts";
import { TestSlotTable } from "../unit/proxy/dispatch/shards/slot-table.ts";

const KEY_COUNT = 200;

let servers: RedisServer[];
let table: TestSlotTable;
let shards: RealShards;
let env: TestEnv;
let client: ClientState;
/** A key of a slot of group 2, held by group 1, and the other way round. */
let strays: readonly [string, string];
/** The names that count. */
let names: readonly string[];

function groupOf(name: string): number {
  return slotOf(Buffer.from(name), 0, Buffer.byteLength(name), 1023) < 512 ? 1 : 2;
}

function keyOfGroup(groupId: number, prefix: string): string {
  for (let n = 0; ; n++) if (groupOf(`${prefix}${n}`) === groupId) return `${prefix}${n}`;
}

beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
});

afterAll(async () => {
  shards.close();
  await Promise.all(servers.map((server) => server.stop()));
});

beforeEach(async () => {
  table = new TestSlotTable(servers.map((server) => server.addr));
  table.assign(0, 511, 1);
  table.assign(512, 1023, 2);
  shards?.close();
  shards = new RealShards(table);
  env = testEnv(shards);
  client = testSession();
  for (const groupId of [1, 2]) {
    await shards.ask(groupId, "FLUSHALL");
    await shards.ask(groupId, "FUNCTION", "FLUSH");
    await shards.ask(groupId, "SCRIPT", "FLUSH");
    await shards.ask(groupId, "SLOWLOG", "RESET");
  }
  names = Array.from({ length: KEY_COUNT }, (_, n) => `key:${n}`);
  await Promise.all(names.map((name) => shards.ask(groupOf(name), "SET", name, "v")));
  strays = [keyOfGroup(2, "stray:"), keyOfGroup(1, "stray:")];
  await shards.ask(1, "SET", strays[0], "old");
  await shards.ask(2, "SET", strays[1], "old");
  shards.sent.length = 0;
});

/** Runs a command in the session's protocol and decodes the reply. */
async function ask(name: string, ...args: readonly string[]): Promise<RespValue> {
  const raw = await run(env, client, name, ...args);
  const value = decodeReply(raw);
  if (value === undefined) throw new Error(`no reply: ${raw}`);
  return value;
}

async function raw(name: string, ...args: readonly string[]): Promise<string> {
  return (await run(env, client, name, ...args)).toString("latin1");
}

function textsOf(value: RespValue | undefined): string[] {
  if (value?.type !== "array") throw new Error(`not an array: ${JSON.stringify(value)}`);
  return value.items.map((item) => (item.type === "bulk" ? item.bytes.toString() : item.type));
}

/** A whole SCAN with the given options; every name as often as it came. */
async function scanAll(...options: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  let cursor = "0";
  for (let calls = 0; calls < 1_000; calls++) {
    const page = await ask("scan", cursor, ...options);
    if (page.type !== "array") throw new Error(`not a page: ${JSON.stringify(page)}`);
    found.push(...textsOf(page.items[1]));
    cursor = page.items[0]?.type === "bulk" ? page.items[0].bytes.toString() : "?";
    if (cursor === "0") return found;
  }
  throw new Error("SCAN didn't end");
}

for (const proto of [2, 3] satisfies ProtocolVersion[]) {
  describe(`over RESP${proto}`, () => {
    beforeEach(() => {
      client.proto = proto;
    });

    test("DBSIZE counts the keys of both groups without strays", async () => {
      expect(await raw("dbsize")).toBe(`:${KEY_COUNT}\r\n`);
      client.db = 3;
      expect(await raw("dbsize")).toBe(":0\r\n");
    });

    test("DBSIZE knows all strays of a large database after a few calls", async () => {
      const count = CENSUS_CALLS_MAX * CENSUS_COUNT * 2;
      await shards.ask(1, "FLUSHALL");
      const script = "for i=1,ARGV[1] do redis.call('SET', KEYS[1]..i, '') end";
      await shards.ask(1, "EVAL", script, "1", `{${keyOfGroup(1, "own")}}`, `${count}`);
      await shards.ask(1, "EVAL", script, "1", `{${keyOfGroup(2, "stray")}}`, "500");
      const others = names.filter((name) => groupOf(name) === 2).length;
      for (let calls = 0; calls < 4; calls++) await ask("dbsize");
      expect(await raw("dbsize")).toBe(`:${count + others}\r\n`);
    });

    test("KEYS shows the names of both groups without strays", async () => {
      expect(textsOf(await ask("keys", "*")).sort()).toEqual([...names].sort());
      expect(textsOf(await ask("keys", "key:1?")).sort()).toEqual(
        Array.from({ length: 10 }, (_, n) => `key:1${n}`),
      );
      expect(await raw("keys", "nothing*")).toBe("*0\r\n");
    });

    test("KEYS shows a key of a moving slot once, on whichever side it is", async () => {
      const [first, second] = names.filter((name) => groupOf(name) === 1) as [string, string];
      for (const name of [first, second]) {
        const slotId = slotOf(Buffer.from(name), 0, name.length, 1023);
        table.assign(slotId, slotId, 2, 1);
      }
      await shards.ask(1, "DEL", first);
      await shards.ask(2, "SET", first, "v");
      await shards.ask(2, "SET", second, "v");
      expect(textsOf(await ask("keys", "*")).sort()).toEqual([...names].sort());
    });

    test("SCAN shows the same names, whatever COUNT says", async () => {
      for (const count of ["1", "7", "10", "1000"]) {
        const found = await scanAll("COUNT", count);
        expect(found.toSorted()).toEqual([...names].sort());
      }
    });

    test("SCAN gives MATCH and TYPE to the masters", async () => {
      await shards.ask(groupOf("list"), "RPUSH", "list", "a");
      expect(await scanAll("TYPE", "list")).toEqual(["list"]);
      expect((await scanAll("match", "key:19*", "count", "50")).sort()).toEqual([
        "key:19",
        ...Array.from({ length: 10 }, (_, n) => `key:19${n}`),
      ]);
    });

    test("SCAN's cursor is a number below 2^53 here", async () => {
      const page = await ask("scan", "0", "COUNT", "1");
      const cursor = page.type === "array" ? page.items[0] : undefined;
      const value = cursor?.type === "bulk" ? Number(cursor.bytes.toString()) : Number.NaN;
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(Number.MAX_SAFE_INTEGER);
    });

    test("SCAN's errors are those of Redis", async () => {
      expect(await raw("scan", "x")).toBe("-ERR invalid cursor\r\n");
      expect(await raw("scan", "18446744073709551616")).toBe("-ERR invalid cursor\r\n");
      expect(await raw("scan", "0", "COUNT", "0")).toBe("-ERR syntax error\r\n");
      expect(await raw("scan", "0", "COUNT", "x")).toBe(
        "-ERR value is not an integer or out of range\r\n",
      );
      expect(await raw("scan", "0", "MATCH")).toBe("-ERR syntax error\r\n");
      expect(await raw("scan", "0", "FOO", "1")).toBe("-ERR syntax error\r\n");
    });

    test("RANDOMKEY never shows a stray and finds keys of both groups", async () => {
      const groups = new Set<number>();
      for (let n = 0; n < 60; n++) {
        const value = await ask("randomkey");
        const name = value.type === "bulk" ? value.bytes.toString() : value.type;
        expect(names).toContain(name);
        groups.add(groupOf(name));
      }
      expect(groups.size).toBe(2);
    });

    test("RANDOMKEY finds the one key among strays, and nothing where there is none", async () => {
      for (const groupId of [1, 2]) await shards.ask(groupId, "FLUSHALL");
      const script = "for i=1,300 do redis.call('SET', KEYS[1]..i, '') end";
      await shards.ask(1, "EVAL", script, "1", `{${keyOfGroup(2, "stray")}}`);
      expect((await ask("randomkey")).type).toBe("null");
      const own = keyOfGroup(1, "own");
      await shards.ask(1, "SET", own, "v");
      expect(await raw("randomkey")).toBe(`$${own.length}\r\n${own}\r\n`);
    });

    test("SCRIPT LOAD is done everywhere and remembered, SCRIPT FLUSH forgets", async () => {
      const body = "return 1";
      const sha = createHash("sha1").update(body).digest("hex");
      expect(await raw("script|load", body)).toBe(`$40\r\n${sha}\r\n`);
      expect(env.scripts.get(sha)).toBe(body);
      const other = "0".repeat(40);
      expect(await raw("script|exists", sha, other)).toBe("*2\r\n:1\r\n:0\r\n");
      await shards.ask(2, "SCRIPT", "FLUSH");
      expect(await raw("script|exists", sha)).toBe("*1\r\n:0\r\n");
      expect(await raw("script|flush", "nonsense")).toBe(
        "-ERR SCRIPT FLUSH only support SYNC|ASYNC option\r\n",
      );
      expect(env.scripts.size).toBe(1);
      expect(await raw("script|flush", "sync")).toBe("+OK\r\n");
      expect(env.scripts.size).toBe(0);
    });

    test("a script that doesn't compile is refused by all and not remembered", async () => {
      expect(await raw("script|load", "return (")).toMatch(/^-ERR Error compiling script/);
      expect(env.scripts.size).toBe(0);
    });

    test("FUNCTION LOAD, LIST, DUMP, DELETE and RESTORE reach both masters", async () => {
      const library = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
      expect(await raw("function|load", library)).toBe("$3\r\nlib\r\n");
      expect((await ask("function|load", library)).type).toBe("error");
      expect((await ask("function|stats")).type).toBe(proto === 3 ? "map" : "array");
      const list = (await run(env, client, "function|list")).toString();
      expect(list).toContain("lib");
      const dump = await ask("function|dump");
      expect(await raw("function|delete", "lib")).toBe("+OK\r\n");
      if (dump.type !== "bulk") throw new Error("DUMP isn't a bulk string");
      const restored = await run(env, client, "function|restore", dump.bytes);
      expect(restored.toString()).toBe("+OK\r\n");
      for (const groupId of [1, 2]) {
        expect((await shards.ask(groupId, "FCALL", "f", "0")).toString()).toBe(":1\r\n");
      }
      expect(await raw("function|flush")).toBe("+OK\r\n");
    });

    test("SCRIPT KILL and FUNCTION KILL say so when nothing runs", async () => {
      const text = "-NOTBUSY No scripts in execution right now.\r\n";
      expect(await raw("script|kill")).toBe(text);
      expect(await raw("function|kill")).toBe(text);
    });

    test("SLOWLOG is merged, newest first, with ids of its own for each group", async () => {
      expect(await raw("config|set", "slowlog-log-slower-than", "0")).toBe("+OK\r\n");
      await shards.ask(1, "GET", "one");
      await shards.ask(2, "GET", "two");
      await ask("config|set", "slowlog-log-slower-than", "-1");
      const length = await ask("slowlog|len");
      const log = await ask("slowlog|get", "-1");
      if (log.type !== "array" || length.type !== "integer") throw new Error("no log");
      expect(log.items.length).toBe(Number(length.value));
      const entries = log.items.map((item) => {
        if (item.type !== "array") throw new Error("no entry");
        const [id, time, , command] = item.items;
        if (id?.type !== "integer" || time?.type !== "integer") throw new Error("no entry");
        return { id: id.value, time: time.value, command: textsOf(command).join(" ") };
      });
      expect(new Set(entries.map((entry) => entry.id)).size).toBe(entries.length);
      expect(entries.map((entry) => entry.command)).toEqual(
        expect.arrayContaining(["GET one", "GET two"]),
      );
      const times = entries.map((entry) => Number(entry.time));
      expect(times).toEqual(times.toSorted((a, b) => b - a));
      const shown = await ask("slowlog|get", "2");
      expect(shown.type === "array" ? shown.items.length : 0).toBe(2);
      expect(await raw("slowlog|get", "-2")).toBe(
        "-ERR count should be greater than or equal to -1\r\n",
      );
      expect(await raw("slowlog|reset")).toBe("+OK\r\n");
      expect(await raw("slowlog|len")).toBe(":0\r\n");
    });

    test("CONFIG GET tells the proxy's own, sums, and nothing that isn't in the table", async () => {
      await shards.ask(1, "CONFIG", "SET", "maxmemory", "100mb");
      await shards.ask(2, "CONFIG", "SET", "maxmemory", "200mb");
      const read = async (...patterns: readonly string[]): Promise<Record<string, string>> => {
        const value = await ask("config|get", ...patterns);
        expect(value.type).toBe(proto === 3 ? "map" : "array");
        const flat = value.type === "map" ? value.entries.flat() : [];
        const texts =
          value.type === "array" ? textsOf(value) : textsOf({ type: "array", items: flat });
        const pairs = texts.flatMap((name, i) => (i % 2 === 0 ? [[name, texts[i + 1]]] : []));
        return Object.fromEntries(pairs);
      };
      expect(await read("maxmemory", "databases", "TIMEOUT", "maxclients")).toEqual({
        maxmemory: `${300 * 1024 * 1024}`,
        databases: "16",
        TIMEOUT: "1800",
        maxclients: "1234",
      });
      await shards.ask(2, "CONFIG", "SET", "maxmemory", "0");
      expect(await read("maxmemory")).toEqual({ maxmemory: "0" });
      await shards.ask(1, "CONFIG", "SET", "maxmemory", "0");
      expect(await read("dir", "requirepass", "nothing")).toEqual({});
      expect(Object.keys(await read("*"))).toContain("notify-keyspace-events");
      expect(await read("*")).not.toHaveProperty("requirepass");
    });

    test("CONFIG SET changes both masters, and only what is allowed", async () => {
      expect(await raw("config|set", "notify-keyspace-events", "Ex")).toBe("+OK\r\n");
      for (const groupId of [1, 2]) {
        const value = await shards.ask(groupId, "CONFIG", "GET", "notify-keyspace-events");
        expect(value.toString()).toContain("xE");
      }
      await ask("config|set", "notify-keyspace-events", "");
      expect(await raw("config|set", "maxmemory-samples", "5", "dir", "/tmp")).toBe(
        "-ERR CONFIG SET failed (possibly related to argument 'dir') - can't be set through the proxy\r\n",
      );
      expect(await raw("config|set", "Foo", "1")).toBe(
        "-ERR Unknown option or number of arguments for CONFIG SET - 'Foo'\r\n",
      );
      expect(await raw("config|set", "maxmemory-samples")).toBe(
        "-ERR wrong number of arguments for 'config|set' command\r\n",
      );
      expect(await raw("config|set", "maxmemory-samples", "x")).toMatch(
        /^-ERR CONFIG SET failed \(possibly related to argument 'maxmemory-samples'\)/,
      );
      expect(await raw("config|resetstat")).toBe("+OK\r\n");
    });

    test("LASTSAVE, MEMORY PURGE and WAITAOF answer as a server of this release", async () => {
      expect((await ask("lastsave")).type).toBe("integer");
      expect(await raw("memory|purge")).toBe("+OK\r\n");
      expect(await raw("waitaof", "0", "0", "1")).toMatch(/^-ERR unknown command 'WAITAOF'/);
    });

    test("FLUSHDB empties one database of all groups, FLUSHALL all", async () => {
      client.db = 1;
      await shards.call({ groupId: 1, addr: servers[0]?.addr ?? "" }, 1, 2, ["SET", "k", "v"]);
      expect(await raw("flushdb", "async")).toBe("+OK\r\n");
      client.db = 0;
      expect(await raw("dbsize")).toBe(`:${KEY_COUNT}\r\n`);
      expect(await raw("flushall", "nonsense")).toBe("-ERR syntax error\r\n");
      expect(await raw("flushall", "sync")).toBe("+OK\r\n");
      for (const groupId of [1, 2]) {
        expect((await shards.ask(groupId, "DBSIZE")).toString()).toBe(":0\r\n");
      }
    });

    test("INFO adds the masters up and says what the proxy is", async () => {
      const text = await infoText();
      const fields = fieldsOf(text);
      expect(fields.get("redis_version")).toBe("7.0.15");
      expect(fields.get("redis_mode")).toBe("standalone");
      expect(fields.get("role")).toBe("master");
      expect(fields.get("loading")).toBe("0");
      expect(fields.get("connected_slaves")).toBe("0");
      expect(fields.get("connected_clients")).toBe("7");
      expect(fields.get("tcp_port")).toBe("19000");
      expect(fields.get("product_name")).toBe("demo");
      expect(fields.get("masters_unreachable")).toBe("0");
      expect(fields.get("db0")).toMatch(/^keys=202,expires=0,avg_ttl=0/);
      expect(fields.has("run_id")).toBe(false);
      const memory = await Promise.all(
        [1, 2].map(async (groupId) =>
          Number(
            fieldsOf((await shards.ask(groupId, "INFO", "memory")).toString()).get("used_memory"),
          ),
        ),
      );
      const sum = memory.reduce((a, b) => a + b, 0);
      expect(Math.abs(Number(fields.get("used_memory")) - sum)).toBeLessThan(sum / 5);
    });

    test("INFO gives the sections that are asked for", async () => {
      expect(sectionsOf(await infoText("memory"))).toEqual(["Memory"]);
      expect(sectionsOf(await infoText("proxy"))).toEqual(["Proxy"]);
      expect(sectionsOf(await infoText("Server", "PROXY", "keyspace"))).toEqual([
        "Server",
        "Keyspace",
        "Proxy",
      ]);
      expect(await infoText("nothing")).toBe("");
      const all = sectionsOf(await infoText("everything"));
      expect(all).toEqual(expect.arrayContaining(["Commandstats", "Latencystats", "Proxy"]));
      expect(sectionsOf(await infoText())).not.toContain("Commandstats");
    });
  });
}

async function infoText(...sections: readonly string[]): Promise<string> {
  const value = await ask("info", ...sections);
  expect(value.type).toBe(client.proto === 3 ? "verbatim" : "bulk");
  return value.type === "verbatim" || value.type === "bulk" ? value.bytes.toString() : "";
}

function fieldsOf(text: string): Map<string, string> {
  return new Map(
    text.split("\r\n").flatMap((line) => {
      const colon = line.indexOf(":");
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
    }),
  );
}

function sectionsOf(text: string): string[] {
  return text.split("\r\n").flatMap((line) => (line.startsWith("# ") ? [line.slice(2)] : []));
}

test("FLUSHALL runs once more on the target of a move", async () => {
  table.assign(0, 0, 2, 1);
  expect(await raw("flushall")).toBe("+OK\r\n");
  expect(shards.sent).toEqual(["1: FLUSHALL", "2: FLUSHALL", "2: FLUSHALL"]);
});

test("a master that owns nothing any more but still hands out a slot is asked as well", async () => {
  table.assign(0, 1023, 2, 1);
  expect(textsOf(await ask("keys", "*")).sort()).toEqual([...names, ...strays].sort());
  expect(await raw("dbsize")).toBe(`:${KEY_COUNT + 2}\r\n`);
});

test("SCRIPT KILL ends a script that runs on one of the masters", async () => {
  await shards.ask(2, "CONFIG", "SET", "busy-reply-threshold", "1");
  const running = shards.ask(2, "EVAL", "while true do end", "0");
  let killed = "";
  for (let attempt = 0; attempt < 200 && !killed.startsWith("+OK"); attempt++) {
    killed = await raw("script|kill");
  }
  expect(killed).toBe("+OK\r\n");
  expect((await running).toString()).toMatch(/^-ERR Error running script|^-ERR.*killed/);
});

test("SLOTSSCAN walks one slot on stock servers, SLOTSINFO and SLOTSMAPPING answer as Codis", async () => {
  const name = names[0] as string;
  const slotId = slotOf(Buffer.from(name), 0, name.length, 1023);
  const page = await ask("slotsscan", `${slotId}`, "0", "COUNT", "1000");
  if (page.type !== "array") throw new Error(`not a page: ${JSON.stringify(page)}`);
  expect(textsOf(page.items[1])).toContain(name);
  const [first, second] = servers.map((server) => server.addr) as [string, string];
  expect(await raw("slotsscan", "1024", "0")).toBe(
    "-ERR parse slotnum '1024' failed, out of range\r\n",
  );
  expect(await raw("slotsscan", "x", "0")).toMatch(
    /^-ERR parse slotnum 'x' failed, .*invalid syntax\r\n$/,
  );
  expect(await raw("slotsinfo", "1.2.3.4:5")).toBe("-ERR backend server '1.2.3.4:5' not found\r\n");
  expect(await raw("slotsinfo", first)).toMatch(/^-ERR unknown command 'SLOTSINFO'/);
  table.assign(5, 5, 2, 1);
  expect(await raw("slotsmapping", "5")).toBe(
    `*4\r\n:5\r\n$${second.length}\r\n${second}\r\n$${first.length}\r\n${first}\r\n*0\r\n`,
  );
  const all = await ask("slotsmapping");
  expect(all.type === "array" ? all.items.length : 0).toBe(1024);
});

describe("a command that the table doesn't know", () => {
  const learn = (learner: CommandLearner, ...argv: readonly string[]) =>
    learner.learn(
      client,
      argv.map((argument) => Buffer.from(argument)),
      env,
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
      isBlocking: false,
    });
    await learn(learner, "smove", "a", "b", "c");
    expect(shards.sent).toEqual(["1: COMMAND INFO smove"]);
  });

  test("is refused in Redis's words when no server knows it, or where its keys are", async () => {
    const learner = new CommandLearner();
    const expected = "-ERR unknown command 'foo', with args beginning with: 'a' 'b' \r\n";
    expect((await learn(learner, "foo", "a", "b")).refusal?.toString()).toBe(expected);
    const real = await shards.ask(1, "foo", "x".repeat(200), "y");
    const refused = await learn(learner, "foo", "x".repeat(200), "y");
    expect(refused.refusal?.toString()).toBe(real.toString());
    for (const name of ["EVAL", "PING", "SUBSCRIBE", "SHUTDOWN"]) {
      expect((await learn(learner, name, "a")).refusal).toBeDefined();
    }
  });

  test("is asked again after a while", async () => {
    let nowMs = 0;
    const learner = new CommandLearner(() => nowMs);
    await learn(learner, "foo");
    nowMs = 9_000;
    await learn(learner, "foo");
    expect(shards.sent.length).toBe(1);
    nowMs = 11_000;
    await learn(learner, "foo");
    expect(shards.sent.length).toBe(2);
  });
});

describe("with a master that is gone", () => {
  beforeEach(() => {
    // Nobody listens on port 1.
    table = new TestSlotTable([servers[0]?.addr ?? "", "127.0.0.1:1"]);
    table.assign(0, 511, 1);
    table.assign(512, 1023, 2);
    shards.close();
    shards = new RealShards(table);
    env = testEnv(shards);
  });

  test("no part is shown as the whole", async () => {
    const reset = "-ERR handle response, backend conn reset\r\n";
    for (const name of ["dbsize", "randomkey", "lastsave", "slowlog|len", "slowlog|get"]) {
      expect({ name, reply: await raw(name) }).toEqual({ name, reply: reset });
    }
    expect(await raw("keys", "*")).toBe(reset);
    await expect(scanAll()).rejects.toThrow("conn reset");
  });

  test("a change says who has made it", async () => {
    expect(await raw("flushall")).toBe(
      "-ERR handle response, backend conn reset (done by 1 of 2 masters, not by group 2 at 127.0.0.1:1)\r\n",
    );
    expect(await raw("script|load", "return 1")).toContain("done by 1 of 2 masters");
    expect(env.scripts.size).toBe(0);
  });

  test("INFO still works, without sums, and names the master", async () => {
    const fields = fieldsOf(await infoText());
    expect(fields.get("redis_version")).toBe("7.0.15");
    expect(fields.get("loading")).toBe("0");
    expect(fields.has("used_memory")).toBe(false);
    expect(fields.has("used_memory_human")).toBe(false);
    expect(fields.has("db0")).toBe(false);
    expect(fields.get("masters_unreachable")).toBe("1");
    expect(fields.get("master1")).toBe("group=2,addr=127.0.0.1:1,state=unreachable");
  });

  test("what all have alike is asked of the one that answers", async () => {
    expect(await raw("function|list")).toBe("*0\r\n");
  });
});

test("without any server every command says that no slot is ready", async () => {
  table = new TestSlotTable([]);
  shards.close();
  shards = new RealShards(table);
  env = testEnv(shards);
  const calls: readonly (readonly [string, ...string[]])[] = [
    ["dbsize"], ["keys", "*"], ["randomkey"], ["scan", "0"], ["flushall"], ["flushdb"], ["lastsave"],
    ["script|load", "return 1"], ["script|exists", "a"], ["script|flush"], ["script|kill"],
    ["function|list"], ["function|stats"], ["slowlog|len"], ["slowlog|get"], ["config|get", "*"],
    ["wait", "1", "1"], ["info"], ["slotsscan", "1", "0"],
  ]; // biome-ignore format: one line reads better than nineteen.
  for (const [name, ...args] of calls) {
    expect({ name, reply: await raw(name, ...args) }).toEqual({
      name,
      reply: "-ERR handle request, slot is not ready, may be offline\r\n",
    });
  }
});
