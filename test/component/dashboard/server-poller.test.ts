/**
 * Polling of all servers: figures of real servers, changes of the set, and servers that hang, leave, or come
 * back, which must cost the others nothing.
 */
import { describe, expect, test } from "bun:test";
import { silentLog } from "../../../src/base/log.ts";
import type { ServerFigures } from "../../../src/dashboard/control.ts";
import {
  ServerPoller,
  type ServerPollerOptions,
} from "../../../src/dashboard/stats/server-poller.ts";
import { RedisClient } from "../../../src/redis/client.ts";
import { cleanupsAfterEach } from "../../support/cleanup.ts";
import { waitFor } from "../../support/deadline.ts";
import { startFakeCodis } from "../../support/fake-codis-server.ts";
import { PATIENT } from "../../support/patience.ts";
import { keepSilent, type RawServer, startRawServer } from "../../support/raw-server.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

const WAIT_MS = 30_000;
const cleanup = cleanupsAfterEach();

function poll(addrs: readonly string[], options: Partial<ServerPollerOptions> = {}): ServerPoller {
  const poller = new ServerPoller({
    password: "",
    log: silentLog,
    intervalMs: 40,
    timeoutMs: 300,
    ...options,
  });
  cleanup(() => poller.stop());
  poller.setServers(addrs);
  poller.start();
  return poller;
}

function waitForFigures(
  poller: ServerPoller,
  addr: string,
  isGood: (figures: ServerFigures) => boolean,
): Promise<ServerFigures> {
  return waitFor(`figures of ${addr}`, WAIT_MS, () => {
    const figures = poller.figures().get(addr);
    return figures !== undefined && isGood(figures) ? figures : undefined;
  });
}

/** One that is told before may be that of a machine that stood still. */
async function waitForError(poller: ServerPoller, addr: string, text: RegExp): Promise<void> {
  const figures = await waitForFigures(poller, addr, ({ error }) => text.test(error ?? ""));
  expect(figures.info).toBeUndefined();
}

async function redis(port?: number): Promise<RedisServer> {
  const server = await startRedis(port === undefined ? {} : { port });
  cleanup(() => server.stop());
  return server;
}

async function silent(): Promise<RawServer> {
  const server = await startRawServer(keepSilent);
  cleanup(() => server.close());
  return server;
}

describe("figures", () => {
  test("a server's INFO, as Codis shows it, again and again", async () => {
    const server = await redis();
    // A look that isn't answered in time ends the connection.
    const poller = poll([server.addr], { timeoutMs: 20_000 });
    expect(poller.figures().size).toBe(0);
    const first = await waitForFigures(poller, server.addr, ({ info }) => info !== undefined);
    expect(first).toMatchObject({ addr: server.addr, error: undefined, isTimedOut: false });
    expect(first.info).toMatchObject({ role: "master", maxmemory: "0" });
    expect(first.functions).toEqual({});
    const later = await waitForFigures(poller, server.addr, ({ atMs }) => atMs > first.atMs);
    const count = (figures: ServerFigures) => Number(figures.info?.["total_commands_processed"]);
    expect(count(later)).toBeGreaterThan(count(first));
    expect(Number(later.info?.["total_connections_received"])).toBe(
      Number(first.info?.["total_connections_received"]),
    );
  });

  test("libraries appear as soon as INFO counts them, and codis-server has none", async () => {
    const [server, codis] = await Promise.all([redis(), startFakeCodis()]);
    cleanup(() => codis.close());
    const poller = poll([server.addr, codis.addr]);
    await waitForFigures(poller, server.addr, ({ info }) => info !== undefined);
    const client = await RedisClient.connect({ ...PATIENT, addr: server.addr });
    const code = "#!lua name=demo\nredis.register_function('f', function() return 1 end)";
    await client.call(["FUNCTION", "LOAD", code]);
    const figures = await waitForFigures(
      poller,
      server.addr,
      ({ functions }) => functions?.["demo"] !== undefined,
    );
    expect(figures.functions?.["demo"]).toMatch(/^[0-9a-f]{40}$/);
    await client.call(["FUNCTION", "FLUSH"]);
    client.close();
    await waitForFigures(poller, server.addr, (now) => now.functions?.["demo"] === undefined);
    const old = await waitForFigures(poller, codis.addr, ({ info }) => info !== undefined);
    expect(old.functions).toBeUndefined();
    expect(codis.requests("FUNCTION")).toEqual([]);
  });

  test("the set of servers changes; what left is forgotten and let go", async () => {
    const [one, other] = await Promise.all([redis(), silent()]);
    const poller = poll([one.addr]);
    await waitForFigures(poller, one.addr, ({ info }) => info !== undefined);
    poller.setServers([other.addr]);
    expect(poller.figures().has(one.addr)).toBe(false);
    const figures = await waitForFigures(poller, other.addr, () => true);
    expect(figures).toMatchObject({ info: undefined, isTimedOut: true });
    poller.setServers([]);
    expect(poller.figures().size).toBe(0);
    await waitFor("end of the connection", WAIT_MS, () =>
      other.openCount() === 0 ? true : undefined,
    );
  });
});

describe("failures", () => {
  test("a server dies and comes back; one freezes and wakes", async () => {
    const [one, other] = await Promise.all([startRedis(), redis()]);
    const poller = poll([one.addr, other.addr]);
    const isWell = ({ info }: ServerFigures) => info !== undefined;
    await waitForFigures(poller, one.addr, isWell);
    await waitForFigures(poller, other.addr, isWell);
    await one.kill();
    other.pause();
    const dead = await waitForFigures(poller, one.addr, ({ error }) => error !== undefined);
    expect(dead.info).toBeUndefined();
    const refused = await waitForFigures(poller, one.addr, ({ error }) =>
      /connection refused/.test(error ?? ""),
    );
    expect(refused.isTimedOut).toBe(false);
    await waitForFigures(poller, other.addr, ({ isTimedOut }) => isTimedOut);
    await redis(one.port);
    other.resume();
    await waitForFigures(poller, one.addr, isWell);
    await waitForFigures(poller, other.addr, isWell);
  });

  test("another password is told", async () => {
    const server = await redis();
    const poller = poll([server.addr], { password: "x" });
    await waitForError(poller, server.addr, /has no password, but product_auth is set/);
  });

  test("a server that closes in the middle, or sends garbage, is an error and no more", async () => {
    const torn = await startRawServer((socket) => {
      socket.once("data", () => socket.end("+OK\r\n$5000\r\nredis_ver"));
    });
    const garbage = await startRawServer((socket) => {
      socket.once("data", () => socket.write("220 mail ready\r\n"));
    });
    cleanup(() => torn.close());
    cleanup(() => garbage.close());
    const poller = poll([torn.addr, garbage.addr]);
    await waitForError(poller, torn.addr, /closed the connection/);
    await waitForError(poller, garbage.addr, /doesn't speak RESP/);
  });

  test("many that hang take nothing from one that answers, and few sockets", async () => {
    const hanging = await Promise.all(Array.from({ length: 60 }, silent));
    const server = await redis();
    const poller = poll([...hanging.map(({ addr }) => addr), server.addr], { unprovenMax: 10 });
    let most = 0;
    let previousMs = 0;
    for (let looks = 0; looks < 20; looks += 1) {
      const { atMs } = await waitForFigures(
        poller,
        server.addr,
        (now) => now.info !== undefined && now.atMs > previousMs,
      );
      previousMs = atMs;
      most = Math.max(
        most,
        hanging.reduce((sum, one) => sum + one.openCount(), 0),
      );
    }
    // The end of a socket is seen here a moment later than there.
    expect(most).toBeLessThanOrEqual(20);
    await waitFor("a look at every server", WAIT_MS, () =>
      poller.figures().size === hanging.length + 1 ? true : undefined,
    );
  });

  test("stop ends everything, and looks that were under way change nothing", async () => {
    const hanging = await silent();
    const poller = poll([hanging.addr]);
    await waitFor("a connection", WAIT_MS, () => (hanging.openCount() > 0 ? true : undefined));
    poller.stop();
    await waitFor("its end", WAIT_MS, () => (hanging.openCount() === 0 ? true : undefined));
    expect(poller.figures().size).toBe(0);
    const accepted = hanging.connectionCount();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(hanging.connectionCount()).toBe(accepted);
  });
});
