/**
 * Dead masters of real servers, with real proxies and a real leader: killed, frozen, and without a replica.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import {
  DEADLINE_MS,
  FailoverProduct,
  type FailoverProductOptions,
  QUICK_DETECTOR,
} from "../support/failover-product.ts";
import { hasFrozenSince, isFreezeReply } from "../support/held-proxy.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { ask, bulk } from "../support/running-product.ts";

/** A living master isn't silent for so long, also where a shared machine stands still. */
const PATIENT = { leader: { config: { ...QUICK_DETECTOR, haDownAfterMs: 4_000 } } };
setDefaultTimeout(120_000);

const cleanup = cleanupsAfterEach();

async function start(options: FailoverProductOptions = {}): Promise<FailoverProduct> {
  const product = await FailoverProduct.start(options);
  cleanup(() => product.stop());
  return product;
}

/** The server, started again at its address without data. */
async function restart(server: RedisServer): Promise<RedisServer> {
  const again = await startRedis({ port: server.port });
  cleanup(() => again.stop());
  return again;
}

test("kill -9: writes flow again, the other group never stops, and the story is told", async () => {
  const product = await start(PATIENT);
  const [one, two] = [product.keyOf(1), product.keyOf(2)];
  await product.writeUntilDone(product.proxy(), one, "before");
  await waitFor("the write at the replica", DEADLINE_MS, async () => {
    const value = await ask(product.server(1, 1).port, "GET", one);
    return value === bulk("before") || undefined;
  });
  await product.server(1, 0).kill();
  const others: string[] = [];
  const steady = await product.proxy(1).connect();
  let isBack = false;
  const background = (async () => {
    while (!isBack) {
      others.push((await steady.call("SET", two, `${others.length}`)).toString());
      await Bun.sleep(20);
    }
  })();
  await product.writeUntilDone(product.proxy(), one, "after");
  isBack = true;
  await background;
  steady.destroy();
  // Or it stood still, and says so.
  const isExcused = others.some(isFreezeReply) && (await hasFrozenSince(product.proxy(1), 0));
  const seen = others.filter((reply) => !(isExcused && isFreezeReply(reply)));
  expect(new Set(seen)).toEqual(new Set(["+OK\r\n"]));
  expect(await ask(product.server(1, 1).port, "GET", one)).toBe(bulk("after"));
  const story = await product.whenTold("done");
  expect(story).toMatchObject({ from: product.server(1, 0).addr, to: product.server(1, 1).addr });
  expect(story.lostBytes).toBeNumber();
  expect(story.pauseMs).toBeGreaterThanOrEqual(PATIENT.leader.config.haDownAfterMs);
  const steps = story.events.map(({ step }) => step);
  for (const step of ["detected", "decided", "fenced", "promoted", "stored", "served"] as const) {
    expect(steps).toContain(step);
  }
  expect(steps.filter((step) => step === "vote")).toHaveLength(2);
  expect(steps.filter((step) => step === "switched")).toHaveLength(2);
});

test("SIGSTOP: the frozen master is replaced, and takes no write when it wakes up", async () => {
  const product = await start();
  const key = product.keyOf(1);
  const [old, replica] = [product.server(1, 0), product.server(1, 1)];
  await product.writeUntilDone(product.proxy(), key, "before");
  old.pause();
  // Sent while it is frozen: answered by nobody, and done by nobody as the master's word.
  const stuck = await product.proxy(1).connect();
  const pending = stuck.call("SET", key, "stuck").catch(() => undefined);
  await product.writeUntilDone(product.proxy(), key, "after");
  await withDeadline("an answer to the stuck write", DEADLINE_MS, pending);
  stuck.destroy();
  await product.whenTold("done");
  old.resume();
  const direct = await RespConnection.open(old.port);
  const late = direct.call("SET", key, "direct");
  const outcome = await Promise.race([
    late.then((reply) => reply.toString()),
    Bun.sleep(1_000).then(() => "no answer"),
  ]).catch(() => "closed");
  direct.destroy();
  late.catch(() => undefined);
  expect(outcome).toBe("no answer");
  for (const proxy of product.proxies) {
    await product.writeUntilDone(proxy, key, "last");
  }
  expect(await ask(replica.port, "GET", key)).toBe(bulk("last"));
  expect(await ask(old.port, "GET", key)).not.toBe(bulk("last"));
});

test("a group without a replica: nothing is promoted, told once, served when the master is back", async () => {
  const product = await start(PATIENT);
  const key = product.keyOf(2);
  await product.server(2, 0).kill();
  await product.whenTold("refused");
  await Bun.sleep(2_500);
  const stories = product.leader.book.all();
  expect(stories.map(({ outcome }) => outcome)).toEqual(["refused"]);
  expect(stories[0]?.reason).toMatch(/the group has no replica/);
  expect(product.leader.detector.describe().text).toMatch(/group 2.*no replica/);
  await product.writeUntilDone(product.proxy(), product.keyOf(1), "well");
  await restart(product.server(2, 0));
  await product.writeUntilDone(product.proxy(), key, "back");
  await product.whenSaid("end of the incident", (text) => !text.includes("group 2"));
});
