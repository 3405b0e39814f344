/**
 * INFO of a server as rows that can be searched: the dashboard gives one flat record, here each field gets its section
 * back, because people look for "memory" as often as for "used_memory". Pure.
 */

/** One field. */
export interface InfoRow {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

/** Sections by what the names of their fields begin with; the first that fits counts, so the order matters. */
const SECTIONS: Readonly<Record<string, string>> = {
  commandstats: "cmdstat_",
  latencystats: "latency_percentiles_",
  errorstats: "errorstat_",
  modules: "module:",
  clients:
    "connected_clients cluster_connections maxclients client_ clients_ blocked_ tracking_ pubsub " +
    "watching total_watched total_blocking",
  replication: "role slave master_ connected_slaves repl_ second_repl min_slaves",
  persistence: "loading async_loading rdb_ aof_ module_fork current_cow current_fork current_save",
  memory:
    "used_memory maxmemory mem_ allocator_ rss_ total_system_memory active_defrag lazyfree number_of_",
  cpu: "used_cpu",
  server:
    "redis_ valkey_ server_ os arch_ monotonic multiplexing atomicvar gcc_ process_ run_id tcp_port " +
    "uptime hz configured_hz lru_clock executable config_file io_threads_active listener",
};

const PREFIXES = Object.entries(SECTIONS).map(
  ([section, names]) => [section, names.split(" ")] as const,
);

/** Section that a field of INFO stands in; those that aren't known are statistics. */
export function sectionOf(name: string): string {
  if (/^db\d+$/.test(name)) {
    return "keyspace";
  }
  const found = PREFIXES.find(([, begins]) => begins.some((begin) => name.startsWith(begin)));
  return found?.[0] ?? "stats";
}

/** All fields in the order of the server. */
export function infoRows(info: Readonly<Record<string, string>>): readonly InfoRow[] {
  return Object.entries(info).map(([name, value]) => ({ section: sectionOf(name), name, value }));
}
