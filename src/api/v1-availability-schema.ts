/**
 * Schemas of `/api/v1` for high availability: promotions, the stories of changed masters, differences between what
 * is stored and what servers do, and proxies that are gone. Durations end in `_ms`, sizes are bytes. Loaded by the
 * dashboard only; clients take the types.
 */
import { z } from "zod";
import {
  FAILOVER_EVENTS_MAX,
  FAILOVER_KINDS,
  FAILOVER_OUTCOMES,
  FAILOVER_STEPS,
} from "../model/availability/failover.ts";
import { FENCE_PROOFS, FENCE_STATES } from "../model/availability/fence.ts";
import { REPLICATION_FAULTS } from "../model/availability/replication.ts";
import { PAGE_ITEMS_MAX } from "./v1-path.ts";
import { saidFields, saidListSchema } from "./v1-said-schema.ts";
import {
  addrSchema,
  countSchema,
  figureSchema,
  flagTextSchema,
  groupIdParamSchema,
  groupIdSchema,
  nextSchema,
  numberText,
  timeSchema,
  versionFields,
} from "./v1-scalar.ts";

/** What a promotion would mean. */
export const promotionPlanSchema = z
  .strictObject({
    group_id: groupIdSchema,
    from: z.string(),
    to: z.string(),
    /** Bytes of the master's stream that the replica hasn't got; null: unknown. */
    lag_bytes: figureSchema,
    /** Versions of the two servers; null: unknown. */
    from_version: z.nullable(z.string()),
    to_version: z.nullable(z.string()),
    from_keys: figureSchema,
    to_keys: figureSchema,
    /** How long writes are expected to wait; null: unknown. */
    pause_ms: figureSchema,
    /** Replicas that will follow the new master. */
    others: z.array(z.string()),
    /** Sentinels watch the group; they are told before and after. */
    watched_by_sentinels: z.boolean(),
    /** Slots that move from or to the group; they rest meanwhile. */
    moving_slots: countSchema,
    /** Why it can't be done now, one line each; empty: it can. */
    problems: z.array(z.string()),
    /** What an operator should know, one line each. */
    warnings: z.array(z.string()),
    problems_said: saidListSchema,
    warnings_said: saidListSchema,
  })
  .meta({ id: "PromotionPlan" });
/** See `promotionPlanSchema`. */
export type V1PromotionPlan = z.infer<typeof promotionPlanSchema>;

/** Parameter `{id}` of a failover. */
export const failoverIdSchema = z
  .string()
  .regex(/^\d{1,15}-\d{1,15}$/, "expected an id like 3-1, as the list shows them");

const failoverFields = {
  id: z.string(),
  group_id: groupIdSchema,
  /** `planned`: an operator; `detector`: the dashboard saw the master dead; `sentinel`: Redis Sentinel did it. */
  kind: z.enum(FAILOVER_KINDS),
  /** Old and new master; `to` is null when there was none to choose. */
  from: z.string(),
  to: z.nullable(z.string()),
  began_at: timeSchema,
  ended_at: z.nullable(timeSchema),
  /** `undone`: begun and taken back; `refused`: nothing was changed; `failed`: `reason` says what is left to do. */
  outcome: z.enum(FAILOVER_OUTCOMES),
  reason: z.nullable(z.string()),
  ...saidFields,
  /** How long clients of the group waited, as far as it was measured. */
  pause_ms: figureSchema,
  /** Bytes of the old master's stream that the new one hadn't got when it was last seen. */
  lost_bytes: figureSchema,
} as const;

const failoverEventSchema = z.strictObject({
  at: timeSchema,
  /** Since the story began. */
  after_ms: z.int(),
  step: z.enum(FAILOVER_STEPS),
  /** A proxy's token, the address of a server or sentinel; null when the line is about none. */
  about: z.nullable(z.string()),
  text: z.string(),
  ...saidFields,
});

/** A story without its lines, as in lists. */
export const failoverSummarySchema = z.strictObject(failoverFields).meta({ id: "FailoverSummary" });
/** See `failoverSummarySchema`. */
export type V1FailoverSummary = z.infer<typeof failoverSummarySchema>;

/** The story of one change of a group's master. */
export const failoverSchema = z
  .strictObject({
    ...failoverFields,
    events: z.array(failoverEventSchema).max(FAILOVER_EVENTS_MAX),
  })
  .meta({ id: "Failover" });
/** See `failoverSchema`. */
export type V1Failover = z.infer<typeof failoverSchema>;

/** Data of the event `failover`: how the story stands, and its newest line. */
export const failoverNewsSchema = z
  .strictObject({ ...failoverFields, newest: z.nullable(failoverEventSchema) })
  .meta({ id: "FailoverNews" });
/** See `failoverNewsSchema`. */
export type V1FailoverNews = z.infer<typeof failoverNewsSchema>;

/** A page of stories, the newest first. */
export const failoverListSchema = z
  .strictObject({ ...versionFields, items: z.array(failoverSummarySchema), next: nextSchema })
  .meta({ id: "FailoverList" });
/** See `failoverListSchema`. */
export type V1FailoverList = z.infer<typeof failoverListSchema>;

/** Query of the list of stories. */
export const failoverQuerySchema = z.strictObject({
  limit: numberText(1, PAGE_ITEMS_MAX).optional(),
  after: failoverIdSchema.optional(),
  group_id: groupIdParamSchema.optional(),
  /** Only those that haven't ended. */
  open: flagTextSchema.optional(),
});

/** Code of a difference between what is stored and what a server does. */
export const faultCodeSchema = z.enum(REPLICATION_FAULTS);

/** A difference between what is stored and what a server does. */
export const replicationFaultSchema = z
  .strictObject({
    code: faultCodeSchema,
    group_id: groupIdSchema,
    addr: z.string(),
    /** In a few words. */
    stored: z.string(),
    stored_said: saidFields.said,
    real: z.string(),
    real_said: saidFields.said,
    since: timeSchema,
    /** A repair mends it; else `text` says what an operator has to do. */
    mendable: z.boolean(),
    text: z.string(),
    ...saidFields,
  })
  .meta({ id: "ReplicationFault" });
/** See `replicationFaultSchema`. */
export type V1ReplicationFault = z.infer<typeof replicationFaultSchema>;

/** What is repaired. */
export const repairRequestSchema = z
  .strictObject({
    /** Without it: all groups. */
    group_id: groupIdSchema.optional(),
    dry_run: z.boolean().optional(),
  })
  .meta({ id: "RepairRequest" });
/** See `repairRequestSchema`. */
export type V1RepairRequest = z.input<typeof repairRequestSchema>;

/** What a repair did or would do, one line for each server. */
export const repairReportSchema = z
  .strictObject({
    dry_run: z.boolean(),
    done: z.array(z.string()),
    /** With the reason. */
    failed: z.array(z.string()),
  })
  .meta({ id: "RepairReport" });
/** See `repairReportSchema`. */
export type V1RepairReport = z.infer<typeof repairReportSchema>;

/** Whether a proxy answers, and whether it can still write. */
export const fenceSchema = z
  .strictObject({
    /** `unprovable`: it is gone, and an operator's word is needed before slots change their owner without it. */
    state: z.enum(FENCE_STATES),
    since: timeSchema,
    /** By which it is known that it can't write; null unless `fenced`. */
    proof: z.nullable(z.enum(FENCE_PROOFS)),
    text: z.string(),
    ...saidFields,
  })
  .meta({ id: "ProxyFence" });
/** See `fenceSchema`. */
export type V1ProxyFence = z.infer<typeof fenceSchema>;

/** How high availability stands. */
export const availabilitySchema = z
  .strictObject({
    ...versionFields,
    /** Whether dead masters are replaced by this dashboard; if not, `text` says why not. */
    detector: z.strictObject({ enabled: z.boolean(), text: z.string(), ...saidFields }),
    /** Sentinels of the product. */
    sentinels: z.array(addrSchema),
    /** The worst first. */
    faults: z.array(replicationFaultSchema),
    /** Proxies that don't simply answer, by token. */
    fences: z.array(z.strictObject({ token: z.string(), ...fenceSchema.shape })),
    /** Changes of masters that are under way. */
    running: z.array(failoverSummarySchema),
  })
  .meta({ id: "Availability" });
/** See `availabilitySchema`. */
export type V1Availability = z.infer<typeof availabilitySchema>;

/** An operator's word that a proxy can't write any more. */
export const goneRequestSchema = z
  .strictObject({
    /** Must be true: its machine is off, or cut off from the servers. */
    cannot_write: z.literal(true),
  })
  .meta({ id: "GoneRequest" });
