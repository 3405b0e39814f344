/** Stories: kept at once, stored soon, bounded, and what a new leader makes of those that weren't ended. */
import { describe, expect, test } from "bun:test";
import { CodisError } from "../../../../src/base/error.ts";
import { silentLog } from "../../../../src/base/log.ts";
import { FailoverLedger } from "../../../../src/dashboard/availability/failover/failover-book.ts";
import { decodeStory } from "../../../../src/dashboard/availability/failover/story-record.ts";
import {
  FAILOVER_EVENTS_MAX,
  FAILOVERS_KEPT,
  type Failover,
} from "../../../../src/model/availability/failover.ts";
import { beginPromoting, switchMaster } from "../../../../src/model/change/master.ts";
import type { Topology } from "../../../../src/model/topology/topology.ts";
import { DeskStorage, settle } from "../../../support/failover-desk.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { serverTopology } from "../../../support/server-topology.ts";

const FROM = "10.0.0.1:6379";
const TO = "10.0.0.2:6379";
const ROOT = "/codis-ext/demo/failover";
const STORY = { groupId: 1, kind: "detector", from: FROM, to: TO } as const;

class Desk {
  readonly clock = new FakeClock();
  readonly storage = new DeskStorage();
  topology: Topology = serverTopology({ groups: { 1: [FROM, TO] } });

  open(epoch = 1): Promise<FailoverLedger> {
    return FailoverLedger.open({
      product: "demo",
      epoch,
      storage: this.storage,
      topology: () => this.topology,
      clock: this.clock,
      log: silentLog,
    });
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }

  stored(id: string): Failover {
    const text = this.storage.nodes.get(`${ROOT}/${id}`);
    return decodeStory(JSON.parse(text ?? "null"), id, id);
  }
}

describe("a story", () => {
  test("is there at once, and stored soon as it is then", async () => {
    const desk = new Desk();
    const book = await desk.open(7);
    const story = book.begin(STORY);
    story.note("detected", FROM, "no answer");
    story.set({ pauseMs: 12, lostBytes: 0 });
    expect(book.all()[0]).toMatchObject({ id: "7-1", outcome: "running", pauseMs: 12 });
    expect(desk.storage.nodes.size).toBe(0);
    await desk.pass(1);
    expect(desk.stored("7-1")).toEqual(book.all()[0] as Failover);
    expect(desk.storage.writes).toBe(1);
  });

  test("ends once, and is stored when that resolves", async () => {
    const desk = new Desk();
    const book = await desk.open();
    const story = book.begin(STORY);
    await story.end("done");
    expect(desk.stored("1-1")).toMatchObject({ outcome: "done", endedAtMs: desk.clock.nowMs() });
    await story.end("failed", "too late");
    story.note("note", "", "too late");
    expect(book.all()[0]).toMatchObject({ outcome: "done", reason: "", events: [] });
  });

  test("keeps the first lines and the last one", async () => {
    const desk = new Desk();
    const book = await desk.open();
    const story = book.begin(STORY);
    for (let line = 1; line <= FAILOVER_EVENTS_MAX + 50; line += 1) {
      story.note("note", "", `${line}`);
    }
    const texts = book.all()[0]?.events.map(({ text }) => text) ?? [];
    expect(texts).toHaveLength(FAILOVER_EVENTS_MAX);
    expect(texts.at(-2)).toBe(`${FAILOVER_EVENTS_MAX - 1}`);
    expect(texts.at(-1)).toBe(`${FAILOVER_EVENTS_MAX + 50}`);
  });

  test("is told to listeners with every line, until they end that", async () => {
    const desk = new Desk();
    const book = await desk.open();
    const heard: string[] = [];
    book.onFailover(() => {
      throw new Error("a listener that fails disturbs nobody");
    });
    const stop = book.onFailover(({ outcome, events }) =>
      heard.push(`${outcome} ${events.length}`),
    );
    const story = book.begin(STORY);
    story.note("detected", FROM, "no answer");
    await story.end("done");
    stop();
    book.begin(STORY);
    expect(heard).toEqual(["running 0", "running 1", "done 1"]);
  });
});

describe("a coordinator that doesn't answer", () => {
  test("is tried again until it does", async () => {
    const desk = new Desk();
    const book = await desk.open();
    desk.storage.failure = new CodisError("COORDINATOR_UNREACHABLE", "no answer");
    await book.begin(STORY).end("done");
    expect(book.all()[0]?.outcome).toBe("done");
    await desk.pass(1_000);
    desk.storage.failure = undefined;
    await desk.pass(10_000);
    expect(desk.stored("1-1").outcome).toBe("done");
  });

  test("isn't tried for ever", async () => {
    const desk = new Desk();
    const book = await desk.open();
    desk.storage.failure = new CodisError("COORDINATOR_UNREACHABLE", "no answer");
    await book.begin(STORY).end("done");
    for (let minute = 0; minute < 200; minute += 1) {
      await desk.pass(5_000);
    }
    expect(desk.storage.writes).toBeLessThan(30);
    desk.storage.failure = undefined;
    await book.begin(STORY).end("done");
    expect([...desk.storage.nodes.keys()]).toEqual([`${ROOT}/1-1`, `${ROOT}/1-2`]);
  });

  test("another leader: nothing is tried again", async () => {
    const desk = new Desk();
    const book = await desk.open();
    desk.storage.failure = new CodisError("LEADERSHIP_LOST", "another one leads");
    await book.begin(STORY).end("done");
    const { writes } = desk.storage;
    await desk.pass(60_000);
    expect(desk.storage.writes).toBe(writes);
  });
});

test("the newest are kept, here and in the coordinator; one that runs isn't dropped", async () => {
  const desk = new Desk();
  const book = await desk.open();
  const running = book.begin(STORY);
  for (let number = 0; number < FAILOVERS_KEPT + 5; number += 1) {
    await book.begin(STORY).end("refused", "no replica");
  }
  await desk.pass(1);
  expect(book.all()).toHaveLength(FAILOVERS_KEPT);
  expect(desk.storage.nodes.size).toBe(FAILOVERS_KEPT);
  expect(book.all().at(-1)?.id).toBe("1-1");
  await running.end("done");
  const reread = await desk.open(2);
  expect(reread.all().map(({ id }) => id)).toEqual(book.all().map(({ id }) => id));
});

describe("the next leader", () => {
  test("orders stories by reign and number, and leaves what it can't read", async () => {
    const desk = new Desk();
    for (const epoch of [9, 10]) {
      const book = await desk.open(epoch);
      await book.begin(STORY).end("done");
      await book.begin(STORY).end("done");
    }
    desk.storage.nodes.set(`${ROOT}/10-3`, "{");
    desk.storage.nodes.set(`${ROOT}/notes`, "{}");
    const book = await desk.open(11);
    expect(book.all().map(({ id }) => id)).toEqual(["10-2", "10-1", "9-2", "9-1"]);
    expect(desk.storage.nodes.has(`${ROOT}/notes`)).toBe(true);
  });

  test("ends what runs: done when the master is the new one, else failed", async () => {
    const desk = new Desk();
    const first = await desk.open(1);
    first.begin({ ...STORY, to: TO });
    first.begin({ ...STORY, to: "" });
    await desk.pass(1);
    const second = await desk.open(2);
    await desk.pass(1);
    expect(second.all().map(({ outcome }) => outcome)).toEqual(["failed", "failed"]);
    expect(desk.stored("1-1").reason).toMatch(/ended in the middle/);

    first.begin({ ...STORY, to: TO });
    await desk.pass(1);
    desk.topology = switchMaster(desk.topology, 1, TO);
    const third = await desk.open(3);
    await desk.pass(1);
    expect(third.all()[0]).toMatchObject({ id: "1-3", outcome: "done" });
    expect(third.resume(1)).toBeUndefined();
  });

  test("leaves a planned change open whose group is still promoting, for whoever goes on", async () => {
    const desk = new Desk();
    const first = await desk.open(1);
    first.begin({ ...STORY, kind: "planned" });
    await desk.pass(1);
    desk.topology = beginPromoting(desk.topology, 1, TO);
    const second = await desk.open(2);
    expect(second.all()[0]?.outcome).toBe("running");
    expect(second.resume(2)).toBeUndefined();
    const story = second.resume(1);
    expect(story?.id).toBe("1-1");
    story?.note("note", "", "goes on");
    await story?.end("done");
    expect(desk.stored("1-1")).toMatchObject({ outcome: "done", events: [{ text: "goes on" }] });
    expect(second.resume(1)).toBeUndefined();
  });

  test("doesn't resume a story of its own", async () => {
    const desk = new Desk();
    const book = await desk.open(1);
    book.begin({ ...STORY, kind: "planned" });
    expect(book.resume(1)).toBeUndefined();
  });
});

test("a book that closes stores what is left", async () => {
  const desk = new Desk();
  const book = await desk.open();
  book.begin(STORY).note("note", "", "last words");
  await book.close();
  expect(desk.stored("1-1").events[0]?.text).toBe("last words");
});
