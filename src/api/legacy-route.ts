/**
 * The HTTP paths of a dashboard of Codis 2.0, for scripts of those days: those that are read, those that move
 * slots, and those that changed something else, which aren't done any more: they answer status 500 with a text
 * that names the path of `/api/v1` that does it now. One table for the server and the documentation.
 */

/** A path that is still answered. */
export interface LegacyRead {
  readonly path: string;
  readonly answer: string;
}

/** A path that still changes something. */
export interface LegacyChange {
  readonly method: "POST";
  readonly path: string;
  /** What the body is; empty: none is read. */
  readonly body: string;
  readonly summary: string;
}

/** A path that isn't done any more. */
export interface LegacyRefusal {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  /** What does it now. */
  readonly now: string;
}

/** Paths that are answered, by name. All are GET. */
export const LEGACY_READS = {
  overview: {
    path: "/api/overview",
    answer: "object: product, ops (a second), redis_infos (INFO of each master)",
  },
  serverGroups: {
    path: "/api/server_groups",
    answer: "array of groups: id, product_name, servers {type, group_id, addr}",
  },
  serverGroup: { path: "/api/server_group/:id", answer: "a group" },
  slots: {
    path: "/api/slots",
    answer:
      "array of slots: product_name, id, group_id, state {status, migrate_status {from, to}, last_op_ts}",
  },
  slotList: { path: "/api/slot/list", answer: "the same" },
  slot: { path: "/api/slot/:id", answer: "a slot" },
  proxyList: {
    path: "/api/proxy/list",
    answer:
      "array: id, addr, last_event, last_event_ts, state, description, debug_var_addr, pid, start_at",
  },
  migrateStatus: {
    path: "/api/migrate/status",
    answer:
      "object: migrate_slots (array of slots that move), migrate_task (the first of them as a task, or null)",
  },
  migrateTasks: {
    path: "/api/migrate/tasks",
    answer:
      "array of slots that wait to be moved: slot_id, new_group, delay, create_at, percent (0), status",
  },
  redisStat: { path: "/api/redis/:addr/stat", answer: "INFO of a server of the product" },
} as const satisfies Readonly<Record<string, LegacyRead>>;

/** Name of a path that is answered. */
export type LegacyReadName = keyof typeof LEGACY_READS;

/** Paths that change something, by name. Success is `{"msg":"OK","ret":0}`. */
export const LEGACY_CHANGES = {
  migrate: {
    method: "POST",
    path: "/api/migrate",
    body: "`{from, to, new_group, delay}`",
    summary:
      "Orders that slots `from` to `to` move; those that are in the group or on their way to it are left out. " +
      "`delay`, milliseconds between two keys, becomes the speed limit of the operation.",
  },
  rebalance: {
    method: "POST",
    path: "/api/rebalance",
    body: "",
    summary:
      "Orders moves so that groups have slots in proportion to `maxmemory` of their masters, or equal numbers " +
      "if one of them has none. Refused while slots wait to be moved, or are offline.",
  },
  promote: {
    method: "POST",
    path: "/api/server_group/:id/promote",
    body: "`{addr}`",
    summary:
      "Makes a slave the master of its group, without losing a write; the old master must be alive.",
  },
} as const satisfies Readonly<Record<string, LegacyChange>>;

/** Name of a path that changes something. */
export type LegacyChangeName = keyof typeof LEGACY_CHANGES;

/** Paths that aren't done any more. */
export const LEGACY_REFUSALS: readonly LegacyRefusal[] = [
  { method: "PUT", path: "/api/server_groups", now: "POST /api/v1/groups" },
  {
    method: "PUT",
    path: "/api/server_group/:id/addServer",
    now: "POST /api/v1/groups/{gid}/servers",
  },
  {
    method: "PUT",
    path: "/api/server_group/:id/removeServer",
    now: "DELETE /api/v1/groups/{gid}/servers/{addr}",
  },
  { method: "DELETE", path: "/api/server_group/:id", now: "DELETE /api/v1/groups/{gid}" },
  { method: "POST", path: "/api/slots/init", now: "nothing: slots are there from the beginning" },
  { method: "POST", path: "/api/slot", now: "PUT /api/v1/slots" },
  { method: "POST", path: "/api/proxy", now: "POST /api/v1/proxies" },
  { method: "GET", path: "/api/action/gc", now: "nothing: there is no list of actions to trim" },
  {
    method: "GET",
    path: "/api/force_remove_locks",
    now: "nothing: the lock ends with the dashboard that holds it",
  },
  { method: "GET", path: "/api/remove_fence", now: "nothing: there are no fences" },
  { method: "GET", path: "/api/proxy/debug/vars", now: "GET /api/v1/stats" },
  {
    method: "GET",
    path: "/api/redis/:addr/:id/slotinfo",
    now: "keys of a slot are in /api/v1/slots/{id}, where servers count them",
  },
  {
    method: "GET",
    path: "/api/redis/group/:gid/:slot/slotinfo",
    now: "keys of a slot are in /api/v1/slots/{id}, where servers count them",
  },
];
