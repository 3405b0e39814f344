/**
 * The mover when links break or bytes are late: nothing is lost, doubled, or comes back after it was deleted.
 */
import { afterEach, expect, test } from "bun:test";
import { RedisClient } from "../../../src/redis/client.ts";
import { numberOf } from "../../../src/redis/reply.ts";
import { waitFor } from "../../support/deadline.ts";
import { startHoldingRelay } from "../../support/holding-relay.ts";
import {
  ALL_SLOTS,
  checkAllArrived,
  fillKeys,
  type MoverPair,
  movedKeys,
  paceOf,
  serverAt,
  sizeOf,
  startPair,
} from "../../support/mover-pair.ts";
import { PATIENT } from "../../support/patience.ts";
import { startTcpRelay } from "../../support/tcp-relay.ts";

const KEYS = 6_000;

let pair: MoverPair | undefined;

afterEach(async () => {
  await pair?.close();
  pair = undefined;
});

test("the link is cut in the middle of transfers, again and again", async () => {
  pair = await startPair();
  const relay = await startHoldingRelay(pair.target.port);
  const names = await fillKeys(pair.atSource, "key", KEYS, 100);
  const recorded = pair.startMover({ pace: paceOf(4_000), target: serverAt(relay.addr, 2) });
  try {
    recorded.mover.add(ALL_SLOTS);
    for (const bytes of [900, 300, 1_500]) {
      await movedKeys(recorded, 200);
      relay.cutAfter(bytes);
    }
    await recorded.emptied(ALL_SLOTS);
    await checkAllArrived(pair, names);
  } finally {
    await recorded.mover.close();
    await relay.close();
  }
});

test("both links are cut and mended", async () => {
  pair = await startPair();
  const [toSource, toTarget] = await Promise.all([
    startTcpRelay(pair.source.port),
    startTcpRelay(pair.target.port),
  ]);
  const names = await fillKeys(pair.atSource, "key", KEYS);
  const recorded = pair.startMover({
    pace: paceOf(4_000),
    source: serverAt(toSource.addr, 1),
    target: serverAt(toTarget.addr, 2),
  });
  try {
    recorded.mover.add(ALL_SLOTS);
    for (const relay of [toSource, toTarget]) {
      await movedKeys(recorded, 300);
      relay.cut();
      await new Promise((resolve) => setTimeout(resolve, 300));
      relay.mend();
    }
    await recorded.emptied(ALL_SLOTS);
    await checkAllArrived(pair, names);
  } finally {
    await recorded.mover.close();
    await Promise.all([toSource.close(), toTarget.close()]);
  }
});

test("a transfer that the network keeps back past a retry and a DEL doesn't bring the key back", async () => {
  pair = await startPair();
  const { atSource, atTarget, target } = pair;
  const relay = await startHoldingRelay(target.port);
  const names = await fillKeys(atSource, "key", 50);
  const recorded = pair.startMover({ target: serverAt(relay.addr, 2) });
  try {
    relay.hold();
    recorded.mover.add(ALL_SLOTS);
    await recorded.trouble(/lost server/);
    relay.stopHolding();
    await recorded.emptied(ALL_SLOTS);
    await checkAllArrived(pair, names);
    expect(numberOf(await atTarget.call(["DEL", ...names]))).toBe(names.length);
    expect(relay.release()).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await sizeOf(atTarget)).toBe(0);
  } finally {
    await recorded.mover.close();
    await relay.close();
  }
});

test("an error of the target hides that the rest of the transfer is late: that is found as well", async () => {
  pair = await startPair();
  const { atSource, atTarget, target } = pair;
  const relay = await startHoldingRelay(target.port);
  const names = await fillKeys(atSource, "key", 60);
  const doubled = names.filter((_, index) => index % 2 === 0);
  await Promise.all(doubled.map((name) => atTarget.call(["SET", name, name])));
  const recorded = pair.startMover({ target: serverAt(relay.addr, 2) });
  try {
    relay.hold(1_000);
    recorded.mover.add(ALL_SLOTS);
    await waitFor("a transfer that is held", 30_000, () => relay.heldCount > 0 || undefined);
    // Any other transfer passes, so no IOERR tells of the one that is held.
    relay.stopHolding();
    await recorded.emptied(ALL_SLOTS);
    await checkAllArrived(pair, names);
    await atTarget.call(["DEL", ...names]);
    expect(relay.release()).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await sizeOf(atTarget)).toBe(0);
  } finally {
    await recorded.mover.close();
    await relay.close();
  }
});

test("a doubt of another mover is noticed: its transfer is cut off before anything else moves", async () => {
  pair = await startPair();
  const { atSource, atTarget, target } = pair;
  const relay = await startHoldingRelay(target.port);
  await atSource.call(["SET", "of-a-proxy", "old"]);
  relay.hold();
  const [host, port] = relay.addr.split(":") as [string, string];
  const other = await RedisClient.connect({
    ...PATIENT,
    addr: pair.source.addr,
    name: "codis-mover-proxy-x-0",
  });
  const reply = await other
    .call(["MIGRATE", host, port, "of-a-proxy", "0", "200"])
    .catch((thrown: Error) => thrown.message);
  expect(reply).toContain("IOERR");
  const recorded = pair.startMover();
  try {
    recorded.mover.add(ALL_SLOTS);
    await recorded.emptied(ALL_SLOTS);
    expect(numberOf(await atTarget.call(["DEL", "of-a-proxy"]))).toBe(1);
    expect(relay.release()).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await sizeOf(atTarget)).toBe(0);
  } finally {
    await recorded.mover.close();
    other.close();
    await relay.close();
  }
});
