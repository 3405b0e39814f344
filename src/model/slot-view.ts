/**
 * What proxies are told of a slot, computed from what is stored:
 *
 *     state             backend          migrate_from      replicas  locked
 *     (none), pending   group's master   -                 yes       group is promoting=prepared
 *     preparing         group's master   -                 no        group is promoting=prepared
 *     prepared          target's master  group's master    no        always
 *     migrating         target's master  group's master    no        one of both is promoting=prepared
 *     finished          target's master  -                 no        target is promoting=prepared
 *
 * While a leader hands a slot over it tells the next state before it stores it (`Topology.handover`): preparing
 * is told as prepared ("locking"), prepared as migrating ("opening"), as Codis does; and migrating as prepared
 * ("turning") before a slot goes back. `prepared` is thus stored
 * only when every proxy has locked the slot, and `migrating` only when every proxy moves keys on access.
 *
 * Slots whose node, or whose group's node, is garbage are told to nobody: each proxy keeps what it has.
 */

import type { SlotActionState } from "./action.ts";
import { parseServerAddr } from "./address.ts";
import { coordinatorPath } from "./coordinator-path.ts";
import { type GroupRecord, masterAddrOf } from "./group.ts";
import type { ForwardMethod, SlotRecord } from "./slot.ts";
import type { SlotMapping } from "./slot-mapping.ts";
import { findFault, type Topology } from "./topology/topology.ts";

/** The proxy that a view is for. */
export interface SlotViewer {
  readonly datacenter: string;
  /** Host of its admin address, as servers' addresses spell hosts; empty: near to no server. */
  readonly host: string;
  /** Told with every slot that doesn't move, as Codis does; it has no meaning there. */
  readonly forwardMethod: ForwardMethod;
  /** How keys of moving slots are reached, but for those that `moveMethodOf` knows. */
  readonly moveMethod: ForwardMethod;
  /** The same for all viewers. */
  readonly moveMethodOf?: ((slot: SlotMapping) => ForwardMethod) | undefined;
}

/** The slot as this viewer is told; undefined when it can't be told (see above) or doesn't exist. */
export function viewSlot(
  topology: Topology,
  id: number,
  viewer: SlotViewer,
): SlotRecord | undefined {
  const slot = topology.slots[id];
  return slot === undefined ? undefined : new TopologyView(topology, viewer).view(slot);
}

/** All slots as this viewer is told, index = id; undefined where a slot can't be told (see above). */
export function viewSlots(
  topology: Topology,
  viewer: SlotViewer,
): readonly (SlotRecord | undefined)[] {
  const view = new TopologyView(topology, viewer);
  return topology.slots.map((slot) => view.view(slot));
}

/**
 * Equal for two viewers that are told the same: work is done once for each key. Most products have no
 * servers to read from, and then all proxies with one forward method have one key.
 */
export function viewerKey(topology: Topology, viewer: SlotViewer): string {
  const near = placesOf(topology);
  const hosts = viewer.host === "" ? undefined : near.get(viewer.datacenter);
  if (hosts === undefined) {
    return `${viewer.forwardMethod}.${viewer.moveMethod}`;
  }
  const host = viewer.host.toLowerCase();
  const place = hosts.has(host) ? [viewer.datacenter, host] : [viewer.datacenter];
  return JSON.stringify([viewer.forwardMethod, viewer.moveMethod, ...place]);
}

/** Data centres of the servers that may be read from, each with their hosts. */
type ReadPlaces = ReadonlyMap<string, ReadonlySet<string>>;

const placesByTopology = new WeakMap<Topology, ReadPlaces>();

function placesOf(topology: Topology): ReadPlaces {
  const known = placesByTopology.get(topology);
  if (known !== undefined) {
    return known;
  }
  const places = new Map<string, Set<string>>();
  for (const group of topology.groups.values()) {
    for (const server of readableServers(group)) {
      const hosts = places.get(server.datacenter) ?? new Set();
      hosts.add(hostOf(server.addr));
      places.set(server.datacenter, hosts);
    }
  }
  placesByTopology.set(topology, places);
  return places;
}

/** What a viewer is told of a group, for all its slots. */
interface GroupView {
  readonly masterAddr: string;
  readonly isLocked: boolean;
  /** The node is garbage. */
  readonly isFaulty: boolean;
  readonly replicaGroups: readonly (readonly string[])[];
}

const NO_GROUP: GroupView = { masterAddr: "", isLocked: false, isFaulty: false, replicaGroups: [] };

/** Views of one topology for one viewer; each group is looked at once. */
class TopologyView {
  readonly #topology: Topology;
  readonly #viewer: SlotViewer;
  readonly #host: string;
  readonly #groups = new Map<number, GroupView>([[0, NO_GROUP]]);

  constructor(topology: Topology, viewer: SlotViewer) {
    this.#topology = topology;
    this.#viewer = viewer;
    this.#host = viewer.host.toLowerCase();
  }

  view(slot: SlotMapping): SlotRecord | undefined {
    const { targetId } = slot.action;
    const state = this.#toldState(slot);
    const owner = this.#groupView(slot.groupId);
    const isMoving = state === "prepared" || state === "migrating";
    const isAtTarget = isMoving || state === "finished";
    const target = isAtTarget ? this.#groupView(targetId) : NO_GROUP;
    if (owner.isFaulty || target.isFaulty || this.#isFaulty(slot.id)) {
      return undefined;
    }
    const backend = isAtTarget ? target : owner;
    // A proxy refuses a slot that comes from the server that it is on: there is nothing to move.
    const hasSource = isMoving && owner.masterAddr !== backend.masterAddr;
    const isLocked =
      state === "prepared" || backend.isLocked || (state === "migrating" && owner.isLocked);
    return {
      id: slot.id,
      locked: isLocked,
      backendAddr: backend.masterAddr,
      backendAddrGroupId: isAtTarget ? targetId : slot.groupId,
      migrateFrom: hasSource ? owner.masterAddr : "",
      migrateFromGroupId: hasSource ? slot.groupId : 0,
      // Original proxies don't know the method of ours, so only slots that need it have it.
      forwardMethod: isMoving ? this.#moveMethodOf(slot) : this.#viewer.forwardMethod,
      replicaGroups: state === "" || state === "pending" ? owner.replicaGroups : [],
    };
  }

  #moveMethodOf(slot: SlotMapping): ForwardMethod {
    return this.#viewer.moveMethodOf?.(slot) ?? this.#viewer.moveMethod;
  }

  #toldState({ id, action: { state } }: SlotMapping): SlotActionState {
    const step = this.#topology.handover.get(id);
    const isHeld =
      (state === "preparing" && step === "locking") ||
      (state === "migrating" && step === "turning");
    if (isHeld) {
      return "prepared";
    }
    return state === "prepared" && step === "opening" ? "migrating" : state;
  }

  #isFaulty(slotId: number): boolean {
    const { faults, product } = this.#topology;
    return (
      faults.length > 0 &&
      findFault(this.#topology, coordinatorPath.slot(product, slotId)) !== undefined
    );
  }

  #groupView(id: number): GroupView {
    let view = this.#groups.get(id);
    if (view === undefined) {
      view = this.#viewGroup(id);
      this.#groups.set(id, view);
    }
    return view;
  }

  #viewGroup(id: number): GroupView {
    const group = this.#topology.groups.get(id);
    if (group === undefined) {
      const path = coordinatorPath.group(this.#topology.product, id);
      return { ...NO_GROUP, isFaulty: findFault(this.#topology, path) !== undefined };
    }
    return {
      masterAddr: masterAddrOf(group),
      isLocked: group.promoting.state === "prepared",
      isFaulty: false,
      replicaGroups: this.#replicaGroups(group),
    };
  }

  /** Servers on the proxy's host and in its data centre, others in its data centre, the rest. */
  #replicaGroups(group: GroupRecord): readonly (readonly string[])[] {
    const sameHost: string[] = [];
    const sameDatacenter: string[] = [];
    const others: string[] = [];
    for (const server of readableServers(group)) {
      if (this.#host === "" || server.datacenter !== this.#viewer.datacenter) {
        others.push(server.addr);
      } else if (hostOf(server.addr) === this.#host) {
        sameHost.push(server.addr);
      } else {
        sameDatacenter.push(server.addr);
      }
    }
    return [sameHost, sameDatacenter, others].filter((list) => list.length > 0);
  }
}

/** Servers that reads may go to: none while the group is promoting, or when the master is alone. */
function readableServers(group: GroupRecord): GroupRecord["servers"] {
  return group.promoting.state !== "" || group.servers.length <= 1
    ? []
    : group.servers.filter((server) => server.isReplicaGroup);
}

function hostOf(addr: string): string {
  return (parseServerAddr(addr)?.host ?? "").toLowerCase();
}
