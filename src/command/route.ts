/**
 * Numeric names of everything that the hot path compares: routes, flags, merge kinds, checks and script
 * sources. The words beside them are those of the table (`entry.ts`); `table.ts` turns words into
 * numbers once, when the program starts.
 *
 * Plain constants, because an enum isn't erasable and a union of strings can't live in a typed array.
 */

/** Sent raw to the server that owns the slot of the keys; without a key: to any server. */
export const ROUTE_FORWARD = 0;
/** Keys of several slots: split by group and merged by `MERGE`. */
export const ROUTE_MULTI_SHARD = 1;
/** A handler asks one, several or all groups and makes one reply of theirs. */
export const ROUTE_SHARDS = 2;
/** Answered by the proxy, no server is asked. */
export const ROUTE_LOCAL = 3;
/** As forward, but a script or a library must be known to the server first (`SCRIPT_SOURCE`). */
export const ROUTE_SCRIPT = 4;
/** `-ERR … not allowed`: it would harm the cluster, or can't be answered truthfully. */
export const ROUTE_REFUSED = 5;
/** `-ERR command 'X' is not supported yet`. */
export const ROUTE_NOT_YET = 6;

/** Word of each route, by number. */
export const ROUTE_NAMES = [
  "forward",
  "multi-shard",
  "shards",
  "local",
  "script",
  "refused",
  "not-yet",
] as const;

/** One reply element for each key, in the order of the keys (MGET). */
export const MERGE_ARRAY_BY_KEY = 1;
/** `+OK` when every part said so (MSET). */
export const MERGE_ALL_OK = 2;
/** Sum of the integers (DEL, UNLINK, EXISTS, TOUCH). */
export const MERGE_SUM = 3;

/** Word of each merge kind, by number; 0 is none. */
export const MERGE_NAMES = ["none", "array-by-key", "all-ok", "sum"] as const;

/** COPY: refused with a database. */
export const CHECK_COPY = 1;
/** SORT, SORT_RO: BY and GET patterns must stay in the slot of the key. */
export const CHECK_SORT = 2;
/** XREAD, XREADGROUP: not yet with BLOCK. */
export const CHECK_STREAMS = 3;

/** Word of each check, by number; 0 is none. */
export const CHECK_NAMES = ["none", "copy", "sort", "streams"] as const;

/** The request carries the script (EVAL, EVAL_RO). */
export const SCRIPT_BODY = 1;
/** The request names a script by its sha1, which must be loaded first (EVALSHA, EVALSHA_RO). */
export const SCRIPT_SHA = 2;
/** The request names a function of a library, which FUNCTION LOAD brought to all masters (FCALL). */
export const SCRIPT_FUNCTION = 3;

/** Word of each script source, by number; 0 is none. */
export const SCRIPT_NAMES = ["none", "body", "sha", "function"] as const;

/**
 * Bits of `FLAGS`, by word. Those up to `touches_arbitrary_keys` are Redis's own words of COMMAND INFO;
 * the last four are ours:
 * - `access_read`, `access_write`: our decision what the command does to the data. At most one of them
 *   is set. Scripts count as writes although Redis flags them neither way.
 * - `master_only`: a read that must not go to a replica.
 * - `container`: the first argument is a subcommand, see `lookupSubcommand`.
 */
export const FLAG_NAMES = [
  "write",
  "readonly",
  "denyoom",
  "module",
  "admin",
  "pubsub",
  "noscript",
  "blocking",
  "loading",
  "stale",
  "skip_monitor",
  "skip_slowlog",
  "asking",
  "fast",
  "no_auth",
  "may_replicate",
  "protected",
  "no_async_loading",
  "no_multi",
  "no_mandatory_keys",
  "movablekeys",
  "allow_busy",
  "touches_arbitrary_keys",
  "access_read",
  "access_write",
  "master_only",
  "container",
] as const;

/** May block the connection. */
export const FLAG_BLOCKING = 1 << 7;
/** Allowed before authentication (AUTH, HELLO, QUIT, RESET). */
export const FLAG_NO_AUTH = 1 << 14;
/** Scripts: called without a key they run on any server. */
export const FLAG_NO_MANDATORY_KEYS = 1 << 19;
/** Changes data, or may: goes to the master and counts for WAIT. */
export const FLAG_WRITE = 1 << 24;
/** Reads data and changes none. */
export const FLAG_READ = 1 << 23;
/** A read that must go to the master: its cursor or its answer belongs to one server. */
export const FLAG_MASTER_ONLY = 1 << 25;
/** Has subcommands. */
export const FLAG_CONTAINER = 1 << 26;
