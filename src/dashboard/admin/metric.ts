/**
 * The metrics of a dashboard: name, type, labels and meaning of each. The table is what `exposition.ts`
 * fills and what `docs/metrics-dashboard.md` is made of; a metric that isn't here can't be exposed.
 *
 * Units are in the names, in base units; counters end in `_total`. Labels have few values: never the
 * address of a caller.
 */
import type { MetricSpec } from "../../http/metric-text.ts";

/** All metrics by name. */
export const DASHBOARD_METRICS = {
  codis_build_info: {
    type: "gauge",
    labels: ["component", "version", "runtime"],
    help: "What runs here; always 1.",
  },
  codis_dashboard_info: {
    type: "gauge",
    labels: ["product", "token", "admin_addr"],
    help: "Which dashboard this is; always 1.",
  },
  codis_dashboard_state: {
    type: "gauge",
    labels: ["state"],
    help:
      "1 for the state that the dashboard is in: starting (waits for the coordinator), standby, leader or " +
      "closed; 0 for the others.",
  },
  codis_dashboard_leader: {
    type: "gauge",
    labels: [],
    help: "1 while this dashboard leads the product. The sum over all dashboards of a product should be 1.",
  },
  codis_dashboard_epoch: {
    type: "gauge",
    labels: [],
    help: "Epoch of this leader; absent on others, like all that follows but the requests and the process.",
  },
  codis_dashboard_revision: { type: "gauge", labels: [], help: "Revision of the topology." },
  codis_dashboard_faults: {
    type: "gauge",
    labels: [],
    help: "Nodes in the coordinator that can't be understood.",
  },
  codis_dashboard_slots: {
    type: "gauge",
    labels: ["state"],
    help: "Slots by state: online, offline or moving.",
  },
  codis_dashboard_groups: { type: "gauge", labels: [], help: "Groups." },
  codis_dashboard_groups_out_of_sync: {
    type: "gauge",
    labels: [],
    help: "Groups whose slots proxies may not have as they are stored.",
  },
  codis_dashboard_servers: {
    type: "gauge",
    labels: ["role", "status"],
    help: "Servers by stored role and the last look at them: up, timeout, error or unknown.",
  },
  codis_dashboard_proxies: {
    type: "gauge",
    labels: ["status"],
    help: "Proxies by the last look at them: online, waiting, closed, timeout, error or unknown.",
  },
  codis_dashboard_proxy_tables: {
    type: "gauge",
    labels: ["table"],
    help: "Proxies by their slot table: synced, pending, unknown or unreachable.",
  },
  codis_dashboard_problems: {
    type: "gauge",
    labels: ["kind"],
    help: "Problems of /api/v1/health by kind; kinds without one are absent.",
  },
  codis_dashboard_slot_actions: {
    type: "gauge",
    labels: ["state"],
    help: "Slots that move, by the state of their action: pending, preparing, prepared, migrating or finished.",
  },
  codis_dashboard_operations: {
    type: "gauge",
    labels: ["state"],
    help:
      "Operations by state: waiting, running, paused, cancelling, done or cancelled. Of those that have ended " +
      "the newest are kept.",
  },
  codis_dashboard_operations_in_trouble: {
    type: "gauge",
    labels: [],
    help: "Operations that make no progress now for a reason that they name.",
  },
  codis_dashboard_operations_slowed: {
    type: "gauge",
    labels: [],
    help: "Operations that the p99 guard slows now.",
  },
  codis_dashboard_moved_keys_total: {
    type: "counter",
    labels: [],
    help: "Keys that were moved since this dashboard leads, by it, and by proxies on access as far as that is known.",
  },
  codis_dashboard_moved_bytes_total: {
    type: "counter",
    labels: [],
    help: "Bytes of these keys, as estimated.",
  },
  codis_dashboard_move_keys_per_second: {
    type: "gauge",
    labels: [],
    help: "Keys moved in a second over the last seconds.",
  },
  codis_dashboard_move_bytes_per_second: {
    type: "gauge",
    labels: [],
    help: "Bytes moved in a second over the last seconds.",
  },
  codis_dashboard_move_retries_total: {
    type: "counter",
    labels: [],
    help: "Steps and batches of moves that were tried again since it leads.",
  },
  codis_dashboard_move_stale_keys_total: {
    type: "counter",
    labels: [],
    help: "Keys left by earlier moves that were unlinked since it leads.",
  },
  codis_dashboard_move_longest_stall_seconds: {
    type: "gauge",
    labels: [],
    help: "Longest stall of a server by one MIGRATE of the dashboard since it leads.",
  },
  codis_dashboard_move_longest_hold_seconds: {
    type: "gauge",
    labels: [],
    help: "Longest time that requests for slots were held at a hand-over since it leads.",
  },
  codis_dashboard_event_readers: {
    type: "gauge",
    labels: [],
    help: "Readers of /api/v1/events.",
  },
  codis_dashboard_http_requests_total: {
    type: "counter",
    labels: ["api", "method", "status"],
    help: "Requests answered, by API: topom, v1, legacy (2.0) or other.",
  },
  codis_dashboard_http_request_duration_seconds: {
    type: "histogram",
    labels: ["api"],
    help: "Time from the head of a request to the end of its answer.",
  },
  codis_dashboard_http_forwards_total: {
    type: "counter",
    labels: ["outcome"],
    help: "Requests that this standby handed to the leader: answered, failed or refused.",
  },
  process_resident_memory_bytes: {
    type: "gauge",
    labels: [],
    help: "Resident memory of the dashboard.",
  },
  process_cpu_seconds_total: {
    type: "counter",
    labels: [],
    help: "Processor time of the dashboard.",
  },
  process_start_time_seconds: {
    type: "gauge",
    labels: [],
    help: "When the dashboard was started, in seconds since 1970.",
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

/** Name of a metric. */
export type DashboardMetricName = keyof typeof DASHBOARD_METRICS;
