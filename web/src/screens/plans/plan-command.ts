/**
 * The command lines and API calls that do the same as the screens of plans, for copying. Pure.
 */
import type { V1PlanRequest } from "../../../../src/api/v1-operation-schema.ts";
import { formatRanges } from "../../../../src/model/slot-range.ts";
import type { ApiCall } from "../../data/api-call.ts";

/** Limits of speed, and the bound of the p99 guard; 0: none. */
export interface SpeedLimit {
  readonly keysPerSecond: number;
  readonly bytesPerSecond: number;
  readonly p99GuardMs: number;
}

/** None at all. */
export const NO_LIMIT: SpeedLimit = { keysPerSecond: 0, bytesPerSecond: 0, p99GuardMs: 0 };

/**
 * The command line that makes such a plan without starting it. A plan that moves slots to more than one group needs
 * one line for each group.
 */
export function planCommands(request: V1PlanRequest): readonly string[] {
  const rule = request.big_key === undefined ? "" : ` --big-key ${request.big_key}`;
  const except = (request.except_group_ids ?? []).join(" ");
  const shared =
    (except === "" ? "" : ` --except ${except}`) +
    (request.max_slots === undefined ? "" : ` --max-slots ${request.max_slots}`) +
    `${rule} --dry-run`;
  switch (request.strategy) {
    case "move":
      return moveCommands(request, `${rule} --dry-run`);
    case "drain":
      return [`codis rebalance --drain ${request.drain_group_id ?? ""}${shared}`];
    case "fill":
      return [`codis rebalance --fill${shared}`];
    case "weight": {
      const weights = Object.entries(request.weights ?? {}).map(
        ([id, weight]) => `${id}=${weight}`,
      );
      const flag = weights.length === 0 ? "" : ` --weight ${weights.join(" ")}`;
      return [`codis rebalance --strategy weight${flag}${shared}`];
    }
    default:
      return [`codis rebalance --strategy ${request.strategy}${shared}`];
  }
}

/** The command line that carries out a plan. */
export function startCommand(planId: string, speed: SpeedLimit): string {
  return `codis plan start ${planId}${speedFlags(speed)}`;
}

/** The command line that makes a plan of a file. */
export function importCommand(name: string): string {
  return `codis plan import ${quoted(name)} --dry-run`;
}

/** Name of the file that a plan is saved as. */
export function planFileName(product: string, planId: string): string {
  return `codis-plan-${product.replace(/[^\w-]+/g, "_")}-${planId}.json`;
}

/** The command line that saves a plan as a file. */
export function exportCommand(product: string, planId: string): string {
  return `codis plan show ${planId} --json > ${quoted(planFileName(product, planId))}`;
}

/** Flags of a limit of speed, with a blank before each; empty without a limit. */
export function speedFlags({ keysPerSecond, bytesPerSecond, p99GuardMs }: SpeedLimit): string {
  return (
    (keysPerSecond === 0 ? "" : ` --keys-per-second ${keysPerSecond}`) +
    (bytesPerSecond === 0 ? "" : ` --bytes-per-second ${bytesPerSecond}`) +
    (p99GuardMs === 0 ? "" : ` --p99-guard-ms ${p99GuardMs}`)
  );
}

/** The call that carries out a plan. */
export function startCall(planId: string, speed: SpeedLimit): ApiCall {
  const { keysPerSecond, bytesPerSecond, p99GuardMs } = speed;
  const body = {
    plan: planId,
    ...(keysPerSecond === 0 ? {} : { keys_per_second: keysPerSecond }),
    ...(bytesPerSecond === 0 ? {} : { bytes_per_second: bytesPerSecond }),
    ...(p99GuardMs === 0 ? {} : { p99_guard_ms: p99GuardMs }),
  };
  return { method: "POST", path: "operations", body };
}

/** For a shell, in quotes only where it needs them. */
function quoted(word: string): string {
  return /^[\w./][\w./-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function moveCommands({ moves = [] }: V1PlanRequest, flags: string): readonly string[] {
  const byGroup = Map.groupBy(moves, (move) => move.group_id);
  return [...byGroup].map(([groupId, slots]) => {
    const ids = slots.map((slot) => slot.slot_id).sort((one, other) => one - other);
    return `codis slot migrate ${formatRanges(ids)} --to ${groupId}${flags}`;
  });
}
