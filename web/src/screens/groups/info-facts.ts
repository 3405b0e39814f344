/**
 * What INFO says of the health of a server, picked out: the last save and the append-only file, memory that is lost to
 * fragments, keys that were evicted, hits, keys that expire. A field that the server doesn't have makes no fact. Pure.
 */

/** Sections of INFO in one record. */
type Info = Readonly<Record<string, string>>;

/** The last save to disk. */
export interface SaveFact {
  readonly state: "saved" | "saving" | "failed";
  /** Of the last good save, or the start of the server; milliseconds since 1970. */
  readonly atMs: number;
  /** Writes since then. */
  readonly changes: number;
}

/** The append-only file; `unwritten`: its last write failed, `unrewritten`: its last rewrite. */
export type AppendState = "off" | "on" | "rewriting" | "unwritten" | "unrewritten";

/** Memory that the server takes, by what its data needs. */
export interface FragmentFact {
  readonly state: "ok" | "high" | "swapped";
  readonly ratio: number;
  /** What is taken beyond the data; below 0: so much isn't in memory. */
  readonly bytes: number;
}

/** See the head of the file; undefined: not told. */
export interface InfoFacts {
  readonly save: SaveFact | undefined;
  readonly append: AppendState | undefined;
  readonly fragments: FragmentFact | undefined;
  /** Since the start of the server. */
  readonly evicted: number | undefined;
  readonly policy: string | undefined;
  /** Share of reads that found a key, 0 to 1, since the start; undefined also when nothing was read. */
  readonly hitRatio: number | undefined;
  readonly reads: number | undefined;
  /** Keys with an expiry, of all databases. */
  readonly expires: number;
}

const FRAGMENTS_WARN = 1.5;
/** Below that the ratio says nothing: an empty server takes many times its data. */
const FRAGMENTS_MIN_BYTES = 100 * 1024 * 1024;

/** The facts of one INFO. */
export function infoFacts(info: Info): InfoFacts {
  const hits = figure(info, "keyspace_hits");
  const misses = figure(info, "keyspace_misses");
  const reads = hits === undefined || misses === undefined ? undefined : hits + misses;
  return {
    save: saveOf(info),
    append: appendOf(info),
    fragments: fragmentsOf(info),
    evicted: figure(info, "evicted_keys"),
    policy: info["maxmemory_policy"],
    hitRatio: hits === undefined || reads === undefined || reads === 0 ? undefined : hits / reads,
    reads,
    expires: Object.entries(info)
      .filter(([name]) => /^db\d+$/.test(name))
      .reduce((sum, [, value]) => sum + Number(/\bexpires=(\d+)/.exec(value)?.[1] ?? 0), 0),
  };
}

function saveOf(info: Info): SaveFact | undefined {
  const atSeconds = figure(info, "rdb_last_save_time");
  if (atSeconds === undefined) {
    return undefined;
  }
  const isRunning = info["rdb_bgsave_in_progress"] === "1";
  const isGood = info["rdb_last_bgsave_status"] !== "err";
  return {
    state: isRunning ? "saving" : isGood ? "saved" : "failed",
    atMs: atSeconds * 1000,
    changes: figure(info, "rdb_changes_since_last_save") ?? 0,
  };
}

function appendOf(info: Info): AppendState | undefined {
  const { aof_enabled: isOn } = info;
  if (isOn === undefined) {
    return undefined;
  }
  if (isOn !== "1") {
    return "off";
  }
  if (info["aof_last_write_status"] === "err") {
    return "unwritten";
  }
  if (info["aof_rewrite_in_progress"] === "1") {
    return "rewriting";
  }
  return info["aof_last_bgrewrite_status"] === "err" ? "unrewritten" : "on";
}

function fragmentsOf(info: Info): FragmentFact | undefined {
  const ratio = figure(info, "mem_fragmentation_ratio");
  const used = figure(info, "used_memory");
  const taken = figure(info, "used_memory_rss");
  if (ratio === undefined || used === undefined || taken === undefined) {
    return undefined;
  }
  const bytes = taken - used;
  const isLarge = Math.abs(bytes) >= FRAGMENTS_MIN_BYTES;
  const state =
    isLarge && bytes < 0 ? "swapped" : isLarge && ratio > FRAGMENTS_WARN ? "high" : "ok";
  return { state, ratio, bytes };
}

function figure(info: Info, name: string): number | undefined {
  const text = info[name];
  const number = text === undefined || text === "" ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
}
