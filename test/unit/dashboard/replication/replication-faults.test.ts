/** Every code of a fault with its exact rule, their order, and what is left out. */
import { expect, test } from "bun:test";
import type { Picture } from "../../../../src/dashboard/availability/replication/picture.ts";
import {
  FAULT_ORDER,
  type FaultContext,
  type FoundFault,
  findFaults,
  LAG_BYTES,
  LAG_SILENT_SECONDS,
} from "../../../../src/dashboard/availability/replication/replication-faults.ts";
import type { Sight } from "../../../../src/dashboard/availability/replication/sight.ts";
import { REPLICATION_FAULTS } from "../../../../src/model/availability/replication.ts";
import {
  answering,
  CALM,
  following,
  pictureOf,
  silent,
} from "../../../support/replication-sample.ts";
import { type ServerTopology, serverTopology } from "../../../support/server-topology.ts";

const GROUP: ServerTopology = { groups: { 1: ["m:1", "r:1", "r:2"] }, owners: [[0, 1023, 1]] };
const WELL = [answering("m:1"), following("r:1", "m:1"), following("r:2", "m:1")];

/** Faults of the group when some of its servers look otherwise. */
function find(
  changed: readonly Sight[],
  changes: {
    readonly topology?: Partial<ServerTopology>;
    readonly picture?: Partial<Picture>;
    readonly context?: Partial<FaultContext>;
  } = {},
): readonly FoundFault[] {
  const sights = new Map([...WELL, ...changed].map((sight) => [sight.addr, sight]));
  const topology = serverTopology({ ...GROUP, ...changes.topology });
  const picture = pictureOf(topology, [...sights.values()], changes.picture);
  return findFaults(picture, { ...CALM, ...changes.context });
}

function codes(faults: readonly FoundFault[]): readonly string[] {
  return faults.map(({ code, addr }) => `${code} ${addr}`);
}

test("servers that do what is stored have no fault", () => {
  expect(find([])).toEqual([]);
});

test("every code has its place in the order", () => {
  expect([...FAULT_ORDER].toSorted()).toEqual([...REPLICATION_FAULTS].toSorted());
});

test("MASTER_DOWN: its replicas, which have no link because of it, are no faults of their own", () => {
  const lost = ["r:1", "r:2"].map((addr) => following(addr, "m:1", { isLinkUp: false }));
  const [fault, ...others] = find([silent("m:1"), ...lost]);
  expect(others).toEqual([]);
  expect(fault).toMatchObject({ code: "MASTER_DOWN", stored: "master", real: "no answer" });
  expect(fault?.isMendable).toBe(false);
  expect(fault?.text).toContain("codis group promote 1");
});

test("MASTER_IS_REPLICA", () => {
  const master = following("m:1", "far:1", { streamId: "s" });
  const found = find([master, ...["r:1", "r:2"].map((addr) => following(addr, "m:1"))]);
  expect(found[0]).toMatchObject({ code: "MASTER_IS_REPLICA", real: "replica of far:1" });
  expect(found[0]?.isMendable).toBe(true);
});

test("REPLICA_DOWN", () => {
  expect(find([silent("r:1")])).toMatchObject([
    { code: "REPLICA_DOWN", addr: "r:1", stored: "replica of m:1", real: "no answer" },
  ]);
});

test("REPLICA_IS_MASTER: nobody uses it; mendable, or with the reason why not", () => {
  const [fault, ...others] = find([answering("r:1")]);
  expect(others).toEqual([]);
  expect(fault).toMatchObject({ code: "REPLICA_IS_MASTER", real: "master with 10 keys" });
  expect(fault).toMatchObject({ isMendable: true });
  const [left] = find([answering("r:1"), answering("m:1", { keys: 0 })]);
  expect(left).toMatchObject({ code: "REPLICA_IS_MASTER", isMendable: false });
  expect(left?.text).toContain("the stored master m:1 is empty");
});

test("SPLIT_BRAIN: it has replicas, or is written to, beside the stored master", () => {
  const replicas = [{ addr: "r:2", state: "online", offset: 1, lagSeconds: 0 }];
  expect(codes(find([answering("r:1", { replicas })]))).toEqual(["SPLIT_BRAIN r:1"]);
  const context = { isWritten: (addr: string) => addr === "r:1" };
  expect(codes(find([answering("r:1")], { context }))).toEqual(["SPLIT_BRAIN r:1"]);
  const down = find([answering("r:1"), silent("m:1")], { context });
  expect(codes(down)).toEqual(["MASTER_DOWN m:1", "REPLICA_IS_MASTER r:1"]);
});

test("WRONG_MASTER: a sibling, a server of another group, one of none", () => {
  expect(codes(find([following("r:2", "r:1", { streamId: "stream-of-m:1" })]))).toEqual([
    "WRONG_MASTER r:2",
  ]);
  const other = { groups: { ...GROUP.groups, 2: ["x:1"] } };
  const found = find([following("r:2", "x:1"), answering("x:1")], { topology: other });
  expect(codes(found)).toEqual(["WRONG_MASTER r:2"]);
  const picture = { runIdByName: () => "run of a stranger" };
  expect(codes(find([following("r:2", "far:1")], { picture }))).toEqual(["WRONG_MASTER r:2"]);
});

test("a master under a name that nobody knows: the streams tell, and when they can't, nothing is said", () => {
  const streamId = "stream-of-m:1";
  expect(find([following("r:1", "name:1", { streamId })])).toEqual([]);
  expect(codes(find([following("r:1", "name:1")]))).toEqual(["WRONG_MASTER r:1"]);
  expect(codes(find([following("r:1", "name:1"), silent("m:1")]))).toEqual(["MASTER_DOWN m:1"]);
  const promoted = answering("m:1", { formerStreamId: "stream-of-name:1" });
  expect(find([following("r:1", "name:1"), promoted])).toMatchObject([]);
});

test("LINK_BROKEN: neither a link nor a copy on its way", () => {
  const isLinkUp = false;
  expect(codes(find([following("r:1", "m:1", { isLinkUp })]))).toEqual(["LINK_BROKEN r:1"]);
  expect(find([following("r:1", "m:1", { isLinkUp, isSyncing: true })])).toEqual([]);
  const replicas = [{ addr: "10.0.0.7:1", state: "wait_bgsave", offset: 0, lagSeconds: 0 }];
  const awaiting = [following("r:1", "m:1", { isLinkUp }), answering("m:1", { replicas })];
  expect(codes(find(awaiting))).toEqual([]);
});

test("LAGGING: by bytes, or by silence", () => {
  const [bytes] = find([], { context: { lagOf: () => LAG_BYTES } });
  expect(bytes).toMatchObject({ code: "LAGGING", real: `${LAG_BYTES} bytes behind` });
  expect(find([], { context: { lagOf: () => LAG_BYTES - 1 } })).toEqual([]);
  const quiet = (silentSeconds: number): readonly FoundFault[] =>
    find([following("r:1", "m:1", { silentSeconds })]);
  expect(codes(quiet(LAG_SILENT_SECONDS))).toEqual(["LAGGING r:1"]);
  expect(quiet(LAG_SILENT_SECONDS - 1)).toEqual([]);
});

test("NO_REPLICA: a group with slots whose replicas are all of no use", () => {
  const found = find([silent("r:1"), silent("r:2")]);
  expect(codes(found)).toEqual(["NO_REPLICA m:1", "REPLICA_DOWN r:1", "REPLICA_DOWN r:2"]);
  const isLinkUp = false;
  const joining = following("r:1", "m:1", { isLinkUp, isSyncing: true });
  expect(codes(find([joining, silent("r:2")]))).toEqual(["REPLICA_DOWN r:2"]);
  const idle = { owners: [] };
  expect(codes(find([silent("r:1"), silent("r:2")], { topology: idle }))).not.toContain(
    "NO_REPLICA m:1",
  );
});

test("NO_REPLICA: a group of one server, when its master is down or should be replaced when it dies", () => {
  const topology = { groups: { 1: ["m:1"] } };
  expect(find([], { topology })).toEqual([]);
  expect(codes(find([silent("m:1")], { topology }))).toEqual(["MASTER_DOWN m:1", "NO_REPLICA m:1"]);
  const context = { wantsReplicas: true };
  expect(codes(find([], { topology, context }))).toEqual(["NO_REPLICA m:1"]);
});

test("left out: groups that are promoting or busy, sync actions under way, servers not looked at", () => {
  expect(find([silent("m:1")], { context: { isBusy: () => true } })).toEqual([]);
  const actions = { "r:1": [0, "syncing"] } as const;
  expect(find([answering("r:1")], { topology: { actions } })).toEqual([]);
  const topology = serverTopology(GROUP);
  expect(findFaults(pictureOf(topology, []), CALM)).toEqual([]);
  expect(findFaults(pictureOf(topology, [answering("m:1")]), CALM)).toEqual([]);
  const [first] = topology.groups.values();
  if (first !== undefined) {
    const promoting = { index: 1, state: "prepared" } as const;
    const groups = new Map([[1, { ...first, promoting }]]);
    expect(findFaults(pictureOf({ ...topology, groups }, [silent("m:1")]), CALM)).toEqual([]);
  }
});

test("the worst first, then by group and by place", () => {
  const topology = { groups: { 1: ["m:1", "r:1"], 2: ["n:1", "s:1", "s:2"] } };
  const found = find([silent("r:1"), silent("n:1"), answering("s:1"), silent("s:2")], {
    topology,
    picture: { isMember: () => false },
  });
  expect(codes(found)).toEqual([
    "MASTER_DOWN n:1",
    "NO_REPLICA m:1",
    "REPLICA_IS_MASTER s:1",
    "REPLICA_DOWN r:1",
    "REPLICA_DOWN s:2",
  ]);
});
