/**
 * An engine of migration that moves no keys: it takes slots through the states of Codis as the policy lets it,
 * one commit for each step, and tells the operations what a real one would. A test says when it works.
 */
import { CodisError } from "../../src/base/error.ts";
import type {
  EngineEvents,
  MigrationEngine,
  MigrationPolicy,
} from "../../src/dashboard/migration/contract.ts";
import type { TopologyPort } from "../../src/dashboard/operation/operations.ts";
import { withSlot } from "../../src/model/change/slot.ts";
import { NO_SLOT_ACTION, type SlotMapping } from "../../src/model/slot-mapping.ts";
import type { Topology } from "../../src/model/topology/topology.ts";

/** Slots at work at once. */
const PARALLEL = 16;

/** See the file head. */
export class FakeMigrationEngine implements MigrationEngine {
  readonly policy: MigrationPolicy;
  readonly events: EngineEvents;
  readonly #topology: TopologyPort;
  /** What was called, in order: `start`, `reverse 1,2`, `release 3`, `close`. */
  readonly calls: string[] = [];
  /** Keys that each slot gives, in one portion. */
  keysPerSlot = 10;
  /** Rejects `reverse` and `release` while it is set. */
  failure: CodisError | undefined;
  wakes = 0;

  constructor(topology: TopologyPort, policy: MigrationPolicy, events: EngineEvents) {
    this.#topology = topology;
    this.policy = policy;
    this.events = events;
  }

  start(): void {
    this.calls.push("start");
  }

  wake(): void {
    this.wakes += 1;
  }

  async reverse(slotIds: readonly number[]): Promise<void> {
    this.calls.push(`reverse ${slotIds.join(",")}`);
    if (this.failure !== undefined) {
      throw this.failure;
    }
    await this.#topology.commit("reverse", (now) =>
      slotIds.reduce((next, id) => reverseSlot(next, id), now),
    );
  }

  async release(slotIds: readonly number[]): Promise<void> {
    this.calls.push(`release ${slotIds.join(",")}`);
    if (this.failure !== undefined) {
      throw this.failure;
    }
  }

  hold(groupId: number): Promise<() => void> {
    this.calls.push(`hold ${groupId}`);
    return Promise.resolve(() => void this.calls.push(`let go ${groupId}`));
  }

  close(): Promise<void> {
    this.calls.push("close");
    return Promise.resolve();
  }

  /** One step of each slot that may be worked on, up to the window; false when there was none. */
  async step(): Promise<boolean> {
    const ids = this.policy.runnable().slice(0, PARALLEL);
    for (const id of ids) {
      const slot = this.#topology.snapshot().slots[id];
      if (slot === undefined) {
        continue;
      }
      if (slot.action.state === "migrating") {
        if (this.policy.pace.take(this.keysPerSlot, this.keysPerSlot * 100) > 0) {
          continue;
        }
        this.events.onMoved(id, this.keysPerSlot, this.keysPerSlot * 100);
      }
      await this.#topology.commit(`step of ${id}`, (now) => stepSlot(now, id));
      if (slot.action.state === "finished") {
        this.events.onArrived(id, slot.action.targetId);
      }
    }
    return ids.length > 0;
  }

  /** Steps until every slot of the list is in this state. */
  async stepUntil(slotIds: readonly number[], state: string): Promise<void> {
    const isThere = (id: number): boolean =>
      this.#topology.snapshot().slots[id]?.action.state === state;
    for (let round = 0; !slotIds.every(isThere); round += 1) {
      if (round > 50) {
        throw new Error(`slots ${slotIds.join(",")} don't become ${state}`);
      }
      await this.step();
    }
  }
}

const NEXT = {
  pending: "preparing",
  preparing: "prepared",
  prepared: "migrating",
  migrating: "finished",
} as const;

function stepSlot(topology: Topology, id: number): Topology {
  const slot = topology.slots[id];
  if (slot === undefined || slot.action.state === "") {
    return topology;
  }
  const { state, targetId } = slot.action;
  const next: SlotMapping =
    state === "finished"
      ? { ...slot, groupId: targetId, action: NO_SLOT_ACTION }
      : { ...slot, action: { ...slot.action, state: NEXT[state] } };
  return withSlot(topology, next);
}

function reverseSlot(topology: Topology, id: number): Topology {
  const slot = topology.slots[id];
  if (slot?.action.state !== "migrating") {
    throw new CodisError("STATE_CONFLICT", `slot-[${id}] isn't migrating`);
  }
  const { groupId, action } = slot;
  return withSlot(topology, {
    ...slot,
    groupId: action.targetId,
    action: { ...action, targetId: groupId },
  });
}
