/**
 * What would happen if a server died now, and servers that others speak of though the product doesn't have them.
 */
import { describe, expect, test } from "bun:test";
import { type Keepers, whatIf } from "../../../web/src/screens/availability/what-if.ts";
import { ghostMasters, ghostReplicas } from "../../../web/src/screens/groups/ghosts.ts";
import type { GroupView, ServerView } from "../../../web/src/screens/groups/group-view.ts";

const MASTER: ServerView = { addr: "10.0.0.1:1", role: "master", status: "up", faults: [] };
const replica = (last: number, more: Partial<ServerView> = {}): ServerView => ({
  addr: `10.0.0.${last}:1`,
  role: "replica",
  status: "up",
  master_link: "up",
  lag_bytes: 0,
  faults: [],
  ...more,
});

function group(servers: readonly ServerView[], slots = 512): GroupView {
  return {
    id: 1,
    servers,
    slots: { count: slots, ranges: [] },
    faults: [],
    promoting: null,
    out_of_sync: false,
  } as unknown as GroupView;
}

function keepers(more: Partial<Keepers> = {}, isOn = true): Keepers {
  return {
    availability: { detector: { enabled: isOn, text: "" }, sentinels: [] },
    looks: [],
    proxies: { total: 3, online: 2 },
    ...more,
  };
}

function sentinels(watching: number): Keepers {
  const look = (index: number) => ({
    addr: `s:${index}`,
    status: "up" as const,
    error: null,
    observed_at: null,
    redis_version: null,
    watched_group_ids: index < watching ? [1] : [2],
  });
  const addrs = ["s:0", "s:1", "s:2"];
  return keepers({
    availability: { detector: { enabled: false, text: "" }, sentinels: addrs },
    looks: addrs.map((_, index) => look(index)),
  });
}

describe("when a master dies", () => {
  const two = group([MASTER, replica(2, { lag_bytes: 900 }), replica(3, { lag_bytes: 70 })]);
  const keysOf = (...args: Parameters<typeof whatIf>) => {
    const { verdict, lines } = whatIf(...args);
    return [verdict, ...lines.map(({ key, state }) => `${key} ${state}`)];
  };

  test("the replica that lacks least takes over, when a majority is there", () => {
    expect(keysOf(two, MASTER.addr, keepers())).toEqual([
      "replaced",
      "slots.some note",
      "keeper.detector good",
      "heirs.some good",
      "lag.some note",
    ]);
    expect(whatIf(two, MASTER.addr, keepers()).lines.at(-1)?.params).toEqual({
      addr: "10.0.0.3:1",
      bytes: 70,
    });
    expect(whatIf(two, MASTER.addr, sentinels(2)).verdict).toBe("replaced");
  });

  test("its slots are away without a majority, without anybody to decide, without a replica", () => {
    expect(whatIf(two, MASTER.addr, sentinels(1)).verdict).toBe("down");
    expect(whatIf(two, MASTER.addr, keepers({}, false)).verdict).toBe("down");
    const half = { proxies: { total: 4, online: 2 } };
    expect(whatIf(two, MASTER.addr, keepers(half)).verdict).toBe("down");
    for (const more of [
      { status: "timeout" },
      { master_link: "down" },
      { faults: ["WRONG_MASTER"] },
    ] as const) {
      const broken = group([MASTER, replica(2, more)]);
      expect(keysOf(broken, MASTER.addr, keepers())).toContain("heirs.none bad");
      expect(whatIf(broken, MASTER.addr, keepers()).verdict).toBe("down");
    }
  });

  test("nobody notices when it has no slots; an unknown lag isn't none", () => {
    expect(whatIf(group([MASTER], 0), MASTER.addr, keepers()).verdict).toBe("unnoticed");
    const unsure = group([MASTER, replica(2, { lag_bytes: null })]);
    expect(keysOf(unsure, MASTER.addr, keepers())).toContain("lag.unknown note");
  });
});

test("when a replica dies, reads move, and it is told whether another is left", () => {
  const read = group([MASTER, replica(2, { replica_reads: true }), replica(3)]);
  const first = whatIf(read, "10.0.0.2:1", keepers());
  expect([first.verdict, first.lines[1]]).toEqual([
    "noticed",
    { key: "left.some", state: "good", params: { left: 1 } },
  ]);
  const last = whatIf(group([MASTER, replica(2)]), "10.0.0.2:1", keepers());
  expect([last.verdict, last.lines[1]?.state]).toEqual(["unnoticed", "bad"]);
});

describe("servers that aren't stored", () => {
  const own = group([MASTER, replica(2, { reported_master: "10.9.9.9:1" })]);

  test("are named by sentinels and by replicas, each once", () => {
    expect(ghostMasters([own], [{ group_id: 1, addr: MASTER.addr }])).toMatchObject([
      { addr: "10.9.9.9:1", kind: "master", by: "10.0.0.2:1" },
    ]);
    expect(ghostMasters([own], [{ group_id: 1, addr: "10.9.9.9:1" }])).toMatchObject([
      { kind: "sentinels", groupId: 1 },
    ]);
  });

  test("are fed by a master; nothing is told when servers have other names for one another", () => {
    const fed = (...addrs: string[]) =>
      Object.fromEntries(
        addrs.map((addr, index) => {
          const [ip = "", port = ""] = addr.split(" ");
          return [`slave${index}`, `ip=${ip},port=${port},state=online,offset=1,lag=0`];
        }),
      );
    const all = fed("10.0.0.2 1", "10.0.0.8 1", "fd00::8 1");
    expect(ghostReplicas(own, all, [own]).map(({ addr }) => addr)).toEqual([
      "10.0.0.8:1",
      "[fd00::8]:1",
    ]);
    expect(ghostReplicas(own, fed("172.17.0.2 1", "10.0.0.8 1"), [own])).toEqual([]);
  });
});
