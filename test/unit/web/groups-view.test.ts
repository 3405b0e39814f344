/**
 * Groups as the console draws them: stored state joined with looks at servers, one word for each, free ids, sections
 * of INFO, and the steps of a new group.
 */
import { describe, expect, test } from "bun:test";
import {
  createSteps,
  formProblems,
  runSteps,
  type StepState,
} from "../../../web/src/screens/groups/create-steps.ts";
import {
  countReads,
  freeGroupId,
  type GroupView,
  groupState,
  type LiveGroup,
  matchesGroup,
  serverState,
  spansText,
  viewGroup,
} from "../../../web/src/screens/groups/group-view.ts";
import { infoRows } from "../../../web/src/screens/groups/info-search.ts";
import { isAddr } from "../../../web/src/screens/members/addr.ts";

const GROUP: LiveGroup = {
  id: 1,
  servers: ["10.0.0.1:6379", { addr: "10.0.0.2:6379", replica_reads: true }],
  slots: { count: 512, ranges: [{ from: 0, to: 511 }] },
  promoting: null,
  out_of_sync: false,
  faults: [],
};

function view(change: Partial<LiveGroup> = {}, look: Record<string, object> = {}): GroupView {
  return viewGroup({ ...GROUP, ...change }, (addr) => ({
    status: "up",
    faults: [],
    ...look[addr],
  }));
}

describe("a group", () => {
  test("has its master first, with the figures of its last look", () => {
    const group = view({}, { "10.0.0.2:6379": { lag_bytes: 7, role: "master" } });
    expect(group.servers.map(({ addr, role }) => [addr, role])).toEqual([
      ["10.0.0.1:6379", "master"],
      ["10.0.0.2:6379", "replica"],
    ]);
    expect(group.servers[1]).toMatchObject({ lag_bytes: 7, replica_reads: true, status: "up" });
  });

  test("is known by its stored state before anybody has looked", () => {
    const group = viewGroup(GROUP, () => undefined);
    expect(group.servers.map(serverState)).toEqual(["unknown", "unknown"]);
  });

  test("has one word for the worst that is true of it", () => {
    expect(groupState(view())).toBe("ok");
    expect(groupState(view({ servers: [] }))).toBe("empty");
    expect(groupState(view({ out_of_sync: true }))).toBe("unsynced");
    const promoting = { state: "preparing", index: 1 } as const;
    expect(groupState(view({ promoting, out_of_sync: true }))).toBe("promoting");
    expect(groupState(view({ promoting }, { "10.0.0.1:6379": { status: "timeout" } }))).toBe(
      "fault",
    );
    expect(groupState(view({}, { "10.0.0.2:6379": { faults: ["LAGGING"] } }))).toBe("fault");
  });

  test("is found by words of its servers and its state", () => {
    expect(matchesGroup(view(), "")).toBe(true);
    expect(matchesGroup(view(), "OK 10.0.0.2")).toBe(true);
    expect(matchesGroup(view(), "group-1")).toBe(true);
    expect(matchesGroup(view(), "group-2")).toBe(false);
  });

  test("counts servers that may be read from", () => {
    expect(countReads([view(), view({ servers: [] })])).toEqual({ on: 1, total: 2 });
  });
});

test("a server has one word: what it does counts more than what is ordered", () => {
  const server = view().servers[0];
  if (server === undefined) {
    throw new Error("no server");
  }
  const sync = { state: "pending", index: 1 } as const;
  expect(serverState(server)).toBe("up");
  expect(serverState({ ...server, sync })).toBe("syncing");
  expect(serverState({ ...server, sync: { state: "synced_failed", index: 1 } })).toBe(
    "sync_failed",
  );
  expect(serverState({ ...server, faults: ["WRONG_MASTER"] })).toBe("fault");
  expect(serverState({ ...server, sync, status: "error" })).toBe("error");
});

test("ranges of slots are short", () => {
  expect(
    spansText(
      [
        { from: 0, to: 9 },
        { from: 20, to: 20 },
      ],
      6,
    ),
  ).toBe("0-9,20");
  expect(
    spansText(
      [
        { from: 0, to: 9 },
        { from: 20, to: 20 },
      ],
      1,
    ),
  ).toBe("0-9,…");
});

test("the free id is the smallest", () => {
  expect(freeGroupId([])).toBe(1);
  expect(freeGroupId([1, 2, 4])).toBe(3);
  expect(freeGroupId([1, 2], 2)).toBeUndefined();
});

test("fields of INFO get their section back", () => {
  const sections = infoRows({
    redis_version: "7.2.0",
    used_memory: "1",
    maxmemory_policy: "noeviction",
    connected_clients: "3",
    rdb_bgsave_in_progress: "0",
    aof_enabled: "1",
    role: "master",
    slave0: "ip=127.0.0.1,port=1",
    master_replid: "a",
    keyspace_hits: "1",
    used_cpu_sys: "1",
    db0: "keys=1",
  }).map(({ section, name }) => [name, section]);
  expect(Object.fromEntries(sections)).toEqual({
    redis_version: "server",
    used_memory: "memory",
    maxmemory_policy: "memory",
    connected_clients: "clients",
    rdb_bgsave_in_progress: "persistence",
    aof_enabled: "persistence",
    role: "replication",
    slave0: "replication",
    master_replid: "replication",
    keyspace_hits: "stats",
    used_cpu_sys: "cpu",
    db0: "keyspace",
  });
});

describe("addresses", () => {
  test("host and port are needed", () => {
    expect(["a:1", "10.0.0.1:6379", "[::1]:6379"].map(isAddr)).toEqual([true, true, true]);
    const wrong = ["", "a", "a:", ":1", "a:0", "a:70000", "::1:6379", "a b:1", "a:1 "];
    expect(wrong.filter(isAddr)).toEqual([]);
  });
});

describe("the steps of a new group", () => {
  const wanted = { id: 3, master: "a:1", replica: "b:1", datacenter: "x" };

  test("make the group, its master, its replica", () => {
    expect(createSteps(wanted)).toEqual([
      { key: "group", path: "groups", body: { id: 3 } },
      { key: "master", path: "groups/3/servers", body: { addr: "a:1", datacenter: "x" } },
      {
        key: "replica",
        path: "groups/3/servers",
        body: { addr: "b:1", as_replica: true, datacenter: "x" },
      },
    ]);
    expect(createSteps({ ...wanted, replica: "" })).toHaveLength(2);
  });

  test("go on from the one that failed", async () => {
    const steps = createSteps(wanted);
    const states: StepState[] = [];
    const called: string[] = [];
    let isBroken = true;
    const run = () =>
      runSteps(
        steps,
        [...states],
        async ({ key }) => {
          called.push(key);
          if (key === "master" && isBroken) {
            throw new Error("refused");
          }
        },
        (index, state) => {
          states[index] = state;
        },
      );
    expect(run()).rejects.toThrow("refused");
    await Bun.sleep(0);
    expect(states).toEqual(["done", "failed"]);
    isBroken = false;
    await run();
    expect(states).toEqual(["done", "done", "done"]);
    expect(called).toEqual(["group", "master", "master", "replica"]);
  });

  test("aren't begun with a form that the server would refuse", () => {
    const problems = (form: object, taken: readonly number[] = []) =>
      formProblems({ ...wanted, ...form }, taken, isAddr);
    expect(problems({})).toEqual({});
    expect(problems({ replica: "" })).toEqual({});
    expect(problems({ id: undefined })).toEqual({ id: "form" });
    expect(problems({ id: 10_000 })).toEqual({ id: "form" });
    expect(problems({}, [3])).toEqual({ id: "taken" });
    expect(problems({ master: "a", replica: "b" })).toEqual({ master: "form", replica: "form" });
    expect(problems({ replica: "a:1" })).toEqual({ replica: "same" });
  });
});
