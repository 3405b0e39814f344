/**
 * A plan: which slots would move where, and what that means. Made by the dashboard from the topology and
 * from figures that it measured on the servers; changes nothing until it is started as an operation.
 *
 * These are the JSON forms of `/api/v1` and of the coordinator as well: plain data, sizes in bytes, times in
 * milliseconds of the wall clock.
 */

/** What a plan is to reach. */
export const PLAN_STRATEGIES = ["slots", "memory", "weight", "drain", "fill", "move"] as const;
/**
 * `slots`: equal numbers of slots, as Codis. `memory`: equal bytes. `weight`: slots in proportion to weights.
 * `drain`: a group gives all its slots away. `fill`: offline slots only. `move`: the slots that were named.
 */
export type PlanStrategy = (typeof PLAN_STRATEGIES)[number];

/** What to do with keys that can't be moved within the bound of a stall. */
export const BIG_KEY_RULES = ["move", "last", "refuse"] as const;
/** `move`: like others. `last`: after all others of their slot. `refuse`: their slots stay where they are. */
export type BigKeyRule = (typeof BIG_KEY_RULES)[number];

/** What is asked for. */
export interface PlanRequest {
  readonly strategy: PlanStrategy;
  /** For `drain`: the group to empty. */
  readonly drainGroupId?: number | undefined;
  /** For `move`: slots and the group each goes to. */
  readonly moves?: readonly NamedMove[] | undefined;
  /** For `weight`: by group id, above 0; a group without one has 1. */
  readonly weights?: Readonly<Record<string, number>> | undefined;
  /** Groups that neither give nor take. */
  readonly exceptGroupIds?: readonly number[] | undefined;
  /** At most so many slots move. */
  readonly maxSlots?: number | undefined;
  /** Default: `big_key` of the configuration. */
  readonly bigKey?: BigKeyRule | undefined;
}

/** One slot that was named. */
export interface NamedMove {
  readonly slotId: number;
  readonly groupId: number;
  /** Asked for only while the slot is with this group, 0: offline; undefined: whoever has it. */
  readonly fromGroupId?: number | undefined;
}

/** One slot that moves. */
export interface PlannedMove {
  readonly slotId: number;
  /** 0: the slot is offline, nothing is to be moved. */
  readonly fromGroupId: number;
  readonly toGroupId: number;
  /** As measured or estimated, see `PlanFigures.isExact`. */
  readonly keys: number;
  readonly bytes: number;
}

/** A key that stalls its servers longer than `migration_max_stall`. */
export interface BigKey {
  readonly slotId: number;
  readonly db: number;
  /** UTF-8, or `0x` and hex digits when it isn't; at most 256 characters. */
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
  /** Elements; 1 for a string. */
  readonly elements: number;
  readonly stallMs: number;
}

/** A group before and after. */
export interface PlanGroup {
  readonly groupId: number;
  readonly slotsBefore: number;
  readonly slotsAfter: number;
  readonly keysBefore: number;
  readonly keysAfter: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** A plan. */
export interface Plan {
  /** `p-<epoch>-<number>`. */
  readonly id: string;
  readonly request: PlanRequest;
  /** Epoch and revision of the topology that it was made for. */
  readonly epoch: number;
  readonly revision: number;
  readonly createdAtMs: number;
  /** In the order in which they would be done. */
  readonly moves: readonly PlannedMove[];
  readonly groups: readonly PlanGroup[];
  readonly keys: number;
  readonly bytes: number;
  /** Of the moves: how long it would take at the speed that was asked for or is usual. */
  readonly expectedMs: number;
  /** Every key of the moving slots was looked at; else figures are estimates from a sample. */
  readonly isExact: boolean;
  /** At most `BIG_KEYS_MAX`, the largest first. */
  readonly bigKeys: readonly BigKey[];
  readonly bigKeyRule: BigKeyRule;
  /** Slots that stay because of `refuse`. */
  readonly refusedSlotIds: readonly number[];
  /** One line each: what would keep it from being started; empty when it can be. */
  readonly problems: readonly string[];
  /** One line each: what an operator should know. */
  readonly warnings: readonly string[];
}

/** Big keys that a plan names. */
export const BIG_KEYS_MAX = 100;
