/**
 * The replicas that reads may go to, by slot, for one database, protocol and lane: the counterpart of the router's
 * `RouteView`. Filled by `ReplicaReads`, which changes the lists in place between two requests; read by sessions.
 */
import type { ReplicaBackend } from "./replica-backend.ts";

/** Connections to choose from, for all slots that are told the same; undefined stands for the master. */
export type ReadRoute = (ReplicaBackend | undefined)[];

/** What all views share. */
export interface ReadSource {
  /**
   * Every replica in use has all that its master had at this moment of the monotonic clock. Never falls; -Infinity
   * before the first replica is in use.
   */
  readonly floorMs: number;
}

/** See the file head. */
export interface ReadView {
  readonly source: ReadSource;
  readonly db: number;
  readonly proto: 2 | 3;
  readonly lane: number;
  /**
   * By slot: a connection for each seat (a session's number modulo the length), all open when they were listed;
   * empty or undefined: the master.
   */
  readonly routes: (ReadRoute | undefined)[];
}
