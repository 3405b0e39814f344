/**
 * How each field of INFO becomes one value for all masters: the one table. `info.ts` reads the
 * masters' texts and asks here; nothing but `role`, `redis_mode` and `cluster_enabled` is constant,
 * because those say what the proxy is.
 *
 * A field without an entry is shown only when all masters say the same: a new field of a new server
 * is true of the whole then, or not shown. Sums and extremes are left out while a master can't be
 * reached, since they would be taken for those of the whole; the entries of `ALWAYS` are true of
 * the rest as well.
 */
import type { HandlerEnv, ProxyFigures } from "../context.ts";

/** What the fields that are the proxy's own are made from. */
export interface ProxyFacts {
  readonly figures: ProxyFigures;
  readonly settings: HandlerEnv["settings"];
  readonly nowMs: number;
}

/** The fields of one section of one master, in its order. */
export type Fields = ReadonlyMap<string, string>;

/** Rule of one field. `merged` are the fields of the section that were merged before it. */
export type FieldRule =
  | { readonly kind: "proxy"; readonly value: (facts: ProxyFacts) => string }
  | { readonly kind: "merge"; readonly value: (values: readonly string[]) => string | undefined }
  | { readonly kind: "always"; readonly value: (values: readonly string[]) => string | undefined }
  | { readonly kind: "derive"; readonly value: (merged: Fields) => string | undefined };

/** Fields that add up. */
const SUM = `
  blocked_clients tracking_clients clients_in_timeout_table cluster_connections pubsub_clients
  watching_clients total_watched_keys total_blocking_keys total_blocking_keys_on_nokey used_memory
  used_memory_rss used_memory_peak used_memory_overhead used_memory_startup used_memory_dataset
  allocator_allocated allocator_active allocator_resident allocator_muzzy used_memory_lua
  used_memory_vm_eval used_memory_scripts_eval used_memory_vm_functions used_memory_vm_total
  used_memory_functions used_memory_scripts allocator_frag_bytes allocator_rss_bytes
  rss_overhead_bytes mem_fragmentation_bytes mem_not_counted_for_evict mem_replication_backlog
  mem_total_replication_buffers mem_clients_slaves mem_clients_normal mem_cluster_links
  mem_aof_buffer mem_replica_full_sync_buffer mem_overhead_db_hashtable_rehashing
  lazyfree_pending_objects lazyfreed_objects current_cow_peak current_cow_size
  current_save_keys_processed current_save_keys_total rdb_changes_since_last_save rdb_saves
  rdb_last_cow_size rdb_last_load_keys_expired rdb_last_load_keys_loaded aof_rewrites
  aof_rewrites_consecutive_failures aof_last_cow_size module_fork_last_cow_size aof_current_size
  aof_base_size aof_buffer_length aof_pending_bio_fsync aof_delayed_fsync loading_total_bytes
  loading_loaded_bytes loading_rdb_used_mem total_commands_processed instantaneous_ops_per_sec
  total_net_input_bytes total_net_output_bytes total_net_repl_input_bytes
  total_net_repl_output_bytes instantaneous_input_kbps instantaneous_output_kbps
  instantaneous_input_repl_kbps instantaneous_output_repl_kbps sync_full sync_partial_ok
  sync_partial_err expired_keys expired_subkeys expired_time_cap_reached_count
  expire_cycle_cpu_milliseconds evicted_keys evicted_clients evicted_scripts
  total_eviction_exceeded_time keyspace_hits keyspace_misses pubsub_channels pubsub_patterns
  pubsubshard_channels total_forks migrate_cached_sockets slave_expires_tracked_keys
  active_defrag_hits active_defrag_misses active_defrag_key_hits active_defrag_key_misses
  total_active_defrag_time tracking_total_keys tracking_total_items tracking_total_prefixes
  unexpected_error_replies total_error_replies dump_payload_sanitizations total_reads_processed
  total_writes_processed io_threaded_reads_processed io_threaded_writes_processed
  io_threaded_total_prefetch_batches io_threaded_total_prefetch_entries
  client_query_buffer_limit_disconnections client_output_buffer_limit_disconnections
  reply_buffer_shrinks reply_buffer_expands acl_access_denied_auth acl_access_denied_cmd
  acl_access_denied_key acl_access_denied_channel used_cpu_sys used_cpu_user used_cpu_sys_children
  used_cpu_user_children used_cpu_sys_main_thread used_cpu_user_main_thread
`;

/** The largest: the longest, the worst, or 1 when it is so anywhere. */
const MAX = `
  client_recent_max_input_buffer client_recent_max_output_buffer io_threads_active
  active_defrag_running current_cow_size_age current_fork_perc rdb_bgsave_in_progress
  rdb_last_bgsave_time_sec rdb_current_bgsave_time_sec aof_rewrite_in_progress aof_rewrite_scheduled
  aof_last_rewrite_time_sec aof_current_rewrite_time_sec aof_pending_rewrite module_fork_in_progress
  loading_eta_seconds expired_stale_perc latest_fork_usec current_eviction_exceeded_time
  current_active_defrag_time
`;

/**
 * The smallest: what is true of every master. So many replicas has every key; until then all data
 * was saved; 1 when all have an AOF. (Libraries and scripts are the same everywhere, unless one was
 * added now.)
 */
const MIN = `
  connected_slaves rdb_last_save_time aof_enabled loading_start_time loading_loaded_perc
  number_of_cached_scripts number_of_functions number_of_libraries
`;

/** `ok` when all are, else the first that isn't. */
const STATUS = "rdb_last_bgsave_status aof_last_bgrewrite_status aof_last_write_status";

/**
 * Nobody's: they name one process, one machine or one replication stream (or, `module`, share one
 * name).
 */
const OMIT = `
  run_id executable config_file process_supervised lru_clock master_replid master_replid2
  master_repl_offset second_repl_offset repl_backlog_active repl_backlog_size
  repl_backlog_first_byte_offset repl_backlog_histlen total_system_memory total_system_memory_human
  listener0 listener1 module
`;

/** Texts of sizes, made from the field of the same name. */
const HUMAN = `
  used_memory used_memory_rss used_memory_peak used_memory_lua used_memory_vm_total
  used_memory_scripts maxmemory
`;

const OMITTED: FieldRule = { kind: "always", value: () => undefined };

const RULES = buildRules();

/** The rule of a field, undefined when there is none. */
export function ruleOf(name: string): FieldRule | undefined {
  return RULES.get(name) ?? (/^slave[0-9]+$/.test(name) ? OMITTED : undefined);
}

/**
 * The value of all masters for a field without a rule, undefined when they differ or one lacks it.
 */
export function equalValue(values: readonly string[], masterCount: number): string | undefined {
  const [first] = values;
  return values.length === masterCount && values.every((value) => value === first)
    ? first
    : undefined;
}

function buildRules(): ReadonlyMap<string, FieldRule> {
  const rules = new Map<string, FieldRule>();
  const addAll = (names: string, rule: FieldRule): void => {
    for (const name of names.trim().split(/\s+/)) rules.set(name, rule);
  };
  addAll(SUM, { kind: "merge", value: sum });
  addAll(MAX, { kind: "merge", value: (values) => extreme(values, Math.max) });
  addAll(MIN, { kind: "merge", value: (values) => extreme(values, Math.min) });
  addAll(STATUS, {
    kind: "merge",
    value: (values) => values.find((value) => value !== "ok") ?? "ok",
  });
  addAll(OMIT, OMITTED);
  addAll("loading async_loading", {
    kind: "always",
    value: (values) => extreme(values, Math.max),
  });
  rules.set("redis_version", { kind: "always", value: lowestVersion });
  rules.set("redis_mode", { kind: "always", value: () => "standalone" });
  rules.set("role", { kind: "always", value: () => "master" });
  rules.set("cluster_enabled", { kind: "always", value: () => "0" });
  rules.set("maxmemory", {
    kind: "merge",
    // 0 is no limit, and then the whole has none.
    value: (values) => (values.includes("0") ? "0" : sum(values)),
  });
  addDerived(rules);
  addProxyRules(rules);
  return rules;
}

/** Texts and ratios that are worth nothing added up: made again from the sums. */
function addDerived(rules: Map<string, FieldRule>): void {
  for (const name of HUMAN.trim().split(/\s+/)) {
    rules.set(`${name}_human`, {
      kind: "derive",
      value: (merged) => humanBytes(merged.get(name)),
    });
  }
  const ratio = (name: string, above: string, below: string): void => {
    rules.set(name, {
      kind: "derive",
      value: (merged) => quotient(merged.get(above), merged.get(below)),
    });
  };
  ratio("allocator_frag_ratio", "allocator_active", "allocator_allocated");
  ratio("allocator_rss_ratio", "allocator_resident", "allocator_active");
  ratio("rss_overhead_ratio", "used_memory_rss", "allocator_resident");
  ratio("mem_fragmentation_ratio", "used_memory_rss", "used_memory");
  const percent = (name: string, above: string, below: (merged: Fields) => number): void => {
    rules.set(name, {
      kind: "derive",
      value: (merged) => {
        const share = (Number(merged.get(above)) / below(merged)) * 100;
        return Number.isFinite(share) ? `${share.toFixed(2)}%` : undefined;
      },
    });
  };
  percent("used_memory_peak_perc", "used_memory", (m) => Number(m.get("used_memory_peak")));
  percent(
    "used_memory_dataset_perc",
    "used_memory_dataset",
    (m) => Number(m.get("used_memory")) - Number(m.get("used_memory_startup")),
  );
}

function addProxyRules(rules: Map<string, FieldRule>): void {
  const add = (name: string, value: (facts: ProxyFacts) => string): void => {
    rules.set(name, { kind: "proxy", value });
  };
  add("process_id", () => `${process.pid}`);
  add("tcp_port", ({ settings }) => /:([0-9]+)$/.exec(settings.proxyAddr)?.[1] ?? "0");
  add("server_time_usec", ({ nowMs }) => `${nowMs * 1000}`);
  add("uptime_in_seconds", ({ figures }) => `${Math.floor(figures.uptimeSeconds)}`);
  add("uptime_in_days", ({ figures }) => `${Math.floor(figures.uptimeSeconds / 86_400)}`);
  add("connected_clients", ({ figures }) => `${figures.sessionsAlive}`);
  add("maxclients", ({ settings }) => `${settings.proxyMaxClients}`);
  add("total_connections_received", ({ figures }) => `${figures.sessionsTotal}`);
  add("rejected_connections", ({ figures }) => `${figures.sessionsRejected}`);
}

/** Adds numbers up with as many decimals as the masters write. */
function sum(values: readonly string[]): string | undefined {
  if (values.some((value) => !/^-?[0-9]+(?:\.[0-9]+)?$/.test(value))) return undefined;
  const decimals = Math.max(...values.map((value) => value.split(".")[1]?.length ?? 0));
  if (decimals > 0) return values.reduce((total, v) => total + Number(v), 0).toFixed(decimals);
  return values.reduce((total, value) => total + BigInt(value), 0n).toString();
}

/** The text of the master with the extreme number, as that master wrote it. */
function extreme(
  values: readonly string[],
  choose: (...numbers: number[]) => number,
): string | undefined {
  const numbers = values.map(Number);
  return values[numbers.indexOf(choose(...numbers))];
}

/** The lowest of versions like 7.0.15: what all masters can do. */
export function lowestVersion(versions: readonly string[]): string | undefined {
  return versions.toSorted(compareVersions)[0];
}

function compareVersions(a: string, b: string): number {
  const [as, bs] = [a.split("."), b.split(".")];
  for (let i = 0; i < Math.max(as.length, bs.length); i++) {
    const difference =
      (Number.parseInt(as[i] ?? "0", 10) || 0) - (Number.parseInt(bs[i] ?? "0", 10) || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** As Redis (bytesToHuman): `1.46M`. */
function humanBytes(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const bytes = Number(text);
  if (bytes < 1024) return `${bytes}B`;
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(2)}${"BKMGT"[power]}`;
}

function quotient(above: string | undefined, below: string | undefined): string | undefined {
  const value = Number(above) / Number(below);
  return Number.isFinite(value) ? value.toFixed(2) : undefined;
}
