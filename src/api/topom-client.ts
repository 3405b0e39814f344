/**
 * Typed client for the API of Codis 3.2 on a dashboard, ours or the original's: for `codis admin`,
 * `codis config`, `codis ha` and tests. The xauth is made of the product's name, which is read from the
 * dashboard before the first call that needs it.
 *
 * `fetchText` gives any answer as the dashboard wrote it, for command lines that print it. Methods reject
 * with a `CodisError`: the dashboard's own code if it is ours, else `REMOTE_REFUSED`, or
 * `REMOTE_UNREACHABLE`.
 */
import type { DashboardModelJson } from "../model/dashboard-model.ts";
import type { SlotJson } from "../model/slot.ts";
import { callHttp, parseAnswer } from "./http-call.ts";
import type {
  RebalancePlanJson,
  SentinelGroupJson,
  SlotAssignJson,
  TopomOverviewJson,
  TopomStatsJson,
} from "./topom-json.ts";
import { TOPOM_ROUTES, type TopomRoute, type TopomRouteName } from "./topom-route.ts";
import { dashboardXauth } from "./xauth.ts";

/** Whom to call. */
export interface TopomClientOptions {
  /** Admin address, `host:port`. */
  readonly addr: string;
  /** For each call; 60 s as the original. */
  readonly timeoutMs?: number;
  /** Secret of a user's token; lets a caller from elsewhere change things when the old API is read-only. */
  readonly token?: string | undefined;
}

/** Parameters of a path, without the xauth. */
export type TopomParams = Readonly<Record<string, string | number>>;

const DEFAULT_TIMEOUT_MS = 60_000;

/** Calls one dashboard. */
export class TopomClient {
  readonly #options: TopomClientOptions;
  #xauth: string | undefined;

  constructor(options: TopomClientOptions) {
    this.#options = options;
  }

  /** The text of an answer as it came: JSON indented by 4. */
  async fetchText(name: TopomRouteName, params: TopomParams = {}, body?: unknown): Promise<string> {
    const route: TopomRoute = TOPOM_ROUTES[name];
    const { addr, token, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const xauth = route.auth === "xauth" ? await this.#readXauth() : "";
    return callHttp({
      addr,
      method: route.method,
      path: route.path.replace(/:(\w+)/g, (_match, param: string) =>
        encodeURIComponent(param === "xauth" ? xauth : (params[param] ?? "")),
      ),
      shownPath: route.path,
      timeoutMs,
      ...(body === undefined ? {} : { body }),
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    });
  }

  /** Everything. */
  overview(): Promise<TopomOverviewJson> {
    return this.#read("overview");
  }

  model(): Promise<DashboardModelJson> {
    return this.#read("model");
  }

  stats(): Promise<TopomStatsJson> {
    return this.#read("stats");
  }

  /** The slots as proxies are told. */
  slots(): Promise<readonly SlotJson[]> {
    return this.#read("slots");
  }

  /** Checks that the dashboard takes the xauth. */
  async ping(): Promise<void> {
    await this.fetchText("xping");
  }

  async reload(): Promise<void> {
    await this.fetchText("reload");
  }

  async shutdown(): Promise<void> {
    await this.fetchText("shutdown");
  }

  async setLogLevel(level: string): Promise<void> {
    await this.fetchText("logLevel", { value: level });
  }

  /** `addr` is the proxy's admin address. */
  async createProxy(addr: string): Promise<void> {
    await this.fetchText("createProxy", { addr });
  }

  async onlineProxy(addr: string): Promise<void> {
    await this.fetchText("onlineProxy", { addr });
  }

  async reinitProxy(token: string): Promise<void> {
    await this.fetchText("reinitProxy", { token });
  }

  async removeProxy(token: string, isForced: boolean): Promise<void> {
    await this.fetchText("removeProxy", { token, force: isForced ? 1 : 0 });
  }

  async createGroup(groupId: number): Promise<void> {
    await this.fetchText("createGroup", { gid: groupId });
  }

  async removeGroup(groupId: number): Promise<void> {
    await this.fetchText("removeGroup", { gid: groupId });
  }

  async resyncGroup(groupId: number): Promise<void> {
    await this.fetchText("resyncGroup", { gid: groupId });
  }

  async resyncAllGroups(): Promise<void> {
    await this.fetchText("resyncAllGroups");
  }

  async addServer(groupId: number, addr: string, datacenter = ""): Promise<void> {
    await (datacenter === ""
      ? this.fetchText("addServer", { gid: groupId, addr })
      : this.fetchText("addServerAt", { gid: groupId, addr, datacenter }));
  }

  async removeServer(groupId: number, addr: string): Promise<void> {
    await this.fetchText("removeServer", { gid: groupId, addr });
  }

  async promoteServer(groupId: number, addr: string): Promise<void> {
    await this.fetchText("promoteServer", { gid: groupId, addr });
  }

  async setReplicaGroup(groupId: number, addr: string, isEnabled: boolean): Promise<void> {
    await this.fetchText("setReplicaGroup", { gid: groupId, addr, value: isEnabled ? 1 : 0 });
  }

  async setAllReplicaGroups(isEnabled: boolean): Promise<void> {
    await this.fetchText("setAllReplicaGroups", { value: isEnabled ? 1 : 0 });
  }

  async createSyncAction(addr: string): Promise<void> {
    await this.fetchText("createSyncAction", { addr });
  }

  async removeSyncAction(addr: string): Promise<void> {
    await this.fetchText("removeSyncAction", { addr });
  }

  serverInfo(addr: string): Promise<Readonly<Record<string, string>>> {
    return this.#read("serverInfo", { addr });
  }

  async createSlotAction(slotId: number, groupId: number): Promise<void> {
    await this.fetchText("createSlotAction", { sid: slotId, gid: groupId });
  }

  async createSomeSlotActions(from: number, to: number, count: number): Promise<void> {
    await this.fetchText("createSomeSlotActions", { src: from, dst: to, num: count });
  }

  /** `first` and `last` are both included. */
  async createSlotRangeActions(first: number, last: number, groupId: number): Promise<void> {
    await this.fetchText("createSlotRangeActions", { beg: first, end: last, gid: groupId });
  }

  async removeSlotAction(slotId: number): Promise<void> {
    await this.fetchText("removeSlotAction", { sid: slotId });
  }

  async setSlotActionInterval(us: number): Promise<void> {
    await this.fetchText("setSlotActionInterval", { value: us });
  }

  async setSlotActionDisabled(isDisabled: boolean): Promise<void> {
    await this.fetchText("setSlotActionDisabled", { value: isDisabled ? 1 : 0 });
  }

  /** Gives slots to groups by force; no data moves. */
  async assignSlots(assignments: readonly SlotAssignJson[]): Promise<void> {
    await this.fetchText("assignSlots", {}, assignments);
  }

  async offlineSlots(assignments: readonly SlotAssignJson[]): Promise<void> {
    await this.fetchText("offlineSlots", {}, assignments);
  }

  /** The plan; `isConfirmed` also orders its moves. */
  rebalance(isConfirmed: boolean): Promise<RebalancePlanJson> {
    return this.#read("rebalance", { confirm: isConfirmed ? 1 : 0 });
  }

  async addSentinel(addr: string): Promise<void> {
    await this.fetchText("addSentinel", { addr });
  }

  async removeSentinel(addr: string, isForced: boolean): Promise<void> {
    await this.fetchText("removeSentinel", { addr, force: isForced ? 1 : 0 });
  }

  async resyncSentinels(): Promise<void> {
    await this.fetchText("resyncSentinels");
  }

  sentinelInfo(addr: string): Promise<Readonly<Record<string, string>>> {
    return this.#read("sentinelInfo", { addr });
  }

  /** By master name. */
  sentinelMonitored(addr: string): Promise<Readonly<Record<string, SentinelGroupJson>>> {
    return this.#read("sentinelMonitored", { addr });
  }

  async #readXauth(): Promise<string> {
    this.#xauth ??= dashboardXauth((await this.model()).product_name);
    return this.#xauth;
  }

  async #read<T>(name: TopomRouteName, params: TopomParams = {}): Promise<T> {
    return parseAnswer(this.#options.addr, await this.fetchText(name, params));
  }
}
