/**
 * Checks what is asked of a plan against the topology: groups and slots exist, nothing contradicts itself. What
 * is only the state of the moment (a slot that moves already) is no fault of the request; the plan names it
 * among its problems.
 */
import { CodisError } from "../../base/error.ts";
import { masterAddrOf } from "../group.ts";
import { getGroup, getGroupWithServer, getSlot } from "../topology/guard.ts";
import type { Topology } from "../topology/topology.ts";
import type { PlanRequest, PlanStrategy } from "./plan.ts";

/** Bounds of a weight; it counts in steps of the smallest one. */
export const WEIGHT_MIN = 0.001;
export const WEIGHT_MAX = 1_000;

/** Fields that only one strategy knows. */
const OWN_FIELDS: Readonly<Record<"drainGroupId" | "moves" | "weights", PlanStrategy>> = {
  drainGroupId: "drain",
  moves: "move",
  weights: "weight",
};

/** Throws ARGUMENT_INVALID, NOT_FOUND, STATE_CONFLICT or MODEL_INVALID. */
export function checkPlanRequest(topology: Topology, request: PlanRequest): void {
  const { strategy, maxSlots } = request;
  for (const [field, owner] of Object.entries(OWN_FIELDS)) {
    if (request[field as keyof typeof OWN_FIELDS] !== undefined && strategy !== owner) {
      throw invalid(`${field} belongs to the strategy ${owner}, not to ${strategy}`);
    }
  }
  if (maxSlots !== undefined && (!Number.isInteger(maxSlots) || maxSlots < 1)) {
    throw invalid(`invalid number of slots ${maxSlots}, expected a whole number from 1`);
  }
  for (const id of request.exceptGroupIds ?? []) {
    getGroup(topology, id);
  }
  const takers = takersOf(topology, request);
  if (takers.length === 0) {
    throw new CodisError("NOT_FOUND", "no valid group could be found");
  }
  checkWeights(topology, request.weights ?? {});
  if (strategy === "drain") {
    checkDrain(topology, request, takers);
  }
  if (strategy === "move") {
    checkMoves(topology, request);
  }
}

/** Groups that may take slots, ascending. */
function takersOf(topology: Topology, { exceptGroupIds = [] }: PlanRequest): readonly number[] {
  return [...topology.groups.values()]
    .filter((group) => masterAddrOf(group) !== "" && !exceptGroupIds.includes(group.id))
    .map((group) => group.id);
}

function checkWeights(topology: Topology, weights: Readonly<Record<string, number>>): void {
  for (const [name, weight] of Object.entries(weights)) {
    if (!/^[1-9]\d{0,3}$/.test(name)) {
      throw invalid(`invalid group id ${JSON.stringify(name)} among the weights`);
    }
    getGroupWithServer(topology, Number(name));
    if (!(weight >= WEIGHT_MIN && weight <= WEIGHT_MAX)) {
      throw invalid(
        `invalid weight ${weight} of group ${name}, expected ${WEIGHT_MIN} to ${WEIGHT_MAX}`,
      );
    }
  }
}

function checkDrain(
  topology: Topology,
  { drainGroupId, exceptGroupIds = [] }: PlanRequest,
  takers: readonly number[],
): void {
  if (drainGroupId === undefined) {
    throw invalid("drain needs the group that is to give its slots away");
  }
  getGroup(topology, drainGroupId);
  if (exceptGroupIds.includes(drainGroupId)) {
    throw invalid(`group ${drainGroupId} can't be drained and left alone at the same time`);
  }
  if (takers.every((id) => id === drainGroupId)) {
    throw new CodisError(
      "STATE_CONFLICT",
      `no other group could take the slots of group ${drainGroupId}`,
    );
  }
}

function checkMoves(topology: Topology, { moves = [], exceptGroupIds = [] }: PlanRequest): void {
  if (moves.length === 0) {
    throw invalid("a plan of strategy move needs slots and their groups");
  }
  const seen = new Set<number>();
  for (const { slotId, groupId, fromGroupId } of moves) {
    const slot = getSlot(topology, slotId);
    if (fromGroupId !== undefined && fromGroupId !== slot.groupId) {
      const owner = slot.groupId === 0 ? "is offline" : `belongs to group ${slot.groupId}`;
      const asked = fromGroupId === 0 ? "offline" : `with group ${fromGroupId}`;
      throw new CodisError("STATE_CONFLICT", `slot ${slotId} ${owner}, the plan has it ${asked}`);
    }
    if (seen.has(slotId)) {
      throw invalid(`slot ${slotId} is there twice, expected it once`);
    }
    seen.add(slotId);
    getGroupWithServer(topology, groupId);
    const left = [slot.groupId, groupId].find((id) => exceptGroupIds.includes(id));
    if (left !== undefined) {
      throw invalid(`slot ${slotId} can't move while group ${left} is left alone`);
    }
  }
}

function invalid(message: string): CodisError {
  return new CodisError("ARGUMENT_INVALID", message);
}
