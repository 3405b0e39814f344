/**
 * One large hash, moved by the slots commands of the module and by MIGRATE between the same two servers, under a light
 * load. How long the servers keep others waiting is measured with a PING every millisecond, the same while nothing is
 * moved.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { RedisClient } from "../../src/redis/client.ts";
import { itemsOf, numberOf, textOf } from "../../src/redis/reply.ts";
import { startSlotsServer } from "../../test/support/slots-module.ts";
import { startLightLoad } from "./light-load.ts";
import { startPing } from "./ping-process.ts";
import type { PingFigures } from "./ping-script.ts";

/** What one move, or the time without one, has shown. */
export interface BigKeyFigures {
  readonly name: BigKeyWay;
  readonly seconds: number;
  /** Of the server that gave the key away, and of the one that got it. */
  readonly pings: readonly [PingFigures, PingFigures];
}

/** How the key is moved. */
export type BigKeyWay = "nothing moves" | "module" | "MIGRATE";

const KEY = "big";
const FIELDS_AT_ONCE = 500;
const FIELD_DIGITS = 9;
const VALUE_BYTES = 54;
const QUIET_MS = 4_000;
const REST_MS = 500;
const MOVE_MS = 120_000;
/** What the dashboard's configuration has: timeout, maxbulks, maxbytes. */
const ORDER = ["30000", "200", "33554432"];

/** Starts the servers, fills one, and measures all three. Each field is about 64 bytes with its value. */
export async function measureBigKey(fields: number): Promise<readonly BigKeyFigures[]> {
  const source = await startSlotsServer();
  const target = await startSlotsServer();
  const clients = await Promise.all(
    [source, target].map(({ addr }) => RedisClient.connect({ addr })),
  );
  const [atSource, atTarget] = clients;
  if (atSource === undefined || atTarget === undefined) {
    throw new Error("no connection");
  }
  const ping = startPing([source.port, target.port]);
  const load = await startLightLoad(source.addr);
  try {
    await fillHash(atSource, fields);
    const measure = async (name: BigKeyWay, work: () => Promise<void>): Promise<BigKeyFigures> => {
      await sleep(REST_MS);
      ping.reset();
      const begunAt = performance.now();
      await work();
      const seconds = (performance.now() - begunAt) / 1_000;
      const [first, second] = await ping.report();
      if (first === undefined || second === undefined) {
        throw new Error("no figures of the pings");
      }
      // MIGRATE takes the way back.
      return { name, seconds, pings: name === "MIGRATE" ? [second, first] : [first, second] };
    };
    const figures = [
      await measure("nothing moves", () => sleep(QUIET_MS)),
      await measure("module", async () => {
        const to = ["127.0.0.1", `${target.port}`, ...ORDER];
        const moved = await atSource.call(["SLOTSMGRTTAGONE-ASYNC", ...to, KEY], {
          timeoutMs: MOVE_MS,
        });
        await checkMoved(numberOf(moved) === 1, atSource, atTarget, fields);
      }),
      await measure("MIGRATE", async () => {
        const to = ["127.0.0.1", `${source.port}`, KEY, "0", `${MOVE_MS}`];
        const moved = await atTarget.call(["MIGRATE", ...to], { timeoutMs: MOVE_MS });
        await checkMoved(textOf(moved) === "OK", atTarget, atSource, fields);
      }),
    ];
    return figures;
  } finally {
    await load.stop();
    await ping.stop();
    for (const client of clients) {
      client.close();
    }
    await Promise.allSettled([source.stop(), target.stop()]);
  }
}

async function fillHash(client: RedisClient, fields: number): Promise<void> {
  for (let first = 0; first < fields; first += FIELDS_AT_ONCE) {
    const command = ["HSET", KEY];
    for (let index = first; index < Math.min(first + FIELDS_AT_ONCE, fields); index += 1) {
      command.push(
        `f${`${index}`.padStart(FIELD_DIGITS, "0")}`,
        `${index}`.padEnd(VALUE_BYTES, "."),
      );
    }
    await client.call(command);
  }
}

/** A move that lost something isn't measured. */
async function checkMoved(
  isAnswered: boolean,
  from: RedisClient,
  to: RedisClient,
  fields: number,
): Promise<void> {
  const left = numberOf(await from.call(["EXISTS", KEY]));
  const arrived = numberOf(await to.call(["HLEN", KEY]));
  const last = `f${`${fields - 1}`.padStart(FIELD_DIGITS, "0")}`;
  const [value] = itemsOf(await to.call(["HMGET", KEY, last])) ?? [];
  const isWhole = textOf(value) === `${fields - 1}`.padEnd(VALUE_BYTES, ".");
  if (!(isAnswered && isWhole && left === 0 && arrived === fields)) {
    throw new Error(`the hash wasn't moved: ${left} left, ${arrived} fields have arrived`);
  }
}
