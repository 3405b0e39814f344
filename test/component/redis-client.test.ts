/**
 * The control plane's Redis client against real servers (with and without password and users) and against
 * servers that hang, leave, or send what no Redis sends.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RedisClient } from "../../src/redis/client.ts";
import { numberOf, textOf } from "../../src/redis/reply.ts";
import {
  configGet,
  digestFunctions,
  fetchInfo,
  loadFunction,
  readFunctions,
  scan,
} from "../../src/redis/server-command.ts";
import { isServerTimeout, replyTextOf } from "../../src/redis/server-error.ts";
import { catchRejection } from "../support/caught-error.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { FakeRedis } from "../support/fake-redis.ts";
import { bulk } from "../support/fake-store.ts";
import { freePort } from "../support/free-port.ts";
import { keepSilent, startRawServer } from "../support/raw-server.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";

let open: RedisServer;
let locked: RedisServer;

beforeAll(async () => {
  [open, locked] = await Promise.all([startRedis(), startRedis()]);
  await withClient({ addr: locked.addr }, async (client) => {
    await client.call(["ACL", "SETUSER", "ops", "on", ">pass", "~*", "&*", "+@all"]);
    await client.call(["CONFIG", "SET", "requirepass", "secret"]);
  });
});

afterAll(async () => {
  await Promise.all([open.stop(), locked.stop()]);
});

/** Runs with a connection that is closed afterwards. */
async function withClient<T>(
  options: Parameters<typeof RedisClient.connect>[0],
  use: (client: RedisClient) => Promise<T>,
): Promise<T> {
  const client = await RedisClient.connect(options);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

describe("calls", () => {
  test("pipelined calls are answered in order, errors among them", async () => {
    await withClient({ addr: open.addr }, async (client) => {
      const outcomes = await Promise.allSettled([
        client.call(["SET", "order", "1"]),
        client.call(["LPUSH", "order", "x"]),
        client.call(["INCR", "order"]),
        client.call(["NOSUCH"]),
        client.call(["GET", "order"]),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual([
        "fulfilled",
        "rejected",
        "fulfilled",
        "rejected",
        "fulfilled",
      ]);
      const [, wrong, increased, , got] = outcomes;
      expect(increased?.status === "fulfilled" && numberOf(increased.value)).toBe(2);
      expect(got?.status === "fulfilled" && textOf(got.value)).toBe("2");
      const reason: unknown = wrong?.status === "rejected" ? wrong.reason : undefined;
      expect(replyTextOf(reason)).toStartWith("WRONGTYPE");
      expect(reason).toMatchObject({ code: "SERVER_REFUSED" });
    });
  });

  test("a reply of many chunks comes whole, and the next one after it", async () => {
    const value = Buffer.alloc(3_000_000, "abc\r\n");
    await withClient({ addr: open.addr }, async (client) => {
      await client.call(["SET", "large", value]);
      const [large, pong] = await Promise.all([
        client.call(["GET", "large"]),
        client.call(["PING"]),
      ]);
      expect(large.type === "bulk" && large.bytes.equals(value)).toBe(true);
      expect(textOf(pong)).toBe("PONG");
      await client.call(["DEL", "large"]);
    });
  });

  test("the connection has a name and a database", async () => {
    await withClient({ addr: open.addr, db: 3 }, async (client) => {
      expect(textOf(await client.call(["CLIENT", "GETNAME"]))).toBe("codis-dashboard");
      await client.call(["SET", "here", "1"]);
      expect(numberOf(await client.call(["DBSIZE"]))).toBe(1);
      await client.call(["FLUSHDB"]);
    });
    await withClient({ addr: open.addr, name: "codis-mover-7" }, async (client) => {
      expect(textOf(await client.call(["CLIENT", "GETNAME"]))).toBe("codis-mover-7");
    });
  });

  test("more calls than the bound are refused, the others are answered", async () => {
    const fake = await FakeRedis.start();
    await withClient({ addr: fake.addr }, async (client) => {
      fake.isWithholding = true;
      const calls = Array.from({ length: 1_025 }, () => client.call(["PING"]));
      expect((await catchRejection(calls.pop() ?? Promise.resolve())).code).toBe("TOO_BUSY");
      fake.release();
      const answers = await withDeadline("1024 answers", 30_000, Promise.all(calls));
      expect(new Set(answers.map(textOf))).toEqual(new Set(["PONG"]));
    });
    await fake.close();
  });
});

describe("login", () => {
  test("a password, and a user with a password", async () => {
    const info = await fetchInfo({ addr: locked.addr, password: "secret" });
    expect(info["role"]).toBe("master");
    await withClient({ addr: locked.addr, user: "ops", password: "pass" }, async (client) => {
      expect(textOf(await client.call(["ACL", "WHOAMI"]))).toBe("ops");
    });
  });

  test.each([
    ["missing", {}, /needs a password, and none is configured/],
    ["empty", { password: "" }, /needs a password, and none is configured/],
    ["wrong", { password: "no" }, /has another password than product_auth/],
    ["wrong for the user", { user: "ops", password: "no" }, /refuses the user ops or its password/],
  ])("a password that is %s is refused by name", async (_name, login, text) => {
    const error = await catchRejection(RedisClient.connect({ addr: locked.addr, ...login }));
    expect(error.code).toBe("SERVER_AUTH_FAILED");
    expect(error.message).toMatch(text);
    expect(error.message).toContain(locked.addr);
  });

  test("a password that isn't needed is refused: the proxies couldn't log in either", async () => {
    const error = await catchRejection(
      RedisClient.connect({ addr: open.addr, password: "secret" }),
    );
    expect(error.code).toBe("SERVER_AUTH_FAILED");
    expect(error.message).toMatch(/has no password, but product_auth is set/);
    expect(error.message).not.toContain("secret");
  });

  test("answers of old servers are understood", async () => {
    const texts = {
      "-ERR Client sent AUTH, but no password is set": /has no password/,
      "-ERR invalid password": /has another password/,
      "-ERR wrong number of arguments for 'auth' command": /knows no users/,
    };
    for (const [reply, text] of Object.entries(texts)) {
      const fake = await FakeRedis.start({ answer: () => Buffer.from(`${reply}\r\n`) });
      const login = { addr: fake.addr, user: text.source.includes("users") ? "u" : undefined };
      const error = await catchRejection(RedisClient.connect({ ...login, password: "x" }));
      expect(error.code).toBe("SERVER_AUTH_FAILED");
      expect(error.message).toMatch(text);
      await fake.close();
    }
  });

  test("a server that loads, or lets nobody take a name, can be talked to", async () => {
    for (const reply of [
      "-LOADING Redis is loading",
      "-ERR unknown command 'client'",
      "-NOPERM no",
    ]) {
      const fake = await FakeRedis.start({
        answer: ({ argv }) =>
          argv[0]?.toString() === "CLIENT" ? Buffer.from(`${reply}\r\n`) : undefined,
      });
      await withClient({ addr: fake.addr }, async (client) => {
        expect(textOf(await client.call(["PING"]))).toBe("PONG");
      });
      await fake.close();
    }
  });

  test("a server that is full says so before it reads anything", async () => {
    const full = await startRawServer((socket) => {
      socket.end("-ERR max number of clients reached\r\n");
    });
    const error = await catchRejection(RedisClient.connect({ addr: full.addr, password: "x" }));
    expect(error.code).toBe("SERVER_REFUSED");
    expect(error.message).toContain("max number of clients reached");
    await full.close();
  });
});

describe("servers that fail", () => {
  test("nobody listens: the text of the original programs", async () => {
    const addr = `127.0.0.1:${await freePort()}`;
    const error = await catchRejection(RedisClient.connect({ addr }));
    expect(error.code).toBe("SERVER_UNREACHABLE");
    expect(error.message).toContain(`dial tcp ${addr}: connect: connection refused`);
    expect(isServerTimeout(error)).toBe(false);
  });

  test("an address that is none", async () => {
    for (const addr of ["", "6379", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "a b:1"]) {
      expect((await catchRejection(RedisClient.connect({ addr }))).code).toBe("ADDRESS_INVALID");
    }
  });

  test("a server that takes the connection and hangs costs the deadline, no more", async () => {
    const silent = await startRawServer(keepSilent);
    const error = await withDeadline(
      "refusal",
      30_000,
      catchRejection(RedisClient.connect({ addr: silent.addr, connectTimeoutMs: 100 })),
    );
    expect(error.code).toBe("SERVER_UNREACHABLE");
    expect(error.message).toContain("no login within 100 ms");
    expect(isServerTimeout(error)).toBe(true);
    await waitFor("end of the connection", 30_000, () =>
      silent.openCount() === 0 ? true : undefined,
    );
    await silent.close();
  });

  test("a call that gets no answer fails all calls that wait, once, and the connection ends", async () => {
    await withClient({ addr: open.addr }, async (client) => {
      open.pause();
      try {
        const calls = [client.call(["PING"], { timeoutMs: 100 }), client.call(["PING"])];
        const errors = await Promise.all(calls.map((call) => catchRejection(call)));
        expect(errors.map(isServerTimeout)).toEqual([true, true]);
        expect(errors[0]?.message).toContain("no reply to PING within 100 ms");
        expect(client.isOpen).toBe(false);
        expect((await catchRejection(client.call(["PING"]))).code).toBe("SERVER_UNREACHABLE");
      } finally {
        open.resume();
      }
    });
  });

  test("a close in the middle of a reply fails the call that waited for it", async () => {
    const fake = await FakeRedis.start({
      deliver: ({ argv }) => (argv[0]?.toString() === "GETRANGE" ? { closeAfterBytes: 10 } : {}),
    });
    await withClient({ addr: fake.addr }, async (client) => {
      const error = await catchRejection(client.call(["GETRANGE", "k", "0", "1000"]));
      expect(error.code).toBe("SERVER_UNREACHABLE");
      expect(error.message).toContain("closed the connection");
    });
    await fake.close();
  });

  test.each([
    ["HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n"],
    ["a reply too many", "+OK\r\n+OK\r\n+OK\r\n"],
    ["a bad length", "$abc\r\n"],
    ["a bulk without its end", "$3\r\nabcdef\r\n"],
    ["deep nesting", `${"*1\r\n".repeat(200)}:1\r\n`],
  ])("garbage (%s) ends the connection", async (_name, garbage) => {
    const server = await startRawServer((socket) => {
      socket.once("data", () => socket.write(garbage));
    });
    const connecting = RedisClient.connect({ addr: server.addr, connectTimeoutMs: 500 });
    const error = await catchRejection(connecting.then((client) => client.call(["PING"])));
    expect(error.code).toBe("SERVER_UNREACHABLE");
    await server.close();
  });

  test("a reply beyond the bound isn't kept", async () => {
    await withClient({ addr: open.addr, replyBytesMax: 10_000 }, async (client) => {
      await client.call(["SET", "long", Buffer.alloc(9_000)]);
      await client.call(["GET", "long"]);
      await client.call(["APPEND", "long", Buffer.alloc(2_000)]);
      const error = await catchRejection(client.call(["GET", "long"]));
      expect(error.message).toContain("larger than the 10000 bytes");
      expect(client.isOpen).toBe(false);
    });
  });

  test("a signal ends a connection, also one that is being made", async () => {
    const silent = await startRawServer(keepSilent);
    const early = new AbortController();
    const connecting = catchRejection(
      RedisClient.connect({ addr: silent.addr, signal: early.signal }),
    );
    early.abort();
    expect((await connecting).message).toContain("closed from this side");
    expect(
      (await catchRejection(RedisClient.connect({ addr: silent.addr, signal: early.signal }))).code,
    ).toBe("SERVER_UNREACHABLE");
    await silent.close();
    const late = new AbortController();
    await withClient({ addr: open.addr, signal: late.signal }, async (client) => {
      late.abort();
      expect(client.isOpen).toBe(false);
    });
  });
});

describe("commands", () => {
  test("INFO as the dashboard of Codis has it", async () => {
    const info = await fetchInfo({ addr: open.addr });
    expect(info).toMatchObject({ maxmemory: "0", redis_mode: "standalone" });
    expect(info["run_id"]).toMatch(/^[0-9a-f]{40}$/);
  });

  test("INFO of a server that lacks maxmemory there: asked for, and left out where it can't be", async () => {
    const info = bulk("redis_version:2.8.21\r\n");
    for (const [config, maxmemory] of [
      ["*2\r\n$9\r\nmaxmemory\r\n$3\r\n100\r\n", "100"],
      ["-ERR unknown command 'CONFIG'\r\n", undefined],
    ] as const) {
      const fake = await FakeRedis.start({
        answer: ({ argv }) =>
          ({ INFO: info, CONFIG: Buffer.from(config) })[argv[0]?.toString() ?? ""],
      });
      expect((await fetchInfo({ addr: fake.addr }))["maxmemory"]).toBe(maxmemory);
      await fake.close();
    }
  });

  test("a setting, and one that isn't known", async () => {
    await withClient({ addr: open.addr }, async (client) => {
      expect(await configGet(client, "appendonly")).toBe("no");
      expect(await configGet(client, "no-such-setting")).toBeUndefined();
    });
  });

  test("FUNCTION libraries with their code and digests", async () => {
    await withClient({ addr: open.addr }, async (client) => {
      expect(await readFunctions(client)).toEqual([]);
      const code = Buffer.from(
        "#!lua name=demo\nredis.register_function('f', function() return 1 end)",
      );
      await loadFunction(client, { name: "demo", code });
      const libraries = await readFunctions(client);
      expect(libraries.map(({ name }) => name)).toEqual(["demo"]);
      expect(libraries[0]?.code.equals(code)).toBe(true);
      expect(digestFunctions(libraries)["demo"]).toMatch(/^[0-9a-f]{40}$/);
      await client.call(["FUNCTION", "FLUSH"]);
    });
  });

  test("SCAN meets every key, whatever bytes it has", async () => {
    await withClient({ addr: open.addr, db: 5 }, async (client) => {
      const wanted = new Set<string>();
      for (let i = 0; i < 300; i += 1) {
        const key = Buffer.from([0xff, 0x0d, 0x0a, i >> 8, i & 0xff]);
        wanted.add(key.toString("latin1"));
        await client.call(["SET", key, "v"]);
      }
      const met = new Set<string>();
      let cursor = "0";
      do {
        const step = await scan(client, cursor, 50);
        for (const key of step.keys) met.add(key.toString("latin1"));
        cursor = step.cursor;
      } while (cursor !== "0");
      expect(met).toEqual(wanted);
      await client.call(["FLUSHDB"]);
    });
  });

  test("an answer of another form is refused, not misread", async () => {
    const fake = await FakeRedis.start({ answer: () => Buffer.from("+OK\r\n") });
    await withClient({ addr: fake.addr }, async (client) => {
      for (const asked of [
        readFunctions(client),
        configGet(client, "maxmemory"),
        scan(client, "0", 1),
      ]) {
        expect((await catchRejection(asked)).message).toContain("in an unknown form");
      }
    });
    await fake.close();
  });
});
