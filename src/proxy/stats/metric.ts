/**
 * The metrics of a proxy: name, type, labels and meaning of each. The table is what `exposition.ts`
 * fills and what `docs/metrics.md` is made of; a metric that isn't here can't be exposed.
 *
 * Units are in the names, in base units; counters end in `_total`. Labels have few values: a command is
 * one of the table of commands, never a key or the address of a client.
 */
import type { MetricSpec } from "../../http/metric-text.ts";

/** All metrics by name. */
export const METRICS = {
  codis_build_info: {
    type: "gauge",
    labels: ["component", "version", "runtime"],
    help: "What runs here; always 1.",
  },
  codis_proxy_info: {
    type: "gauge",
    labels: ["product", "token", "proxy_addr", "admin_addr", "datacenter"],
    help: "Which proxy this is; always 1.",
  },
  codis_proxy_state: {
    type: "gauge",
    labels: ["state"],
    help: "1 for the state that the proxy is in: waiting, online or closed; 0 for the others.",
  },
  codis_proxy_sessions: { type: "gauge", labels: [], help: "Clients connected." },
  codis_proxy_sessions_max: {
    type: "gauge",
    labels: [],
    help: "Most clients at once: proxy_max_clients.",
  },
  codis_proxy_sessions_opened_total: {
    type: "counter",
    labels: [],
    help: "Clients that connected.",
  },
  codis_proxy_sessions_closed_total: {
    type: "counter",
    labels: ["reason"],
    help: "Clients that the proxy closed, by reason.",
  },
  codis_proxy_sessions_rejected_total: {
    type: "counter",
    labels: [],
    help: "Clients refused because there were too many, or because the proxy wasn't online.",
  },
  codis_proxy_requests_total: {
    type: "counter",
    labels: ["command"],
    help: "Requests answered.",
  },
  codis_proxy_request_failures_total: {
    type: "counter",
    labels: ["command"],
    help: "Requests that failed at the proxy or on the way to a server, not by an error of Redis.",
  },
  codis_proxy_reply_errors_total: {
    type: "counter",
    labels: ["command"],
    help: "Error replies of Redis.",
  },
  codis_proxy_request_duration_seconds: {
    type: "histogram",
    labels: ["command"],
    help: "Time from the request's last byte to its reply, as the proxy sees it.",
  },
  codis_proxy_requests_in_flight: {
    type: "gauge",
    labels: [],
    help: "Requests sent to servers whose replies are not there yet.",
  },
  codis_proxy_client_bytes_total: {
    type: "counter",
    labels: ["direction"],
    help: "Bytes from clients (in) and to clients (out).",
  },
  codis_proxy_buffered_bytes: {
    type: "gauge",
    labels: [],
    help: "Bytes of requests and replies that wait in the proxy.",
  },
  codis_proxy_buffered_bytes_max: {
    type: "gauge",
    labels: [],
    help: "Ceiling of these: proxy_max_memory.",
  },
  codis_proxy_backend_up: {
    type: "gauge",
    labels: ["addr"],
    help: "1 when at least one connection to the server works.",
  },
  codis_proxy_backend_connections: {
    type: "gauge",
    labels: ["addr", "state"],
    help: "Connections to the server over all workers, databases and protocol versions, by state.",
  },
  codis_proxy_backend_in_flight: {
    type: "gauge",
    labels: ["addr"],
    help: "Requests sent to the server whose replies are not there yet.",
  },
  codis_proxy_backend_queued_bytes: {
    type: "gauge",
    labels: ["addr"],
    help: "Bytes that wait to be sent to the server.",
  },
  codis_proxy_backend_connects_total: {
    type: "counter",
    labels: ["addr"],
    help: "Connections to the server that were made.",
  },
  codis_proxy_backend_failures_total: {
    type: "counter",
    labels: ["addr"],
    help: "Connections to the server that failed or broke.",
  },
  codis_proxy_master_silence_seconds: {
    type: "gauge",
    labels: ["addr"],
    help: "Time since the master answered last; it is asked twice a second.",
  },
  codis_proxy_slots: {
    type: "gauge",
    labels: ["state"],
    help: "Slots by state: online, migrating, locked, offline. A locked slot counts as locked only.",
  },
  codis_proxy_slots_epoch: {
    type: "gauge",
    labels: [],
    help: "Epoch of the dashboard that was heard last; absent without one.",
  },
  codis_proxy_slots_revision: {
    type: "gauge",
    labels: [],
    help: "Revision of the topology that was heard last; absent without one.",
  },
  codis_proxy_move_keys_total: {
    type: "counter",
    labels: ["result"],
    help:
      "Keys moved on access while their slot migrates: in a MIGRATE that moved some (moved), or that found none " +
      "at the source (absent).",
  },
  codis_proxy_move_migrates_total: {
    type: "counter",
    labels: ["outcome"],
    help: "MIGRATEs sent by the proxy, by outcome.",
  },
  codis_proxy_move_doubts_total: {
    type: "counter",
    labels: [],
    help: "Times that a broken transfer had to be made sure of before keys were used.",
  },
  codis_proxy_move_waits_total: {
    type: "counter",
    labels: [],
    help: "Requests that had to wait for their keys.",
  },
  codis_proxy_move_waiting: {
    type: "gauge",
    labels: [],
    help: "Requests that wait for their keys now.",
  },
  codis_proxy_move_wait_longest_seconds: {
    type: "gauge",
    labels: [],
    help: "Longest wait for keys since the proxy was started.",
  },
  codis_proxy_move_tryagains_total: {
    type: "counter",
    labels: [],
    help: "Requests answered -TRYAGAIN because their keys didn't arrive in time.",
  },
  codis_proxy_move_source_reads_total: {
    type: "counter",
    labels: [],
    help: "Reads of moving slots answered by the source, which had their keys.",
  },
  codis_proxy_replica_up: {
    type: "gauge",
    labels: ["addr"],
    help: "1 while reads may go to the replica: it follows its master, and lags less than replica_max_lag.",
  },
  codis_proxy_replica_lag_seconds: {
    type: "gauge",
    labels: ["addr"],
    help:
      "Time since the replica was last known to have everything that its master had; absent while " +
      "that isn't known.",
  },
  codis_proxy_replica_reads_total: {
    type: "counter",
    labels: ["addr"],
    help: "Reads sent to the replica; a request that is split counts once for each part.",
  },
  codis_proxy_replica_repeats_total: {
    type: "counter",
    labels: ["addr"],
    help: "Of them, those that the replica didn't answer and that were sent to the master then.",
  },
  codis_proxy_workers: { type: "gauge", labels: [], help: "Worker processes." },
  codis_proxy_worker_sessions: {
    type: "gauge",
    labels: ["worker"],
    help: "Clients connected to the worker.",
  },
  codis_proxy_worker_resident_memory_bytes: {
    type: "gauge",
    labels: ["worker"],
    help: "Resident memory of the worker.",
  },
  codis_proxy_worker_cpu_seconds_total: {
    type: "counter",
    labels: ["worker", "mode"],
    help: "Processor time of the worker, mode user or system.",
  },
  process_resident_memory_bytes: {
    type: "gauge",
    labels: [],
    help: "Resident memory of all processes of the proxy.",
  },
  process_cpu_seconds_total: {
    type: "counter",
    labels: [],
    help: "Processor time of all processes of the proxy.",
  },
  process_start_time_seconds: {
    type: "gauge",
    labels: [],
    help: "When the proxy was started, in seconds since 1970.",
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

/** Name of a metric. */
export type MetricName = keyof typeof METRICS;

/** Upper bounds of the buckets of durations, in seconds. */
export const DURATION_BOUNDS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
] as const;
