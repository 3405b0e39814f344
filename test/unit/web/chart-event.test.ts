/**
 * What charts mark, in the words of the console: those of a change of a master and of an operation; of a dashboard
 * that sends none, its own.
 */
import { afterEach, expect, test } from "bun:test";
import type { V1ChartEvent } from "../../../src/api/v1-live-schema.ts";
import { language } from "../../../web/src/i18n/text.ts";
import { eventText } from "../../../web/src/screens/performance/chart-words.ts";

const FAILOVER: V1ChartEvent = {
  kind: "failover",
  id: "3-1",
  at: "2026-11-27T10:00:00.000Z",
  until: null,
  text: "group 1: a:1 -> b:1 (running)",
  failover: { group_id: 1, from: "a:1", to: null, outcome: "running" },
};
const OPERATION: V1ChartEvent = {
  kind: "operation",
  id: "op-7",
  at: "2026-11-27T10:00:00.000Z",
  until: null,
  text: "op-7: drain, 20 slots (paused)",
  operation: {
    origin: "plan",
    strategy: "drain",
    state: "paused",
    self_paused: true,
    rollback: false,
    slots: 20,
  },
};

afterEach(() => {
  language.value = "en";
});

test("a change of a master", () => {
  expect(eventText(FAILOVER)).toBe("group 1: a:1 → nobody yet (under way)");
  language.value = "zh";
  expect(eventText(FAILOVER)).toBe("组 1：a:1 → 尚未选出（进行中）");
});

test("an operation", () => {
  expect(eventText(OPERATION)).toBe("op-7: drain a group, slots: 20 (paused by itself)");
  language.value = "zh";
  expect(eventText(OPERATION)).toBe("op-7：清空一个组，槽位数：20（自行暂停）");
});

test("of an older dashboard, in its own words", () => {
  const { failover, ...older } = FAILOVER;
  expect(eventText(older)).toBe("group 1: a:1 -> b:1 (running)");
});
