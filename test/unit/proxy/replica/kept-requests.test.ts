/** The bytes of reads in flight: found by number, given up when they are answered. */
import { afterEach, expect, test } from "bun:test";
import { findCommandId } from "../../../../src/command/table.ts";
import { memoryGauge } from "../../../../src/net/buffer-pool.ts";
import { KeptRequests } from "../../../../src/proxy/replica/kept-requests.ts";
import { slotsOfRequest } from "../../../../src/proxy/replica/read-slots.ts";
import { IS_REPLICA_READ } from "../../../../src/proxy/replica/replica-read.ts";
import { encodeCommand } from "../../../../src/resp/encode.ts";
import { slotOfText } from "../../../support/slot-of-text.ts";

let kept = new KeptRequests();

afterEach(() => {
  kept.release(Number.POSITIVE_INFINITY);
  expect(memoryGauge.usedBytes).toBe(0);
  kept = new KeptRequests();
});

function frames(...keys: readonly string[]): Buffer {
  return Buffer.concat(keys.map((key) => encodeCommand(["GET", key])));
}

test("each request is found by its number, in runs of any length", () => {
  const keys = Array.from({ length: 100 }, (_, i) => `key${i}`);
  const lengths = [1, 5, 1, 30, 63];
  let from = 0;
  for (const length of lengths) {
    const bytes = Buffer.concat([Buffer.from("xx"), frames(...keys.slice(from, from + length))]);
    from += length;
    kept.add(bytes, 2, bytes.length, from);
    // The session's chunk may be used for something else then.
    bytes.fill(0);
  }
  for (const [number, key] of keys.entries()) {
    expect(kept.frameOf(number)?.toString()).toBe(frames(key).toString());
  }
  expect(kept.frameOf(100)).toBeUndefined();
});

test("runs are given up when all their requests are answered", () => {
  for (let number = 0; number < 1000; number += 2) {
    const bytes = frames("a", "b");
    kept.add(bytes, 0, bytes.length, number + 2);
    kept.release(number - 7);
    expect(kept.bytes).toBeLessThan(bytes.length * 7);
  }
  expect(kept.frameOf(998)?.toString()).toBe(frames("a").toString());
  expect(kept.frameOf(0)).toBeUndefined();
});

test("slots of a request are those of its keys", () => {
  const slots = slotsOfRequest(encodeCommand(["mget", "a", "{a}b", "c"]), 1023);
  expect(slots).toEqual([slotOfText("a"), slotOfText("c")]);
  expect(slotsOfRequest(encodeCommand(["OBJECT", "ENCODING", "a"]), 1023)).toEqual([
    slotOfText("a"),
  ]);
  expect(slotsOfRequest(encodeCommand(["PING"]), 1023)).toEqual([]);
  expect(slotsOfRequest(encodeCommand(["NOSUCH", "a"]), 1023)).toEqual([]);
});

test("replicas answer what only reads named keys, and nothing else", () => {
  const isRead = (name: string) => IS_REPLICA_READ[findCommandId(name)] === 1;
  const reads = "get mget exists hgetall ttl type zrange sort_ro lrange xrange pfcount strlen dump";
  expect(reads.split(" ").filter((name) => !isRead(name))).toEqual([]);
  const others =
    "set getex getdel getset eval eval_ro evalsha_ro fcall_ro hscan sscan zscan scan touch object|freq " +
    "object|idletime object|encoding memory|usage lolwut pfselftest bitfield sort georadius xreadgroup " +
    "keys dbsize randomkey ping expire unlink del";
  expect(others.split(" ").filter(isRead)).toEqual([]);
});
