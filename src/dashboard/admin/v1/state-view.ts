/**
 * The state of a product in the form of `/api/v1`: what is wrong with it, how much there is of everything,
 * and sums of figures. From the last looks only; nothing here connects to anything.
 */
import { problemCode } from "../../../api/problem-code.ts";
import type { ProductLabel } from "../../../api/v1-console-schema.ts";
import type { ProblemKind, V1Health, V1Stats } from "../../../api/v1-state-schema.ts";
import type { V1Product } from "../../../api/v1-topology-schema.ts";
import { RUNTIME, VERSION } from "../../../base/version.ts";
import type { DashboardModel } from "../../../model/dashboard-model.ts";
import type { GroupRecord } from "../../../model/group.ts";
import type { Operation } from "../../../model/operation/operation.ts";
import { isEnded } from "../../../model/operation/operation-slot.ts";
import { saidOf, say } from "../../../model/phrase/phrase.ts";
import { formatRanges } from "../../../model/slot-range.ts";
import { serverKey } from "../../../model/topology/topology.ts";
import { infoKeys, infoMaster, infoNumber, type ServerInfo } from "../../../redis/info.ts";
import type { LeaderControl, ServerFigures } from "../../control.ts";
import { compareFunctions } from "../../group/function-copy.ts";
import { availabilityProblems } from "./availability-problem.ts";
import { proxyStatus, serverStatus, viewVersion } from "./view.ts";

/** A problem that is there now. */
export type Finding = Omit<V1Health["problems"][number], "code" | "since" | "said">;

/** `GET /api/v1/health`; `sinceMs` tells when each was first seen, milliseconds since 1970. */
export function viewHealth(
  leader: LeaderControl,
  findings: readonly Finding[],
  sinceMs: (finding: Finding) => number,
): V1Health {
  const isCritical = findings.some((each) => each.is_critical);
  return {
    ...viewVersion(leader),
    status: isCritical ? "critical" : findings.length > 0 ? "degraded" : "ok",
    faults: [...leader.topology().faults],
    problems: findings.map((finding) => ({
      ...finding,
      ...saidOf(finding.message),
      code: problemCode(finding.kind),
      since: new Date(sinceMs(finding)).toISOString(),
    })),
  };
}

/** What is wrong now, from the last looks at everything. */
export function findProblems(leader: LeaderControl): readonly Finding[] {
  const { faults } = leader.topology();
  return [
    ...faults.map((fault) => {
      const [path = fault, ...what] = fault.split(": ");
      return problem("fault", path, what.join(": "), fault.includes("/slots/"));
    }),
    ...slotProblems(leader),
    ...operationProblems(leader),
    ...[...leader.topology().groups.values()].flatMap((group) => groupProblems(leader, group)),
    ...functionProblems(leader),
    ...proxyProblems(leader),
    ...sentinelProblems(leader),
    ...availabilityProblems(leader),
  ];
}

function problem(kind: ProblemKind, subject: string, message: string, isCritical = false): Finding {
  return { kind, is_critical: isCritical, subject, message };
}

function slotProblems(leader: LeaderControl): Finding[] {
  const { slots } = leader.topology();
  const offline = slots.filter((slot) => slot.groupId === 0 && slot.action.state === "");
  // Slots of an operation are as they should be; if they aren't, the operation says so.
  const owned = new Set(
    openOperations(leader).flatMap(({ moves }) => moves.map(({ slotId }) => slotId)),
  );
  const moving = slots.filter((slot) => slot.action.state !== "" && !owned.has(slot.id));
  return [
    ...describeSlots("slots_offline", offline, "slots.offline", true),
    ...describeSlots("slot_moving", moving, "slots.moving", false),
  ];
}

function operationProblems(leader: LeaderControl): Finding[] {
  return (
    openOperations(leader)
      // Waiting for slots that go the other way is nothing wrong.
      .filter(({ reason, reasonCode }) => reason !== "" && reasonCode !== "direction")
      .map(({ id, reason, isSelfPaused }) => {
        const code = isSelfPaused ? "operation.waits" : "operation.stuck";
        return problem("operation_trouble", `operation ${id}`, say(code, { why: reason }));
      })
  );
}

function openOperations(leader: LeaderControl): readonly Operation[] {
  return leader.migration.operations().filter(({ state }) => !isEnded(state));
}

function describeSlots(
  kind: ProblemKind,
  slots: readonly { readonly id: number }[],
  code: "slots.offline" | "slots.moving",
  isCritical: boolean,
): Finding[] {
  if (slots.length === 0) {
    return [];
  }
  const subject = `slots ${formatRanges(slots.map(({ id }) => id))}`;
  const count = slots.length === 1 ? say("n.slot", {}) : say("n.slots", { n: slots.length });
  return [problem(kind, subject, say(code, { slots: count }), isCritical)];
}

function groupProblems(leader: LeaderControl, group: GroupRecord): Finding[] {
  const subject = `group ${group.id}`;
  const ownsSlots = leader.topology().slots.some((slot) => slot.groupId === group.id);
  return [
    ...(group.servers.length === 0
      ? [problem("group_empty", subject, say("group.empty", {}), ownsSlots)]
      : []),
    ...(group.isOutOfSync
      ? [problem("group_out_of_sync", subject, say("group.unsynced", {}))]
      : []),
    ...(group.promoting.state === ""
      ? []
      : [
          problem(
            "group_promoting",
            subject,
            say("group.promoting", { state: group.promoting.state }),
          ),
        ]),
    ...group.servers.flatMap((_server, index) => serverProblems(leader, group, index, ownsSlots)),
  ];
}

function serverProblems(
  leader: LeaderControl,
  group: GroupRecord,
  index: number,
  ownsSlots: boolean,
): Finding[] {
  const server = group.servers[index];
  const master = group.servers[0];
  if (server === undefined || master === undefined) {
    return [];
  }
  const subject = `server ${server.addr}`;
  const figures = leader.serverFigures().get(server.addr);
  const status = serverStatus(figures);
  const found: Finding[] = [];
  if (server.action.state === "synced_failed") {
    found.push(problem("sync_failed", subject, say("server.unmade", {})));
  }
  if (status === "timeout" || status === "error") {
    const why = figures?.error ?? status;
    const isCritical = index === 0 && ownsSlots;
    const message = say(index === 0 ? "server.master" : "server.replica", { group: group.id, why });
    found.push(problem("server_unreachable", subject, message, isCritical));
  }
  return status === "up"
    ? [...found, ...roleProblems(figures, master.addr, index, subject)]
    : found;
}

function roleProblems(
  figures: ServerFigures | undefined,
  masterAddr: string,
  index: number,
  subject: string,
): Finding[] {
  const info = figures?.info;
  const role = info?.["role"];
  if (index === 0) {
    return role === "master"
      ? []
      : [problem("server_role", subject, say("server.role", { role: `${role}` }), true)];
  }
  const follows = infoMaster(info);
  if (follows === undefined) {
    return [problem("server_role", subject, say("server.alone", { master: masterAddr }))];
  }
  if (serverKey(follows) !== serverKey(masterAddr)) {
    return [
      problem("server_role", subject, say("server.other", { real: follows, master: masterAddr })),
    ];
  }
  const link = info?.["master_link_status"];
  return link === "up"
    ? []
    : [
        problem(
          "server_link",
          subject,
          say("server.link", { master: masterAddr, state: link ?? "unknown" }),
        ),
      ];
}

/** Masters should have the same FUNCTION libraries, since any slot may come to any group. */
function functionProblems(leader: LeaderControl): Finding[] {
  const differences = compareFunctions(leader.topology(), leader.serverFigures());
  return differences.map(({ library, text }) =>
    problem("functions_differ", `library ${library}`, text),
  );
}

function proxyProblems(leader: LeaderControl): Finding[] {
  return [...leader.topology().proxies.values()].flatMap((proxy) => {
    const subject = `proxy ${proxy.token}`;
    // By the number and address that people know it by.
    const name = { id: proxy.id, addr: proxy.adminAddr };
    const figures = leader.proxyFigures().get(proxy.token);
    const status = proxyStatus(figures);
    if (figures === undefined || status === "unknown") {
      return [];
    }
    if (status === "timeout" || status === "error") {
      const why = figures.error ?? status;
      return [problem("proxy_unreachable", subject, say("proxy.silent", { ...name, why }))];
    }
    const found: Finding[] = [];
    if (status !== "online") {
      found.push(
        problem("proxy_not_online", subject, say("proxy.state", { ...name, state: status })),
      );
    }
    if (figures.table === "pending" || figures.table === "unreachable") {
      found.push(problem("proxy_not_synced", subject, say("proxy.older", name)));
    }
    return found;
  });
}

function sentinelProblems(leader: LeaderControl): Finding[] {
  const { sentinel } = leader.topology();
  return sentinel.outOfSync
    ? [problem("sentinels_out_of_sync", "sentinels", say("sentinels.unsynced", {}))]
    : [];
}

/** What `GET /api/v1/product` needs besides the leader. */
export interface ProductFacts {
  readonly label: ProductLabel;
  readonly model: DashboardModel;
  readonly isOpen: boolean;
  readonly legacyApi: V1Product["legacy_api"];
}

/** `GET /api/v1/product`. */
export function viewProduct(leader: LeaderControl, facts: ProductFacts): V1Product {
  const topology = leader.topology();
  const servers = [...topology.groups.values()].flatMap((group) => group.servers);
  const upCount = servers.filter(
    ({ addr }) => serverStatus(leader.serverFigures().get(addr)) === "up",
  ).length;
  const proxies = [...topology.proxies.keys()].map((token) => leader.proxyFigures().get(token));
  const moving = topology.slots.filter((slot) => slot.action.state !== "").length;
  const offline = topology.slots.filter(
    (slot) => slot.action.state === "" && slot.groupId === 0,
  ).length;
  return {
    name: topology.product,
    label: facts.label,
    ...viewVersion(leader),
    slot_count: topology.slotCount,
    auth: facts.isOpen ? "open" : "token",
    legacy_api: facts.legacyApi,
    dashboard: {
      admin_addr: facts.model.adminAddr,
      start_time: facts.model.startTime,
      pid: facts.model.pid,
      version: VERSION,
      runtime: RUNTIME,
    },
    groups: topology.groups.size,
    servers: { total: servers.length, up: upCount },
    proxies: {
      total: proxies.length,
      online: proxies.filter((each) => proxyStatus(each) === "online").length,
      synced: proxies.filter((each) => each?.table === "synced").length,
    },
    slots: { online: topology.slotCount - offline - moving, offline, moving },
    sentinels: topology.sentinel.servers.length,
    faults: topology.faults.length,
  };
}

/** `GET /api/v1/stats`. */
export function viewStats(leader: LeaderControl, nowMs: number): V1Stats {
  const topology = leader.topology();
  const groups = [...topology.groups.values()].map((group) => ({
    id: group.id,
    ...sumServers(leader, group),
  }));
  const total = emptySums();
  for (const group of groups) {
    for (const field of Object.keys(total) as (keyof ServerSums)[]) {
      total[field] += group[field];
    }
  }
  return {
    at: new Date(nowMs).toISOString(),
    ...viewVersion(leader),
    servers: total,
    groups,
    proxies: sumProxies(leader),
  };
}

type ServerSums = V1Stats["servers"];

function emptySums(): ServerSums {
  return { total: 0, up: 0, keys: 0, memory_bytes: 0, clients: 0, ops_per_second: 0 };
}

function sumServers(leader: LeaderControl, group: GroupRecord): ServerSums {
  const sums = emptySums();
  for (const [index, { addr }] of group.servers.entries()) {
    const figures = leader.serverFigures().get(addr);
    const info: ServerInfo | undefined = figures?.info;
    sums.total += 1;
    sums.up += serverStatus(figures) === "up" ? 1 : 0;
    sums.keys += index === 0 ? (infoKeys(info) ?? 0) : 0;
    sums.memory_bytes += infoNumber(info, "used_memory") ?? 0;
    sums.clients += infoNumber(info, "connected_clients") ?? 0;
    sums.ops_per_second += infoNumber(info, "instantaneous_ops_per_sec") ?? 0;
  }
  return sums;
}

function sumProxies(leader: LeaderControl): V1Stats["proxies"] {
  const sums = {
    total: 0,
    online: 0,
    sessions: 0,
    sessions_opened: 0,
    ops: 0,
    ops_failed: 0,
    redis_errors: 0,
    ops_per_second: 0,
    memory_bytes: 0,
  };
  for (const token of leader.topology().proxies.keys()) {
    const figures = leader.proxyFigures().get(token);
    const stats = figures?.stats;
    sums.total += 1;
    sums.online += proxyStatus(figures) === "online" ? 1 : 0;
    sums.sessions += stats?.sessions.alive ?? 0;
    sums.sessions_opened += stats?.sessions.total ?? 0;
    sums.ops += stats?.ops.total ?? 0;
    sums.ops_failed += stats?.ops.fails ?? 0;
    sums.redis_errors += stats?.ops.redis.errors ?? 0;
    sums.ops_per_second += stats?.ops.qps ?? 0;
    sums.memory_bytes += stats?.rusage.mem ?? 0;
  }
  return sums;
}
