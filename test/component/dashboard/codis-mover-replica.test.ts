/**
 * The `codis` mover in its semi-async way where the target has a replica: a key leaves the source only when a replica
 * of the target has it, so that a target that dies takes nothing with it.
 */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { FORWARD_METHOD } from "../../../src/model/slot.ts";
import { RedisClient } from "../../../src/redis/client.ts";
import { itemsOf, numberOf } from "../../../src/redis/reply.ts";
import { startCodisPair } from "../../support/codis-mover-pair.ts";
import { waitFor } from "../../support/deadline.ts";
import {
  ALL_SLOTS,
  CALM_LIMITS,
  FAST_SYNC,
  fillKeys,
  findWrong,
  keysOf,
  type MoverPair,
  movedKeys,
  paceOf,
  recordMover,
  serverAt,
  sizeOf,
  startTargetReplica,
  troublesOf,
} from "../../support/mover-pair.ts";
import { PATIENT } from "../../support/patience.ts";
import type { RedisServer } from "../../support/redis-server.ts";
import { startSlotsServer } from "../../support/slots-module.ts";

const WAIT_MS = 20_000;

setDefaultTimeout(60_000);

let pair: MoverPair | undefined;
let replica: RedisServer | undefined;

afterEach(async () => {
  replica?.resume();
  await pair?.close();
  await replica?.stop();
  pair = undefined;
  replica = undefined;
});

async function startWithReplica(): Promise<{ pair: MoverPair; replica: RedisServer }> {
  const started = await startCodisPair(FORWARD_METHOD.semiAsync, FAST_SYNC);
  pair = started;
  const follower = await startTargetReplica(started, startSlotsServer);
  replica = follower;
  return { pair: started, replica: follower };
}

/** Those that have their value nowhere. */
async function findLost(
  names: readonly string[],
  ...servers: readonly RedisClient[]
): Promise<readonly string[]> {
  let lost = names;
  for (const server of servers) {
    lost = await findWrong(server, lost);
  }
  return lost;
}

test("everything is at the replica when the source says that it has moved", async () => {
  const { pair: servers, replica: follower } = await startWithReplica();
  const { atSource, startMover } = servers;
  const names = await fillKeys(atSource, "key", 5_000);
  const { mover, emptied, log } = startMover({ limits: () => CALM_LIMITS });
  mover.add(ALL_SLOTS);
  await emptied(ALL_SLOTS);
  const atReplica = await RedisClient.connect({ ...PATIENT, addr: follower.addr });
  expect(await findWrong(atReplica, names)).toEqual([]);
  expect(await sizeOf(atSource)).toBe(0);
  expect(troublesOf(log)).toEqual([]);
  atReplica.close();
});

test("a large key in chunks leaves when the replica has all of it", async () => {
  const { pair: servers, replica: follower } = await startWithReplica();
  const { atSource, startMover } = servers;
  const fields = Array.from({ length: 20_000 }, (_, index) => [`f${index}`, `v${index}`]);
  await atSource.call(["HSET", "hash", ...fields.flat()]);
  const { mover, emptied } = startMover();
  mover.add(ALL_SLOTS);
  await emptied(ALL_SLOTS);
  const atReplica = await RedisClient.connect({ ...PATIENT, addr: follower.addr });
  expect(numberOf(await atReplica.call(["HLEN", "hash"]))).toBe(fields.length);
  expect(numberOf(await atReplica.call(["PTTL", "hash"]))).toBe(-1);
  atReplica.close();
});

test("while the replica is frozen no key leaves; a target that dies then takes nothing with it", async () => {
  const { pair: servers, replica: follower } = await startWithReplica();
  const { atSource, source, target, startMover } = servers;
  const names = await fillKeys(atSource, "key", 20_000);
  const first = startMover({ pace: paceOf(20_000) });
  first.mover.add(ALL_SLOTS);
  await movedKeys(first, 2_000);
  follower.pause();
  await first.trouble(/replicas of server .* have not acknowledged what was moved/);
  const left = await sizeOf(atSource);
  expect(left).toBeGreaterThan(0);
  // Nothing more is ordered; after some tries it is the same.
  await waitFor("retries", WAIT_MS, () => (first.log.retries > 2 ? true : undefined));
  expect(await sizeOf(atSource)).toBe(left);
  // What the source holds can be used all the while.
  const [held = ""] = await keysOf(atSource);
  const wrapped = await atSource.call(["SLOTSMGRT-EXEC-WRAPPER", held, "GET", held]);
  expect(numberOf(itemsOf(wrapped)?.[0])).toBe(2);
  await target.kill();
  follower.resume();
  const atReplica = await RedisClient.connect({ ...PATIENT, addr: follower.addr });
  await atReplica.call(["REPLICAOF", "NO", "ONE"]);
  expect(await findLost(names, atSource, atReplica)).toEqual([]);
  await first.mover.close();
  // The dashboard would go on with the new master.
  const second = recordMover({
    source: serverAt(source.addr, 1),
    target: serverAt(follower.addr, 2),
    create: servers.create,
  });
  second.mover.add(ALL_SLOTS);
  await second.emptied(ALL_SLOTS);
  expect(await sizeOf(atSource)).toBe(0);
  expect(await findWrong(atReplica, names)).toEqual([]);
  expect(await sizeOf(atReplica)).toBe(names.length);
  await second.mover.close();
  atReplica.close();
});

test("a replica that is gone isn't waited for", async () => {
  const { pair: servers, replica: follower } = await startWithReplica();
  const { atSource, atTarget, startMover } = servers;
  const names = await fillKeys(atSource, "key", 5_000);
  const { mover, emptied } = startMover({ pace: paceOf(10_000) });
  mover.add(ALL_SLOTS);
  await waitFor("some keys", WAIT_MS, async () =>
    (await sizeOf(atSource)) < names.length ? true : undefined,
  );
  await follower.kill();
  await emptied(ALL_SLOTS);
  expect(await findWrong(atTarget, names)).toEqual([]);
});
