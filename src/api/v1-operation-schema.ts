/**
 * Schemas of `/api/v1` for moving slots: what is asked of a plan, plans, operations with their progress, and
 * the bodies of the calls that start and steer them. Sizes are bytes, durations end in `_ms`. Loaded by the
 * dashboard only; clients take the types.
 */
import { z } from "zod";
import { GROUP_ID_MAX } from "../model/group.ts";
import {
  OPERATION_STATES,
  type OperationOrigin,
  P99_GUARD_MS_MAX,
} from "../model/operation/operation.ts";
import { BIG_KEY_RULES, BIG_KEYS_MAX, PLAN_STRATEGIES } from "../model/operation/plan.ts";
import { WEIGHT_MAX, WEIGHT_MIN } from "../model/operation/plan-request.ts";
import { TROUBLE_CODES } from "../model/operation/trouble-code.ts";
import { SLOT_COUNTS } from "../model/slot.ts";
import { PAGE_ITEMS_MAX } from "./v1-path.ts";
import { saidFields, saidListSchema } from "./v1-said-schema.ts";
import {
  countSchema,
  flagTextSchema,
  groupIdOrNoneSchema,
  groupIdSchema,
  nextSchema,
  numberText,
  slotIdSchema,
  timeSchema,
  versionFields,
} from "./v1-scalar.ts";

const SLOTS_MAX = Math.max(...SLOT_COUNTS);
const ORIGINS = ["plan", "slot-action", "auto"] as const satisfies readonly OperationOrigin[];

/** Parameter `{id}` of a plan. */
export const planIdSchema = z.string().regex(/^p-\d{1,15}-\d{1,15}$/, "expected an id like p-3-1");
/** Parameter `{id}` of an operation. */
export const operationIdSchema = z
  .string()
  .regex(/^op-[1-9]\d{0,14}$/, "expected an id like op-12");

/** What is asked of a plan; see `PlanRequest` of the model. */
export const planRequestSchema = z
  .strictObject({
    strategy: z.enum(PLAN_STRATEGIES),
    /** For `drain`: the group to empty. */
    drain_group_id: groupIdSchema.optional(),
    /** For `move`: slots and the group that each goes to. */
    moves: z
      .array(
        z.strictObject({
          slot_id: slotIdSchema,
          group_id: groupIdSchema,
          /** The slot must be with this group, 0: offline; else the call is refused. */
          from_group_id: groupIdOrNoneSchema.optional(),
        }),
      )
      .min(1)
      .max(SLOTS_MAX)
      .optional(),
    /** For `weight`: by group id; a group without one has 1. */
    weights: z
      .record(
        z.string().regex(/^[1-9]\d{0,3}$/, "expected the id of a group"),
        z.number().min(WEIGHT_MIN).max(WEIGHT_MAX),
      )
      .optional(),
    /** Groups that neither give nor take. */
    except_group_ids: z.array(groupIdSchema).max(GROUP_ID_MAX).optional(),
    /** At most so many slots move. */
    max_slots: z.int().min(1).max(SLOTS_MAX).optional(),
    /** Without it: `big_key` of the configuration. */
    big_key: z.enum(BIG_KEY_RULES).optional(),
  })
  .meta({ id: "PlanRequest" });
/** See `planRequestSchema`. */
export type V1PlanRequest = z.input<typeof planRequestSchema>;

const moveFields = {
  slot_id: slotIdSchema,
  /** 0: the slot is offline, nothing is to be moved. */
  from_group_id: groupIdOrNoneSchema,
  to_group_id: groupIdSchema,
  keys: countSchema,
  bytes: countSchema,
} as const;

/** A plan: which slots would move where, and what that means. Changes nothing until it is started. */
export const planSchema = z
  .strictObject({
    id: planIdSchema,
    /** Version of the topology that it was made for. */
    ...versionFields,
    created_at: timeSchema,
    request: planRequestSchema,
    /** In the order in which they would be done. */
    moves: z.array(z.strictObject(moveFields)),
    /** Every group before and after. */
    groups: z.array(
      z.strictObject({
        group_id: groupIdSchema,
        slots_before: countSchema,
        slots_after: countSchema,
        keys_before: countSchema,
        keys_after: countSchema,
        bytes_before: countSchema,
        bytes_after: countSchema,
      }),
    ),
    keys: countSchema,
    bytes: countSchema,
    /** How long it would take without a limit of speed. */
    expected_ms: countSchema,
    /** Every key of the moving slots was looked at; else keys and bytes are estimates from a sample. */
    exact: z.boolean(),
    /** Keys that stall their servers longer than `migration_max_stall`, the largest first. */
    big_keys: z
      .array(
        z.strictObject({
          slot_id: slotIdSchema,
          db: countSchema,
          /** UTF-8, or `0x` and hexadecimal digits. */
          name: z.string(),
          type: z.string(),
          bytes: countSchema,
          elements: countSchema,
          stall_ms: z.number().min(0),
        }),
      )
      .max(BIG_KEYS_MAX),
    big_key: z.enum(BIG_KEY_RULES),
    /** Slots that stay where they are because of `refuse`. */
    refused_slot_ids: z.array(slotIdSchema),
    /** What keeps it from being started, one line each; empty when it can be. */
    problems: z.array(z.string()),
    /** What an operator should know, one line each. */
    warnings: z.array(z.string()),
    problems_said: saidListSchema,
    warnings_said: saidListSchema,
  })
  .meta({ id: "Plan" });
/** See `planSchema`. */
export type V1Plan = z.infer<typeof planSchema>;

/** 0: no limit. */
const speedLimitFields = { keys_per_second: countSchema, bytes_per_second: countSchema } as const;
/** Keys move slower while clients' p99 is above so many milliseconds; 0: whatever it is. */
const guardSchema = z.int().min(0).max(P99_GUARD_MS_MAX);
const speedChangeFields = {
  keys_per_second: countSchema.optional(),
  bytes_per_second: countSchema.optional(),
  p99_guard_ms: guardSchema.optional(),
} as const;

/** An operation to start. Without a speed there is no limit, without `p99_guard_ms` no guard. */
export const newOperationSchema = z
  .strictObject({
    /** Id of the plan. */
    plan: planIdSchema,
    ...speedChangeFields,
  })
  .meta({ id: "NewOperation" });
/** See `newOperationSchema`. */
export type V1NewOperation = z.input<typeof newOperationSchema>;

/** Changes of an operation: limits of speed and the p99 guard, 0 for none. What isn't there stays as it is. */
export const operationChangeSchema = z
  .strictObject(speedChangeFields)
  .refine(
    (change) => Object.values(change).some((value) => value !== undefined),
    "expected keys_per_second, bytes_per_second or p99_guard_ms",
  )
  .meta({ id: "OperationChange" });
/** See `operationChangeSchema`. */
export type V1OperationChange = z.input<typeof operationChangeSchema>;

/** How an operation is cancelled. */
export const cancelRequestSchema = z
  .strictObject({
    /** Half-moved slots go back to where they came from; else they are finished. */
    rollback: z.boolean().optional(),
  })
  .meta({ id: "CancelRequest" });
/** See `cancelRequestSchema`. */
export type V1CancelRequest = z.input<typeof cancelRequestSchema>;

/** An operation without its list of slots, as in lists and in the event `operation`. */
export const operationSummarySchema = z
  .strictObject({
    id: operationIdSchema,
    /** `slot-action`: ordered slot by slot over an old API. `auto`: by automatic balancing. */
    origin: z.enum(ORIGINS),
    strategy: z.enum(PLAN_STRATEGIES),
    plan_id: z.nullable(z.string()),
    state: z.enum(OPERATION_STATES),
    /** Why it pauses or makes no progress now; null when all is well. */
    reason: z.nullable(z.string()),
    /** What kind of reason it is; choose by it what to do, the text of `reason` may change. */
    reason_code: z.nullable(z.enum(TROUBLE_CODES)),
    ...saidFields,
    /** It pauses because it can't go on, and goes on by itself when the reason is gone. */
    self_paused: z.boolean(),
    big_key: z.enum(BIG_KEY_RULES),
    /** It was cancelled, and half-moved slots go back. */
    rollback: z.boolean(),
    /** Limits, as somebody has set them. */
    speed: z.strictObject({ ...speedLimitFields, p99_guard_ms: guardSchema }),
    /** Limits of now: those of `speed`, or less keys while the p99 guard slows it. */
    speed_in_force: z.strictObject({
      ...speedLimitFields,
      /** It moves slower than `speed` says, because of the p99 guard. */
      slowed: z.boolean(),
      /** What the guard says of it; null when it leaves it alone. */
      reason: z.nullable(z.string()),
      ...saidFields,
    }),
    created_at: timeSchema,
    started_at: z.nullable(timeSchema),
    ended_at: z.nullable(timeSchema),
    progress: z.strictObject({
      slots_total: countSchema,
      slots_pending: countSchema,
      slots_moving: countSchema,
      slots_done: countSchema,
      /** By the mover and by proxies. */
      keys_moved: countSchema,
      /** Of those, the ones that proxies moved on access. */
      keys_on_access: countSchema,
      /** By the mover; of keys that proxies move nobody knows the size. */
      bytes_moved: countSchema,
      /** As planned, corrected by what was found. */
      keys_total: countSchema,
      bytes_total: countSchema,
      /** Over the last seconds. */
      keys_per_second: countSchema,
      bytes_per_second: countSchema,
      /** Until it ends at this rate; null when that isn't known. */
      eta_ms: z.nullable(countSchema),
      /** Longest stall of a server by one MIGRATE of the dashboard. */
      longest_stall_ms: countSchema,
      /** Longest time that requests for slots were held at a hand-over. */
      longest_hold_ms: countSchema,
      retries: countSchema,
      /** Copies that earlier moves had left, and that were unlinked. */
      stale_keys: countSchema,
    }),
  })
  .meta({ id: "OperationSummary" });
/** See `operationSummarySchema`. */
export type V1OperationSummary = z.infer<typeof operationSummarySchema>;

/** An operation with every slot of it and its history. */
export const operationSchema = z
  .strictObject({
    ...operationSummarySchema.shape,
    /** In the order in which they are done. `done`: it has arrived, or nothing more will be done about it. */
    moves: z.array(z.strictObject({ ...moveFields, state: z.enum(["pending", "moving", "done"]) })),
    /** What happened, the newest last. */
    events: z.array(z.strictObject({ at: timeSchema, text: z.string(), ...saidFields })),
  })
  .meta({ id: "Operation" });
/** See `operationSchema`. */
export type V1Operation = z.infer<typeof operationSchema>;

/** A page of operations, the newest first. */
export const operationListSchema = z
  .strictObject({ ...versionFields, items: z.array(operationSummarySchema), next: nextSchema })
  .meta({ id: "OperationList" });
/** See `operationListSchema`. */
export type V1OperationList = z.infer<typeof operationListSchema>;

/** Query of the list of operations. */
export const operationQuerySchema = z.strictObject({
  limit: numberText(1, PAGE_ITEMS_MAX).optional(),
  after: operationIdSchema.optional(),
  /** Only those that haven't ended. */
  open: flagTextSchema.optional(),
});
