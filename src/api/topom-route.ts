/**
 * The HTTP paths of a dashboard that are Codis 3.2's: one table for the server (`dashboard/admin`), the
 * client (`topom-client.ts`) and the documentation (`docs/http-api-dashboard.md`). The paths of Codis 2.0
 * are in `legacy-route.ts`, ours in `v1-route.ts`.
 */

/** One path. */
export interface TopomRoute {
  readonly method: "GET" | "PUT";
  /** `:name` is a parameter. */
  readonly path: string;
  /** `xauth`: the parameter `:xauth` must be right. */
  readonly auth: "none" | "xauth";
  /** `process`: about this process, also on a standby; else about the product, which only the leader knows. */
  readonly scope: "process" | "product";
  /** What the body is. */
  readonly body?: string;
  /** What the answer is. */
  readonly answer: string;
  readonly summary: string;
}

/** All paths by name. Those with PUT change something. */
export const TOPOM_ROUTES = {
  overview: {
    method: "GET",
    path: "/topom",
    auth: "none",
    scope: "product",
    answer: "object: version, compile, config, model, stats",
    summary: "Everything about the product.",
  },
  overviewModel: {
    method: "GET",
    path: "/topom/model",
    auth: "none",
    scope: "process",
    answer: "model",
    summary: "What the dashboard says of itself.",
  },
  overviewStats: {
    method: "GET",
    path: "/topom/stats",
    auth: "none",
    scope: "product",
    answer: "stats",
    summary: "`stats` of the overview alone.",
  },
  overviewSlots: {
    method: "GET",
    path: "/topom/slots",
    auth: "none",
    scope: "product",
    answer: "array of slots",
    summary: "The slots as proxies are told.",
  },
  model: {
    method: "GET",
    path: "/api/topom/model",
    auth: "none",
    scope: "process",
    answer: "model",
    summary: "The model; its `product_name` is what the xauth is made of.",
  },
  xping: {
    method: "GET",
    path: "/api/topom/xping/:xauth",
    auth: "xauth",
    scope: "process",
    answer: '"OK"',
    summary: "Tells whether the xauth is right.",
  },
  stats: {
    method: "GET",
    path: "/api/topom/stats/:xauth",
    auth: "xauth",
    scope: "product",
    answer: "stats",
    summary: "`stats` of the overview.",
  },
  slots: {
    method: "GET",
    path: "/api/topom/slots/:xauth",
    auth: "xauth",
    scope: "product",
    answer: "array of slots",
    summary: "The slots as proxies are told.",
  },
  reload: {
    method: "PUT",
    path: "/api/topom/reload/:xauth",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Reads the coordinator again.",
  },
  shutdown: {
    method: "PUT",
    path: "/api/topom/shutdown/:xauth",
    auth: "xauth",
    scope: "process",
    answer: '"OK"',
    summary: "Ends this dashboard.",
  },
  logLevel: {
    method: "PUT",
    path: "/api/topom/loglevel/:xauth/:value",
    auth: "xauth",
    scope: "process",
    answer: '"OK"',
    summary: "Sets the level of the log: DEBUG, INFO, WARN, ERROR or NONE.",
  },
  createProxy: {
    method: "PUT",
    path: "/api/topom/proxy/create/:xauth/:addr",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Adds the proxy with this admin address, fills and starts it. Fails for a known one.",
  },
  onlineProxy: {
    method: "PUT",
    path: "/api/topom/proxy/online/:xauth/:addr",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "The same, and a known one is updated.",
  },
  reinitProxy: {
    method: "PUT",
    path: "/api/topom/proxy/reinit/:xauth/:token",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Fills and starts a known proxy again.",
  },
  removeProxy: {
    method: "PUT",
    path: "/api/topom/proxy/remove/:xauth/:token/:force",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Shuts a proxy down and forgets it; force 1: also when it can't be told to shut down.",
  },
  createGroup: {
    method: "PUT",
    path: "/api/topom/group/create/:xauth/:gid",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Makes an empty group, 1 to 9999.",
  },
  removeGroup: {
    method: "PUT",
    path: "/api/topom/group/remove/:xauth/:gid",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Removes an empty group.",
  },
  resyncGroup: {
    method: "PUT",
    path: "/api/topom/group/resync/:xauth/:gid",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Pushes the slots of the group to all proxies and ends `out_of_sync`.",
  },
  resyncAllGroups: {
    method: "PUT",
    path: "/api/topom/group/resync-all/:xauth",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "The same for all groups.",
  },
  addServer: {
    method: "PUT",
    path: "/api/topom/group/add/:xauth/:gid/:addr",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Adds a server to the group; the first is the master.",
  },
  addServerAt: {
    method: "PUT",
    path: "/api/topom/group/add/:xauth/:gid/:addr/:datacenter",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "The same, in a data centre.",
  },
  removeServer: {
    method: "PUT",
    path: "/api/topom/group/del/:xauth/:gid/:addr",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Removes a server; a master only when it is alone and the group owns no slot.",
  },
  promoteServer: {
    method: "PUT",
    path: "/api/topom/group/promote/:xauth/:gid/:addr",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Makes a replica the master, without losing a write; the old master must be alive.",
  },
  setReplicaGroup: {
    method: "PUT",
    path: "/api/topom/group/replica-groups/:xauth/:gid/:addr/:value",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "0 or 1: whether the server may be read from while it is a replica.",
  },
  setAllReplicaGroups: {
    method: "PUT",
    path: "/api/topom/group/replica-groups-all/:xauth/:value",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "The same for every server.",
  },
  createSyncAction: {
    method: "PUT",
    path: "/api/topom/group/action/create/:xauth/:addr",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Orders that the server becomes a replica of its group's master.",
  },
  removeSyncAction: {
    method: "PUT",
    path: "/api/topom/group/action/remove/:xauth/:addr",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Takes that back.",
  },
  serverInfo: {
    method: "GET",
    path: "/api/topom/group/info/:addr",
    auth: "none",
    scope: "product",
    answer: "object of texts",
    summary: "INFO of a server of the product.",
  },
  createSlotAction: {
    method: "PUT",
    path: "/api/topom/slots/action/create/:xauth/:sid/:gid",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Orders the move of a slot.",
  },
  createSomeSlotActions: {
    method: "PUT",
    path: "/api/topom/slots/action/create-some/:xauth/:src/:dst/:num",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Orders the move of so many slots from one group to another, the lowest ids first.",
  },
  createSlotRangeActions: {
    method: "PUT",
    path: "/api/topom/slots/action/create-range/:xauth/:beg/:end/:gid",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Orders the move of a range of slots; none of them may move or be there already.",
  },
  removeSlotAction: {
    method: "PUT",
    path: "/api/topom/slots/action/remove/:xauth/:sid",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Takes the order to move a slot back, while it waits.",
  },
  setSlotActionInterval: {
    method: "PUT",
    path: "/api/topom/slots/action/interval/:xauth/:value",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary:
      "Microseconds between two batches of keys, 0 to 1000000; other values are brought into that. Stored.",
  },
  setSlotActionDisabled: {
    method: "PUT",
    path: "/api/topom/slots/action/disabled/:xauth/:value",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "0 or 1: whether moves rest. Stored.",
  },
  assignSlots: {
    method: "PUT",
    path: "/api/topom/slots/assign/:xauth",
    auth: "xauth",
    scope: "product",
    body: "array of `{id, group_id}`",
    answer: '"OK"',
    summary: "Gives slots to groups by force; no data moves.",
  },
  offlineSlots: {
    method: "PUT",
    path: "/api/topom/slots/assign/:xauth/offline",
    auth: "xauth",
    scope: "product",
    body: "array of `{id}`",
    answer: '"OK"',
    summary: "Takes slots offline.",
  },
  rebalance: {
    method: "PUT",
    path: "/api/topom/slots/rebalance/:xauth/:confirm",
    auth: "xauth",
    scope: "product",
    answer: "object: slot to group",
    summary:
      "The moves that give every group the same number of slots; 0: they are only told, 1: they are ordered.",
  },
  addSentinel: {
    method: "PUT",
    path: "/api/topom/sentinels/add/:xauth/:addr",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Adds a sentinel.",
  },
  removeSentinel: {
    method: "PUT",
    path: "/api/topom/sentinels/del/:xauth/:addr/:force",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Removes a sentinel; force 1: also when it doesn't answer.",
  },
  resyncSentinels: {
    method: "PUT",
    path: "/api/topom/sentinels/resync-all/:xauth",
    auth: "xauth",
    scope: "product",
    answer: '"OK"',
    summary: "Tells all sentinels which masters to watch, and all proxies the sentinels.",
  },
  sentinelInfo: {
    method: "GET",
    path: "/api/topom/sentinels/info/:addr",
    auth: "none",
    scope: "product",
    answer: "object of texts",
    summary: "INFO of a sentinel of the product.",
  },
  sentinelMonitored: {
    method: "GET",
    path: "/api/topom/sentinels/info/:addr/monitored",
    auth: "none",
    scope: "product",
    answer: "object: master name to `{master, slaves}`",
    summary: "What a sentinel of the product watches, as it says itself.",
  },
} as const satisfies Readonly<Record<string, TopomRoute>>;

/** Name of a path. */
export type TopomRouteName = keyof typeof TOPOM_ROUTES;

/** Messages of Codis for a dashboard that can't work. */
export const TOPOM_CLOSED = "use of closed topom";
/** See `TOPOM_CLOSED`. */
export const TOPOM_NOT_ONLINE = "topom is not online";

/** Header of every answer of a standby: where the leader is. */
export const LEADER_HEADER = "codis-leader";
/** Header of a forwarded call: tokens of the dashboards that forwarded it; a second one refuses it. */
export const FORWARDED_HEADER = "codis-forwarded-by";
/**
 * Header of a call that a standby hands on: the product that it is meant for. The address of a leader may be
 * old, and a dashboard of another product may listen there now; that one refuses the call.
 */
export const PRODUCT_HEADER = "codis-product";

/** Largest body of a call to a dashboard: an assignment of 4096 slots is a tenth of it. */
export const TOPOM_BODY_BYTES_MAX = 2 * 1024 * 1024;
