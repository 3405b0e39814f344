/**
 * What `codis admin --dashboard=ADDR` can show, and orders for the dashboard itself and for proxies and
 * sentinels. Groups and slots: `topology-order.ts`.
 */
import { TopomClient } from "../../api/topom-client.ts";
import type { TopomStatsJson } from "../../api/topom-json.ts";
import { CodisError } from "../../base/error.ts";
import type { ProxyModelJson } from "../../model/proxy-model.ts";
import { done, show } from "./answer.ts";
import type { AdminArgs, AdminOrder } from "./order.ts";
import { describeGroups, describeProxies } from "./status-line.ts";

const PROXY_ID_MAX = 999_999_999;
const WHICH_PROXY = ["addr", "token", "pid"] as const;

/** In the order of the help text. */
export const DASHBOARD_ORDERS: readonly AdminOrder[] = [
  {
    target: "dashboard",
    select: [],
    summary: "Everything, as JSON.",
    run: async (args) => show(await dashboardOf(args).overview()),
  },
  {
    target: "dashboard",
    select: ["config"],
    summary: "Its configuration.",
    run: async (args) => show((await dashboardOf(args).overview()).config),
  },
  {
    target: "dashboard",
    select: ["model"],
    summary: "Its model.",
    run: async (args) => show(await dashboardOf(args).model()),
  },
  {
    target: "dashboard",
    select: ["stats"],
    summary: "State of slots, groups, servers and proxies.",
    run: async (args) => show(await dashboardOf(args).stats()),
  },
  {
    target: "dashboard",
    select: ["slots"],
    summary: "The slot table as proxies are told.",
    run: async (args) => show(await dashboardOf(args).slots()),
  },
  {
    target: "dashboard",
    select: ["group"],
    summary: "The groups and the last look at each server.",
    run: async (args) => show((await dashboardOf(args).stats()).group),
  },
  {
    target: "dashboard",
    select: ["proxy"],
    summary: "The proxies and the last look at each.",
    run: async (args) => show((await dashboardOf(args).stats()).proxy),
  },
  {
    target: "dashboard",
    select: ["slots-status"],
    summary: "Which group owns each slot, and where it is going.",
    run: async (args) => show((await dashboardOf(args).stats()).slots),
  },
  {
    target: "dashboard",
    select: ["list-proxy"],
    summary: "The proxies.",
    run: async (args) => show((await dashboardOf(args).stats()).proxy.models),
  },
  {
    target: "dashboard",
    select: ["proxy-status"],
    summary:
      "A line for each proxy: [ ] fine, [E] error, [T] timeout, [?] no data yet, [X] not online.",
    run: async (args) => describeProxies((await dashboardOf(args).stats()).proxy),
  },
  {
    target: "dashboard",
    select: ["list-group"],
    summary: "The groups.",
    run: async (args) => show((await dashboardOf(args).stats()).group.models),
  },
  {
    target: "dashboard",
    select: ["group-status"],
    summary: "A line for each server with its master; [X]: its role or link isn't as stored.",
    run: async (args) => describeGroups((await dashboardOf(args).stats()).group),
  },
  {
    target: "dashboard",
    select: ["shutdown"],
    summary: "End it; proxies serve on.",
    run: (args) => done(dashboardOf(args).shutdown()),
  },
  {
    target: "dashboard",
    select: ["reload"],
    summary: "Have it read the coordinator again.",
    run: (args) => done(dashboardOf(args).reload()),
  },
  {
    target: "dashboard",
    select: ["log-level"],
    summary: "Set the level of its log.",
    run: (args) => done(dashboardOf(args).setLogLevel(args.text("log-level"))),
  },
  {
    target: "dashboard",
    select: ["create-proxy"],
    needs: ["addr"],
    summary: "Add the proxy with this admin address.",
    run: (args) => done(dashboardOf(args).createProxy(args.addr("addr"))),
  },
  {
    target: "dashboard",
    select: ["online-proxy"],
    needs: ["addr"],
    summary: "The same, also for one that is known already.",
    run: (args) => done(dashboardOf(args).onlineProxy(args.addr("addr"))),
  },
  {
    target: "dashboard",
    select: ["remove-proxy"],
    needs: [WHICH_PROXY],
    takes: ["force"],
    summary:
      "Shut a proxy down and forget it; --force: also when it doesn't answer. --pid is its id.",
    run: removeProxy,
  },
  {
    target: "dashboard",
    select: ["reinit-proxy"],
    needs: [[...WHICH_PROXY, "all"]],
    takes: ["force"],
    summary: "Give a proxy its slots and sentinels again and bring it online.",
    run: reinitProxies,
  },
  {
    target: "dashboard",
    select: ["sentinel-add"],
    needs: ["addr"],
    summary: "Add a sentinel.",
    run: (args) => done(dashboardOf(args).addSentinel(args.addr("addr"))),
  },
  {
    target: "dashboard",
    select: ["sentinel-del"],
    needs: ["addr"],
    takes: ["force"],
    summary: "Forget a sentinel; --force: also when it doesn't answer.",
    run: (args) => done(dashboardOf(args).removeSentinel(args.addr("addr"), args.has("force"))),
  },
  {
    target: "dashboard",
    select: ["sentinel-resync"],
    summary: "Tell the sentinels and the proxies about each other again.",
    run: (args) => done(dashboardOf(args).resyncSentinels()),
  },
];

/** Client for the dashboard of `--dashboard`. */
export function dashboardOf(args: AdminArgs): TopomClient {
  return new TopomClient({ addr: args.addr("dashboard"), token: findToken(args) });
}

/** The secret of a user, if one was given. */
export function findToken(args: AdminArgs): string | undefined {
  return args.find("api-token") ?? process.env["CODIS_TOKEN"];
}

async function removeProxy(args: AdminArgs): Promise<string> {
  const dashboard = dashboardOf(args);
  const [proxy] = chooseProxies(args, await dashboard.stats());
  if (proxy !== undefined) {
    await dashboard.removeProxy(proxy.token, args.has("force"));
  }
  return "";
}

/** With `--force` one that fails doesn't keep the others from their turn. */
async function reinitProxies(args: AdminArgs): Promise<string> {
  const dashboard = dashboardOf(args);
  let failure: unknown;
  for (const proxy of chooseProxies(args, await dashboard.stats())) {
    try {
      await dashboard.reinitProxy(proxy.token);
    } catch (thrown) {
      if (!args.has("force")) {
        throw thrown;
      }
      failure ??= thrown;
    }
  }
  if (failure !== undefined) {
    throw failure;
  }
  return "";
}

/** The proxies that the flags name. Throws `NOT_FOUND` when there is none. */
function chooseProxies(args: AdminArgs, stats: TopomStatsJson): readonly ProxyModelJson[] {
  const { models } = stats.proxy;
  if (args.has("all")) {
    return models;
  }
  const addr = args.find("addr");
  const token = args.find("token");
  const id = args.has("pid") ? args.count("pid", 1, PROXY_ID_MAX) : undefined;
  const found = models.find(
    (model) =>
      (addr !== undefined && (model.admin_addr === addr || model.proxy_addr === addr)) ||
      model.token === token ||
      (id !== undefined && model.id === id),
  );
  if (found === undefined) {
    throw new CodisError(
      "NOT_FOUND",
      `proxy-[${addr ?? token ?? id}] doesn't exist; --list-proxy shows those that do`,
    );
  }
  return [found];
}
