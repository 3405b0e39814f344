/** The decision table: each condition for a dead master, with all others fulfilled. */
import { describe, expect, test } from "bun:test";
import type { ProxyStatsJson } from "../../../../src/api/proxy-stats.ts";
import {
  judge,
  type ProxyVote,
  type Sighting,
  type VoteWord,
  votesOn,
} from "../../../../src/dashboard/availability/failover/verdict.ts";

const DOWN_AFTER_MS = 3_000;

function votes(...words: readonly VoteWord[]): readonly ProxyVote[] {
  const silences = { silent: 3_200, answers: 100 } as const;
  return words.map((word, index) => ({
    token: `proxy-${index}`,
    word,
    silentMs: word === "silent" || word === "answers" ? silences[word] : undefined,
  }));
}

/** All is fulfilled but for what the test changes. */
function sighting(changes: Partial<Sighting> = {}): Sighting {
  return {
    silentMs: 3_000,
    downAfterMs: DOWN_AFTER_MS,
    votes: votes("silent", "silent", "silent"),
    others: 3,
    othersReached: 3,
    ...changes,
  };
}

describe("judge", () => {
  test("dead: silent for the leader and for all proxies", () => {
    expect(judge(sighting())).toEqual({
      isDead: true,
      reason: "3 of 3 proxies with a vote get no answer from it",
    });
  });

  test("alive: the leader itself had an answer", () => {
    expect(judge(sighting({ silentMs: 2_999 })).isDead).toBe(false);
  });

  const table: readonly (readonly [readonly VoteWord[], boolean])[] = [
    [["silent"], true],
    [["answers"], false],
    [["silent", "silent", "answers"], true],
    [["silent", "answers", "answers"], false],
    // A tie isn't a majority.
    [["silent", "answers"], false],
    [["silent", "silent", "answers", "answers"], false],
    // Of those that answer.
    [["silent", "silent", "no-answer"], true],
    [["silent", "no-answer", "no-answer"], true],
    [["silent", "answers", "no-answer", "no-answer"], false],
    // Who doesn't tell, or doesn't use the master, has no vote.
    [["silent", "untold", "untold"], true],
    [["answers", "untold", "untold"], false],
    [["silent", "unused", "unused"], true],
    // Nobody has a vote.
    [["untold", "untold"], false],
    [["untold", "unused"], false],
    [["unused", "unused"], true],
    [["unused", "no-answer"], true],
    // None answers.
    [["no-answer", "no-answer"], false],
    // No proxy at all: nobody writes.
    [[], true],
  ];
  for (const [words, isDead] of table) {
    test(`${isDead ? "dead" : "alive"}: ${words.join(", ") || "no proxies"}`, () => {
      expect(judge(sighting({ votes: votes(...words) })).isDead).toBe(isDead);
    });
  }

  test("alone: neither most proxies nor half of the other servers can be reached", () => {
    const lonely = { votes: votes("silent", "no-answer", "no-answer"), others: 3 };
    expect(judge(sighting({ ...lonely, othersReached: 1 }))).toEqual({
      isDead: false,
      reason:
        "this dashboard reaches only 1 of 3 proxies and 1 of 3 other servers: it may be cut off",
    });
    expect(judge(sighting({ ...lonely, othersReached: 2 })).isDead).toBe(true);
  });

  test("alone: exactly half of the proxies isn't most of them", () => {
    const half = { votes: votes("silent", "no-answer"), others: 4 };
    expect(judge(sighting({ ...half, othersReached: 1 })).isDead).toBe(false);
    expect(judge(sighting({ ...half, othersReached: 2 })).isDead).toBe(true);
  });

  test("not alone: most proxies are enough, with no other server", () => {
    expect(judge(sighting({ others: 0, othersReached: 0 })).isDead).toBe(true);
  });

  test("alone: no proxies registered and no other server answers", () => {
    expect(judge(sighting({ votes: [], othersReached: 0 })).isDead).toBe(false);
    expect(judge(sighting({ votes: [], others: 0, othersReached: 0 })).isDead).toBe(false);
  });

  test("foresees when the proxies would agree", () => {
    const split = [
      { token: "a", word: "silent", silentMs: 3_100 },
      { token: "b", word: "answers", silentMs: 2_800 },
      { token: "c", word: "answers", silentMs: 500 },
    ] as const;
    expect(judge(sighting({ votes: split })).againMs).toBe(200);
    expect(judge(sighting({ votes: split.slice(0, 2) })).againMs).toBe(200);
  });
});

describe("votesOn", () => {
  const stats = (servers: unknown): ProxyStatsJson =>
    ({ online: true, servers }) as unknown as ProxyStatsJson;
  const ask = (answer: ProxyStatsJson | undefined): VoteWord | undefined =>
    votesOn("10.0.0.1:6379", DOWN_AFTER_MS, new Map([["token", answer]]))[0]?.word;

  test("reads what proxies tell", () => {
    expect(ask(stats({ "10.0.0.1:6379": { silent_ms: 3_000, role: "master" } }))).toBe("silent");
    expect(ask(stats({ "10.0.0.1:6379": { silent_ms: 2_999, role: "master" } }))).toBe("answers");
    expect(ask(stats({ "10.0.0.2:6379": { silent_ms: 9_000, role: "master" } }))).toBe("unused");
    expect(ask(undefined)).toBe("no-answer");
  });

  test("has no vote for those that don't tell, or tell garbage", () => {
    expect(ask(stats(undefined))).toBe("untold");
    expect(ask(stats(null))).toBe("untold");
    expect(ask(stats({ "10.0.0.1:6379": { silent_ms: "long" } }))).toBe("untold");
  });
});
