/**
 * What each call of `/api/v1` about the product does, over the leader. Whether the caller may, If-Match and
 * the audit log are dealt with before (`port.ts`); a `CodisError` thrown here becomes a problem.
 */
import { createOpenApi, type JsonObject } from "../../../api/openapi.ts";
import { PAGE_ITEMS_MAX, type V1Name } from "../../../api/v1-path.ts";
import type { V1PushReport } from "../../../api/v1-topology-schema.ts";
import type { PushReport } from "../../control.ts";
import { mayStillRead } from "../gate/access.ts";
import { V1_ACCESS_HANDLERS } from "./access-handler.ts";
import { assignSlots } from "./assign.ts";
import { V1_AVAILABILITY_HANDLERS } from "./availability-handler.ts";
import type { V1Call, V1Handler } from "./call.ts";
import { describeProduct } from "./describe-product.ts";
import { V1_LIVE_HANDLERS } from "./live-handler.ts";
import { V1_OPERATION_HANDLERS } from "./operation-handler.ts";
import { viewRegistrations } from "./registration-view.ts";
import { V1_SESSION_HANDLERS } from "./session-handler.ts";
import { viewSlotKeys } from "./slot-keys-view.ts";
import { viewStats } from "./state-view.ts";
import {
  viewGroupById,
  viewGroups,
  viewProxies,
  viewProxy,
  viewRanges,
  viewSentinels,
  viewServer,
  viewSlot,
  viewVersion,
} from "./view.ts";

/** Calls about this process, which a standby answers too; see `port.ts`. */
export type V1ProcessName = "getOpenApi" | "getLogLevel" | "setLogLevel" | "shutdown";

type ProductName = Exclude<V1Name, V1ProcessName>;

let openApi: JsonObject | undefined;

/** The OpenAPI document, made when it is first asked for. */
export function openApiDocument(): JsonObject {
  openApi ??= createOpenApi();
  return openApi;
}

/** The function of each call about the product. */
export const V1_HANDLERS: { readonly [N in ProductName]: V1Handler<N> } = {
  ...V1_ACCESS_HANDLERS,
  ...V1_OPERATION_HANDLERS,
  ...V1_AVAILABILITY_HANDLERS,
  ...V1_SESSION_HANDLERS,
  ...V1_LIVE_HANDLERS,

  getProduct: (call) => describeProduct(call),
  updateProduct: async (call) => {
    await call.reign.leader.setAllReplicaGroups(call.body.replica_reads);
    return describeProduct(call);
  },
  resyncProduct: async ({ reign }) => toReport(await reign.leader.resyncAllGroups()),
  getHealth: ({ reign }) => reign.health.health(),
  getStats: ({ reign, context }) => viewStats(reign.leader, context.clock.nowMs()),
  getEvents: (call) => listen(call),

  listGroups: ({ reign, query }) => ({
    ...viewVersion(reign.leader),
    ...page(viewGroups(reign.leader), query, ({ id }) => id),
  }),
  createGroup: async ({ reign, body }) => {
    await reign.leader.createGroup(body.id);
    return viewGroupById(reign.leader, body.id);
  },
  getGroup: ({ reign, params }) => viewGroupById(reign.leader, params.gid),
  removeGroup: async ({ reign, params }) => {
    await reign.leader.removeGroup(params.gid);
    return { status: "ok" };
  },
  resyncGroup: async ({ reign, params }) => toReport(await reign.leader.resyncGroup(params.gid)),
  addServer: async ({ reign, params, body }) => {
    await reign.leader.addServer(params.gid, body.addr, {
      datacenter: body.datacenter ?? "",
      asReplica: body.as_replica ?? false,
      ...(body.adopt === undefined ? {} : { adopt: body.adopt }),
      ...(body.discard_data === undefined ? {} : { discardData: body.discard_data }),
    });
    return viewServer(reign.leader, params.gid, body.addr);
  },
  getServer: ({ reign, params }) => viewServer(reign.leader, params.gid, params.addr),
  updateServer: async ({ reign, params, body }) => {
    viewServer(reign.leader, params.gid, params.addr);
    await reign.leader.setReplicaGroup(params.gid, params.addr, body.replica_reads);
    return viewServer(reign.leader, params.gid, params.addr);
  },
  removeServer: async ({ reign, params }) => {
    await reign.leader.removeServer(params.gid, params.addr);
    return { status: "ok" };
  },
  getServerInfo: async ({ reign, params }) => {
    // Only servers of the product are connected to.
    viewServer(reign.leader, params.gid, params.addr);
    return { addr: params.addr, info: { ...(await reign.leader.serverInfo(params.addr)) } };
  },
  startSync: async ({ reign, params }) => {
    viewServer(reign.leader, params.gid, params.addr);
    await reign.leader.createSyncAction(params.addr);
    return viewServer(reign.leader, params.gid, params.addr);
  },
  cancelSync: async ({ reign, params }) => {
    viewServer(reign.leader, params.gid, params.addr);
    await reign.leader.removeSyncAction(params.addr);
    return { status: "ok" };
  },

  listSlots: ({ reign, query }) => {
    const { slots, slotCount } = reign.leader.topology();
    const { from = 0, to = slotCount - 1, group_id: groupId } = query;
    const chosen = slots.filter(
      (slot) =>
        slot.id >= from && slot.id <= to && (groupId === undefined || slot.groupId === groupId),
    );
    const ranges = [...viewRanges(chosen)];
    return { ...viewVersion(reign.leader), slot_count: slotCount, ranges };
  },
  assignSlots: ({ reign, body }) => assignSlots(reign.leader, body),
  getSlot: ({ reign, params }) => viewSlot(reign.leader, params.id),
  listSlotKeys: ({ reign }) => viewSlotKeys(reign.leader),

  listProxies: ({ reign, query }) => ({
    ...viewVersion(reign.leader),
    ...page(viewProxies(reign.leader), query, ({ id }) => id),
  }),
  listRegistrations: ({ reign }) => viewRegistrations(reign.leader),
  addProxy: async ({ reign, body }) => {
    const { leader } = reign;
    const model =
      body.update === true
        ? await leader.onlineProxy(body.admin_addr)
        : await leader.createProxy(body.admin_addr);
    return viewProxy(leader, model.token);
  },
  getProxy: ({ reign, params }) => viewProxy(reign.leader, params.token),
  removeProxy: async ({ reign, params, query }) => {
    await reign.leader.removeProxy(params.token, query.force ?? false);
    return { status: "ok" };
  },
  reinitProxy: async ({ reign, params }) => {
    await reign.leader.reinitProxy(params.token);
    return viewProxy(reign.leader, params.token);
  },

  listSentinels: ({ reign }) => viewSentinels(reign.leader),
  addSentinel: async ({ reign, body }) => {
    await reign.leader.addSentinel(body.addr);
    return viewSentinels(reign.leader);
  },
  removeSentinel: async ({ reign, params, query }) => {
    await reign.leader.removeSentinel(params.addr, query.force ?? false);
    return { status: "ok" };
  },
  resyncSentinels: async ({ reign }) => {
    await reign.leader.resyncSentinels();
    return viewSentinels(reign.leader);
  },

  reload: async ({ reign }) => {
    await reign.leader.reload();
    reign.reloadUsers();
    return { status: "ok" };
  },
};

/** Hands the connection over to the events, which ask at times whether the token is still good. */
function listen({ reign, caller, reply }: V1Call<"getEvents">): undefined {
  reign.events.add(reply.raw, () => mayStillRead(reign, caller));
  reply.hijack();
  return undefined;
}

function toReport(report: PushReport): V1PushReport {
  return {
    synced: [...report.synced],
    failed: report.failed.map(({ token, reason }) => ({ token, reason })),
  };
}

/** One page of a list that is in ascending order of its numbers. */
function page<T>(
  items: readonly T[],
  query: { readonly limit?: number | undefined; readonly after?: string | undefined },
  numberOf: (item: T) => number,
): { items: T[]; next: string | null } {
  const limit = query.limit ?? PAGE_ITEMS_MAX;
  const after = query.after === undefined ? -1 : Number(query.after);
  const rest = items.filter((item) => numberOf(item) > after);
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rest.length > shown.length && last !== undefined;
  return { items: shown, next: hasMore ? String(numberOf(last)) : null };
}
