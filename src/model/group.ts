/**
 * A group: one master and its replicas, as the coordinator stores it, with the JSON of Codis 3.2. The
 * first server is the master.
 */
import {
  PROMOTING_STATES,
  type PromotingState,
  SYNC_ACTION_STATES,
  type SyncActionState,
} from "./action.ts";
import { parseServerAddr } from "./address.ts";
import { RecordReader, type WithExtra } from "./json-record.ts";

/** Group ids, both included. */
export const GROUP_ID_MIN = 1;
export const GROUP_ID_MAX = 9999;

/** Servers of one group, master and replicas. */
export const SERVERS_PER_GROUP_MAX = 100;
/** Largest index of an action. */
export const ACTION_INDEX_MAX = Number.MAX_SAFE_INTEGER - 1;

/** One server of a group. */
export interface GroupServer extends WithExtra {
  /** `host:port`. */
  readonly addr: string;
  readonly datacenter: string;
  /** The replica sync action; `index` 0 and state `""` when there is none. */
  readonly action: { readonly index: number; readonly state: SyncActionState };
  /** May be read from when it is a replica. */
  readonly isReplicaGroup: boolean;
}

/** A group. */
export interface GroupRecord extends WithExtra {
  readonly id: number;
  /** Master first; empty for a new group. */
  readonly servers: readonly GroupServer[];
  /** `index` is the position of the server that becomes master. */
  readonly promoting: { readonly index: number; readonly state: PromotingState };
  /** What proxies hold of its slots may differ from what is stored: a resync pushes it again. */
  readonly isOutOfSync: boolean;
}

/** JSON of an action; fields that are 0 or empty are omitted. */
export interface ActionJson<State extends string> {
  index?: number;
  state?: State;
}

/** JSON of a server. */
export interface GroupServerJson {
  server: string;
  datacenter: string;
  action: ActionJson<SyncActionState>;
  replica_group: boolean;
}

/** JSON of a group. */
export interface GroupJson {
  id: number;
  servers: readonly GroupServerJson[];
  promoting: ActionJson<PromotingState>;
  out_of_sync: boolean;
}

/** A group without servers. */
export function emptyGroup(id: number): GroupRecord {
  return { id, servers: [], promoting: { index: 0, state: "" }, isOutOfSync: false };
}

/** Address of the group's master; empty when there is no such group, or no server in it. */
export function masterAddrOf(group: GroupRecord | undefined): string {
  return group?.servers[0]?.addr ?? "";
}

/** JSON of the group, fields in the order of Codis, then those that this program doesn't know. */
export function groupToJson(group: GroupRecord): GroupJson {
  return {
    id: group.id,
    servers: group.servers.map((server) => ({
      server: server.addr,
      datacenter: server.datacenter,
      action: actionToJson(server.action),
      replica_group: server.isReplicaGroup,
      ...server.extra,
    })),
    promoting: actionToJson(group.promoting),
    out_of_sync: group.isOutOfSync,
    ...group.extra,
  };
}

/** JSON of an action: `{}` when there is none. */
function actionToJson<State extends string>(action: {
  readonly index: number;
  readonly state: State;
}): ActionJson<State> {
  const json: ActionJson<State> = {};
  if (action.index !== 0) {
    json.index = action.index;
  }
  if (action.state !== "") {
    json.state = action.state;
  }
  return json;
}

/**
 * Checks JSON of a group; `source` begins error lines, `expectedId` is the id in the node's name. Throws
 * `MODEL_INVALID`.
 */
export function decodeGroup(value: unknown, source: string, expectedId?: number): GroupRecord {
  const fields = new RecordReader(value, source);
  const id = fields.has("id") ? fields.int("id", GROUP_ID_MIN, GROUP_ID_MAX) : (expectedId ?? 0);
  if (id === 0 || (expectedId !== undefined && id !== expectedId)) {
    throw fields.error(`id: expected ${expectedId ?? "the id of the group"}, not ${id}`);
  }
  const servers = fields.list("servers").map(decodeServer);
  const promoting = fields.nested("promoting");
  const record: GroupRecord = {
    id,
    servers,
    promoting: {
      index: promoting.int("index", 0, Math.max(0, servers.length - 1)),
      state: promoting.oneOf("state", PROMOTING_STATES),
    },
    isOutOfSync: fields.flag("out_of_sync"),
  };
  return { ...record, ...fields.rest() };
}

function decodeServer(fields: RecordReader): GroupServer {
  const addr = fields.textLike(
    "server",
    (text) => parseServerAddr(text) !== undefined,
    'host:port like "127.0.0.1:6379"',
  );
  const action = fields.nested("action");
  const server: GroupServer = {
    addr,
    datacenter: fields.text("datacenter"),
    action: {
      index: action.int("index", 0, ACTION_INDEX_MAX),
      state: action.oneOf("state", SYNC_ACTION_STATES),
    },
    isReplicaGroup: fields.flag("replica_group"),
  };
  return { ...server, ...fields.rest() };
}
