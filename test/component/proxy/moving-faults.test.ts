/**
 * What goes wrong between two servers while the proxy moves keys: frozen servers, a network that delivers late, a
 * connection that breaks in the middle. Nothing comes back that was deleted, nothing waits for ever.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { CodisError } from "../../../src/base/error.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { waitFor, withDeadline } from "../../support/deadline.ts";
import { type HoldingRelay, startHoldingRelay } from "../../support/holding-relay.ts";
import { type MovingWorker, startMovingWorker } from "../../support/moving-worker.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import type { RespConnection } from "../../support/resp-connection.ts";
import { RunningClock } from "../../support/running-clock.ts";
import { ask } from "../../support/running-proxy.ts";
import { startTcpRelay, type TcpRelay } from "../../support/tcp-relay.ts";

const TRY_AGAIN = /^-TRYAGAIN /;
const IO_TIMEOUT_MS = 300;
const HOLD_MS = 1_500;
const CONFIG = {
  migrationIoTimeoutMs: IO_TIMEOUT_MS,
  migrationHoldTimeoutMs: HOLD_MS,
  workerAckTimeoutMs: 1_000,
};

const servers: RedisServer[] = [];
const relays: (TcpRelay | HoldingRelay)[] = [];
const workers: MovingWorker[] = [];

afterEach(async () => {
  for (const server of servers) server.resume();
  await Promise.all(workers.splice(0).map((worker) => worker.close()));
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(): Promise<RedisServer> {
  const server = await startRedis();
  servers.push(server);
  return server;
}

async function startWorker(source: string, target: string): Promise<MovingWorker> {
  const worker = await startMovingWorker({ source, target }, CONFIG);
  workers.push(worker);
  return worker;
}

async function call(client: RespConnection, ...argv: readonly string[]): Promise<string> {
  return (await client.call(...argv)).toString();
}

/** Asks until it isn't told to try again. */
function insist(client: RespConnection, ...argv: readonly string[]): Promise<string> {
  return waitFor(`an answer to ${argv.join(" ")}`, 15_000, async () => {
    const reply = await call(client, ...argv);
    return TRY_AGAIN.test(reply) ? undefined : reply;
  });
}

describe("a frozen target", () => {
  test("stalls the source once, and no longer than migration_io_timeout", async () => {
    const [source, target] = [await start(), await start()];
    const worker = await startWorker(source.addr, target.addr);
    const [client, other] = [await worker.connect(), await worker.connect()];
    for (let i = 0; i < 50; i++) await call(client, "SET", `{t}${i}`, `${i}`);
    await worker.lock("{t}");
    await worker.migrate("{t}");
    expect(await insist(client, "GET", "{t}0")).toBe("$1\r\n0\r\n");
    target.pause();
    // Some MIGRATE may be on its way just now; after it the source is left alone.
    const late = Array.from({ length: 10 }, (_, i) => client.call("GET", `{t}${i + 1}`));
    const clock = new RunningClock();
    let longestMs = 0;
    const endsMs = performance.now() + HOLD_MS;
    while (performance.now() < endsMs) {
      const sentMs = clock.nowMs();
      expect(await call(other, "SET", "elsewhere", "1")).toBe("+OK\r\n");
      longestMs = Math.max(longestMs, clock.nowMs() - sentMs);
    }
    // Generous for a busy machine; without a rest it would be the whole time.
    expect(longestMs).toBeLessThan(IO_TIMEOUT_MS + 700);
    for (const reply of await Promise.all(late)) expect(`${reply}`).toMatch(TRY_AGAIN);
    const stalls = Number(
      /IOERR:count=(\d+)/.exec(await ask(source.port, "INFO", "errorstats"))?.[1] ?? 0,
    );
    expect(stalls).toBeLessThanOrEqual(1);
    target.resume();
    expect(await insist(client, "DEL", "{t}1")).toBe(":1\r\n");
    expect(await insist(client, "GET", "{t}2")).toBe("$1\r\n2\r\n");
    expect(await insist(client, "EXISTS", "{t}1")).toBe(":0\r\n");
    expect(await ask(target.port, "EXISTS", "{t}1")).toBe(":0\r\n");
    const { tryAgains, waiting } = await worker.figures();
    expect(tryAgains).toBeGreaterThanOrEqual(10);
    expect(waiting).toBe(0);
  }, 30_000);

  test("is told as such, and its slots can be locked all the same", async () => {
    const [source, target] = [await start(), await start()];
    const worker = await startWorker(source.addr, target.addr);
    const client = await worker.connect();
    await call(client, "SET", "{t}a", "1");
    await worker.lock("{t}");
    await worker.migrate("{t}");
    expect(await insist(client, "GET", "{t}none")).toBe("$-1\r\n");
    target.pause();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await call(client, "GET", "{t}a")).toMatch(/^-TRYAGAIN /);
    await withDeadline("acknowledgement", 10_000, worker.giveBack("{t}"));
    expect(await call(client, "GET", "{t}a")).toBe("$1\r\n1\r\n");
  }, 30_000);
});

describe("a frozen source", () => {
  test("makes requests wait no longer than they may, and goes on afterwards", async () => {
    const [source, target] = [await start(), await start()];
    const worker = await startWorker(source.addr, target.addr);
    const client = await worker.connect();
    await call(client, "MSET", "{t}a", "1", "{t}b", "2", "{t}c", "3");
    await worker.lock("{t}");
    await worker.migrate("{t}");
    expect(await insist(client, "GET", "{t}a")).toBe("$1\r\n1\r\n");
    source.pause();
    const replies = ["{t}b", "{t}none", "{t}a"].map((name) => client.call("GET", name));
    expect(`${await replies[0]}`).toMatch(/^-TRYAGAIN .*hasn't answered/);
    expect(`${await replies[1]}`).toMatch(TRY_AGAIN);
    // Of the same session and slot, so it waited as well; another session needn't.
    await replies[2];
    expect(await call(await worker.connect(), "GET", "{t}a")).toBe("$1\r\n1\r\n");
    source.resume();
    expect(await insist(client, "DEL", "{t}b")).toBe(":1\r\n");
    expect(await insist(client, "GETSET", "{t}c", "4")).toBe("$1\r\n3\r\n");
    expect(await ask(target.port, "MGET", "{t}b", "{t}c")).toBe("*2\r\n$-1\r\n$1\r\n4\r\n");
  }, 30_000);

  test("leaves a new table unacknowledged until its moves are settled", async () => {
    const [source, target] = [await start(), await start()];
    const worker = await startWorker(source.addr, target.addr);
    const client = await worker.connect();
    await call(client, "MSET", "{t}a", "1", "{t}b", "2");
    await worker.lock("{t}");
    await worker.migrate("{t}");
    expect(await insist(client, "GET", "{t}a")).toBe("$1\r\n1\r\n");
    source.pause();
    const waiting = client.call("GET", "{t}b");
    await waitFor("a request that waits", 10_000, async () =>
      (await worker.figures()).waiting > 0 ? true : undefined,
    );
    // Before the transfer is sent, the target may have to be asked whether it is alive: nothing is to settle then.
    const refusal = await waitFor("a transfer that is under way", 10_000, async () => {
      try {
        await worker.lock("{t}");
      } catch (thrown) {
        if (thrown instanceof CodisError) return thrown;
        throw thrown;
      }
      await worker.migrate("{t}");
      return undefined;
    });
    expect(refusal.code).toBe("MOVE_UNSETTLED");
    expect(refusal.message).toContain(source.addr);
    // The table holds: the request waits for the lock now. The same push again isn't acknowledged either.
    expect((await worker.figures()).waiting).toBe(0);
    expect((await catchRejection(worker.lock("{t}"))).code).toBe("MOVE_UNSETTLED");
    // Nor is one about another slot.
    expect((await catchRejection(worker.lock("elsewhere"))).code).toBe("MOVE_UNSETTLED");
    source.resume();
    await waitFor("the acknowledgement", 10_000, async () => {
      await worker.lock("{t}");
      return true;
    });
    await worker.migrate("{t}");
    expect(`${await waiting}`).toBe("$1\r\n2\r\n");
  }, 30_000);
});

test("a connection lost in the middle of a MIGRATE is ended at the source before anything else", async () => {
  const [source, target] = [await start(), await start()];
  const relay = await startTcpRelay(source.port);
  relays.push(relay);
  const worker = await startWorker(relay.addr, target.addr);
  const client = await worker.connect();
  await call(client, "MSET", "{t}a", "1", "{t}b", "2");
  await worker.lock("{t}");
  await worker.migrate("{t}");
  expect(await insist(client, "GET", "{t}a")).toBe("$1\r\n1\r\n");
  source.pause();
  const waiting = client.call("GET", "{t}b");
  await waitFor("a request that waits", 10_000, async () =>
    (await worker.figures()).waiting > 0 ? true : undefined,
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  relay.cut();
  expect(`${await waiting}`).toMatch(TRY_AGAIN);
  expect((await catchRejection(worker.lock("{t}"))).code).toBe("MOVE_UNSETTLED");
  relay.mend();
  source.resume();
  await waitFor("the acknowledgement", 10_000, async () => {
    await worker.lock("{t}");
    return true;
  });
  await worker.migrate("{t}");
  expect(await insist(client, "GET", "{t}b")).toBe("$1\r\n2\r\n");
  expect(await ask(source.port, "DBSIZE")).toBe(":0\r\n");
  expect((await worker.figures()).doubts).toBeGreaterThanOrEqual(2);
}, 30_000);

test("a source that is gone for good holds up no table", async () => {
  const [source, target] = [await start(), await start()];
  const worker = await startWorker(source.addr, target.addr);
  const client = await worker.connect();
  await call(client, "MSET", "{t}a", "1", "{t}b", "2");
  await worker.lock("{t}");
  await worker.migrate("{t}");
  expect(await insist(client, "GET", "{t}a")).toBe("$1\r\n1\r\n");
  source.pause();
  const waiting = client.call("GET", "{t}b");
  await waitFor("a request that waits", 10_000, async () =>
    (await worker.figures()).waiting > 0 ? true : undefined,
  );
  await source.kill();
  await withDeadline("acknowledgement", 10_000, worker.finish("{t}"));
  expect(`${await waiting}`).toBe("$-1\r\n");
  expect(await call(client, "GET", "{t}a")).toBe("$1\r\n1\r\n");
}, 30_000);

test("bytes of a transfer that arrive late don't bring a deleted key back", async () => {
  const [source, target] = [await start(), await start()];
  const relay = await startHoldingRelay(target.port);
  relays.push(relay);
  const [first, second] = [
    await startWorker(source.addr, relay.addr),
    await startWorker(source.addr, relay.addr),
  ];
  const [one, two] = [await first.connect(), await second.connect()];
  await call(one, "MSET", "{t}a", "1", "{t}b", "2");
  for (const worker of [first, second]) {
    await worker.lock("{t}");
    await worker.migrate("{t}");
  }
  // Both have made sure of all that was before.
  expect(await insist(one, "GET", "{t}none")).toBe("$-1\r\n");
  expect(await insist(two, "GET", "{t}none")).toBe("$-1\r\n");
  relay.hold();
  const held = one.call("GET", "{t}a");
  await waitFor("a broken transfer", 10_000, async () =>
    (await ask(source.port, "INFO", "errorstats")).includes("IOERR:count=1") ? true : undefined,
  );
  relay.stopHolding();
  // The other worker moves the key; it must not be used before the bytes that are held can't arrive any more.
  expect(await insist(two, "DEL", "{t}a")).toBe(":1\r\n");
  expect((await second.figures()).doubts).toBeGreaterThanOrEqual(2);
  expect(relay.release()).toBe(1);
  await held;
  expect(await insist(one, "GET", "{t}a")).toBe("$-1\r\n");
  expect(await insist(two, "GET", "{t}b")).toBe("$1\r\n2\r\n");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await ask(target.port, "EXISTS", "{t}a")).toBe(":0\r\n");
  expect(await ask(source.port, "DBSIZE")).toBe(":0\r\n");
}, 30_000);

test("an error of the target that hides a timeout: the late rest doesn't bring a deleted key back", async () => {
  const [source, target] = [await start(), await start()];
  const relay = await startHoldingRelay(target.port);
  relays.push(relay);
  const worker = await startWorker(source.addr, relay.addr);
  const client = await worker.connect();
  await call(client, "MSET", "{t}a", "1", "{t}b", "2");
  await ask(target.port, "SET", "{t}a", "interrupted");
  await worker.lock("{t}");
  await worker.migrate("{t}");
  expect(await insist(client, "GET", "{t}none")).toBe("$-1\r\n");
  const before = (await worker.figures()).doubts;
  // The first RESTORE arrives and is answered with BUSYKEY, the second one only in part.
  relay.hold(120);
  const held = client.call("MGET", "{t}a", "{t}b");
  await waitFor("a doubt", 10_000, async () =>
    (await worker.figures()).doubts > before ? true : undefined,
  );
  expect(await ask(source.port, "INFO", "errorstats")).not.toContain("IOERR");
  relay.stopHolding();
  await held;
  expect(await insist(client, "DEL", "{t}b")).toBe(":1\r\n");
  expect(relay.release()).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await ask(target.port, "EXISTS", "{t}b")).toBe(":0\r\n");
  expect(await insist(client, "GET", "{t}a")).toBe("$11\r\ninterrupted\r\n");
}, 30_000);
