/** The store of the topology on the memory coordinator: changes, order, conflicts, outages, lost leaders. */

import { describe, expect, test } from "bun:test";
import { CodisError } from "../../../../src/base/error.ts";
import type { Leadership } from "../../../../src/coordinator/coordinator.ts";
import { ABSENT, ANY } from "../../../../src/coordinator/coordinator.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../../src/coordinator/memory/memory-store.ts";
import { COMMITS_WAITING_MAX } from "../../../../src/dashboard/topology/commit-queue.ts";
import type { TopologyStore } from "../../../../src/dashboard/topology/store.ts";
import {
  addServer,
  createGroup,
  markGroupsOutOfSync,
  removeGroup,
} from "../../../../src/model/change/group.ts";
import { addProxy } from "../../../../src/model/change/proxy.ts";
import { addSentinel } from "../../../../src/model/change/sentinel.ts";
import { assignSlots, createSlotActions, slotRange } from "../../../../src/model/change/slot.ts";
import { coordinatorPath } from "../../../../src/model/coordinator-path.ts";
import { emptyGroup } from "../../../../src/model/group.ts";
import { encodeGroupNode, encodeSlotNode } from "../../../../src/model/topology/node.ts";
import { readTopology } from "../../../../src/model/topology/reader.ts";
import { emptyTopology, type Topology } from "../../../../src/model/topology/topology.ts";
import { catchRejection } from "../../../support/caught-error.ts";
import { withDeadline } from "../../../support/deadline.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { addrOf, proxyModel, sampleTopology } from "../../../support/topology-sample.ts";
import {
  fillProduct,
  openStore,
  warningLog,
  writeOneByOne,
} from "../../../support/topology-store.ts";

const JOURNAL = coordinatorPath.journal("demo");

async function filledStore(memory: MemoryStore): Promise<TopologyStore> {
  await fillProduct(memory.open(), sampleTopology());
  return openStore(memory.open());
}

describe("opening", () => {
  test("a new product gets the configured number of slots", async () => {
    const memory = createMemoryStore();
    const store = await openStore(memory.open(), { slotCount: 2048 });
    expect(store.snapshot()).toEqual({ ...emptyTopology("demo", 2048), revision: 1 });
    expect(JSON.parse(memory.snapshot().get("/codis-ext/demo/settings") ?? "")).toEqual({
      slot_count: 2048,
    });
  });

  test("another number than the product's is refused, by name", async () => {
    const memory = createMemoryStore();
    const first = memory.open();
    await openStore(first, { slotCount: 2048 });
    await first.close();
    const thrown = await catchRejection(openStore(memory.open(), { slotCount: 1024 }));
    expect(thrown.code).toBe("CONFIG_INVALID");
    expect(thrown.message).toContain("2048 slots, but 1024 are configured");
  });

  test("a product of an original dashboard has 1024 slots", async () => {
    const memory = createMemoryStore();
    await fillProduct(memory.open(), sampleTopology());
    const coordinator = memory.open();
    const thrown = await catchRejection(openStore(coordinator, { slotCount: 4096 }));
    expect(thrown.code).toBe("CONFIG_INVALID");
    await coordinator.close();
    const store = await openStore(memory.open());
    expect(store.snapshot()).toEqual({ ...sampleTopology(), revision: 1 });
  });

  test("settings that were lost are found again in the slots", async () => {
    const memory = createMemoryStore();
    await fillProduct(memory.open(), sampleTopology(2048));
    expect(await readTopology(memory.open(), "demo")).toEqual(sampleTopology(2048));
    const store = await openStore(memory.open(), { slotCount: 2048 });
    expect(store.snapshot()).toEqual({ ...sampleTopology(2048), revision: 1 });
    expect(memory.get(coordinatorPath.settings("demo"))?.data).toContain("2048");
  });

  test("settings that are garbage are named", async () => {
    const memory = createMemoryStore();
    await memory
      .open()
      .write([
        { path: coordinatorPath.settings("demo"), data: '{"slot_count": 7}', expected: ABSENT },
      ]);
    const thrown = await catchRejection(openStore(memory.open()));
    expect(thrown.code).toBe("MODEL_INVALID");
    expect(thrown.message).toStartWith(
      "/codis-ext/demo/settings: slot_count: expected one of 1024",
    );
  });

  test("other garbage is named, and the rest works", async () => {
    const memory = createMemoryStore();
    await fillProduct(memory.open(), sampleTopology());
    const garbage = coordinatorPath.slot("demo", 5);
    await memory.open().write([{ path: garbage, data: "oops", expected: ANY }]);
    const { log, lines } = warningLog();
    const store = await openStore(memory.open(), { log });
    expect(store.snapshot().faults).toHaveLength(1);
    expect(lines[0]).toStartWith(`topology.node-invalid: ${garbage}: isn't JSON`);

    await store.commit("create group", (topology) => createGroup(topology, 3));
    const assign = [{ id: 5, groupId: 2 }];
    const refused = await catchRejection(store.commit("assign", (now) => assignSlots(now, assign)));
    expect(refused.code).toBe("MODEL_INVALID");
    expect(memory.snapshot().get(garbage)).toBe("oops");

    await store.commit("assign", (now) => assignSlots(now, assign, { repairsFaults: true }));
    expect(store.snapshot().faults).toEqual([]);
    expect(await readTopology(memory.open(), "demo")).toEqual({ ...store.snapshot(), revision: 0 });
  });

  test("taking a slot that is garbage offline writes it", async () => {
    const memory = createMemoryStore();
    const garbage = coordinatorPath.slot("demo", 5);
    await memory.open().write([{ path: garbage, data: "", expected: ANY }]);
    const store = await openStore(memory.open());
    await store.commit("offline", (now) =>
      assignSlots(now, [{ id: 5, groupId: 0 }], { repairsFaults: true }),
    );
    expect(JSON.parse(memory.snapshot().get(garbage) ?? "")).toEqual({
      id: 5,
      group_id: 0,
      action: {},
    });
  });
});

describe("changes", () => {
  test("are durable, counted, and told in order", async () => {
    const memory = createMemoryStore();
    const store = await openStore(memory.open());
    const told: number[] = [];
    const end = store.onChange((topology) => told.push(topology.revision));
    const one = store.commit("create", (topology) => createGroup(topology, 1));
    const two = store.commit("add", (topology) => addServer(topology, 1, addrOf(1, 0)));
    const three = store.commit("assign", (topology) =>
      assignSlots(
        topology,
        slotRange(topology, 0, 1023).map((id) => ({ id, groupId: 1 })),
      ),
    );
    expect((await Promise.all([one, two, three])).map((topology) => topology.revision)).toEqual([
      2, 3, 4,
    ]);
    expect(told).toEqual([2, 3, 4]);
    expect(await readTopology(memory.open(), "demo")).toEqual({ ...store.snapshot(), revision: 0 });
    expect(memory.snapshot().has(JOURNAL)).toBe(false);
    end();
    await store.commit("create", (topology) => createGroup(topology, 2));
    expect(told).toHaveLength(3);
  });

  test("that change nothing write nothing", async () => {
    const memory = createMemoryStore();
    const store = await filledStore(memory);
    const writes = memory.writeCount();
    const before = store.snapshot();
    expect(await store.commit("nothing", (topology) => ({ ...topology }))).toBe(before);
    expect(memory.writeCount()).toBe(writes);
  });

  test("that are refused write nothing, and the next ones go on", async () => {
    const memory = createMemoryStore();
    const store = await filledStore(memory);
    const writes = memory.writeCount();
    const refused = store.commit("create", (topology) => createGroup(topology, 1));
    const next = store.commit("create", (topology) => createGroup(topology, 3));
    expect((await catchRejection(refused)).code).toBe("ALREADY_EXISTS");
    expect((await next).groups.has(3)).toBe(true);
    expect(memory.writeCount()).toBe(writes + 1);
  });

  test("one node is one write; several have a journal around them", async () => {
    const memory = createMemoryStore();
    const store = await filledStore(memory);
    const count = async (change: (topology: Topology) => Topology): Promise<number> => {
      const writes = memory.writeCount();
      await store.commit("change", change);
      return memory.writeCount() - writes;
    };
    expect(await count((topology) => createGroup(topology, 3))).toBe(1);
    expect(await count((topology) => addProxy(topology, proxyModel(2)))).toBe(1);
    const moves = [
      { id: 0, groupId: 2 },
      { id: 1, groupId: 2 },
    ];
    expect(await count((topology) => createSlotActions(topology, moves))).toBe(2 + 2);
    expect(await count((topology) => markGroupsOutOfSync(removeGroup(topology, 3), [1]))).toBe(1);
  });

  test("more than the bound are refused", async () => {
    const memory = createMemoryStore();
    const store = await openStore(memory.open());
    const commits = Array.from({ length: COMMITS_WAITING_MAX + 1 }, (_, index) =>
      store.commit("create", (topology) => createGroup(topology, index + 1)),
    );
    expect((await catchRejection(commits[COMMITS_WAITING_MAX] ?? Promise.resolve())).code).toBe(
      "TOO_BUSY",
    );
    expect((await Promise.all(commits.slice(0, -1))).at(-1)?.groups.size).toBe(COMMITS_WAITING_MAX);
  });

  test("a listener that fails harms nobody", async () => {
    const { log, lines } = warningLog();
    const store = await openStore(createMemoryStore().open(), { log });
    store.onChange(() => {
      throw new Error("no");
    });
    await store.commit("create", (topology) => createGroup(topology, 1));
    expect(lines).toEqual(["topology.listener-failed: no"]);
  });

  test("4096 slots with their actions fit in one journal", async () => {
    const memory = createMemoryStore({ chunkSize: 128 });
    await fillProduct(memory.open(), sampleTopology(4096));
    await memory
      .open()
      .write([
        { path: coordinatorPath.settings("demo"), data: '{"slot_count": 4096}', expected: ABSENT },
      ]);
    const store = await openStore(memory.open(), { slotCount: 4096 });
    let journalBytes = 0;
    memory.onChange(({ path }) => {
      journalBytes = Math.max(
        journalBytes,
        path === JOURNAL ? (memory.get(JOURNAL)?.data.length ?? 0) : 0,
      );
    });
    const moves = store.snapshot().slots.map(({ id, groupId }) => ({ id, groupId: 3 - groupId }));
    await store.commit("move all", (topology) => createSlotActions(topology, moves));
    expect(journalBytes).toBeGreaterThan(100_000);
    expect(journalBytes).toBeLessThan(600_000);
  });
});

describe("somebody else writes", () => {
  test("what was written by hand is read, and the change is made on top of it", async () => {
    const memory = createMemoryStore();
    const store = await filledStore(memory);
    const other = memory.open();
    const path = coordinatorPath.slot("demo", 0);
    const byHand = encodeSlotNode({
      id: 0,
      groupId: 0,
      action: { index: 0, state: "", targetId: 0 },
    });
    await other.write([{ path, data: byHand, expected: ANY }]);
    const told: number[] = [];
    store.onChange((topology) => told.push(topology.revision));
    const seen: (number | undefined)[] = [];
    const after = await store.commit("move", (topology) => {
      seen.push(topology.slots[0]?.groupId);
      return createSlotActions(topology, [{ id: 0, groupId: 2 }]);
    });
    expect(seen).toEqual([1, 0]);
    expect(after.slots[0]).toMatchObject({ groupId: 0, action: { state: "pending", targetId: 2 } });
    expect(told).toEqual([2, 3]);
  });

  test("a conflict in the middle of a change takes back what was written", async () => {
    for (const chunkSize of [1, 2, 3, 7]) {
      const memory = createMemoryStore({ chunkSize });
      const store = await filledStore(memory);
      const path = coordinatorPath.slot("demo", 6);
      const byHand = encodeSlotNode({
        id: 6,
        groupId: 2,
        action: { index: 0, state: "", targetId: 0 },
      });
      await memory.open().write([{ path, data: byHand, expected: ANY }]);
      const moves = slotRange(store.snapshot(), 0, 9).map((id) => ({ id, groupId: 2 }));
      const refused = await catchRejection(
        store.commit("move", (topology) => createSlotActions(topology, moves)),
      );
      // The retry sees the slot where the hand has put it, and is refused for that.
      expect(refused.message).toBe("slot-[6] already in group-[2]");
      expect(memory.snapshot().has(JOURNAL)).toBe(false);
      const now = await readTopology(memory.open(), "demo");
      expect(now).toEqual({ ...store.snapshot(), revision: 0 });
      expect(now.slots.slice(0, 10).map((slot) => slot.action.state)).toEqual(Array(10).fill(""));
    }
  });

  test("reload shows it, and counts only when something is new", async () => {
    const memory = createMemoryStore();
    const store = await filledStore(memory);
    const before = store.snapshot();
    expect(await store.reload()).toBe(before);
    await memory
      .open()
      .write([{ path: coordinatorPath.group("demo", 7), data: "{}", expected: ABSENT }]);
    const after = await store.reload();
    expect(after.groups.has(7)).toBe(true);
    expect(after.revision).toBe(before.revision + 1);
  });

  test("a node that is written all the time fails the change in the end", async () => {
    const memory = createMemoryStore();
    const store = await filledStore(memory);
    const other = memory.open();
    let writes: Promise<unknown> = Promise.resolve();
    const change = (topology: Topology): Topology => {
      const path = coordinatorPath.group("demo", 1);
      writes = other.write([{ path, data: memory.get(path)?.data ?? "", expected: ANY }]);
      return addServer(topology, 1, "10.9.9.9:1");
    };
    const thrown = await catchRejection(store.commit("add", change));
    await writes;
    expect(thrown.code).toBe("COORDINATOR_CONFLICT");
    await store.commit("add", (topology) => addServer(topology, 1, "10.9.9.9:1"));
  });
});

describe("outages", () => {
  test("after an unknown outcome the coordinator is read before the next change", async () => {
    const memory = createMemoryStore();
    await fillProduct(memory.open(), sampleTopology());
    const coordinator = memory.open({ operationTimeoutMs: 50 });
    const store = await openStore(coordinator);
    const moves = slotRange(store.snapshot(), 0, 9).map((id) => ({ id, groupId: 2 }));
    memory.onChange(({ path }) => {
      if (path === coordinatorPath.slot("demo", 4)) {
        memory.setDown(true);
      }
    });
    const thrown = await catchRejection(
      store.commit("move", (topology) => createSlotActions(topology, moves)),
    );
    expect(thrown.code).toBe("COORDINATOR_UNREACHABLE");
    expect(store.snapshot().slots[0]?.action.state).toBe("");
    const again = await catchRejection(
      store.commit("create", (topology) => createGroup(topology, 3)),
    );
    expect(again.code).toBe("COORDINATOR_UNREACHABLE");

    memory.setDown(false);
    const after = await store.commit("create", (topology) => createGroup(topology, 3));
    expect(after.groups.has(3)).toBe(true);
    expect(after.slots.slice(0, 10).map((slot) => slot.action.state)).toEqual(
      Array(10).fill("pending"),
    );
    expect(await readTopology(memory.open(), "demo")).toEqual({ ...after, revision: 0 });
    expect(memory.snapshot().has(JOURNAL)).toBe(false);
  });

  test("a write that comes late is seen in the end", async () => {
    const memory = createMemoryStore();
    await fillProduct(memory.open(), sampleTopology());
    const clock = new FakeClock();
    let writes = 0;
    const wrap = (leadership: Leadership): Leadership =>
      writeOneByOne(leadership, () => {
        writes += 1;
        if (writes === 2) {
          throw new CodisError("COORDINATOR_UNREACHABLE", "no answer");
        }
      });
    const store = await openStore(memory.open(), { clock, wrap });
    const make = (id: number) => store.commit("create", (topology) => createGroup(topology, id));
    expect((await catchRejection(make(3))).code).toBe("COORDINATOR_UNREACHABLE");
    await make(4);
    // The first one's write, which was given up, arrives only now.
    const path = coordinatorPath.group("demo", 3);
    memory.apply([{ path, data: encodeGroupNode(emptyGroup(3)), expected: ABSENT }]);
    expect([...store.snapshot().groups.keys()]).toEqual([1, 2, 4]);
    const seen = new Promise<Topology>((resolve) => store.onChange(resolve));
    clock.advance(15_000);
    expect([...(await withDeadline("late write", 10_000, seen)).groups.keys()]).toEqual([
      1, 2, 3, 4,
    ]);
  });

  test("what was written without an answer is seen, also when no other change comes", async () => {
    const memory = createMemoryStore();
    await fillProduct(memory.open(), sampleTopology());
    const clock = new FakeClock();
    let isSilent = false;
    const wrap = (leadership: Leadership): Leadership =>
      writeOneByOne(leadership, () => {
        if (isSilent) {
          throw new CodisError("COORDINATOR_UNREACHABLE", "no answer");
        }
      });
    const store = await openStore(memory.open(), { clock, wrap });
    isSilent = true;
    const change = store.commit("create", (topology) => createGroup(topology, 3));
    expect((await catchRejection(change)).code).toBe("COORDINATOR_UNREACHABLE");
    isSilent = false;
    const path = coordinatorPath.group("demo", 3);
    memory.apply([{ path, data: encodeGroupNode(emptyGroup(3)), expected: ABSENT }]);
    const seen = new Promise<Topology>((resolve) => store.onChange(resolve));
    clock.advance(15_000);
    expect([...(await withDeadline("the write", 10_000, seen)).groups.keys()]).toEqual([1, 2, 3]);
  });

  test("a change whose journal alone is left has happened", async () => {
    const memory = createMemoryStore();
    await fillProduct(memory.open(), sampleTopology());
    const store = await openStore(memory.open({ operationTimeoutMs: 50 }));
    memory.onChange(({ path }) => {
      if (path === coordinatorPath.slot("demo", 1)) {
        memory.setDown(true);
      }
    });
    const moves = [
      { id: 0, groupId: 2 },
      { id: 1, groupId: 2 },
    ];
    const after = await store.commit("move", (topology) => createSlotActions(topology, moves));
    expect(after.slots[1]?.action.state).toBe("pending");
    expect(memory.get(JOURNAL)).toBeDefined();
    memory.setDown(false);
    await store.commit("create", (topology) => createGroup(topology, 3));
    expect(memory.get(JOURNAL)).toBeUndefined();
  });
});

describe("lost leadership", () => {
  test("everything fails with it, and nothing is written", async () => {
    const memory = createMemoryStore();
    const store = await filledStore(memory);
    await memory
      .open()
      .write([{ path: coordinatorPath.lock("demo"), data: undefined, expected: ANY }]);
    await openStore(memory.open());
    const nodes = memory.snapshot();
    const tries = [
      store.commit("create", (topology) => createGroup(topology, 3)),
      store.commit("sentinel", (topology) => addSentinel(topology, "10.2.0.3:1")),
      store.reload(),
    ];
    for (const attempt of tries) {
      expect((await catchRejection(attempt)).code).toBe("LEADERSHIP_LOST");
    }
    expect(memory.snapshot()).toEqual(nodes);
  });

  test("a leader that is frozen in the middle of a change leaves it to the next, and writes no more", async () => {
    const memory = createMemoryStore();
    await fillProduct(memory.open(), sampleTopology());
    const coordinator = memory.open();
    const old = await openStore(coordinator, { leaseMs: 2_000 });
    const moves = slotRange(old.snapshot(), 0, 9).map((id) => ({ id, groupId: 2 }));
    memory.onChange(({ path }) => {
      if (path === coordinatorPath.slot("demo", 4)) {
        coordinator.freeze();
      }
    });
    const change = old.commit("move", (topology) => createSlotActions(topology, moves));
    const next = await until(() => openStore(memory.open()));
    expect(next.snapshot().slots.filter((slot) => slot.action.state === "pending")).toHaveLength(
      10,
    );
    await next.commit("offline", (topology) => assignSlots(topology, [{ id: 9, groupId: 0 }]));
    coordinator.thaw();
    expect((await catchRejection(change)).code).toBe("LEADERSHIP_LOST");
    expect(await readTopology(memory.open(), "demo")).toEqual({ ...next.snapshot(), revision: 0 });
  });
});

/** Tries until the old leader's lease has ended. */
async function until<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (thrown) {
      if (tries > 1_000) {
        throw thrown;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
