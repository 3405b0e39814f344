/**
 * Moving keys with the synchronous commands, between two real redis-servers with the module, and to targets that
 * are none: refused, silent, talking nonsense, frozen, gone in the middle. Every type arrives as it was, nothing is
 * lost, and what a frozen target got doesn't come to life later.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { waitFor } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { keepSilent, startRawServer } from "../support/raw-server.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";
import { startSlotsServer } from "../support/slots-module.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

printSeed("slot migration");

const WAIT_MS = 20_000;

let source: RedisServer;
let target: RedisServer;
let at: RespConnection;
let to: RespConnection;

beforeAll(async () => {
  [source, target] = await Promise.all([startSlotsServer(), startSlotsServer()]);
  [at, to] = await Promise.all([
    RespConnection.open(source.port),
    RespConnection.open(target.port),
  ]);
}, 60_000);

afterAll(async () => {
  at.destroy();
  to.destroy();
  await Promise.all([source.stop(), target.stop()]);
});

beforeEach(async () => {
  for (const connection of [at, to]) {
    await ask("SELECT 0", connection);
    await ask("FLUSHALL", connection);
  }
});

/** One command, its words parted by blanks, and the reply as text. */
async function ask(line: string, connection = at): Promise<string> {
  return (await connection.call(...line.split(" "))).toString("latin1");
}

/** The bound is longer than a shared machine stands still, unless the move is to fail. */
function move(what: string, port = target.port, timeoutMs = 10_000): Promise<string> {
  const [command = "", ...rest] = what.split(" ");
  return ask([command, "127.0.0.1", `${port}`, `${timeoutMs}`, ...rest].join(" "));
}

async function expectCounts(): Promise<void> {
  expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
  expect(await ask("SLOTSCHECK", to)).toBe("+OK\r\n");
}

/** The bytes of a bulk string. */
function payloadOf(reply: Buffer): Buffer {
  return reply.subarray(reply.indexOf("\n") + 1, reply.length - 2);
}

describe("what is moved", () => {
  test("one key of every type, with its time to live", async () => {
    const lines = [
      "SET string hello",
      "RPUSH list 1 2 3",
      "SADD set a",
      "ZADD zset 1.5 a -inf b",
      "HSET hash f v",
      "XADD stream 1-1 f v",
      "SETBIT bits 70000 1",
      "SET volatile x PX 60000",
    ];
    for (const line of lines) {
      await ask(line);
    }
    for (const key of lines.map((line) => line.split(" ")[1] ?? "")) {
      const dump = await at.call("DUMP", key);
      expect(await move(`SLOTSMGRTONE ${key}`)).toBe(":1\r\n");
      expect(await ask(`EXISTS ${key}`)).toBe(":0\r\n");
      expect(await to.call("DUMP", key)).toEqual(dump);
    }
    const left = Number((await ask("PTTL volatile", to)).slice(1));
    expect(left).toBeGreaterThan(30_000);
    expect(left).toBeLessThanOrEqual(60_000);
    expect(await ask("PTTL string", to)).toBe(":-1\r\n");
    expect(await move("SLOTSMGRTONE string")).toBe(":0\r\n");
    await expectCounts();
  });

  test("a key of 3 MB, over the one at the target, of another database", async () => {
    await ask("SELECT 7");
    await at.call("SET", "big", "x".repeat(3_000_000));
    await ask("SELECT 7", to);
    await ask("RPUSH big old", to);
    expect(await move("SLOTSMGRTONE big")).toBe(":1\r\n");
    expect(await ask("STRLEN big", to)).toBe(":3000000\r\n");
    expect(await ask("DBSIZE")).toBe(":0\r\n");
    await ask("SELECT 0");
    await ask("SET small 1");
    expect(await move("SLOTSMGRTONE small")).toBe(":1\r\n");
    await ask("SELECT 0", to);
    expect(await ask("GET small", to)).toBe("$1\r\n1\r\n");
    await expectCounts();
  });

  test("all keys of a tag together, and no others of the slot", async () => {
    await ask("MSET {a}1 x {a}2 y x{a} z a plain b other");
    expect(await move("SLOTSMGRTTAGONE {a}nothere")).toBe(":3\r\n");
    expect(await ask("MGET {a}1 {a}2 x{a} a", to)).toBe(
      "*4\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n$-1\r\n",
    );
    expect(await move("SLOTSMGRTTAGONE {a}1")).toBe(":0\r\n");
    expect(await move("SLOTSMGRTTAGONE a")).toBe(":1\r\n");
    expect(await ask("SLOTSINFO")).toBe("*1\r\n*2\r\n:1017\r\n:1\r\n");
    await expectCounts();
  });

  test("a slot, key by key, until nothing is left, while others write", async () => {
    const names = Array.from({ length: 300 }, (_, i) => `{a}${i}`);
    await at.call("MSET", ...names.flatMap((name) => [name, "v"]));
    await ask("MSET a 1 b 2");
    expect(await move("SLOTSMGRTSLOT 579")).toBe("*2\r\n:1\r\n:300\r\n");
    // What comes, goes and changes its name while the slot is known by name is seen.
    await ask("SET {a}late 1");
    await ask("RENAME {a}late {a}later");
    await ask("DEL {a}5 {a}6");
    await ask("PEXPIRE {a}7 1");
    let moved = 1;
    for (;;) {
      const [one = 0, left = 0] = [...(await move("SLOTSMGRTSLOT 579")).matchAll(/:(\d+)/g)].map(
        (m) => Number(m[1]),
      );
      moved += one;
      if (left === 0) break;
    }
    expect(await ask("KEYS *")).toBe("*1\r\n$1\r\nb\r\n");
    expect(await ask("DBSIZE", to)).toBe(`:${moved}\r\n`);
    expect(await ask("EXISTS {a}later", to)).toBe(":1\r\n");
    expect(moved).toBeGreaterThanOrEqual(297);
    expect(await move("SLOTSMGRTSLOT 579")).toBe("*2\r\n:0\r\n:0\r\n");
    await expectCounts();
  });

  test("a slot with its tags, at random, through FLUSHDB and SWAPDB", async () => {
    const random = new Random(SEED);
    for (let round = 0; round < 30; round += 1) {
      for (let i = 0; i < 20; i += 1) {
        const number = random.below(50);
        await ask(random.chance(0.5) ? `SET {a}${number} ${round}` : `SET {a}{${number} ${round}`);
      }
      if (random.chance(0.2)) await ask(random.pick(["FLUSHDB", "SWAPDB 0 1", "FLUSHALL"]));
      const [, left = 0] = [...(await move("SLOTSMGRTTAGSLOT 579")).matchAll(/:(\d+)/g)].map((m) =>
        Number(m[1]),
      );
      expect(left).toBe(0); // All have one tag.
      expect(await ask("SLOTSINFO 579 1")).toBe("*0\r\n");
      await expectCounts();
    }
  });

  test("in a transaction and in a script", async () => {
    await ask("MSET a 1 b 2");
    await ask("MULTI");
    await move("SLOTSMGRTONE a");
    await ask("DBSIZE");
    expect(await ask("EXEC")).toBe("*2\r\n:1\r\n:1\r\n");
    const script = `return redis.call('slotsmgrtone','127.0.0.1','${target.port}','1000','b')`;
    expect((await at.call("EVAL", script, "0")).toString()).toBe(":1\r\n");
    expect(await ask("DBSIZE", to)).toBe(":2\r\n");
  });
});

describe("the wire", () => {
  test("is that of codis-server: SELECT where needed, and one SLOTSRESTORE", async () => {
    const frames: string[] = [];
    const peer = await startRawServer((socket) => {
      socket.on("data", (chunk) => {
        frames.push(chunk.toString("latin1"));
        socket.write("+OK\r\n");
      });
    });
    await ask("SET a 1");
    const dump = payloadOf(await at.call("DUMP", "a")).toString("latin1");
    expect(await move("SLOTSMGRTONE a", peer.port)).toBe(":1\r\n");
    await ask("SELECT 3");
    await ask("SET a 1");
    expect(await move("SLOTSMGRTTAGSLOT 579", peer.port)).toBe("*2\r\n:1\r\n:0\r\n");
    const restore = `*4\r\n$12\r\nSLOTSRESTORE\r\n$1\r\na\r\n$1\r\n0\r\n$${dump.length}\r\n${dump}\r\n`;
    const [question, ...orders] = frames;
    // Ours alone, which codis-server answers with an error: under which address does it see this connection.
    expect(question).toBe("*2\r\n$6\r\nCLIENT\r\n$4\r\nINFO\r\n");
    expect(orders).toEqual([restore, "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n", restore]);
    expect(peer.connectionCount()).toBe(1);
    await peer.close();
    // The cached connection was closed by the peer; the next move makes a new one.
    const again = await startSlotsServer({ port: peer.port });
    await ask("SET a 1");
    expect(await move("SLOTSMGRTONE a", peer.port)).toBe(":1\r\n");
    await again.stop();
  });
});

describe("arguments", () => {
  test("bad ones move nothing", async () => {
    await ask("SET a 1");
    expect(await move("SLOTSMGRTONE a", 0)).toBe("-ERR invalid port number = 0\r\n");
    expect(await move("SLOTSMGRTONE a", target.port, -1)).toBe("-ERR invalid timeout = -1\r\n");
    expect(await move("SLOTSMGRTSLOT 1024")).toBe("-ERR invalid slot number = 1024\r\n");
    expect(await ask("SLOTSMGRTONE 127.0.0.1 x 1 a")).toContain("not an integer");
    expect(await ask("SLOTSMGRTONE 127.0.0.1 1 1")).toContain("wrong number of arguments");
    expect(await ask("SLOTSMGRTTAGSLOT 127.0.0.1 1 1 1 1")).toContain("wrong number of arguments");
    expect(await ask(`SLOTSMGRTONE not.a.host.invalid ${target.port} 100 a`)).toStartWith(
      "-ERR Can't connect to target node: ",
    );
    expect(await ask("GET a")).toBe("$1\r\n1\r\n");
  });
});

describe("targets that fail", () => {
  beforeEach(() => ask("MSET a 1 {a}x 2"));

  async function expectKept(): Promise<void> {
    expect(await ask("MGET a {a}x")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
  }

  test("nobody listens; with nothing to move nobody is asked", async () => {
    const port = await freePort();
    expect(await move("SLOTSMGRTONE a", port)).toBe(
      "-IOERR error or timeout writing to target\r\n",
    );
    expect(await move("SLOTSMGRTONE nokey", port)).toBe(":0\r\n");
    expect(await move("SLOTSMGRTTAGSLOT 5", port)).toBe("*2\r\n:0\r\n:0\r\n");
    await expectKept();
  });

  test("silence, nonsense, and an end in the middle", async () => {
    const silent = await startRawServer(keepSilent);
    expect(await move("SLOTSMGRTSLOT 579", silent.port, 50)).toBe(
      "-IOERR error or timeout reading from target\r\n",
    );
    await silent.close();
    for (const answer of [
      "*1\r\n+OK\r\n",
      ":1\r\n",
      "\r\n",
      "+OK",
      "+OK\r\n+OK\r\n",
      `+${"x".repeat(5_000)}`,
    ]) {
      const odd = await startRawServer((socket) => {
        socket.once("data", () => socket.end(answer));
      });
      expect(await move("SLOTSMGRTTAGONE {a}x", odd.port, 200)).toBe(
        "-IOERR error or timeout reading from target\r\n",
      );
      await odd.close();
    }
    await expectKept();
  });

  test("it says no", async () => {
    await ask("CONFIG SET maxmemory 1", to);
    expect(await move("SLOTSMGRTONE a")).toStartWith(
      "-ERR error on slotsrestore, migration failed: OOM",
    );
    await ask("CONFIG SET maxmemory 0", to);
    await ask("CONFIG SET requirepass secret", to);
    await ask("CLIENT KILL TYPE normal SKIPME yes", to);
    expect(await move("SLOTSMGRTONE a")).toStartWith("-ERR error on slotsrestore, ");
    await ask("CONFIG SET requirepass other");
    expect(await move("SLOTSMGRTONE a")).toStartWith(
      "-ERR error on slotsrestore, auth failed: WRONGPASS",
    );
    await ask("CONFIG SET requirepass secret");
    expect(await move("SLOTSMGRTONE {a}x")).toBe(":1\r\n");
    await ask("CONFIG SET requirepass ");
    await to.call("CONFIG", "SET", "requirepass", "");
    await at.call("CONFIG", "SET", "requirepass", "");
    expect(await ask("GET a")).toBe("$1\r\n1\r\n");
  });

  test("a server doesn't move to itself", async () => {
    expect(await move("SLOTSMGRTONE a", source.port)).toBe(
      "-ERR Can't connect to target node: it is this server itself\r\n",
    );
    await expectKept();
  });

  test("what a frozen target has in its socket isn't executed after a later move", async () => {
    target.pause();
    expect(await move("SLOTSMGRTONE a", target.port, 50)).toContain("IOERR");
    // The first connect of a frozen target may succeed, and its answers never come.
    expect(await move("SLOTSMGRTONE a", target.port, 50)).toContain("IOERR");
    await ask("SET a 2");
    target.resume();
    await waitFor("the move", WAIT_MS, async () =>
      (await move("SLOTSMGRTONE a")) === ":1\r\n" ? true : undefined,
    );
    await ask("SET a 3", to);
    await Bun.sleep(100);
    expect(await ask("GET a", to)).toBe("$1\r\n3\r\n");
    expect(await ask("EXISTS a")).toBe(":0\r\n");
    await expectCounts();
  });

  test("before a move after a doubt, the old connection is ended by its address", async () => {
    const frames: string[] = [];
    // As behind address translation: the target sees another address than this server has.
    const seen = "10.9.8.7:4711";
    const info = `id=7 addr=${seen} laddr=10.9.8.1:6379 fd=8 name= age=0\n`;
    let answer = "";
    const peer = await startRawServer((socket) => {
      socket.on("data", (chunk) => {
        if (chunk.includes("INFO")) {
          socket.write(`$${info.length}\r\n${info}\r\n`);
          return;
        }
        frames.push(chunk.toString("latin1").split("\r\n").slice(2, 7).join(" "));
        socket.write(answer);
      });
    });
    expect(await move("SLOTSMGRTONE a", peer.port, 50)).toContain("IOERR");
    answer = "-NOPERM no\r\n";
    const refused = "-ERR error on slotsrestore, client kill failed: NOPERM no\r\n";
    expect(await move("SLOTSMGRTONE a", peer.port)).toBe(refused);
    await expectKept();
    answer = "+OK\r\n";
    frames.length = 0;
    expect(await move("SLOTSMGRTONE a", peer.port)).toBe(":1\r\n");
    expect(await move("SLOTSMGRTONE {a}x", peer.port)).toBe(":1\r\n");
    expect(frames.map((frame) => frame.split(" ")[0])).toEqual([
      "CLIENT",
      "SLOTSRESTORE",
      "SLOTSRESTORE",
    ]);
    expect(frames[0]).toBe(`CLIENT $4 KILL $${seen.length} ${seen}`);
    await peer.close();
  });

  test("killed again and again while a slot moves: every key is on one side", async () => {
    const random = new Random(SEED + 1);
    const names = Array.from({ length: 600 }, (_, i) => `{a}{${i}`);
    await at.call("MSET", ...names.flatMap((name) => [name, "v"]));
    const folder = temporaryFolder();
    const port = await freePort();
    const args = ["--appendonly", "yes", "--appendfsync", "always"];
    const start = () => startSlotsServer({ args, dir: folder.path, port });
    let victim = await start();
    for (let cut = 0; cut < 4; cut += 1) {
      let count = 0;
      const moving = moveUntilError(names, port, random, () => {
        count += 1;
      });
      await waitFor("a move", WAIT_MS, () => (count > 0 ? true : undefined));
      await Bun.sleep(random.below(20));
      await victim.kill();
      await moving;
      victim = await start();
    }
    const other = await RespConnection.open(port);
    let moved = 0;
    for (const name of names) {
      const [here, there] = [await ask(`EXISTS ${name}`), await ask(`EXISTS ${name}`, other)];
      expect([here, there]).toContain(":1\r\n");
      moved += there === ":1\r\n" ? 1 : 0;
    }
    expect(moved).toBeGreaterThan(0);
    expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
    expect(await ask("SLOTSCHECK", other)).toBe("+OK\r\n");
    other.destroy();
    await victim.stop();
    folder.remove();
  }, 120_000);

  async function moveUntilError(
    names: readonly string[],
    port: number,
    random: Random,
    onMoved: () => void,
  ): Promise<void> {
    for (;;) {
      const reply = await move(`SLOTSMGRTONE ${random.pick(names)}`, port);
      if (reply.startsWith("-")) {
        return;
      }
      onMoved();
    }
  }
});
