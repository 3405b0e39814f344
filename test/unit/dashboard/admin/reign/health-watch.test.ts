/**
 * Since when problems are there: looked at without anybody asking, kept while they stay, begun anew when they come
 * back, and the same whether slots of a problem change.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { V1Health } from "../../../../../src/api/v1-state-schema.ts";
import { HealthWatch } from "../../../../../src/dashboard/admin/reign/health-watch.ts";
import { fillSample } from "../../../../support/dashboard-sample.ts";
import { FakeClock } from "../../../../support/fake-clock.ts";
import { FakeLeader } from "../../../../support/fake-dashboard-control.ts";

const START_MS = Date.UTC(2026, 0, 1);

let clock: FakeClock;
let leader: FakeLeader;
let watch: HealthWatch;

beforeEach(() => {
  clock = new FakeClock(START_MS);
  leader = new FakeLeader();
  fillSample(leader);
  watch = new HealthWatch(leader, clock);
});

afterEach(() => watch.close());

function fault(sinceMs = 0) {
  return {
    ...{ code: "SPLIT_BRAIN" as const, groupId: 1, addr: "10.0.0.1:6379", stored: "", real: "" },
    sinceMs,
    isMendable: false,
    text: "two masters",
  };
}

function find(kind: V1Health["problems"][number]["kind"]) {
  return watch.health().problems.find((problem) => problem.kind === kind);
}

function after(ms: number): string {
  return new Date(START_MS + ms).toISOString();
}

test("a problem has the time when it was first seen, also when nobody asked, and a code", () => {
  leader.availability.faults = [fault()];
  clock.advance(60_000);
  expect(find("split_brain")).toMatchObject({
    code: "CODIS-SPLIT-BRAIN",
    subject: "server 10.0.0.1:6379",
    since: after(2_000),
  });
});

test("one that comes back begins anew", () => {
  leader.availability.faults = [fault()];
  clock.advance(10_000);
  leader.availability.faults = [];
  clock.advance(10_000);
  leader.availability.faults = [fault()];
  expect(find("split_brain")?.since).toBe(after(20_000));
  clock.advance(10_000);
  expect(find("split_brain")?.since).toBe(after(20_000));
});

test("its text may change, and which slots it is about", () => {
  leader.availability.faults = [fault()];
  const before = find("slots_offline");
  clock.advance(10_000);
  const { slots } = leader.topology();
  const first = slots.find(({ groupId, action }) => groupId === 0 && action.state === "");
  leader.change({ slots: slots.map((slot) => (slot === first ? { ...slot, groupId: 1 } : slot)) });
  leader.availability.faults = [{ ...fault(), text: "two masters, for 10 s" }];
  expect(find("split_brain")).toMatchObject({
    message: "two masters, for 10 s",
    since: after(0),
  });
  const now = find("slots_offline");
  expect(now?.subject).not.toBe(before?.subject as string);
  expect(now?.since).toBe(after(0));
});

test("after its end nothing is looked at any more", () => {
  expect(clock.timerCount).toBe(1);
  watch.close();
  expect(clock.timerCount).toBe(0);
});
