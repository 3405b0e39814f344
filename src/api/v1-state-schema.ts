/**
 * Schemas of `/api/v1` for the state of a product and of the dashboard: health, figures, events, log level,
 * and the form of every failure. Loaded by the dashboard only; clients take the types.
 */
import { z } from "zod";
import { ERROR_CODES, type ErrorCode } from "../base/error.ts";
import { LOG_LEVELS } from "../base/log-level.ts";
import { saidFields } from "./v1-said-schema.ts";
import { countSchema, groupIdSchema, timeSchema, versionFields } from "./v1-scalar.ts";

/** What can be wrong with a product. */
export const PROBLEM_KINDS = [
  "fault",
  "slots_offline",
  "slot_moving",
  "operation_trouble",
  "group_empty",
  "group_out_of_sync",
  "group_promoting",
  "server_unreachable",
  "server_role",
  "server_link",
  "sync_failed",
  "functions_differ",
  "proxy_unreachable",
  "proxy_not_online",
  "proxy_not_synced",
  "sentinels_out_of_sync",
  "sentinel_trouble",
  "replica_lagging",
  "split_brain",
  "no_replica",
  "failover_failed",
  "proxy_unprovable",
] as const;
/** One of `PROBLEM_KINDS`. */
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

/** How well the product is. */
export const healthSchema = z
  .strictObject({
    ...versionFields,
    /** `critical`: some keys can't be reached; `degraded`: all can, but something needs attention. */
    status: z.enum(["ok", "degraded", "critical"]),
    /** Nodes in the coordinator that couldn't be understood, one line each. */
    faults: z.array(z.string()),
    problems: z.array(
      z.strictObject({
        kind: z.enum(PROBLEM_KINDS),
        /** `CODIS-SLOTS-OFFLINE`, from the kind; for rules and handbooks, never changes its meaning. */
        code: z.string(),
        is_critical: z.boolean(),
        /** Which group, server, proxy, slots or path. */
        subject: z.string(),
        message: z.string(),
        ...saidFields,
        /** When this leader saw it first. */
        since: timeSchema,
      }),
    ),
  })
  .meta({ id: "Health" });
/** See `healthSchema`. */
export type V1Health = z.infer<typeof healthSchema>;

const serverSumsSchema = z.strictObject({
  total: countSchema,
  up: countSchema,
  keys: countSchema,
  memory_bytes: countSchema,
  clients: countSchema,
  ops_per_second: countSchema,
});

/** Sums over servers and proxies, from the last look at each. */
export const statsSchema = z
  .strictObject({
    at: timeSchema,
    ...versionFields,
    /** Of all servers; `keys` of masters only. */
    servers: serverSumsSchema,
    groups: z.array(z.strictObject({ id: groupIdSchema, ...serverSumsSchema.shape })),
    proxies: z.strictObject({
      total: countSchema,
      online: countSchema,
      sessions: countSchema,
      sessions_opened: countSchema,
      ops: countSchema,
      ops_failed: countSchema,
      redis_errors: countSchema,
      ops_per_second: countSchema,
      memory_bytes: countSchema,
    }),
  })
  .meta({ id: "Stats" });
/** See `statsSchema`. */
export type V1Stats = z.infer<typeof statsSchema>;

/** `data` of an event `topology`: what changed since the event before. */
const topologyEventSchema = z
  .strictObject({
    ...versionFields,
    groups: z.array(groupIdSchema),
    proxies: z.array(z.string()),
    /** Like `0-99,512`; empty when no slot changed. */
    slots: z.string(),
    sentinels: z.boolean(),
  })
  .meta({ id: "TopologyEvent" });
/** See `topologyEventSchema`. */
export type V1TopologyEvent = z.infer<typeof topologyEventSchema>;

/** Level of the log. */
export const logLevelSchema = z
  .strictObject({ level: z.enum(LOG_LEVELS) })
  .meta({ id: "LogLevel" });
/** See `logLevelSchema`. */
export type V1LogLevel = z.infer<typeof logLevelSchema>;

/** Done; there is nothing to show. */
export const doneSchema = z.strictObject({ status: z.literal("ok") }).meta({ id: "Done" });

/** A failure (RFC 9457). Branch on `code`; texts may change. */
export const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
    instance: z.string(),
    /** The same as in the header `X-Request-Id`; also in the log and the audit log. */
    request_id: z.string(),
  })
  .meta({ id: "Problem" });
/** See `problemSchema`. */
export type V1Problem = z.infer<typeof problemSchema>;
