/**
 * The replies of the parts of one split request, merged: in the order of the keys, whatever part comes first,
 * with the first part's error when one fails.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { MERGE_ALL_OK, MERGE_ARRAY_BY_KEY, MERGE_SUM } from "../../../../src/command/route.ts";
import { memoryGauge } from "../../../../src/net/buffer-pool.ts";
import { Fanout } from "../../../../src/proxy/dispatch/fanout.ts";
import { SessionOutput } from "../../../../src/proxy/reply/session-output.ts";
import { CommandStats } from "../../../../src/proxy/stats/command-stats.ts";
import { FakeSocket, turnsEnd } from "../../../support/fake-socket.ts";
import { aggregate, bulk, line } from "../../../support/fake-store.ts";
import { printSeed, Random, SEED } from "../../../support/seed.ts";

printSeed("fanout");

let socket: FakeSocket;
let output: SessionOutput;
let failures: number;

beforeEach(() => {
  socket = new FakeSocket();
  failures = 0;
  output = new SessionOutput(socket.connection, {
    onProgress: () => undefined,
    onOutputPending: () => undefined,
    onRequestFailed: () => {
      failures++;
    },
    onBrokenReply: () => undefined,
  });
});

afterEach(async () => {
  await turnsEnd();
  socket.connection.destroy();
  expect(memoryGauge.usedBytes).toBe(0);
});

function fanout(merge: number, partOfKey: readonly number[]): Fanout {
  const parts = Math.max(...partOfKey) + 1;
  return new Fanout(output, 0, merge, Uint16Array.from(partOfKey), parts, new CommandStats(), 0);
}

/** A reply somewhere inside a chunk. */
function give(to: Fanout, part: number, reply: Buffer): void {
  const chunk = Buffer.concat([Buffer.from("before"), reply, Buffer.from("behind")]);
  to.onReply(part, chunk, 6, 6 + reply.length);
}

async function answer(): Promise<string> {
  await turnsEnd();
  return socket.written.toString("latin1");
}

test("elements of MGET come in the order of the keys, for any keys and parts", async () => {
  const random = new Random(SEED);
  let due = Buffer.alloc(0);
  for (let round = 0; round < 300; round++) {
    const parts = 2 + random.below(4);
    const keys = parts + random.below(20);
    const partOfKey = Array.from({ length: keys }, (_, key) =>
      key < parts ? key : random.below(parts),
    );
    const elements = partOfKey.map((_, key) =>
      random.chance(0.2)
        ? Buffer.from(random.pick(["$-1\r\n", "_\r\n"]))
        : bulk(`\r\n$1\r\n${key}${"v".repeat(random.below(random.chance(0.02) ? 90_000 : 60))}`),
    );
    const one = fanout(MERGE_ARRAY_BY_KEY, partOfKey);
    const order = Array.from({ length: parts }, (_, part) => part);
    for (let i = order.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [order[i], order[j]] = [order[j] as number, order[i] as number];
    }
    for (const part of order) {
      const own = elements.filter((_, key) => partOfKey[key] === part);
      give(one, part, aggregate("*", own.length, own));
    }
    due = Buffer.concat([due, aggregate("*", keys, elements)]);
  }
  expect(await answer()).toBe(due.toString("latin1"));
});

test("a merged reply whose turn it isn't yet stays as it is while others are merged", async () => {
  const first = output.reserve();
  const one = fanout(MERGE_ARRAY_BY_KEY, [0, 1]);
  const other = fanout(MERGE_ARRAY_BY_KEY, [0, 1]);
  for (const [to, text] of [
    [one, "one"],
    [other, "OTHER"],
  ] as const) {
    give(to, 1, aggregate("*", 1, [bulk(`${text}-1`)]));
    give(to, 0, aggregate("*", 1, [bulk(`${text}-0`)]));
  }
  output.onReply(first, Buffer.from("+first\r\n"), 0, 8);
  const due = ["one", "OTHER"].map((text) =>
    aggregate("*", 2, [bulk(`${text}-0`), bulk(`${text}-1`)]),
  );
  expect(await answer()).toBe(`+first\r\n${due.join("")}`);
});

test("counts are added up", async () => {
  const one = fanout(MERGE_SUM, [0, 1, 2]);
  give(one, 0, line(":1"));
  give(one, 2, line(":40"));
  give(one, 1, line(":900000000000"));
  expect(await answer()).toBe(":900000000041\r\n");
});

test("one OK stands for all", async () => {
  const one = fanout(MERGE_ALL_OK, [0, 1]);
  give(one, 1, line("+OK"));
  give(one, 0, line("+OK"));
  expect(await answer()).toBe("+OK\r\n");
});

test("the error of a part is the reply of the whole, once all parts are in", async () => {
  for (const merge of [MERGE_SUM, MERGE_ALL_OK, MERGE_ARRAY_BY_KEY]) {
    const one = fanout(merge, [0, 1, 2]);
    give(one, 1, line("-OOM no room"));
    give(one, 0, line(":1"));
    expect(await answer()).toBe("");
    give(one, 2, line("-LATER error"));
    expect(await answer()).toBe("-OOM no room\r\n");
    expect(failures).toBe(0);
    socket = new FakeSocket();
    output = new SessionOutput(socket.connection, {
      onProgress: () => undefined,
      onOutputPending: () => undefined,
      onRequestFailed: () => undefined,
      onBrokenReply: () => undefined,
    });
  }
});

test("a part that was never sent, or lost, is a failure of the proxy", async () => {
  const one = fanout(MERGE_SUM, [0, 1]);
  give(one, 0, line(":1"));
  one.onFailure(1, line("-ERR handle response, backend conn reset"));
  expect(await answer()).toBe("-ERR handle response, backend conn reset\r\n");
  expect(failures).toBe(1);
});

test("a part of the wrong shape is an error, never a wrong answer", async () => {
  const bad = [
    [MERGE_SUM, line("+OK")],
    [MERGE_ARRAY_BY_KEY, line("+OK")],
    [MERGE_ARRAY_BY_KEY, aggregate("*", 0, [])],
  ] as const;
  for (const [merge, reply] of bad) {
    const one = fanout(merge, [0, 1]);
    give(one, 0, reply);
    give(one, 1, merge === MERGE_SUM ? line(":1") : aggregate("*", 1, [bulk("x")]));
  }
  const text = "-ERR handle response, bad reply of one part\r\n";
  expect(await answer()).toBe(text.repeat(bad.length));
});
