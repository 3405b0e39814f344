/**
 * The text of `/metrics`, written from one snapshot of the data plane in Prometheus's text format 0.0.4.
 *
 * The worker that serves clients may be this very process, so a scrape must be short: nothing is kept
 * between scrapes and each line is written once. The counts come from typed arrays that the data plane
 * fills; no metrics library is on the way of a request.
 */

import type { ServerSightJson } from "../../api/proxy-stats.ts";
import { bucketOf, MAX_TRACKED_US } from "../../base/latency-histogram.ts";
import { MetricText } from "../../http/metric-text.ts";
import type { SlotRecord } from "../../model/slot.ts";
import type { CommandFigures, ProxySnapshot, ProxyState, PushVersion } from "../control.ts";
import { DURATION_BOUNDS_SECONDS, METRICS, type MetricName } from "./metric.ts";
import { allProcesses } from "./usage.ts";

/** What the metrics show besides the snapshot. */
export interface MetricSources {
  readonly state: ProxyState;
  readonly version: string;
  readonly runtime: string;
  readonly product: string;
  readonly token: string;
  readonly proxyAddr: string;
  readonly adminAddr: string;
  readonly datacenter: string;
  readonly sessionsMax: number;
  readonly bufferedBytesMax: number;
  readonly slots: readonly SlotRecord[];
  /** What is seen of masters, by address. */
  readonly servers: Readonly<Record<string, ServerSightJson>>;
  /** Newest version heard from a dashboard. */
  readonly pushVersion: PushVersion | undefined;
}

type Text = MetricText<MetricName>;

/** The whole text of `/metrics`. */
export function renderMetrics(snapshot: ProxySnapshot, sources: MetricSources): string {
  const text = new MetricText<MetricName>(METRICS);
  writeIdentity(text, snapshot, sources);
  writeSessions(text, snapshot, sources);
  writeCommands(text, snapshot.commands);
  writeTraffic(text, snapshot, sources);
  writeBackends(text, snapshot);
  writeMasters(text, sources);
  writeSlots(text, sources);
  writeMoves(text, snapshot);
  writeReplicas(text, snapshot);
  writeProcesses(text, snapshot);
  return text.toString();
}

/** For each bound, the last histogram bucket that counts as "at most the bound". */
const LAST_BUCKETS: readonly number[] = DURATION_BOUNDS_SECONDS.map((seconds) =>
  bucketOf(Math.min(seconds * 1e6, MAX_TRACKED_US)),
);

/** Counts between the bounds, the last one above all of them. */
function countByBound(buckets: ArrayLike<number>): readonly number[] {
  const counts: number[] = [];
  let index = 0;
  for (const last of [...LAST_BUCKETS, buckets.length - 1]) {
    let count = 0;
    for (; index <= last; index++) {
      count += buckets[index] ?? 0;
    }
    counts.push(count);
  }
  return counts;
}

function writeIdentity(text: Text, snapshot: ProxySnapshot, sources: MetricSources): void {
  text.add(
    "codis_build_info",
    { component: "proxy", version: sources.version, runtime: sources.runtime },
    1,
  );
  text.add(
    "codis_proxy_info",
    {
      product: sources.product,
      token: sources.token,
      proxy_addr: sources.proxyAddr,
      admin_addr: sources.adminAddr,
      datacenter: sources.datacenter,
    },
    1,
  );
  for (const state of ["waiting", "online", "closed"] as const) {
    text.add("codis_proxy_state", { state }, sources.state === state ? 1 : 0);
  }
  text.add("process_start_time_seconds", {}, snapshot.startedAtMs / 1000);
}

function writeSessions(text: Text, snapshot: ProxySnapshot, sources: MetricSources): void {
  text.add("codis_proxy_sessions", {}, snapshot.sessions.alive);
  text.add("codis_proxy_sessions_max", {}, sources.sessionsMax);
  text.add("codis_proxy_sessions_opened_total", {}, snapshot.sessions.total);
  for (const [reason, count] of Object.entries(snapshot.sessions.closed)) {
    text.add("codis_proxy_sessions_closed_total", { reason }, count);
  }
  text.add("codis_proxy_sessions_rejected_total", {}, snapshot.sessions.rejected);
}

function writeCommands(text: Text, commands: readonly CommandFigures[]): void {
  const called = commands.filter((figures) => figures.calls > 0);
  for (const { name, calls } of called) {
    text.add("codis_proxy_requests_total", { command: name }, calls);
  }
  for (const { name, fails } of called) {
    text.add("codis_proxy_request_failures_total", { command: name }, fails);
  }
  for (const { name, redisErrors } of called) {
    text.add("codis_proxy_reply_errors_total", { command: name }, redisErrors);
  }
  for (const figures of called) {
    text.addHistogram(
      "codis_proxy_request_duration_seconds",
      { command: figures.name },
      DURATION_BOUNDS_SECONDS,
      { counts: countByBound(figures.buckets), sum: figures.usecs / 1e6 },
    );
  }
}

function writeTraffic(text: Text, snapshot: ProxySnapshot, sources: MetricSources): void {
  const inFlight = snapshot.backends.reduce((sum, backend) => sum + backend.inFlight, 0);
  text.add("codis_proxy_requests_in_flight", {}, inFlight);
  text.add("codis_proxy_client_bytes_total", { direction: "in" }, snapshot.bytes.received);
  text.add("codis_proxy_client_bytes_total", { direction: "out" }, snapshot.bytes.sent);
  text.add("codis_proxy_buffered_bytes", {}, snapshot.bytes.buffered);
  text.add("codis_proxy_buffered_bytes_max", {}, sources.bufferedBytesMax);
}

/** Sums over the connections to one server. */
interface ServerSums {
  readonly states: { connecting: number; connected: number; stale: number; down: number };
  inFlight: number;
  queuedBytes: number;
  connects: number;
  failures: number;
}

function writeBackends(text: Text, snapshot: ProxySnapshot): void {
  const servers = [...sumByServer(snapshot)];
  for (const [addr, { states }] of servers) {
    text.add("codis_proxy_backend_up", { addr }, states.connected + states.stale > 0 ? 1 : 0);
  }
  for (const [addr, { states }] of servers) {
    for (const [state, count] of Object.entries(states)) {
      text.add("codis_proxy_backend_connections", { addr, state }, count);
    }
  }
  const figures = [
    ["codis_proxy_backend_in_flight", "inFlight"],
    ["codis_proxy_backend_queued_bytes", "queuedBytes"],
    ["codis_proxy_backend_connects_total", "connects"],
    ["codis_proxy_backend_failures_total", "failures"],
  ] as const;
  for (const [name, field] of figures) {
    for (const [addr, sums] of servers) {
      text.add(name, { addr }, sums[field]);
    }
  }
}

function sumByServer(snapshot: ProxySnapshot): Map<string, ServerSums> {
  const servers = new Map<string, ServerSums>();
  for (const backend of snapshot.backends) {
    let sums = servers.get(backend.addr);
    if (sums === undefined) {
      const states = { connecting: 0, connected: 0, stale: 0, down: 0 };
      sums = { states, inFlight: 0, queuedBytes: 0, connects: 0, failures: 0 };
      servers.set(backend.addr, sums);
    }
    sums.states[backend.state]++;
    sums.inFlight += backend.inFlight;
    sums.queuedBytes += backend.queuedBytes;
    sums.connects += backend.connects;
    sums.failures += backend.failures;
  }
  return servers;
}

function writeMasters(text: Text, { servers }: MetricSources): void {
  for (const [addr, { silent_ms: silentMs }] of Object.entries(servers)) {
    text.add("codis_proxy_master_silence_seconds", { addr }, silentMs / 1000);
  }
}

function writeSlots(text: Text, sources: MetricSources): void {
  const counts = { online: 0, migrating: 0, locked: 0, offline: 0 };
  for (const slot of sources.slots) {
    counts[slotState(slot)]++;
  }
  for (const [state, count] of Object.entries(counts)) {
    text.add("codis_proxy_slots", { state }, count);
  }
  if (sources.pushVersion !== undefined) {
    text.add("codis_proxy_slots_epoch", {}, sources.pushVersion.epoch);
    text.add("codis_proxy_slots_revision", {}, sources.pushVersion.revision);
  }
}

function slotState(slot: SlotRecord): "online" | "migrating" | "locked" | "offline" {
  if (slot.locked) {
    return "locked";
  }
  if (slot.backendAddr === "") {
    return "offline";
  }
  return slot.migrateFrom === "" ? "online" : "migrating";
}

function writeMoves(text: Text, { moves }: ProxySnapshot): void {
  text.add("codis_proxy_move_keys_total", { result: "moved" }, moves.keysMoved);
  text.add("codis_proxy_move_keys_total", { result: "absent" }, moves.keysAbsent);
  for (const [outcome, count] of Object.entries(moves.migrates)) {
    text.add("codis_proxy_move_migrates_total", { outcome }, count);
  }
  text.add("codis_proxy_move_doubts_total", {}, moves.doubts);
  text.add("codis_proxy_move_waits_total", {}, moves.waits);
  text.add("codis_proxy_move_waiting", {}, moves.waiting);
  text.add("codis_proxy_move_wait_longest_seconds", {}, moves.longestWaitMs / 1000);
  text.add("codis_proxy_move_tryagains_total", {}, moves.tryAgains);
  text.add("codis_proxy_move_source_reads_total", {}, moves.sourceReads);
}

function writeReplicas(text: Text, { replicas }: ProxySnapshot): void {
  for (const { addr, isUsable } of replicas) {
    text.add("codis_proxy_replica_up", { addr }, isUsable ? 1 : 0);
  }
  for (const { addr, lagMs } of replicas) {
    if (Number.isFinite(lagMs)) {
      text.add("codis_proxy_replica_lag_seconds", { addr }, lagMs / 1000);
    }
  }
  for (const { addr, reads } of replicas) {
    text.add("codis_proxy_replica_reads_total", { addr }, reads);
  }
  for (const { addr, repeats } of replicas) {
    text.add("codis_proxy_replica_repeats_total", { addr }, repeats);
  }
}

function writeProcesses(text: Text, snapshot: ProxySnapshot): void {
  text.add("codis_proxy_workers", {}, snapshot.workers.filter(({ pid }) => pid !== 0).length);
  for (const worker of snapshot.workers) {
    text.add("codis_proxy_worker_sessions", { worker: worker.index }, worker.sessionsAlive);
  }
  for (const { index, residentBytes } of snapshot.workers) {
    text.add("codis_proxy_worker_resident_memory_bytes", { worker: index }, residentBytes);
  }
  for (const { index, cpuUserSeconds, cpuSystemSeconds } of snapshot.workers) {
    const name = "codis_proxy_worker_cpu_seconds_total";
    text.add(name, { worker: index, mode: "user" }, cpuUserSeconds);
    text.add(name, { worker: index, mode: "system" }, cpuSystemSeconds);
  }
  let residentBytes = 0;
  let cpuSeconds = 0;
  for (const usage of allProcesses(snapshot)) {
    residentBytes += usage.residentBytes;
    cpuSeconds += usage.cpuUserSeconds + usage.cpuSystemSeconds;
  }
  text.add("process_resident_memory_bytes", {}, residentBytes);
  text.add("process_cpu_seconds_total", {}, cpuSeconds);
}
