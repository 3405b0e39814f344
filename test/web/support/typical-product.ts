/**
 * A product as the console's server tells of it, made by rule: groups with replicas, proxies, slots in equal
 * ranges. `typical` has 8 groups of 2 servers and 3 proxies, `small` 2 groups, `large` 60 groups of 3 servers
 * and 30 proxies. Tests change what they need in `values`, and add answers of calls by `METHOD path`.
 */
import type {
  V1LiveGroup,
  V1LiveProduct,
  V1LiveProxy,
  V1LiveServer,
  V1LiveStats,
} from "../../../src/api/v1-live-schema.ts";
import type { V1Health } from "../../../src/api/v1-state-schema.ts";
import type { V1SlotKeys } from "../../../src/api/v1-topology-schema.ts";
import { say } from "../../../src/model/phrase/phrase.ts";
import { commandNames, performanceAnswer, type Subjects } from "./performance-figures.ts";
import { told } from "./told.ts";

/** What the fixture server serves for one product. */
export interface ProductFixture {
  readonly name: string;
  readonly label: V1LiveProduct["label"];
  /** The live document; tests change it, and then call `publish` of the server. */
  readonly values: Record<string, unknown>;
  /** Answers by `GET groups/1`: a value, or what makes it from the body. Without an entry: 404. */
  readonly answers: Record<string, FixtureAnswer>;
}

/** Status and JSON of an answer. */
export interface FixtureReply {
  readonly status: number;
  readonly body: unknown;
}

/** What a call answers. */
export type FixtureAnswer = (body: unknown, url: URL) => FixtureReply;

/** Size of a product. */
export interface ProductSize {
  readonly groups: number;
  readonly serversPerGroup: number;
  readonly proxies: number;
}

/** Sizes by name. */
export const SIZES = {
  small: { groups: 2, serversPerGroup: 2, proxies: 1 },
  typical: { groups: 8, serversPerGroup: 2, proxies: 3 },
  large: { groups: 60, serversPerGroup: 3, proxies: 30 },
} as const satisfies Readonly<Record<string, ProductSize>>;

const SLOTS = 1024;
const ONLINE = 1;
const EPOCH = 3;
const REVISION = 17;
const STARTED = "2026-11-20T08:00:00.000Z";
const GIB = 1024 ** 3;

/** A healthy product. */
export function makeProduct(
  name: string,
  size: ProductSize = SIZES.typical,
  label: V1LiveProduct["label"] = "",
): ProductFixture {
  const values: Record<string, unknown> = {};
  const ids = Array.from({ length: size.groups }, (_, index) => index + 1);
  for (const id of ids) {
    const servers = serversOf(id, size.serversPerGroup);
    values[`group:${id}`] = groupOf(id, servers, size.groups);
    for (const server of servers) {
      values[`server:${server.addr}`] = server;
    }
  }
  for (let index = 1; index <= size.proxies; index += 1) {
    const proxy = proxyOf(index);
    values[`proxy:${proxy.token}`] = proxy;
  }
  values["product"] = productOf(name, label, size);
  values["health"] = {
    epoch: EPOCH,
    revision: REVISION,
    status: "ok",
    faults: [],
    problems: [],
  } satisfies V1Health;
  values["stats"] = statsOf(ids, size);
  values["slots"] = slotsOf(size.groups);
  values["sentinels"] = { items: [], out_of_sync: false, masters: [] };
  values["availability"] = {
    detector: { enabled: true, ...told(say("detector.on", { ms: 10_000 })) },
    sentinels: [],
    faults: [],
    fences: [],
    running: [],
  };
  const answers = {
    "GET performance": performanceAnswer(subjectsOf(values)),
    "GET slot-keys": () => ({ status: 200, body: SLOT_KEYS }),
  };
  return { name, label, values, answers };
}

const COMMANDS = 10;

/** Keys of slots in every fixture: some slots are empty, and of some nobody knows. */
export const SLOT_KEYS: V1SlotKeys = {
  epoch: EPOCH,
  revision: REVISION,
  slot_count: 1024,
  keys: Array.from({ length: 1024 }, (_, id) =>
    id >= 896 && id % 31 === 7 ? null : id % 53 === 0 ? 0 : 9_000 + ((id * 7_919) % 9_000),
  ),
  silent_servers: [],
};

/** Who is in a live document, for figures of the past. */
export function subjectsOf(values: Readonly<Record<string, unknown>>): Subjects {
  const names = (prefix: string): readonly string[] =>
    Object.keys(values)
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
  return {
    proxies: names("proxy:"),
    groups: names("group:").map(Number),
    servers: names("server:"),
    commands: commandNames(COMMANDS),
  };
}

/** Value of `slots`: equal ranges for groups 1 to `groups`, unless `change` says otherwise. */
export function slotsOf(
  groups: number,
  change: (slot: number) => { owner?: number; target?: number; state?: number } = () => ({}),
) {
  const owners = Buffer.alloc(2 * SLOTS);
  const targets = Buffer.alloc(2 * SLOTS);
  const states = Buffer.alloc(SLOTS);
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const { owner, target = 0, state = ONLINE } = change(slot);
    owners.writeUInt16LE(owner ?? Math.floor((slot * groups) / SLOTS) + 1, 2 * slot);
    targets.writeUInt16LE(target, 2 * slot);
    states[slot] = state;
  }
  return {
    owners: owners.toString("base64"),
    targets: targets.toString("base64"),
    states: states.toString("base64"),
  };
}

function serversOf(id: number, count: number): readonly V1LiveServer[] {
  return Array.from({ length: count }, (_, index) => ({
    addr: `10.0.${id}.${index + 1}:6379`,
    group_id: id,
    role: index === 0 ? "master" : "replica",
    datacenter: index === 0 ? "dc1" : "dc2",
    replica_reads: false,
    sync: null,
    status: "up",
    error: null,
    observed_at: null,
    reported_role: index === 0 ? "master" : "slave",
    reported_master: index === 0 ? null : `10.0.${id}.1:6379`,
    master_link: index === 0 ? null : "up",
    lag_bytes: index === 0 ? null : 0,
    lag_seconds: index === 0 ? null : 0,
    hit_ratio: 0.941,
    faults: [],
    redis_version: "7.0.15",
    uptime_seconds: 604_800,
    keys: 1_250_000 + id * 1000,
    memory_bytes: Math.round(1.4 * GIB),
    memory_max_bytes: 4 * GIB,
    clients: 24,
    ops_per_second: index === 0 ? 5200 : 12,
    functions: null,
  }));
}

function groupOf(id: number, servers: readonly V1LiveServer[], groups: number): V1LiveGroup {
  const from = Math.ceil(((id - 1) * SLOTS) / groups);
  const to = Math.ceil((id * SLOTS) / groups) - 1;
  return {
    id,
    servers: servers.map(({ addr, group_id, role, datacenter, replica_reads, sync }) => ({
      addr,
      group_id,
      role,
      datacenter,
      replica_reads,
      sync,
    })),
    slots: { count: to - from + 1, ranges: [{ from, to }] },
    promoting: null,
    out_of_sync: false,
    faults: [],
  };
}

function proxyOf(index: number): V1LiveProxy {
  const token = index.toString(16).padStart(32, "0");
  return {
    id: index,
    token,
    proxy_addr: `10.0.0.${index}:19000`,
    admin_addr: `10.0.0.${index}:11080`,
    proto_type: "tcp4",
    datacenter: "dc1",
    hostname: `proxy-${index}`,
    pid: 4000 + index,
    start_time: STARTED,
    jodis_path: "",
    status: "online",
    error: null,
    observed_at: null,
    table: "synced",
    confirmed_revision: REVISION,
    fence: null,
    sessions: 420,
    sessions_opened: 9000,
    ops: 123_456_789,
    ops_failed: 12,
    redis_errors: 40,
    ops_per_second: 13_900,
    memory_bytes: 180 * 1024 ** 2,
    cpu: 0.62,
    failures_per_second: 0,
    reply_errors_per_second: 0.1,
    p50_ms: 0.31,
    p99_ms: 1.4,
    p999_ms: 3.9,
  };
}

function productOf(
  name: string,
  label: V1LiveProduct["label"],
  { groups, serversPerGroup, proxies }: ProductSize,
): V1LiveProduct {
  const servers = groups * serversPerGroup;
  return {
    name,
    label,
    epoch: EPOCH,
    revision: REVISION,
    slot_count: SLOTS,
    auth: "token",
    legacy_api: "full",
    dashboard: {
      admin_addr: "10.0.0.100:18080",
      start_time: STARTED,
      pid: 321,
      version: "4.0.0",
      runtime: "bun 1.4.5",
    },
    groups,
    servers: { total: servers, up: servers },
    proxies: { total: proxies, online: proxies, synced: proxies },
    slots: { online: SLOTS, offline: 0, moving: 0 },
    sentinels: 0,
    faults: 0,
    replica_reads: false,
  };
}

function statsOf(ids: readonly number[], size: ProductSize): V1LiveStats {
  const sums = (servers: number) => ({
    total: servers,
    up: servers,
    keys: 1_250_000 * (servers / size.serversPerGroup),
    memory_bytes: Math.round(1.4 * GIB) * servers,
    clients: 24 * servers,
    ops_per_second: 5212 * (servers / size.serversPerGroup),
  });
  return {
    at: "2026-11-27T08:00:00.000Z",
    epoch: EPOCH,
    revision: REVISION,
    servers: sums(ids.length * size.serversPerGroup),
    proxies: {
      total: size.proxies,
      online: size.proxies,
      sessions: 420 * size.proxies,
      sessions_opened: 9000 * size.proxies,
      ops: 123_456_789 * size.proxies,
      ops_failed: 12 * size.proxies,
      redis_errors: 40 * size.proxies,
      ops_per_second: 13_900 * size.proxies,
      memory_bytes: 180 * 1024 ** 2 * size.proxies,
    },
    recent: {
      window_seconds: 5,
      proxies: { total: size.proxies, counted: size.proxies, timed: size.proxies },
      ops_per_second: 13_900 * size.proxies,
      failures_per_second: 0,
      reply_errors_per_second: 0.1 * size.proxies,
      bytes_in_per_second: 1_400_000 * size.proxies,
      bytes_out_per_second: 5_200_000 * size.proxies,
      p50_ms: 0.31,
      p99_ms: 1.4,
      p999_ms: 3.9,
      max_ms: 12.5,
      hit_ratio: 0.941,
    },
  };
}
