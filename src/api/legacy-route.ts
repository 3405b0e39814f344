/**
 * The HTTP paths of a dashboard of Codis 2.0 that are read, for scripts of those days, and those that changed
 * something, which aren't done any more: they answer status 500 with a text that names the path of `/api/v1`
 * that does it now. One table for the server and the documentation.
 */

/** A path that is still answered. */
export interface LegacyRead {
  readonly path: string;
  readonly answer: string;
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
    answer: "object: migrate_slots (ids of slots that move), migrate_task (null)",
  },
  migrateTasks: { path: "/api/migrate/tasks", answer: "array of slots that wait to be moved" },
  redisStat: { path: "/api/redis/:addr/stat", answer: "INFO of a server of the product" },
} as const satisfies Readonly<Record<string, LegacyRead>>;

/** Name of a path that is answered. */
export type LegacyReadName = keyof typeof LEGACY_READS;

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
  {
    method: "POST",
    path: "/api/server_group/:id/promote",
    now: "a later release; until then nothing promotes by hand",
  },
  { method: "POST", path: "/api/migrate", now: "a later release; until then no slot moves" },
  { method: "POST", path: "/api/rebalance", now: "a later release; until then no slot moves" },
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
    now: "a later release; until then nothing counts keys of a slot",
  },
  {
    method: "GET",
    path: "/api/redis/group/:gid/:slot/slotinfo",
    now: "a later release; until then nothing counts keys of a slot",
  },
];
