/**
 * What is asked of the server for chosen slots, with the command line that does the same: a plan that moves them
 * with their keys, or an assignment by force. Pure.
 */
import type { V1PlanRequest } from "../../../../src/api/v1-operation-schema.ts";
import type { V1AssignRequest } from "../../../../src/api/v1-topology-schema.ts";
import { spansOf } from "../../../../src/model/slot-range.ts";
import { writeSlots } from "./slot-text.ts";

/** Keys too big to move unnoticed: what becomes of them; the empty text: as the configuration says. */
export type BigKeyChoice = "" | "move" | "last" | "refuse";

/** A plan that moves just these slots to the group; `ids` is ascending. */
export function moveRequest(
  ids: readonly number[],
  groupId: number,
  bigKey: BigKeyChoice,
): V1PlanRequest {
  return {
    strategy: "move",
    moves: ids.map((id) => ({ slot_id: id, group_id: groupId })),
    ...(bigKey === "" ? {} : { big_key: bigKey }),
  };
}

/** The command line of `moveRequest`; it shows the plan and asks before anything moves. */
export function moveCommand(ids: readonly number[], groupId: number, bigKey: BigKeyChoice): string {
  const rule = bigKey === "" ? "" : ` --big-key ${bigKey}`;
  return `codis slot migrate ${writeSlots(ids)} --to ${groupId}${rule}`;
}

/** Gives the slots to the group by force; group 0 takes them offline. `ids` is ascending. */
export function assignRequest(
  ids: readonly number[],
  groupId: number,
  isDryRun: boolean,
): V1AssignRequest {
  return {
    assignments: spansOf(ids).map(({ from, to }) => ({ from, to, group_id: groupId })),
    ...(isDryRun ? { dry_run: true } : {}),
  };
}

/** The command line of `assignRequest`; while no group is chosen, with a word in its place. */
export function assignCommand(ids: readonly number[], groupId: number | undefined): string {
  const slots = writeSlots(ids);
  return groupId === 0
    ? `codis slot offline ${slots}`
    : `codis slot assign ${slots} ${groupId ?? "GID"}`;
}
