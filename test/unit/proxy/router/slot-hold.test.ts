/**
 * Requests held for a locked slot: taken in order, expired one by one, their bytes counted while they wait.
 */
import { expect, test } from "bun:test";
import { memoryGauge } from "../../../../src/net/buffer-pool.ts";
import { CallbackReply } from "../../../../src/proxy/reply/reply-sink.ts";
import { HOLD_TIMED_OUT, SlotHold } from "../../../../src/proxy/router/slot-hold.ts";

const TIMEOUT_MS = 1000;

function held(answers: string[], name: string, startMs: number) {
  return {
    sink: new CallbackReply((reply) => answers.push(`${name} ${reply.toString().slice(0, 9)}`)),
    tag: 0,
    commandId: 0,
    frame: Buffer.from(name),
    db: 0,
    proto: 2 as const,
    lane: 0,
    startMs,
    writer: undefined,
  };
}

test("each slot gives its requests back in their order, once", () => {
  const hold = new SlotHold(TIMEOUT_MS);
  for (const [slot, name] of [
    [1, "aa"],
    [2, "b"],
    [1, "cc"],
    [1, "dd"],
  ] as const) {
    hold.add(slot, held([], name, 0));
  }
  expect([hold.count, memoryGauge.usedBytes]).toEqual([4, 7]);
  expect(hold.take(1).map((request) => request.frame.toString())).toEqual(["aa", "cc", "dd"]);
  expect(hold.take(1)).toEqual([]);
  expect([hold.count, memoryGauge.usedBytes]).toEqual([1, 1]);
  expect(hold.take(2).length).toBe(1);
  expect(memoryGauge.usedBytes).toBe(0);
});

test("what has waited too long is answered TRYAGAIN; what came later waits on", () => {
  const hold = new SlotHold(TIMEOUT_MS);
  const answers: string[] = [];
  hold.add(1, held(answers, "old", 0));
  hold.add(1, held(answers, "young", 500));
  hold.add(2, held(answers, "other", 100));
  hold.expire(999);
  expect(answers).toEqual([]);
  hold.expire(1200);
  expect(answers).toEqual(["old -TRYAGAIN", "other -TRYAGAIN"]);
  expect(hold.take(1).map((request) => request.frame.toString())).toEqual(["young"]);
  expect(memoryGauge.usedBytes).toBe(0);
});

test("a session that sends the next request as soon as one expires is held again", () => {
  const hold = new SlotHold(TIMEOUT_MS);
  let again = 0;
  const sink = new CallbackReply(() => {
    again++;
    if (again < 5) hold.add(1, { ...held([], "again", 1000), sink });
  });
  hold.add(1, { ...held([], "first", 0), sink });
  hold.expire(1000);
  expect([again, hold.count]).toEqual([1, 1]);
  hold.take(1);
});

test("the text is one error line", () => {
  expect(HOLD_TIMED_OUT.toString()).toMatch(/^-TRYAGAIN [^\r\n]+\r\n$/);
});
