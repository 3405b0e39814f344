/**
 * What the differential test has found, each as the shortest example: the same commands to the proxy and
 * to a bare redis-server, and the same bytes back.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { emptyBoth } from "./differential/driver.ts";
import type { Argv } from "./differential/grammar.ts";
import { SessionPair } from "./differential/session-pair.ts";
import { type Stage, startStage } from "./differential/stage.ts";

let stage: Stage;
let pair: SessionPair;

beforeAll(async () => {
  stage = await startStage();
  pair = await SessionPair.open(stage.ports);
});

beforeEach(() => emptyBoth(pair));

afterAll(async () => {
  pair.close();
  await stage.stop();
});

/** Sends the commands to both; the replies must be equal, the last one is given back. */
async function same(...commands: readonly Argv[]): Promise<string> {
  let last = "";
  for (const argv of commands) {
    const [ours, theirs] = (await pair.both(...argv)).map((reply) => reply.toString("latin1"));
    expect([argv, ours]).toEqual([argv, theirs]);
    last = ours ?? "";
  }
  return last;
}

test("INFO lists the databases in order, also where the first group lacks one", async () => {
  await same(["SELECT", "2"], ["SET", "{cart}k", "v"], ["SELECT", "0"], ["SET", "{a}k", "v"]);
  const info = await same(["INFO", "keyspace"]);
  expect([...info.matchAll(/db\d+/g)].map(String)).toEqual(["db0", "db2"]);
});

test("an unknown subcommand is shown up to its first zero byte", async () => {
  await same(["OBJECT", "a\0b"], ["CONFIG", "\0"], ["XINFO", Buffer.from([0xff, 0, 1])]);
});

test("CONFIG SET with half a pair is a syntax error", async () => {
  const half = ["CONFIG", "SET", "hash-max-listpack-value", "64", "list-max-listpack-size"];
  expect(await same(half)).toBe("-ERR syntax error\r\n");
});

test("CLIENT UNBLOCK with an argument too many is told to look at CLIENT HELP", async () => {
  expect(await same(["CLIENT", "UNBLOCK", "1", "ERROR", "more"])).toContain("Try CLIENT HELP.");
});

test("a cursor of SCAN ends at a zero byte", async () => {
  await same(["SCAN", "0\0junk"], ["SCAN", "\0"], ["SCAN", "junk\0"]);
});

test("SCRIPT FLUSH with a bad option leaves the scripts known for all groups", async () => {
  const body = "return redis.error_reply('MY own error')";
  const sha1 = "9138fbef2f6d190ce2050980700c69c76778e9b3";
  await same(["EVAL", body, "1", "{a}k"], ["SCRIPT", "FLUSH", "junk"]);
  expect(await same(["EVALSHA", sha1, "1", "{cart}k"])).toBe("-MY own error\r\n");
  await same(["SCRIPT", "FLUSH"], ["EVALSHA", sha1, "1", "{cart}k"]);
});
