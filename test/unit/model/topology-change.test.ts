/** Changes of groups, servers, slots, proxies and sentinels: what they do. Refusals: `topology-refusal.test.ts`. */
import { describe, expect, test } from "bun:test";
import {
  addServer,
  createGroup,
  markGroupsSynced,
  removeGroup,
  removeServer,
  setAllReplicaGroups,
  setReplicaGroup,
} from "../../../src/model/change/group.ts";
import { addProxy, removeProxy, updateProxy } from "../../../src/model/change/proxy.ts";
import {
  addSentinel,
  markSentinelsSynced,
  removeSentinel,
} from "../../../src/model/change/sentinel.ts";
import {
  assignSlots,
  createSlotActions,
  removeSlotAction,
  slotRange,
} from "../../../src/model/change/slot.ts";
import {
  createSyncAction,
  finishSyncAction,
  removeSyncAction,
  startSyncAction,
} from "../../../src/model/change/sync-action.ts";
import { SERVERS_PER_GROUP_MAX } from "../../../src/model/group.ts";
import { PROXIES_MAX } from "../../../src/model/proxy-record.ts";
import { SENTINELS_MAX } from "../../../src/model/sentinel.ts";
import { checkTopology } from "../../../src/model/topology/check.ts";
import { emptyTopology, type Topology } from "../../../src/model/topology/topology.ts";
import { catchError } from "../../support/caught-error.ts";
import { addrOf, proxyModel, sampleTopology, withGroups } from "../../support/topology-sample.ts";

const empty = emptyTopology("demo", 1024);
const sample = sampleTopology();
const synced = markGroupsSynced(markSentinelsSynced(sample), [1, 2]);

describe("groups", () => {
  test("are kept in the order of their ids", () => {
    const topology = createGroup(createGroup(createGroup(empty, 20), 3), 9999);
    expect([...topology.groups.keys()]).toEqual([3, 20, 9999]);
    expect([...removeGroup(topology, 20).groups.keys()]).toEqual([3, 9999]);
    expect(empty.groups.size).toBe(0);
  });

  test("the first server is the master, others follow in order", () => {
    const group = withGroups(empty, 1, 3).groups.get(1);
    expect(group?.servers.map((server) => server.addr)).toEqual([0, 1, 2].map((i) => addrOf(1, i)));
    expect(group?.isOutOfSync).toBe(false);
  });

  test("the last server may go when the group has no slots", () => {
    const topology = removeServer(withGroups(empty, 1, 1), 1, addrOf(1, 0));
    expect(removeGroup(topology, 1)).toEqual(empty);
  });

  test("a server that comes or goes is news for the sentinels, if there are some", () => {
    expect(synced.sentinel.outOfSync).toBe(false);
    expect(addServer(synced, 1, "10.0.0.1:1").sentinel.outOfSync).toBe(true);
    expect(removeServer(synced, 1, addrOf(1, 1)).sentinel.outOfSync).toBe(true);
    expect(withGroups(empty, 1, 1).sentinel.outOfSync).toBe(false);
  });

  test("out of sync when proxies may read from a server that goes, or read differently", () => {
    const read = markGroupsSynced(setReplicaGroup(synced, 1, addrOf(1, 1), true), [1]);
    expect(setReplicaGroup(synced, 1, addrOf(1, 1), true).groups.get(1)?.isOutOfSync).toBe(true);
    expect(removeServer(read, 1, addrOf(1, 1)).groups.get(1)?.isOutOfSync).toBe(true);
    expect(removeServer(synced, 1, addrOf(1, 1)).groups.get(1)?.isOutOfSync).toBe(false);
    const unused = setReplicaGroup(withGroups(empty, 1, 2), 1, addrOf(1, 1), true);
    expect(unused.groups.get(1)?.isOutOfSync).toBe(false);
  });

  test("all replica groups at once leave groups without a difference alone", () => {
    const one = markGroupsSynced(
      setReplicaGroup(setReplicaGroup(synced, 1, addrOf(1, 0), true), 1, addrOf(1, 1), true),
      [1],
    );
    const all = setAllReplicaGroups(one, true);
    expect(all.groups.get(1)).toBe(
      one.groups.get(1) as NonNullable<ReturnType<typeof all.groups.get>>,
    );
    expect(all.groups.get(2)?.servers.map((server) => server.isReplicaGroup)).toEqual([true, true]);
    expect(all.groups.get(2)?.isOutOfSync).toBe(true);
  });

  test("can't have more servers than the bound", () => {
    const full = withGroups(empty, 1, SERVERS_PER_GROUP_MAX);
    expect(catchError(() => addServer(full, 1, "10.9.9.9:1")).code).toBe("STATE_CONFLICT");
  });
});

describe("sync actions", () => {
  test("wait in order, run one after another, and end", () => {
    let topology = createSyncAction(createSyncAction(sample, addrOf(2, 1)), addrOf(1, 1));
    topology = startSyncAction(topology, addrOf(2, 1));
    expect(topology.groups.get(2)?.servers[1]?.action).toEqual({ index: 0, state: "syncing" });
    topology = createSyncAction(finishSyncAction(topology, addrOf(2, 1), false), addrOf(2, 0));
    expect(topology.groups.get(2)?.servers.map((server) => server.action)).toEqual([
      { index: 3, state: "pending" },
      { index: 0, state: "synced_failed" },
    ]);
    expect(removeSyncAction(topology, addrOf(2, 1)).groups.get(2)?.servers[1]?.action.state).toBe(
      "",
    );
  });

  test("a sync that was taken back doesn't end", () => {
    expect(finishSyncAction(sample, addrOf(1, 1), true)).toBe(sample);
    const running = startSyncAction(createSyncAction(sample, addrOf(1, 1)), addrOf(1, 1));
    expect(createSyncAction(running, addrOf(1, 1)).groups.get(1)?.servers[1]?.action.state).toBe(
      "pending",
    );
    const done = finishSyncAction(running, addrOf(1, 1), true);
    expect(done.groups.get(1)?.servers[1]?.action.state).toBe("synced");
  });
});

describe("slots", () => {
  test("assigning drops actions and marks the group", () => {
    const moving = createSlotActions(synced, [{ id: 0, groupId: 2 }]);
    const topology = assignSlots(moving, [
      { id: 0, groupId: 2 },
      { id: 1, groupId: 0 },
    ]);
    expect(topology.slots[0]).toEqual({
      id: 0,
      groupId: 2,
      action: { index: 0, state: "", targetId: 0 },
    });
    expect(topology.slots[1]?.groupId).toBe(0);
    expect([...topology.groups.values()].map((group) => group.isOutOfSync)).toEqual([false, true]);
    expect(synced.slots[0]?.groupId).toBe(1);
  });

  test("actions are numbered behind those that wait", () => {
    const first = createSlotActions(sample, [
      { id: 5, groupId: 2 },
      { id: 3, groupId: 2 },
    ]);
    const second = createSlotActions(first, [{ id: 1, groupId: 2 }]);
    expect([5, 3, 1].map((id) => second.slots[id]?.action.index)).toEqual([1, 2, 3]);
    expect(removeSlotAction(second, 3).slots[3]).toEqual(
      sample.slots[3] as NonNullable<(typeof sample.slots)[3]>,
    );
  });

  test("ranges have both ends", () => {
    expect(slotRange(sample, 1022, 1023)).toEqual([1022, 1023]);
    for (const [first, last] of [
      [-1, 0],
      [2, 1],
      [0, 1024],
      [0.5, 1],
      [Number.NaN, 1],
    ] as const) {
      const thrown = catchError(() => slotRange(sample, first, last));
      expect(thrown.message).toStartWith(
        `invalid slot range [${first},${last}]: expected 0 to 1023`,
      );
    }
  });
});

describe("proxies", () => {
  test("get the next number and keep it", () => {
    let topology = addProxy(addProxy(empty, proxyModel(8)), proxyModel(4));
    topology = addProxy(removeProxy(topology, proxyModel(8).token), proxyModel(9));
    expect([...topology.proxies.values()].map(({ id, adminAddr }) => [id, adminAddr])).toEqual([
      [2, proxyModel(4).adminAddr],
      [3, proxyModel(9).adminAddr],
    ]);
    const updated = updateProxy(topology, proxyModel(4, { pid: 7 }));
    expect(updated.proxies.get(proxyModel(4).token)).toMatchObject({ id: 2, pid: 7 });
  });

  test("can't be more than the bound", () => {
    let full = empty;
    const proxies = Array.from({ length: PROXIES_MAX }, (_, i) => ({
      ...proxyModel(i + 1),
      id: i + 1,
    }));
    full = { ...full, proxies: new Map(proxies.map((proxy) => [proxy.token, proxy])) };
    expect(catchError(() => addProxy(full, proxyModel(5000))).code).toBe("STATE_CONFLICT");
  });
});

describe("sentinels", () => {
  test("are out of sync until they were told", () => {
    const topology = addSentinel(addSentinel(empty, "10.2.0.1:1"), "10.2.0.2:1");
    expect(topology.sentinel).toEqual({ servers: ["10.2.0.1:1", "10.2.0.2:1"], outOfSync: true });
    const told = markSentinelsSynced(topology);
    expect(told.sentinel.outOfSync).toBe(false);
    expect(removeSentinel(told, "10.2.0.1:1").sentinel).toEqual({
      servers: ["10.2.0.2:1"],
      outOfSync: true,
    });
  });

  test("can't be more than the bound", () => {
    let topology = empty;
    for (let i = 0; i < SENTINELS_MAX; i++) {
      topology = addSentinel(topology, `10.2.0.${i + 1}:1`);
    }
    expect(catchError(() => addSentinel(topology, "10.2.1.1:1")).code).toBe("STATE_CONFLICT");
  });
});

describe("nodes that are garbage", () => {
  const faulty: Topology = {
    ...sample,
    faults: [
      "/codis3/demo/slots/slot-0005: isn't JSON",
      "/codis3/demo/group/group-0003: isn't JSON",
      "/codis3/demo/proxy/proxy-x: isn't JSON",
      "/codis3/demo/sentinel: isn't JSON",
    ],
  };

  test.each([
    ["slot-[5]", () => assignSlots(faulty, [{ id: 5, groupId: 1 }])],
    ["slot-[5]", () => createSlotActions(faulty, [{ id: 5, groupId: 2 }])],
    ["slot-[5]", () => removeSlotAction(faulty, 5)],
    ["group-[3]", () => createGroup(faulty, 3)],
    ["group-[3]", () => removeGroup(faulty, 3)],
    ["group-[3]", () => addServer(faulty, 3, "10.0.0.1:1")],
    ["group-[3]", () => assignSlots(faulty, [{ id: 0, groupId: 3 }])],
    ["proxy-[x]", () => addProxy(faulty, proxyModel(2, { token: "x" }))],
    ["proxy-[x]", () => removeProxy(faulty, "x")],
    ["the list of sentinels", () => addSentinel(faulty, "10.2.0.9:1")],
  ])("%s is named and left alone", (name, change) => {
    const thrown = catchError(change);
    expect(thrown.code).toBe("MODEL_INVALID");
    expect(thrown.message).toStartWith(`${name} can't be understood`);
    expect(thrown.message).toEndWith(": isn't JSON");
  });

  test("the rest can be changed", () => {
    expect(assignSlots(faulty, [{ id: 6, groupId: 2 }]).slots[6]?.groupId).toBe(2);
    expect(createGroup(faulty, 4).groups.has(4)).toBe(true);
  });

  test("assigning by force repairs a slot", () => {
    const topology = assignSlots(faulty, [{ id: 5, groupId: 2 }], { repairsFaults: true });
    expect(topology.slots[5]?.groupId).toBe(2);
    expect(topology.faults).toEqual(faulty.faults.slice(1));
  });
});

describe("the check", () => {
  test("finds nothing in what the changes make", () => {
    expect(checkTopology(sample)).toEqual([]);
  });

  test("names what a hand or a crash has left", () => {
    const groupTwo = sample.groups.get(2);
    const broken: Topology = {
      ...sample,
      slots: sample.slots.map((slot) =>
        slot.id === 0
          ? { id: 0, groupId: 9, action: { index: 1, state: "pending", targetId: 1 } }
          : slot.id === 1
            ? { id: 1, groupId: 1, action: { index: 1, state: "pending", targetId: 1 } }
            : slot,
      ),
      groups: new Map([
        ...sample.groups,
        [
          3,
          {
            ...createGroup(empty, 3).groups.get(3),
            id: 3,
            servers: groupTwo?.servers ?? [],
            promoting: { index: 0, state: "" },
            isOutOfSync: false,
          },
        ],
      ]),
      sentinel: { servers: ["a:1", "A:1"], outOfSync: false },
    };
    expect(checkTopology(broken)).toEqual([
      "slot 0 belongs to group 9, which doesn't exist or is empty",
      "slot 1 moves to group 1, which owns it already",
      "two slots wait with index 1",
      `server ${addrOf(2, 0)} is in group 2 and in group 3`,
      `server ${addrOf(2, 1)} is in group 2 and in group 3`,
      "sentinel-[a:1] is there twice",
    ]);
  });
});
