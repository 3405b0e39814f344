/**
 * What a proxy does towards others besides serving: registers with its dashboard, registers for applications
 * (Jodis), and pushes metrics. Each part, and all that it needs, is loaded only when it was asked for; none
 * of them is in the way of a request.
 */
import { STATS_FLAG } from "../api/proxy-route.ts";
import type { Log } from "../base/log.ts";
import type { AdminServer } from "./admin/admin-server.ts";
import type { DashboardSource } from "./config/args.ts";
import type { ProxyConfig } from "./config.ts";
import type { Jodis } from "./registration/jodis.ts";
import type { Waiting } from "./registration/waiting.ts";
import type { MetricsPush } from "./report/metrics-push.ts";
import type { Fleet } from "./supervisor/fleet.ts";

/** What the parts need. */
export interface OutboundOptions {
  readonly fleet: Fleet;
  readonly admin: AdminServer;
  readonly config: ProxyConfig;
  /** Undefined: no dashboard is asked. */
  readonly dashboard: DashboardSource | undefined;
  /** Set: the proxy waits under this name, as one of Codis 2.0, to be brought online. */
  readonly proxyName: string | undefined;
  readonly log: Log;
}

/** The parts that run. */
export interface Outbound {
  /**
   * Ends them. At once, unless the proxy is registered for applications: then it takes half a second, and a
   * second and a half when the coordinator doesn't answer. Never throws.
   */
  close(): Promise<void>;
}

/**
 * Starts what is configured. Resolves without a wait for anybody; throws when an address can't be understood.
 * A dashboard that doesn't take the proxy ends it later (`fleet.fail`).
 */
export async function startOutbound(options: OutboundOptions): Promise<Outbound> {
  const waiting = await startWaiting(options);
  const jodis = await startJodis(options, waiting);
  const push = await startPush(options);
  const ending = new AbortController();
  if (options.dashboard !== undefined) {
    await askDashboard(options, options.dashboard, ending.signal);
  }
  return {
    close: async () => {
      ending.abort();
      push?.close();
      await waiting?.close();
      await jodis?.close();
    },
  };
}

async function startWaiting(options: OutboundOptions): Promise<Waiting | undefined> {
  const { fleet, admin, config, proxyName: name, log } = options;
  if (name === undefined) {
    return undefined;
  }
  const { announceWaiting } = await import("./registration/waiting.ts");
  const onTaken = (reason: unknown): void => fleet.fail(reason);
  return announceWaiting({ config, model: admin.model, name, log, onTaken });
}

async function startJodis(
  options: OutboundOptions,
  waiting: Waiting | undefined,
): Promise<Jodis | undefined> {
  const { fleet, admin, config, proxyName, log } = options;
  if (config.jodisName === "") {
    return undefined;
  }
  const { openJodis } = await import("./registration/jodis.ts");
  const jodis = await openJodis({ config, model: admin.model, proxyName, log });
  const goOnline = async (): Promise<void> => {
    // Both have the same node.
    await waiting?.close();
    jodis.start();
  };
  fleet.onOnline = goOnline;
  // A dashboard that knew the proxy may have been faster.
  if (fleet.state() === "online") {
    await goOnline();
  }
  return jodis;
}

async function startPush({
  admin,
  config,
  log,
}: OutboundOptions): Promise<MetricsPush | undefined> {
  const servers = [
    config.metricsReportServer,
    config.metricsReportInfluxdbServer,
    config.metricsReportStatsdServer,
  ];
  if (servers.every((server) => server === "")) {
    return undefined;
  }
  const { startMetricsPush } = await import("./report/metrics-push.ts");
  return startMetricsPush({ config, log, overview: () => admin.overview(STATS_FLAG.runtime) });
}

async function askDashboard(
  { fleet, admin, config, log }: OutboundOptions,
  source: DashboardSource,
  signal: AbortSignal,
): Promise<void> {
  const { registerWithDashboard } = await import("./registration/dashboard.ts");
  registerWithDashboard({
    source,
    productName: config.productName,
    adminAddr: admin.model.adminAddr,
    log,
    isOnline: () => fleet.state() === "online",
    signal,
  }).catch((error: unknown) => fleet.fail(error));
}
