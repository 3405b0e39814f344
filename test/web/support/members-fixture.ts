/**
 * A product for browser tests of the screens of proxies, groups, high availability, audit and users: a healthy one of
 * `typical-product.ts` with something of every state, and the answers of the calls of these screens.
 */
import type { V1AuditEntry, V1User } from "../../../src/api/v1-access-schema.ts";
import type {
  V1Failover,
  V1FailoverSummary,
  V1PromotionPlan,
  V1ReplicationFault,
} from "../../../src/api/v1-availability-schema.ts";
import type { V1LiveGroup, V1LiveProxy, V1LiveServer } from "../../../src/api/v1-live-schema.ts";
import type { V1RegistrationList } from "../../../src/api/v1-topology-schema.ts";
import { say } from "../../../src/model/phrase/phrase.ts";
import { codeOf, told } from "./told.ts";
import { type FixtureAnswer, makeProduct, type ProductFixture } from "./typical-product.ts";

/** Name of the product. */
export const PRODUCT = "demo";
/** Master and replica of group 1. */
export const MASTER = "10.0.1.1:6379";
export const REPLICA = "10.0.1.2:6379";
/** Token of the proxy that may be gone. */
export const GONE_TOKEN = "3".padStart(32, "0");
/** The first moment of the audit log, milliseconds. */
const AUDIT_FROM_MS = Date.UTC(2026, 10, 1);

const ok =
  (body: unknown): FixtureAnswer =>
  () => ({ status: 200, body });

const FAULT: V1ReplicationFault = {
  code: "WRONG_MASTER",
  group_id: 2,
  addr: "10.0.2.2:6379",
  stored: "replica of 10.0.2.1:6379",
  stored_said: codeOf("replica of 10.0.2.1:6379"),
  real: "replica of 10.9.9.9:6379",
  real_said: codeOf("replica of 10.9.9.9:6379"),
  since: "2026-11-27T07:00:00.000Z",
  mendable: true,
  ...told(
    `${say("fault.other", { addr: "10.0.2.2:6379", real: "10.9.9.9:6379", master: "10.0.2.1:6379" })}; ` +
      say("fault.mended", { group: 2 }),
  ),
};

/** One that the product has, one that it hasn't, and one that nobody understands. */
const REGISTRATIONS: V1RegistrationList = {
  epoch: 3,
  revision: 17,
  items: ["1".padStart(32, "0"), "f".repeat(32)].map((token, index) => ({
    path: `/jodis/${PRODUCT}/proxy-${token}`,
    token,
    proxy_addr: `10.0.8.${index === 0 ? 1 : 77}:19000`,
    admin_addr: `10.0.8.${index === 0 ? 1 : 77}:11080`,
    start_time: "2026-11-20 08:00:00 +0000 UTC",
    state: "online",
    stored: index === 0,
  })),
  faults: [`/jodis/${PRODUCT}/proxy-x isn't JSON`],
};

const STORY: V1FailoverSummary = {
  id: "3-1",
  group_id: 1,
  kind: "detector",
  from: REPLICA,
  to: MASTER,
  began_at: "2026-11-26T10:00:00.000Z",
  ended_at: "2026-11-26T10:00:03.400Z",
  outcome: "done",
  reason: null,
  pause_ms: 3400,
  lost_bytes: 0,
};

/** A product with faults, a proxy that may be gone, sentinels, stories, users and `entries` audit entries. */
export function membersProduct(entries = 60): ProductFixture {
  const product = makeProduct(PRODUCT);
  breakParts(product);
  addSentinels(product, [MASTER, MASTER, MASTER]);
  Object.assign(product.values, { "failover:3-1": STORY });
  Object.assign(product.answers, {
    ...serverAnswers(),
    "GET proxy-registrations": ok(REGISTRATIONS),
    ...storyAnswers(),
    ...accessAnswers(entries),
  });
  return product;
}

function breakParts({ values }: ProductFixture): void {
  const group = values["group:2"] as V1LiveGroup;
  const server = values[`server:${FAULT.addr}`] as V1LiveServer;
  const down = values["server:10.0.3.2:6379"] as V1LiveServer;
  const proxy = values[`proxy:${GONE_TOKEN}`] as V1LiveProxy;
  values["group:2"] = { ...group, faults: [FAULT], out_of_sync: true } satisfies V1LiveGroup;
  values[`server:${FAULT.addr}`] = {
    ...server,
    faults: [FAULT.code],
    lag_bytes: 3_456_789,
    lag_seconds: 12,
  } satisfies V1LiveServer;
  values["server:10.0.3.2:6379"] = {
    ...down,
    status: "timeout",
    error: "no answer within 1 s",
    master_link: null,
    lag_bytes: null,
    lag_seconds: null,
    observed_at: "2026-11-27T07:00:00.000Z",
  } satisfies V1LiveServer;
  const fence = {
    state: "unprovable",
    since: "2026-11-27T07:00:00.000Z",
    proof: null,
    ...told(
      say("fence.doubt", {
        process: say("fence.elsewhere", { host: "host-3" }),
        login: say("fence.no-login", { why: say("fence.off", {}) }),
        advice: say("fence.start-it", {}),
      }),
    ),
  } as const;
  values[`proxy:${GONE_TOKEN}`] = {
    ...proxy,
    status: "timeout",
    table: "unreachable",
    fence,
    sessions: null,
    ops_per_second: null,
  } satisfies V1LiveProxy;
  values["availability"] = {
    detector: { enabled: true, ...told(say("detector.on", { ms: 10_000 })) },
    sentinels: ["10.0.9.1:26379", "10.0.9.2:26379", "10.0.9.3:26379"],
    faults: [FAULT],
    fences: [{ token: GONE_TOKEN, ...fence }],
    running: [],
  };
}

/** Three sentinels; each has the master of group 1 that is told, undefined: it doesn't answer. */
export function addSentinels(
  { values }: ProductFixture,
  says: readonly (string | undefined)[],
): void {
  const items = says.map((_, index) => `10.0.9.${index + 1}:26379`);
  const counted = new Map<string, number>();
  for (const [index, addr] of says.entries()) {
    values[`sentinel:${items[index]}`] = {
      addr: items[index],
      status: addr === undefined ? "timeout" : "up",
      error: addr === undefined ? "no answer within 1 s" : null,
      observed_at: addr === undefined ? "2026-11-27T07:00:00.000Z" : null,
      redis_version: addr === undefined ? null : "7.0.15",
      watched_group_ids: addr === undefined ? null : [1, 2, 3, 4, 5, 6, 7, 8],
    };
    if (addr !== undefined) {
      counted.set(addr, (counted.get(addr) ?? 0) + 1);
    }
  }
  const others = [2, 3, 4, 5, 6, 7, 8].map((id) => ({ group_id: id, addr: `10.0.${id}.1:6379` }));
  const agreed = [...counted].find(([, count]) => count * 2 > says.length)?.[0];
  const masters = [...(agreed === undefined ? [] : [{ group_id: 1, addr: agreed }]), ...others];
  values["sentinels"] = { items, out_of_sync: false, masters };
}

/** What the preview of a promotion of `REPLICA` answers. */
export const PROMOTION: V1PromotionPlan = {
  group_id: 1,
  from: MASTER,
  to: REPLICA,
  lag_bytes: 0,
  from_version: "7.0.15",
  to_version: "7.0.15",
  from_keys: 1000,
  to_keys: 1000,
  pause_ms: 14,
  others: [],
  watched_by_sentinels: true,
  moving_slots: 0,
  problems: [],
  warnings: [`${REPLICA} has another maxmemory-policy than its master`],
};

function serverAnswers(): Record<string, FixtureAnswer> {
  const own = `groups/1/servers/${REPLICA}`;
  const info = {
    redis_version: "7.0.15",
    used_memory: "524288000",
    used_memory_rss: "838860800",
    mem_fragmentation_ratio: "1.60",
    maxmemory_policy: "allkeys-lru",
    rdb_changes_since_last_save: "4711",
    rdb_bgsave_in_progress: "0",
    rdb_last_save_time: "1795761000",
    rdb_last_bgsave_status: "err",
    aof_enabled: "1",
    aof_rewrite_in_progress: "0",
    aof_last_bgrewrite_status: "ok",
    aof_last_write_status: "ok",
    evicted_keys: "1234",
    keyspace_hits: "9000",
    keyspace_misses: "1000",
    role: "slave",
    db0: "keys=1000,expires=250",
  };
  const story = { ...STORY, id: "3-2", kind: "planned", pause_ms: 14, events: [] };
  return {
    [`GET ${own}/promotion`]: ok(PROMOTION),
    [`POST ${own}/promotion`]: ok(story),
    [`GET ${own}/info`]: ok({ addr: REPLICA, info }),
    [`GET groups/1/servers/${MASTER}/info`]: ok({ addr: MASTER, info }),
    "POST replication/repair": (body) => {
      const isDry = (body as { dry_run?: boolean }).dry_run === true;
      const done = [`${FAULT.addr}: follows 10.0.2.1:6379`];
      return { status: 200, body: { dry_run: isDry, done, failed: [] } };
    },
  };
}

function storyAnswers(): Record<string, FixtureAnswer> {
  const line = (after_ms: number, step: string, about: string | null, text: string) => ({
    at: new Date(Date.parse(STORY.began_at) + after_ms).toISOString(),
    after_ms,
    step,
    about,
    ...told(text),
  });
  const story = {
    ...STORY,
    events: [
      line(0, "detected", REPLICA, say("story.silent", { ms: 3000 })),
      line(12, "vote", "0".repeat(31).concat("1"), say("vote.silent", { ms: 3100 })),
      line(15, "decided", null, say("story.chosen", { offset: 7_654_321 })),
      line(60, "promoted", MASTER, say("story.master", { ms: 45 })),
      line(90, "switched", "0".repeat(31).concat("1"), say("story.follows", { ms: 75 })),
    ],
  } as V1Failover;
  return {
    "GET failovers": ok({ epoch: 3, revision: 17, items: [STORY], next: null }),
    "GET failovers/3-1": ok(story),
  };
}

/** One entry of the audit log; number 1 is the oldest. */
export function auditEntry(seq: number): V1AuditEntry {
  const isFailed = seq % 7 === 0;
  return {
    seq,
    at: new Date(AUDIT_FROM_MS + seq * 30_000).toISOString(),
    who: seq % 3 === 0 ? "bob/@session" : "ann/laptop",
    api: "v1",
    from: "10.1.2.3",
    claimed_from: null,
    operation: seq % 2 === 0 ? "addServer" : "resyncGroup",
    reason: seq % 5 === 0 ? "the machine is replaced" : null,
    arguments: { gid: 1 + (seq % 8), ...(seq % 2 === 0 ? { addr: `10.0.0.${seq % 200}:1` } : {}) },
    state: isFailed ? "failed" : "done",
    error_code: isFailed ? "STATE_CONFLICT" : null,
    error: isFailed ? "group-[1] isn't empty" : null,
    duration_ms: seq % 90,
    request_id: `r-${seq}`,
    epoch: 3,
  };
}

const USERS: readonly V1User[] = [
  {
    name: "ann",
    role: "admin",
    created_at: "2026-11-01T00:00:00.000Z",
    has_password: true,
    sessions: 1,
    tokens: [],
  },
  {
    name: "grafana",
    role: "viewer",
    created_at: "2026-11-02T00:00:00.000Z",
    has_password: false,
    sessions: 0,
    tokens: [
      {
        name: "default",
        created_at: "2026-11-02T00:00:00.000Z",
        expires_at: "2026-12-02T00:00:00.000Z",
        is_expired: false,
      },
    ],
  },
];

function accessAnswers(entries: number): Record<string, FixtureAnswer> {
  const token = USERS[1]?.tokens[0];
  return {
    "GET audit": (_body, url) => {
      const before = Number(url.searchParams.get("before") ?? entries + 1);
      const from = Math.max(1, before - Number(url.searchParams.get("limit")));
      const items = Array.from({ length: before - from }, (_, at) => auditEntry(before - 1 - at));
      return { status: 200, body: { items, next: from === 1 ? null : from } };
    },
    "GET users": ok({ items: USERS }),
    "POST users": () => ({
      status: 201,
      body: { user: "robot", role: "viewer", token, secret: "codis_secret_of_robot" },
    }),
    "POST users/grafana/tokens": () => ({
      status: 201,
      body: { user: "grafana", role: "viewer", token, secret: "codis_secret_of_grafana" },
    }),
  };
}
