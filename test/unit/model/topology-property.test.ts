/**
 * Random sequences of changes: whatever is done in whatever order, the parts of the topology fit together,
 * the nodes hold all of it, and each proxy can read the slots that it is told.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { CodisError } from "../../../src/base/error.ts";
import { createMemoryStore } from "../../../src/coordinator/memory/memory-store.ts";
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
} from "../../../src/model/change/slot.ts";
import {
  createSyncAction,
  finishSyncAction,
  removeSyncAction,
  startSyncAction,
} from "../../../src/model/change/sync-action.ts";
import { slotToJson } from "../../../src/model/slot.ts";
import { decodeSlotTable } from "../../../src/model/slot-table.ts";
import { viewSlots } from "../../../src/model/slot-view.ts";
import { checkTopology } from "../../../src/model/topology/check.ts";
import { diffTopology } from "../../../src/model/topology/diff.ts";
import { decodeTopology } from "../../../src/model/topology/node.ts";
import { readTopology } from "../../../src/model/topology/reader.ts";
import { emptyTopology, type Topology } from "../../../src/model/topology/topology.ts";
import { printSeed, SEED } from "../../support/seed.ts";
import { proxyModel } from "../../support/topology-sample.ts";
import { openStore } from "../../support/topology-store.ts";

printSeed("topology-property");

type Change = (topology: Topology) => Topology;

// Small ranges, so that changes meet: the same group, server or slot again and again.
const groupId = fc.integer({ min: 0, max: 4 });
const addr = fc.integer({ min: 1, max: 6 }).map((host) => `10.0.0.${host}:6379`);
const slotId = fc.integer({ min: 0, max: 9 });
const flag = fc.boolean();
const proxyNumber = fc.integer({ min: 1, max: 4 });
const targets = fc.array(fc.record({ id: slotId, groupId }), { maxLength: 8 });

const change: fc.Arbitrary<Change> = fc.oneof(
  groupId.map(
    (id): Change =>
      (now) =>
        createGroup(now, id),
  ),
  groupId.map(
    (id): Change =>
      (now) =>
        removeGroup(now, id),
  ),
  fc.tuple(groupId, addr, fc.constantFrom("", "east")).map(
    ([id, server, datacenter]): Change =>
      (now) =>
        addServer(now, id, server, datacenter),
  ),
  fc.tuple(groupId, addr).map(
    ([id, server]): Change =>
      (now) =>
        removeServer(now, id, server),
  ),
  fc.tuple(groupId, addr, flag).map(
    ([id, server, isOn]): Change =>
      (now) =>
        setReplicaGroup(now, id, server, isOn),
  ),
  flag.map(
    (isOn): Change =>
      (now) =>
        setAllReplicaGroups(now, isOn),
  ),
  groupId.map(
    (id): Change =>
      (now) =>
        markGroupsSynced(now, [id]),
  ),
  addr.map(
    (server): Change =>
      (now) =>
        createSyncAction(now, server),
  ),
  addr.map(
    (server): Change =>
      (now) =>
        startSyncAction(now, server),
  ),
  fc.tuple(addr, flag).map(
    ([server, isOk]): Change =>
      (now) =>
        finishSyncAction(now, server, isOk),
  ),
  addr.map(
    (server): Change =>
      (now) =>
        removeSyncAction(now, server),
  ),
  targets.map(
    (list): Change =>
      (now) =>
        assignSlots(now, list),
  ),
  targets.map(
    (list): Change =>
      (now) =>
        createSlotActions(now, list),
  ),
  slotId.map(
    (id): Change =>
      (now) =>
        removeSlotAction(now, id),
  ),
  proxyNumber.map(
    (number): Change =>
      (now) =>
        addProxy(now, proxyModel(number)),
  ),
  proxyNumber.map(
    (number): Change =>
      (now) =>
        updateProxy(now, proxyModel(number, { pid: 1 })),
  ),
  proxyNumber.map(
    (number): Change =>
      (now) =>
        removeProxy(now, proxyModel(number).token),
  ),
  addr.map(
    (sentinel): Change =>
      (now) =>
        addSentinel(now, sentinel),
  ),
  addr.map(
    (sentinel): Change =>
      (now) =>
        removeSentinel(now, sentinel),
  ),
  fc.constant<Change>(markSentinelsSynced),
);

/** The change done, or nothing when it is refused. */
function attempt(topology: Topology, next: Change): Topology {
  try {
    return next(topology);
  } catch (thrown) {
    if (thrown instanceof CodisError) {
      return topology;
    }
    throw thrown;
  }
}

test("the parts fit together, and the nodes hold all of it", () => {
  const property = fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
    const nodes = new Map<string, string>();
    let topology = emptyTopology("demo", 1024);
    for (const next of changes) {
      const before = topology;
      topology = attempt(before, next);
      expect(checkTopology(topology)).toEqual([]);
      for (const { path, data } of diffTopology(before, topology)) {
        expect(nodes.has(path) || data !== undefined).toBe(true);
        data === undefined ? nodes.delete(path) : nodes.set(path, data);
      }
    }
    const texts = [...nodes].map(([path, data]) => ({ path, data }));
    expect(decodeTopology("demo", 1024, texts)).toEqual(topology);
    expect(diffTopology(topology, decodeTopology("demo", 1024, texts))).toEqual([]);
    const viewer = {
      datacenter: "east",
      host: "10.0.0.1",
      forwardMethod: 2,
      moveMethod: 2,
    } as const;
    const table = viewSlots(topology, viewer).flatMap((slot) => (slot ? [slotToJson(slot)] : []));
    const rules = { source: "push", slotCount: 1024, unknownFields: "refuse" } as const;
    expect(decodeSlotTable(JSON.parse(JSON.stringify(table)), rules)).toHaveLength(1024);
  });
  fc.assert(property, { seed: SEED, numRuns: 300 });
}, 30_000);

test("a store does the same, over leaders that come and go", async () => {
  const step = fc.record({
    next: change,
    isNewLeader: fc.nat({ max: 9 }).map((dice) => dice === 0),
  });
  const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const memory = createMemoryStore({ chunkSize: 2 });
    let coordinator = memory.open();
    let store = await openStore(coordinator);
    let topology = emptyTopology("demo", 1024);
    for (const { next, isNewLeader } of steps) {
      if (isNewLeader) {
        await coordinator.close();
        coordinator = memory.open();
        store = await openStore(coordinator);
      }
      topology = attempt(topology, next);
      await store.commit("change", next).catch((thrown: unknown) => {
        expect(thrown).toBeInstanceOf(CodisError);
      });
      expect({ ...store.snapshot(), revision: 0 }).toEqual(topology);
    }
    expect(await readTopology(memory.open(), "demo")).toEqual(topology);
  });
  await fc.assert(property, { seed: SEED, numRuns: 30 });
}, 30_000);

test("a node of random JSON is read or named, and what is read is written again as the same", () => {
  const path = fc.constantFrom(
    "slots/slot-0000",
    "group/group-0001",
    `proxy/proxy-${proxyModel(1).token}`,
    "sentinel",
  );
  const fields = ["id", "group_id", "action", "state", "servers", "server", "token", "out_of_sync"];
  const object = fc.dictionary(fc.oneof(fc.constantFrom(...fields), fc.string()), fc.jsonValue());
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    object.map((value) => JSON.stringify(value)),
  );
  const property = fc.property(path, text, (end, data) => {
    const node = { path: `/codis3/demo/${end}`, data };
    const topology = decodeTopology("demo", 1024, [node]);
    expect(topology.faults.length).toBeLessThanOrEqual(1);
    if (topology.faults.length === 0) {
      const again = diffTopology(emptyTopology("demo", 1024), topology).map((one) => ({
        path: one.path,
        data: one.data ?? "",
      }));
      expect(decodeTopology("demo", 1024, again)).toEqual(topology);
    }
  });
  fc.assert(property, { seed: SEED, numRuns: 500 });
}, 30_000);
