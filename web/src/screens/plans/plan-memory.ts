/**
 * Plans that this page has seen. The dashboard forgets plans (it keeps the newest few of one leader), but the
 * difference between an old plan and its successor is to be shown all the same.
 */
import type { V1Plan } from "../../../../src/api/v1-operation-schema.ts";

/** The oldest is forgotten. */
const PLANS_MAX = 20;

const plans = new Map<string, V1Plan>();

/** Keeps a plan. */
export function rememberPlan(plan: V1Plan): void {
  plans.delete(plan.id);
  plans.set(plan.id, plan);
  const oldest = plans.keys().next();
  if (plans.size > PLANS_MAX && oldest.done === false) {
    plans.delete(oldest.value);
  }
}

/** A plan that was seen; undefined when it wasn't. */
export function recallPlan(id: string): V1Plan | undefined {
  return plans.get(id);
}
