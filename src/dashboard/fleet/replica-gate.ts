/**
 * Holds replicas back from proxies: a slot that has come to a group, by a move, by force, or because the group has
 * another master, is offered to be read from a replica only when that one has passed a place in its master's
 * stream that was taken afterwards (`ReplicaMark`). Else a client could miss keys that the move has just brought.
 *
 *     slot comes to a group ---> mark ---> a replica passes it ---> the next revision offers it
 *
 * Not stored: a new leader doesn't know who had passed, and begins with a mark for each group. Tables are made by
 * revision: who passes in between is told with a revision of its own.
 */
import { type Clock, type ClockTimer, systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { type GroupRecord, masterAddrOf } from "../../model/group.ts";
import type { SlotRecord } from "../../model/slot.ts";
import type { SlotMapping } from "../../model/slot-mapping.ts";
import type { Topology } from "../../model/topology/topology.ts";
import { type LookedFigures, ReplicaMark } from "./replica-mark.ts";

/** Between two looks at the figures; servers are looked at once a second. */
const CHECK_MS = 500;

/** What a gate needs. */
export interface ReplicaGateOptions {
  readonly figures: () => LookedFigures;
  /** `TopologyStore`: gives what is told anew a revision. */
  readonly store: {
    commit(name: string, change: (now: Topology) => Topology): Promise<unknown>;
  };
  readonly log: Log;
  readonly clock?: Clock;
}

/** See the file head. */
export class ReplicaGate {
  readonly #options: ReplicaGateOptions;
  readonly #clock: Clock;
  /** Where each slot was served in the last topology; "" where it couldn't be read from a replica. */
  #places: readonly string[] = [];
  #marks: (ReplicaMark | undefined)[] = [];
  /** Addresses that may be read from, by group. */
  #readable: ReadonlyMap<number, readonly string[]> = new Map();
  #timer: ClockTimer | undefined;
  /** Somebody has passed that proxies weren't told of. */
  #isUntold = false;
  #isTelling = false;

  constructor(options: ReplicaGateOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** The newest topology, every one of them, before tables are made of it. */
  follow(topology: Topology): void {
    const readable = new Map<number, readonly string[]>();
    for (const group of topology.groups.values()) {
      readable.set(group.id, readableAddrs(group));
    }
    this.#readable = readable;
    const figures = this.#options.figures();
    const created = new Map<number, ReplicaMark>();
    const places = topology.slots.map((slot) => placeOf(topology, slot, readable));
    this.#marks = places.map((place, id) => {
      if (place === "" || place === this.#places[id]) {
        return place === "" ? undefined : this.#marks[id];
      }
      const { groupId } = topology.slots[id] as SlotMapping;
      const master = masterAddrOf(topology.groups.get(groupId) as GroupRecord);
      const mark = created.get(groupId) ?? new ReplicaMark(groupId, master, figures);
      created.set(groupId, mark);
      return mark;
    });
    this.#places = places;
    for (const mark of this.#liveMarks()) {
      mark.keepOnly(new Set(readable.get(mark.groupId)));
    }
  }

  /** The slot as it may be told: without the replicas that have yet to pass. */
  open(slot: SlotRecord): SlotRecord {
    const { replicaGroups } = slot;
    if (replicaGroups.length === 0) {
      return slot;
    }
    const mark = this.#marks[slot.id];
    const hasPassed = (addr: string): boolean => mark?.isPassedBy(addr) === true;
    if (replicaGroups.every((list) => list.every(hasPassed))) {
      return slot;
    }
    const open = replicaGroups.map((list) => list.filter(hasPassed));
    return { ...slot, replicaGroups: open.filter((list) => list.length > 0) };
  }

  /** Begins to look who has passed. */
  start(): void {
    this.#timer = this.#clock.after(CHECK_MS, () => {
      this.#check();
      this.start();
    });
  }

  /** Ends that. */
  stop(): void {
    this.#timer?.cancel();
  }

  #check(): void {
    const figures = this.#options.figures();
    for (const mark of this.#liveMarks()) {
      if (mark.check(this.#readable.get(mark.groupId) ?? [], figures)) {
        this.#isUntold = true;
      }
    }
    if (this.#isUntold && !this.#isTelling) {
      void this.#tell();
    }
  }

  async #tell(): Promise<void> {
    this.#isTelling = true;
    this.#isUntold = false;
    try {
      await this.#options.store.commit("replicas have caught up", retold);
    } catch (thrown) {
      this.#isUntold = true;
      this.#options.log.warn("replicas.not_offered", messageOf(thrown), { error: thrown });
    } finally {
      this.#isTelling = false;
    }
  }

  #liveMarks(): ReadonlySet<ReplicaMark> {
    return new Set(this.#marks.filter((mark) => mark !== undefined));
  }
}

/** Nothing is changed or stored; a store tells another `handover` to all all the same. */
function retold(topology: Topology): Topology {
  return { ...topology, handover: new Map(topology.handover) };
}

/** Where the slot is served, if it may be read from replicas there. */
function placeOf(
  topology: Topology,
  { groupId, action }: SlotMapping,
  readable: ReadonlyMap<number, readonly string[]>,
): string {
  const group = topology.groups.get(groupId);
  const isStill = action.state === "" || action.state === "pending";
  const isReadable = (readable.get(groupId) ?? []).length > 0;
  return group === undefined || !isStill || !isReadable ? "" : `${groupId} ${masterAddrOf(group)}`;
}

/** As `slot-view.ts` tells them: none while the group changes its master, or when the master is alone. */
function readableAddrs({ promoting, servers }: GroupRecord): readonly string[] {
  return promoting.state !== "" || servers.length <= 1
    ? []
    : servers.filter((server) => server.isReplicaGroup).map((server) => server.addr);
}
