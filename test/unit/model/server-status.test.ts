/** Judgement of servers from statistics as the old API has them: the marks of Codis's `--group-status`. */
import { expect, test } from "bun:test";
import { judgeServer } from "../../../src/model/server-status.ts";

const MASTER = "127.0.0.1:6379";
const answer = (stats: Record<string, string>) => ({ stats, unixtime: 1 });
const following = (addr: string, link: string) =>
  answer({ role: "slave", master_addr: addr, master_link_status: link });

test("a master that should be one, and a replica with its link", () => {
  expect(judgeServer(answer({ role: "master" }), undefined)).toEqual({
    status: "ok",
    mark: "[ ]",
    master: "NO:ONE",
    text: "master",
  });
  expect(judgeServer(following(MASTER, "up"), MASTER)).toEqual({
    status: "ok",
    mark: "[ ]",
    master: `${MASTER}:up`,
    text: `replica of ${MASTER}`,
  });
});

test("no answer is told apart: not yet, an error, too late", () => {
  expect(judgeServer(undefined, undefined)).toMatchObject({ status: "unknown", mark: "[?]" });
  expect(judgeServer({ unixtime: 1, error: { Cause: "refused", Stack: null } }, MASTER)).toEqual({
    status: "error",
    mark: "[E]",
    master: undefined,
    text: "refused",
  });
  expect(judgeServer({ unixtime: 1, timeout: true }, MASTER).mark).toBe("[T]");
  expect(judgeServer({ unixtime: 1 }, MASTER).mark).toBe("[T]");
});

test("another role, another master and a link that is down differ", () => {
  const cases = [
    [following(MASTER, "up"), undefined, /should be a master/],
    [answer({ role: "master" }), MASTER, /is a master, but should follow 127.0.0.1:6379/],
    [following("10.0.0.1:1", "up"), MASTER, /replica of 10.0.0.1:1, but should follow/],
    [following(MASTER, "down"), MASTER, /but the link is down/],
  ] as const;
  for (const [stats, expected, text] of cases) {
    const judgement = judgeServer(stats, expected);
    expect(judgement).toMatchObject({ status: "role-differs", mark: "[X]" });
    expect(judgement.text).toMatch(text);
  }
  expect(judgeServer(following(MASTER, "down"), MASTER).master).toBe(`${MASTER}:down`);
});
