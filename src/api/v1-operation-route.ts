/**
 * What each call of `/api/v1` about moving slots takes and answers: plans, and the operations that carry them
 * out. A part of `v1-route.ts`, in a file of its own for its size.
 */
import { z } from "zod";
import {
  cancelRequestSchema,
  newOperationSchema,
  operationChangeSchema,
  operationIdSchema,
  operationListSchema,
  operationQuerySchema,
  operationSchema,
  planIdSchema,
  planRequestSchema,
  planSchema,
} from "./v1-operation-schema.ts";
import { defineRoute } from "./v1-route-form.ts";

const plan = z.strictObject({ id: planIdSchema });
const operation = z.strictObject({ id: operationIdSchema });

/** Calls about plans and operations, by name. */
export const OPERATION_ROUTES = {
  createPlan: defineRoute({
    tag: "operations",
    summary: "Measures the servers and plans which slots would move where; moves nothing.",
    description:
      "Takes up to `plan_timeout`. The newest few plans are kept, until the dashboard doesn't lead any longer. " +
      "A plan that can't be started says why in `problems`. Not audited, because it changes nothing.",
    body: planRequestSchema,
    answer: planSchema,
    status: 201,
    errors: ["NOT_FOUND", "STATE_CONFLICT", "MODEL_INVALID"],
  }),
  getPlan: defineRoute({
    tag: "operations",
    summary: "One plan.",
    params: plan,
    answer: planSchema,
    errors: ["NOT_FOUND"],
  }),
  startOperation: defineRoute({
    tag: "operations",
    summary: "Starts a plan as an operation; it waits while another one runs.",
    description:
      "Refused with `STATE_CONFLICT` when the plan has problems, or slots or masters aren't any longer what it " +
      "was made for.",
    body: newOperationSchema,
    answer: operationSchema,
    status: 201,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  listOperations: defineRoute({
    tag: "operations",
    summary: "Operations, the newest first; with `open` only those that haven't ended.",
    query: operationQuerySchema,
    answer: operationListSchema,
  }),
  getOperation: defineRoute({
    tag: "operations",
    summary: "One operation with its slots and its history.",
    params: operation,
    answer: operationSchema,
    errors: ["NOT_FOUND"],
  }),
  updateOperation: defineRoute({
    tag: "operations",
    summary: "Sets how fast keys may move, also while they do.",
    params: operation,
    body: operationChangeSchema,
    answer: operationSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  pauseOperation: defineRoute({
    tag: "operations",
    summary:
      "Pauses it; others may run meanwhile. Keys of half-moved slots still move when they are used.",
    params: operation,
    answer: operationSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  resumeOperation: defineRoute({
    tag: "operations",
    summary: "Lets a paused one go on, in its turn.",
    params: operation,
    answer: operationSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  cancelOperation: defineRoute({
    tag: "operations",
    summary:
      "Ends it: slots that wait stay where they are, half-moved ones are finished, or go back.",
    params: operation,
    body: cancelRequestSchema,
    answer: operationSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
} as const;
