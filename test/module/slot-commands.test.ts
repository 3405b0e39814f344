/**
 * The slots commands that tell and delete, against a real redis-server with the module: every reply and error
 * text as bytes, flags, transactions, scripts, RESP3, and what a replica allows.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { untilCaught } from "../support/caught-moment.ts";
import { waitFor } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";
import { slotsModule, startSlotsServer } from "../support/slots-module.ts";

printSeed("slot commands");

let server: RedisServer;
let connection: RespConnection;

beforeAll(async () => {
  server = await startSlotsServer({
    args: ["--enable-module-command", "yes", "--repl-diskless-sync-delay", "0"],
  });
  connection = await RespConnection.open(server.port);
}, 60_000);

afterAll(async () => {
  connection.destroy();
  await server.stop();
});

beforeEach(async () => {
  await ask("SELECT 0");
  await ask("FLUSHALL");
});

/** One command, its words parted by blanks, and the reply as text. */
async function ask(line: string, at = connection): Promise<string> {
  return (await at.call(...line.split(" "))).toString("latin1");
}

/** The numbers in a reply, in order. */
function numbersIn(reply: string): readonly number[] {
  return [...reply.matchAll(/:(\d+)\r\n/g)].map((match) => Number(match[1]));
}

/** Stores keys `{tag}0`, `{tag}1`, ... */
async function fill(tag: string, count: number): Promise<void> {
  const pairs = Array.from({ length: count }, (_, i) => [`{${tag}}${i}`, "v"]);
  await connection.call("MSET", ...pairs.flat());
}

describe("SLOTSHASHKEY", () => {
  test("slot numbers as codis-server gives them", async () => {
    expect(await ask("SLOTSHASHKEY a b {tag}x {}y")).toBe("*4\r\n:579\r\n:1017\r\n:899\r\n:0\r\n");
    expect(await ask("SLOTSHASHKEY")).toBe("*0\r\n");
  });
});

describe("SLOTSINFO", () => {
  test("slots with keys, all or a range, of the selected database", async () => {
    await ask("MSET a 1 b 2 {a}x 3");
    expect(await ask("SLOTSINFO")).toBe("*2\r\n*2\r\n:579\r\n:2\r\n*2\r\n:1017\r\n:1\r\n");
    expect(await ask("SLOTSINFO 580")).toBe("*1\r\n*2\r\n:1017\r\n:1\r\n");
    expect(await ask("SLOTSINFO 579 1")).toBe("*1\r\n*2\r\n:579\r\n:2\r\n");
    expect(await ask("SLOTSINFO 579 0")).toBe("*0\r\n");
    expect(await ask("SLOTSINFO 0 2147483647")).toStartWith("*2\r\n");
    await ask("SELECT 15");
    expect(await ask("SLOTSINFO")).toBe("*0\r\n");
  });

  test("bad arguments", async () => {
    expect(await ask("SLOTSINFO 5000")).toBe("-ERR invalid slot number = 5000\r\n");
    expect(await ask("SLOTSINFO -1")).toBe("-ERR invalid slot number = -1\r\n");
    expect(await ask("SLOTSINFO 0 -1")).toBe("-ERR invalid slot count = -1\r\n");
    expect(await ask("SLOTSINFO x")).toBe("-ERR value is not an integer or out of range\r\n");
    expect(await ask("SLOTSINFO 99999999999")).toBe("-ERR value is out of range\r\n");
    expect(await ask("SLOTSINFO 1 2 3")).toContain("wrong number of arguments");
  });
});

describe("SLOTSSCAN", () => {
  /** All names that a scan gives, over as many steps as it takes. */
  async function scanAll(slot: number, options: string): Promise<readonly string[]> {
    const names: string[] = [];
    let cursor = "0";
    do {
      const reply = await ask(`SLOTSSCAN ${slot} ${cursor}${options}`);
      const [next, ...found] = [...reply.matchAll(/\$\d+\r\n(.*)\r\n/g)].map((m) => m[1] ?? "");
      names.push(...found);
      cursor = next ?? "0";
    } while (cursor !== "0");
    return [...new Set(names)].sort();
  }

  test("every key of the slot and no other", async () => {
    await fill("a", 500);
    await fill("b", 500);
    await ask("SADD {a}set 1");
    const names = Array.from({ length: 500 }, (_, i) => `{a}${i}`);
    expect(await scanAll(579, "")).toEqual([...names, "{a}set"].sort());
    expect(await scanAll(579, " COUNT 7 MATCH *9")).toEqual(
      names.filter((n) => n.endsWith("9")).sort(),
    );
    expect(await scanAll(579, " TYPE set")).toEqual(["{a}set"]);
    expect(await scanAll(578, "")).toEqual([]);
  });

  test("an answer has about COUNT names", async () => {
    await fill("a", 1000);
    const reply = await ask("SLOTSSCAN 579 0 COUNT 20");
    const found = [...reply.matchAll(/\{a\}/g)].length;
    expect(found).toBeGreaterThanOrEqual(1);
    expect(found).toBeLessThan(300);
  });

  test("bad arguments", async () => {
    await ask("SET a 1");
    expect(await ask("SLOTSSCAN 1024 0")).toBe("-ERR invalid slot number = 1024\r\n");
    expect(await ask("SLOTSSCAN 579 x")).toBe("-ERR invalid cursor\r\n");
    expect(await ask("SLOTSSCAN 579 0 COUNT")).toBe("-ERR syntax error\r\n");
    expect(await ask("SLOTSSCAN 579 0 COUNT 0")).toBe("-ERR syntax error\r\n");
    expect(await ask("SLOTSSCAN 579 0 NOVALUES 1")).toBe("-ERR syntax error\r\n");
    expect(await ask("SLOTSSCAN 579 0 COUNT x")).toContain("not an integer");
    expect(await ask("SLOTSSCAN 579")).toContain("wrong number of arguments");
  });
});

describe("SLOTSDEL", () => {
  test("all keys of the slots, and of no other", async () => {
    await fill("a", 3000);
    await fill("b", 2000);
    await ask("SET c 1");
    expect(await ask("SLOTSDEL 579 1017 1")).toBe(
      "*3\r\n*2\r\n:579\r\n:0\r\n*2\r\n:1017\r\n:0\r\n*2\r\n:1\r\n:0\r\n",
    );
    expect(await ask("SLOTSDEL 1023")).toBe("*1\r\n*2\r\n:1023\r\n:0\r\n");
    expect(await ask("DBSIZE")).toBe(":1\r\n");
    expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
  });

  test("others are served while it works, and several callers at once", async () => {
    const other = await RespConnection.open(server.port);
    const third = await RespConnection.open(server.port);
    // Again, when it was over before anybody looked between two slices.
    await untilCaught("a look in the middle", 40_000, async () => {
      await ask("FLUSHALL");
      for (const tag of ["a", "b", "c"]) {
        await fill(tag, 20_000);
      }
      const deleting = [ask("SLOTSDEL 579"), ask("SLOTSDEL 1017", other)];
      const sizes = new Set<string>();
      let isDone = false;
      const all = Promise.all(deleting).finally(() => {
        isDone = true;
      });
      while (!isDone) {
        sizes.add(await ask("DBSIZE", third));
      }
      expect(await all).toEqual(["*1\r\n*2\r\n:579\r\n:0\r\n", "*1\r\n*2\r\n:1017\r\n:0\r\n"]);
      expect(await ask("SLOTSINFO")).toBe("*1\r\n*2\r\n:879\r\n:20000\r\n");
      return sizes.size > 2;
    });
    third.destroy();
    other.destroy();
  });

  test("the caller goes away, and the rest is deleted all the same", async () => {
    await fill("a", 20_000);
    const other = await RespConnection.open(server.port);
    other.write(Buffer.from("*2\r\n$8\r\nSLOTSDEL\r\n$3\r\n579\r\n"));
    await waitFor("a key that is gone", 30_000, async () =>
      (await ask("DBSIZE")) === ":20000\r\n" ? undefined : true,
    );
    other.destroy();
    await waitFor("the end of SLOTSDEL", 30_000, async () =>
      (await ask("SLOTSINFO")) === "*0\r\n" ? true : undefined,
    );
  });

  test("it follows its keys through SWAPDB", async () => {
    await fill("a", 20_000);
    await ask("SELECT 3");
    await fill("a", 100);
    await ask("SELECT 0");
    const other = await RespConnection.open(server.port);
    const deleting = ask("SLOTSDEL 579", other);
    await waitFor("a key that is gone", 30_000, async () =>
      (await ask("DBSIZE")) === ":20000\r\n" ? undefined : true,
    );
    await ask("SWAPDB 0 3");
    await deleting;
    other.destroy();
    expect(await ask("DBSIZE")).toBe(":100\r\n");
    await ask("SELECT 3");
    expect(await ask("DBSIZE")).toBe(":0\r\n");
    expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
  });

  test("it ends when the server becomes a replica, and rests while writes are paused", async () => {
    const victim = await startSlotsServer();
    const [one, two] = [
      await RespConnection.open(victim.port),
      await RespConnection.open(victim.port),
    ];
    const pairs = Array.from({ length: 30_000 }, (_, i) => [`{a}${i}`, "v"]);
    // Again, when it was over before it could be stopped.
    await untilCaught("a stop in the middle", 40_000, async () => {
      await ask("REPLICAOF NO ONE", two);
      await one.call("MSET", ...pairs.flat());
      const deleting = ask("SLOTSDEL 579", one);
      await waitFor("a key that is gone", 30_000, async () =>
        (await ask("DBSIZE", two)) === ":30000\r\n" ? undefined : true,
      );
      await ask("CLIENT PAUSE 60000 WRITE", two);
      const size = await ask("DBSIZE", two);
      await Bun.sleep(50);
      expect(await ask("DBSIZE", two)).toBe(size);
      const port = await freePort();
      await Promise.all([ask("CLIENT UNPAUSE", two), ask(`REPLICAOF 127.0.0.1 ${port}`, two)]);
      const outcome = await deleting;
      if (outcome.startsWith("*1")) {
        return false;
      }
      expect(outcome).toMatch(/^-(UNBLOCKED|ERR interrupted)/);
      const left = await ask("DBSIZE", two);
      expect(left).not.toBe(":0\r\n");
      await Bun.sleep(50);
      expect(await ask("DBSIZE", two)).toBe(left);
      expect(await ask("SLOTSCHECK", two)).toBe("+OK\r\n");
      return true;
    });
    one.destroy();
    two.destroy();
    await victim.stop();
  });

  test("in a transaction and in a script it is done at once", async () => {
    await fill("a", 300);
    await ask("MULTI");
    await ask("SLOTSDEL 579");
    await ask("DBSIZE");
    expect(await ask("EXEC")).toBe("*2\r\n*1\r\n*2\r\n:579\r\n:0\r\n:0\r\n");
    await fill("b", 300);
    const script = "return redis.call('slotsdel','1017')";
    const reply = await connection.call("EVAL", script, "0");
    expect(reply.toString()).toBe("*1\r\n*2\r\n:1017\r\n:0\r\n");
    expect(await ask("DBSIZE")).toBe(":0\r\n");
  });

  test("bad arguments delete nothing", async () => {
    await ask("SET a 1");
    expect(await ask("SLOTSDEL 579 1024")).toBe("-ERR invalid slot number = 1024\r\n");
    expect(await ask("SLOTSDEL")).toContain("wrong number of arguments");
    expect(await ask("DBSIZE")).toBe(":1\r\n");
  });
});

describe("as commands of the server", () => {
  test("flags and positions of keys", async () => {
    const facts = async (name: string): Promise<readonly [string, readonly number[]]> => {
      const reply = await ask(`COMMAND INFO ${name}`);
      const flags = /\*\d+\r\n((?:\+\w+\r\n)+)/.exec(reply)?.[1]?.match(/\w+/g) ?? [];
      const [first = 0, last = 0, step = 0] = [...reply.matchAll(/:(-?\d+)\r\n/g)]
        .slice(1, 4)
        .map((match) => Number(match[1]));
      return [flags.filter((flag) => flag !== "module").join(" "), [first, last, step]];
    };
    expect(await facts("slotshashkey")).toEqual(["readonly stale fast", [0, 0, 0]]);
    expect(await facts("slotsinfo")).toEqual(["readonly fast", [0, 0, 0]]);
    expect(await facts("slotsscan")).toEqual(["readonly", [0, 0, 0]]);
    expect(await facts("slotscheck")).toEqual(["readonly", [0, 0, 0]]);
    expect(await facts("slotsdel")).toEqual(["write", [0, 0, 0]]);
    expect(await facts("slotsmgrtslot")).toEqual(["write", [0, 0, 0]]);
    expect(await facts("slotsmgrtone")).toEqual(["write", [4, 4, 1]]);
    expect(await facts("slotsrestore")).toEqual(["write denyoom", [1, -1, 3]]);
  });

  test("RESP3", async () => {
    const other = await RespConnection.open(server.port);
    await ask("HELLO 3", other);
    await ask("SET a 1", other);
    expect(await ask("SLOTSINFO", other)).toBe("*1\r\n*2\r\n:579\r\n:1\r\n");
    expect(await ask("SLOTSSCAN 579 0", other)).toBe("*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n");
    other.destroy();
  });

  test("odd arguments at random don't bring the server down", async () => {
    const random = new Random(SEED);
    const names =
      "HASHKEY INFO SCAN DEL CHECK MGRTONE MGRTSLOT MGRTTAGONE MGRTTAGSLOT RESTORE".split(" ");
    const numbers = "0 1 -1 579 1023 1024 2147483648 -9223372036854775808 1e3 +5".split(" ");
    const odd = [
      "",
      " ",
      "a",
      "{a}1",
      "{",
      "}",
      "\0",
      "\xff\r\n",
      "x".repeat(70_000),
      "COUNT",
      "MATCH",
    ];
    const places = ["127.0.0.1", "", "\0", "y".repeat(400)];
    const other = await RespConnection.open(server.port);
    for (let round = 0; round < 2_000; round += 1) {
      await ask("MSET a 1 {a}1 2 } 3", other);
      const name = random.pick(names);
      // No name that would be looked up on a network, and no port where somebody listens.
      const fixed = name.startsWith("MGRT")
        ? [random.pick(places), random.pick(["1", "x"]), "5"]
        : [];
      const count = random.below(6);
      const rest = Array.from({ length: count }, () =>
        random.pick(random.chance(0.6) ? numbers : odd),
      );
      expect((await connection.call(`SLOTS${name}`, ...fixed, ...rest)).length).toBeGreaterThan(3);
    }
    expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
    other.destroy();
  });

  test("loaded into a server with data, unloaded, loaded again", async () => {
    await ask("SELECT 2");
    await fill("a", 100);
    expect(await ask("MODULE UNLOAD codis_slots")).toBe("+OK\r\n");
    expect(await ask("SLOTSINFO")).toContain("unknown command");
    await ask("SET {a}more 1");
    expect(await ask(`MODULE LOAD ${slotsModule()} argument`)).toStartWith("-ERR");
    expect(await ask(`MODULE LOAD ${slotsModule()}`)).toBe("+OK\r\n");
    expect(await ask("SLOTSINFO")).toBe("*1\r\n*2\r\n:579\r\n:101\r\n");
    expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
  });

  test("a replica tells, and refuses to delete", async () => {
    const replica = await startSlotsServer({
      args: ["--replicaof", "127.0.0.1", `${server.port}`],
    });
    const other = await RespConnection.open(replica.port);
    await fill("a", 5_000);
    await waitFor("5000 keys on the replica", 30_000, async () =>
      numbersIn(await ask("SLOTSINFO", other))[1] === 5_000 ? true : undefined,
    );
    expect(await ask("SLOTSDEL 579", other)).toStartWith("-READONLY");
    expect(await ask("SLOTSDEL 579")).toBe("*1\r\n*2\r\n:579\r\n:0\r\n");
    await waitFor("no keys on the replica", 30_000, async () =>
      (await ask("SLOTSINFO", other)) === "*0\r\n" ? true : undefined,
    );
    expect(await ask("SLOTSCHECK", other)).toBe("+OK\r\n");
    other.destroy();
    await replica.stop();
  }, 90_000);
});
