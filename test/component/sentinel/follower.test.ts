/**
 * Following sentinels that say odd things, or nothing: a failover that isn't over, one that hangs, a connection whose
 * other end is gone, a password, IPv6.
 */
import { afterEach, expect, test } from "bun:test";
import { silentLog } from "../../../src/base/log.ts";
import type { SentinelView } from "../../../src/sentinel/agreement.ts";
import { type FollowerTiming, SentinelFollower } from "../../../src/sentinel/follower.ts";
import { waitFor } from "../../support/deadline.ts";
import { type FakeMaster, FakeSentinel } from "../../support/fake-sentinel.ts";

const OLD = "10.0.0.1:6379";
const NEW = "10.0.0.2:6379";
const WAIT_MS = 30_000;

/** Far apart, so that a test sees only what it asks for. */
const TIMING: Partial<FollowerTiming> = {
  askPeriodMs: 60_000,
  settlePeriodMs: 50,
  settleMs: 500,
  timeoutMs: 300,
  pingPeriodMs: 100,
  reconnectMinMs: 20,
  reconnectMaxMs: 50,
};

const fakes: FakeSentinel[] = [];
const followers: SentinelFollower[] = [];

afterEach(async () => {
  await Promise.all(followers.splice(0).map((one) => one.close()));
  for (const fake of fakes.splice(0)) {
    fake.redis.isWithholding = false;
    await fake.redis.close();
  }
});

async function startSentinels(
  ...masters: readonly (readonly FakeMaster[])[]
): Promise<readonly FakeSentinel[]> {
  const started = await Promise.all(masters.map((known) => FakeSentinel.start(...known)));
  fakes.push(...started);
  return started;
}

function follow(servers: readonly string[], password = ""): SentinelView[] {
  const views: SentinelView[] = [];
  const follower = new SentinelFollower({
    product: "demo",
    servers,
    password,
    log: silentLog,
    timing: TIMING,
    onMasters: (view) => views.push(view),
  });
  followers.push(follower);
  return views;
}

function says(addr: string, epoch: number, more: Partial<FakeMaster> = {}): FakeMaster[] {
  return [{ name: "demo-1", addr, epoch, ...more }];
}

function whenAgreed(views: readonly SentinelView[], addr: string): Promise<true> {
  return waitFor(`an agreement on ${addr}`, WAIT_MS, () =>
    views.at(-1)?.masters.get(1)?.addr === addr ? true : undefined,
  );
}

test("the leader of a failover lists the old address with the new epoch; its current one counts", async () => {
  const leading = says(OLD, 4, { flags: "master,failover_in_progress", current: NEW });
  const sentinels = await startSentinels(leading, leading, says(NEW, 4));
  const views = follow(sentinels.map(({ addr }) => addr));
  await whenAgreed(views, NEW);
  expect(views.map((view) => view.masters.get(1)?.addr).includes(OLD)).toBe(false);
});

test("a failover that has promoted nobody yet changes nothing", async () => {
  const trying = says(OLD, 3, { flags: "master,failover_in_progress" });
  const sentinels = await startSentinels(trying, says(OLD, 3), says(OLD, 3));
  await whenAgreed(follow(sentinels.map(({ addr }) => addr)), OLD);
});

test("one that hangs delays nobody, and one that is dead counts for the majority", async () => {
  const [first, second, hanging] = await startSentinels(says(OLD, 1), says(OLD, 1), says(OLD, 1));
  if (hanging !== undefined) {
    hanging.redis.isWithholding = true;
  }
  const addrs = [first, second, hanging].map((one) => one?.addr ?? "");
  await whenAgreed(follow(addrs), OLD);
  const alone = follow([first?.addr ?? "", "127.0.0.1:1", "127.0.0.1:2"]);
  await waitFor("questions to one of three", WAIT_MS, () =>
    (first?.questions ?? 0) > 2 ? true : undefined,
  );
  expect(alone).toEqual([]);
});

test("a connection whose other end is gone is noticed, and all are asked after the next one", async () => {
  const sentinels = await startSentinels(says(OLD, 1));
  const [only] = sentinels;
  const views = follow(sentinels.map(({ addr }) => addr));
  await whenAgreed(views, OLD);
  if (only !== undefined) {
    only.redis.isWithholding = true;
    const before = only.redis.connectionCount;
    await waitFor("another connection", WAIT_MS, () =>
      only.redis.connectionCount > before ? true : undefined,
    );
    only.masters = says(NEW, 2);
    only.redis.release();
  }
  await whenAgreed(views, NEW);
});

test("a sentinel with a password is given the product's", async () => {
  const sentinels = await startSentinels(says(OLD, 1));
  for (const one of sentinels) {
    one.password = "s3cret";
  }
  await whenAgreed(
    follow(
      sentinels.map(({ addr }) => addr),
      "s3cret",
    ),
    OLD,
  );
});

test("addresses of IPv6 have brackets, as everywhere", async () => {
  const sentinels = await startSentinels(says("[fd00::1]:6379", 1));
  await whenAgreed(follow(sentinels.map(({ addr }) => addr)), "[fd00::1]:6379");
});
