/**
 * A source that is killed in the middle of orders: it comes back without knowing which copies it has left at the
 * target. The mover looks for them in all of its slots before it goes on, also for those of a proxy's orders.
 */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { FORWARD_METHOD } from "../../../src/model/slot.ts";
import { numberOf } from "../../../src/redis/reply.ts";
import { startCodisPair } from "../../support/codis-mover-pair.ts";
import { waitFor } from "../../support/deadline.ts";
import {
  ALL_SLOTS,
  checkAllArrived,
  fillKeys,
  findWrong,
  type MoverPair,
  movedKeys,
  paceOf,
  sizeOf,
  slotOfKey,
} from "../../support/mover-pair.ts";

setDefaultTimeout(60_000);

const WAIT_MS = 20_000;
/** Keys a second; at this pace the turn of the last slots comes minutes after the restart. */
const SLOW = 20;

let pair: MoverPair | undefined;

afterEach(async () => {
  await pair?.close();
  pair = undefined;
});

test("after a restart of the source copies in slots whose turn is far away are moved at once", async () => {
  pair = await startCodisPair(FORWARD_METHOD.semiAsync);
  const names = await fillKeys(pair.atSource, "key", 3_000);
  const last = names.findLast((name) => slotOfKey(name) > 1_000) ?? "";
  const recorded = pair.startMover({ pace: paceOf(SLOW) });
  recorded.mover.add(ALL_SLOTS);
  await movedKeys(recorded, 1);
  // As an order of a proxy that has just sent it leaves it.
  await pair.atTarget.call(["SET", last, "old"]);
  await pair.restartSource();
  const { atSource, atTarget } = pair;
  await waitFor("move of the copy", WAIT_MS, async () =>
    numberOf(await atSource.call(["EXISTS", last])) === 0 ? true : undefined,
  );
  expect(await sizeOf(atSource)).toBeGreaterThan(names.length / 4);
  expect(await findWrong(atTarget, [last])).toEqual([]);
  await recorded.mover.close();
  const second = pair.startMover();
  second.mover.add(ALL_SLOTS);
  await second.emptied(ALL_SLOTS);
  await checkAllArrived(pair, names);
});
