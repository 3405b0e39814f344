/**
 * A light load for stalls to be felt under: a few clients in this process, each of which writes a small key of its own,
 * reads it back, and rests. What they feel isn't measured here; the pings of `ping-script.ts` do that.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { RedisClient } from "../../src/redis/client.ts";
import { textOf } from "../../src/redis/reply.ts";

/** A load that runs. */
export interface LightLoad {
  /** Ends it; resolves with the number of requests that were answered. Rejects when an answer was wrong. */
  stop(): Promise<number>;
}

const CLIENTS = 4;
const REST_MS = 2;
const KEYS = 1_000;
const VALUE_BYTES = 64;
/** A server that is busy with one large MIGRATE answers nobody. */
const ANSWER_MS = 60_000;

/** Starts the clients. */
export async function startLightLoad(addr: string): Promise<LightLoad> {
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => RedisClient.connect({ addr })),
  );
  let isStopped = false;
  let requests = 0;
  const work = async (client: RedisClient, index: number): Promise<void> => {
    for (let turn = 0; !isStopped; turn += 1) {
      const key = `light:${index}:${turn % KEYS}`;
      const value = `${turn}`.padEnd(VALUE_BYTES, ".");
      await client.call(["SET", key, value], { timeoutMs: ANSWER_MS });
      const read = textOf(await client.call(["GET", key], { timeoutMs: ANSWER_MS }));
      if (read !== value) {
        throw new Error(`${addr}: ${key} was ${value}, and is ${read}`);
      }
      requests += 2;
      await sleep(REST_MS);
    }
  };
  const working = Promise.all(clients.map(work));
  // Told by stop().
  working.catch(() => undefined);
  return {
    async stop() {
      isStopped = true;
      try {
        await working;
        return requests;
      } finally {
        for (const client of clients) {
          client.close();
        }
      }
    },
  };
}
