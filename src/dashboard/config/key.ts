/**
 * The table of all keys of `dashboard.toml`: those of Codis 3.2 in its order, then ours. From it come the
 * type `DashboardConfig`, the checks, the default file (`--default-config`), the `config` object of
 * `GET /topom`, and `docs/config-dashboard.md`.
 */
import type { ConfigOf, KeySpec } from "../../config/key-spec.ts";

/** Headings of the default file and of the documentation, in their order. */
export const DASHBOARD_SECTIONS = [
  "Coordinator",
  "Product",
  "Addresses and access",
  "Timing",
  "Migration",
  "Sentinels",
] as const;

const MIGRATION = "slots move with a later release; the value is kept and shown";
const SENTINEL = "sentinels are stored, but not set up before a later release; the value is kept";

const CODIS_KEYS = [
  {
    name: "coordinator_name",
    field: "coordinatorName",
    kind: "string",
    fallback: "filesystem",
    section: "Coordinator",
    choices: ["filesystem", "fs", "zookeeper", "zk", "etcd"],
    doc:
      "Where the topology is kept: zookeeper (zk), etcd (version 3), or filesystem (fs), a folder on " +
      "this machine.",
  },
  {
    name: "coordinator_addr",
    field: "coordinatorAddr",
    kind: "string",
    fallback: "/tmp/codis",
    section: "Coordinator",
    doc: "Its addresses, host:port,host:port, or the folder.",
  },
  {
    name: "coordinator_auth",
    field: "coordinatorAuth",
    kind: "string",
    fallback: "",
    section: "Coordinator",
    doc: "Login for it, user:password; empty is none.",
    isSecret: true,
  },
  {
    name: "admin_addr",
    field: "adminAddr",
    kind: "string",
    fallback: "0.0.0.0:18080",
    section: "Addresses and access",
    doc: "Where the dashboard listens (HTTP): APIs, console, metrics, health checks.",
  },
  {
    name: "product_name",
    field: "productName",
    kind: "string",
    fallback: "codis-demo",
    section: "Product",
    doc: "Name of the product, the same in all its proxies.",
  },
  {
    name: "product_auth",
    field: "productAuth",
    kind: "string",
    fallback: "",
    section: "Product",
    doc: "Password of the Redis servers, and part of the token for proxies: the same in all proxies.",
    isSecret: true,
  },
  {
    name: "migration_method",
    field: "migrationMethod",
    kind: "string",
    fallback: "semi-async",
    section: "Migration",
    choices: ["sync", "semi-async"],
    doc:
      "How keys of a moving slot are reached on a codis-server: sync or semi-async. Proxies are told with " +
      "every slot (forward_method).",
  },
  {
    name: "migration_parallel_slots",
    field: "migrationParallelSlots",
    kind: "int",
    fallback: 100,
    min: 1,
    section: "Migration",
    doc: "How many slots move at once.",
    withoutEffect: MIGRATION,
  },
  {
    name: "migration_async_maxbulks",
    field: "migrationAsyncMaxbulks",
    kind: "int",
    fallback: 200,
    min: 1,
    section: "Migration",
    doc: "Elements of a large key in one chunk (codis-server).",
    withoutEffect: MIGRATION,
  },
  {
    name: "migration_async_maxbytes",
    field: "migrationAsyncMaxBytes",
    kind: "size",
    fallback: "32mb",
    min: 1,
    section: "Migration",
    doc: "Bytes in one batch (codis-server).",
    withoutEffect: MIGRATION,
  },
  {
    name: "migration_async_numkeys",
    field: "migrationAsyncNumkeys",
    kind: "int",
    fallback: 500,
    min: 1,
    section: "Migration",
    doc: "Keys in one batch (codis-server).",
    withoutEffect: MIGRATION,
  },
  {
    name: "migration_timeout",
    field: "migrationTimeoutMs",
    kind: "duration",
    fallback: "30s",
    min: 1,
    section: "Migration",
    doc: "Longest wait for one batch.",
    withoutEffect: MIGRATION,
  },
  {
    name: "sentinel_client_timeout",
    field: "sentinelClientTimeoutMs",
    kind: "duration",
    fallback: "10s",
    min: 1,
    section: "Sentinels",
    doc: "Longest wait for an answer of a sentinel.",
    withoutEffect: SENTINEL,
  },
  {
    name: "sentinel_quorum",
    field: "sentinelQuorum",
    kind: "int",
    fallback: 2,
    min: 1,
    section: "Sentinels",
    doc: "Sentinels that must agree that a master is down.",
    withoutEffect: SENTINEL,
  },
  {
    name: "sentinel_parallel_syncs",
    field: "sentinelParallelSyncs",
    kind: "int",
    fallback: 1,
    min: 1,
    section: "Sentinels",
    doc: "Replicas that follow a new master at the same time.",
    withoutEffect: SENTINEL,
  },
  {
    name: "sentinel_down_after",
    field: "sentinelDownAfterMs",
    kind: "duration",
    fallback: "30s",
    min: 1,
    section: "Sentinels",
    doc: "Silence after which a sentinel takes a master for down.",
    withoutEffect: SENTINEL,
  },
  {
    name: "sentinel_failover_timeout",
    field: "sentinelFailoverTimeoutMs",
    kind: "duration",
    fallback: "5m",
    min: 1,
    section: "Sentinels",
    doc: "Bound of one failover.",
    withoutEffect: SENTINEL,
  },
  {
    name: "sentinel_notification_script",
    field: "sentinelNotificationScript",
    kind: "string",
    fallback: "",
    section: "Sentinels",
    doc: "Script that sentinels call for each event.",
    withoutEffect: SENTINEL,
  },
  {
    name: "sentinel_client_reconfig_script",
    field: "sentinelClientReconfigScript",
    kind: "string",
    fallback: "",
    section: "Sentinels",
    doc: "Script that sentinels call after a failover.",
    withoutEffect: SENTINEL,
  },
] as const satisfies readonly KeySpec[];

const OWN_KEYS = [
  {
    name: "leader_lease",
    field: "leaderLeaseMs",
    kind: "duration",
    fallback: "8s",
    min: 2_000,
    max: 60_000,
    section: "Timing",
    isOurs: true,
    doc:
      "A leader that gives no sign of life for so long is replaced by a standby dashboard: the bound of " +
      "an outage of the control plane after a crash. Proxies serve on meanwhile.",
  },
  {
    name: "coordinator_timeout",
    field: "coordinatorTimeoutMs",
    kind: "duration",
    fallback: "10s",
    min: 500,
    section: "Timing",
    isOurs: true,
    doc: "Longest wait for one operation of the coordinator.",
  },
  {
    name: "proxy_push_timeout",
    field: "proxyPushTimeoutMs",
    kind: "duration",
    fallback: "5s",
    min: 100,
    section: "Timing",
    isOurs: true,
    doc:
      "How long a change waits for proxies to confirm new slots. One that doesn't is reported and brought " +
      "up to date later, as soon as it answers.",
  },
  {
    name: "slot_count",
    field: "slotCount",
    kind: "int",
    fallback: 1024,
    choices: [1024, 2048, 4096],
    section: "Product",
    isOurs: true,
    doc:
      "Number of slots of a new product: 1024, or 2048 or 4096 for a product that no program of Codis 3.2 " +
      "touches. It can't be changed later, and proxies need the same.",
  },
  {
    name: "legacy_api",
    field: "legacyApi",
    kind: "string",
    fallback: "auto",
    choices: ["auto", "full", "read-only", "off"],
    section: "Addresses and access",
    isOurs: true,
    doc:
      "The API of Codis 3.2 (/topom, /api/topom) carries no secret. auto: everybody may change things " +
      "until the first user of /api/v1 exists; from then on only callers on this machine may, and others " +
      "read. full: everybody always; read-only: nobody changes anything with it; off: it isn't there.",
  },
] as const satisfies readonly KeySpec[];

/** Every key, in the order of the JSON of `GET /topom`: those of Codis, then ours. */
export const DASHBOARD_KEYS = [...CODIS_KEYS, ...OWN_KEYS] as const;

/** The checked configuration of a dashboard. */
export type DashboardConfig = ConfigOf<(typeof DASHBOARD_KEYS)[number]>;
