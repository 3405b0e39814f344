/**
 * What is looked at and cleaned up before a slot is handed over, on real servers: payload versions, MIGRATE that isn't
 * allowed, libraries of FUNCTION, stale keys, connections of movers that must not act any more.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { silentLog } from "../../../src/base/log.ts";
import type { ProxyFigures } from "../../../src/dashboard/control.ts";
import { OlderMovers } from "../../../src/dashboard/migration/older-movers.ts";
import type { Pair } from "../../../src/dashboard/migration/pair.ts";
import { crc64, probePayload } from "../../../src/dashboard/migration/payload-probe.ts";
import {
  type PairCheck,
  Preflight,
  type PreflightOptions,
} from "../../../src/dashboard/migration/preflight.ts";
import { SourceGuard } from "../../../src/dashboard/migration/source-guard.ts";
import { StaleKeys } from "../../../src/dashboard/migration/stale-keys.ts";
import { FORWARD_METHOD } from "../../../src/model/slot.ts";
import type { Topology } from "../../../src/model/topology/topology.ts";
import { RedisClient } from "../../../src/redis/client.ts";
import { bytesOf, numberOf, textOf } from "../../../src/redis/reply.ts";
import type { RespValue } from "../../../src/resp/value.ts";
import { triedAgain } from "../../support/late-answer.ts";
import { fillKeys, SLOT_COUNT, serverAt, sizeOf, slotOfKey } from "../../support/mover-pair.ts";
import { PATIENT } from "../../support/patience.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { sampleTopology } from "../../support/topology-sample.ts";

const EPOCH = 7;
const STALE = "{s}:stale";
const SLOT = slotOfKey("{s}");

const servers: RedisServer[] = [];
const clients: RedisClient[] = [];

async function server(...args: readonly string[]): Promise<RedisServer> {
  const started = await startRedis({ args });
  servers.push(started);
  return started;
}

async function connect(to: RedisServer, name?: string): Promise<RedisClient> {
  const client = await RedisClient.connect({ ...PATIENT, addr: to.addr, name });
  clients.push(client);
  return client;
}

let source: RedisServer;
let target: RedisServer;
let atSource: RedisClient;
let atTarget: RedisClient;
let pair: Pair;

beforeEach(async () => {
  [source, target] = await Promise.all([server(), server()]);
  [atSource, atTarget] = await Promise.all([connect(source), connect(target)]);
  pair = { source: serverAt(source.addr, 1), target: serverAt(target.addr, 2) };
});

afterEach(async () => {
  for (const client of clients.splice(0)) {
    client.close();
  }
  await Promise.all(servers.splice(0).map((each) => each.stop()));
});

/** A guard of the source that has looked once, and seen no change. */
function openGuard(): Promise<SourceGuard> {
  return triedAgain(async () => {
    const guard = await SourceGuard.open(pair.source, EPOCH);
    expect(await guard.isUnchanged()).toBe(true);
    return guard;
  });
}

function staleKeys(confirm = () => Promise.resolve()): StaleKeys {
  return new StaleKeys({ slotCount: SLOT_COUNT, epoch: EPOCH, confirm });
}

/** Looks with slots on record as having left the target's group. */
function preflight(
  left: readonly number[] = [],
  changes: Partial<PreflightOptions> = {},
): { looks: Preflight; stale: number[] } {
  const stale: number[] = [];
  const looks = new Preflight({
    epoch: EPOCH,
    password: "",
    topology: sampleTopology,
    proxyFigures: () => new Map(),
    whenSynced: async () => ({ synced: [], failed: [] }),
    olderMovers: new OlderMovers({ epoch: EPOCH, log: silentLog }),
    left: { of: async () => new Set(left) },
    staleKeys: staleKeys(),
    onStaleKeys: (count) => stale.push(count),
    migrationMethod: "semi-async",
    log: silentLog,
    ...changes,
  });
  return { looks, stale };
}

/** The product with the two servers of the test. */
function realTopology(): Topology {
  const topology = sampleTopology();
  const groups = new Map(topology.groups);
  for (const { groupId, addr } of [pair.source, pair.target]) {
    const group = groups.get(groupId);
    const [first] = group?.servers ?? [];
    if (group !== undefined && first !== undefined) {
      groups.set(groupId, { ...group, servers: [{ ...first, addr }] });
    }
  }
  return { ...topology, groups };
}

function check(changes: Partial<PairCheck> = {}): PairCheck {
  const { signal } = new AbortController();
  return { pair, slotIds: [SLOT], soon: [], isTargetGiving: false, signal, ...changes };
}

describe("payloads", () => {
  test("have the checksum that Redis puts behind them", async () => {
    expect(crc64(Buffer.from("123456789"))).toBe(0xe9c6d914c4b8d9can);
    await atSource.call(["SET", "key", "value"]);
    const payload = bytesOf(await atSource.call(["DUMP", "key"])) ?? Buffer.alloc(0);
    const end = payload.length - 8;
    expect(payload.readBigUInt64LE(end)).toBe(crc64(payload.subarray(0, end)));
  });

  test("of a version that the target has itself are known; no key is made", async () => {
    expect(await probePayload(atSource, [], atTarget)).toBe(false);
    await atSource.call(["SET", "key", "value"]);
    expect(await probePayload(atSource, [{ db: 0, keys: 1 }], atTarget)).toBe(true);
    expect(await sizeOf(atTarget)).toBe(0);
  });

  test("of a version that it doesn't know are refused, by name", async () => {
    const newer: Record<string, RespValue> = {
      SELECT: { type: "simple", text: "OK" },
      RANDOMKEY: { type: "bulk", bytes: Buffer.from("key") },
      DUMP: { type: "bulk", bytes: Buffer.from("\0\u0001v\u0063\0........", "latin1") },
    };
    const client = {
      addr: "10.0.0.1:6379",
      call: async ([command = ""]: readonly (string | Uint8Array)[]) =>
        newer[`${command}`] ?? { type: "null" },
    };
    const probe = probePayload(client as unknown as RedisClient, [{ db: 0, keys: 1 }], atTarget);
    await expect(probe).rejects.toThrow(
      /doesn't know the format of keys of 10\.0\.0\.1:6379 \(version 99\)/,
    );
  });
});

describe("a pair", () => {
  test("that is fine passes, and the target gets the libraries of FUNCTION", async () => {
    const code = "#!lua name=one\nredis.register_function('f', function() return 1 end)";
    await atSource.call(["FUNCTION", "LOAD", code]);
    await atSource.call(["SET", "{s}:1", "1"]);
    const { looks } = preflight([], { topology: realTopology });
    await triedAgain(() => looks.checkPair(check()));
    expect(numberOf(await atTarget.call(["FCALL", "f", "0"]))).toBe(1);
    await triedAgain(() => looks.checkReturn(pair));
  });

  test.each([
    [
      "a target that is a replica",
      /expected a master/,
      () => atTarget.call(["REPLICAOF", ...source.addr.split(":")]),
    ],
    [
      "a source that mayn't MIGRATE",
      /doesn't let keys be moved with MIGRATE/,
      () => atSource.call(["ACL", "SETUSER", "default", "-migrate"]),
    ],
    [
      "a target that mayn't RESTORE",
      /RESTORE/,
      async () => {
        await atSource.call(["SET", "{s}:1", "1"]);
        await atTarget.call(["ACL", "SETUSER", "default", "-restore"]);
      },
    ],
  ] as const)("with %s is refused", async (_name, reason, spoil) => {
    await spoil();
    await expect(triedAgain(() => preflight().looks.checkPair(check()))).rejects.toThrow(reason);
  });

  test("of one process under two names is refused", async () => {
    const same = {
      source: pair.source,
      target: serverAt(source.addr.replace("127.0.0.1", "localhost"), 2),
    };
    await expect(
      triedAgain(() => preflight().looks.checkPair(check({ pair: same }))),
    ).rejects.toThrow(/one and the same process/);
  });

  test("with a server that is away is refused in a moment, and passes when it is there", async () => {
    const { looks } = preflight();
    const { port } = target;
    await target.kill();
    await expect(looks.checkPair(check())).rejects.toThrow(/can't be reached/);
    servers.push(await startRedis({ port }));
    await triedAgain(() => looks.checkPair(check()));
  });
});

describe("stale keys", () => {
  test("of slots that have left the group are unlinked and counted, once for each run of the target", async () => {
    await atTarget.call(["SET", STALE, "old"]);
    await atTarget.call(["SELECT", "5"]);
    await atTarget.call(["SET", STALE, "old"]);
    await atTarget.call(["SET", "{other}:1", "stays"]);
    const { looks, stale } = preflight([SLOT]);
    await triedAgain(() => looks.checkPair(check()));
    expect(stale).toEqual([2]);
    expect(await sizeOf(atTarget)).toBe(1);
    await atTarget.call(["SET", STALE, "moved here"]);
    await triedAgain(() => looks.checkPair(check()));
    expect(stale).toEqual([2]);
    expect(await sizeOf(atTarget)).toBe(2);
    looks.forget([SLOT]);
    await triedAgain(() => looks.checkPair(check()));
    expect(stale).toEqual([2, 1]);
  });

  test("are searched again when the target was restarted", async () => {
    const { looks, stale } = preflight([SLOT]);
    await triedAgain(() => looks.checkPair(check()));
    const { port } = target;
    await target.kill();
    const again = await startRedis({ port });
    servers.push(again);
    await (await connect(again)).call(["SET", STALE, "back again"]);
    await triedAgain(() => looks.checkPair(check()));
    expect(stale).toEqual([1]);
  });

  test("of other slots stop the move by name, cheaply until they are gone", async () => {
    await fillKeys(atTarget, "{o}", 5_000);
    await atTarget.call(["SET", STALE, "whose?"]);
    const search = staleKeys();
    const clear = () => triedAgain(() => search.clear(pair.target, new Set([SLOT]), new Set()));
    await expect(clear()).rejects.toThrow(`key "${STALE}" (slot ${SLOT}, database 0)`);
    await atTarget.call(["CONFIG", "RESETSTAT"]);
    await expect(clear()).rejects.toThrow(`key "${STALE}"`);
    const stats = textOf(await atTarget.call(["INFO", "commandstats"])) ?? "";
    expect(stats).toContain("cmdstat_exists");
    expect(stats).not.toContain("cmdstat_scan");
    expect(numberOf(await atTarget.call(["EXISTS", STALE]))).toBe(1);
    await atTarget.call(["DEL", STALE]);
    expect((await clear()).unlinked).toBe(0);
  });

  test("are left alone by one who doesn't lead any more, and by one who is stopped", async () => {
    await atTarget.call(["SET", STALE, "old"]);
    const lost = staleKeys(() => Promise.reject(new Error("no longer the leader")));
    const slots = new Set([SLOT]);
    await expect(triedAgain(() => lost.clear(pair.target, slots, slots))).rejects.toThrow(
      "no longer the leader",
    );
    const stopped = staleKeys().clear(pair.target, slots, slots, AbortSignal.abort());
    await expect(stopped).rejects.toThrow();
    expect(await sizeOf(atTarget)).toBe(1);
  });
});

describe("connections of movers", () => {
  async function isCut(client: RedisClient): Promise<boolean> {
    return client.call(["PING"]).then(
      () => false,
      () => true,
    );
  }

  test("of earlier leaders are cut at both servers, others aren't", async () => {
    const names = [
      "codis-mover-6",
      "codis-mover-5/sure/0/x",
      "codis-mover-7",
      "codis-mover-proxy-t-1",
    ];
    const open = await Promise.all(names.map((name) => connect(source, name)));
    const older = await connect(target, "codis-mover-6");
    const movers = new OlderMovers({ epoch: EPOCH, log: silentLog });
    expect(movers.isCut(pair)).toBe(false);
    await triedAgain(() => movers.cut(pair));
    expect(movers.isCut(pair)).toBe(true);
    expect(await Promise.all(open.map(isCut))).toEqual([true, true, false, false]);
    expect(await isCut(older)).toBe(true);
  });

  test("of proxies are cut at a target that slots have left before, even while it gives others away", async () => {
    const proxy = await connect(target, "codis-mover-proxy-t-1");
    await triedAgain(() => preflight().looks.checkPair(check({ isTargetGiving: true })));
    expect(await isCut(proxy)).toBe(false);
    await triedAgain(() => preflight([SLOT]).looks.checkPair(check({ isTargetGiving: true })));
    expect(await isCut(proxy)).toBe(true);
  });

  test("of proxies are cut by the guard of a source, which sees doubts and restarts", async () => {
    const proxy = await connect(source, "codis-mover-proxy-t-1");
    const guard = await openGuard();
    expect(await isCut(proxy)).toBe(true);
    await atSource.call(["SET", "{s}:1", "1"]);
    target.pause();
    const [host = "", port = ""] = target.addr.split(":");
    const lost = atSource.call(["MIGRATE", host, port, "", "0", "100", "KEYS", "{s}:1"]);
    await expect(lost).rejects.toThrow(/IOERR/);
    target.resume();
    expect(await guard.isUnchanged()).toBe(false);
    guard.close();
    const other = await openGuard();
    await source.kill();
    await expect(other.isUnchanged()).rejects.toThrow();
    other.close();
  });
});

describe("proxies", () => {
  test("that don't answer, or can't move keys, are named", async () => {
    const topology = sampleTopology();
    const [proxy] = topology.proxies.values();
    const named = proxy?.token ?? "";
    const late = async () => ({
      synced: [],
      failed: [{ token: named, reason: `proxy-[${named}] is late` }],
    });
    const one = preflight([], { whenSynced: late }).looks;
    await expect(one.checkProxies()).rejects.toThrow(/is late; no slot changes its owner/);
    const old = new Map(
      [...topology.proxies].map(([token, each]) => [token, { ...each, forwardMethods: [] }]),
    );
    const original = preflight([], { topology: () => ({ ...topology, proxies: old }) }).looks;
    expect(() => original.checkMethods(FORWARD_METHOD.migrate)).toThrow(
      /can move keys with MIGRATE/,
    );
    // It doesn't say, so it is one of Codis, which knows those of Codis.
    original.checkMethods(FORWARD_METHOD.semiAsync);
    expect(() => preflight().looks.checkMethods(FORWARD_METHOD.semiAsync)).toThrow(
      /knows forward_method 1 \(semi-async\)/,
    );
    const figures: ProxyFigures = {
      token: named,
      stats: undefined,
      error: "",
      isTimedOut: true,
      atMs: 0,
      table: "unreachable",
      revision: 1,
    };
    const gone = preflight([], { proxyFigures: () => new Map([[named, figures]]) }).looks;
    await expect(gone.checkProxies()).rejects.toThrow(/doesn't answer/);
  });
});
