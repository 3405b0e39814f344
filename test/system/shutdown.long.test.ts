/**
 * Many ends of a proxy under load, at random moments: SIGTERM must lose nothing and acknowledge all that
 * was done, SIGKILL must lose nothing that was acknowledged. The seed is printed; CODIS_TEST_SEED sets it.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  counterOf,
  newWriters,
  WRITER_PIPELINE,
  waitForWrites,
} from "../support/counting-writer.ts";
import { withDeadline } from "../support/deadline.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { ask, startProxy } from "../support/running-proxy.ts";

const ROUND_COUNT = 25;
const TEST_MS = 300_000;
const seed = Number(process.env["CODIS_TEST_SEED"] ?? Date.now() % 1_000_000);

let servers: readonly RedisServer[];

beforeAll(async () => {
  process.stdout.write(`seed ${seed}\n`);
  servers = await Promise.all([startRedis(), startRedis()]);
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

/** The next number of a linear congruential generator, from 0 to 2^31. */
function next(state: number): number {
  return (state * 1_103_515_245 + 12_345) % 2_147_483_648;
}

test.each([1, 2])(
  "%d workers end in good order, or are killed, under load again and again",
  async (workers) => {
    let state = seed;
    for (let round = 0; round < ROUND_COUNT; round++) {
      for (const server of servers) await ask(server.port, "FLUSHALL");
      const addrs = servers.map((server) => server.addr);
      const proxy = await startProxy({ servers: addrs, config: { workers } });
      const writers = newWriters(32);
      const running = writers.map((writer) => writer.run(proxy.port));
      state = next(state);
      await waitForWrites(writers, 500 + (state % 20_000));
      state = next(state);
      const isKilled = Math.floor(state / 65_536) % 2 === 0;
      if (isKilled) await proxy.kill();
      else expect(await proxy.stop()).toMatchObject({ code: 0, stderr: "" });
      await withDeadline("end of the writers", 10_000, Promise.all(running));
      for (const writer of writers) {
        expect(writer.errors).toEqual([]);
        const done = await counterOf(servers, writer.key);
        expect(done).toBeGreaterThanOrEqual(writer.acknowledged);
        expect(done - writer.acknowledged).toBeLessThanOrEqual(isKilled ? WRITER_PIPELINE : 0);
      }
    }
  },
  TEST_MS,
);
