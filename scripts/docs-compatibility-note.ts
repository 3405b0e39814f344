/**
 * The remarks in the tables of `docs/compatibility.md`: what differs from the original, for each path, key, flag
 * and command where anything does. What isn't here is as it was (or, where the table in the code says so, ours,
 * without effect, or for a later release).
 */

import type { LegacyChangeName } from "../src/api/legacy-route.ts";
import type { ProxyRouteName } from "../src/api/proxy-route.ts";
import type { TopomRouteName } from "../src/api/topom-route.ts";
import type { LEGACY_KEYS } from "../src/config/legacy-config.ts";
import type { DASHBOARD_KEYS } from "../src/dashboard/config/key.ts";
import type { PROXY_KEYS } from "../src/proxy/config/key.ts";

/** What became of a thing; the words of the legend on the page. */
export type State = "kept" | "changed" | "more" | "no effect" | "later" | "dropped" | "ours";
/** State, and a sentence or two. */
export type Remark = readonly [State, string];

type Remarks<Name extends string> = Readonly<Partial<Record<Name, Remark>>>;

/** Keys of proxy.toml. */
export const PROXY_KEY_REMARKS: Remarks<(typeof PROXY_KEYS)[number]["name"]> = {
  proto_type: ["changed", "`unixpacket` is refused: Redis clients can't speak it."],
  jodis_auth: ["changed", "Shown without its password; the original shows it."],
  proxy_max_clients: ["kept", "Counts over all workers."],
  backend_max_pipeline: ["changed", "When it is reached, reading from the clients pauses."],
  backend_primary_only: ["kept", "`true`: no client reads from replicas."],
  backend_primary_parallel: [
    "changed",
    "Counts for each worker and protocol as well. A session keeps to one connection, so the order of its " +
      "commands on a key is kept.",
  ],
  backend_replica_parallel: ["changed", "Counts for each worker and protocol as well."],
  backend_number_databases: ["changed", "Connections are opened when a database is first used."],
  session_max_pipeline: [
    "changed",
    "When it is reached, reading pauses; the original closes the client.",
  ],
  metrics_report_server: ["kept", "A wrong URL ends the start."],
  metrics_report_influxdb_server: ["kept", "A wrong URL ends the start."],
  metrics_report_statsd_server: ["kept", "A wrong address ends the start."],
};

/** Paths of a proxy. */
export const PROXY_ROUTE_REMARKS: Remarks<ProxyRouteName> = {
  statsWithFlags: ["changed", "Flag 2 adds nothing: the slots have a path of their own."],
  fillSlots: ["more", "An outdated push is refused; see below. A wrong slot refuses all of them."],
  start: ["more", "An outdated push is refused."],
  forceGc: ["changed", "Runs the collector of our runtime, in every process."],
  shutdown: ["changed", "Requests in flight are finished first (`shutdown_timeout`)."],
  sentinels: ["kept", "Followed at once: a majority of them has to name the new master."],
  rewatchSentinels: ["kept", "Asks all sentinels again."],
};

/** Keys of dashboard.toml. */
export const DASHBOARD_KEY_REMARKS: Remarks<(typeof DASHBOARD_KEYS)[number]["name"]> = {
  coordinator_name: ["changed", "`etcd` is version 3; the original speaks version 2."],
  coordinator_addr: [
    "kept",
    "ZooKeeper also with a root, `host:port,host:port/path`; etcd over http only, as the original.",
  ],
  coordinator_auth: ["changed", "Never shown; in the original it is in `GET /topom`."],
  migration_method: [
    "changed",
    "Told to proxies with every slot that doesn't move. Slots between stock servers move by MIGRATE, whatever it is.",
  ],
};

/** Paths of a dashboard. */
export const TOPOM_ROUTE_REMARKS: Remarks<TopomRouteName> = {
  overview: ["kept", "Fields below that are constant or missing: see the next table."],
  removeProxy: ["kept", "A removed proxy of ours ends in order, as by SIGTERM."],
  removeGroup: [
    "changed",
    "Refused while slots belong to the group or move to it; the original looks at servers only.",
  ],
  resyncGroup: ["changed", "Pushes all slots, not those of the group alone."],
  addServer: [
    "changed",
    "Takes stock Redis and Valkey, which the original refuses, and checks more; see below.",
  ],
  addServerAt: ["changed", "As without a data centre."],
  setReplicaGroup: [
    "changed",
    "Pushed at once, so no resync has to follow. A replica is told to proxies once it has caught up with its master.",
  ],
  setAllReplicaGroups: ["changed", "The same."],
  createSyncAction: [
    "changed",
    "One that was under way when a dashboard died goes on. For codis-server, Redis and Valkey.",
  ],
  serverInfo: ["changed", "Only servers of the product are asked; the original asks any address."],
  assignSlots: ["kept", "All or none. A wrong node of a slot is repaired by it."],
  createSlotAction: ["more", "Becomes an operation, or a part of the one of the order before."],
  createSomeSlotActions: ["more", "The same."],
  createSlotRangeActions: ["more", "The same; all or none."],
  setSlotActionInterval: ["more", "Kept when the dashboard starts again."],
  setSlotActionDisabled: [
    "more",
    "Kept when the dashboard starts again. Keys that clients use still move with their slot.",
  ],
  rebalance: [
    "more",
    "With confirm 1 an operation. `POST /api/v1/plans` knows more than numbers of slots.",
  ],
  promoteServer: [
    "changed",
    "Loses nothing, or is undone. The old master must be alive, and becomes a replica; the others follow by " +
      "themselves.",
  ],
  resyncSentinels: [
    "more",
    "The dashboard also does it by itself, as long as sentinels and what is stored differ.",
  ],
};

/** Paths of a dashboard of Codis 2.0 that change something. */
export const LEGACY_CHANGE_REMARKS: Remarks<LegacyChangeName> = {
  migrate: [
    "changed",
    "Becomes an operation; slots move side by side. What can't be done is refused at once, not later in the log.",
  ],
  rebalance: ["changed", "The same. Where a master has no `maxmemory`, equal numbers of slots."],
  promote: [
    "changed",
    "Loses nothing, or is undone. The old master must be alive, and becomes a slave.",
  ],
};

/** Orders of codis admin: target and the flags that choose them. */
export const ADMIN_REMARKS: Remarks<string> = {
  "proxy forcegc": ["changed", "The collector of our runtime."],
  "proxy fillslots": ["more", "The file is checked before anything is sent."],
  "dashboard remove-group": ["changed", "Refused while slots refer to the group."],
  "dashboard group-add": ["changed", "Takes stock Redis, and checks more."],
  "dashboard promote-server": [
    "changed",
    "Loses nothing, or is undone. The old master must be alive: a dead one is replaced by sentinels or `ha_enabled`.",
  ],
  "dashboard slot-action create": [
    "more",
    "Becomes an operation, or a part of the one of the order before: `codis operation list`.",
  ],
  "dashboard slot-action create-some": ["more", "The same."],
  "dashboard slot-action create-range": ["more", "The same."],
  "dashboard slot-action interval": ["more", "Kept when the dashboard starts again."],
  "dashboard slot-action disabled": ["more", "Kept when the dashboard starts again."],
  "dashboard rebalance": ["more", "With `--confirm` an operation. `codis rebalance` knows more."],
  "dashboard sentinel-resync": ["more", "The dashboard also does it by itself."],
  "coordinator remove-lock": [
    "more",
    "Refused while the dashboard that has the lock answers, unless `--force` is there.",
  ],
  "coordinator config-dump": ["more", "Refused when a node can't be read: the dump would lack it."],
  "coordinator config-restore": [
    "more",
    "Checked first; only into a product without dashboard, groups and proxies; whole or not at all.",
  ],
};

/** Commands of codis config. */
export const CONFIG_REMARKS: Remarks<string> = {
  "server add": [
    "kept",
    "Makes a missing group. The first server is the master, a slave follows its master at once.",
  ],
  "server promote": ["changed", "Loses nothing, or is undone. The old master must be alive."],
  "slot init": [
    "changed",
    "Nothing has to be made: slots are there, offline. `-f` takes all of them offline.",
  ],
  "slot set": ["changed", "`offline` takes the slot from its group; 2.0 remembers the group."],
  "slot range-set": ["kept", "The same."],
  "slot migrate": [
    "changed",
    "Becomes an operation. `--delay`, from 0 to 1000, becomes its limit of keys in a second.",
  ],
  "slot rebalance": [
    "changed",
    "The same. By `maxmemory` as in 2.0; where a master has none, equal numbers of slots.",
  ],
  "proxy offline": ["kept", "The process exits, as in 2.0. No such proxy: done, with a line."],
  "action gc": ["no effect", "There is no list of actions to trim."],
  "action remove-lock": ["changed", "Refused while the dashboard that has the lock is alive."],
  "action remove-fence": ["no effect", "There are no fences."],
  dashboard: ["kept", "Runs the dashboard of today on the file; `--http-log` has no effect."],
};

/** Keys of config.ini. */
export const LEGACY_KEY_REMARKS: Remarks<(typeof LEGACY_KEYS)[number]["name"]> = {
  coordinator: ["changed", "`etcd` is version 3."],
  session_max_pipeline: ["changed", "Reading pauses; 2.0 closes the client."],
};
