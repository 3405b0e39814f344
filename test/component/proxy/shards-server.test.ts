/**
 * Scripts, functions, slow log, configuration and INFO of two real masters as one, in both
 * protocols. (Keys: `shards.test.ts`.)
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { ProtocolVersion } from "../../../src/proxy/dispatch/context.ts";
import { waitFor } from "../../support/deadline.ts";
import { TwoMasters, textsOf } from "../../unit/proxy/dispatch/shards/two-masters.ts";

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

    test("SCRIPT LOAD is done everywhere and remembered, SCRIPT FLUSH forgets", async () => {
      const body = "return 1";
      const sha = createHash("sha1").update(body).digest("hex");
      expect(await redis.raw("script|load", body)).toBe(`$40\r\n${sha}\r\n`);
      expect(redis.env.scripts.get(sha)).toBe(body);
      const other = "0".repeat(40);
      expect(await redis.raw("script|exists", sha, other)).toBe("*2\r\n:1\r\n:0\r\n");
      await redis.shards.ask(2, "SCRIPT", "FLUSH");
      expect(await redis.raw("script|exists", sha)).toBe("*1\r\n:0\r\n");
      expect(await redis.raw("script|flush", "nonsense")).toBe(
        "-ERR SCRIPT FLUSH only support SYNC|ASYNC option\r\n",
      );
      expect(redis.env.scripts.size).toBe(1);
      expect(await redis.raw("script|flush", "sync")).toBe("+OK\r\n");
      expect(redis.env.scripts.size).toBe(0);
    });

    test("a script that doesn't compile is refused by all and not remembered", async () => {
      expect(await redis.raw("script|load", "return (")).toMatch(/^-ERR Error compiling script/);
      expect(redis.env.scripts.size).toBe(0);
    });

    test("FUNCTION LOAD, LIST, DUMP, DELETE and RESTORE reach both masters", async () => {
      const library = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
      expect(await redis.raw("function|load", library)).toBe("$3\r\nlib\r\n");
      expect((await redis.ask("function|load", library)).type).toBe("error");
      expect((await redis.ask("function|stats")).type).toBe(proto === 3 ? "map" : "array");
      const list = await redis.raw("function|list");
      expect(list).toContain("lib");
      const dump = await redis.ask("function|dump");
      expect(await redis.raw("function|delete", "lib")).toBe("+OK\r\n");
      if (dump.type !== "bulk") throw new Error("DUMP isn't a bulk string");
      const restored = await redis.ask("function|restore", dump.bytes);
      expect(restored).toEqual({ type: "simple", text: "OK" });
      for (const groupId of [1, 2]) {
        expect((await redis.shards.ask(groupId, "FCALL", "f", "0")).toString()).toBe(":1\r\n");
      }
      expect(await redis.raw("function|flush")).toBe("+OK\r\n");
    });

    test("SCRIPT KILL and FUNCTION KILL say so when nothing runs", async () => {
      const text = "-NOTBUSY No scripts in execution right now.\r\n";
      expect(await redis.raw("script|kill")).toBe(text);
      expect(await redis.raw("function|kill")).toBe(text);
    });

    test("SLOWLOG is merged, newest first, with ids of its own for each group", async () => {
      expect(await redis.raw("config|set", "slowlog-log-slower-than", "0")).toBe("+OK\r\n");
      await redis.shards.ask(1, "GET", "one");
      await redis.shards.ask(2, "GET", "two");
      await redis.ask("config|set", "slowlog-log-slower-than", "-1");
      const length = await redis.ask("slowlog|len");
      const log = await redis.ask("slowlog|get", "-1");
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
      const shown = await redis.ask("slowlog|get", "2");
      expect(shown.type === "array" ? shown.items.length : 0).toBe(2);
      expect(await redis.raw("slowlog|get", "-2")).toBe(
        "-ERR count should be greater than or equal to -1\r\n",
      );
      expect(await redis.raw("slowlog|reset")).toBe("+OK\r\n");
      expect(await redis.raw("slowlog|len")).toBe(":0\r\n");
    });

    test("CONFIG GET tells the proxy's own, sums, and nothing that isn't in the table", async () => {
      await redis.shards.ask(1, "CONFIG", "SET", "maxmemory", "100mb");
      await redis.shards.ask(2, "CONFIG", "SET", "maxmemory", "200mb");
      const read = async (...patterns: readonly string[]): Promise<Record<string, string>> => {
        const value = await redis.ask("config|get", ...patterns);
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
      await redis.shards.ask(2, "CONFIG", "SET", "maxmemory", "0");
      expect(await read("maxmemory")).toEqual({ maxmemory: "0" });
      await redis.shards.ask(1, "CONFIG", "SET", "maxmemory", "0");
      expect(await read("dir", "requirepass", "nothing")).toEqual({});
      expect(Object.keys(await read("*"))).toContain("notify-keyspace-events");
      expect(await read("*")).not.toHaveProperty("requirepass");
    });

    test("CONFIG SET changes both masters, and only what is allowed", async () => {
      expect(await redis.raw("config|set", "notify-keyspace-events", "Ex")).toBe("+OK\r\n");
      for (const groupId of [1, 2]) {
        const value = await redis.shards.ask(groupId, "CONFIG", "GET", "notify-keyspace-events");
        expect(value.toString()).toContain("xE");
      }
      await redis.ask("config|set", "notify-keyspace-events", "");
      expect(await redis.raw("config|set", "maxmemory-samples", "5", "dir", "/tmp")).toBe(
        "-ERR CONFIG SET failed (possibly related to argument 'dir') - can't be set through the proxy\r\n",
      );
      expect(await redis.raw("config|set", "Foo", "1")).toBe(
        "-ERR Unknown option or number of arguments for CONFIG SET - 'Foo'\r\n",
      );
      expect(await redis.raw("config|set", "maxmemory-samples", "5", "save")).toBe(
        "-ERR syntax error\r\n",
      );
      expect(await redis.raw("config|set", "maxmemory-samples", "x")).toMatch(
        /^-ERR CONFIG SET failed \(possibly related to argument 'maxmemory-samples'\)/,
      );
      expect(await redis.raw("config|resetstat")).toBe("+OK\r\n");
    });

    test("LASTSAVE, MEMORY PURGE and WAITAOF answer as a server of this release", async () => {
      expect((await redis.ask("lastsave")).type).toBe("integer");
      expect(await redis.raw("memory|purge")).toBe("+OK\r\n");
      expect(await redis.raw("waitaof", "0", "0", "1")).toMatch(/^-ERR unknown command 'WAITAOF'/);
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
            fieldsOf((await redis.shards.ask(groupId, "INFO", "memory")).toString()).get(
              "used_memory",
            ),
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
  const value = await redis.ask("info", ...sections);
  expect(value.type).toBe(redis.client.proto === 3 ? "verbatim" : "bulk");
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

test("SCRIPT KILL ends a script that runs on one of the masters", async () => {
  await redis.shards.ask(2, "CONFIG", "SET", "busy-reply-threshold", "1");
  const running = redis.shards.ask(2, "EVAL", "while true do end", "0");
  // It may not have begun yet.
  await waitFor("the end of the script", 20_000, async () =>
    (await redis.raw("script|kill")) === "+OK\r\n" ? true : undefined,
  );
  expect((await running).toString()).toMatch(/^-ERR Error running script|^-ERR.*killed/);
});

describe("with a master that is gone", () => {
  beforeEach(() => {
    // Nobody listens on port 1.
    redis.use([redis.servers[0]?.addr ?? "", "127.0.0.1:1"]);
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
});
