/**
 * Slots that move as in Codis's semi-async: the source carries commands out while their key is there. Against fakes
 * that answer as the recorded codis-server, so that every state of a key can be had at will.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { setTimeout } from "node:timers/promises";
import { waitFor } from "../../support/deadline.ts";
import { type FakeSlotsPair, startFakeSlotsPair } from "../../support/fake-slots-pair.ts";
import { type MovingWorker, startMovingWorker } from "../../support/moving-worker.ts";
import type { RespConnection } from "../../support/resp-connection.ts";

const METHOD = { forwardMethod: 1 } as const;
/** Longer than a shared machine stands still: nobody is told to try again. */
const CALM_MS = 25_000;
/** For those who are. */
const HOLD_MS = 400;

let pair: FakeSlotsPair;
let worker: MovingWorker;
let client: RespConnection;

beforeEach(async () => {
  pair = await startFakeSlotsPair();
  await startWorker(CALM_MS);
});

afterEach(async () => {
  await worker.close();
  await pair.close();
});

async function startWorker(migrationHoldTimeoutMs: number): Promise<void> {
  const ends = { source: pair.source.addr, target: pair.target.addr };
  const holds = { migrationHoldTimeoutMs, slotHoldTimeoutMs: CALM_MS };
  worker = await startMovingWorker(ends, holds, METHOD);
  client = await worker.connect();
}

async function call(...argv: readonly string[]): Promise<string> {
  return (await client.call(...argv)).toString();
}

async function until(name: string, holds: () => boolean): Promise<void> {
  await waitFor(name, 20_000, () => (holds() ? true : undefined));
}

function at(server: "source" | "target", name: string): readonly string[] {
  return pair[server].requests(name).map(({ argv }) => argv.map(String).join(" "));
}

describe("a command of one key", () => {
  test("runs at the source while the key is there, and is answered with its reply alone", async () => {
    await call("SET", "a", "1");
    await worker.migrate();
    expect(await call("APPEND", "a", "2")).toBe(":2\r\n");
    expect(await call("GET", "a")).toBe("$2\r\n12\r\n");
    expect(at("source", "SLOTSMGRT-EXEC-WRAPPER")).toEqual([
      "SLOTSMGRT-EXEC-WRAPPER a APPEND a 2",
      "SLOTSMGRT-EXEC-WRAPPER a GET a",
    ]);
    expect(at("target", "GET")).toEqual([]);
  });

  test("runs at the target when the source hasn't got the key", async () => {
    await worker.migrate();
    expect(await call("SET", "new", "1")).toBe("+OK\r\n");
    expect(await call("GET", "new")).toBe("$1\r\n1\r\n");
    expect(at("target", "SET")).toEqual(["SET new 1"]);
  });

  test("waits while the key is on its way, and holds up neither other clients nor other slots", async () => {
    await call("SET", "a", "1");
    pair.onTheirWay.add("a");
    await worker.migrate();
    const waiting = call("APPEND", "a", "2");
    // Reads go on, and so do other slots of the same client behind it; answers keep their order.
    const other = await worker.connect();
    expect((await other.call("GET", "a")).toString()).toBe("$1\r\n1\r\n");
    expect((await other.call("SET", "b", "1")).toString()).toBe("+OK\r\n");
    const behind = call("SET", "c", "1");
    await until("the other slot's command", () => at("target", "SET").includes("SET c 1"));
    pair.onTheirWay.delete("a");
    expect(await waiting).toBe(":2\r\n");
    expect(await behind).toBe("+OK\r\n");
  });

  test("gets TRYAGAIN when the key is on its way for too long, and was never carried out", async () => {
    await worker.close();
    await startWorker(HOLD_MS);
    await call("SET", "a", "1");
    pair.onTheirWay.add("a");
    await worker.migrate();
    expect(await call("APPEND", "a", "2")).toMatch(/^-TRYAGAIN the slot is being moved/);
    expect((await worker.figures()).tryAgains).toBe(1);
    pair.onTheirWay.delete("a");
    await worker.finish();
    expect(at("target", "APPEND")).toEqual([]);
    await worker.giveBack();
    expect(await call("GET", "a")).toBe("$1\r\n1\r\n");
  });

  test("keeps its place before later ones of the same client and slot", async () => {
    await call("SET", "a", "1");
    pair.onTheirWay.add("a");
    await worker.migrate();
    const replies = [call("APPEND", "a", "2"), call("GET", "a"), call("APPEND", "a", "3")];
    await until("a few tries", () => at("source", "SLOTSMGRT-EXEC-WRAPPER").length > 8);
    pair.onTheirWay.delete("a");
    expect(await Promise.all(replies)).toEqual([":2\r\n", "$2\r\n12\r\n", ":3\r\n"]);
  });

  test("that the source doesn't know gets the source's error", async () => {
    await call("SET", "a", "1");
    await worker.migrate();
    // GETRANGE stands for a command that an old server hasn't got.
    pair.source.options = {
      answer: (entry) =>
        entry.argv[0]?.toString() === "SLOTSMGRT-EXEC-WRAPPER"
          ? Buffer.from("*2\r\n:-1\r\n-ERR invalid command specified (getrange)\r\n")
          : undefined,
    };
    expect(await call("GETRANGE", "a", "0", "1")).toBe(
      "-ERR invalid command specified (getrange)\r\n",
    );
  });

  test("an answer that makes no sense is an error, and the next command goes on", async () => {
    await call("SET", "a", "1");
    await worker.migrate();
    const { options } = pair.source;
    pair.source.options = { answer: () => Buffer.from("*2\r\n:9\r\n+what\r\n") };
    expect(await call("GET", "a")).toMatch(/^-ERR handle response, bad slotsmgrt-exec-wrapper/);
    pair.source.options = options;
    expect(await call("GET", "a")).toBe("$1\r\n1\r\n");
  });
});

describe("a source that is full", () => {
  test("answers reads, although it refuses to be asked; writes get its error", async () => {
    await call("SET", "a", "1");
    await worker.migrate();
    pair.isFull = true;
    expect(await call("GET", "a")).toBe("$1\r\n1\r\n");
    expect(await call("APPEND", "a", "2")).toMatch(/^-OOM /);
    expect((await worker.figures()).sourceReads).toBe(1);
  });

  test("a read of a key that isn't there goes to the target", async () => {
    await worker.migrate();
    await call("SET", "a", "1");
    pair.isFull = true;
    expect(await call("GET", "a")).toBe("$1\r\n1\r\n");
  });
});

describe("a command of several keys", () => {
  test("of one tag runs with all of them at the target, wherever they were", async () => {
    await call("SET", "{t}a", "1");
    await worker.migrate();
    // The source hasn't got it: it is made at the target.
    await call("SET", "{t}b", "2");
    expect(await call("MGET", "{t}a", "{t}b")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    expect(at("source", "SLOTSMGRTTAGONE-ASYNC")).toHaveLength(1);
    expect(at("source", "SLOTSMGRT-ASYNC-FENCE")).toHaveLength(1);
    expect(at("source", "SLOTSMGRTTAGONE-ASYNC")[0]).toEndWith("{t}a");
  });

  test("of several slots is put together as always", async () => {
    await call("MSET", "a", "1", "b", "2", "c", "3");
    await worker.migrate("a", "b");
    expect(await call("MGET", "a", "b", "c", "d")).toBe(
      "*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$-1\r\n",
    );
    expect(await call("DEL", "a", "b", "c")).toBe(":3\r\n");
  });

  test("waits for a job of somebody else", async () => {
    await call("MSET", "{t}a", "1", "{t}b", "2");
    await worker.migrate();
    pair.busyTimes = 3;
    expect(await call("MGET", "{t}a", "{t}b")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    expect(at("source", "SLOTSMGRTTAGONE-ASYNC")).toHaveLength(4);
  });
});

describe("the table changes while the source is asked", () => {
  async function askedBehindTheBack(change: () => Promise<void>): Promise<readonly string[]> {
    // The connection is there.
    await call("GET", "z");
    pair.source.isWithholding = true;
    const first = call("SET", "a", "1");
    await until("the question", () => at("source", "SLOTSMGRT-EXEC-WRAPPER").length === 2);
    const second = call("APPEND", "a", "2");
    const changed = change();
    const third = call("GET", "a");
    // Nothing may overtake the first one.
    await setTimeout(50);
    expect(at("target", "APPEND")).toEqual([]);
    pair.source.release();
    await changed;
    return await Promise.all([first, second, third]);
  }

  test("to a slot that has arrived: in order, at the target", async () => {
    await worker.migrate();
    const replies = await askedBehindTheBack(() => worker.finish());
    expect(replies).toEqual(["+OK\r\n", ":2\r\n", "$2\r\n12\r\n"]);
    expect(at("target", "APPEND")).toEqual(["APPEND a 2"]);
  });

  test("to a slot that is held, and served later", async () => {
    await worker.migrate();
    const replies = askedBehindTheBack(() => worker.lock());
    await setTimeout(200);
    await worker.finish();
    expect(await replies).toEqual(["+OK\r\n", ":2\r\n", "$2\r\n12\r\n"]);
  });

  test("to the sync way of moving", async () => {
    await worker.migrate();
    const slots = Array.from({ length: 1024 }, (_, id) => id);
    const replies = await askedBehindTheBack(() => worker.proxy.fill(slots, { forwardMethod: 0 }));
    expect(replies).toEqual(["+OK\r\n", ":2\r\n", "$2\r\n12\r\n"]);
  });
});
