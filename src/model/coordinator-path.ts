/**
 * Where everything of a product lies in the coordinator: the layout of Codis 3.2 (`/codis3`), which its
 * programs read and write too, and ours beside it (`/codis-ext`), which they don't know.
 */

/** Root of the layout of Codis 3.2; its children are products. */
export const CODIS_ROOT = "/codis3";
/** Root of what only our programs know. */
const OWN_ROOT = "/codis-ext";

/** The paths of one product. */
export const coordinatorPath = {
  product: (product: string) => `${CODIS_ROOT}/${product}`,
  /** The lock, and the address of the dashboard that holds it. */
  lock: (product: string) => `${CODIS_ROOT}/${product}/topom`,
  slots: (product: string) => `${CODIS_ROOT}/${product}/slots`,
  slot: (product: string, id: number) => `${CODIS_ROOT}/${product}/slots/slot-${pad(id)}`,
  groups: (product: string) => `${CODIS_ROOT}/${product}/group`,
  group: (product: string, id: number) => `${CODIS_ROOT}/${product}/group/group-${pad(id)}`,
  proxies: (product: string) => `${CODIS_ROOT}/${product}/proxy`,
  proxy: (product: string, token: string) => `${CODIS_ROOT}/${product}/proxy/proxy-${token}`,
  sentinel: (product: string) => `${CODIS_ROOT}/${product}/sentinel`,
  /** Registration of a proxy for applications. */
  jodis: (product: string, token: string) => `/jodis/${product}/proxy-${token}`,
  /** The same where Codis 2 had it. */
  jodisCompatible: (product: string, token: string) => `/zk/codis/db_${product}/proxy/${token}`,

  own: (product: string) => `${OWN_ROOT}/${product}`,
  epoch: (product: string) => `${OWN_ROOT}/${product}/epoch`,
  /** What the original has no place for: number of slots. */
  settings: (product: string) => `${OWN_ROOT}/${product}/settings`,
  /** A change of several nodes under way; see `dashboard/topology`. */
  journal: (product: string) => `${OWN_ROOT}/${product}/journal`,
  users: (product: string) => `${OWN_ROOT}/${product}/users`,
  user: (product: string, name: string) => `${OWN_ROOT}/${product}/users/${name}`,
  audits: (product: string) => `${OWN_ROOT}/${product}/audit`,
  /** Slots that have left a group; see `dashboard/migration/left-slots.ts`. */
  leftSlots: (product: string, groupId: number) =>
    `${OWN_ROOT}/${product}/left/group-${pad(groupId)}`,
  /** How keys of slots that move are reached; see `dashboard/migration/move-methods.ts`. */
  moveMethods: (product: string) => `${OWN_ROOT}/${product}/methods`,
  /** Slots that move, see `operation/operation.ts`. */
  operations: (product: string) => `${OWN_ROOT}/${product}/operation`,
  operation: (product: string, id: string) => `${OWN_ROOT}/${product}/operation/${id}`,
  /** What they have moved so far, see `operation/figures-record.ts`. */
  operationFigures: (product: string) => `${OWN_ROOT}/${product}/operation-figures`,
  figuresOf: (product: string, id: string) => `${OWN_ROOT}/${product}/operation-figures/${id}`,
  /** Stories of changed masters, see `availability/failover.ts`. */
  failovers: (product: string) => `${OWN_ROOT}/${product}/failover`,
  failover: (product: string, id: string) => `${OWN_ROOT}/${product}/failover/${id}`,
  /** Servers that have been part of a group's replication; see `replication/group-members.ts`. */
  members: (product: string) => `${OWN_ROOT}/${product}/member`,
  member: (product: string, groupId: number) =>
    `${OWN_ROOT}/${product}/member/group-${pad(groupId)}`,
  /** Proxies that can't write any more, see `availability/fence.ts`. */
  fences: (product: string) => `${OWN_ROOT}/${product}/fence`,
  fence: (product: string, token: string) => `${OWN_ROOT}/${product}/fence/${token}`,
  /** Users that proxies log in to servers with, see `dashboard/availability/fence`. */
  logins: (product: string) => `${OWN_ROOT}/${product}/login`,
  login: (product: string, token: string) => `${OWN_ROOT}/${product}/login/${token}`,
  /** Switches of the old API for all operations together. */
  switches: (product: string) => `${OWN_ROOT}/${product}/switches`,
} as const;

/** The slot that a child of `slots` is for; undefined when the name isn't one of a slot. */
export function slotIdOfName(name: string): number | undefined {
  return idOfName(name, "slot-");
}

/** The group that a child of `group` is for; undefined when the name isn't one of a group. */
export function groupIdOfName(name: string): number | undefined {
  return idOfName(name, "group-");
}

/** The token that a child of `proxy` is for; undefined when the name isn't one of a proxy. */
export function proxyTokenOfName(name: string): string | undefined {
  return name.startsWith("proxy-") ? name.slice("proxy-".length) : undefined;
}

function idOfName(name: string, prefix: string): number | undefined {
  const digits = name.startsWith(prefix) ? name.slice(prefix.length) : "";
  return /^\d{4}$/.test(digits) ? Number(digits) : undefined;
}

function pad(id: number): string {
  return String(id).padStart(4, "0");
}
