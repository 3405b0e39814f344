/**
 * What the `codis` mover must do between two real servers with the slot commands, in both of its ways: everything
 * arrives, in every database, however it is steered and whatever breaks.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { CodisError } from "../../src/base/error.ts";
import { METHOD_NAMES } from "../../src/model/move-method.ts";
import type { ForwardMethod } from "../../src/model/slot.ts";
import { selectDatabase } from "../../src/redis/server-command.ts";
import { startCodisPair } from "./codis-mover-pair.ts";
import {
  ALL_SLOTS,
  CALM_LIMITS,
  callAll,
  checkAllArrived,
  fillKeys,
  type MoverPair,
  movedKeys,
  paceOf,
  sizeOf,
  slotOfKey,
  troublesOf,
} from "./mover-pair.ts";

let pair: MoverPair | undefined;

/** Pairs end after each test. */
export function endCodisPairs(): void {
  afterEach(async () => {
    await pair?.close();
    pair = undefined;
  });
}

/** A pair that `endCodisPairs` ends. */
export async function openCodisPair(method: ForwardMethod): Promise<MoverPair> {
  pair = await startCodisPair(method);
  return pair;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The suite. */
export function describeCodisMover(method: ForwardMethod): void {
  describe(METHOD_NAMES[method], () => {
    async function start(): Promise<MoverPair> {
      pair = await startCodisPair(method);
      return pair;
    }

    test("keys of all types, tags and databases arrive, and are counted", async () => {
      const { atSource, atTarget, startMover } = await start();
      const names = await fillKeys(atSource, "key", 1_000);
      await callAll(atSource, [
        ["RPUSH", "list", ...Array.from({ length: 1_000 }, (_, i) => `${i}`)],
        ["HSET", "hash", "f", "v"],
        ["ZADD", "{t}zset", "1.5", "m"],
        ["SADD", "{t}set", "m"],
        ["SET", "brief", "v", "PX", "50000"],
      ]);
      await selectDatabase(atSource, 5);
      await fillKeys(atSource, "other", 100);
      const { mover, log, emptied } = startMover({ limits: () => CALM_LIMITS });
      mover.add(ALL_SLOTS);
      await emptied(ALL_SLOTS);
      expect(log.movedKeys).toBe(1_105);
      expect(log.movedBytes).toBeGreaterThan(0);
      expect(troublesOf(log)).toEqual([]);
      expect(await sizeOf(atSource)).toBe(0);
      await selectDatabase(atSource, 0);
      expect(await sizeOf(atSource)).toBe(0);
      expect(await sizeOf(atTarget)).toBe(names.length + 5);
      expect(await sizeOfDatabase(5)).toBe(100);
    });

    test("slots that weren't asked for stay", async () => {
      const { atSource, atTarget, startMover } = await start();
      const names = await fillKeys(atSource, "key", 2_000);
      const wanted = ALL_SLOTS.slice(0, 300);
      const { mover, emptied } = startMover();
      mover.add(wanted);
      await emptied(wanted);
      const gone = names.filter((key) => slotOfKey(key) < 300).length;
      expect(await sizeOf(atTarget)).toBe(gone);
      expect(await sizeOf(atSource)).toBe(names.length - gone);
    });

    test("the speed limit is kept, and a pause moves nothing", async () => {
      const { atSource, startMover } = await start();
      const names = await fillKeys(atSource, "key", 3_000);
      let isPaused = true;
      const limit = paceOf(2_000);
      const take = (keys: number, bytes: number): number =>
        isPaused ? Number.POSITIVE_INFINITY : limit.take(keys, bytes);
      const recorded = startMover({ pace: { take } });
      recorded.mover.add(ALL_SLOTS);
      await sleep(500);
      expect(await sizeOf(atSource)).toBe(names.length);
      isPaused = false;
      await movedKeys(recorded, 200);
      const begunAtMs = performance.now();
      const before = recorded.log.movedKeys;
      await sleep(800);
      const perSecond =
        ((recorded.log.movedKeys - before) * 1_000) / (performance.now() - begunAtMs);
      expect(perSecond).toBeLessThan(3_000);
      await recorded.emptied(ALL_SLOTS);
      await checkAllArrived(pair as MoverPair, names);
    });

    test("slots that are taken away stay as they are from then on", async () => {
      const { atSource, startMover } = await start();
      await fillKeys(atSource, "key", 3_000);
      const recorded = startMover({ pace: paceOf(2_000) });
      recorded.mover.add(ALL_SLOTS);
      await movedKeys(recorded, 100);
      await recorded.mover.remove(ALL_SLOTS);
      const left = await sizeOf(atSource);
      await sleep(300);
      expect(await sizeOf(atSource)).toBe(left);
      expect(left).toBeGreaterThan(0);
    });

    test("a full target is said to people; with room it goes on by itself", async () => {
      const { atSource, atTarget, startMover } = await start();
      const names = await fillKeys(atSource, "key", 300, 1_000);
      await atTarget.call(["CONFIG", "SET", "maxmemory", "1"]);
      const { mover, log, trouble, emptied } = startMover();
      mover.add(ALL_SLOTS);
      await trouble(/is full/);
      expect(log.forPeople[log.troubles.findIndex((text) => text?.includes("is full"))]).toBe(true);
      expect(await sizeOf(atSource)).toBe(names.length);
      await atTarget.call(["CONFIG", "SET", "maxmemory", "0"]);
      await emptied(ALL_SLOTS);
      await checkAllArrived(pair as MoverPair, names);
      expect(log.troubles.at(-1)).toBeUndefined();
    });

    test("a source that is killed in the middle, and comes back: everything arrives", async () => {
      const { atSource, startMover } = await start();
      const names = await fillKeys(atSource, "key", 3_000);
      const recorded = startMover({ pace: paceOf(3_000) });
      recorded.mover.add(ALL_SLOTS);
      await movedKeys(recorded, 300);
      await (pair as MoverPair).restartSource();
      await recorded.emptied(ALL_SLOTS);
      await checkAllArrived(pair as MoverPair, names);
    });

    test("a target that is frozen for a while: everything arrives, and the source serves", async () => {
      const { atSource, target, startMover } = await start();
      const names = await fillKeys(atSource, "key", 3_000);
      const recorded = startMover({ pace: paceOf(4_000) });
      recorded.mover.add(ALL_SLOTS);
      await movedKeys(recorded, 300);
      target.pause();
      await sleep(1_500);
      // Sync holds up the source for the bound at most.
      await atSource.call(["PING"]);
      target.resume();
      await recorded.emptied(ALL_SLOTS);
      await checkAllArrived(pair as MoverPair, names);
    });

    test("a leader that doesn't lead any more orders nothing", async () => {
      const { atSource, startMover } = await start();
      await fillKeys(atSource, "key", 100);
      const confirm = () => Promise.reject(new CodisError("LEADERSHIP_LOST", "another one leads"));
      const { mover, trouble } = startMover({ confirm });
      mover.add(ALL_SLOTS);
      await trouble(/another one leads/);
      expect(await sizeOf(atSource)).toBe(100);
    });
  });
}

async function sizeOfDatabase(db: number): Promise<number> {
  const { atTarget } = pair as MoverPair;
  await selectDatabase(atTarget, db);
  return sizeOf(atTarget);
}
