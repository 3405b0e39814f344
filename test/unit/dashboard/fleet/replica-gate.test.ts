/** Which replicas proxies are told of: only those that have what came to their group with the slot. */
import { beforeEach, describe, expect, test } from "bun:test";
import { silentLog } from "../../../../src/base/log.ts";
import { slotViewsOf } from "../../../../src/dashboard/fleet/desired-tables.ts";
import { ReplicaGate } from "../../../../src/dashboard/fleet/replica-gate.ts";
import type { SlotActionState } from "../../../../src/model/action.ts";
import type { GroupRecord } from "../../../../src/model/group.ts";
import type { ProxyRecord } from "../../../../src/model/proxy-record.ts";
import { FORWARD_METHOD } from "../../../../src/model/slot.ts";
import { emptyTopology, type Topology } from "../../../../src/model/topology/topology.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const [MASTER, ONE, TWO, OTHER] = ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1", "10.0.1.1:1"];
const PROXY = { datacenter: "", adminAddr: "10.9.9.9:11080" } as unknown as ProxyRecord;

let clock: FakeClock;
let figures: Map<string, { readonly info: Record<string, string> | undefined }>;
let topology: Topology;
let gate: ReplicaGate;
let commitCount: number;
let failure: Error | undefined;

function groupOf(id: number, ...addrs: readonly string[]): GroupRecord {
  const servers = addrs.map((addr) => ({
    addr,
    datacenter: "",
    action: { index: 0, state: "" as const },
    isReplicaGroup: true,
  }));
  return { id, servers, promoting: { index: 0, state: "" }, isOutOfSync: false };
}

function change(changes: Partial<Topology>): void {
  topology = { ...topology, ...changes, revision: topology.revision + 1 };
  gate.follow(topology);
}

/** Slot 7 belongs to the group in this state. */
function place(groupId: number, state: SlotActionState = "", targetId = 0): void {
  const slots = [...topology.slots];
  slots[7] = { id: 7, groupId, action: { index: 0, state, targetId } };
  change({ slots });
}

function look(addr: string, info: Record<string, string> | undefined): void {
  figures.set(addr, { info });
}

function lookAtMaster(offset: number, stream = "s", addr = MASTER as string): void {
  look(addr, { role: "master", master_repl_offset: `${offset}`, master_replid: stream });
}

function lookAtReplica(addr: string, offset: number, more: Record<string, string> = {}): void {
  look(addr, {
    role: "slave",
    master_host: "10.0.0.1",
    master_port: "1",
    master_addr: MASTER as string,
    master_link_status: "up",
    master_sync_in_progress: "0",
    slave_repl_offset: `${offset}`,
    master_replid: "s",
    ...more,
  });
}

/** Two looks at the master after which its place is known, and the gate has seen them. */
function knowPlace(offset: number, stream = "s"): void {
  for (const at of [offset - 1, offset]) {
    lookAtMaster(at, stream);
    clock.advance(1000);
  }
}

async function settle(): Promise<void> {
  clock.advance(1000);
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

/** What a proxy is told of slot 7. */
function told(): readonly (readonly string[])[] {
  const views = slotViewsOf(FORWARD_METHOD.semiAsync, FORWARD_METHOD.migrate, gate);
  return views.slotsFor(topology, PROXY)[7]?.replicaGroups ?? [];
}

beforeEach(() => {
  clock = new FakeClock();
  figures = new Map();
  commitCount = 0;
  failure = undefined;
  const empty = emptyTopology("demo", 1024);
  const groups = new Map([
    [1, groupOf(1, MASTER as string, ONE as string, TWO as string)],
    [2, groupOf(2, OTHER as string)],
  ]);
  topology = { ...empty, groups, revision: 1 };
  gate = new ReplicaGate({
    figures: () => figures,
    store: {
      async commit(_name, retell) {
        if (failure !== undefined) throw failure;
        commitCount += 1;
        const next = retell(topology);
        expect(next.handover).not.toBe(topology.handover);
        change(next);
      },
    },
    log: silentLog,
    clock,
  });
  place(1);
  gate.start();
});

test("a new leader offers a replica once it has passed a place taken since; the master is always there", async () => {
  expect(told()).toEqual([[MASTER]]);
  lookAtReplica(ONE as string, 100);
  lookAtMaster(100);
  await settle();
  // This look may have begun before.
  expect(told()).toEqual([[MASTER]]);
  lookAtMaster(200);
  await settle();
  expect(told()).toEqual([[MASTER]]);
  expect(commitCount).toBe(0);
  lookAtReplica(ONE as string, 199);
  await settle();
  expect(told()).toEqual([[MASTER]]);
  lookAtReplica(ONE as string, 200);
  await settle();
  expect(told()).toEqual([[MASTER, ONE]]);
  expect(commitCount).toBe(1);
  lookAtReplica(TWO as string, 300);
  await settle();
  expect(told()).toEqual([[MASTER, ONE, TWO]]);
  await settle();
  expect(commitCount).toBe(2);
});

describe("a replica that everything was known of", () => {
  beforeEach(async () => {
    lookAtReplica(ONE as string, 100);
    lookAtReplica(TWO as string, 100);
    knowPlace(100);
    await settle();
    expect(told()).toEqual([[MASTER, ONE, TWO]]);
  });

  test("isn't offered for a slot that came by a move before it has passed again", async () => {
    place(2);
    place(2, "migrating", 1);
    expect(told()).toEqual([]);
    place(1);
    expect(told()).toEqual([[MASTER]]);
    await settle();
    expect(told()).toEqual([[MASTER]]);
    lookAtReplica(ONE as string, 500);
    knowPlace(500);
    await settle();
    expect(told()).toEqual([[MASTER, ONE]]);
  });

  test("stays offered for the other slots of the group", () => {
    place(2);
    const views = slotViewsOf(FORWARD_METHOD.semiAsync, FORWARD_METHOD.migrate, gate);
    const slots = topology.slots.map((slot) => (slot.id === 8 ? { ...slot, groupId: 1 } : slot));
    change({ slots });
    place(1);
    expect(views.slotsFor(topology, PROXY)[8]?.replicaGroups).toEqual([[MASTER]]);
  });

  test("has to follow the new master after a promotion, with its link up", async () => {
    change({ groups: new Map([[1, groupOf(1, ONE as string, MASTER as string, TWO as string)]]) });
    expect(told()).toEqual([[ONE]]);
    for (const offset of [1000, 1001]) {
      lookAtMaster(offset, "t", ONE);
      await settle();
    }
    expect(told()).toEqual([[ONE]]);
    lookAtReplica(TWO as string, 1001, { master_replid: "t", master_link_status: "down" });
    await settle();
    expect(told()).toEqual([[ONE]]);
    lookAtReplica(TWO as string, 1001, { master_replid: "t" });
    await settle();
    expect(told()).toEqual([[ONE, TWO]]);
  });

  test("passes anew when it was taken out of the group meanwhile", async () => {
    change({ groups: new Map([[1, groupOf(1, MASTER as string, TWO as string)]]) });
    lookAtReplica(ONE as string, 0, { master_link_status: "down" });
    change({ groups: new Map([[1, groupOf(1, MASTER as string, TWO as string, ONE as string)]]) });
    await settle();
    expect(told()).toEqual([[MASTER, TWO]]);
    lookAtReplica(ONE as string, 100);
    await settle();
    expect(told()).toEqual([[MASTER, TWO, ONE]]);
  });
});

test("a master that was started again gives another place", async () => {
  knowPlace(1000);
  knowPlace(10, "t");
  lookAtReplica(ONE as string, 20, { master_replid: "t" });
  await settle();
  expect(told()).toEqual([[MASTER, ONE]]);
});

test("servers without names of streams are told by the address of their master", async () => {
  for (const offset of ["99", "100"]) {
    look(MASTER as string, { role: "master", master_repl_offset: offset });
    await settle();
  }
  const info = { role: "slave", master_link_status: "up", slave_repl_offset: "100" };
  look(ONE as string, { ...info, master_addr: "10.0.0.9:1" });
  await settle();
  expect(told()).toEqual([[MASTER]]);
  look(ONE as string, { ...info, master_addr: MASTER as string });
  await settle();
  expect(told()).toEqual([[MASTER, ONE]]);
});

test("what couldn't be told is told again, and nothing runs after the end", async () => {
  failure = new Error("not now");
  lookAtReplica(ONE as string, 100);
  knowPlace(100);
  await settle();
  expect(commitCount).toBe(0);
  failure = undefined;
  await settle();
  expect(commitCount).toBe(1);
  gate.stop();
  expect(clock.timerCount).toBe(0);
});
