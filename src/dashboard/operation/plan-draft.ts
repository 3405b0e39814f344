/**
 * A plan while it is made: first which slots have to be measured, then, with the figures, which slots move and
 * what that means. Slots whose nodes are garbage stay, and under `refuse` those that hold big keys. Pure.
 */
import { holdingsOf } from "../../model/operation/holdings.ts";
import {
  BIG_KEYS_MAX,
  type BigKey,
  type BigKeyRule,
  type PlannedMove,
  type PlanRequest,
} from "../../model/operation/plan.ts";
import type { GroupLoad } from "../../model/operation/plan-groups.ts";
import { planMoves, type SlotMove } from "../../model/operation/plan-moves.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { ServerMeasure, SlotFigures } from "./measure.ts";
import { slotsAtFault } from "./plan-verdict.ts";

/** Strategies pin slots with big keys anew until none of them moves; each time at least one more is pinned. */
const REFUSAL_ROUNDS_MAX = 20;

/** Of a slot without keys. */
export const NOTHING: SlotFigures = { keys: 0, bytes: 0 };

/** Of one server: what was found, or one line why nothing was. */
export interface MeasureOutcome {
  readonly measure: ServerMeasure | undefined;
  readonly failure: string | undefined;
}

/** By group. */
export type Measures = ReadonlyMap<number, MeasureOutcome>;

/** See the file head. */
export class Draft {
  readonly topology: Topology;
  readonly request: PlanRequest;
  readonly bigKeyRule: BigKeyRule;
  readonly #faulty: ReadonlySet<number>;
  #measures: Measures = new Map();
  #moves: readonly SlotMove[];
  moves: readonly PlannedMove[] = [];
  bigKeys: readonly BigKey[] = [];
  refusedSlotIds: readonly number[] = [];
  failures: readonly string[] = [];
  isExact = true;

  constructor(topology: Topology, request: PlanRequest, bigKeyRule: BigKeyRule) {
    this.topology = topology;
    this.request = request;
    this.bigKeyRule = bigKeyRule;
    this.#faulty = new Set(slotsAtFault(topology));
    this.#moves = request.strategy === "memory" ? [] : this.#plan(new Set());
  }

  /** By source group. */
  slotsToMeasure(): ReadonlyMap<number, ReadonlySet<number>> {
    if (this.request.strategy !== "memory") {
      return groupedSlots(this.#moves);
    }
    const except = new Set(this.request.exceptGroupIds ?? []);
    const { groupIds } = holdingsOf(this.topology, except);
    // All slots, also those that no plan can move: a group's bytes are the sum of what it holds.
    const all = new Set(this.topology.slots.map((slot) => slot.id));
    return new Map(groupIds.map((id) => [id, all]));
  }

  /** Groups of the moves as far as they are known, ascending. */
  groupIds(): readonly number[] {
    const ids = new Set(this.#moves.flatMap((move) => [move.fromGroupId, move.toGroupId]));
    ids.delete(0);
    return [...ids].sort((a, b) => a - b);
  }

  /** Everything that follows from the figures. */
  decide(measures: Measures): void {
    this.#measures = measures;
    this.failures = [...measures.values()].flatMap(({ failure }) => failure ?? []);
    const isMemory = this.request.strategy === "memory";
    const refused = new Set<number>();
    if (isMemory && this.failures.length === 0) {
      this.#moves = this.#plan(refused);
    }
    for (let round = 0; round < REFUSAL_ROUNDS_MAX && this.bigKeyRule === "refuse"; round += 1) {
      const big = this.#moves.filter((move) => this.#hasBigKey(move));
      if (big.length === 0) {
        break;
      }
      for (const { slotId } of big) {
        refused.add(slotId);
      }
      // Only `memory` has the figures of other slots that could go instead.
      this.#moves = isMemory
        ? this.#plan(refused)
        : this.#moves.filter(({ slotId }) => !refused.has(slotId));
    }
    if (this.bigKeyRule === "refuse") {
      this.#moves = this.#moves.filter((move) => !this.#hasBigKey(move));
    }
    this.refusedSlotIds = [...refused].sort((a, b) => a - b);
    this.moves = this.#moves.map((move) => ({ ...move, ...this.#figuresOf(move) }));
    this.bigKeys = this.#bigKeysOf(
      new Set([...this.#moves.map((move) => move.slotId), ...refused]),
    );
    this.isExact = [...measures.values()].every(({ measure }) => measure?.isExact === true);
  }

  /** What a group holds, if all of it was measured. */
  loadOf(groupId: number): GroupLoad | undefined {
    const measure = this.#measures.get(groupId)?.measure;
    if (this.request.strategy !== "memory" || measure === undefined) {
      return undefined;
    }
    const load = { keys: 0, bytes: 0 };
    for (const { keys, bytes } of measure.slots.values()) {
      load.keys += keys;
      load.bytes += bytes;
    }
    return load;
  }

  #plan(refused: ReadonlySet<number>): readonly SlotMove[] {
    const { topology, request } = this;
    const pinned = new Set([...this.#faulty, ...refused]);
    const bytesOf = (slotId: number): number => {
      // A slot under way is in two places, and counts for where it goes.
      const { groupId = 0, action } = topology.slots[slotId] ?? {};
      const both = [groupId, action?.targetId ?? 0].map((id) => this.#bytesAt(id, slotId));
      return Math.max(...both);
    };
    return planMoves({ topology, request, bytesOf, pinned });
  }

  #bytesAt(groupId: number, slotId: number): number {
    return this.#measures.get(groupId)?.measure?.slots.get(slotId)?.bytes ?? 0;
  }

  #hasBigKey({ fromGroupId, slotId }: SlotMove): boolean {
    return this.#measures.get(fromGroupId)?.measure?.bigSlotIds.has(slotId) ?? false;
  }

  #figuresOf({ fromGroupId, slotId }: SlotMove): SlotFigures {
    return this.#measures.get(fromGroupId)?.measure?.slots.get(slotId) ?? NOTHING;
  }

  #bigKeysOf(slotIds: ReadonlySet<number>): readonly BigKey[] {
    return [...this.#measures.values()]
      .flatMap(({ measure }) => measure?.bigKeys ?? [])
      .filter(({ slotId }) => slotIds.has(slotId))
      .sort((one, other) => other.stallMs - one.stallMs)
      .slice(0, BIG_KEYS_MAX);
  }
}

/** Slots by the group that they leave; offline ones aren't there. */
export function groupedSlots(moves: readonly SlotMove[]): ReadonlyMap<number, ReadonlySet<number>> {
  const leaving = moves.filter(({ fromGroupId }) => fromGroupId !== 0);
  const byGroup = Map.groupBy(leaving, ({ fromGroupId }) => fromGroupId);
  return new Map(
    [...byGroup].map(([groupId, list]) => [groupId, new Set(list.map(({ slotId }) => slotId))]),
  );
}
