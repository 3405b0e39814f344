/**
 * The page of a server: what is picked out of INFO and how bad it is, also of an old server; and what can be done
 * with a group and with each of its servers.
 */
import { describe, expect, test } from "bun:test";
import { type GroupView, viewGroup } from "../../../web/src/screens/groups/group-view.ts";
import { infoFacts } from "../../../web/src/screens/groups/info-facts.ts";
import { groupActs, serverActs } from "../../../web/src/screens/groups/verbs.ts";

/** As Redis 7.0 tells it. */
const INFO = {
  used_memory: "524288000",
  used_memory_rss: "838860800",
  mem_fragmentation_ratio: "1.60",
  maxmemory_policy: "noeviction",
  rdb_changes_since_last_save: "12",
  rdb_bgsave_in_progress: "0",
  rdb_last_save_time: "1795761000",
  rdb_last_bgsave_status: "ok",
  aof_enabled: "0",
  aof_rewrite_in_progress: "0",
  aof_last_bgrewrite_status: "ok",
  aof_last_write_status: "ok",
  evicted_keys: "0",
  keyspace_hits: "3",
  keyspace_misses: "1",
  db0: "keys=10,expires=4,avg_ttl=0",
  db3: "keys=10,expires=2,avg_ttl=0",
};

function saveWith(change: object) {
  return infoFacts({ ...INFO, ...change }).save?.state;
}
function appendWith(change: object) {
  return infoFacts({ ...INFO, aof_enabled: "1", ...change }).append;
}
function fragmentsWith(change: object) {
  return infoFacts({ ...INFO, ...change }).fragments?.state;
}

describe("facts of INFO", () => {
  test("are all there", () => {
    expect(infoFacts(INFO)).toEqual({
      save: { state: "saved", atMs: 1_795_761_000_000, changes: 12 },
      append: "off",
      fragments: { state: "high", ratio: 1.6, bytes: 314_572_800 },
      evicted: 0,
      policy: "noeviction",
      hitRatio: 0.75,
      reads: 4,
      expires: 6,
    });
  });

  test("tell a save that failed, and one that is under way, which may mend it", () => {
    expect(saveWith({ rdb_last_bgsave_status: "err" })).toBe("failed");
    expect(saveWith({ rdb_last_bgsave_status: "err", rdb_bgsave_in_progress: "1" })).toBe("saving");
  });

  test("tell what is wrong with the append-only file, the gravest first", () => {
    expect(appendWith({})).toBe("on");
    expect(appendWith({ aof_rewrite_in_progress: "1" })).toBe("rewriting");
    expect(appendWith({ aof_last_bgrewrite_status: "err" })).toBe("unrewritten");
    const both = { aof_last_bgrewrite_status: "err", aof_last_write_status: "err" };
    expect(appendWith(both)).toBe("unwritten");
  });

  test("warn of fragments only when they are large, and of data that isn't in memory", () => {
    expect(fragmentsWith({ used_memory_rss: "530000000", mem_fragmentation_ratio: "1.01" })).toBe(
      "ok",
    );
    // An empty server takes ten times its data, which is nothing.
    const empty = { used_memory: "1000000", used_memory_rss: "10000000" };
    expect(fragmentsWith({ ...empty, mem_fragmentation_ratio: "10" })).toBe("ok");
    const swapped = { used_memory_rss: "300000000", mem_fragmentation_ratio: "0.57" };
    expect(fragmentsWith(swapped)).toBe("swapped");
  });

  test("are left out where the server tells nothing, and nothing was read", () => {
    expect(infoFacts({ role: "master", keyspace_hits: "0", keyspace_misses: "0" })).toEqual({
      save: undefined,
      append: undefined,
      fragments: undefined,
      evicted: undefined,
      policy: undefined,
      hitRatio: undefined,
      reads: 0,
      expires: 0,
    });
  });
});

function group(servers: readonly string[], slots: number, look: object = {}): GroupView {
  const stored = {
    id: 1,
    servers,
    slots: { count: slots, ranges: [] },
    promoting: null,
    out_of_sync: false,
    faults: [],
  };
  return viewGroup(stored, () => look);
}

/** Verbs of what can be done with the server at an index. */
function verbsOf(view: GroupView, index: number): readonly string[] {
  const server = view.servers[index];
  return server === undefined
    ? []
    : serverActs(view, server)
        .filter(({ isOff = false }) => !isOff)
        .map(({ verb }) => verb);
}

describe("what can be done", () => {
  test("with a group: it is removed when it is empty", () => {
    const on = (view: GroupView) =>
      groupActs(view)
        .filter(({ isOff = false }) => !isOff)
        .map(({ verb }) => verb);
    expect(on(group([], 0))).toEqual(["add-server", "resync", "remove-group"]);
    expect(on(group(["a:1"], 0))).toEqual(["add-server", "resync"]);
    expect(on(group([], 5))).toEqual(["add-server", "resync"]);
  });

  test("with a server: a master stays while there are slots or replicas", () => {
    expect(verbsOf(group(["a:1"], 5), 0)).toEqual(["reads-on"]);
    expect(verbsOf(group(["a:1", "b:1"], 0), 0)).toEqual(["reads-on"]);
    expect(verbsOf(group(["a:1"], 0), 0)).toEqual(["reads-on", "remove-server"]);
    expect(verbsOf(group(["a:1", "b:1"], 5), 1)).toEqual([
      "promote",
      "sync",
      "reads-on",
      "remove-server",
    ]);
    const busy = group(["a:1", "b:1"], 5, { sync: { state: "syncing" }, replica_reads: true });
    expect(verbsOf(busy, 1)).toEqual(["promote", "cancel-sync", "reads-off", "remove-server"]);
  });
});
