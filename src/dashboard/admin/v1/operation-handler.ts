/**
 * What the calls of `/api/v1` about moving slots do: plans, and the operations that carry them out. The rules are
 * the leader's (`MigrationControl`); here names and forms change only.
 */
import { PAGE_ITEMS_MAX } from "../../../api/v1-path.ts";
import type { Operation } from "../../../model/operation/operation.ts";
import { operationNumberOf } from "../../../model/operation/operation-record.ts";
import { isEnded } from "../../../model/operation/operation-slot.ts";
import type { LeaderControl } from "../../control.ts";
import type { V1Answer, V1Call, V1Handler } from "./call.ts";
import {
  toPlanRequest,
  toSpeedChange,
  viewOperation,
  viewPlan,
  viewSummary,
} from "./operation-view.ts";
import { viewVersion } from "./view.ts";

type OperationName =
  | "createPlan"
  | "getPlan"
  | "startOperation"
  | "listOperations"
  | "getOperation"
  | "updateOperation"
  | "pauseOperation"
  | "resumeOperation"
  | "cancelOperation";

/** The function of each call. */
export const V1_OPERATION_HANDLERS: { readonly [N in OperationName]: V1Handler<N> } = {
  createPlan: async ({ reign, body }) =>
    viewPlan(await reign.leader.migration.plan(toPlanRequest(body))),
  getPlan: ({ reign, params }) => viewPlan(reign.leader.migration.getPlan(params.id)),
  startOperation: async ({ reign, body }) => {
    const speed = toSpeedChange(body);
    return show(reign.leader, await reign.leader.migration.startPlan(body.plan, { speed }));
  },
  listOperations: (call) => list(call),
  getOperation: ({ reign, params }) =>
    show(reign.leader, reign.leader.migration.getOperation(params.id)),
  updateOperation: async ({ reign, params, body }) =>
    show(reign.leader, await reign.leader.migration.setSpeed(params.id, toSpeedChange(body))),
  pauseOperation: async ({ reign, params }) =>
    show(reign.leader, await reign.leader.migration.pause(params.id)),
  resumeOperation: async ({ reign, params }) =>
    show(reign.leader, await reign.leader.migration.resume(params.id)),
  cancelOperation: async ({ reign, params, body }) => {
    const options = { isRollback: body.rollback ?? false };
    return show(reign.leader, await reign.leader.migration.cancel(params.id, options));
  },
};

function show(leader: LeaderControl, operation: Operation): V1Answer<"getOperation"> {
  return viewOperation(operation, leader.topology());
}

/** One page, the newest first; `after` is the last of the page before, which may be forgotten by now. */
function list({ reign, query }: V1Call<"listOperations">): V1Answer<"listOperations"> {
  const { leader } = reign;
  const before = query.after === undefined ? Number.POSITIVE_INFINITY : numberOf(query.after);
  const rest = leader.migration
    .operations()
    .filter(({ id, state }) => numberOf(id) < before && !(query.open === true && isEnded(state)));
  const shown = rest.slice(0, query.limit ?? PAGE_ITEMS_MAX);
  const last = shown.at(-1);
  return {
    ...viewVersion(leader),
    items: shown.map((operation) => viewSummary(operation, leader.topology())),
    next: rest.length > shown.length && last !== undefined ? last.id : null,
  };
}

function numberOf(id: string): number {
  return operationNumberOf(id) ?? 0;
}
