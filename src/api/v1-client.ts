/**
 * Typed client for `/api/v1` of a dashboard, for the everyday command lines and tests. Each method is one
 * call of `v1-path.ts`; lists are read to their last page. Loads no schemas: what our own dashboard answers
 * is taken as its OpenAPI document says.
 *
 * Methods reject with a `CodisError` that has the dashboard's own code, or `REMOTE_UNREACHABLE`.
 */
import { CodisError } from "../base/error.ts";
import type { LogLevel } from "../base/log-level.ts";
import { callHttp, parseAnswer } from "./http-call.ts";
import { encodeReason, REASON_HEADER } from "./reason.ts";
import type {
  V1AuditList,
  V1CreatedToken,
  V1CreatedUser,
  V1Me,
  V1NewToken,
  V1NewUser,
  V1OwnPassword,
  V1User,
  V1UserChange,
  V1UserList,
} from "./v1-access-schema.ts";
import type {
  V1Availability,
  V1Failover,
  V1FailoverList,
  V1FailoverSummary,
  V1PromotionPlan,
  V1RepairReport,
  V1RepairRequest,
} from "./v1-availability-schema.ts";
import type { V1Session } from "./v1-console-schema.ts";
import type {
  V1CancelRequest,
  V1NewOperation,
  V1Operation,
  V1OperationChange,
  V1OperationList,
  V1OperationSummary,
  V1Plan,
  V1PlanRequest,
} from "./v1-operation-schema.ts";
import { topologyTag, V1_PATHS, type V1Name } from "./v1-path.ts";
import type { V1Health, V1LogLevel, V1Stats } from "./v1-state-schema.ts";
import type {
  V1AssignRequest,
  V1AssignResult,
  V1Group,
  V1GroupList,
  V1NewProxy,
  V1NewServer,
  V1Product,
  V1Proxy,
  V1ProxyList,
  V1PushReport,
  V1RegistrationList,
  V1SentinelList,
  V1Server,
  V1ServerInfo,
  V1Slot,
  V1SlotKeys,
  V1SlotList,
} from "./v1-topology-schema.ts";

/** Whom to call, and as whom. */
export interface V1ClientOptions {
  /** Admin address of the dashboard, `host:port`. */
  readonly addr: string;
  /** Secret of a token; not needed while the product has no users. */
  readonly token?: string | undefined;
  /** Why, for the audit log: sent with every change. */
  readonly reason?: string | undefined;
  /** For each call but `createPlan`; 60 s. */
  readonly timeoutMs?: number;
}

/** Version of the topology that a change is meant for; another one makes it fail. */
export interface V1Version {
  readonly epoch: number;
  readonly revision: number;
}

/** Which slots to list. */
export interface V1SlotFilter {
  readonly from?: number;
  readonly to?: number;
  /** 0: the offline ones. */
  readonly groupId?: number;
}

type CallParts = {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly ifMatch?: V1Version | undefined;
  readonly timeoutMs?: number;
};

const DEFAULT_TIMEOUT_MS = 60_000;
/** The largest `plan_timeout`, and as long again as any call. */
const PLAN_TIMEOUT_MS = 660_000;
/** More pages than this are an endless list, thus a defect of the other side. */
const PAGES_MAX = 100;

/** Calls one dashboard. */
export class V1Client {
  readonly #options: V1ClientOptions;

  constructor(options: V1ClientOptions) {
    this.#options = options;
  }

  product(): Promise<V1Product> {
    return this.#call("getProduct");
  }

  /** Sets whether replicas may be read from, for every server. */
  setAllReplicaReads(isEnabled: boolean): Promise<V1Product> {
    return this.#call("updateProduct", { body: { replica_reads: isEnabled } });
  }

  /** Pushes the slots of all groups to all proxies. */
  resyncProduct(): Promise<V1PushReport> {
    return this.#call("resyncProduct");
  }

  health(): Promise<V1Health> {
    return this.#call("getHealth");
  }

  stats(): Promise<V1Stats> {
    return this.#call("getStats");
  }

  /** All groups, in order of their ids. */
  groups(): Promise<readonly V1Group[]> {
    return this.#readAll<V1Group, V1GroupList>("listGroups");
  }

  group(groupId: number): Promise<V1Group> {
    return this.#call("getGroup", { params: { gid: groupId } });
  }

  createGroup(groupId: number): Promise<V1Group> {
    return this.#call("createGroup", { body: { id: groupId } });
  }

  async removeGroup(groupId: number): Promise<void> {
    await this.#call("removeGroup", { params: { gid: groupId } });
  }

  resyncGroup(groupId: number): Promise<V1PushReport> {
    return this.#call("resyncGroup", { params: { gid: groupId } });
  }

  addServer(groupId: number, server: V1NewServer): Promise<V1Server> {
    return this.#call("addServer", { params: { gid: groupId }, body: server });
  }

  server(groupId: number, addr: string): Promise<V1Server> {
    return this.#call("getServer", { params: { gid: groupId, addr } });
  }

  async removeServer(groupId: number, addr: string): Promise<void> {
    await this.#call("removeServer", { params: { gid: groupId, addr } });
  }

  /** Sets whether this server may be read from when it is a replica. */
  setReplicaReads(groupId: number, addr: string, isEnabled: boolean): Promise<V1Server> {
    const body = { replica_reads: isEnabled };
    return this.#call("updateServer", { params: { gid: groupId, addr }, body });
  }

  /** Orders that the server becomes a replica of its group's master. */
  startSync(groupId: number, addr: string): Promise<V1Server> {
    return this.#call("startSync", { params: { gid: groupId, addr } });
  }

  async cancelSync(groupId: number, addr: string): Promise<void> {
    await this.#call("cancelSync", { params: { gid: groupId, addr } });
  }

  /** INFO of the server, asked now. */
  serverInfo(groupId: number, addr: string): Promise<V1ServerInfo> {
    return this.#call("getServerInfo", { params: { gid: groupId, addr } });
  }

  slots(filter: V1SlotFilter = {}): Promise<V1SlotList> {
    const query = { from: filter.from, to: filter.to, group_id: filter.groupId };
    return this.#call("listSlots", { query });
  }

  slot(id: number): Promise<V1Slot> {
    return this.#call("getSlot", { params: { id } });
  }

  /** Asked from every server now. */
  slotKeys(): Promise<V1SlotKeys> {
    return this.#call("listSlotKeys", {});
  }

  /** Gives slots to groups by force; with `dry_run` only tells what would change. */
  assignSlots(request: V1AssignRequest, ifMatch?: V1Version): Promise<V1AssignResult> {
    return this.#call("assignSlots", { body: request, ifMatch });
  }

  /** Measures the servers and plans; moves nothing. */
  createPlan(request: V1PlanRequest): Promise<V1Plan> {
    // The dashboard's own bound counts, whatever calls otherwise have.
    return this.#call("createPlan", { body: request, timeoutMs: PLAN_TIMEOUT_MS });
  }

  plan(id: string): Promise<V1Plan> {
    return this.#call("getPlan", { params: { id } });
  }

  /** Starts a plan. */
  startOperation(operation: V1NewOperation, ifMatch?: V1Version): Promise<V1Operation> {
    return this.#call("startOperation", { body: operation, ifMatch });
  }

  /** The newest first; `open`: only those that haven't ended. */
  operations(
    filter: { readonly open?: boolean | undefined } = {},
  ): Promise<readonly V1OperationSummary[]> {
    const { open } = filter;
    return this.#readAll<V1OperationSummary, V1OperationList>("listOperations", { open });
  }

  operation(id: string): Promise<V1Operation> {
    return this.#call("getOperation", { params: { id } });
  }

  /** Sets limits of speed, 0 for none; what isn't given stays as it is. */
  updateOperation(id: string, change: V1OperationChange): Promise<V1Operation> {
    return this.#call("updateOperation", { params: { id }, body: change });
  }

  pauseOperation(id: string): Promise<V1Operation> {
    return this.#call("pauseOperation", { params: { id } });
  }

  resumeOperation(id: string): Promise<V1Operation> {
    return this.#call("resumeOperation", { params: { id } });
  }

  cancelOperation(id: string, how: V1CancelRequest = {}): Promise<V1Operation> {
    return this.#call("cancelOperation", { params: { id }, body: how });
  }

  /** All proxies, in order of their ids. */
  proxies(): Promise<readonly V1Proxy[]> {
    return this.#readAll<V1Proxy, V1ProxyList>("listProxies");
  }

  /** Proxies that applications find in the coordinator. */
  registrations(): Promise<V1RegistrationList> {
    return this.#call("listRegistrations");
  }

  proxy(token: string): Promise<V1Proxy> {
    return this.#call("getProxy", { params: { token } });
  }

  addProxy(proxy: V1NewProxy): Promise<V1Proxy> {
    return this.#call("addProxy", { body: proxy });
  }

  /** `force`: forgets it also when it can't be told to shut down. */
  async removeProxy(token: string, options: { readonly force: boolean }): Promise<void> {
    await this.#call("removeProxy", { params: { token }, query: { force: options.force } });
  }

  reinitProxy(token: string): Promise<V1Proxy> {
    return this.#call("reinitProxy", { params: { token } });
  }

  sentinels(): Promise<V1SentinelList> {
    return this.#call("listSentinels");
  }

  addSentinel(addr: string): Promise<V1SentinelList> {
    return this.#call("addSentinel", { body: { addr } });
  }

  async removeSentinel(addr: string, options: { readonly force: boolean }): Promise<void> {
    await this.#call("removeSentinel", { params: { addr }, query: { force: options.force } });
  }

  resyncSentinels(): Promise<V1SentinelList> {
    return this.#call("resyncSentinels");
  }

  /** Detector, faults of replication, proxies that are gone. */
  availability(): Promise<V1Availability> {
    return this.#call("getAvailability");
  }

  /** What promoting the replica would mean; changes nothing. */
  planPromotion(groupId: number, addr: string): Promise<V1PromotionPlan> {
    return this.#call("planPromotion", { params: { gid: groupId, addr } });
  }

  /** Makes the replica the master, without losing a write; resolves when the group is served by it. */
  promoteServer(groupId: number, addr: string): Promise<V1Failover> {
    return this.#call("promoteServer", { params: { gid: groupId, addr } });
  }

  /** Stories of changed masters, the newest first; `open`: only those that haven't ended. */
  failovers(
    filter: { readonly groupId?: number | undefined; readonly open?: boolean | undefined } = {},
  ): Promise<readonly V1FailoverSummary[]> {
    const query = { group_id: filter.groupId, open: filter.open };
    return this.#readAll<V1FailoverSummary, V1FailoverList>("listFailovers", query);
  }

  failover(id: string): Promise<V1Failover> {
    return this.#call("getFailover", { params: { id } });
  }

  /** Makes servers what is stored; with `dry_run` only says what it would do. */
  repairReplication(request: V1RepairRequest): Promise<V1RepairReport> {
    return this.#call("repairReplication", { body: request });
  }

  /** An operator's word that the proxy can't write any more. */
  declareProxyGone(token: string): Promise<V1Proxy> {
    return this.#call("declareProxyGone", { params: { token }, body: { cannot_write: true } });
  }

  /** Who this client is to the dashboard. */
  me(): Promise<V1Me> {
    return this.#call("getMe");
  }

  /** Gives this client's user another password; ends the sessions. */
  setOwnPassword(change: V1OwnPassword): Promise<V1Me> {
    return this.#call("setOwnPassword", { body: change });
  }

  async users(): Promise<readonly V1User[]> {
    return (await this.#call<V1UserList>("listUsers")).items;
  }

  user(name: string): Promise<V1User> {
    return this.#call("getUser", { params: { name } });
  }

  /** Makes a user; without a password with a first token, whose secret is in the answer and nowhere else. */
  createUser(user: V1NewUser): Promise<V1CreatedUser> {
    return this.#call("createUser", { body: user });
  }

  /** Changes what is given; password null takes it away. */
  updateUser(name: string, change: V1UserChange): Promise<V1User> {
    return this.#call("updateUser", { params: { name }, body: change });
  }

  /** What the console knows of this client; needs no token. */
  session(): Promise<V1Session> {
    return this.#call("getSession");
  }

  async removeUser(name: string): Promise<void> {
    await this.#call("removeUser", { params: { name } });
  }

  createToken(userName: string, token: V1NewToken): Promise<V1CreatedToken> {
    return this.#call("createToken", { params: { name: userName }, body: token });
  }

  async revokeToken(userName: string, tokenName: string): Promise<void> {
    await this.#call("revokeToken", { params: { name: userName, token: tokenName } });
  }

  /** One page of the audit log, newest first. */
  audit(page: { readonly limit?: number; readonly before?: number } = {}): Promise<V1AuditList> {
    return this.#call("listAudit", { query: page });
  }

  async logLevel(): Promise<LogLevel> {
    return (await this.#call<V1LogLevel>("getLogLevel")).level;
  }

  async setLogLevel(level: LogLevel): Promise<void> {
    await this.#call("setLogLevel", { body: { level } });
  }

  /** Has the dashboard read the coordinator again. */
  async reload(): Promise<void> {
    await this.#call("reload");
  }

  async shutdown(): Promise<void> {
    await this.#call("shutdown");
  }

  async #readAll<Item, Page extends { items: readonly Item[]; next: string | null }>(
    name: V1Name,
    query: CallParts["query"] = {},
  ): Promise<readonly Item[]> {
    const items: Item[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const page: Page = await this.#call<Page>(name, { query: { ...query, after } });
      items.push(...page.items);
      if (page.next === null) {
        return items;
      }
      after = page.next;
    }
    throw new CodisError(
      "REMOTE_REFUSED",
      `${this.#options.addr} answered a list without an end: more than ${PAGES_MAX} pages`,
    );
  }

  async #call<T>(name: V1Name, parts: CallParts = {}): Promise<T> {
    const { method, path } = V1_PATHS[name];
    const { addr, token, reason } = this.#options;
    const timeoutMs = parts.timeoutMs ?? this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const text = await callHttp({
      addr,
      method,
      path: fillPath(path, parts),
      shownPath: path,
      timeoutMs: parts.timeoutMs ?? timeoutMs,
      ...(parts.body === undefined ? {} : { body: parts.body }),
      headers: {
        Accept: "application/json",
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(reason === undefined || method === "GET"
          ? {}
          : { [REASON_HEADER]: encodeReason(reason) }),
        ...(parts.ifMatch === undefined
          ? {}
          : { "If-Match": topologyTag(parts.ifMatch.epoch, parts.ifMatch.revision) }),
      },
    });
    return parseAnswer(addr, text);
  }
}

function fillPath(path: string, parts: CallParts): string {
  const filled = path.replace(/\{(\w+)\}/g, (_match, param: string) =>
    encodeURIComponent(parts.params?.[param] ?? ""),
  );
  const query = Object.entries(parts.query ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return query.length === 0 ? filled : `${filled}?${query.join("&")}`;
}
