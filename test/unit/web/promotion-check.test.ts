/**
 * The checklist of a promotion, and how dangerous it is while sentinels disagree.
 */
import { describe, expect, test } from "bun:test";
import type { V1PromotionPlan } from "../../../src/api/v1-availability-schema.ts";
import {
  checkLines,
  compareVersions,
  promotionLevel,
  sentinelView,
} from "../../../web/src/screens/groups/promotion-check.ts";
import { text } from "../../../web/src/screens/groups/text.ts";

const PLAN: V1PromotionPlan = {
  group_id: 1,
  from: "a:1",
  to: "b:1",
  lag_bytes: 0,
  from_version: "7.2.4",
  to_version: "7.2.4",
  from_keys: 10,
  to_keys: 10,
  pause_ms: 12,
  others: [],
  watched_by_sentinels: false,
  moving_slots: 0,
  problems: [],
  warnings: [],
};

function states(change: Partial<V1PromotionPlan>): Record<string, string> {
  return Object.fromEntries(
    checkLines({ ...PLAN, ...change }, "none").map(({ key, state, text: word }) => [
      key,
      `${state} ${word}`,
    ]),
  );
}

describe("points", () => {
  test("are good for two servers that agree", () => {
    expect(states({})).toEqual({
      lag: "good none",
      version: "good same",
      keys: "good same",
      pause: "good short",
      others: "good none",
      slots: "good none",
      sentinels: "good unwatched",
    });
  });

  test("tell what differs", () => {
    expect(
      states({
        lag_bytes: 2_000_000,
        to_version: "6.2.14",
        to_keys: 9,
        pause_ms: 900,
        others: ["c:1"],
        watched_by_sentinels: true,
        moving_slots: 4,
      }),
    ).toEqual({
      lag: "note large",
      version: "bad older",
      keys: "note differ",
      pause: "note long",
      others: "good some",
      slots: "note moving",
      sentinels: "good watched",
    });
  });

  test("say what isn't known", () => {
    const unknown = states({
      lag_bytes: null,
      from_version: null,
      from_keys: null,
      pause_ms: null,
    });
    expect(unknown).toMatchObject({
      lag: "bad unknown",
      version: "note unknown",
      keys: "note unknown",
      pause: "note unknown",
    });
  });

  test("each have a text in both languages", () => {
    const plans: Partial<V1PromotionPlan>[] = [
      {},
      {
        lag_bytes: 5,
        to_version: "8.0.0",
        to_keys: 1,
        pause_ms: 900,
        others: ["c:1"],
        moving_slots: 1,
      },
      { lag_bytes: 9_999_999, to_version: "6.0.0", watched_by_sentinels: true },
      { lag_bytes: null, to_version: null, to_keys: null, pause_ms: null },
    ];
    const keys = plans.flatMap((change) =>
      (["none", "agree", "other", "split"] as const).flatMap((view) =>
        checkLines({ ...PLAN, ...change }, view).map(
          (line) => `groups.check.${line.key}.${line.text}`,
        ),
      ),
    );
    expect(keys.filter((key) => !Object.hasOwn(text, key))).toEqual([]);
  });
});

test("versions are compared by their numbers", () => {
  expect(compareVersions("7.2.4", "7.2.4")).toBe(0);
  expect(compareVersions("7.10.0", "7.9.9")).toBeGreaterThan(0);
  expect(compareVersions("6.2", "7.0.0")).toBeLessThan(0);
  expect(compareVersions("8.0-rc1", "8.0.0")).toBe(0);
});

describe("sentinels", () => {
  const look = (status: "up" | "timeout") => ({
    addr: "s:1",
    status,
    error: null,
    observed_at: null,
    redis_version: null,
    watched_group_ids: status === "up" ? [1] : null,
  });
  const items = ["s:1", "s:2", "s:3"];
  const masters = [{ group_id: 1, addr: "a:1" }];

  test("agree, name another, or are split", () => {
    const up = [look("up"), look("up"), look("timeout")];
    expect(sentinelView(undefined, 1, "a:1")).toBe("none");
    expect(sentinelView({ items: [], looks: [], masters: [] }, 1, "a:1")).toBe("none");
    expect(sentinelView({ items, looks: up, masters }, 1, "a:1")).toBe("agree");
    expect(sentinelView({ items, looks: up, masters }, 1, "b:1")).toBe("other");
    expect(sentinelView({ items, looks: up, masters: [] }, 1, "a:1")).toBe("split");
  });

  test("are split when too few answer, whatever was agreed before", () => {
    const few = [look("up"), look("timeout"), look("timeout")];
    expect(sentinelView({ items, looks: few, masters }, 1, "a:1")).toBe("split");
  });

  test("raise the level of danger while they don't agree", () => {
    expect((["none", "agree", "other", "split"] as const).map(promotionLevel)).toEqual([
      1, 1, 2, 2,
    ]);
  });
});
