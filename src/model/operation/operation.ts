/**
 * An operation: slots that move, from the start of a plan (or an order of the old API) to the end, through
 * pauses, restarts of the dashboard and changes of the leader. Stored as JSON under
 * `/codis-ext/{product}/operation/{id}`, the same that `/api/v1` shows.
 *
 * Which slots move is written in the slots themselves (`SlotMapping.action`), as in Codis; the operation only
 * remembers which of them are its own, how fast they may move, and what was done. At most one operation runs;
 * others wait in their order. A paused one is passed over, its half-moved slots are served by moving keys on
 * access.
 */
import type { BigKeyRule, PlannedMove, PlanStrategy } from "./plan.ts";
import type { TroubleCode } from "./trouble-code.ts";

/** See `OperationState`. */
export const OPERATION_STATES = [
  "waiting",
  "running",
  "paused",
  "cancelling",
  "done",
  "cancelled",
] as const;
/**
 * `waiting`: for another one. `running`. `paused`. `cancelling`: pending slots are dropped, half-moved ones
 * are finished or moved back. `done`: all slots arrived. `cancelled`: ended before.
 */
export type OperationState = (typeof OPERATION_STATES)[number];

/** How fast keys may move; 0: no limit. */
export interface OperationSpeed {
  readonly keysPerSecond: number;
  readonly bytesPerSecond: number;
  /** Keys move slower while clients' p99 is above so many milliseconds; 0: whatever it is. */
  readonly p99GuardMs: number;
}

/** Another speed: what isn't there stays as it is. */
export type SpeedChange = { readonly [Name in keyof OperationSpeed]?: number | undefined };

/** No limit at all. */
export const UNLIMITED: OperationSpeed = { keysPerSecond: 0, bytesPerSecond: 0, p99GuardMs: 0 };

/** Largest bound of the p99 guard, milliseconds: longer times are counted as one. */
export const P99_GUARD_MS_MAX = 60_000;

/** What the p99 guard makes of the limits of an operation. */
export interface GuardedSpeed {
  /** Limit of now, for a second; 0: none. Never above that of the operation. */
  readonly keysPerSecond: number;
  /** One line, with a code. */
  readonly reason: string;
  /** It moves slower than it might. */
  readonly isSlowed: boolean;
}

/** Who ordered it. */
export type OperationOrigin = "plan" | "slot-action" | "auto";

/** What happened, for people; the newest last, at most `OPERATION_EVENTS_MAX`. */
export interface OperationEvent {
  readonly atMs: number;
  readonly text: string;
}

/** An operation. Sizes in bytes, times in milliseconds of the wall clock, 0: not yet. */
export interface Operation {
  /** `op-<number>`, growing. */
  readonly id: string;
  readonly origin: OperationOrigin;
  readonly strategy: PlanStrategy;
  readonly planId: string;
  readonly state: OperationState;
  /** Why it pauses or makes no progress now: one line; empty when all is well. */
  readonly reason: string;
  /** What kind of reason it is; without one nobody knows. Means nothing while `reason` is empty. */
  readonly reasonCode?: TroubleCode;
  /** Paused by itself (a full target, say) and goes on by itself when the reason is gone. */
  readonly isSelfPaused: boolean;
  readonly moves: readonly PlannedMove[];
  /** Of the moves, slots that have arrived, or came back after a cancel with roll-back, or were dropped. */
  readonly doneSlotIds: readonly number[];
  readonly speed: OperationSpeed;
  /** Only in what is shown, and while the p99 guard has something to say. Never stored. */
  readonly guarded?: GuardedSpeed;
  readonly bigKeyRule: BigKeyRule;
  /** Cancel with roll-back: half-moved slots go back. */
  readonly isRollback: boolean;
  readonly createdAtMs: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly progress: OperationProgress;
  readonly events: readonly OperationEvent[];
}

/** How far an operation is. */
export interface OperationProgress {
  readonly slotsTotal: number;
  readonly slotsDone: number;
  /** Slots between preparing and finished now. */
  readonly slotsMoving: number;
  /** By the mover and by proxies. */
  readonly keysMoved: number;
  /** Of those, the ones that proxies moved on access, as far as that is known. */
  readonly keysOnAccess: number;
  /** By the mover; proxies don't know how large keys are. */
  readonly bytesMoved: number;
  /** As planned, corrected by what was found. */
  readonly keysTotal: number;
  readonly bytesTotal: number;
  /** Over the last seconds. */
  readonly keysPerSecond: number;
  readonly bytesPerSecond: number;
  /** -1: not known. */
  readonly etaMs: number;
  /** Longest stall of a server by one MIGRATE of the mover. */
  readonly longestStallMs: number;
  /** Longest time that slots were held at a hand-over. */
  readonly longestHoldMs: number;
  /** Retries of steps and batches. */
  readonly retries: number;
  /** Stale copies that were unlinked at targets before slots moved, and duplicates at sources. */
  readonly staleKeys: number;
}

/** Events that an operation keeps. */
export const OPERATION_EVENTS_MAX = 100;
/** Ended operations that are kept. */
export const OPERATION_HISTORY_MAX = 50;
/** Operations that wait or are paused at once. */
export const OPERATIONS_OPEN_MAX = 20;
