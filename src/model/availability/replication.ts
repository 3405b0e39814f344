/**
 * What a group's servers really do, against what is stored: one fault for each difference, as the dashboard's watch
 * finds them (`dashboard/availability/replication`), and what a repair did about them.
 */

/** Codes of differences, for machines. */
export const REPLICATION_FAULTS = [
  "MASTER_DOWN",
  "MASTER_IS_REPLICA",
  "REPLICA_DOWN",
  "REPLICA_IS_MASTER",
  "WRONG_MASTER",
  "LINK_BROKEN",
  "LAGGING",
  "SPLIT_BRAIN",
  "NO_REPLICA",
] as const;
/** One of `REPLICATION_FAULTS`. */
export type ReplicationFaultCode = (typeof REPLICATION_FAULTS)[number];

/** One difference. */
export interface ReplicationFault {
  readonly code: ReplicationFaultCode;
  readonly groupId: number;
  /** Of the server that differs. */
  readonly addr: string;
  /** What is stored, and what is real, in a few words each. */
  readonly stored: string;
  readonly real: string;
  /** Since when it has been seen, wall clock, milliseconds. */
  readonly sinceMs: number;
  /** `codis group repair` mends it; else `text` says what an operator has to do. */
  readonly isMendable: boolean;
  /** One line for people: what is wrong and what to do. */
  readonly text: string;
}

/** What a repair did or would do, one line for each server. */
export interface RepairReport {
  readonly done: readonly string[];
  /** What couldn't be mended, with the reason. */
  readonly failed: readonly string[];
}
