/**
 * Which slots would move where so that every group has about the same number, by the rules of Codis 3.2:
 * groups with a server take part, a slot that moves counts for its target, the first slots of each group
 * stay, and the highest ids of the largest groups go to the smallest. Pure; orders nothing.
 */
import { CodisError } from "../../base/error.ts";
import type { Topology } from "../topology/topology.ts";
import { countOf, type Holdings, holdingsOf } from "./holdings.ts";

/** Target group by slot, ascending, over all groups. Throws NOT_FOUND when no group has a server. */
export function planRebalance(topology: Topology): ReadonlyMap<number, number> {
  return levelSlots(holdingsOf(topology));
}

/** The same for some groups, with at most so many moves. Throws NOT_FOUND when there is no group. */
export function levelSlots(
  holdings: Holdings,
  movesMax = Number.POSITIVE_INFINITY,
): ReadonlyMap<number, number> {
  if (holdings.groupIds.length === 0) {
    throw new CodisError("NOT_FOUND", "no valid group could be found");
  }
  const levelling = new Levelling(holdings, movesMax);
  levelling.placeLooseSlots();
  levelling.level();
  return levelling.result();
}

/**
 * Deals slots to groups one by one, each to the one that has the fewest then; `takers` isn't empty. For
 * offline slots, and for those of a group that gives all of them away.
 */
export function dealSlots(
  holdings: Holdings,
  slotIds: readonly number[],
  takers: readonly number[],
): ReadonlyMap<number, number> {
  const counts = new Map(takers.map((id) => [id, countOf(holdings, id)]));
  const targets = new Map<number, number>();
  for (const slotId of slotIds) {
    const taker = smallestOf(takers, counts);
    targets.set(slotId, taker);
    counts.set(taker, (counts.get(taker) ?? 0) + 1);
  }
  return targets;
}

/** The counts while the plan is made. */
class Levelling {
  readonly #holdings: Holdings;
  readonly #lower: number;
  readonly #upper: number;
  /** Slots that each group would have. */
  readonly #counts = new Map<number, number>();
  /** Slots of each group that may still move, ascending. */
  readonly #movable = new Map<number, number[]>();
  readonly #targets = new Map<number, number>();
  #movesLeft: number;

  constructor(holdings: Holdings, movesMax: number) {
    const { groupIds, arriving, own, total } = holdings;
    this.#holdings = holdings;
    this.#movesLeft = movesMax;
    this.#lower = Math.floor(total / groupIds.length);
    this.#upper = Math.ceil(total / groupIds.length);
    for (const id of groupIds) {
      const kept = Math.max(0, this.#lower - (arriving.get(id)?.length ?? 0));
      this.#movable.set(id, (own.get(id) ?? []).slice(kept));
      this.#counts.set(id, countOf(holdings, id));
    }
  }

  /** Offline slots, and those of groups without a server, go one by one to the smallest group. */
  placeLooseSlots(): void {
    for (const slotId of this.#holdings.loose) {
      if (this.#movesLeft <= 0) {
        return;
      }
      const smallest = smallestOf(this.#holdings.groupIds, this.#counts);
      this.#targets.set(slotId, smallest);
      this.#add(smallest, 1);
      this.#movesLeft -= 1;
    }
  }

  /** Takes from the largest for the smallest until nothing would be better. */
  level(): void {
    const taken: number[] = [];
    const gains = new Map<number, number>();
    while (this.#movesLeft > 0) {
      const from = this.#largest();
      const to = smallestOf(this.#holdings.groupIds, this.#counts);
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
      this.#movesLeft -= 1;
    }
    taken.sort((a, b) => a - b);
    for (const id of this.#holdings.groupIds) {
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
    this.#counts.set(groupId, this.#count(groupId) + count);
  }

  #largest(): number {
    return this.#holdings.groupIds.reduce((best, id) =>
      this.#count(id) > this.#count(best) ? id : best,
    );
  }
}

/** Of equals the first one. */
function smallestOf(groupIds: readonly number[], counts: ReadonlyMap<number, number>): number {
  const count = (id: number): number => counts.get(id) ?? 0;
  return groupIds.reduce((best, id) => (count(id) < count(best) ? id : best));
}
