/**
 * High availability over `/api/v1` and the APIs of Codis: promotions, stories, faults and repair, proxies that are
 * gone, sentinels; roles, errors with their codes, the audit log, events, health. Over real HTTP with a leader in
 * memory.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ERROR_CODE_HEADER } from "../../../src/api/error-form.ts";
import { CodisError } from "../../../src/base/error.ts";
import type { Answer } from "../../support/admin-port.ts";
import { bearer, codeOf, DashboardPort } from "../../support/dashboard-port.ts";
import {
  fillAvailability,
  fillSample,
  GROUP_ADDRS,
  LOOKED_AT_MS,
  MASTER_INFO,
  PROXY_TOKENS,
  serverFigures,
} from "../../support/dashboard-sample.ts";
import { waitFor } from "../../support/deadline.ts";
import { BEGAN_AT_MS, sampleFailover } from "../../support/fake-availability-control.ts";
import { RawHttp } from "../../support/raw-http.ts";

const [MASTER = "", REPLICA = ""] = GROUP_ADDRS;
const [GONE = "", CUT = "", FINE = ""] = PROXY_TOKENS;
const PROMOTION = `/api/v1/groups/1/servers/${REPLICA}/promotion`;

let port: DashboardPort;

beforeEach(async () => {
  port = await new DashboardPort().start();
  fillSample(port.leader);
});

afterEach(() => port.close());

function post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>) {
  return port.call("POST", path, body, headers);
}

function statusAndCode(answer: Answer): readonly [number, string] {
  return [answer.status, codeOf(answer)];
}

async function auditItems(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const audit = (await port.get("/api/v1/audit")).json() as {
    readonly items: readonly Readonly<Record<string, unknown>>[];
  };
  return audit.items;
}

describe("promotion", () => {
  test("is planned without a change", async () => {
    port.leader.availability.planParts = { problems: ["it lags too far"], movingSlots: 3 };
    const answer = await port.get(PROMOTION);
    expect(answer.json()).toEqual({
      group_id: 1,
      from: MASTER,
      to: REPLICA,
      lag_bytes: 42,
      from_version: "7.0.15",
      to_version: "7.0.15",
      from_keys: 1000,
      to_keys: 1000,
      pause_ms: 8,
      others: GROUP_ADDRS.slice(2),
      watched_by_sentinels: false,
      moving_slots: 3,
      problems: ["it lags too far"],
      warnings: [],
      problems_said: [null],
      warnings_said: [],
    });
    expect(await auditItems()).toEqual([]);
  });

  test("is done, audited, and answers with its story", async () => {
    const answer = await post(PROMOTION);
    expect([answer.status, answer.json()]).toEqual([
      200,
      {
        id: "3-1",
        group_id: 1,
        kind: "planned",
        from: MASTER,
        to: REPLICA,
        began_at: new Date(BEGAN_AT_MS).toISOString(),
        ended_at: new Date(BEGAN_AT_MS + 3420).toISOString(),
        outcome: "done",
        reason: null,
        pause_ms: 7,
        lost_bytes: 0,
        events: [],
      },
    ]);
    expect(port.leader.topology().groups.get(1)?.servers[0]?.addr).toBe(REPLICA);
    expect(await auditItems()).toMatchObject([
      { operation: "promoteServer", arguments: { gid: 1, addr: REPLICA }, state: "done" },
    ]);
  });

  test("is refused for servers and groups that aren't there, and never connects to them", async () => {
    for (const path of [
      "/api/v1/groups/9/servers/10.0.0.2:6379/promotion",
      "/api/v1/groups/1/servers/192.0.2.1:6379/promotion",
    ]) {
      expect(statusAndCode(await port.get(path))).toEqual([404, "NOT_FOUND"]);
      expect(statusAndCode(await post(path))).toEqual([404, "NOT_FOUND"]);
    }
    expect(port.leader.orders).toEqual([]);
  });

  test("that was undone is a conflict with the reason, also over the old APIs", async () => {
    const text = "it was undone: the replica didn't catch up within 2s";
    const fail = () => {
      port.leader.failure = new CodisError("PROMOTION_FAILED", text);
    };
    fail();
    expect(statusAndCode(await post(PROMOTION))).toEqual([409, "PROMOTION_FAILED"]);
    fail();
    const topom = await port.change(`group/promote/:xauth/1/${REPLICA}`);
    expect([topom.status, topom.json()]).toEqual([800, { Cause: text, Stack: null }]);
    expect(topom.headers[ERROR_CODE_HEADER]).toBe("PROMOTION_FAILED");
    fail();
    const legacy = await post("/api/server_group/1/promote", { addr: REPLICA });
    expect([legacy.status, legacy.text]).toEqual([500, `${text}\n`]);
  });

  test("over the API of 3.2 has the texts of the original", async () => {
    for (const [path, cause] of [
      ["8/10.0.0.2:6379", "group-[8] doesn't exist"],
      ["1/192.0.2.1:6379", "group-[1] doesn't have server-[192.0.2.1:6379]"],
      [`1/${MASTER}`, "group-[1] can't promote master"],
      ["2/[::1]:6379", "group-[2] is promoting"],
    ]) {
      const answer = await port.change(`group/promote/:xauth/${path}`);
      expect([answer.status, answer.json()]).toEqual([800, { Cause: cause, Stack: null }]);
    }
  });

  test("over the API of 2.0 takes the server as its body", async () => {
    const server = { addr: REPLICA, type: "slave", group_id: 1 };
    const answer = await post("/api/server_group/1/promote", server);
    expect([answer.status, answer.text]).toEqual([200, '{"msg":"OK","ret":0}']);
    expect(port.leader.orders).toEqual([`promote 1 ${REPLICA}`]);
    expect(await auditItems()).toMatchObject([{ api: "legacy", operation: "promote" }]);
    for (const body of [{}, [], { addr: 7 }]) {
      const wrong = await post("/api/server_group/1/promote", body);
      expect([wrong.status, wrong.headers[ERROR_CODE_HEADER]]).toEqual([500, "BODY_INVALID"]);
    }
  });
});

describe("stories", () => {
  test("are listed the newest first, in pages, by group, and only open ones", async () => {
    const { availability } = port.leader;
    availability.tell(sampleFailover({ id: "3-9" }));
    availability.tell(sampleFailover({ id: "3-10", groupId: 2 }));
    availability.tell(sampleFailover({ id: "4-1", outcome: "running", endedAtMs: undefined }));
    const ids = async (query: string) => {
      const list = (await port.get(`/api/v1/failovers?${query}`)).json() as {
        readonly items: readonly { readonly id: string }[];
        readonly next: string | null;
      };
      return [...list.items.map(({ id }) => id), list.next];
    };
    expect(await ids("")).toEqual(["4-1", "3-10", "3-9", null]);
    expect(await ids("limit=2")).toEqual(["4-1", "3-10", "3-10"]);
    expect(await ids("limit=2&after=3-10")).toEqual(["3-9", null]);
    expect(await ids("group_id=2")).toEqual(["3-10", null]);
    expect(await ids("open=true")).toEqual(["4-1", null]);
    expect(statusAndCode(await port.get("/api/v1/failovers?after=x"))).toEqual([
      400,
      "ARGUMENT_INVALID",
    ]);
  });

  test("tell each line with its distance from the beginning", async () => {
    port.leader.availability.tell(sampleFailover());
    const story = (await port.get("/api/v1/failovers/3-1")).json();
    expect(story).toMatchObject({
      lost_bytes: 12,
      events: [
        { after_ms: 0, step: "detected", about: MASTER },
        { after_ms: 3000, step: "vote" },
        { after_ms: 3010, step: "decided", about: REPLICA },
        { after_ms: 3400, step: "served", about: null, text: "all proxies have the new master" },
      ],
    });
    expect(statusAndCode(await port.get("/api/v1/failovers/3-2"))).toEqual([404, "NOT_FOUND"]);
  });

  test("are events: those under way at once, then each new line", async () => {
    const { availability } = port.leader;
    const running = sampleFailover({ outcome: "running", endedAtMs: undefined, events: [] });
    availability.tell(running);
    availability.tell(sampleFailover({ id: "3-0" }));
    const reader = new RawHttp(port.addr);
    reader.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const told = (count: number) =>
      waitFor(`${count} failovers`, 20_000, () => {
        const text = reader.received.toString();
        const found = [...text.matchAll(/event: failover\ndata: (.*)\n/g)];
        return found.length >= count ? found.map(([, data = ""]) => JSON.parse(data)) : undefined;
      });
    expect(await told(1)).toMatchObject([{ id: "3-1", outcome: "running", newest: null }]);
    availability.tell(sampleFailover());
    expect((await told(2))[1]).toMatchObject({
      outcome: "done",
      newest: { after_ms: 3400, step: "served" },
    });
    expect(availability.listenerCount).toBe(1);
    reader.close();
  });
});

describe("faults", () => {
  test("are shown with detector and fences, at their groups and at their servers", async () => {
    fillAvailability(port.leader);
    port.leader.availability.detectorNow = { isEnabled: true, text: "it looks" };
    const now = (await port.get("/api/v1/availability")).json();
    expect(now).toMatchObject({
      detector: { enabled: true, text: "it looks" },
      sentinels: ["10.0.2.1:26379"],
      faults: [
        { code: "MASTER_DOWN", addr: MASTER, mendable: false },
        { code: "REPLICA_IS_MASTER", since: new Date(LOOKED_AT_MS).toISOString() },
      ],
      fences: [
        { token: GONE, state: "unprovable", proof: null },
        { token: CUT, state: "fenced", proof: "servers-cut" },
      ],
      running: [],
    });
    const group = (await port.get("/api/v1/groups/1")).json() as {
      readonly faults: readonly unknown[];
      readonly servers: readonly { readonly faults: readonly string[] }[];
    };
    expect(group.faults).toHaveLength(2);
    expect(group.servers.map(({ faults }) => faults)).toEqual([
      ["MASTER_DOWN"],
      [],
      [],
      ["REPLICA_IS_MASTER"],
    ]);
    expect((await port.get("/api/v1/groups/2")).json()).toMatchObject({ faults: [] });
  });

  test("a replica's lag is told when both follow one stream", async () => {
    const stream = { master_replid: "a1" };
    const look = (addr: string, info: Readonly<Record<string, string>>) =>
      port.leader.servers.set(addr, serverFigures(addr, { info: { ...MASTER_INFO, ...info } }));
    look(MASTER, { ...stream, master_repl_offset: "1000" });
    look(REPLICA, { ...stream, role: "slave", slave_repl_offset: "940" });
    const lagOf = async (addr: string) =>
      (await port.get(`/api/v1/groups/1/servers/${addr}`)).json() as { lag_bytes: number | null };
    expect((await lagOf(REPLICA)).lag_bytes).toBe(60);
    expect((await lagOf(MASTER)).lag_bytes).toBeNull();
    // The replica was asked after the master.
    look(REPLICA, { ...stream, role: "slave", slave_repl_offset: "1010" });
    expect((await lagOf(REPLICA)).lag_bytes).toBe(0);
    look(REPLICA, { master_replid: "b2", role: "slave", slave_repl_offset: "940" });
    expect((await lagOf(REPLICA)).lag_bytes).toBeNull();
  });

  test("are repaired, and a dry run is neither audited nor more than told", async () => {
    port.leader.availability.report = { done: ["10.0.0.4:6379 follows"], failed: ["x: silent"] };
    const dry = await post("/api/v1/replication/repair", { group_id: 1, dry_run: true });
    expect(dry.json()).toEqual({
      dry_run: true,
      done: ["10.0.0.4:6379 follows"],
      failed: ["x: silent"],
    });
    expect(await auditItems()).toEqual([]);
    expect((await post("/api/v1/replication/repair", {})).json()).toMatchObject({ dry_run: false });
    expect(port.leader.orders).toEqual(["repair 1 true", "repair all false"]);
    expect((await auditItems()).map(({ operation }) => operation)).toEqual(["repairReplication"]);
    expect(statusAndCode(await post("/api/v1/replication/repair", { group_id: 7 }))).toEqual([
      404,
      "NOT_FOUND",
    ]);
  });
});

describe("a proxy that is gone", () => {
  test("is shown, and declared gone by an operator's word only", async () => {
    fillAvailability(port.leader);
    expect((await port.get(`/api/v1/proxies/${GONE}`)).json()).toMatchObject({
      fence: { state: "unprovable", proof: null },
    });
    expect((await port.get(`/api/v1/proxies/${FINE}`)).json()).toMatchObject({ fence: null });
    const path = `/api/v1/proxies/${GONE}/gone`;
    for (const body of [{}, { cannot_write: false }, undefined]) {
      expect(statusAndCode(await post(path, body))).toEqual([400, "BODY_INVALID"]);
    }
    expect(port.leader.orders).toEqual([]);
    expect((await post(path, { cannot_write: true })).json()).toMatchObject({
      token: GONE,
      fence: { state: "fenced", proof: "operator" },
    });
    const answers = await post(`/api/v1/proxies/${FINE}/gone`, { cannot_write: true });
    expect(statusAndCode(answers)).toEqual([409, "STATE_CONFLICT"]);
    const unknown = await post(`/api/v1/proxies/${"f".repeat(32)}/gone`, { cannot_write: true });
    expect(statusAndCode(unknown)).toEqual([404, "NOT_FOUND"]);
    expect((await auditItems()).map(({ operation }) => operation)).toContain("declareProxyGone");
  });
});

test("viewers read everything and change nothing", async () => {
  fillAvailability(port.leader);
  const root = bearer(await port.createUser("root", "admin"));
  const viewer = bearer(await port.createUser("vera", "viewer", root));
  for (const path of ["/api/v1/availability", "/api/v1/failovers", PROMOTION]) {
    expect([path, (await port.get(path, viewer)).status]).toEqual([path, 200]);
  }
  for (const [path, body] of [
    [PROMOTION, undefined],
    ["/api/v1/replication/repair", {}],
    [`/api/v1/proxies/${GONE}/gone`, { cannot_write: true }],
  ] as const) {
    expect(statusAndCode(await post(path, body, viewer))).toEqual([403, "FORBIDDEN"]);
  }
});

describe("health", () => {
  type Health = {
    readonly problems: readonly { readonly kind: string; readonly subject: string }[];
  };
  const kindsNow = async (...kinds: readonly string[]) =>
    ((await port.get("/api/v1/health")).json() as Health).problems
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ kind, subject }) => `${kind}: ${subject}`);
  const fault = (code: "LAGGING" | "SPLIT_BRAIN" | "NO_REPLICA" | "MASTER_DOWN", groupId = 1) => ({
    ...{ code, groupId, addr: MASTER, stored: "", real: "", sinceMs: 0 },
    isMendable: false,
    text: code,
  });

  test("has faults that no other problem tells, and proxies that need a word", async () => {
    fillAvailability(port.leader);
    const { availability } = port.leader;
    availability.faults = [fault("SPLIT_BRAIN"), fault("LAGGING")];
    expect(await kindsNow("split_brain", "replica_lagging", "proxy_unprovable")).toEqual([
      `split_brain: server ${MASTER}`,
      `replica_lagging: server ${MASTER}`,
      `proxy_unprovable: proxy ${GONE}`,
    ]);
  });

  test("has what the sentinels decided or know otherwise", async () => {
    port.leader.availability.sentinelTrouble = [
      "group-[1]: the sentinels made a stranger its master",
    ];
    expect(await kindsNow("sentinel_trouble")).toEqual(["sentinel_trouble: sentinels"]);
  });

  test("misses replicas only where something relies on them", async () => {
    const { availability } = port.leader;
    port.leader.change({ sentinel: { servers: [], outOfSync: false } });
    availability.faults = [fault("NO_REPLICA")];
    expect(await kindsNow("no_replica")).toEqual([]);
    availability.faults = [fault("MASTER_DOWN"), fault("NO_REPLICA")];
    expect(await kindsNow("no_replica")).toEqual(["no_replica: group 1"]);
    availability.faults = [fault("NO_REPLICA")];
    availability.detectorNow = { isEnabled: true, text: "" };
    expect(await kindsNow("no_replica")).toEqual(["no_replica: group 1"]);
  });

  test("tells a failover that couldn't be finished, until a later one has gone well", async () => {
    const { availability } = port.leader;
    availability.tell(sampleFailover({ outcome: "failed", reason: "no replica answers" }));
    expect(await kindsNow("failover_failed")).toEqual(["failover_failed: group 1"]);
    availability.tell(sampleFailover({ id: "3-2", outcome: "refused", reason: "too early" }));
    expect(await kindsNow("failover_failed")).toEqual(["failover_failed: group 1"]);
    availability.tell(sampleFailover({ id: "3-3" }));
    expect(await kindsNow("failover_failed")).toEqual([]);
  });
});

describe("sentinels over the API of 3.2", () => {
  const addr = "10.0.2.1:26379";
  const groups = {
    "demo-1": { master: { name: "demo-1", ip: "10.0.0.1", port: "6379" }, slaves: [{ port: "1" }] },
  };

  test("are in the statistics, with what they watch and whom they take for masters", async () => {
    port.leader.sentinels.set(addr, {
      addr,
      info: { sentinel_masters: "1" },
      groups,
      error: undefined,
      isTimedOut: false,
      atMs: LOOKED_AT_MS,
    });
    port.leader.masters.set(1, MASTER);
    const stats = (await port.get("/topom/stats")).json() as { readonly sentinels: unknown };
    expect(stats.sentinels).toEqual({
      model: { servers: [addr], out_of_sync: true },
      stats: {
        [addr]: {
          stats: { sentinel_masters: "1" },
          sentinel: groups,
          unixtime: Math.floor(LOOKED_AT_MS / 1000),
        },
      },
      masters: { 1: MASTER },
    });
    expect((await port.get(`/api/topom/sentinels/info/${addr}`)).json()).toMatchObject({
      redis_version: "7.0.15",
    });
    const monitored = await port.get(`/api/topom/sentinels/info/${addr}/monitored`);
    expect(monitored.json()).toEqual(groups);
  });
});
