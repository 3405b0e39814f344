/**
 * Proxies, sentinels, stories of changed masters and users: what the console makes of the API's answers.
 */
import { describe, expect, test } from "bun:test";
import type { V1SentinelList } from "../../../src/api/v1-topology-schema.ts";
import {
  disagreements,
  keeperOf,
  type StoryLine,
  sentinelRows,
  storyTimes,
  votesOf,
} from "../../../web/src/screens/availability/story-view.ts";
import {
  needsWord,
  startedAtMs,
  stateOf,
  stateRank,
  uptimeMs,
} from "../../../web/src/screens/proxies/proxy-view.ts";
import {
  isLastAdmin,
  lifeSeconds,
  nameProblem,
  passwordProblem,
} from "../../../web/src/screens/users/user-check.ts";

describe("a proxy", () => {
  const fence = (state: "present" | "absent" | "unprovable" | "fenced") => ({
    state,
    since: "2026-11-01T00:00:00Z",
    proof: null,
    text: "",
  });

  test("is gone when that is known, else what the last look says", () => {
    expect(stateOf({ status: "online", fence: null })).toBe("online");
    expect(stateOf({ status: "timeout", fence: fence("absent") })).toBe("timeout");
    expect(stateOf({ status: "timeout", fence: fence("fenced") })).toBe("fenced");
    expect(stateOf({ status: "timeout", fence: fence("unprovable") })).toBe("unprovable");
  });

  test("needs an operator's word only when nothing can be proven", () => {
    expect(needsWord({ fence: null })).toBe(false);
    expect(needsWord({ fence: fence("absent") })).toBe(false);
    expect(needsWord({ fence: fence("unprovable") })).toBe(true);
  });

  test("that needs somebody is sorted first", () => {
    expect(stateRank("unprovable")).toBeLessThan(stateRank("timeout"));
    expect(stateRank("timeout")).toBeLessThan(stateRank("online"));
  });

  test("has been up since the start that it tells, in either form", () => {
    const now = Date.UTC(2026, 10, 27, 8, 0, 0);
    expect(uptimeMs("2026-11-27 07:00:00.123 +0000 UTC", now)).toBe(3_600_000);
    expect(uptimeMs("2026-11-27 15:00:00.123456789 +0800 CST m=+0.1", now)).toBe(3_600_000);
    expect(uptimeMs("2026-11-27T07:00:00Z", now)).toBe(3_600_000);
    expect(uptimeMs("2026-11-27T09:00:00Z", now)).toBe(0);
    expect(uptimeMs("", now)).toBeUndefined();
    expect(startedAtMs("2026-11-27 15:00:00.123456789 +0800 CST")).toBe(now - 3_600_000);
    expect(startedAtMs("yesterday")).toBeUndefined();
  });
});

describe("sentinels", () => {
  const list: Pick<V1SentinelList, "items" | "looks" | "masters"> = {
    items: ["s:1", "s:2"],
    looks: [
      {
        addr: "s:1",
        status: "up",
        error: null,
        observed_at: "2026-11-01T00:00:00Z",
        redis_version: "7.2.0",
        watched_group_ids: [1],
      },
    ],
    masters: [{ group_id: 1, addr: "a:1" }],
  };

  test("are rows with what each doesn't watch; one that nobody asked is unknown", () => {
    expect(sentinelRows(list, [1, 2])).toMatchObject([
      { addr: "s:1", status: "up", watched: [1], missing: [2] },
      { addr: "s:2", status: "unknown", watched: undefined, missing: [] },
    ]);
  });

  test("disagree where they name another master or none", () => {
    const masters = new Map([
      [1, "b:1"],
      [2, "c:1"],
    ]);
    expect(disagreements(list, masters)).toEqual([
      { groupId: 1, stored: "b:1", agreed: "a:1" },
      { groupId: 2, stored: "c:1", agreed: undefined },
    ]);
    expect(disagreements(list, new Map([[1, "a:1"]]))).toEqual([]);
    expect(disagreements({ items: [], masters: [] }, masters)).toEqual([]);
  });

  test("keep masters; without them the detector does, or nobody", () => {
    const detector = (enabled: boolean) => ({ enabled, text: "" });
    expect(keeperOf({ sentinels: ["s:1"], detector: detector(true) })).toBe("sentinels");
    expect(keeperOf({ sentinels: [], detector: detector(true) })).toBe("detector");
    expect(keeperOf({ sentinels: [], detector: detector(false) })).toBe("nobody");
  });
});

test("a story has its times and its votes", () => {
  const line = (step: StoryLine["step"], after_ms: number): StoryLine => ({
    at: "2026-11-01T00:00:00Z",
    after_ms,
    step,
    about: null,
    text: "",
  });
  const events = [
    line("detected", 0),
    line("vote", 5),
    line("vote", 6),
    line("decided", 8),
    line("promoted", 20),
    line("switched", 30),
    line("switched", 41),
  ];
  expect(storyTimes(events)).toEqual({ detected: 0, decided: 8, promoted: 20, served: 41 });
  expect(votesOf(events)).toHaveLength(2);
  expect(storyTimes([]).served).toBeUndefined();
});

describe("users", () => {
  test("names and passwords that the server would refuse are told before", () => {
    expect(nameProblem("", [])).toBe("missing");
    expect(nameProblem("Alice", [])).toBe("form");
    expect(nameProblem("a".repeat(33), [])).toBe("form");
    expect(nameProblem("alice", ["alice"])).toBe("taken");
    expect(nameProblem("alice-2", ["alice"])).toBeUndefined();
    expect(passwordProblem("1234567", "1234567")).toBe("short");
    expect(passwordProblem("x".repeat(201), "")).toBe("long");
    expect(passwordProblem("12345678", "1234567")).toBe("differ");
    expect(passwordProblem("12345678", "12345678")).toBeUndefined();
  });

  test("the last admin is known", () => {
    const users = [
      { name: "a", role: "admin" },
      { name: "b", role: "viewer" },
    ] as const;
    expect(isLastAdmin(users, "a")).toBe(true);
    expect(isLastAdmin(users, "b")).toBe(false);
    expect(isLastAdmin([...users, { name: "c", role: "admin" }], "a")).toBe(false);
  });

  test("a token lives whole days, or until it is revoked", () => {
    expect(lifeSeconds(0)).toBeUndefined();
    expect(lifeSeconds(30)).toBe(2_592_000);
  });
});
