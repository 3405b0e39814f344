/**
 * The mover when a server dies, freezes or is full: it goes on by itself, and nothing is lost or doubled.
 */
import { afterEach, expect, test } from "bun:test";
import type { RedisClient } from "../../../src/redis/client.ts";
import { waitFor } from "../../support/deadline.ts";
import {
  ALL_SLOTS,
  checkAllArrived,
  fillKeys,
  type MoverPair,
  movedKeys,
  paceOf,
  type RecordedMover,
  sizeOf,
  startPair,
} from "../../support/mover-pair.ts";

const KEYS = 6_000;

let pair: MoverPair | undefined;

afterEach(async () => {
  await pair?.close();
  pair = undefined;
});

/** A trouble of before, of a machine that stood still, would be taken for that of a server that is frozen next. */
async function forgetTroubles({ log }: RecordedMover): Promise<void> {
  await waitFor("a move without trouble", 20_000, () =>
    log.troubles.at(-1) === undefined ? true : undefined,
  );
  for (const list of [log.troubles, log.codes, log.forPeople]) {
    list.length = 0;
  }
}

test("the source is killed and comes back with its AOF", async () => {
  pair = await startPair({ sourceArgs: ["--appendonly", "yes", "--appendfsync", "always"] });
  const names = await fillKeys(pair.atSource, "key", KEYS);
  const recorded = pair.startMover({ pace: paceOf(4_000) });
  recorded.mover.add(ALL_SLOTS);
  await movedKeys(recorded, 300);
  await pair.restartSource();
  await recorded.emptied(ALL_SLOTS);
  await checkAllArrived(pair, names);
  expect(recorded.log.retries).toBeGreaterThan(0);
  expect(recorded.log.troubles.at(-1)).toBeUndefined();
});

test("the source is frozen: the move waits, is said to, and goes on", async () => {
  pair = await startPair();
  const names = await fillKeys(pair.atSource, "key", KEYS);
  const recorded = pair.startMover({ pace: paceOf(4_000) });
  recorded.mover.add(ALL_SLOTS);
  await movedKeys(recorded, 300);
  await forgetTroubles(recorded);
  pair.source.pause();
  const moved = recorded.log.movedKeys;
  await recorded.trouble(/doesn't answer/);
  expect(recorded.log.movedKeys - moved).toBeLessThan(1_000);
  pair.source.resume();
  await recorded.emptied(ALL_SLOTS);
  await checkAllArrived(pair, names);
});

test("the target is frozen: the source serves on, but for one io timeout", async () => {
  pair = await startPair();
  const names = await fillKeys(pair.atSource, "key", KEYS);
  const recorded = pair.startMover({ pace: paceOf(4_000) });
  recorded.mover.add(ALL_SLOTS);
  await movedKeys(recorded, 300);
  await forgetTroubles(recorded);
  pair.target.pause();
  await recorded.trouble(/lost server|doesn't answer/);
  // A further MIGRATE would make the source stand still for 300 ms again.
  const calls = await migrateCalls(pair.atSource);
  expect(calls).toBeGreaterThan(0);
  for (let round = 0; round < 30; round += 1) {
    await pair.atSource.call(["PING"]);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await migrateCalls(pair.atSource)).toBe(calls);
  pair.target.resume();
  await recorded.emptied(ALL_SLOTS);
  await checkAllArrived(pair, names);
}, 90_000);

test("the target is full: trouble for people; it goes on when there is room again", async () => {
  pair = await startPair();
  const names = await fillKeys(pair.atSource, "key", KEYS, 200);
  const { used_memory: used } = Object.fromEntries(
    `${(await infoText(pair.atTarget, "memory")) ?? ""}`
      .split("\r\n")
      .map((line) => line.split(":") as [string, string]),
  );
  await pair.atTarget.call(["CONFIG", "SET", "maxmemory", `${Number(used) + 400_000}`]);
  const recorded = pair.startMover();
  recorded.mover.add(ALL_SLOTS);
  const reason = await recorded.trouble(/is full/);
  expect(reason).toContain(pair.target.addr);
  expect(recorded.log.forPeople[recorded.log.troubles.indexOf(reason)]).toBe(true);
  const { atSource, atTarget } = pair;
  // It tries on, so a key may move between the two looks.
  await waitFor("all keys, each on one side", 20_000, async () =>
    (await sizeOf(atSource)) + (await sizeOf(atTarget)) === names.length ? true : undefined,
  );
  await pair.atTarget.call(["CONFIG", "SET", "maxmemory", "0"]);
  await recorded.emptied(ALL_SLOTS);
  await checkAllArrived(pair, names);
}, 60_000);

/** MIGRATEs that the server has carried out, in whatever way. */
async function migrateCalls(client: RedisClient): Promise<number> {
  const stats = (await infoText(client, "commandstats")) ?? "";
  return Number(/cmdstat_migrate:calls=(\d+)/.exec(stats)?.[1]);
}

async function infoText(client: RedisClient, section: string): Promise<string | undefined> {
  const value = await client.call(["INFO", section]);
  return value.type === "bulk" ? value.bytes.toString() : undefined;
}
