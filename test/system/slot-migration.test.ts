/**
 * Slots that move between two real servers under clients of two real proxies: there and back, with a frozen proxy, a
 * killed dashboard, a roll-back, keys that are left over, keys that are nobody's, and slots given away by force.
 * Each client counts what was acknowledged; in the end the servers have exactly that, in the right place.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { V1OperationSummary } from "../../src/api/v1-operation-schema.ts";
import { waitFor } from "../support/deadline.ts";
import { countFreezes, isFreezeReply } from "../support/held-proxy.ts";
import { slotOfKey } from "../support/mover-pair.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { ask, bulk, RunningProduct } from "../support/running-product.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import type { WaitingProxy } from "../support/waiting-proxy.ts";

const TEST_MS = 120_000;
const END_MS = 40_000;
/** Tags of keys whose slots begin in group 1. */
const TAGS = Array.from({ length: 200 }, (_, index) => `t${index}`)
  .filter((tag) => slotOfKey(`{${tag}}`) < 512)
  .slice(0, 12);
const SLOTS = TAGS.map((tag) => slotOfKey(`{${tag}}`));
const KEYS = TAGS.flatMap((tag) => [`{${tag}}:a`, `{${tag}}:b`, `{${tag}}:c`]);
/** Enough keys that a slow move isn't over before it is interfered with. */
const FILLERS = 40;
const SLOW = 20;

const folder = memoryFolder();
let product: RunningProduct;
let writers: readonly Writer[] = [];

/** One client of one proxy, which increments one counter after another. */
class Writer {
  readonly acknowledged = new Map<string, number>();
  /** Errors of a proxy that stood still: how many writes of a key may have been done besides. */
  readonly inDoubt = new Map<string, number>();
  count = 0;
  readonly #proxy: WaitingProxy;
  readonly #freezesBefore: number;
  readonly #errors: string[] = [];
  #isStopped = false;
  #done: Promise<void> | undefined;

  constructor(proxy: WaitingProxy) {
    this.#proxy = proxy;
    this.#freezesBefore = countFreezes(proxy);
  }

  start(suffix: string): void {
    this.#done = this.#run(this.#proxy.port, suffix);
  }

  /** What no client should see; a proxy that stood still, and no other, may give up what it had taken. */
  get errors(): readonly string[] {
    const isExcused = countFreezes(this.#proxy) > this.#freezesBefore;
    return this.#errors.filter((reply) => !(isExcused && isFreezeReply(reply)));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #run(port: number, suffix: string): Promise<void> {
    const connection = await RespConnection.open(port);
    for (let at = 0; !this.#isStopped; at = (at + 1) % KEYS.length) {
      const key = `${KEYS[at]}:${suffix}`;
      const reply = (await connection.call("INCR", key)).toString();
      if (/^:\d+\r\n$/.test(reply)) {
        this.acknowledged.set(key, (this.acknowledged.get(key) ?? 0) + 1);
        this.count += 1;
      } else {
        this.#errors.push(reply);
        this.inDoubt.set(key, (this.inDoubt.get(key) ?? 0) + 1);
      }
    }
    connection.destroy();
  }
}

beforeAll(async () => {
  product = await RunningProduct.start({
    coordinator: { name: "filesystem", addr: folder.path },
  });
}, TEST_MS);

afterAll(async () => {
  await Promise.all(writers.map((writer) => writer.stop()));
  await product.stop();
  folder.remove();
}, TEST_MS);

function startWriters(): void {
  writers = product.proxies.map((proxy, index) => {
    const writer = new Writer(proxy);
    writer.start(`${index}`);
    return writer;
  });
}

/** Stops the clients, and compares the servers with what was acknowledged. */
async function compare(groupId: number): Promise<void> {
  await Promise.all(writers.map((writer) => writer.stop()));
  expect(writers.flatMap(({ errors }) => errors)).toEqual([]);
  for (const { acknowledged, inDoubt } of writers) {
    for (const [index, { port }] of product.servers.entries()) {
      const replies = await ask(port, "MGET", ...acknowledged.keys());
      const wanted: string[] = [];
      for (const [key, count] of acknowledged) {
        const found = inDoubt.has(key) ? Number((await ask(port, "GET", key)).split("\r\n")[1]) : 0;
        const isMore = found > count && found <= count + (inDoubt.get(key) ?? 0);
        wanted.push(index + 1 === groupId ? bulk(`${isMore ? found : count}`) : "$-1\r\n");
      }
      expect(replies).toBe(`*${acknowledged.size}\r\n${wanted.join("")}`);
    }
  }
  await clean();
}

async function clean(): Promise<void> {
  for (const { port } of product.servers) {
    await ask(port, "FLUSHALL");
  }
}

async function order(groupId: number, keysPerSecond = 0): Promise<string> {
  const { v1 } = product.dashboard;
  const moves = SLOTS.map((slot_id) => ({ slot_id, group_id: groupId }));
  const plan = await v1.createPlan({ strategy: "move", moves });
  expect(plan.problems).toEqual([]);
  return (await v1.startOperation({ plan: plan.id, keys_per_second: keysPerSecond })).id;
}

function when(
  id: string,
  what: string,
  isTrue: (operation: V1OperationSummary) => boolean,
): Promise<V1OperationSummary> {
  return waitFor(what, END_MS, async () => {
    const operation = await product.dashboard.v1.operation(id);
    if (!isTrue(operation)) {
      throw new Error(
        `${operation.state}: ${operation.reason}, ${JSON.stringify(operation.progress)}`,
      );
    }
    return operation;
  });
}

function done(id: string): Promise<V1OperationSummary> {
  return when(id, "end of the move", ({ state }) => state === "done");
}

/** All clients have had so many more writes acknowledged. */
async function goOn(which: readonly Writer[], more = 300): Promise<void> {
  const before = which.map(({ count }) => count);
  await waitFor("writes", END_MS, () =>
    which.every(({ count }, index) => count >= (before[index] ?? 0) + more) ? true : undefined,
  );
}

async function move(groupId: number): Promise<V1OperationSummary> {
  return done(await order(groupId));
}

async function fill(): Promise<void> {
  for (const tag of TAGS) {
    const pairs = Array.from({ length: FILLERS }, (_, index) => [`{${tag}}:filler:${index}`, "1"]);
    await ask(product.proxies[0]?.port ?? 0, "MSET", ...pairs.flat());
  }
}

test(
  "there and back, without an error",
  async () => {
    startWriters();
    await goOn(writers);
    const there = await move(2);
    await goOn(writers);
    const back = await move(1);
    await goOn(writers);
    for (const { progress } of [there, back]) {
      expect(progress.slots_done).toBe(SLOTS.length);
      expect(progress.longest_hold_ms).toBeGreaterThan(0);
    }
    await compare(1);
  },
  TEST_MS,
);

test(
  "a frozen proxy delays the move and is named; clients of the other don't notice, and it ends by itself",
  async () => {
    startWriters();
    await goOn(writers);
    const [other] = writers;
    const [, frozen] = product.proxies;
    frozen?.program.signal("SIGSTOP");
    const id = await order(2);
    const named = await when(id, "reason", ({ reason }) => reason !== null);
    expect(named.reason).toContain(frozen?.adminAddr.split(":")[1] ?? "no port");
    await goOn(other === undefined ? [] : [other]);
    const { ranges } = await product.dashboard.v1.slots();
    expect(ranges.length).toBeGreaterThan(0);
    expect((await product.dashboard.v1.operation(id)).progress.slots_done).toBe(0);
    frozen?.program.signal("SIGCONT");
    await done(id);
    await goOn(writers);
    await compare(2);
    await move(1);
  },
  TEST_MS,
);

test(
  "a dashboard that is killed in the middle: the next one ends the move",
  async () => {
    await fill();
    startWriters();
    const id = await order(2, SLOW);
    await when(id, "moved keys", ({ progress }) => progress.keys_moved > 0);
    await product.restartDashboard();
    await product.dashboard.v1.updateOperation(id, { keys_per_second: 0 });
    await done(id);
    await goOn(writers);
    await compare(2);
    await move(1);
  },
  TEST_MS,
);

test(
  "a roll-back of half-moved slots",
  async () => {
    await fill();
    startWriters();
    const id = await order(2, SLOW);
    await when(id, "moved keys", ({ progress }) => progress.keys_moved > 20);
    await product.dashboard.v1.cancelOperation(id, { rollback: true });
    await product.dashboard.v1.updateOperation(id, { keys_per_second: 0 });
    await when(id, "end of the roll-back", ({ state }) => state === "cancelled");
    await goOn(writers);
    await compare(1);
  },
  TEST_MS,
);

test(
  "what a move has left is removed when the slot comes back; what is nobody's stops it, by name",
  async () => {
    const [first, second] = product.servers;
    const [tag] = TAGS;
    const key = `{${tag}}:old`;
    const proxyPort = product.proxies[0]?.port ?? 0;
    await ask(proxyPort, "SET", key, "new");
    await move(2);
    await ask(first?.port ?? 0, "SET", key, "old");
    await move(1);
    expect(await ask(proxyPort, "GET", key)).toBe(bulk("new"));

    // Nobody has moved this one away from group 2: the record of the first move is of group 1.
    await ask(proxyPort, "DEL", key);
    const { v1 } = product.dashboard;
    const slot = SLOTS[0] ?? 0;
    await v1.assignSlots({ assignments: [{ from: slot, to: slot, group_id: 2 }] });
    await ask(second?.port ?? 0, "SET", key, "of the second");
    await v1.assignSlots({ assignments: [{ from: slot, to: slot, group_id: 1 }] });
    const id = await order(2);
    const stopped = await when(id, "reason", ({ reason }) => reason?.includes(key) === true);
    expect(stopped.reason).toContain(`slot ${slot}, database 0`);
    expect(await ask(second?.port ?? 0, "GET", key)).toBe(bulk("of the second"));
    await ask(second?.port ?? 0, "DEL", key);
    await done(id);
    await clean();
    await move(1);
  },
  TEST_MS,
);

test(
  "half-moved slots that are given away by force are let go of",
  async () => {
    await fill();
    const id = await order(2, SLOW);
    await when(id, "moved keys", ({ progress }) => progress.keys_moved > 0);
    const { v1 } = product.dashboard;
    const assignments = SLOTS.map((slot) => ({ from: slot, to: slot, group_id: 1 }));
    await v1.assignSlots({ assignments });
    await when(
      id,
      "end of the operation",
      ({ state }) => state === "cancelled" || state === "done",
    );
    const port = product.proxies[0]?.port ?? 0;
    const keys = TAGS.map((tag) => `{${tag}}:after`);
    for (const key of keys) {
      expect(await ask(port, "SET", key, "1")).toBe("+OK\r\n");
    }
    await Bun.sleep(1_500);
    expect(await ask(product.servers[0]?.port ?? 0, "EXISTS", ...keys)).toBe(`:${keys.length}\r\n`);
    await clean();
  },
  TEST_MS,
);
