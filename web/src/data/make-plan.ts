/**
 * Asks for a plan. The dashboard measures all servers for it, which may take as long as its setting `plan_timeout`
 * says, so this call is waited for longer than any other.
 */
import type { V1Plan, V1PlanRequest } from "../../../src/api/v1-operation-schema.ts";
import { api } from "./api.ts";

/** The largest `plan_timeout`, and more than `codis fe` adds to it. */
const PLAN_MS = 690_000;

/** The plan that the dashboard made and keeps; nothing moves yet. Throws `ApiProblem`. */
export function makePlan(request: V1PlanRequest): Promise<V1Plan> {
  return api.send<V1Plan>("POST", "plans", request, { deadlineMs: PLAN_MS });
}
