/**
 * `PUT /api/v1/slots`: ranges become single slots, the whole is checked against the topology, and what would
 * change is told, before the leader is asked to do it.
 */
import type { V1AssignResult } from "../../../api/v1-topology-schema.ts";
import { CodisError } from "../../../base/error.ts";
import { slotRange } from "../../../model/change/slot.ts";
import type { LeaderControl, SlotAssignment } from "../../control.ts";
import type { V1Input } from "./call.ts";
import { getGroup, viewVersion } from "./view.ts";

type AssignBody = V1Input<"assignSlots">["body"];

/** Does the assignment, or only tells with `dry_run`. Rejects with ARGUMENT_INVALID, NOT_FOUND, STATE_CONFLICT. */
export async function assignSlots(
  leader: LeaderControl,
  body: AssignBody,
): Promise<V1AssignResult> {
  const assignments = expand(leader, body);
  for (const groupId of new Set(assignments.map((each) => each.groupId))) {
    if (groupId !== 0 && getGroup(leader, groupId).servers.length === 0) {
      throw new CodisError("STATE_CONFLICT", `group-[${groupId}] is empty: add a server first`);
    }
  }
  const changes = describeChanges(leader, assignments);
  const isDryRun = body.dry_run === true;
  const push = isDryRun ? undefined : await leader.assignSlots(assignments);
  return {
    ...viewVersion(leader),
    dry_run: isDryRun,
    slots_changed: changes.reduce((sum, { from, to }) => sum + to - from + 1, 0),
    changes,
    push:
      push === undefined
        ? null
        : { synced: [...push.synced], failed: push.failed.map((each) => ({ ...each })) },
  };
}

function expand(leader: LeaderControl, body: AssignBody): readonly SlotAssignment[] {
  const topology = leader.topology();
  const groupBySlot = new Map<number, number>();
  for (const { from, to = from, group_id: groupId } of body.assignments) {
    for (const id of slotRange(topology, from, to)) {
      if (groupBySlot.has(id)) {
        throw new CodisError("ARGUMENT_INVALID", `slot ${id} is in two ranges`);
      }
      groupBySlot.set(id, groupId);
    }
  }
  return [...groupBySlot].map(([id, groupId]) => ({ id, groupId })).sort((a, b) => a.id - b.id);
}

function describeChanges(
  leader: LeaderControl,
  assignments: readonly SlotAssignment[],
): V1AssignResult["changes"] {
  const { slots } = leader.topology();
  const changes: V1AssignResult["changes"] = [];
  for (const { id, groupId } of assignments) {
    const slot = slots[id];
    if (slot === undefined || (slot.groupId === groupId && slot.action.state === "")) {
      continue;
    }
    const change = {
      from: id,
      to: id,
      previous_group_id: slot.groupId,
      group_id: groupId,
      drops_action: slot.action.state !== "",
    };
    const last = changes.at(-1);
    const isNext =
      last?.to === id - 1 &&
      last.previous_group_id === change.previous_group_id &&
      last.group_id === groupId &&
      last.drops_action === change.drops_action;
    if (isNext) {
      last.to = id;
    } else {
      changes.push(change);
    }
  }
  return changes;
}
