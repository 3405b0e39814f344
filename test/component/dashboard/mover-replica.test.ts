/**
 * The mover where the target has a replica: a key leaves the source only when a replica of the target has it.
 */
import { afterEach, expect, test } from "bun:test";
import { RedisClient } from "../../../src/redis/client.ts";
import { waitFor } from "../../support/deadline.ts";
import {
  ALL_SLOTS,
  CALM_LIMITS,
  callAll,
  FAST_SYNC,
  fillKeys,
  findWrong,
  type MoverPair,
  sizeOf,
  startPair,
  startTargetReplica,
  troublesOf,
} from "../../support/mover-pair.ts";
import { PATIENT } from "../../support/patience.ts";
import type { RedisServer } from "../../support/redis-server.ts";

const WAIT_MS = 30_000;

let pair: MoverPair | undefined;
let replica: RedisServer | undefined;

afterEach(async () => {
  replica?.resume();
  await pair?.close();
  await replica?.stop();
  pair = undefined;
  replica = undefined;
});

async function startPairWithReplica(): Promise<{ pair: MoverPair; replica: RedisServer }> {
  const started = await startPair({ targetArgs: FAST_SYNC });
  pair = started;
  const follower = await startTargetReplica(started);
  replica = follower;
  return { pair: started, replica: follower };
}

test("everything arrives at the replica too, duplicates are solved", async () => {
  const started = await startPairWithReplica();
  const { atSource, atTarget } = started.pair;
  const names = await fillKeys(atSource, "key", 5_000);
  await callAll(
    atTarget,
    names.slice(0, 100).map((name) => ["SET", name, `${name} at the target`]),
  );
  const { mover, emptied, log } = started.pair.startMover({ limits: () => CALM_LIMITS });
  mover.add(ALL_SLOTS);
  await emptied(ALL_SLOTS);
  expect(await sizeOf(atSource)).toBe(0);
  expect(await findWrong(atTarget, names)).toEqual([]);
  expect(log.movedKeys).toBe(names.length);
  expect(troublesOf(log)).toEqual([]);
  const atReplica = await RedisClient.connect({ ...PATIENT, addr: started.replica.addr });
  expect(await findWrong(atReplica, names)).toEqual([]);
  atReplica.close();
});

test("while the replica is frozen no key leaves the source", async () => {
  const started = await startPairWithReplica();
  const { atSource, atTarget } = started.pair;
  const names = await fillKeys(atSource, "key", 2_000);
  started.replica.pause();
  const { mover, emptied, trouble, log } = started.pair.startMover();
  mover.add(ALL_SLOTS);
  await trouble(/have not acknowledged/);
  expect(await sizeOf(atSource)).toBe(names.length);
  expect(log.movedKeys).toBe(0);
  started.replica.resume();
  await emptied(ALL_SLOTS);
  expect(await sizeOf(atSource)).toBe(0);
  expect(await findWrong(atTarget, names)).toEqual([]);
  expect(log.troubles.at(-1)).toBeUndefined();
}, 90_000);

test("a target that dies with keys that only it had yet: the source has them still", async () => {
  const started = await startPairWithReplica();
  const { atSource, target } = started.pair;
  const names = await fillKeys(atSource, "key", 2_000);
  const { mover, log, trouble } = started.pair.startMover();
  mover.add(ALL_SLOTS);
  await waitFor("first keys", WAIT_MS, () => (log.movedKeys > 0 ? true : undefined));
  await target.kill();
  await trouble(/server/);
  const atReplica = await RedisClient.connect({ ...PATIENT, addr: started.replica.addr });
  const lost: string[] = [];
  for (const name of await findWrong(atReplica, names)) {
    if ((await findWrong(atSource, [name])).length > 0) {
      lost.push(name);
    }
  }
  expect(lost).toEqual([]);
  atReplica.close();
});
