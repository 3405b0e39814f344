/**
 * Which slots would move where so that every group has about the same number, by the rules of Codis 3.2:
 * groups with a server take part, a slot that moves counts for its target, the first slots of each group
 * stay, and the highest ids of the largest groups go to the smallest. Pure; orders nothing.
 */
import { CodisError } from "../../../base/error.ts";
import type { Topology } from "../../../model/topology/topology.ts";

/** Target group by slot, ascending. Throws NOT_FOUND when no group has a server. */
export function planRebalance(topology: Topology): ReadonlyMap<number, number> {
  const groupIds = [...topology.groups.values()]
    .filter((group) => group.servers.length > 0)
    .map((group) => group.id)
    .sort((a, b) => a - b);
  if (groupIds.length === 0) {
    throw new CodisError("NOT_FOUND", "no valid group could be found");
  }
  const plan = new Plan(topology, groupIds);
  plan.placeOfflineSlots();
  plan.level();
  return plan.result();
}

/** The counts while the plan is made. */
class Plan {
  readonly #topology: Topology;
  readonly #groupIds: readonly number[];
  readonly #lower: number;
  readonly #upper: number;
  /** Slots that each group would have. */
  readonly #counts = new Map<number, number>();
  /** Slots of each group that may still move, ascending. */
  readonly #movable = new Map<number, number[]>();
  readonly #targets = new Map<number, number>();

  constructor(topology: Topology, groupIds: readonly number[]) {
    this.#topology = topology;
    this.#groupIds = groupIds;
    this.#lower = Math.floor(topology.slotCount / groupIds.length);
    this.#upper = Math.ceil(topology.slotCount / groupIds.length);
    for (const id of groupIds) {
      this.#counts.set(id, 0);
      this.#movable.set(id, []);
    }
    for (const slot of topology.slots) {
      if (slot.action.state !== "") {
        this.#add(slot.action.targetId, 1);
      }
    }
    for (const slot of topology.slots) {
      if (slot.action.state === "" && this.#counts.has(slot.groupId)) {
        if (this.#count(slot.groupId) >= this.#lower) {
          this.#movable.get(slot.groupId)?.push(slot.id);
        }
        this.#add(slot.groupId, 1);
      }
    }
  }

  /** Offline slots, and those of groups without a server, go one by one to the smallest group. */
  placeOfflineSlots(): void {
    for (const slot of this.#topology.slots) {
      if (slot.action.state === "" && !this.#counts.has(slot.groupId)) {
        const smallest = this.#smallest();
        this.#targets.set(slot.id, smallest);
        this.#add(smallest, 1);
      }
    }
  }

  /** Takes from the largest for the smallest until nothing would be better. */
  level(): void {
    const taken: number[] = [];
    const gains = new Map<number, number>();
    for (;;) {
      const from = this.#largest();
      const to = this.#smallest();
      const [most, least] = [this.#count(from), this.#count(to)];
      const slot = this.#movable.get(from)?.at(-1);
      const isLevel = most <= this.#lower || least >= this.#upper || most - least <= 1;
      if (isLevel || slot === undefined) {
        break;
      }
      this.#movable.get(from)?.pop();
      taken.push(slot);
      gains.set(to, (gains.get(to) ?? 0) + 1);
      this.#add(from, -1);
      this.#add(to, 1);
    }
    taken.sort((a, b) => a - b);
    for (const id of this.#groupIds) {
      for (const slot of taken.splice(0, gains.get(id) ?? 0)) {
        this.#targets.set(slot, id);
      }
    }
  }

  result(): ReadonlyMap<number, number> {
    return new Map([...this.#targets].sort(([a], [b]) => a - b));
  }

  #count(groupId: number): number {
    return this.#counts.get(groupId) ?? 0;
  }

  #add(groupId: number, count: number): void {
    if (this.#counts.has(groupId)) {
      this.#counts.set(groupId, this.#count(groupId) + count);
    }
  }

  /** Of equals the one with the lower id, here and below. */
  #smallest(): number {
    return this.#groupIds.reduce((best, id) => (this.#count(id) < this.#count(best) ? id : best));
  }

  #largest(): number {
    return this.#groupIds.reduce((best, id) => (this.#count(id) > this.#count(best) ? id : best));
  }
}
