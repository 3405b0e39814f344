/** The connection that is kept for polling: made when needed, made anew, and rested after a failed try. */
import { expect, test } from "bun:test";
import { textOf } from "../../src/redis/reply.ts";
import { ServerConnection } from "../../src/redis/server-connection.ts";
import type { RespValue } from "../../src/resp/value.ts";
import { catchRejection } from "../support/caught-error.ts";
import { waitFor } from "../support/deadline.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeRedis } from "../support/fake-redis.ts";
import { freePort } from "../support/free-port.ts";
import { startRawServer } from "../support/raw-server.ts";

const PONG = (value: RespValue) => textOf(value) === "PONG";

test("calls at the same time share one connection, and nothing connects before the first", async () => {
  const fake = await FakeRedis.start();
  const connection = new ServerConnection({ addr: fake.addr });
  expect(fake.connectionCount).toBe(0);
  const replies = await Promise.all([1, 2, 3].map(() => connection.call(["PING"])));
  expect(replies.every(PONG)).toBe(true);
  expect(fake.connectionCount).toBe(1);
  connection.close();
  await fake.close();
});

test("a connection that broke is made anew with the next call", async () => {
  const fake = await FakeRedis.start();
  const connection = new ServerConnection({ addr: fake.addr });
  await connection.call(["PING"]);
  fake.dropConnections();
  await waitFor("a call that works again", 30_000, async () =>
    PONG(await connection.call(["PING"])) ? true : undefined,
  );
  expect(fake.connectionCount).toBe(2);
  expect(connection.isResting).toBe(false);
  connection.close();
  await fake.close();
});

test("after a failed try calls fail at once with its error, until the rest is over", async () => {
  let accepted = 0;
  const server = await startRawServer((socket) => {
    accepted += 1;
    socket.end();
  });
  const clock = new FakeClock();
  const backoff = { minMs: 1_000, maxMs: 4_000, random: () => 0 };
  const connection = new ServerConnection({ addr: server.addr, clock, backoff });
  const first = await catchRejection(connection.call(["PING"]));
  expect(connection.isResting).toBe(true);
  expect(await catchRejection(connection.call(["PING"]))).toBe(first);
  expect(accepted).toBe(1);
  // Half of 1000, 2000, 4000, 4000: the random part is 0.
  for (const restMs of [500, 1_000, 2_000, 2_000]) {
    clock.advance(restMs - 1);
    expect(connection.isResting).toBe(true);
    clock.advance(1);
    expect(connection.isResting).toBe(false);
    await catchRejection(connection.call(["PING"]));
  }
  expect(accepted).toBe(5);
  connection.close();
  await server.close();
});

test("a closed one connects no more", async () => {
  const addr = `127.0.0.1:${await freePort()}`;
  const connection = new ServerConnection({ addr });
  connection.close();
  const error = await catchRejection(connection.call(["PING"]));
  expect(error.message).toContain("closed from this side");
});
