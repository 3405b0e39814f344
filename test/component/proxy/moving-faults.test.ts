/**
 * What goes wrong between two servers while the proxy moves keys: frozen servers, a network that delivers late, a
 * connection that breaks in the middle. Nothing comes back that was deleted, nothing waits for ever.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { CodisError } from "../../../src/base/error.ts";
import type { ProxyConfig } from "../../../src/proxy/config.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { waitFor } from "../../support/deadline.ts";
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
/** For requests that nobody may tell to try again, however long the machine stands still. */
const HELD_LONG = { migrationHoldTimeoutMs: 25_000, slotHoldTimeoutMs: 25_000 };
const WAIT_MS = 25_000;
const TEST_MS = 90_000;

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

async function startWorker(
  source: string,
  target: string,
  changes: Partial<ProxyConfig> = {},
): Promise<MovingWorker> {
  const worker = await startMovingWorker({ source, target }, { ...CONFIG, ...changes });
  workers.push(worker);
  return worker;
}

async function call(client: RespConnection, ...argv: readonly string[]): Promise<string> {
  return (await client.call(...argv)).toString();
}

/** Asks until it isn't told to try again. */
function insist(client: RespConnection, ...argv: readonly string[]): Promise<string> {
  return waitFor(`an answer to ${argv.join(" ")}`, WAIT_MS, async () => {
    const reply = await call(client, ...argv);
    return TRY_AGAIN.test(reply) ? undefined : reply;
  });
}

/** Pushes a table until it is acknowledged. */
async function untilAcknowledged(push: () => Promise<void>): Promise<void> {
  await waitFor("the acknowledgement", WAIT_MS, async () => {
    await push();
    return true;
  });
}

/**
 * Resolves when a transfer was sent to a source that doesn't answer; the slot is locked then. Gives what its lock was
 * refused with. Before it is sent, the target may have to be asked whether it is alive: nothing is to settle then.
 */
function untilUnderWay(worker: MovingWorker): Promise<CodisError> {
  return waitFor("a transfer that is under way", WAIT_MS, async () => {
    try {
      await worker.lock("{t}");
    } catch (thrown) {
      if (thrown instanceof CodisError) return thrown;
      throw thrown;
    }
    await worker.migrate("{t}");
    return undefined;
  });
}

async function untilOneWaits(worker: MovingWorker): Promise<void> {
  await waitFor("a request that waits", WAIT_MS, async () =>
    (await worker.figures()).waiting > 0 ? true : undefined,
  );
}

/** IOERR replies of a server so far. */
async function ioErrorsOf(server: RedisServer): Promise<number> {
  const text = await ask(server.port, "INFO", "errorstats");
  return Number(/IOERR:count=(\d+)/.exec(text)?.[1] ?? 0);
}

describe("a frozen target", () => {
  test(
    "stalls the source once, and no longer than migration_io_timeout",
    async () => {
      const [source, target] = [await start(), await start()];
      const worker = await startWorker(source.addr, target.addr);
      const [client, other] = [await worker.connect(), await worker.connect()];
      for (let i = 0; i < 50; i++) await call(client, "SET", `{t}${i}`, `${i}`);
      await worker.lock("{t}");
      await worker.migrate("{t}");
      expect(await insist(client, "GETEX", "{t}0")).toBe("$1\r\n0\r\n");
      target.pause();
      // Some MIGRATE may be on its way just now; after it the source is left alone.
      const late = Array.from({ length: 10 }, (_, i) => client.call("GETEX", `{t}${i + 1}`));
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
      expect(await ioErrorsOf(source)).toBeLessThanOrEqual(1);
      target.resume();
      expect(await insist(client, "DEL", "{t}1")).toBe(":1\r\n");
      expect(await insist(client, "GETEX", "{t}2")).toBe("$1\r\n2\r\n");
      expect(await insist(client, "EXISTS", "{t}1")).toBe(":0\r\n");
      expect(await ask(target.port, "EXISTS", "{t}1")).toBe(":0\r\n");
      const { tryAgains, waiting } = await worker.figures();
      expect(tryAgains).toBeGreaterThanOrEqual(10);
      expect(waiting).toBe(0);
    },
    TEST_MS,
  );

  test(
    "is told as such, and its slots can be locked all the same",
    async () => {
      const [source, target] = [await start(), await start()];
      const worker = await startWorker(source.addr, target.addr);
      const client = await worker.connect();
      await call(client, "SET", "{t}a", "1");
      await worker.lock("{t}");
      await worker.migrate("{t}");
      expect(await insist(client, "GETEX", "{t}none")).toBe("$-1\r\n");
      target.pause();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await call(client, "GETEX", "{t}a")).toMatch(/^-TRYAGAIN /);
      await untilAcknowledged(() => worker.giveBack("{t}"));
      expect(await call(client, "GETEX", "{t}a")).toBe("$1\r\n1\r\n");
    },
    TEST_MS,
  );
});

describe("a frozen source", () => {
  test(
    "makes requests wait no longer than they may, and goes on afterwards",
    async () => {
      const [source, target] = [await start(), await start()];
      const worker = await startWorker(source.addr, target.addr);
      const client = await worker.connect();
      await call(client, "MSET", "{t}a", "1", "{t}b", "2", "{t}c", "3");
      await worker.lock("{t}");
      await worker.migrate("{t}");
      expect(await insist(client, "GETEX", "{t}a")).toBe("$1\r\n1\r\n");
      source.pause();
      const replies = ["{t}b", "{t}none", "{t}a"].map((name) => client.call("GETEX", name));
      expect(`${await replies[0]}`).toMatch(TRY_AGAIN);
      expect(`${await replies[1]}`).toMatch(TRY_AGAIN);
      // Of the same session and slot, so it waited as well; another session needn't.
      await replies[2];
      expect(await call(await worker.connect(), "GETEX", "{t}a")).toBe("$1\r\n1\r\n");
      // The reason was another one when the machine stood still before the transfer was sent.
      await waitFor("the reason", WAIT_MS, async () =>
        /^-TRYAGAIN .*hasn't answered/.test(await call(client, "GETEX", "{t}b")) ? true : undefined,
      );
      source.resume();
      expect(await insist(client, "DEL", "{t}b")).toBe(":1\r\n");
      expect(await insist(client, "GETSET", "{t}c", "4")).toBe("$1\r\n3\r\n");
      expect(await ask(target.port, "MGET", "{t}b", "{t}c")).toBe("*2\r\n$-1\r\n$1\r\n4\r\n");
    },
    TEST_MS,
  );

  test(
    "leaves a new table unacknowledged until its moves are settled",
    async () => {
      const [source, target] = [await start(), await start()];
      const worker = await startWorker(source.addr, target.addr, HELD_LONG);
      const client = await worker.connect();
      await call(client, "MSET", "{t}a", "1", "{t}b", "2");
      await worker.lock("{t}");
      await worker.migrate("{t}");
      expect(await insist(client, "GETEX", "{t}a")).toBe("$1\r\n1\r\n");
      source.pause();
      const waiting = client.call("GETEX", "{t}b");
      await untilOneWaits(worker);
      const refusal = await untilUnderWay(worker);
      expect(refusal.code).toBe("MOVE_UNSETTLED");
      expect(refusal.message).toContain(source.addr);
      // The table holds: the request waits for the lock now. The same push again isn't acknowledged either.
      expect((await worker.figures()).waiting).toBe(0);
      expect((await catchRejection(worker.lock("{t}"))).code).toBe("MOVE_UNSETTLED");
      // Nor is one about another slot.
      expect((await catchRejection(worker.lock("elsewhere"))).code).toBe("MOVE_UNSETTLED");
      source.resume();
      await untilAcknowledged(() => worker.lock("{t}"));
      await worker.migrate("{t}");
      expect(`${await waiting}`).toBe("$1\r\n2\r\n");
    },
    TEST_MS,
  );
});

test(
  "a connection lost in the middle of a MIGRATE is ended at the source before anything else",
  async () => {
    const [source, target] = [await start(), await start()];
    const relay = await startTcpRelay(source.port);
    relays.push(relay);
    const worker = await startWorker(relay.addr, target.addr);
    const client = await worker.connect();
    await call(client, "MSET", "{t}a", "1", "{t}b", "2");
    await worker.lock("{t}");
    await worker.migrate("{t}");
    expect(await insist(client, "GETEX", "{t}a")).toBe("$1\r\n1\r\n");
    source.pause();
    const waiting = client.call("GETEX", "{t}b");
    // It waits for its slot as well, so that it is answered without the source.
    await untilUnderWay(worker);
    relay.cut();
    expect(`${await waiting}`).toMatch(TRY_AGAIN);
    expect((await catchRejection(worker.lock("{t}"))).code).toBe("MOVE_UNSETTLED");
    relay.mend();
    source.resume();
    await untilAcknowledged(() => worker.lock("{t}"));
    await worker.migrate("{t}");
    expect(await insist(client, "GETEX", "{t}b")).toBe("$1\r\n2\r\n");
    expect(await ask(source.port, "DBSIZE")).toBe(":0\r\n");
    expect((await worker.figures()).doubts).toBeGreaterThanOrEqual(2);
  },
  TEST_MS,
);

test(
  "a source that is gone for good holds up no table",
  async () => {
    const [source, target] = [await start(), await start()];
    const worker = await startWorker(source.addr, target.addr, HELD_LONG);
    const client = await worker.connect();
    await call(client, "MSET", "{t}a", "1", "{t}b", "2");
    await worker.lock("{t}");
    await worker.migrate("{t}");
    expect(await insist(client, "GETEX", "{t}a")).toBe("$1\r\n1\r\n");
    source.pause();
    const waiting = client.call("GETEX", "{t}b");
    await untilOneWaits(worker);
    await source.kill();
    await untilAcknowledged(() => worker.finish("{t}"));
    expect(`${await waiting}`).toBe("$-1\r\n");
    expect(await call(client, "GETEX", "{t}a")).toBe("$1\r\n1\r\n");
  },
  TEST_MS,
);

test(
  "bytes of a transfer that arrive late don't bring a deleted key back",
  async () => {
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
    expect(await insist(one, "GETEX", "{t}none")).toBe("$-1\r\n");
    expect(await insist(two, "GETEX", "{t}none")).toBe("$-1\r\n");
    const before = await ioErrorsOf(source);
    relay.hold();
    const held = one.call("GETEX", "{t}a");
    await waitFor("a broken transfer", WAIT_MS, async () =>
      (await ioErrorsOf(source)) > before ? true : undefined,
    );
    relay.stopHolding();
    // The other worker moves the key; it must not be used before the bytes that are held can't arrive any more.
    expect(await insist(two, "DEL", "{t}a")).toBe(":1\r\n");
    expect((await second.figures()).doubts).toBeGreaterThanOrEqual(2);
    expect(relay.release()).toBeGreaterThanOrEqual(1);
    await held;
    expect(await insist(one, "GETEX", "{t}a")).toBe("$-1\r\n");
    expect(await insist(two, "GETEX", "{t}b")).toBe("$1\r\n2\r\n");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await ask(target.port, "EXISTS", "{t}a")).toBe(":0\r\n");
    expect(await ask(source.port, "DBSIZE")).toBe(":0\r\n");
  },
  TEST_MS,
);

test(
  "an error of the target that hides a timeout: the late rest doesn't bring a deleted key back",
  async () => {
    const [source, target] = [await start(), await start()];
    const relay = await startHoldingRelay(target.port);
    relays.push(relay);
    const worker = await startWorker(source.addr, relay.addr);
    const client = await worker.connect();
    await call(client, "MSET", "{t}a", "1", "{t}b", "2");
    await ask(target.port, "SET", "{t}a", "interrupted");
    await worker.lock("{t}");
    await worker.migrate("{t}");
    expect(await insist(client, "GETEX", "{t}none")).toBe("$-1\r\n");
    const before = (await worker.figures()).doubts;
    // The first RESTORE arrives and is answered with BUSYKEY, the second one only in part.
    relay.hold(120);
    const held = client.call("MGET", "{t}a", "{t}b");
    await waitFor("a doubt", WAIT_MS, async () =>
      (await worker.figures()).doubts > before ? true : undefined,
    );
    expect(await ask(source.port, "INFO", "errorstats")).not.toContain("IOERR");
    relay.stopHolding();
    await held;
    expect(await insist(client, "DEL", "{t}b")).toBe(":1\r\n");
    expect(relay.release()).toBeGreaterThanOrEqual(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await ask(target.port, "EXISTS", "{t}b")).toBe(":0\r\n");
    expect(await insist(client, "GETEX", "{t}a")).toBe("$11\r\ninterrupted\r\n");
  },
  TEST_MS,
);
