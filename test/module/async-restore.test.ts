/**
 * SLOTSRESTORE-ASYNC against a real redis-server with the module: every form with its acknowledgement, every error
 * text and the closed connection after it, frames that were recorded between original servers, and what a chunk
 * finds when somebody else has touched the key.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { crc64 } from "../../src/dashboard/migration/payload-probe.ts";
import { encodeCommand } from "../../src/resp/encode.ts";
import { untilCaught } from "../support/caught-moment.ts";
import { waitFor } from "../support/deadline.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { type Bulk, dumpOf, readAck, restoreFrame, scoreBytes } from "../support/restore-frame.ts";
import { startSlotsServer } from "../support/slots-module.ts";

/** Elements of a frame that takes many slices. */
const MANY = 60_000;
const WAIT_MS = 30_000;

let server: RedisServer;
let at: RespConnection;

beforeAll(async () => {
  server = await startSlotsServer({ args: ["--enable-debug-command", "yes"] });
  at = await RespConnection.open(server.port);
}, 120_000);

afterAll(async () => {
  at.destroy();
  await server.stop();
});

beforeEach(() => at.call("FLUSHALL"));

async function ask(line: string, connection = at): Promise<string> {
  return (await connection.call(...line.split(" "))).toString("latin1");
}

/** A frame on a connection of its own, which stays open as the second part says. */
async function send(...args: readonly Bulk[]): Promise<string> {
  return sendTo("SLOTSRESTORE-ASYNC", ...args);
}

async function sendTo(...command: readonly Bulk[]): Promise<string> {
  const source = await RespConnection.open(server.port);
  const ack = readAck(await source.call(...command));
  if (ack.startsWith("-1 ")) {
    await source.closed;
  } else {
    expect((await source.call("PING")).toString()).toBe("+PONG\r\n");
  }
  source.destroy();
  return ack;
}

describe("forms", () => {
  test("delete, string, object and expire", async () => {
    await ask("SET x hello");
    const payload = await dumpOf("x", at);
    expect(await send("delete", "x")).toBe("0 1");
    expect(await send("DELETE", "x")).toBe("0 0");
    expect(await send("string", "s", "0", "12")).toBe("0 1");
    expect(await ask("OBJECT ENCODING s")).toBe("$3\r\nint\r\n");
    expect(await send("string", "t", "60000", Buffer.from([0, 255, 13, 10]))).toBe("0 1");
    expect(await ask("GET t")).toBe("$4\r\n\0\xff\r\n\r\n");
    expect(Number((await ask("PTTL t")).slice(1))).toBeGreaterThan(50_000);
    expect(await send("object", "o", "60000", payload ?? "")).toBe("0 1");
    expect(await ask("GET o")).toBe("$5\r\nhello\r\n");
    expect(await send("expire", "o", "0")).toBe("0 1");
    expect(await ask("PTTL o")).toBe(":-1\r\n");
    expect(await send("expire", "s", "60000")).toBe("0 1");
    expect(await send("string", "s", "0", "x")).toBe("-1 the specified key already exists (s)");
    expect(await send("object", "s", "0", payload ?? "")).toBe(
      "-1 the specified key already exists (s)",
    );
    expect(await ask("GET s")).toBe("$2\r\n12\r\n");
    expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
  });

  test("chunks of a list, a hash, a set and a sorted set", async () => {
    const source = await RespConnection.open(server.port);
    const frame = (...args: readonly Bulk[]) => restoreFrame(source, ...args);
    expect(await frame("list", "l", "60000", "4", "b", "a")).toBe("0 2");
    expect(await frame("list", "l", "60000", "4", "b", "")).toBe("0 4");
    expect(await frame("list", "l", "60000", "4")).toBe("0 4");
    expect(await frame("expire", "l", "0")).toBe("0 1");
    expect(await ask("LRANGE l 0 -1")).toBe("*4\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nb\r\n$0\r\n\r\n");
    expect(await frame("hash", "h", "60000", "2", "f", "1", "g", "2")).toBe("0 2");
    // A source whose table grows meanwhile may give a field again.
    expect(await frame("hash", "h", "60000", "2", "f", "3", "i", "4")).toBe("0 3");
    expect(await ask("HMGET h f g i")).toBe("*3\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n4\r\n");
    expect(await frame("dict", "s", "60000", "2", "1", "2")).toBe("0 2");
    expect(await frame("dict", "s", "60000", "2", "2", "x")).toBe("0 3");
    expect(await frame("zset", "z", "60000", "2", "a", scoreBytes(-0.1))).toBe("0 1");
    const more = ["b", scoreBytes(Number.MAX_VALUE), "c", scoreBytes(-Infinity)];
    expect(await frame("zset", "z", "60000", "2", ...more, "d", scoreBytes(5e-324))).toBe("0 4");
    expect(await frame("zset", "z", "0", "2", "d", scoreBytes(1 / 3))).toBe("0 4");
    const members = (await ask("ZRANGE z 0 -1 WITHSCORES")).match(/[^\r\n]+/g) ?? [];
    const scores = members
      .filter((_, i) => i % 4 === 0 && i > 0)
      .map((text) => Number(text.replace("inf", "Infinity")));
    expect(scores).toEqual([-Infinity, -0.1, 1 / 3, Number.MAX_VALUE]);
    expect(await ask("PTTL z")).toBe(":-1\r\n");
    expect(Number((await ask("PTTL h")).slice(1))).toBeGreaterThan(1_000);
    expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
    source.destroy();
  });

  test("a stream with groups and pending entries is what it was", async () => {
    for (let i = 1; i <= 50; i += 1) {
      await ask(`XADD x ${i}-1 field${i % 3} value${i} n ${i}`);
    }
    await ask("XDEL x 50-1 7-1");
    await ask("XGROUP CREATE x g 0");
    await ask("XGROUP CREATE x empty 3-0");
    await ask("XREADGROUP GROUP g alice COUNT 5 STREAMS x >");
    await ask("XREADGROUP GROUP g bob COUNT 2 STREAMS x >");
    const source = await RespConnection.open(server.port);
    const frame = (...args: readonly string[]) => restoreFrame(source, ...args);
    const info = await ask("XINFO STREAM x");
    const entries = [...Array(50).keys()].map((i) => i + 1).filter((i) => i !== 50 && i !== 7);
    const bulks = entries.map((i) => [`${i}-1`, "2", `field${i % 3}`, `value${i}`, "n", `${i}`]);
    expect(await frame("stream", "y", "60000", "48", ...bulks.slice(0, 20).flat())).toBe("0 20");
    expect(await frame("stream", "y", "60000", "48", ...bulks.slice(20).flat())).toBe("0 48");
    expect(await frame("stream-id", "y", "60000", "50-1", "50", "50-1")).toBe("0 48");
    expect(await frame("stream-group", "y", "60000", "g", "8-1", "-1")).toBe("0 48");
    expect(await frame("stream-group", "y", "60000", "empty", "3-0", "-1")).toBe("0 48");
    const pending = (await ask("XPENDING x g - + 9")).match(/\d+-1/g) ?? [];
    const ofAlice = pending.slice(0, 5).flatMap((id) => [id, "1700000000000", "1"]);
    const ofBob = pending.slice(5).flatMap((id) => [id, "1700000000001", "2"]);
    expect(await frame("stream-pending", "y", "60000", "g", "alice", ...ofAlice)).toBe("0 48");
    expect(await frame("stream-pending", "y", "60000", "g", "bob", ...ofBob)).toBe("0 48");
    expect(await frame("expire", "y", "0")).toBe("0 1");
    expect(await ask("XRANGE y - +")).toBe(await ask("XRANGE x - +"));
    const facts = (text: string) => text.replace(/(radix-tree-\w+)\r\n:\d+/g, "$1");
    expect(facts(await ask("XINFO STREAM y"))).toBe(facts(info));
    expect(await ask("XPENDING y g")).toBe(await ask("XPENDING x g"));
    expect(await ask("XINFO CONSUMERS y g")).toContain("$5\r\nalice\r\n");
    // One without any entry.
    expect(await frame("stream-id", "none", "0", "0-0", "0", "0-0")).toBe("0 0");
    expect(await ask("XINFO STREAM none")).toContain("entries-added\r\n:0\r\n");
    expect(await frame("stream", "y", "0", "1", "1-1", "1", "a", "b")).toStartWith(
      "-1 The ID specified in XADD is equal or smaller",
    );
    source.destroy();
  });
});

describe("errors, with the texts of codis-server", () => {
  test("numbers of arguments", async () => {
    expect(await sendTo("SLOTSRESTORE-ASYNC")).toBe(
      "-ERR wrong number of arguments for 'slotsrestore-async' command\r\n",
    );
    const wrong = (argc: number, word: string) =>
      `-1 wrong number of arguments (argc=${argc},cmd=${word})`;
    expect(await send("delete")).toBe(wrong(2, "delete"));
    expect(await send("delete", "k", "k")).toBe(wrong(4, "delete"));
    expect(await send("Expire", "k")).toBe(wrong(3, "Expire"));
    expect(await send("expire", "k", "0", "0")).toBe(wrong(5, "expire"));
    expect(await send("string", "k", "0")).toBe(wrong(4, "string"));
    expect(await send("object", "k", "0", "a", "b")).toBe(wrong(6, "object"));
    expect(await send("list", "k", "0")).toBe(wrong(4, "list"));
    expect(await send("hash", "k", "0", "0", "f")).toBe(wrong(6, "hash"));
    expect(await send("zset", "k", "0", "0", "m")).toBe(wrong(6, "zset"));
    expect(await send("stream", "k", "0", "0", "1-1", "2", "f", "v")).toBe(wrong(9, "stream"));
    expect(await send("stream", "k", "0", "0", "1-1", "0")).toBe(wrong(7, "stream"));
    expect(await send("stream-id", "k", "0", "1-1")).toBe(wrong(5, "stream-id"));
    expect(await send("stream-pending", "k", "0", "g", "c", "1-1")).toBe(
      wrong(7, "stream-pending"),
    );
    expect(await send("what", "k", "0")).toBe(wrong(4, "what"));
    expect(await send("what", "k", "0", "0")).toBe("-1 unknown command (argc=5,cmd=what)");
    expect(await ask("DBSIZE")).toBe(":0\r\n");
  });

  test("numbers and payloads that aren't", async () => {
    for (const ttl of ["-1", "x", "9223372036854775807", ""]) {
      expect(await send("list", "k", ttl, "0", "a")).toBe(`-1 invalid TTL value (TTL=${ttl})`);
    }
    expect(await send("list", "k", "0", "-1", "a")).toBe("-1 invalid Hint value (Hint=-1)");
    expect(await send("list", "k", "0", "9223372036854775807", "a")).toBe("0 1");
    expect(await send("zset", "z", "0", "0", "a", scoreBytes(1), "b", "1")).toBe(
      "-1 invalid zset score ([1]), bad raw bits",
    );
    expect(await send("zset", "z", "0", "0", "a", scoreBytes(Number.NaN))).toBe(
      "-1 invalid zset score ([0]), bad raw bits",
    );
    expect(await send("object", "o", "0", "what")).toBe("-1 invalid payload checksum");
    const withSum = async (body: readonly number[]) => {
      await ask("SET x 1");
      const good = (await dumpOf("x", at)) ?? Buffer.alloc(0);
      const version = good.subarray(good.length - 10, good.length - 8);
      const bytes = Buffer.concat([Buffer.from(body), version, Buffer.alloc(8)]);
      bytes.writeBigUInt64LE(crc64(bytes.subarray(0, bytes.length - 8)), bytes.length - 8);
      return bytes;
    };
    expect(await send("object", "o", "0", await withSum([200, 1, 2]))).toBe(
      "-1 invalid payload type",
    );
    expect(await send("object", "o", "0", await withSum([1, 5, 2]))).toBe(
      "-1 invalid payload body",
    );
    expect(await ask("EXISTS o z")).toBe(":0\r\n");
  });

  test("keys that aren't there or aren't of the type", async () => {
    await ask("SET s x");
    await ask("SADD i 1");
    expect(await send("expire", "none", "0")).toBe("-1 the specified key doesn't exist (none)");
    expect(await send("dict", "none", "0", "0")).toBe("-1 the specified key doesn't exist (none)");
    expect(await send("list", "s", "0", "0", "a")).toBe("-1 wrong type (expect=1/9,got=0/8)");
    expect(await send("hash", "i", "0", "0", "a", "b")).toBe("-1 wrong type (expect=4/2,got=2/6)");
    expect(await send("zset", "s", "0", "0", "a", scoreBytes(1))).toBe(
      "-1 wrong type (expect=3/7,got=0/8)",
    );
    expect(await send("dict", "s", "0", "0", "a")).toBe("-1 wrong type (expect=2/2,got=0/8)");
    expect(await send("stream-group", "s", "0", "g", "0", "-1")).toBe(
      "-1 wrong type (expect=6/10,got=0/8)",
    );
  });

  test("nothing that was sent behind an error is executed", async () => {
    const source = await RespConnection.open(server.port);
    const frame = (...args: readonly string[]) => encodeCommand(["SLOTSRESTORE-ASYNC", ...args]);
    const frames = [frame("string", "a", "x", "1"), frame("string", "b", "0", "1")];
    source.write(Buffer.concat(frames));
    expect(readAck(await source.next())).toBe("-1 invalid TTL value (TTL=x)");
    await source.closed;
    expect(await ask("DBSIZE")).toBe(":0\r\n");
  });
});

describe("a key that others touch between two chunks", () => {
  const changed = "-1 the specified key was changed while it was restored (k)";
  const gone = "-1 the specified key doesn't exist (k)";
  const cases: readonly (readonly [what: string, commands: readonly string[], error: string])[] = [
    ["deleted", ["DEL k"], gone],
    ["flushed", ["FLUSHDB"], gone],
    ["swapped away", ["SWAPDB 0 1"], gone],
    ["made shorter", ["SREM k a"], changed],
    ["made longer", ["SADD k x y"], changed],
    ["of another type", ["SET k x"], "-1 wrong type (expect=2/2,got=0/8)"],
  ];
  for (const [what, commands, error] of cases) {
    test(what, async () => {
      const source = await RespConnection.open(server.port);
      expect(await restoreFrame(source, "delete", "k")).toBe("0 0");
      expect(await restoreFrame(source, "dict", "k", "30000", "9", "a", "b")).toBe("0 2");
      for (const line of commands) {
        await ask(line);
      }
      expect(await restoreFrame(source, "dict", "k", "30000", "9", "c")).toBe(error);
      await source.closed;
    });
  }

  test("over before its end came", async () => {
    const source = await RespConnection.open(server.port);
    expect(await restoreFrame(source, "list", "k", "20", "9", "a")).toBe("0 1");
    await waitFor("the end of k", WAIT_MS, async () =>
      (await ask("EXISTS k")) === ":0\r\n" ? true : undefined,
    );
    expect(await restoreFrame(source, "expire", "k", "0")).toBe(gone);
    // A new connection begins anew, as does a source that sends `delete` first.
    expect(await send("list", "k", "0", "9", "a")).toBe("0 1");
    source.destroy();
  });

  test("another key in between ends it", async () => {
    const source = await RespConnection.open(server.port);
    expect(await restoreFrame(source, "list", "k", "30000", "9", "a")).toBe("0 1");
    await ask("DEL k");
    expect(await restoreFrame(source, "delete", "k")).toBe("0 0");
    expect(await restoreFrame(source, "list", "k", "30000", "9", "a")).toBe("0 1");
    source.destroy();
  });
});

describe("a frame that takes long", () => {
  const fields = Array.from({ length: MANY }, (_, i) => [`f${i}`, `v${i}`]).flat();

  test("others are served meanwhile, and the value is whole", async () => {
    // Again, when the whole value was there at the first look.
    await untilCaught("a part of the value", WAIT_MS, async () => {
      await ask("DEL h");
      const source = await RespConnection.open(server.port);
      const whole = source.call("SLOTSRESTORE-ASYNC", "hash", "h", "60000", `${MANY}`, ...fields);
      const seen = await waitFor("a value", WAIT_MS, async () => {
        const length = Number((await ask("HLEN h")).slice(1));
        return length > 0 ? length : undefined;
      });
      expect(Number((await ask("PTTL h")).slice(1))).toBeGreaterThan(1_000);
      const unloaded = await ask("MODULE UNLOAD codis_slots");
      expect(unloaded).toStartWith("-ERR");
      expect(readAck(await whole)).toBe(`0 ${MANY}`);
      expect(await ask("HLEN h")).toBe(`:${MANY}\r\n`);
      expect(await ask("HGET h f777")).toBe("$4\r\nv777\r\n");
      source.destroy();
      return seen < MANY;
    });
  });

  test("the answer of what follows comes after it", async () => {
    const source = await RespConnection.open(server.port);
    const members = fields.filter((_, i) => i % 2 === 0);
    const frame = ["SLOTSRESTORE-ASYNC", "dict", "s", "60000", `${MANY}`, ...members];
    source.write(
      Buffer.concat([
        encodeCommand(frame),
        encodeCommand(["SLOTSRESTORE-ASYNC", "expire", "s", "0"]),
        encodeCommand(["SCARD", "s"]),
      ]),
    );
    expect(readAck(await source.next())).toBe(`0 ${MANY}`);
    expect(readAck(await source.next())).toBe("0 1");
    expect((await source.next()).toString()).toBe(`:${MANY}\r\n`);
    source.destroy();
  });

  test("changed meanwhile: an error, and nothing more of the connection", async () => {
    // Again, when the whole value was there before it was deleted.
    await untilCaught("a deletion in the middle", WAIT_MS, async () => {
      await ask("DEL b");
      const source = await RespConnection.open(server.port);
      source.write(
        Buffer.concat([
          encodeCommand(["SLOTSRESTORE-ASYNC", "hash", "h", "60000", `${MANY}`, ...fields]),
          encodeCommand(["SLOTSRESTORE-ASYNC", "string", "b", "0", "1"]),
        ]),
      );
      await waitFor("its deletion", WAIT_MS, async () =>
        (await ask("DEL h")) === ":1\r\n" ? true : undefined,
      );
      const outcome = readAck(await source.next());
      if (outcome === `0 ${MANY}`) {
        source.destroy();
        return false;
      }
      expect(outcome).toBe("-1 the specified key was changed while it was restored");
      await source.closed;
      expect(await ask("EXISTS b")).toBe(":0\r\n");
      return true;
    });
  });

  test("cut off: the rest isn't written, and what there is ends by itself", async () => {
    const source = await RespConnection.open(server.port);
    source.write(encodeCommand(["SLOTSRESTORE-ASYNC", "hash", "h", "6000", `${MANY}`, ...fields]));
    await waitFor("a part of the value", WAIT_MS, async () =>
      (await ask("EXISTS h")) === ":1\r\n" ? true : undefined,
    );
    source.destroy();
    await waitFor("the end of the key", 40_000, async () =>
      (await ask("EXISTS h")) === ":0\r\n" ? true : undefined,
    );
    expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
  }, 90_000);
});
