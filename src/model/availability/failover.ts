/**
 * The story of one change of a group's master, planned or not: what was seen, who voted, what was decided, when each
 * proxy followed. Kept in the coordinator (`/codis-ext/{product}/failover/{id}`), so that it outlives the dashboard
 * that wrote it.
 */

/**
 * Who wanted another master. `planned`: an operator, with the old master alive; `detector`: the dashboard saw it dead;
 * `sentinel`: Redis Sentinel did it, and the dashboard followed.
 */
export const FAILOVER_KINDS = ["planned", "detector", "sentinel"] as const;
/** One of `FAILOVER_KINDS`. */
export type FailoverKind = (typeof FAILOVER_KINDS)[number];

/**
 * `running`; `done`: the group has the new master; `refused`: nothing was changed, `reason` says why; `undone`: it was
 * begun and taken back; `failed`: it couldn't be finished, `reason` says what is left to do.
 */
export const FAILOVER_OUTCOMES = ["running", "done", "refused", "undone", "failed"] as const;
/** One of `FAILOVER_OUTCOMES`. */
export type FailoverOutcome = (typeof FAILOVER_OUTCOMES)[number];

/** What a line of a story is about; machines read this, people read the text. */
export const FAILOVER_STEPS = [
  "detected",
  "vote",
  "decided",
  "held",
  "caught-up",
  "promoted",
  "stored",
  "switched",
  "served",
  "followed",
  "fenced",
  "returned",
  "undone",
  "note",
] as const;
/** One of `FAILOVER_STEPS`. */
export type FailoverStep = (typeof FAILOVER_STEPS)[number];

/** One line. */
export interface FailoverEvent {
  /** Wall clock, milliseconds. */
  readonly atMs: number;
  readonly step: FailoverStep;
  /** A proxy's token, a server's or a sentinel's address; empty when the line is about none. */
  readonly about: string;
  readonly text: string;
}

/** Lines of one story; later ones are dropped, but for the last. */
export const FAILOVER_EVENTS_MAX = 200;
/** Stories that are kept, the newest. */
export const FAILOVERS_KEPT = 100;

/** A story. */
export interface Failover {
  /** Unique in the product, grows: `<epoch>-<number>`. */
  readonly id: string;
  readonly groupId: number;
  readonly kind: FailoverKind;
  /** Address of the old master, and of the new one; `to` is empty when there was none to choose. */
  readonly from: string;
  readonly to: string;
  /** Wall clock, milliseconds. */
  readonly beganAtMs: number;
  readonly endedAtMs: number | undefined;
  readonly outcome: FailoverOutcome;
  /** One line; empty when all is well. */
  readonly reason: string;
  /** How long clients of the group had to wait, milliseconds, as far as it was measured. */
  readonly pauseMs: number | undefined;
  /** Bytes of the old master's stream that the new one hadn't got when it was last seen; 0 for a planned one. */
  readonly lostBytes: number | undefined;
  readonly events: readonly FailoverEvent[];
}
