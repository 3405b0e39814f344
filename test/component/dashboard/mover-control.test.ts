/**
 * The mover as it is steered: speed limit, pause, slots that are taken away, the end, and rest without work.
 */
import { afterEach, expect, test } from "bun:test";
import { CodisError } from "../../../src/base/error.ts";
import type { Pace } from "../../../src/dashboard/migration/contract.ts";
import { numberOf, textOf } from "../../../src/redis/reply.ts";
import { fetchInfo } from "../../../src/redis/server-command.ts";
import { catchRejection } from "../../support/caught-error.ts";
import {
  ALL_SLOTS,
  CALM_LIMITS,
  checkAllArrived,
  fillKeys,
  type MoverPair,
  movedKeys,
  paceOf,
  sizeOf,
  slotOfKey,
  startPair,
} from "../../support/mover-pair.ts";
import { PATIENT } from "../../support/patience.ts";

let pair: MoverPair | undefined;

afterEach(async () => {
  await pair?.close();
  pair = undefined;
});

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test("the speed limit is kept, with many small batches", async () => {
  pair = await startPair();
  const names = await fillKeys(pair.atSource, "key", 6_000);
  const recorded = pair.startMover({ pace: paceOf(2_000) });
  recorded.mover.add(ALL_SLOTS);
  await movedKeys(recorded, 500);
  const begunAtMs = performance.now();
  const before = recorded.log.movedKeys;
  await sleep(1_500);
  const perSecond = ((recorded.log.movedKeys - before) * 1_000) / (performance.now() - begunAtMs);
  expect(perSecond).toBeLessThan(3_000);
  await recorded.emptied(ALL_SLOTS);
  await checkAllArrived(pair, names);
  const stats = textOf(await pair.atSource.call(["INFO", "commandstats"])) ?? "";
  const calls = Number(/cmdstat_migrate:calls=(\d+)/.exec(stats)?.[1]);
  expect(calls).toBeGreaterThanOrEqual(50);
});

test("paused it moves nothing, and goes on; slots without keys still come to their end", async () => {
  pair = await startPair();
  const names = await fillKeys(pair.atSource, "key", 2_000);
  let isPaused = true;
  const pace: Pace = { take: () => (isPaused ? Number.POSITIVE_INFINITY : 0) };
  const { mover, log, emptied } = pair.startMover({ pace });
  mover.add(ALL_SLOTS);
  await sleep(1_600);
  expect(log.movedKeys).toBe(0);
  expect(await sizeOf(pair.atSource)).toBe(names.length);
  isPaused = false;
  await emptied(ALL_SLOTS);
  await checkAllArrived(pair, names);
});

test("slots that were removed stay as they are from then on", async () => {
  pair = await startPair();
  const { atSource, atTarget } = pair;
  const names = await fillKeys(atSource, "key", 6_000);
  const recorded = pair.startMover({ pace: paceOf(4_000) });
  recorded.mover.add(ALL_SLOTS);
  await movedKeys(recorded, 500);
  const removed = new Set(ALL_SLOTS.filter((id) => id % 2 === 1));
  await recorded.mover.remove([...removed]);
  const count = async (): Promise<number> => {
    const kept = names.filter((name) => removed.has(slotOfKey(name)));
    return numberOf(await atSource.call(["EXISTS", ...kept])) ?? 0;
  };
  const left = await count();
  expect(left).toBeGreaterThan(0);
  await recorded.emptied(ALL_SLOTS.filter((id) => !removed.has(id)));
  expect(await count()).toBe(left);
  expect((await sizeOf(atTarget)) + left).toBe(names.length);
  expect([...removed].some((id) => recorded.log.emptied.has(id))).toBe(false);
  recorded.mover.add([...removed]);
  await recorded.emptied(ALL_SLOTS);
  await checkAllArrived(pair, names);
});

test("all slots are removed while it is paused: at once", async () => {
  pair = await startPair();
  await fillKeys(pair.atSource, "key", 1_000);
  const { mover, log } = pair.startMover({ pace: { take: () => Number.POSITIVE_INFINITY } });
  mover.add(ALL_SLOTS);
  await sleep(1_300);
  await mover.remove(ALL_SLOTS);
  expect(log.movedKeys).toBe(0);
  expect(await sizeOf(pair.atSource)).toBe(1_000);
});

test("closed in the middle of a move it leaves nothing under way", async () => {
  pair = await startPair();
  const { atSource, atTarget } = pair;
  const names = await fillKeys(atSource, "key", 6_000);
  // Of a transfer that is in doubt, copies may be on both sides.
  const recorded = pair.startMover({ pace: paceOf(4_000), limits: () => CALM_LIMITS });
  recorded.mover.add(ALL_SLOTS);
  await movedKeys(recorded, 500);
  await recorded.mover.close();
  const sizes = [await sizeOf(atSource), await sizeOf(atTarget)];
  expect((sizes[0] ?? 0) + (sizes[1] ?? 0)).toBe(names.length);
  await sleep(200);
  expect([await sizeOf(atSource), await sizeOf(atTarget)]).toEqual(sizes);
  const thrown = await catchRejection(recorded.mover.unlinkDuplicates([1]));
  expect(thrown).toBeInstanceOf(CodisError);
});

test("it waits for slots that are about to come, but not for ever", async () => {
  pair = await startPair();
  const names = await fillKeys(pair.atSource, "key", 3_000);
  const recorded = pair.startMover();
  recorded.mover.expectMore(true);
  recorded.mover.add(ALL_SLOTS.slice(0, 512));
  recorded.mover.add(ALL_SLOTS.slice(512));
  // Nobody ever says that no more come.
  await recorded.emptied(ALL_SLOTS);
  await checkAllArrived(pair, names);
});

test("without work it asks nothing; one that comes later is done", async () => {
  pair = await startPair();
  const recorded = pair.startMover();
  recorded.mover.add(ALL_SLOTS);
  await recorded.emptied(ALL_SLOTS);
  const commands = async (): Promise<number> =>
    Number(
      (await fetchInfo({ ...PATIENT, addr: pair?.source.addr ?? "" }))["total_commands_processed"],
    );
  await sleep(100);
  const before = await commands();
  await sleep(500);
  // What asks costs some commands itself.
  expect((await commands()) - before).toBeLessThan(10);
  const names = await fillKeys(pair.atSource, "key", 500);
  recorded.log.emptied.clear();
  recorded.mover.add(ALL_SLOTS);
  await recorded.emptied(ALL_SLOTS);
  await checkAllArrived(pair, names);
});
