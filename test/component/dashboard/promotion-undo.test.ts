/**
 * Planned promotions that can't be finished: a server or a proxy is frozen, or dies, in the middle. Everything is taken
 * back within the bound, clients hear of nothing, and who was frozen is what it was when it wakes.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { CodisError } from "../../../src/base/error.ts";
import {
  type PairOptions,
  ServerPair,
} from "../../../src/dashboard/availability/promotion/server-pair.ts";
import { ask, PromotionProduct } from "../../support/promotion-product.ts";

const START_MS = 90_000;

let product: PromotionProduct;
/** Called right before the old master is told that it is a replica. */
let beforeDemote: () => unknown = () => undefined;

/** The promotion's clock is so many times slower than the machine's: servers have as much more time to answer. */
let slowness = 1;
const clock: Clock = {
  nowMs: () => systemClock.nowMs(),
  monotonicMs: () => systemClock.monotonicMs() / slowness,
  after: (delayMs, run) => systemClock.after(delayMs * slowness, run),
};

async function openPair(options: PairOptions): Promise<ServerPair> {
  const pair = await ServerPair.open(options);
  const demote = pair.demote.bind(pair);
  pair.demote = async (timeoutMs) => {
    await beforeDemote();
    return demote(timeoutMs);
  };
  return pair;
}

beforeAll(async () => {
  product = await PromotionProduct.start([3], { parts: { openPair, clock } });
}, START_MS);

afterAll(() => product.stop(), START_MS);

/**
 * Promotes the first replica, and does something when the story has a line with this step. On a machine that stands
 * still it may fail before: then it is tried again.
 */
async function promoteAnd(step: string, act: () => void): Promise<CodisError | undefined> {
  const { book, promotion } = product.desk;
  const [, to = ""] = product.members();
  let hasActed = false;
  book.onNote = (told) => {
    if (told === step && !hasActed) {
      hasActed = true;
      act();
    }
  };
  for (let triesLeft = 3; ; triesLeft -= 1) {
    try {
      await promotion.promote(1, to);
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof CodisError)) {
        throw thrown;
      }
      if (hasActed || triesLeft === 0) {
        return thrown;
      }
      await product.whenWell();
    }
  }
}

/** Nothing has changed, and the old master serves, directly too. */
async function expectUndone(thrown: CodisError | undefined, from: string): Promise<void> {
  expect(thrown?.code).toBe("PROMOTION_FAILED");
  expect(product.desk.book.all()[0]?.outcome).toBe("undone");
  expect(product.state()).toBe("");
  expect(product.members()[0]).toBe(from);
  await product.whenServedBy(from);
  expect(await ask(from, "SET", "direct", "1")).toBe("OK");
}

test("the replica is frozen before it has caught up", async () => {
  const [from = "", to = ""] = product.members();
  const load = await product.startLoad("frozen");
  const thrown = await promoteAnd("held", () => product.serverAt(to).pause());
  await Bun.sleep(100);
  await load.stop();
  await expectUndone(thrown, from);
  expect(load.faults).toEqual([]);
  expect(await load.missingAt(from)).toEqual([]);
  product.serverAt(to).resume();
  await product.whenWell();
}, 120_000);

test("the replica is frozen when it is told to be a master: it wakes as a replica", async () => {
  const [from = "", to = ""] = product.members();
  const thrown = await promoteAnd("caught-up", () => product.serverAt(to).pause());
  await expectUndone(thrown, from);
  product.serverAt(to).resume();
  await product.whenWell();
}, 120_000);

test("the old master is frozen before the roles change: it wakes as a master", async () => {
  const [from = "", to = ""] = product.members();
  const thrown = await promoteAnd("held", () => product.serverAt(from).pause());
  expect(thrown?.code).toBe("PROMOTION_FAILED");
  product.serverAt(from).resume();
  await expectUndone(thrown, from);
  expect((await product.facts(to)).role).toBe("replica");
  await product.whenWell();
}, 120_000);

test("a proxy is frozen: the others serve on", async () => {
  const [from = ""] = product.members();
  const load = await product.startLoad("proxy", 0);
  product.proxies[1]?.program.signal("SIGSTOP");
  const [, to = ""] = product.members();
  const thrown = await product.desk.promotion.promote(1, to).catch((each: unknown) => each);
  product.proxies[1]?.program.signal("SIGCONT");
  await load.stop();
  expect(thrown).toBeInstanceOf(CodisError);
  expect(load.faults).toEqual([]);
  expect(await load.missingAt(from)).toEqual([]);
  expect(product.state()).toBe("");
  await product.whenServedBy(from);
  await product.whenWell();
}, 120_000);

test("the old master is frozen when it is told to be a replica: the other one has everything", async () => {
  const [from = "", to = ""] = product.members();
  const load = await product.startLoad("late");
  await Bun.sleep(100);
  beforeDemote = () => product.serverAt(from).pause();
  const story = await product.promote(1, to, () => product.serverAt(from).resume());
  beforeDemote = () => undefined;
  await Bun.sleep(100);
  await load.stop();
  expect(story.outcome).toBe("done");
  expect(story.reason).not.toBe("");
  expect(story.events.map(({ text }) => text).join("\n")).toContain("could write to it unnoticed");
  expect(load.faults).toEqual([]);
  expect(await load.missingAt(to)).toEqual([]);
  // The order waited for it.
  product.serverAt(from).resume();
  await product.whenFollowing(from, to);
  expect(await ask(from, "SET", "direct", "1")).toStartWith("READONLY");
  await product.whenWell();
}, 120_000);

test("the old master dies when it is told to be a replica", async () => {
  const [from = "", to = ""] = product.members();
  const load = await product.startLoad("dies");
  await Bun.sleep(100);
  beforeDemote = () => product.serverAt(from).kill();
  // Without the old master there is no way back, so the new one gets more time to answer than it usually needs.
  slowness = 8;
  const story = await product.promote(1, to);
  slowness = 1;
  beforeDemote = () => undefined;
  await Bun.sleep(100);
  await load.stop();
  expect(story.outcome).toBe("done");
  expect(load.faults).toEqual([]);
  expect(await load.missingAt(to)).toEqual([]);
  await product.whenServedBy(to);
}, 120_000);
