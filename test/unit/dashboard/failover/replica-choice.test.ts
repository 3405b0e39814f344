/** Which replica is chosen, and which never is; INFO as Redis 7.0 writes it. */
import { describe, expect, test } from "bun:test";
import {
  chooseReplica,
  type LastSeenMaster,
  lostBytesOf,
  type ReplicaLook,
} from "../../../../src/dashboard/availability/failover/replica-choice.ts";
import { parseInfo } from "../../../../src/redis/info.ts";

const STREAM = "a".repeat(40);
const OTHER = "b".repeat(40);
const NONE = "0".repeat(40);
const MASTER: LastSeenMaster = { addr: "10.0.0.1:6379", streamIds: [STREAM], offset: 1_000 };
const UNKNOWN: LastSeenMaster = { addr: "10.0.0.1:6379", streamIds: [], offset: undefined };

function look(addr: string, fields: Readonly<Record<string, string | number>> = {}): ReplicaLook {
  const all = {
    role: "slave",
    loading: 0,
    master_host: "10.0.0.1",
    master_port: 6379,
    master_link_status: "down",
    master_sync_in_progress: 0,
    master_link_down_since_seconds: 3,
    slave_repl_offset: 900,
    slave_priority: 100,
    master_replid: STREAM,
    master_replid2: NONE,
    master_repl_offset: 900,
    ...fields,
  };
  const text = Object.entries(all).map(([name, value]) => `${name}:${value}`);
  return { addr, info: parseInfo(text.join("\r\n")), problem: "" };
}

function promoted(addr: string, fields: Readonly<Record<string, string | number>> = {}) {
  const own = { role: "master", master_replid: OTHER, master_replid2: STREAM };
  return look(addr, { ...own, master_host: "", ...fields });
}

function chosen(looks: readonly ReplicaLook[], master = MASTER): readonly string[] {
  return chooseReplica(looks, master).candidates.map(({ addr }) => addr);
}

function refused(one: ReplicaLook, master = MASTER): string {
  const { candidates, rejected } = chooseReplica([one], master);
  expect(candidates).toEqual([]);
  return rejected[0]?.reason ?? "";
}

describe("the order", () => {
  test("the highest offset first, of equal ones the first in the group", () => {
    const looks = [
      look("a", { slave_repl_offset: 800 }),
      look("b", { slave_repl_offset: 950 }),
      look("c", { slave_repl_offset: 950 }),
    ];
    expect(chosen(looks)).toEqual(["b", "c", "a"]);
  });

  test("one that an earlier failover promoted comes first, whatever its offset", () => {
    expect(chosen([look("a"), promoted("b", { master_repl_offset: 10 })])).toEqual(["b", "a"]);
  });

  test("one whose link broke long ago is taken when there is no better one", () => {
    const old = look("a", { slave_repl_offset: 5, master_link_down_since_seconds: 4_000 });
    expect(chosen([old, look("b")])).toEqual(["b", "a"]);
    expect(chosen([old])).toEqual(["a"]);
  });

  test("data from before the master's restart come last, also with a higher offset", () => {
    const restarted = { ...MASTER, streamIds: [OTHER, STREAM], offset: 20 };
    const before = look("a", { slave_repl_offset: 900 });
    const after = look("b", { master_replid: OTHER, slave_repl_offset: 20 });
    expect(chosen([before, after], restarted)).toEqual(["b", "a"]);
    const [first, second] = chooseReplica([before, after], restarted).candidates;
    expect(first && lostBytesOf(first, restarted)).toBe(0);
    expect(second && lostBytesOf(second, restarted)).toBeUndefined();
  });
});

describe("never chosen", () => {
  test("one that doesn't answer", () => {
    const dead = { addr: "a", info: undefined, problem: "connection refused" };
    expect(refused(dead)).toBe("doesn't answer: connection refused");
  });

  test("priority 0", () => {
    expect(refused(look("a", { slave_priority: 0 }))).toMatch(/priority 0/);
  });

  test("one that loads, or is in the middle of a copy", () => {
    expect(refused(look("a", { loading: 1 }))).toMatch(/reads its data/);
    expect(refused(look("a", { async_loading: 1 }))).toMatch(/reads its data/);
    expect(refused(look("a", { master_sync_in_progress: 1 }))).toMatch(/takes a copy/);
  });

  test("one that never finished a copy", () => {
    const fresh = {
      slave_repl_offset: 0,
      master_repl_offset: 0,
      master_link_down_since_seconds: -1,
    };
    expect(refused(look("a", { ...fresh, master_replid: OTHER }))).toMatch(/another history/);
    expect(refused(look("a", { ...fresh, master_replid: OTHER }), UNKNOWN)).toMatch(
      /never finished/,
    );
  });

  test("one whose second copy broke off", () => {
    const broken = look("a", { slave_repl_offset: 0, master_repl_offset: 900 });
    expect(refused(broken)).toMatch(/anew/);
  });

  test("one with data of somebody else", () => {
    expect(refused(look("a", { master_replid: OTHER }))).toMatch(/another history/);
    expect(refused(look("a", { master_host: "10.0.0.9" }), UNKNOWN)).toMatch(/another history/);
  });

  test("a master that never followed the dead one: a replica that was started without its configuration", () => {
    const stranger = { role: "master", master_host: "", master_replid: OTHER };
    expect(refused(look("a", stranger))).toMatch(/isn't known to have followed/);
    expect(refused(look("a", stranger), UNKNOWN)).toMatch(/isn't known to have followed/);
    expect(refused(look("a", { role: "sentinel" }))).toMatch(/is no replica/);
  });
});

describe("taken all the same", () => {
  test("a replica of a master without a single write", () => {
    const empty = { slave_repl_offset: 0, master_repl_offset: 0 };
    expect(chosen([look("a", empty)])).toEqual(["a"]);
    expect(chosen([look("a", empty)], UNKNOWN)).toEqual(["a"]);
  });

  test("a new leader takes replicas of the stored address, and one that was promoted", () => {
    expect(chosen([look("a"), promoted("b")], UNKNOWN)).toEqual(["b", "a"]);
  });

  test("one that was to be promoted and is a master, without a write so far", () => {
    const empty = promoted("b", { master_repl_offset: 0 });
    expect(chosen([empty], UNKNOWN)).toEqual([]);
    expect(chosen([empty], { ...UNKNOWN, intended: "b" })).toEqual(["b"]);
    expect(
      chosen([promoted("b", { master_replid2: NONE })], { ...UNKNOWN, intended: "b" }),
    ).toEqual([]);
  });

  test("one that was promoted and told to follow the dead master again", () => {
    const back = look("a", {
      master_replid: OTHER,
      master_replid2: STREAM,
      master_link_down_since_seconds: -1,
    });
    expect(chosen([back])).toEqual(["a"]);
  });

  test("replicas of a server without names of streams (Redis 3.2)", () => {
    const { info = {}, ...rest } = look("a");
    const { master_replid: _one, master_replid2: _two, ...old } = info as Record<string, string>;
    expect(chosen([{ ...rest, info: old }])).toEqual(["a"]);
    expect(refused({ ...rest, info: { ...old, master_host: "10.0.0.9" } })).toMatch(/history/);
  });
});

test("lost bytes: what the master was seen to have more", () => {
  const [candidate] = chooseReplica([look("a")], MASTER).candidates;
  expect(candidate && lostBytesOf(candidate, MASTER)).toBe(100);
  expect(candidate && lostBytesOf(candidate, { ...MASTER, offset: 899 })).toBe(0);
  expect(candidate && lostBytesOf(candidate, UNKNOWN)).toBeUndefined();
});
