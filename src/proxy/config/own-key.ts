/**
 * The keys of `proxy.toml` that Codis doesn't have: workers, slots, and limits for everything that could
 * grow. Part of the table in `key.ts`.
 *
 * Invariant: with the defaults a configuration of Codis behaves as it did there, but that a limit is
 * reached where the original would have grown.
 */
import type { KeySpec } from "../../config/key-spec.ts";

/** Keys of ours, in the order of the JSON. */
export const OWN_KEYS = [
  {
    name: "workers",
    field: "workers",
    kind: "int",
    fallback: 1,
    section: "Slots and workers",
    min: 1,
    max: 256,
    isOurs: true,
    doc: "Processes that share the port; the flag --ncpu sets it too. Limits count over all of them.",
  },
  {
    name: "slot_count",
    field: "slotCount",
    kind: "int",
    fallback: 1024,
    section: "Slots and workers",
    choices: [1024, 2048, 4096],
    isOurs: true,
    doc:
      "Slots of the product, as it was created: 1024, 2048 or 4096. The programs of Codis know 1024 only. " +
      "Never change it for a product that holds data: its keys would be looked for elsewhere.",
  },
  {
    name: "cross_slot_same_group",
    field: "crossSlotSameGroup",
    kind: "bool",
    fallback: false,
    section: "Slots and workers",
    isOurs: true,
    doc:
      "Forward a command whose keys are in several slots when one group owns all of them and none of " +
      "them is moving. Without it such a command gets -CROSSSLOT, and works or fails the same after a move.",
  },
  {
    name: "slot_hold_timeout",
    field: "slotHoldTimeoutMs",
    kind: "duration",
    fallback: "5s",
    section: "Slots and workers",
    min: 1,
    isOurs: true,
    doc: "A request for a locked slot waits at most so long, then it gets -TRYAGAIN.",
  },
  {
    name: "migration_hold_timeout",
    field: "migrationHoldTimeoutMs",
    kind: "duration",
    fallback: "2s",
    section: "Slots and workers",
    min: 1,
    isOurs: true,
    doc: "A request whose keys are on their way to another server waits at most so long, then it gets -TRYAGAIN.",
  },
  {
    name: "migration_io_timeout",
    field: "migrationIoTimeoutMs",
    kind: "duration",
    fallback: "500ms",
    section: "Slots and workers",
    min: 1,
    max: 60_000,
    isOurs: true,
    doc:
      "When the proxy has keys moved to another server: longest wait of the source for the target in one step " +
      "of a transfer. While it waits it serves nobody.",
  },
  {
    name: "worker_ack_timeout",
    field: "workerAckTimeoutMs",
    kind: "duration",
    fallback: "5s",
    section: "Slots and workers",
    min: 1,
    isOurs: true,
    doc: "A worker that doesn't confirm a new slot table within this time is killed and replaced.",
  },
  {
    name: "shutdown_timeout",
    field: "shutdownTimeoutMs",
    kind: "duration",
    fallback: "10s",
    section: "Slots and workers",
    isOurs: true,
    doc: "On SIGTERM, requests in flight have so long to finish.",
  },
  {
    name: "backend_fail_limit",
    field: "backendFailLimit",
    kind: "int",
    fallback: 10,
    section: "Servers",
    min: 1,
    max: 1_000_000,
    isOurs: true,
    doc: "After so many failed connects in a row a server is marked as down.",
  },
  {
    name: "backend_max_retry_delay",
    field: "backendMaxRetryDelayMs",
    kind: "duration",
    fallback: "5s",
    section: "Servers",
    min: 1,
    isOurs: true,
    doc: "Longest pause between two attempts to connect to a server.",
  },
  {
    name: "replica_reads",
    field: "replicaReads",
    kind: "string",
    fallback: "all",
    section: "Servers",
    choices: ["all", "readonly"],
    isOurs: true,
    doc:
      "Whose reads go to replicas, where the dashboard offers some and backend_primary_only doesn't forbid " +
      "it: those of all clients, but for those that sent READWRITE (all, as Codis), or only those of clients " +
      "that sent READONLY (readonly).",
  },
  {
    name: "replica_max_lag",
    field: "replicaMaxLagMs",
    kind: "duration",
    fallback: "10s",
    section: "Servers",
    min: 2000,
    max: 3_600_000,
    isOurs: true,
    doc:
      "A replica that lags more isn't read from. Its lag is the time since it was last known to have " +
      "everything that its master had at that moment; it is measured once a second, so a healthy replica " +
      "shows up to two seconds.",
  },
  {
    name: "proxy_max_memory",
    field: "proxyMaxMemoryBytes",
    kind: "size",
    fallback: "1gb",
    section: "Limits of memory",
    min: 16 * 1024 * 1024,
    isOurs: true,
    doc: "Ceiling for all buffered requests and replies of the proxy, over all workers.",
  },
  {
    name: "session_max_request_size",
    field: "sessionMaxRequestBytes",
    kind: "size",
    fallback: "1gb",
    section: "Limits of memory",
    min: 1024,
    isOurs: true,
    doc: "Largest request with all its arguments; a client that sends a larger one is closed.",
  },
  {
    name: "session_max_output_size",
    field: "sessionMaxOutputBytes",
    kind: "size",
    fallback: "256mb",
    section: "Limits of memory",
    min: 1024,
    isOurs: true,
    doc: "Replies that wait for one client that doesn't read; with more it is closed.",
  },
  {
    name: "session_soft_output_size",
    field: "sessionSoftOutputBytes",
    kind: "size",
    fallback: "1mb",
    section: "Limits of memory",
    min: 1024,
    isOurs: true,
    doc: "With more waiting replies no further requests of that client are read until it has read.",
  },
  {
    name: "backend_max_queue_size",
    field: "backendMaxQueueBytes",
    kind: "size",
    fallback: "64mb",
    section: "Limits of memory",
    min: 1024,
    isOurs: true,
    doc: "Bytes that wait for one server; with more, reading from the clients that feed it pauses.",
  },
  {
    name: "script_cache_size",
    field: "scriptCacheBytes",
    kind: "size",
    fallback: "64mb",
    section: "Limits of memory",
    isOurs: true,
    doc: "Scripts that the proxy remembers, to load them on a server before they are needed there.",
  },
] as const satisfies readonly KeySpec[];
