/**
 * From what is asked and what is there to the slots that move: the strategies of plans. Pure and deterministic:
 * the same topology, request and figures give the same moves in the same order.
 */
import type { Topology } from "../topology/topology.ts";
import { type Holdings, holdingsOf } from "./holdings.ts";
import { levelBytes } from "./level-bytes.ts";
import { dealSlots, levelSlots } from "./level-slots.ts";
import { levelWeights } from "./level-weights.ts";
import type { PlanRequest } from "./plan.ts";
import { WEIGHT_MIN } from "./plan-request.ts";

/** A slot that moves. `fromGroupId` 0: it is offline. */
export interface SlotMove {
  readonly slotId: number;
  readonly fromGroupId: number;
  readonly toGroupId: number;
}

/** What a plan is made from. */
export interface PlanInput {
  readonly topology: Topology;
  /** Passed `checkPlanRequest`. */
  readonly request: PlanRequest;
  /** Bytes of a slot; only `memory` asks. */
  readonly bytesOf?: ((slotId: number) => number) | undefined;
  /** Slots that stay where they are, whatever is asked. */
  readonly pinned?: ReadonlySet<number> | undefined;
}

/** The moves in the order in which they would be done: pairs of groups in turn. Each slot at most once. */
export function planMoves(input: PlanInput): readonly SlotMove[] {
  const { topology, request, pinned = new Set() } = input;
  const moves: SlotMove[] = [];
  for (const [slotId, toGroupId] of targetsOf(input)) {
    const fromGroupId = topology.slots[slotId]?.groupId ?? 0;
    if (fromGroupId !== toGroupId && !pinned.has(slotId)) {
      moves.push({ slotId, fromGroupId, toGroupId });
    }
  }
  const kept = moves.slice(0, request.maxSlots ?? moves.length);
  // Named slots keep their order; others are found in an order that means nothing.
  return inTurnByPair(
    request.strategy === "move" ? kept : kept.sort((one, other) => one.slotId - other.slotId),
  );
}

/**
 * The same moves, one of each pair of groups in turn, each pair in the order that it has: so all pairs are at
 * work from the beginning, whatever the window of slots that move at once.
 */
export function inTurnByPair<Move extends SlotMove>(moves: readonly Move[]): readonly Move[] {
  const pairs = [...Map.groupBy(moves, (move) => `${move.fromGroupId} ${move.toGroupId}`).values()];
  const longest = Math.max(0, ...pairs.map((pair) => pair.length));
  return Array.from({ length: longest }, (_, at) => at).flatMap((at) =>
    pairs.flatMap((pair) => pair[at] ?? []),
  );
}

/** Target by slot; the most useful first where `maxSlots` cuts the list. */
function targetsOf(input: PlanInput): ReadonlyMap<number, number> {
  const { topology, request, bytesOf = () => 0, pinned } = input;
  const { strategy, maxSlots: movesMax, weights = {} } = request;
  const holdings = holdingsOf(topology, new Set(request.exceptGroupIds ?? []));
  switch (strategy) {
    case "slots":
      return levelSlots(holdings, movesMax);
    case "weight":
      return levelWeights(holdings, (id) => stepsOf(weights[String(id)] ?? 1), movesMax);
    case "memory":
      return levelBytes({ holdings, bytesOf, pinned, movesMax });
    case "drain":
      return drain(holdings, topology, request.drainGroupId ?? 0);
    case "fill": {
      const offline = holdings.loose.filter((id) => topology.slots[id]?.groupId === 0);
      return dealSlots(holdings, offline, holdings.groupIds);
    }
    case "move":
      return new Map((request.moves ?? []).map(({ slotId, groupId }) => [slotId, groupId]));
  }
}

/** A weight as a whole number. */
function stepsOf(weight: number): number {
  return Math.max(1, Math.round(weight / WEIGHT_MIN));
}

/** Slots of the group, also when it has no server, go to the others. */
function drain(
  holdings: Holdings,
  topology: Topology,
  drainGroupId: number,
): ReadonlyMap<number, number> {
  const leaving = topology.slots
    .filter((slot) => slot.groupId === drainGroupId && slot.action.state === "")
    .map((slot) => slot.id);
  const takers = holdings.groupIds.filter((id) => id !== drainGroupId);
  return dealSlots(holdings, leaving, takers);
}
