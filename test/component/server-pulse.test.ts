/**
 * What counts as the life of a server: every answer of a Redis, errors and refused logins too; silence, strangers
 * and closed ports don't. And how a frozen master finds the order to stop writes when it goes on.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Socket } from "node:net";
import { createServerOrders } from "../../src/dashboard/availability/failover/server-orders.ts";
import { offlineSlot } from "../../src/model/slot.ts";
import { MasterWatch } from "../../src/proxy/watch/master-watch.ts";
import { PulseSet } from "../../src/redis/pulse-set.ts";
import type { ServerPulse } from "../../src/redis/server-pulse.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { waitFor } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { keepSilent, startRawServer } from "../support/raw-server.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";

const DEADLINE_MS = 30_000;
/** Long enough that a look every 10 ms sees both halves of it. */
const PERIOD_MS = 100;
setDefaultTimeout(60_000);

const cleanup = cleanupsAfterEach();

function watch(addr: string, password = ""): ServerPulse {
  const pulses = new PulseSet({ password, name: "test", periodMs: PERIOD_MS });
  cleanup(() => pulses.close());
  pulses.setServers([addr]);
  const pulse = pulses.get(addr);
  if (pulse === undefined) {
    throw new Error("it isn't watched");
  }
  return pulse;
}

/** Resolves when it has answered several times since it was asked for. */
async function lives(pulse: ServerPulse): Promise<void> {
  for (let count = 0; count < 3; count += 1) {
    await waitFor("a pause", DEADLINE_MS, () => pulse.silentMs >= PERIOD_MS / 2 || undefined);
    await waitFor("an answer", DEADLINE_MS, () => pulse.silentMs < PERIOD_MS / 2 || undefined);
  }
}

async function staysSilent(pulse: ServerPulse): Promise<void> {
  await waitFor("silence", DEADLINE_MS, () => pulse.silentMs >= 1_500 || undefined);
  expect(pulse.hasAnswered).toBe(false);
  expect(pulse.problem).not.toBe("");
}

async function redis(args: readonly string[] = []): Promise<RedisServer> {
  const server = await startRedis({ args });
  cleanup(() => server.stop());
  return server;
}

/** A server that answers every command with this. */
async function answering(reply: string): Promise<string> {
  const server = await startRawServer((socket: Socket) => {
    socket.on("data", (chunk: Buffer) => {
      const commands = chunk.toString("latin1").match(/\*\d+\r\n/g)?.length ?? 0;
      socket.write(reply.repeat(commands));
    });
  });
  cleanup(() => server.close());
  return server.addr;
}

describe("answers", () => {
  test("of a real server, with its replication", async () => {
    const server = await redis();
    const pulse = watch(server.addr);
    await lives(pulse);
    await waitFor("its role", DEADLINE_MS, () => pulse.replication?.["role"]);
    expect(pulse.replication).toMatchObject({ role: "master", master_repl_offset: "0" });
  });

  for (const text of ["LOADING Redis is loading", "BUSY a script", "MISCONF errors", "NOAUTH no"]) {
    test(`-${text.split(" ")[0]}`, async () => {
      await lives(watch(await answering(`-${text}\r\n`)));
    });
  }

  test("a refused login: with a wrong password, and with one that isn't needed", async () => {
    const locked = await startRedisWithPassword();
    await lives(watch(locked.addr, "wrong"));
    await lives(watch(locked.addr));
    await lives(watch((await redis()).addr, "needless"));
  });

  test("no room for another client", async () => {
    const server = await redis(["--maxclients", "1"]);
    const only = await RespConnection.open(server.port);
    await only.call("PING");
    await lives(watch(server.addr));
    only.destroy();
  });
});

async function startRedisWithPassword(): Promise<RedisServer> {
  const server = await redis();
  const connection = await RespConnection.open(server.port);
  await connection.call("CONFIG", "SET", "requirepass", "right");
  connection.destroy();
  return server;
}

describe("silence", () => {
  test("a port that nobody listens on", async () => {
    await staysSilent(watch(`127.0.0.1:${await freePort()}`));
  });

  test("a server that accepts and never answers", async () => {
    const server = await startRawServer(keepSilent);
    cleanup(() => server.close());
    await staysSilent(watch(server.addr));
    expect(server.openCount()).toBeLessThanOrEqual(2);
  });

  test("something that isn't a Redis", async () => {
    await staysSilent(watch(await answering("HTTP/1.1 400 Bad Request\r\n\r\n")));
  });

  test("a frozen server, until it goes on; a dead one, until it is back", async () => {
    const server = await redis();
    const pulse = watch(server.addr);
    await lives(pulse);
    server.pause();
    await waitFor("silence", DEADLINE_MS, () => pulse.silentMs >= 2_500 || undefined);
    server.resume();
    await lives(pulse);
    await server.kill();
    await waitFor("silence", DEADLINE_MS, () => pulse.silentMs >= 1_000 || undefined);
    const again = await startRedis({ port: server.port });
    cleanup(() => again.stop());
    await lives(pulse);
  });
});

test("the proxy watches the masters of its table, also those that slots come from, and no others", async () => {
  const [one, two] = [await redis(), await redis()];
  let slots = [{ ...offlineSlot(0), backendAddr: one.addr, migrateFrom: two.addr }, offlineSlot(1)];
  const masters = new MasterWatch({ password: "", slots: () => slots });
  cleanup(() => masters.close());
  await waitFor("both roles", DEADLINE_MS, () => {
    const seen = masters.servers();
    return (seen[one.addr]?.role === "master" && seen[two.addr]?.role === "master") || undefined;
  });
  slots = [{ ...offlineSlot(0), backendAddr: two.addr }];
  await waitFor("the first to be forgotten", DEADLINE_MS, () => {
    return Object.keys(masters.servers()).join() === two.addr || undefined;
  });
});

describe("the fence", () => {
  const outcomeOf = async (
    server: RedisServer,
    waitMs: number,
    ...command: string[]
  ): Promise<string> => {
    const connection = await RespConnection.open(server.port);
    const reply = connection.call(...command).then(String);
    const outcome = await Promise.race([reply, Bun.sleep(waitMs).then(() => "no answer")]);
    reply.catch(() => undefined);
    connection.destroy();
    return outcome;
  };

  test("a living server takes no writes for a while", async () => {
    const server = await redis();
    // Again, when the machine stood still for longer than its answer is waited for.
    await waitFor("a fence that is confirmed", DEADLINE_MS, async () => {
      const text = await createServerOrders("").fence(server.addr);
      return text === "it takes no writes for a while" || undefined;
    });
    expect(await outcomeOf(server, 1_000, "SET", "k", "v")).toBe("no answer");
    expect(await outcomeOf(server, 8_000, "GET", "k")).toBe("$-1\r\n");
  });

  test("a frozen one finds the order, with its password, when it goes on", async () => {
    const server = await redis();
    const admin = await RespConnection.open(server.port);
    await admin.call("CONFIG", "SET", "requirepass", "right");
    await admin.call("ACL", "SETUSER", "app", "on", "nopass", "~*", "+@all");
    admin.destroy();
    server.pause();
    const text = await createServerOrders("right").fence(server.addr);
    expect(text).toMatch(/it didn't answer/);
    server.resume();
    await waitFor("no answer to a write", DEADLINE_MS, async () => {
      const connection = await RespConnection.open(server.port);
      await connection.call("AUTH", "app", "any");
      const reply = connection.call("SET", "k", "v").then(String);
      reply.catch(() => undefined);
      const outcome = await Promise.race([reply, Bun.sleep(500).then(() => "no answer")]);
      connection.destroy();
      return outcome === "no answer" || undefined;
    });
  });

  test("what can't be reached is told, and a refusal as well", async () => {
    const orders = createServerOrders("");
    const cases: readonly (readonly [string, RegExp])[] = [
      [`127.0.0.1:${await freePort()}`, /can't be reached/],
      [await answering("-ERR syntax error\r\n"), /refused.*syntax/],
    ];
    for (const [addr, text] of cases) {
      // An order waits for a moment only, and the machine may be busy for longer.
      await waitFor(`an outcome like ${text}`, DEADLINE_MS, async () =>
        text.test(await orders.fence(addr)) ? true : undefined,
      );
    }
  });
});
