/**
 * The ring of requests in flight keeps its order while it grows, wherever its head stands.
 */
import { expect, test } from "bun:test";
import { InFlight } from "../../../../src/proxy/backend/in-flight.ts";
import { CallbackReply } from "../../../../src/proxy/reply/reply-sink.ts";
import { printSeed, Random, SEED } from "../../../support/seed.ts";

printSeed("in-flight");

test("what is put in comes out in order, as a plain list would have it", () => {
  const random = new Random(SEED);
  const ring = new InFlight();
  const list: { sink: CallbackReply; tag: number; command: number; start: number }[] = [];
  for (let i = 0; i < 30_000; i++) {
    const isGrowing = Math.floor(i / 1000) % 2 === 0;
    if (random.chance(isGrowing ? 0.7 : 0.3)) {
      const entry = {
        sink: new CallbackReply(() => undefined),
        tag: i,
        command: i % 7,
        start: i / 2,
      };
      ring.push(entry.sink, entry.tag, entry.command, entry.start);
      list.push(entry);
    } else if (list.length > 0) {
      const due = list.shift();
      const { head } = ring;
      expect(ring.oldestStartMs).toBe(due?.start as number);
      expect(ring.sinks[head]).toBe(due?.sink);
      expect([ring.tags[head], ring.commands[head]]).toEqual([due?.tag, due?.command]);
      ring.shift();
      // Whoever waited is not kept alive by the ring.
      expect(ring.sinks[head]).toBeUndefined();
    }
    expect(ring.count).toBe(list.length);
  }
});
