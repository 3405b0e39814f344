/**
 * The table of all keys of `dashboard.toml`: those of Codis 3.2 in its order, then ours. From it come the
 * type `DashboardConfig`, the checks, the default file (`--default-config`), the `config` object of
 * `GET /topom`, and `docs/config-dashboard.md`.
 */
import type { ConfigOf, KeySpec } from "../../config/key-spec.ts";
import { CONSOLE_KEYS } from "./console-key.ts";

/** Headings of the default file and of the documentation, in their order. */
export const DASHBOARD_SECTIONS = [
  "Coordinator",
  "Product",
  "Addresses and access",
  "Console",
  "Timing",
  "Migration",
  "Automatic balancing",
  "High availability",
  "Sentinels",
] as const;

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
  },
  {
    name: "migration_async_maxbulks",
    field: "migrationAsyncMaxbulks",
    kind: "int",
    fallback: 200,
    min: 1,
    section: "Migration",
    doc: "Elements of a large key in one chunk (codis-server).",
  },
  {
    name: "migration_async_maxbytes",
    field: "migrationAsyncMaxBytes",
    kind: "size",
    fallback: "32mb",
    min: 1,
    section: "Migration",
    doc: "Bytes in one batch (codis-server).",
  },
  {
    name: "migration_async_numkeys",
    field: "migrationAsyncNumkeys",
    kind: "int",
    fallback: 500,
    min: 1,
    section: "Migration",
    doc: "Keys in one batch (codis-server).",
  },
  {
    name: "migration_timeout",
    field: "migrationTimeoutMs",
    kind: "duration",
    fallback: "30s",
    min: 1,
    section: "Migration",
    doc: "Longest wait for one batch.",
  },
  {
    name: "sentinel_client_timeout",
    field: "sentinelClientTimeoutMs",
    kind: "duration",
    fallback: "10s",
    min: 1,
    section: "Sentinels",
    doc: "Longest wait for an answer of a sentinel.",
  },
  {
    name: "sentinel_quorum",
    field: "sentinelQuorum",
    kind: "int",
    fallback: 2,
    min: 1,
    section: "Sentinels",
    doc: "Sentinels that must agree that a master is down.",
  },
  {
    name: "sentinel_parallel_syncs",
    field: "sentinelParallelSyncs",
    kind: "int",
    fallback: 1,
    min: 1,
    section: "Sentinels",
    doc: "Replicas that follow a new master at the same time.",
  },
  {
    name: "sentinel_down_after",
    field: "sentinelDownAfterMs",
    kind: "duration",
    fallback: "30s",
    min: 1,
    section: "Sentinels",
    doc: "Silence after which a sentinel takes a master for down.",
  },
  {
    name: "sentinel_failover_timeout",
    field: "sentinelFailoverTimeoutMs",
    kind: "duration",
    fallback: "5m",
    min: 1,
    section: "Sentinels",
    doc: "Bound of one failover.",
  },
  {
    name: "sentinel_notification_script",
    field: "sentinelNotificationScript",
    kind: "string",
    fallback: "",
    section: "Sentinels",
    doc: "Script that sentinels call for each event.",
  },
  {
    name: "sentinel_client_reconfig_script",
    field: "sentinelClientReconfigScript",
    kind: "string",
    fallback: "",
    section: "Sentinels",
    doc: "Script that sentinels call after a failover.",
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
  ...CONSOLE_KEYS,
  {
    name: "migration_max_stall",
    field: "migrationMaxStallMs",
    kind: "duration",
    fallback: "5ms",
    min: 1,
    max: 1_000,
    section: "Migration",
    isOurs: true,
    doc:
      "Longest time that one batch may hold up the servers that keys move from and to. Batches are made as " +
      "large as that allows; keys that take longer alone are big keys.",
  },
  {
    name: "migration_io_timeout",
    field: "migrationIoTimeoutMs",
    kind: "duration",
    fallback: "500ms",
    min: 50,
    max: 10_000,
    section: "Migration",
    isOurs: true,
    doc:
      "How long one batch may wait for the server that keys move to, in each of its steps: a server that is " +
      "frozen holds up the other one for so long, once, before their moves rest.",
  },
  {
    name: "big_key",
    field: "bigKey",
    kind: "string",
    fallback: "move",
    choices: ["move", "last", "refuse"],
    section: "Migration",
    isOurs: true,
    doc:
      "What plans do with big keys unless they say so themselves. move: like others; last: after all others " +
      "of their slot; refuse: their slots stay where they are.",
  },
  {
    name: "plan_timeout",
    field: "planTimeoutMs",
    kind: "duration",
    fallback: "30s",
    min: 1_000,
    max: 600_000,
    section: "Migration",
    isOurs: true,
    doc:
      "How long a plan may measure the servers. What can't be counted by then is estimated from what was " +
      "seen, and big keys may be missed.",
  },
  {
    name: "auto_rebalance",
    field: "autoRebalance",
    kind: "bool",
    fallback: false,
    section: "Automatic balancing",
    isOurs: true,
    doc: "Whether slots are moved without being asked, when groups have become too different.",
  },
  {
    name: "auto_rebalance_strategy",
    field: "autoRebalanceStrategy",
    kind: "string",
    fallback: "slots",
    choices: ["slots", "memory"],
    section: "Automatic balancing",
    isOurs: true,
    doc: "What is to be equal: numbers of slots, or bytes.",
  },
  {
    name: "auto_rebalance_spread",
    field: "autoRebalanceSpread",
    kind: "int",
    fallback: 20,
    min: 1,
    max: 1_000,
    section: "Automatic balancing",
    isOurs: true,
    doc:
      "Difference between the largest and the smallest group, in percent of the mean, above which slots " +
      "are moved.",
  },
  {
    name: "auto_rebalance_max_slots",
    field: "autoRebalanceMaxSlots",
    kind: "int",
    fallback: 64,
    min: 1,
    section: "Automatic balancing",
    isOurs: true,
    doc: "Slots that move at most in one go.",
  },
  {
    name: "auto_rebalance_max_ops",
    field: "autoRebalanceMaxOps",
    kind: "int",
    fallback: 2_000,
    min: 0,
    section: "Automatic balancing",
    isOurs: true,
    doc:
      "Commands in a second that each master may be doing while a move is begun: with more, nobody is " +
      "disturbed for the sake of balance.",
  },
  {
    name: "auto_rebalance_keys_per_second",
    field: "autoRebalanceKeysPerSecond",
    kind: "int",
    fallback: 10_000,
    min: 0,
    section: "Automatic balancing",
    isOurs: true,
    doc: "Speed of such a move; 0 is no limit. It can be changed while it runs.",
  },
  {
    name: "auto_rebalance_period",
    field: "autoRebalancePeriodMs",
    kind: "duration",
    fallback: "10m",
    min: 1_000,
    max: 86_400_000,
    section: "Automatic balancing",
    isOurs: true,
    doc: "Time between two looks at the groups.",
  },
  {
    name: "ha_enabled",
    field: "haEnabled",
    kind: "bool",
    fallback: false,
    section: "High availability",
    isOurs: true,
    doc:
      "Whether the dashboard itself replaces dead masters, in groups that no sentinel watches: the leader and " +
      "a majority of the proxies that answer must agree for ha_down_after.",
  },
  {
    name: "ha_down_after",
    field: "haDownAfterMs",
    kind: "duration",
    fallback: "10s",
    min: 1_000,
    max: 600_000,
    section: "High availability",
    isOurs: true,
    doc: "A master that hasn't answered for so long is dead, if the proxies say so too.",
  },
  {
    name: "ha_failover_window",
    field: "haFailoverWindowMs",
    kind: "duration",
    fallback: "1m",
    min: 0,
    max: 86_400_000,
    section: "High availability",
    isOurs: true,
    doc: "At most one master of a group is replaced in so long: two in a row mean trouble of another kind.",
  },
  {
    name: "promotion_timeout",
    field: "promotionTimeoutMs",
    kind: "duration",
    fallback: "2s",
    min: 100,
    max: 4_000,
    section: "High availability",
    isOurs: true,
    doc:
      "How long a planned promotion may hold writes. What isn't done by then is undone, and the old master " +
      "serves on. Below slot_hold_timeout of the proxies, so that no client gets an error.",
  },
  {
    name: "proxy_dead_after",
    field: "proxyDeadAfterMs",
    kind: "duration",
    fallback: "10s",
    min: 1_000,
    max: 600_000,
    section: "High availability",
    isOurs: true,
    doc:
      "A proxy that hasn't answered for so long holds up nothing any more, once it is proven that it can't " +
      "write.",
  },
  {
    name: "proxy_fencing",
    field: "proxyFencing",
    kind: "string",
    fallback: "auto",
    choices: ["auto", "off"],
    section: "High availability",
    isOurs: true,
    doc:
      "auto: each start of a proxy gets an ACL user of its own on all servers, by which they can cut off one that " +
      "is gone; only where every server can keep it (Redis >= 6.2 with an aclfile or a configuration file). off: " +
      "proxies log in with product_auth.",
  },
] as const satisfies readonly KeySpec[];

/** Every key, in the order of the JSON of `GET /topom`: those of Codis, then ours. */
export const DASHBOARD_KEYS = [...CODIS_KEYS, ...OWN_KEYS] as const;

/** The checked configuration of a dashboard. */
export type DashboardConfig = ConfigOf<(typeof DASHBOARD_KEYS)[number]>;
