/**
 * A group: one master and its replicas, as the coordinator stores it, with the JSON of Codis 3.2. The
 * first server is the master.
 */
import type { PromotingState, SyncActionState } from "./action.ts";

/** Group ids, both included. */
export const GROUP_ID_MIN = 1;
export const GROUP_ID_MAX = 9999;

/** One server of a group. */
export interface GroupServer {
  /** `host:port`. */
  readonly addr: string;
  readonly datacenter: string;
  /** The replica sync action; `index` 0 and state `""` when there is none. */
  readonly action: { readonly index: number; readonly state: SyncActionState };
  /** May be read from when it is a replica. */
  readonly isReplicaGroup: boolean;
}

/** A group. */
export interface GroupRecord {
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
