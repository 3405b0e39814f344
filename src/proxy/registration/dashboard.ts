/**
 * Registers this proxy with its dashboard at the start, as codis-proxy 3.2 does for its flags `--dashboard`,
 * `--zookeeper`, `--etcd` and `--filesystem`: asks the dashboard to bring the proxy at our admin address
 * online. The dashboard then calls us: model, slots, start.
 *
 * Where a coordinator is given, the dashboard's address is read from the product's lock before each try. A
 * standby tells its leader's address, which is followed once. Tries are 3 s apart; meanwhile the proxy
 * listens and refuses clients ("router is not online").
 */
import { setTimeout as sleep } from "node:timers/promises";
import { exchangeHttp } from "../../api/http-call.ts";
import { LEADER_HEADER, TOPOM_ROUTES } from "../../api/topom-route.ts";
import { dashboardXauth } from "../../api/xauth.ts";
import { CodisError, isCodisError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { Coordinator } from "../../coordinator/coordinator.ts";
import type { CoordinatorOptions } from "../../coordinator/open.ts";
import { parseServerAddr } from "../../model/address.ts";
import { coordinatorPath } from "../../model/coordinator-path.ts";
import { type DashboardModel, decodeDashboardModel } from "../../model/dashboard-model.ts";
import { parseJsonNode } from "../../model/json-record.ts";
import type { DashboardSource } from "../config/args.ts";

/** Tries with an address, and through a coordinator, as the original. */
const TRIES = { address: 10, coordinator: 30 } as const;
const TRY_PAUSE_MS = 3000;
/** For the dashboard's model. */
const MODEL_TIMEOUT_MS = 5000;
/** The dashboard calls us back several times before it answers; the original's bound of a whole call. */
const ONLINE_TIMEOUT_MS = 60_000;

/** What a registration needs. */
export interface DashboardLogin {
  readonly source: DashboardSource;
  readonly productName: string;
  /** Our admin address, as the dashboard reaches it. */
  readonly adminAddr: string;
  readonly log: Log;
  /** Whether the proxy serves: a dashboard that knew it may have brought it online by itself. */
  readonly isOnline: () => boolean;
  /** Ends the tries without an error. */
  readonly signal: AbortSignal;
  /** Instead of the real ones (tests). */
  readonly open?: (options: CoordinatorOptions) => Promise<Coordinator>;
  readonly tryPauseMs?: number;
}

/**
 * Resolves when a dashboard has taken the proxy, or when `signal` ended it. Rejects with `CONFIG_INVALID` when
 * the dashboard is another product's, and with `PROXY_CALL_FAILED` when all tries failed and no dashboard
 * brought the proxy online by itself either.
 */
export async function registerWithDashboard(login: DashboardLogin): Promise<void> {
  const { source } = login;
  if (source.kind === "address") {
    await tryAgainAndAgain(login, TRIES.address, async () => source.addr);
    return;
  }
  const open = login.open ?? (await import("../../coordinator/open.ts")).openCoordinator;
  const coordinator = await open({
    kind: source.kind,
    addr: source.addr,
    auth: source.auth,
    operationTimeoutMs: MODEL_TIMEOUT_MS,
  });
  try {
    await tryAgainAndAgain(login, TRIES.coordinator, () =>
      readDashboardAddr(coordinator, login.productName),
    );
  } finally {
    await coordinator.close();
  }
}

async function tryAgainAndAgain(
  login: DashboardLogin,
  tries: number,
  findAddr: () => Promise<string>,
): Promise<void> {
  const { log, signal } = login;
  for (let attempt = 1; ; attempt++) {
    try {
      const addr = await register(login, await findAddr());
      log.info("dashboard.registered", `the dashboard ${addr} has taken this proxy`, { addr });
      return;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (!isCodisError(error) || error.code === "CONFIG_INVALID") {
        throw error;
      }
      if (attempt === tries) {
        giveUp(login, tries, error);
        return;
      }
      const message = `no dashboard has taken this proxy yet: ${error.message}`;
      log.warn("dashboard.retry", message, { attempt, tries });
    }
    try {
      await sleep(login.tryPauseMs ?? TRY_PAUSE_MS, undefined, { signal });
    } catch {
      return; // The signal: the proxy ends.
    }
  }
}

function giveUp(login: DashboardLogin, tries: number, error: CodisError): void {
  if (login.isOnline()) {
    // To end a proxy that serves, because of what its dashboard says of it, would help nobody.
    const message = `serves, though no call to the dashboard worked: ${error.message}`;
    login.log.warn("dashboard.gave_up", message);
    return;
  }
  throw new CodisError(
    "PROXY_CALL_FAILED",
    `no dashboard has taken this proxy in ${tries} tries; the last one: ${error.message}`,
    { cause: error },
  );
}

/** One try; gives the address of the dashboard that took us. */
async function register(login: DashboardLogin, addr: string): Promise<string> {
  const leaderAddr = await lookAtDashboard(login, addr);
  if (leaderAddr === undefined) {
    await bringOnline(login, addr);
    return addr;
  }
  await lookAtDashboard(login, leaderAddr);
  await bringOnline(login, leaderAddr);
  return leaderAddr;
}

/** Checks the product; gives the address of the leader if this one is a standby. */
async function lookAtDashboard(login: DashboardLogin, addr: string): Promise<string | undefined> {
  const { path } = TOPOM_ROUTES.model;
  const { text, headers } = await exchangeHttp({
    addr,
    method: "GET",
    path,
    shownPath: path,
    timeoutMs: MODEL_TIMEOUT_MS,
    signal: login.signal,
  });
  const model = decodeModel(text, `model of the dashboard ${addr}`);
  if (model.productName !== login.productName) {
    throw new CodisError(
      "CONFIG_INVALID",
      `the dashboard ${addr} is the one of product "${model.productName}", but product_name here ` +
        `is "${login.productName}"`,
    );
  }
  const leaderAddr = headers[LEADER_HEADER];
  return typeof leaderAddr === "string" && parseServerAddr(leaderAddr) !== undefined
    ? leaderAddr
    : undefined;
}

async function bringOnline(login: DashboardLogin, addr: string): Promise<void> {
  const { path } = TOPOM_ROUTES.onlineProxy;
  await exchangeHttp({
    addr,
    method: "PUT",
    path: path
      .replace(":xauth", dashboardXauth(login.productName))
      .replace(":addr", encodeURIComponent(login.adminAddr)),
    shownPath: path,
    timeoutMs: ONLINE_TIMEOUT_MS,
    signal: login.signal,
  });
}

async function readDashboardAddr(coordinator: Coordinator, productName: string): Promise<string> {
  const path = coordinatorPath.lock(productName);
  const node = await coordinator.get(path);
  if (node === undefined) {
    throw new CodisError("NOT_FOUND", `no dashboard leads: ${coordinator.label} has no ${path}`);
  }
  return decodeModel(node.data, `${path} at ${coordinator.label}`).adminAddr;
}

function decodeModel(text: string, source: string): DashboardModel {
  return decodeDashboardModel(parseJsonNode(text, source), source);
}
