/** Changes that are refused: each with the code, and the text that Codis has for it. */
import { expect, test } from "bun:test";
import {
  addServer,
  createGroup,
  removeGroup,
  removeServer,
  setAllReplicaGroups,
  setReplicaGroup,
  withGroup,
} from "../../../src/model/change/group.ts";
import { addProxy, removeProxy, updateProxy } from "../../../src/model/change/proxy.ts";
import { addSentinel, removeSentinel } from "../../../src/model/change/sentinel.ts";
import {
  assignSlots,
  createSlotActions,
  removeSlotAction,
  withSlot,
} from "../../../src/model/change/slot.ts";
import {
  createSyncAction,
  removeSyncAction,
  startSyncAction,
} from "../../../src/model/change/sync-action.ts";
import { emptyTopology, type Topology } from "../../../src/model/topology/topology.ts";
import { catchError } from "../../support/caught-error.ts";
import { addrOf, proxyModel, sampleTopology } from "../../support/topology-sample.ts";

const empty = emptyTopology("demo", 1024);
const sample = sampleTopology();

function promoting(topology: Topology, id: number): Topology {
  const group = topology.groups.get(id);
  return group === undefined
    ? topology
    : withGroup(topology, { ...group, promoting: { index: 1, state: "preparing" } });
}

/** Refusals: what is tried, the code, and how the text begins. */
const refusals: readonly (readonly [string, () => Topology, string, string])[] = [
  [
    "group 0",
    () => createGroup(empty, 0),
    "ARGUMENT_INVALID",
    "invalid group id = 0, out of range",
  ],
  [
    "group 10000",
    () => createGroup(empty, 10_000),
    "ARGUMENT_INVALID",
    "invalid group id = 10000, out of range",
  ],
  [
    "group 1.5",
    () => createGroup(empty, 1.5),
    "ARGUMENT_INVALID",
    "invalid group id = 1.5, out of range",
  ],
  ["a known group", () => createGroup(sample, 1), "ALREADY_EXISTS", "group-[1] already exists"],
  ["remove no group", () => removeGroup(sample, 3), "NOT_FOUND", "group-[3] doesn't exist"],
  ["remove a full group", () => removeGroup(sample, 1), "STATE_CONFLICT", "group-[1] isn't empty"],
  [
    "remove a group of slots",
    () =>
      removeGroup(
        withSlot(createGroup(empty, 1), {
          id: 4,
          groupId: 1,
          action: { index: 0, state: "", targetId: 0 },
        }),
        1,
      ),
    "STATE_CONFLICT",
    "group-[1] is still in use by slot-[4]",
  ],
  ["no address", () => addServer(sample, 1, ""), "ARGUMENT_INVALID", "invalid server address"],
  ["no port", () => addServer(sample, 1, "10.0.0.1"), "ARGUMENT_INVALID", "invalid server address"],
  [
    "port 0",
    () => addServer(sample, 1, "10.0.0.1:0"),
    "ARGUMENT_INVALID",
    "invalid server address",
  ],
  [
    "a server of this group",
    () => addServer(sample, 1, addrOf(1, 0)),
    "ALREADY_EXISTS",
    `server-[${addrOf(1, 0)}] already exists`,
  ],
  [
    "a server of another group",
    () => addServer(sample, 1, addrOf(2, 1)),
    "ALREADY_EXISTS",
    `server-[${addrOf(2, 1)}] already exists`,
  ],
  [
    "another spelling",
    () => addServer(addServer(sample, 1, "redis-a:1"), 2, "REDIS-A:01"),
    "ALREADY_EXISTS",
    "server-[REDIS-A:01] already exists",
  ],
  [
    "a server of no group",
    () => addServer(sample, 3, "10.0.0.1:1"),
    "NOT_FOUND",
    "group-[3] doesn't exist",
  ],
  [
    "add while promoting",
    () => addServer(promoting(sample, 1), 1, "10.0.0.1:1"),
    "STATE_CONFLICT",
    "group-[1] is promoting",
  ],
  [
    "a long data center",
    () => addServer(sample, 1, "10.0.0.1:1", "x".repeat(101)),
    "ARGUMENT_INVALID",
    "invalid data center name",
  ],
  [
    "a data center of two lines",
    () => addServer(sample, 1, "10.0.0.1:1", "a\nb"),
    "ARGUMENT_INVALID",
    "invalid data center name",
  ],
  [
    "remove no server",
    () => removeServer(sample, 1, "10.0.0.1:1"),
    "NOT_FOUND",
    "group-[1] doesn't have server-[10.0.0.1:1]",
  ],
  [
    "remove a master with replicas",
    () => removeServer(sample, 1, addrOf(1, 0)),
    "STATE_CONFLICT",
    "group-[1] can't remove master, still in use: take away its replicas first",
  ],
  [
    "remove a master with slots",
    () => removeServer(removeServer(sample, 1, addrOf(1, 1)), 1, addrOf(1, 0)),
    "STATE_CONFLICT",
    "group-[1] can't remove master, still in use: take away the slots of the group first",
  ],
  [
    "remove while promoting",
    () => removeServer(promoting(sample, 1), 1, addrOf(1, 1)),
    "STATE_CONFLICT",
    "group-[1] is promoting",
  ],
  [
    "replica of no group",
    () => setReplicaGroup(sample, 3, addrOf(1, 1), true),
    "NOT_FOUND",
    "group-[3] doesn't exist",
  ],
  [
    "replica that isn't there",
    () => setReplicaGroup(sample, 1, addrOf(2, 1), true),
    "NOT_FOUND",
    `group-[1] doesn't have server-[${addrOf(2, 1)}]`,
  ],
  [
    "replica while promoting",
    () => setReplicaGroup(promoting(sample, 1), 1, addrOf(1, 1), true),
    "STATE_CONFLICT",
    "group-[1] is promoting",
  ],
  [
    "all replicas while promoting",
    () => setAllReplicaGroups(promoting(sample, 2), true),
    "STATE_CONFLICT",
    "group-[2] is promoting",
  ],
  [
    "sync of no server",
    () => createSyncAction(sample, "10.0.0.1:1"),
    "NOT_FOUND",
    "server-[10.0.0.1:1] doesn't exist",
  ],
  [
    "sync twice",
    () => createSyncAction(createSyncAction(sample, addrOf(1, 1)), addrOf(1, 1)),
    "ALREADY_EXISTS",
    `server-[${addrOf(1, 1)}] action already exist`,
  ],
  [
    "no sync to remove",
    () => removeSyncAction(sample, addrOf(1, 1)),
    "NOT_FOUND",
    `server-[${addrOf(1, 1)}] action doesn't exist`,
  ],
  [
    "sync while promoting",
    () => createSyncAction(promoting(sample, 1), addrOf(1, 1)),
    "STATE_CONFLICT",
    "group-[1] is promoting",
  ],
  [
    "no sync to start",
    () => startSyncAction(sample, addrOf(1, 1)),
    "STATE_CONFLICT",
    `server-[${addrOf(1, 1)}] action state is invalid`,
  ],
  [
    "slot 1024",
    () => assignSlots(sample, [{ id: 1024, groupId: 1 }]),
    "NOT_FOUND",
    "slot-[1024] doesn't exist",
  ],
  [
    "slot -1",
    () => assignSlots(sample, [{ id: -1, groupId: 1 }]),
    "NOT_FOUND",
    "slot-[-1] doesn't exist",
  ],
  [
    "a slot for no group",
    () => assignSlots(sample, [{ id: 0, groupId: 3 }]),
    "NOT_FOUND",
    "group-[3] doesn't exist",
  ],
  [
    "a slot for an empty group",
    () => assignSlots(createGroup(sample, 3), [{ id: 0, groupId: 3 }]),
    "STATE_CONFLICT",
    "group-[3] is empty",
  ],
  [
    "a slot twice",
    () =>
      assignSlots(sample, [
        { id: 0, groupId: 1 },
        { id: 0, groupId: 2 },
      ]),
    "ARGUMENT_INVALID",
    "slot-[0] is there twice",
  ],
  [
    "move a moving slot",
    () =>
      createSlotActions(createSlotActions(sample, [{ id: 0, groupId: 2 }]), [
        { id: 0, groupId: 2 },
      ]),
    "STATE_CONFLICT",
    "slot-[0] action already exists",
  ],
  [
    "move to its own group",
    () => createSlotActions(sample, [{ id: 0, groupId: 1 }]),
    "STATE_CONFLICT",
    "slot-[0] already in group-[1]",
  ],
  [
    "move to nobody",
    () => createSlotActions(sample, [{ id: 0, groupId: 0 }]),
    "ARGUMENT_INVALID",
    "invalid group id = 0, out of range",
  ],
  [
    "move to an empty group",
    () => createSlotActions(createGroup(sample, 3), [{ id: 0, groupId: 3 }]),
    "STATE_CONFLICT",
    "group-[3] is empty",
  ],
  [
    "no move to remove",
    () => removeSlotAction(sample, 0),
    "NOT_FOUND",
    "slot-[0] action doesn't exist",
  ],
  [
    "remove a move that began",
    () =>
      removeSlotAction(
        withSlot(sample, {
          id: 0,
          groupId: 1,
          action: { index: 1, state: "preparing", targetId: 2 },
        }),
        0,
      ),
    "STATE_CONFLICT",
    "slot-[0] action isn't pending",
  ],
  [
    "a known proxy",
    () => addProxy(sample, proxyModel(1)),
    "ALREADY_EXISTS",
    `proxy-[${proxyModel(1).token}] already exists`,
  ],
  [
    "a foreign proxy",
    () => addProxy(sample, proxyModel(2, { productName: "other" })),
    "STATE_CONFLICT",
    `proxy-[${proxyModel(2).token}] belongs to product "other"`,
  ],
  [
    "a token like a path",
    () => addProxy(sample, proxyModel(2, { token: "../x" })),
    "ARGUMENT_INVALID",
    "invalid proxy token",
  ],
  [
    "update no proxy",
    () => updateProxy(sample, proxyModel(2)),
    "NOT_FOUND",
    `proxy-[${proxyModel(2).token}] doesn't exist`,
  ],
  ["remove no proxy", () => removeProxy(sample, "x"), "NOT_FOUND", "proxy-[x] doesn't exist"],
  [
    "no sentinel address",
    () => addSentinel(sample, ""),
    "ARGUMENT_INVALID",
    "invalid sentinel address",
  ],
  [
    "a known sentinel",
    () => addSentinel(sample, "10.2.0.1:26379"),
    "ALREADY_EXISTS",
    "sentinel-[10.2.0.1:26379] already exists",
  ],
  [
    "remove no sentinel",
    () => removeSentinel(sample, "10.2.0.2:26379"),
    "NOT_FOUND",
    "sentinel-[10.2.0.2:26379] not found",
  ],
];

test.each(refusals)("refused: %s", (_name, change, code, text) => {
  const thrown = catchError(change);
  expect(thrown.code as string).toBe(code);
  expect(thrown.message).toStartWith(text);
  expect(thrown.message.split("\n")).toHaveLength(1);
});
