/**
 * What each call of `/api/v1` about high availability takes and answers: promotions, stories of changed masters,
 * repair of replication, proxies that are gone. A part of `v1-route.ts`, in a file of its own for its size.
 */
import { z } from "zod";
import {
  availabilitySchema,
  failoverIdSchema,
  failoverListSchema,
  failoverQuerySchema,
  failoverSchema,
  goneRequestSchema,
  promotionPlanSchema,
  repairReportSchema,
  repairRequestSchema,
} from "./v1-availability-schema.ts";
import { defineRoute } from "./v1-route-form.ts";
import { addrSchema, groupIdParamSchema, proxyTokenSchema } from "./v1-scalar.ts";
import { proxySchema } from "./v1-topology-schema.ts";

const server = z.strictObject({ gid: groupIdParamSchema, addr: addrSchema });
const TAG = "availability";

/** Calls about high availability, by name. */
export const AVAILABILITY_ROUTES = {
  getAvailability: defineRoute({
    tag: TAG,
    summary:
      "How high availability stands: detector, faults of replication, proxies that are gone.",
    answer: availabilitySchema,
  }),
  planPromotion: defineRoute({
    tag: TAG,
    summary: "What promoting this replica would mean; changes nothing.",
    description: "Asks the servers. What keeps it from being done is in `problems`.",
    params: server,
    answer: promotionPlanSchema,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  promoteServer: defineRoute({
    tag: TAG,
    summary: "Makes a replica the master of its group, without losing a write.",
    description:
      "Answers when the group is served by the new master. Writes wait for `promotion_timeout` at most; what " +
      "isn't done by then is undone (`PROMOTION_FAILED`) and the old master serves on. `STATE_CONFLICT`: it " +
      "couldn't be begun, nothing was changed. The old master must be alive: a dead one is replaced by the " +
      "detector or by sentinels.",
    params: server,
    answer: failoverSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT", "PROMOTION_FAILED", "SERVER_UNREACHABLE"],
  }),
  listFailovers: defineRoute({
    tag: TAG,
    summary: "Stories of changed masters, planned or not, the newest first.",
    query: failoverQuerySchema,
    answer: failoverListSchema,
  }),
  getFailover: defineRoute({
    tag: TAG,
    summary: "One story, line by line.",
    params: z.strictObject({ id: failoverIdSchema }),
    answer: failoverSchema,
    errors: ["NOT_FOUND"],
  }),
  repairReplication: defineRoute({
    tag: TAG,
    summary: "Makes servers of one group, or of all, what is stored: masters and replicas.",
    description:
      "With `dry_run` it only says what it would do. Faults that aren't `mendable` stay; their texts say what to do.",
    body: repairRequestSchema,
    answer: repairReportSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  declareProxyGone: defineRoute({
    tag: TAG,
    summary:
      "An operator's word that a proxy can't write any more; slots then change owners without it.",
    description:
      "Only for a proxy whose machine is off or cut off from the Redis servers: one that still writes would lose " +
      "or hide what clients write through it. `STATE_CONFLICT` while it answers.",
    params: z.strictObject({ token: proxyTokenSchema }),
    body: goneRequestSchema,
    answer: proxySchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
} as const;
