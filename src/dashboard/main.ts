/**
 * `codis dashboard`: reads the command line, puts the dashboard together, and runs it until a signal or an
 * order through its HTTP port ends it.
 *
 * Start: configuration, log, HTTP port, coordinator (which need not be there yet), election. End, in this
 * order: give the lock back, so that a standby leads at once; answer what is in flight; close.
 */
import { LATE, within } from "../base/bounded-wait.ts";
import { CodisError, isCodisError, messageOf } from "../base/error.ts";
import { createLog, type Log } from "../base/log.ts";
import type { GivenValues } from "../config/check.ts";
import { PidFile } from "../config/pid-file.ts";
import { parseBasePath } from "../console/base-path.ts";
import { TrustedProxies } from "../console/trusted-proxy.ts";
import type { Coordinator } from "../coordinator/coordinator.ts";
import { coordinatorKindOf, openCoordinator } from "../coordinator/open.ts";
import { advertisedAddr } from "../model/advertised-addr.ts";
import { startAdminServer } from "./admin/admin-server.ts";
import { type DashboardRunOptions, parseDashboardArgs } from "./config/args.ts";
import type { DashboardConfig } from "./config/key.ts";
import { dashboardConfigToJson } from "./config/load.ts";
import { Dashboard, removeLock } from "./dashboard.ts";

/** Longest wait for calls under way at the end, and for the connection to the coordinator to close. */
const END_MS = 5_000;

/**
 * Runs `codis dashboard ARGV`; resolves with the exit code, or rejects with a `CodisError`. `readConfig` reads
 * the file of `--config` when it isn't TOML.
 */
export async function runDashboard(
  argv: readonly string[],
  readConfig?: (path: string) => GivenValues,
): Promise<number> {
  const order = parseDashboardArgs(argv, readConfig);
  if (order.kind === "print") {
    process.stdout.write(order.text);
    return 0;
  }
  const { config, options, warnings } = order;
  const log = await createLog({
    component: "dashboard",
    level: options.logLevel,
    file: options.logFile,
    fields: { product: config.productName },
  });
  try {
    for (const warning of warnings) {
      log.warn("config.warning", warning);
    }
    await run(config, options, log);
    return 0;
  } finally {
    await log.close();
  }
}

async function run(config: DashboardConfig, options: DashboardRunOptions, log: Log): Promise<void> {
  const ended = endSignal();
  const coordinator = await open(config, log);
  const dashboard = new Dashboard({ coordinator, config, log });
  const pidFile = new PidFile(options.pidFile);
  try {
    const admin = await startAdminServer({
      control: dashboard,
      productName: config.productName,
      adminAddr: config.adminAddr,
      config: dashboardConfigToJson(config),
      legacyApi: config.legacyApi,
      ...consoleOptions(config),
      log,
    });
    try {
      pidFile.write();
      if (options.removeLock) {
        await Promise.race([removeLock(coordinator, config.productName, log), ended]);
      }
      dashboard.start(options.hostAdmin ?? (await advertisedAddr(admin.addr)));
      log.info("dashboard.started", `listens at ${admin.addr}, topology in ${coordinator.label}`, {
        admin_addr: admin.addr,
      });
      const cause = await Promise.race([ended, dashboard.ended, dashboard.failed]);
      log.info("dashboard.stopping", `ends: ${messageOf(cause)}`);
      await dashboard.close();
      if (isCodisError(cause)) {
        throw cause;
      }
    } finally {
      await endInTime(admin.close(), log);
    }
  } finally {
    await endInTime(coordinator.close(), log);
    pidFile.remove();
    log.info("dashboard.stopped", "the dashboard has ended");
  }
}

/** What the keys of the console and of access mean for the port; `load.ts` has checked them. */
function consoleOptions(config: DashboardConfig) {
  return {
    isApiOpen: config.apiOpen,
    label: config.productLabel,
    hasConsole: config.console,
    basePath: parseBasePath(config.consoleBasePath) ?? "/",
    trustedProxies: TrustedProxies.parse(config.trustedProxies) ?? new TrustedProxies(),
  };
}

/** A client that holds its request back, or a coordinator that is silent, doesn't keep the process alive. */
async function endInTime(ended: Promise<void>, log: Log): Promise<void> {
  if ((await within(END_MS, ended)) === LATE) {
    log.warn("dashboard.end-late", `what is still under way after ${END_MS} ms is broken off`);
  }
}

function open(config: DashboardConfig, log: Log): Promise<Coordinator> {
  const kind = coordinatorKindOf(config.coordinatorName);
  if (kind === undefined) {
    throw new CodisError("INTERNAL", `no coordinator ${config.coordinatorName}`);
  }
  return openCoordinator({
    kind,
    addr: config.coordinatorAddr,
    auth: config.coordinatorAuth,
    operationTimeoutMs: config.coordinatorTimeoutMs,
    onState: (line) => log.warn("coordinator.state", line),
  });
}

function endSignal(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  process.once("SIGTERM", () => resolve("SIGTERM"));
  process.once("SIGINT", () => resolve("SIGINT"));
  return promise;
}
