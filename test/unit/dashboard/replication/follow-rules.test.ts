/**
 * The table that bounds the power to destroy data: one test for each row, in its order, and tests for what goes before
 * what.
 */
import { expect, test } from "bun:test";
import {
  FAR_MORE_KEYS,
  FOLLOW_RULES,
  type FollowCase,
  type FollowRule,
  judgeFollow,
} from "../../../../src/dashboard/availability/replication/follow-rules.ts";
import { answering, followCase, following, silent } from "../../../support/replication-sample.ts";

/** For each row: a case that it decides, its verdict, and what its line says. */
const ROWS: Readonly<
  Record<FollowRule, { readonly found: FollowCase; readonly kind: string; readonly says: string }>
> = {
  serverSilent: {
    found: followCase({ server: silent("s:1") }),
    kind: "wait",
    says: "server s:1 doesn't answer; it follows when it is back",
  },
  ownOrder: {
    found: followCase({ hasOrder: true, isMember: false }),
    kind: "wait",
    says: "a sync of s:1 is under way",
  },
  masterSilent: {
    found: followCase({ master: silent("m:1") }),
    kind: "wait",
    says: "s:1 may hold the only copy of the data",
  },
  sameProcess: {
    found: followCase({ server: answering("s:1", { runId: "run-of-m:1" }) }),
    kind: "refuse",
    says: "codis server remove s:1",
  },
  masterFollows: {
    found: followCase({ master: following("m:1", "x:1") }),
    kind: "wait",
    says: "the stored master m:1 is itself a replica of x:1",
  },
  sentinelsDiffer: {
    found: followCase({ sentinels: "differ" }),
    kind: "wait",
    says: "the sentinels name another master of group 1",
  },
  masterEmpty: {
    found: followCase({ master: answering("m:1", { keys: 0 }) }),
    kind: "refuse",
    says: "the stored master m:1 is empty and s:1 holds 10 keys",
  },
  farMoreKeys: {
    found: followCase({ server: answering("s:1", { keys: 10 + 10 * FAR_MORE_KEYS }) }),
    kind: "refuse",
    says: "they have no history in common",
  },
  strangerWithKeys: {
    found: followCase({ isMember: false }),
    kind: "refuse",
    says: "codis server sync s:1",
  },
  stranger: {
    found: followCase({ isMember: false, server: answering("s:1", { keys: 0 }) }),
    kind: "ask",
    says: "codis group repair 1",
  },
  sentinelsUnsure: {
    found: followCase({ sentinels: "agree", isSettled: false }),
    kind: "ask",
    says: "sentinels watch group 1 and may be changing it",
  },
  known: { found: followCase(), kind: "order", says: "" },
};

for (const [rule, { found, kind, says }] of Object.entries(ROWS)) {
  test(`${rule}: ${kind}`, () => {
    const verdict = judgeFollow(found);
    expect(verdict).toMatchObject({ rule, kind });
    expect(verdict.text).toContain(says);
  });
}

test("the table has these rows in this order", () => {
  expect(Object.keys(FOLLOW_RULES)).toEqual(Object.keys(ROWS));
});

test("no word and no history lets a server with keys follow an empty master", () => {
  const master = answering("m:1", { keys: 0, formerStreamId: "stream-of-s:1" });
  for (const isMember of [true, false]) {
    for (const sentinels of ["none", "agree", "unknown"] as const) {
      const found = followCase({ master, isMember, sentinels });
      expect(judgeFollow(found)).toMatchObject({ kind: "refuse", rule: "masterEmpty" });
    }
  }
});

test("empty servers lose nothing", () => {
  const server = answering("s:1", { keys: 0 });
  expect(judgeFollow(followCase({ server })).kind).toBe("order");
  const master = answering("m:1", { keys: 0 });
  expect(judgeFollow(followCase({ server, master })).kind).toBe("order");
});

test("many more keys than the master's are fine when the master went on where the server was", () => {
  const server = answering("s:1", { keys: 1_000_000 });
  const master = answering("m:1", { keys: 10, formerStreamId: "stream-of-s:1" });
  expect(judgeFollow(followCase({ server, master })).kind).toBe("order");
  const restarted = answering("m:1", { keys: 10 });
  expect(judgeFollow(followCase({ server, master: restarted })).rule).toBe("farMoreKeys");
});

test("a few more keys than the master's, or not much more, are a lag", () => {
  const few = followCase({
    server: answering("s:1", { keys: FAR_MORE_KEYS - 1 }),
    master: answering("m:1", { keys: 1 }),
  });
  expect(judgeFollow(few).kind).toBe("order");
  const twice = followCase({
    server: answering("s:1", { keys: 2_000 }),
    master: answering("m:1", { keys: 1_000 }),
  });
  expect(judgeFollow(twice).kind).toBe("order");
});

test("who shares the master's history was a replica here, also when nobody wrote that down", () => {
  const old = answering("s:1");
  const master = answering("m:1", { formerStreamId: "stream-of-s:1" });
  expect(judgeFollow(followCase({ server: old, master, isMember: false })).kind).toBe("order");
  const detached = answering("s:1", { formerStreamId: "stream-of-m:1" });
  expect(judgeFollow(followCase({ server: detached, isMember: false })).kind).toBe("order");
});

test("sentinels that agree for a while are no hindrance; those that don't say anything are", () => {
  expect(judgeFollow(followCase({ sentinels: "agree", isSettled: true })).kind).toBe("order");
  expect(judgeFollow(followCase({ sentinels: "unknown", isSettled: true })).kind).toBe("ask");
});
