/**
 * The text of `/metrics` of a dashboard, from what the leader knows at the moment. Nothing here connects to
 * anything, and a standby shows its own state only, so that sums over all dashboards are right.
 */
import { PROBLEM_KINDS } from "../../api/v1-state-schema.ts";
import { RUNTIME, VERSION } from "../../base/version.ts";
import { MetricText } from "../../http/metric-text.ts";
import { SLOT_ACTION_STATES } from "../../model/action.ts";
import { OPERATION_STATES } from "../../model/operation/operation.ts";
import { isEnded } from "../../model/operation/operation-slot.ts";
import type { DashboardState } from "../control.ts";
import type { AdminContext } from "./gate/context.ts";
import { REQUEST_BOUNDS_SECONDS } from "./gate/request-count.ts";
import { DASHBOARD_METRICS, type DashboardMetricName } from "./metric.ts";
import type { Reign } from "./reign/reign.ts";
import { proxyStatus, serverStatus } from "./v1/view.ts";

type Text = MetricText<DashboardMetricName>;

const STATES: readonly DashboardState[] = ["starting", "standby", "leader", "closed"];

/** The whole text of `/metrics`. */
export function renderDashboardMetrics(context: AdminContext): string {
  const text: Text = new MetricText(DASHBOARD_METRICS);
  const reign = context.reigns.now();
  writeIdentity(text, context, reign);
  if (reign !== undefined) {
    writeTopology(text, reign);
    writeLooks(text, reign);
    writeOperations(text, reign);
    writeProblems(text, reign);
    text.add("codis_dashboard_event_readers", {}, reign.events.readerCount);
  }
  writeRequests(text, context);
  const cpu = process.cpuUsage();
  text.add("process_resident_memory_bytes", {}, process.memoryUsage.rss());
  text.add("process_cpu_seconds_total", {}, (cpu.user + cpu.system) / 1e6);
  const startedAtMs = Date.now() - process.uptime() * 1000;
  text.add("process_start_time_seconds", {}, Math.round(startedAtMs) / 1000);
  return text.toString();
}

function writeIdentity(text: Text, context: AdminContext, reign: Reign | undefined): void {
  const model = context.control.model();
  text.add("codis_build_info", { component: "dashboard", version: VERSION, runtime: RUNTIME }, 1);
  text.add(
    "codis_dashboard_info",
    { product: context.product, token: model.token, admin_addr: model.adminAddr },
    1,
  );
  const now = context.control.state();
  for (const state of STATES) {
    text.add("codis_dashboard_state", { state }, state === now ? 1 : 0);
  }
  text.add("codis_dashboard_leader", {}, reign === undefined ? 0 : 1);
}

function writeTopology(text: Text, { leader }: Reign): void {
  const topology = leader.topology();
  text.add("codis_dashboard_epoch", {}, leader.epoch);
  text.add("codis_dashboard_revision", {}, topology.revision);
  text.add("codis_dashboard_faults", {}, topology.faults.length);
  const slots = { online: 0, offline: 0, moving: 0 };
  for (const slot of topology.slots) {
    slots[slot.action.state !== "" ? "moving" : slot.groupId === 0 ? "offline" : "online"]++;
  }
  for (const [state, count] of Object.entries(slots)) {
    text.add("codis_dashboard_slots", { state }, count);
  }
  const groups = [...topology.groups.values()];
  text.add("codis_dashboard_groups", {}, groups.length);
  const outOfSync = groups.filter((group) => group.isOutOfSync).length;
  text.add("codis_dashboard_groups_out_of_sync", {}, outOfSync);
}

function writeLooks(text: Text, { leader }: Reign): void {
  const { groups, proxies } = leader.topology();
  for (const role of ["master", "replica"] as const) {
    const counts = { up: 0, timeout: 0, error: 0, unknown: 0 };
    for (const { servers } of groups.values()) {
      for (const { addr } of role === "master" ? servers.slice(0, 1) : servers.slice(1)) {
        counts[serverStatus(leader.serverFigures().get(addr))]++;
      }
    }
    for (const [status, count] of Object.entries(counts)) {
      text.add("codis_dashboard_servers", { role, status }, count);
    }
  }
  const statuses = { online: 0, waiting: 0, closed: 0, timeout: 0, error: 0, unknown: 0 };
  const tables = { synced: 0, pending: 0, unknown: 0, unreachable: 0 };
  for (const token of proxies.keys()) {
    const figures = leader.proxyFigures().get(token);
    statuses[proxyStatus(figures)]++;
    tables[figures?.table ?? "pending"]++;
  }
  for (const [status, count] of Object.entries(statuses)) {
    text.add("codis_dashboard_proxies", { status }, count);
  }
  for (const [table, count] of Object.entries(tables)) {
    text.add("codis_dashboard_proxy_tables", { table }, count);
  }
}

function writeOperations(text: Text, { leader, moves }: Reign): void {
  const { slots } = leader.topology();
  for (const state of SLOT_ACTION_STATES.filter((each) => each !== "")) {
    const count = slots.filter((slot) => slot.action.state === state).length;
    text.add("codis_dashboard_slot_actions", { state }, count);
  }
  const operations = leader.migration.operations();
  for (const state of OPERATION_STATES) {
    const count = operations.filter((operation) => operation.state === state).length;
    text.add("codis_dashboard_operations", { state }, count);
  }
  const open = operations.filter(({ state }) => !isEnded(state));
  const inTrouble = open.filter(({ reason }) => reason !== "").length;
  text.add("codis_dashboard_operations_in_trouble", {}, inTrouble);
  const slowed = open.filter(({ guarded }) => guarded?.isSlowed === true).length;
  text.add("codis_dashboard_operations_slowed", {}, slowed);
  const sumOf = (name: "keysPerSecond" | "bytesPerSecond"): number =>
    open.reduce((sum, { progress }) => sum + progress[name], 0);
  text.add("codis_dashboard_move_keys_per_second", {}, sumOf("keysPerSecond"));
  text.add("codis_dashboard_move_bytes_per_second", {}, sumOf("bytesPerSecond"));
  const sums = moves.sums();
  text.add("codis_dashboard_moved_keys_total", {}, sums.keysMoved);
  text.add("codis_dashboard_moved_bytes_total", {}, sums.bytesMoved);
  text.add("codis_dashboard_move_retries_total", {}, sums.retries);
  text.add("codis_dashboard_move_stale_keys_total", {}, sums.staleKeys);
  text.add("codis_dashboard_move_longest_stall_seconds", {}, sums.longestStallMs / 1_000);
  text.add("codis_dashboard_move_longest_hold_seconds", {}, sums.longestHoldMs / 1_000);
}

function writeProblems(text: Text, { health }: Reign): void {
  const { problems } = health.health();
  for (const kind of PROBLEM_KINDS) {
    const count = problems.filter((problem) => problem.kind === kind).length;
    if (count > 0) {
      text.add("codis_dashboard_problems", { kind }, count);
    }
  }
}

function writeRequests(text: Text, { requests }: AdminContext): void {
  for (const { count, ...labels } of requests.requests()) {
    text.add("codis_dashboard_http_requests_total", labels, count);
  }
  for (const [api, figures] of requests.durations()) {
    text.addHistogram(
      "codis_dashboard_http_request_duration_seconds",
      { api },
      REQUEST_BOUNDS_SECONDS,
      figures,
    );
  }
  for (const [outcome, count] of Object.entries(requests.forwards)) {
    text.add("codis_dashboard_http_forwards_total", { outcome }, count);
  }
}
