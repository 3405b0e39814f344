/**
 * Plans and operations in the form of `/api/v1`. What has become of each slot is read from the topology of now,
 * so that the numbers of an answer fit its list.
 */
import type {
  V1Operation,
  V1OperationChange,
  V1OperationSummary,
  V1Plan,
  V1PlanRequest,
} from "../../../api/v1-operation-schema.ts";
import type { Operation, SpeedChange } from "../../../model/operation/operation.ts";
import { isEnded, isSettled, standingOf } from "../../../model/operation/operation-slot.ts";
import type { NamedMove, Plan, PlannedMove, PlanRequest } from "../../../model/operation/plan.ts";
import { saidOf, saidOfAll } from "../../../model/phrase/phrase.ts";
import type { Topology } from "../../../model/topology/topology.ts";

type MoveState = V1Operation["moves"][number]["state"];

/** What is asked of a plan, as the model has it. */
export function toPlanRequest(body: V1PlanRequest): PlanRequest {
  return {
    strategy: body.strategy,
    drainGroupId: body.drain_group_id,
    moves: body.moves?.map((move) => ({
      slotId: move.slot_id,
      groupId: move.group_id,
      fromGroupId: move.from_group_id,
    })),
    weights: body.weights,
    exceptGroupIds: body.except_group_ids,
    maxSlots: body.max_slots,
    bigKey: body.big_key,
  };
}

/** What is asked of the speed, as the model has it. */
export function toSpeedChange(body: V1OperationChange): SpeedChange {
  return {
    keysPerSecond: body.keys_per_second,
    bytesPerSecond: body.bytes_per_second,
    p99GuardMs: body.p99_guard_ms,
  };
}

/** `Plan` of the document. */
export function viewPlan(plan: Plan): V1Plan {
  return {
    id: plan.id,
    epoch: plan.epoch,
    revision: plan.revision,
    created_at: timeOf(plan.createdAtMs),
    request: viewRequest(plan.request),
    moves: plan.moves.map(viewMove),
    groups: plan.groups.map((group) => ({
      group_id: group.groupId,
      slots_before: group.slotsBefore,
      slots_after: group.slotsAfter,
      keys_before: Math.round(group.keysBefore),
      keys_after: Math.round(group.keysAfter),
      bytes_before: Math.round(group.bytesBefore),
      bytes_after: Math.round(group.bytesAfter),
    })),
    keys: Math.round(plan.keys),
    bytes: Math.round(plan.bytes),
    expected_ms: Math.round(plan.expectedMs),
    exact: plan.isExact,
    big_keys: plan.bigKeys.map((key) => ({
      slot_id: key.slotId,
      db: key.db,
      name: key.name,
      type: key.type,
      bytes: Math.round(key.bytes),
      elements: key.elements,
      stall_ms: key.stallMs,
    })),
    big_key: plan.bigKeyRule,
    refused_slot_ids: [...plan.refusedSlotIds],
    problems: [...plan.problems],
    warnings: [...plan.warnings],
    problems_said: saidOfAll(plan.problems),
    warnings_said: saidOfAll(plan.warnings),
  };
}

/** `OperationSummary` of the document: numbers of slots instead of the slots. */
export function viewSummary(operation: Operation, topology: Topology): V1OperationSummary {
  const { progress } = operation;
  const counts = { pending: 0, moving: 0, done: 0 };
  for (const state of statesOf(operation, topology)) {
    counts[state] += 1;
  }
  return {
    id: operation.id,
    origin: operation.origin,
    strategy: operation.strategy,
    plan_id: operation.planId === "" ? null : operation.planId,
    state: operation.state,
    reason: operation.reason === "" ? null : operation.reason,
    reason_code: operation.reason === "" ? null : (operation.reasonCode ?? "other"),
    ...saidOf(operation.reason),
    self_paused: operation.isSelfPaused,
    big_key: operation.bigKeyRule,
    rollback: operation.isRollback,
    speed: {
      keys_per_second: operation.speed.keysPerSecond,
      bytes_per_second: operation.speed.bytesPerSecond,
      p99_guard_ms: operation.speed.p99GuardMs,
    },
    speed_in_force: viewSpeedInForce(operation),
    created_at: timeOf(operation.createdAtMs),
    started_at: timeOrNull(operation.startedAtMs),
    ended_at: timeOrNull(operation.endedAtMs),
    progress: {
      slots_total: operation.moves.length,
      slots_pending: counts.pending,
      slots_moving: counts.moving,
      slots_done: counts.done,
      keys_moved: progress.keysMoved,
      keys_on_access: progress.keysOnAccess,
      bytes_moved: progress.bytesMoved,
      keys_total: progress.keysTotal,
      bytes_total: progress.bytesTotal,
      keys_per_second: progress.keysPerSecond,
      bytes_per_second: progress.bytesPerSecond,
      eta_ms: progress.etaMs < 0 ? null : progress.etaMs,
      longest_stall_ms: progress.longestStallMs,
      longest_hold_ms: progress.longestHoldMs,
      retries: progress.retries,
      stale_keys: progress.staleKeys,
    },
  };
}

function viewSpeedInForce({ speed, guarded }: Operation): V1OperationSummary["speed_in_force"] {
  return {
    keys_per_second: guarded?.keysPerSecond ?? speed.keysPerSecond,
    bytes_per_second: speed.bytesPerSecond,
    slowed: guarded?.isSlowed ?? false,
    reason: guarded?.reason ?? null,
    ...saidOf(guarded?.reason ?? ""),
  };
}

/** `Operation` of the document: the summary with every slot and the history. */
export function viewOperation(operation: Operation, topology: Topology): V1Operation {
  const states = statesOf(operation, topology);
  return {
    ...viewSummary(operation, topology),
    moves: operation.moves.map((move, index) => ({
      ...viewMove(move),
      state: states[index] ?? "pending",
    })),
    events: operation.events.map(({ atMs, text }) => ({ at: timeOf(atMs), text, ...saidOf(text) })),
  };
}

/** One for each of the operation's moves. */
function statesOf(operation: Operation, topology: Topology): readonly MoveState[] {
  const done = new Set(operation.doneSlotIds);
  return operation.moves.map((move) => {
    const standing = standingOf(move, topology.slots[move.slotId]);
    if (isEnded(operation.state) || done.has(move.slotId) || isSettled(operation, standing)) {
      return "done";
    }
    return standing === "moving" || standing === "returning" ? "moving" : "pending";
  });
}

function viewRequest(request: PlanRequest): V1PlanRequest {
  const { drainGroupId, moves, weights, exceptGroupIds, maxSlots, bigKey } = request;
  return {
    strategy: request.strategy,
    ...(drainGroupId === undefined ? {} : { drain_group_id: drainGroupId }),
    ...(moves === undefined ? {} : { moves: moves.map(viewNamedMove) }),
    ...(weights === undefined ? {} : { weights: { ...weights } }),
    ...(exceptGroupIds === undefined ? {} : { except_group_ids: [...exceptGroupIds] }),
    ...(maxSlots === undefined ? {} : { max_slots: maxSlots }),
    ...(bigKey === undefined ? {} : { big_key: bigKey }),
  };
}

function viewNamedMove({
  slotId,
  groupId,
  fromGroupId,
}: NamedMove): NonNullable<V1PlanRequest["moves"]>[number] {
  const move = { slot_id: slotId, group_id: groupId };
  return fromGroupId === undefined ? move : { ...move, from_group_id: fromGroupId };
}

function viewMove({ slotId, fromGroupId, toGroupId, keys, bytes }: PlannedMove): {
  slot_id: number;
  from_group_id: number;
  to_group_id: number;
  keys: number;
  bytes: number;
} {
  return {
    slot_id: slotId,
    from_group_id: fromGroupId,
    to_group_id: toGroupId,
    keys: Math.round(keys),
    bytes: Math.round(bytes),
  };
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** 0: it hasn't come yet. */
function timeOrNull(atMs: number): string | null {
  return atMs === 0 ? null : timeOf(atMs);
}
