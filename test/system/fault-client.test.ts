/**
 * Clients that would bring a careless proxy down: one that asks without end and reads nothing, ones that
 * send a byte now and then, ten thousand at once. Others must be served all the while, and memory stays
 * bounded.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { frameOf, runGreedyClient } from "../support/greedy-client.ts";
import { wasFrozen } from "../support/held-proxy.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import type { RespConnection } from "../support/resp-connection.ts";
import { RunningClock } from "../support/running-clock.ts";
import {
  ask,
  keyOfGroup,
  type RunningProxy,
  type RunningProxyOptions,
  startProxy,
} from "../support/running-proxy.ts";

const TEST_MS = 120_000;
const MB = 1024 * 1024;
/** Over what the proxy has before: buffers of both sides, and what its collector has yet to find. */
const GROWTH_BYTES_MAX = 120 * MB;
/** For the others, while a greedy client is served, on a busy machine; the long form is strict. */
const SLOWEST_MS_MAX = 8_000;
const KEY = keyOfGroup(1, 2);
const OTHER_KEY = keyOfGroup(2, 2);

let servers: readonly RedisServer[];
let proxy: RunningProxy | undefined;

beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
});

beforeEach(async () => {
  for (const server of servers) await ask(server.port, "FLUSHALL");
});

afterEach(async () => {
  await proxy?.stop();
  proxy = undefined;
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

async function startHere(
  config: NonNullable<RunningProxyOptions["config"]> = {},
): Promise<RunningProxy> {
  proxy = await startProxy({ servers: servers.map((server) => server.addr), config });
  return proxy;
}

function closedSessions(of: RunningProxy): readonly string[] {
  const lines = of.log().filter((line) => line["event"] === "session.closed");
  return lines.map((line) => `${line["reason"]}: ${line["msg"]}`);
}

describe("a client that sends a million requests and reads nothing", () => {
  test.each([
    ["GET of both groups in turn", frameOf("GET", KEY) + frameOf("GET", OTHER_KEY)],
    ["PING, which the proxy answers itself", frameOf("PING", "x".repeat(100))],
    ["a command that the proxy must look up", frameOf("NOSUCHCOMMAND", KEY)],
  ])(
    "(%s) is slowed down, then closed with a line in the log",
    async (_name, request) => {
      const running = await startHere({ session_send_timeout: "1s" });
      const value = "v".repeat(100);
      expect(await ask(running.port, "MSET", KEY, value, OTHER_KEY, value)).toBe("+OK\r\n");
      const probe = { argv: ["GET", OTHER_KEY], reply: `$100\r\n${value}\r\n` };
      const outcome = await runGreedyClient(running, request, probe);
      expect(outcome.wrong).toEqual([]);
      expect(outcome.growthBytes).toBeLessThan(GROWTH_BYTES_MAX);
      expect(outcome.slowestMs).toBeLessThan(SLOWEST_MS_MAX);
      await waitFor("log line about the greedy client", 30_000, () =>
        closedSessions(running).some((line) => /^send_timeout: .*weren't read in time/.test(line))
          ? true
          : undefined,
      );
    },
    TEST_MS,
  );

  test(
    "and reads in the end gets every reply, in order",
    async () => {
      const running = await startHere();
      const client = await running.connect();
      const total = 200_000;
      const frames: string[] = [];
      for (let number = 0; number < total; number++) {
        frames.push(
          number % 3 === 0
            ? frameOf("ECHO", `${number}`)
            : frameOf("INCR", number % 3 === 1 ? KEY : OTHER_KEY),
        );
      }
      client.write(Buffer.from(frames.join("")));
      const counters = [0, 0, 0];
      for (let number = 0; number < total; number++) {
        const kind = number % 3;
        const count = (counters[kind] ?? 0) + 1;
        counters[kind] = count;
        const text = `${number}`;
        const wanted = kind === 0 ? `$${text.length}\r\n${text}\r\n` : `:${count}\r\n`;
        const reply = `${await client.next(`reply ${number}`)}`;
        if (reply !== wanted) expect(reply).toBe(wanted);
      }
      client.destroy();
    },
    TEST_MS,
  );
});

test("a client that closes its half gets all its replies, and then the other half", async () => {
  const running = await startHere();
  const socket = connect({ port: running.port, host: "127.0.0.1", allowHalfOpen: true });
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  const ended = new Promise<void>((resolve, reject) => {
    socket.once("end", resolve);
    socket.once("error", reject);
  });
  const requests = frameOf("SET", KEY, "1") + frameOf("SET", OTHER_KEY, "2");
  socket.end(`${requests}${frameOf("MGET", KEY, OTHER_KEY)}${frameOf("DBSIZE")}PING\r\n`);
  await withDeadline("end of the proxy's half", 30_000, ended);
  expect(text).toBe("+OK\r\n+OK\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n:2\r\n+PONG\r\n");
  socket.destroy();
});

describe("clients that are slow", () => {
  test(
    "a hundred that send byte by byte get their answers, and delay nobody",
    async () => {
      const running = await startHere();
      const request = Buffer.from(frameOf("SET", KEY, "v") + frameOf("MGET", KEY, OTHER_KEY));
      const slow = await Promise.all(Array.from({ length: 100 }, () => running.connect()));
      const fast = await running.connect();
      const clock = new RunningClock();
      let slowestMs = 0;
      for (const byte of request) {
        for (const client of slow) client.write(Buffer.of(byte));
        const { tookMs } = await clock.time(() => fast.call("GET", OTHER_KEY));
        slowestMs = Math.max(slowestMs, tookMs);
      }
      for (const client of slow) {
        expect(`${await client.next()}`).toBe("+OK\r\n");
        expect(`${await client.next()}`).toBe("*2\r\n$1\r\nv\r\n$-1\r\n");
        client.destroy();
      }
      expect(slowestMs).toBeLessThan(SLOWEST_MS_MAX);
      fast.destroy();
    },
    TEST_MS,
  );

  test(
    "one that stops in the middle of a request is closed after session_recv_timeout",
    async () => {
      // Longer than a shared machine stands still, or the one that goes on asking would be closed as well.
      const running = await startHere({ session_recv_timeout: "5s" });
      const client = await running.connect();
      client.write(Buffer.from("*3\r\n$3\r\nSET\r\n$100\r\nhalf a key"));
      const large = await running.connect();
      large.write(
        Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000000\r\n${"x".repeat(1_000_000)}`),
      );
      const busy = await running.connect();
      const idle = Promise.all([client.closed, large.closed]).then(() => "closed");
      // A client that goes on asking stays.
      const endsAt = performance.now() + 30_000;
      let outcome = "open";
      while (outcome === "open" && performance.now() < endsAt) {
        expect(`${await busy.call("PING")}`).toBe("+PONG\r\n");
        outcome = await Promise.race([
          idle,
          new Promise<string>((r) => setTimeout(() => r("open"), 100)),
        ]);
      }
      expect(outcome).toBe("closed");
      expect(`${await busy.call("PING")}`).toBe("+PONG\r\n");
      busy.destroy();
    },
    TEST_MS,
  );
});

test(
  "ten thousand clients are served, and one more is told why not",
  async () => {
    const count = 10_000;
    const limit = Number(
      /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1],
    );
    if (limit < count + 200) {
      throw new Error(`ulimit -n is ${limit}: a test with ${count} clients needs ${count + 200}`);
    }
    const running = await startHere({ proxy_max_clients: count });
    const clients: RespConnection[] = [];
    while (clients.length < count) {
      const batch = Array.from({ length: 250 }, () => running.connect());
      clients.push(...(await Promise.all(batch)));
    }
    for (let start = 0; start < count; start += 1_000) {
      const batch = clients.slice(start, start + 1_000);
      const set = (client: RespConnection, index: number): Promise<Buffer> =>
        client.call("SET", `client:${start + index}`, `${index}`);
      let replies = await Promise.all(batch.map(set));
      if (wasFrozen(running)) {
        // A proxy that stood still gives up what it hasn't sent yet, rightly, and says so.
        replies = await Promise.all(batch.map(set));
      }
      expect(new Set(replies.map(String))).toEqual(new Set(["+OK\r\n"]));
    }
    const sizes = await Promise.all(servers.map((server) => ask(server.port, "DBSIZE")));
    expect(sizes.reduce((sum, size) => sum + Number(size.slice(1)), 0)).toBe(count);

    const extra = await running.connect();
    expect(`${await extra.next()}`).toBe("-ERR max number of clients reached\r\n");
    await withDeadline("end of the extra client", 30_000, extra.closed);
    for (const client of clients) client.destroy();
    await waitFor("room for a client", 30_000, async () => {
      const reply = await ask(running.port, "PING");
      return reply === "+PONG\r\n" ? true : undefined;
    });
  },
  TEST_MS,
);
