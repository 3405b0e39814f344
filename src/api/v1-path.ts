/**
 * Method and path of every call of `/api/v1`, by name, and the role that it asks for. Plain data without
 * schemas, so that the client and the command lines don't load them; schemas and texts are in
 * `v1-route.ts`, which has an entry for each of these.
 */

/** Roles from the weakest to the strongest; each may do what those before it may. */
export const ROLES = ["viewer", "operator", "admin"] as const;
/** One of `ROLES`. */
export type Role = (typeof ROLES)[number];

/** Where one call goes. */
export interface V1Path {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `{name}` is a parameter. */
  readonly path: string;
  /** Weakest role that may call; `none`: no token is asked for. */
  readonly role: Role | "none";
}

/** All calls by name (the `operationId` of the OpenAPI document). */
export const V1_PATHS = {
  getOpenApi: { method: "GET", path: "/api/v1/openapi.json", role: "none" },
  getProduct: { method: "GET", path: "/api/v1/product", role: "viewer" },
  updateProduct: { method: "PATCH", path: "/api/v1/product", role: "operator" },
  resyncProduct: { method: "POST", path: "/api/v1/product/resync", role: "operator" },
  getHealth: { method: "GET", path: "/api/v1/health", role: "viewer" },
  getStats: { method: "GET", path: "/api/v1/stats", role: "viewer" },
  getEvents: { method: "GET", path: "/api/v1/events", role: "viewer" },
  getLive: { method: "GET", path: "/api/v1/live", role: "viewer" },
  getStream: { method: "GET", path: "/api/v1/stream", role: "viewer" },
  getPerformance: { method: "GET", path: "/api/v1/performance", role: "viewer" },

  listGroups: { method: "GET", path: "/api/v1/groups", role: "viewer" },
  createGroup: { method: "POST", path: "/api/v1/groups", role: "operator" },
  getGroup: { method: "GET", path: "/api/v1/groups/{gid}", role: "viewer" },
  removeGroup: { method: "DELETE", path: "/api/v1/groups/{gid}", role: "operator" },
  resyncGroup: { method: "POST", path: "/api/v1/groups/{gid}/resync", role: "operator" },
  addServer: { method: "POST", path: "/api/v1/groups/{gid}/servers", role: "operator" },
  getServer: { method: "GET", path: "/api/v1/groups/{gid}/servers/{addr}", role: "viewer" },
  updateServer: { method: "PATCH", path: "/api/v1/groups/{gid}/servers/{addr}", role: "operator" },
  removeServer: { method: "DELETE", path: "/api/v1/groups/{gid}/servers/{addr}", role: "operator" },
  getServerInfo: {
    method: "GET",
    path: "/api/v1/groups/{gid}/servers/{addr}/info",
    role: "viewer",
  },
  startSync: { method: "PUT", path: "/api/v1/groups/{gid}/servers/{addr}/sync", role: "operator" },
  cancelSync: {
    method: "DELETE",
    path: "/api/v1/groups/{gid}/servers/{addr}/sync",
    role: "operator",
  },

  listSlots: { method: "GET", path: "/api/v1/slots", role: "viewer" },
  assignSlots: { method: "PUT", path: "/api/v1/slots", role: "operator" },
  getSlot: { method: "GET", path: "/api/v1/slots/{id}", role: "viewer" },
  listSlotKeys: { method: "GET", path: "/api/v1/slot-keys", role: "viewer" },

  createPlan: { method: "POST", path: "/api/v1/plans", role: "operator" },
  getPlan: { method: "GET", path: "/api/v1/plans/{id}", role: "viewer" },
  startOperation: { method: "POST", path: "/api/v1/operations", role: "operator" },
  listOperations: { method: "GET", path: "/api/v1/operations", role: "viewer" },
  getOperation: { method: "GET", path: "/api/v1/operations/{id}", role: "viewer" },
  updateOperation: { method: "PATCH", path: "/api/v1/operations/{id}", role: "operator" },
  pauseOperation: { method: "POST", path: "/api/v1/operations/{id}/pause", role: "operator" },
  resumeOperation: { method: "POST", path: "/api/v1/operations/{id}/resume", role: "operator" },
  cancelOperation: { method: "POST", path: "/api/v1/operations/{id}/cancel", role: "operator" },

  listProxies: { method: "GET", path: "/api/v1/proxies", role: "viewer" },
  listRegistrations: { method: "GET", path: "/api/v1/proxy-registrations", role: "viewer" },
  addProxy: { method: "POST", path: "/api/v1/proxies", role: "operator" },
  getProxy: { method: "GET", path: "/api/v1/proxies/{token}", role: "viewer" },
  removeProxy: { method: "DELETE", path: "/api/v1/proxies/{token}", role: "operator" },
  reinitProxy: { method: "POST", path: "/api/v1/proxies/{token}/reinit", role: "operator" },

  listSentinels: { method: "GET", path: "/api/v1/sentinels", role: "viewer" },
  addSentinel: { method: "POST", path: "/api/v1/sentinels", role: "operator" },
  removeSentinel: { method: "DELETE", path: "/api/v1/sentinels/{addr}", role: "operator" },
  resyncSentinels: { method: "POST", path: "/api/v1/sentinels/resync", role: "operator" },

  getAvailability: { method: "GET", path: "/api/v1/availability", role: "viewer" },
  planPromotion: {
    method: "GET",
    path: "/api/v1/groups/{gid}/servers/{addr}/promotion",
    role: "viewer",
  },
  promoteServer: {
    method: "POST",
    path: "/api/v1/groups/{gid}/servers/{addr}/promotion",
    role: "operator",
  },
  listFailovers: { method: "GET", path: "/api/v1/failovers", role: "viewer" },
  getFailover: { method: "GET", path: "/api/v1/failovers/{id}", role: "viewer" },
  repairReplication: { method: "POST", path: "/api/v1/replication/repair", role: "operator" },
  declareProxyGone: { method: "POST", path: "/api/v1/proxies/{token}/gone", role: "operator" },

  getSession: { method: "GET", path: "/api/v1/session", role: "none" },
  createSession: { method: "POST", path: "/api/v1/session", role: "none" },
  endSession: { method: "DELETE", path: "/api/v1/session", role: "none" },
  listProducts: { method: "GET", path: "/api/v1/products", role: "viewer" },

  getMe: { method: "GET", path: "/api/v1/me", role: "viewer" },
  setOwnPassword: { method: "PUT", path: "/api/v1/me/password", role: "viewer" },
  listUsers: { method: "GET", path: "/api/v1/users", role: "admin" },
  createUser: { method: "POST", path: "/api/v1/users", role: "admin" },
  getUser: { method: "GET", path: "/api/v1/users/{name}", role: "admin" },
  updateUser: { method: "PATCH", path: "/api/v1/users/{name}", role: "admin" },
  removeUser: { method: "DELETE", path: "/api/v1/users/{name}", role: "admin" },
  createToken: { method: "POST", path: "/api/v1/users/{name}/tokens", role: "admin" },
  revokeToken: { method: "DELETE", path: "/api/v1/users/{name}/tokens/{token}", role: "admin" },
  listAudit: { method: "GET", path: "/api/v1/audit", role: "viewer" },

  getLogLevel: { method: "GET", path: "/api/v1/log-level", role: "viewer" },
  setLogLevel: { method: "PUT", path: "/api/v1/log-level", role: "admin" },
  reload: { method: "POST", path: "/api/v1/reload", role: "admin" },
  shutdown: { method: "POST", path: "/api/v1/shutdown", role: "admin" },
} as const satisfies Readonly<Record<string, V1Path>>;

/** Name of a call. */
export type V1Name = keyof typeof V1_PATHS;

/** Whether the role may do what asks for `needed`. */
export function isRoleEnough(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** Most items of one page of a list; also what comes without `limit`. */
export const PAGE_ITEMS_MAX = 1000;

/**
 * Version of the topology in `ETag` and `If-Match`: `"3.17"` is revision 17 under the leader with epoch 3.
 */
export function topologyTag(epoch: number, revision: number): string {
  return `"${epoch}.${revision}"`;
}
