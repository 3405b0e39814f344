/**
 * What the chaos runs do to servers and transfers, on two servers without a product: each fault of the relay
 * has the effect that its name says, and a server comes back with its data or without its tail.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { waitFor } from "../support/deadline.ts";
import { ask, askAll, bulk } from "../support/running-product.ts";
import { DurableRedis } from "./support/durable-redis.ts";

const START_MS = 30_000;
const WAIT_MS = 30_000;
/** Of a MIGRATE that is to run into it, and of one that isn't: longer than a shared machine stands still. */
const IO_MS = 300;
const CALM_IO_MS = 10_000;
/** Long past the bound of MIGRATE, and what comes to it when it waits twice. */
const LATE_MS = 6_000;

let source: DurableRedis;
let target: DurableRedis;

beforeAll(async () => {
  [source, target] = await Promise.all([DurableRedis.start(1), DurableRedis.start(2)]);
}, START_MS);

afterAll(async () => {
  await source.stop();
  await target.stop();
}, START_MS);

beforeEach(async () => {
  await ask(source.port, "FLUSHALL");
  await ask(target.port, "FLUSHALL");
  await ask(source.port, "SET", "key", "value");
});

function migrate(ioMs = CALM_IO_MS): Promise<string> {
  const port = target.addr.slice(target.addr.lastIndexOf(":") + 1);
  return ask(source.port, "MIGRATE", "127.0.0.1", port, "key", "0", `${ioMs}`);
}

async function values(): Promise<readonly string[]> {
  return [await ask(source.port, "GET", "key"), await ask(target.port, "GET", "key")];
}

const NONE = "$-1\r\n";
const VALUE = bulk("value");

test("without a fault a key moves through the relay", async () => {
  expect(await migrate()).toBe("+OK\r\n");
  expect(await values()).toEqual([NONE, VALUE]);
});

test.each(["lose", "halve"] as const)("%s: nothing arrives", async (kind) => {
  const done = target.relay.faultNext({ kind }, 2);
  expect(await migrate(IO_MS)).toMatch(/^-IOERR/);
  expect(await done).toEqual(["key"]);
  expect(await values()).toEqual([VALUE, NONE]);
  expect(await migrate()).toBe("+OK\r\n");
});

test("lose-answer: the key is on both servers, and Redis's own second try finds it there", async () => {
  const done = target.relay.faultNext({ kind: "lose-answer" }, 1);
  expect(await migrate()).toContain("BUSYKEY");
  expect(await done).toEqual(["key"]);
  expect(await values()).toEqual([VALUE, VALUE]);
});

test("delay: the key arrives when the source has long given up, and after a DEL", async () => {
  const done = target.relay.faultNext({ kind: "delay", ms: LATE_MS }, 1);
  expect(await migrate(IO_MS)).toMatch(/^-IOERR/);
  expect(await done).toEqual(["key"]);
  expect(await values()).toEqual([VALUE, NONE]);
  expect(await ask(target.port, "DEL", "key")).toBe(":0\r\n");
  await waitFor("the late key", WAIT_MS, async () =>
    (await ask(target.port, "GET", "key")) === VALUE ? true : undefined,
  );
});

test("a server comes back with all that it acknowledged, or without its tail", async () => {
  const bytes = source.aofBytes();
  expect(await ask(source.port, "SET", "later", "x")).toBe("+OK\r\n");
  await source.kill();
  await source.restart();
  expect(await askAll(source.port, [["GET", "later"]])).toEqual([bulk("x")]);
  await source.kill();
  source.cutAof(bytes);
  await source.restart();
  expect(await ask(source.port, "MGET", "key", "later")).toBe(`*2\r\n${VALUE}${NONE}`);
});

test("a cut network ends every connection until it is mended", async () => {
  target.relay.cut();
  expect(await migrate()).toMatch(/^-IOERR/);
  target.relay.mend();
  expect(await migrate()).toBe("+OK\r\n");
});
