/**
 * What the calls of `/api/v1` about high availability do. The rules are the leader's (`AvailabilityControl`); here
 * names and forms change only.
 */
import { PAGE_ITEMS_MAX } from "../../../api/v1-path.ts";
import { CodisError } from "../../../base/error.ts";
import {
  viewAvailability,
  viewFailover,
  viewFailoverSummary,
  viewPromotionPlan,
} from "./availability-view.ts";
import type { V1Answer, V1Call, V1Handler } from "./call.ts";
import { getGroup, viewProxy, viewServer, viewVersion } from "./view.ts";

type AvailabilityName =
  | "getAvailability"
  | "planPromotion"
  | "promoteServer"
  | "listFailovers"
  | "getFailover"
  | "repairReplication"
  | "declareProxyGone";

/** The function of each call. */
export const V1_AVAILABILITY_HANDLERS: { readonly [N in AvailabilityName]: V1Handler<N> } = {
  getAvailability: ({ reign }) => ({
    ...viewVersion(reign.leader),
    ...viewAvailability(reign.leader),
  }),
  planPromotion: async ({ reign, params }) => {
    // Only servers of the product are connected to.
    viewServer(reign.leader, params.gid, params.addr);
    return viewPromotionPlan(
      await reign.leader.availability.planPromotion(params.gid, params.addr),
    );
  },
  promoteServer: async ({ reign, params }) => {
    viewServer(reign.leader, params.gid, params.addr);
    return viewFailover(await reign.leader.availability.promote(params.gid, params.addr));
  },
  listFailovers: (call) => list(call),
  getFailover: ({ reign, params }) => {
    const found = reign.leader.availability.failovers().find(({ id }) => id === params.id);
    if (found === undefined) {
      throw new CodisError("NOT_FOUND", `failover ${params.id} doesn't exist (any more)`);
    }
    return viewFailover(found);
  },
  repairReplication: async ({ reign, body }) => {
    const { leader } = reign;
    const isDryRun = body.dry_run ?? false;
    if (body.group_id !== undefined) {
      getGroup(leader, body.group_id);
    }
    const { done, failed } = await leader.availability.repair(body.group_id, isDryRun);
    return { dry_run: isDryRun, done: [...done], failed: [...failed] };
  },
  declareProxyGone: async ({ reign, params }) => {
    viewProxy(reign.leader, params.token);
    await reign.leader.availability.declareGone(params.token);
    return viewProxy(reign.leader, params.token);
  },
};

/** One page, the newest first; `after` is the last of the page before, which may be forgotten by now. */
function list({ reign, query }: V1Call<"listFailovers">): V1Answer<"listFailovers"> {
  const { leader } = reign;
  const before = query.after === undefined ? undefined : orderOf(query.after);
  const rest = leader.availability
    .failovers()
    .filter(
      ({ id, groupId, outcome }) =>
        (before === undefined || isBefore(orderOf(id), before)) &&
        (query.group_id === undefined || groupId === query.group_id) &&
        !(query.open === true && outcome !== "running"),
    );
  const shown = rest.slice(0, query.limit ?? PAGE_ITEMS_MAX);
  const last = shown.at(-1);
  return {
    ...viewVersion(leader),
    items: shown.map(viewFailoverSummary),
    next: rest.length > shown.length && last !== undefined ? last.id : null,
  };
}

/** Epoch and number of an id. */
function orderOf(id: string): readonly [number, number] {
  const [epoch, number] = id.split("-").map(Number);
  return [epoch ?? 0, number ?? 0];
}

function isBefore(one: readonly [number, number], other: readonly [number, number]): boolean {
  return one[0] < other[0] || (one[0] === other[0] && one[1] < other[1]);
}
