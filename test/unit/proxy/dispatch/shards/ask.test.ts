/** Fan-outs: their width and their time are bounded, and no failed part is hidden. */
import { describe, expect, test } from "bun:test";
import type { Shard } from "../../../../../src/proxy/dispatch/context.ts";
import {
  askShards,
  FANOUT_WIDTH_MAX,
  failureOf,
  failureOfChange,
} from "../../../../../src/proxy/dispatch/shards/ask.ts";
import { drawIndex } from "../../../../../src/proxy/dispatch/shards/keyspace.ts";
import { testEnv, testSession } from "./session.ts";
import { TestSlotTable } from "./slot-table.ts";

const SHARDS: readonly Shard[] = Array.from({ length: FANOUT_WIDTH_MAX * 2 + 3 }, (_, i) => ({
  groupId: i + 1,
  addr: `10.0.0.1:${i + 1}`,
}));

/** An environment whose masters answer through the given function. */
function envOf(call: (shard: Shard) => Promise<Buffer>) {
  const table = new TestSlotTable(SHARDS.map((shard) => shard.addr));
  const never = (): Promise<never> => new Promise(() => undefined);
  return testEnv(
    Object.assign(table, {
      shards: () => SHARDS,
      call,
      callDedicated: never,
    }),
  );
}

describe("askShards", () => {
  test("has at most so many masters asked at once, and keeps their order", async () => {
    let running = 0;
    let most = 0;
    const env = envOf(async (shard) => {
      running++;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return Buffer.from(`:${shard.groupId}\r\n`);
    });
    const parts = await askShards(testSession(), env, SHARDS, ["DBSIZE"]);
    expect(most).toBe(FANOUT_WIDTH_MAX);
    expect(parts.map((part) => part.reply.toString())).toEqual(
      SHARDS.map((shard) => `:${shard.groupId}\r\n`),
    );
  });

  test("answers an error for a master that is late or whose call fails", async () => {
    const env = envOf((shard) =>
      shard.groupId === 1 ? new Promise(() => undefined) : Promise.reject(new Error("defect")),
    );
    const parts = await askShards(testSession(), env, SHARDS.slice(0, 2), ["DBSIZE"], {
      timeoutMs: 5,
    });
    expect(parts.map((part) => part.reply.toString())).toEqual([
      "-ERR handle response, no reply of group 1 at 10.0.0.1:1 within 5 ms\r\n",
      "-ERR handle response, backend conn reset\r\n",
    ]);
  });
});

describe("failures", () => {
  const part = (index: number, reply: string) => ({
    shard: SHARDS[index] as Shard,
    reply: Buffer.from(reply),
  });

  test("are the first in group order", () => {
    expect(failureOf([part(0, ":1\r\n"), part(1, "-B\r\n"), part(2, "-C\r\n")])?.toString()).toBe(
      "-B\r\n",
    );
    expect(failureOf([part(0, ":1\r\n")])).toBeUndefined();
    expect(failureOf([])?.toString()).toContain("slot is not ready");
  });

  test("of a change are told as they are when nobody made it", () => {
    const parts = [part(0, "-ERR syntax error\r\n"), part(1, "-ERR syntax error\r\n")];
    expect(failureOfChange(parts)?.toString()).toBe("-ERR syntax error\r\n");
  });

  test("of a change name who hasn't made it", () => {
    const parts = [part(0, "+OK\r\n"), part(1, "!7\r\nOOM bad\r\n"), part(2, "+OK\r\n")];
    expect(failureOfChange(parts)?.toString()).toBe(
      "-OOM bad (done by 2 of 3 masters, not by group 2 at 10.0.0.1:2)\r\n",
    );
  });
});

test("a weighted draw meets every weight in proportion and no weight of 0", () => {
  const hits = [0, 0, 0, 0];
  for (let n = 0; n < 1_000; n++) {
    const index = drawIndex([0, 1, 0, 3], n / 1_000);
    hits[index] = (hits[index] ?? 0) + 1;
  }
  expect(hits).toEqual([0, 250, 0, 750]);
  expect(drawIndex([0, 0], 0.5)).toBe(-1);
});
