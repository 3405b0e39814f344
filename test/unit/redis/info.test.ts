/** INFO as records: fields, sections, databases, versions and replication, from texts of real servers. */
import { describe, expect, test } from "bun:test";
import {
  infoNumber,
  isVersionAtLeast,
  keyspaceOf,
  parseInfo,
  parseVersion,
} from "../../../src/redis/info.ts";
import { replicationOf } from "../../../src/redis/replication.ts";

const MASTER = [
  "# Server",
  "redis_version:7.0.15",
  "executable:/usr/bin/redis-server:x",
  "",
  "# Replication",
  "role:master",
  "connected_slaves:2",
  "slave0:ip=127.0.0.1,port=6380,state=online,offset=1414,lag=1",
  "slave1:ip=::1,port=6381,state=wait_bgsave,offset=0,lag=3",
  "master_replid:2eecbe8623c5cf56c98f4d238a47d2e203da9918",
  "master_repl_offset:1414",
  "",
  "# Keyspace",
  "db3:keys=2,expires=0,avg_ttl=0",
  "db0:keys=10,expires=1,avg_ttl=896344",
  "",
].join("\r\n");

const REPLICA = [
  "# Replication",
  "role:slave",
  "master_host:::1",
  "master_port:6379",
  "master_link_status:down",
  "master_sync_in_progress:1",
  "slave_repl_offset:1400",
  "master_repl_offset:1400",
  "connected_slaves:0",
].join("\r\n");

describe("parseInfo", () => {
  test("is one flat record; a value may have colons, a heading is no field", () => {
    const info = parseInfo(MASTER);
    expect(info["redis_version"]).toBe("7.0.15");
    expect(info["executable"]).toBe("/usr/bin/redis-server:x");
    expect(Object.keys(info).some((name) => name.startsWith("#"))).toBe(false);
    expect(info["master_addr"]).toBeUndefined();
  });

  test("a replica has master_addr as Codis's dashboard adds it, IPv6 in brackets", () => {
    expect(parseInfo(REPLICA)["master_addr"]).toBe("[::1]:6379");
  });

  test("garbage gives an empty record", () => {
    expect(parseInfo("")).toEqual({});
    expect(parseInfo("hello\n:x\n#a:b")).toEqual({});
  });
});

test("databases with keys come lowest first", () => {
  expect(keyspaceOf(parseInfo(MASTER))).toEqual([
    { db: 0, keys: 10 },
    { db: 3, keys: 2 },
  ]);
  expect(keyspaceOf({ db0: "keys=0,expires=0", dbx: "keys=1", db1: "?" })).toEqual([]);
});

test("versions compare by number, not by text", () => {
  const isAtLeast62 = (text: string) => {
    const version = parseVersion(text);
    return version !== undefined && isVersionAtLeast(version, 6, 2);
  };
  expect(["6.2.0", "6.10.1", "7.0.0-rc1", "10.0", "255.255.255"].map(isAtLeast62)).toEqual([
    true,
    true,
    true,
    true,
    true,
  ]);
  expect(["6.0.16", "3.2.11", "5.9.9"].map(isAtLeast62)).toEqual([false, false, false]);
  expect(parseVersion("seven")).toBeUndefined();
  expect(parseVersion(undefined)).toBeUndefined();
});

test("a number that isn't one is missing", () => {
  expect(infoNumber({ a: "12", b: "-1", c: "1.5", d: "" }, "a")).toBe(12);
  expect(infoNumber({ b: "-1" }, "b")).toBeUndefined();
  expect(infoNumber({ b: "99999999999999999" }, "b")).toBeUndefined();
  expect(infoNumber({ c: "1.5" }, "c")).toBeUndefined();
  expect(infoNumber({}, "x")).toBeUndefined();
  expect(infoNumber(undefined, "x")).toBeUndefined();
});

describe("replicationOf", () => {
  test("a master and who follows it", () => {
    expect(replicationOf(parseInfo(MASTER))).toEqual({
      role: "master",
      masterAddr: undefined,
      isLinkUp: false,
      isSyncing: false,
      offset: 1414,
      streamId: "2eecbe8623c5cf56c98f4d238a47d2e203da9918",
      replicas: [
        { addr: "127.0.0.1:6380", state: "online", offset: 1414, lagSeconds: 1 },
        { addr: "[::1]:6381", state: "wait_bgsave", offset: 0, lagSeconds: 3 },
      ],
    });
  });

  test("a replica that gets its data", () => {
    expect(replicationOf(parseInfo(REPLICA))).toMatchObject({
      role: "replica",
      masterAddr: "[::1]:6379",
      isLinkUp: false,
      isSyncing: true,
      offset: 1400,
      streamId: undefined,
    });
  });

  test("a text without a role, or with a sentinel's, has no replication", () => {
    expect(replicationOf({})).toBeUndefined();
    expect(replicationOf({ role: "sentinel" })).toBeUndefined();
  });
});
