/**
 * Orders to move slots, through `/api/v1` of the dashboard that leads. Nothing is ordered twice: whoever got no
 * answer looks at the list of operations first.
 */
import type { V1OperationSummary } from "../../../src/api/v1-operation-schema.ts";
import type { RunningDashboard } from "../../support/running-dashboard.ts";

/** A slot and where it goes. */
export interface OrderedMove {
  readonly slotId: number;
  readonly groupId: number;
}

/** Whether an operation is over. */
export function isEnded(operation: V1OperationSummary): boolean {
  return operation.state === "done" || operation.state === "cancelled";
}

/** Operations that aren't over. */
export async function openOperations({
  v1,
}: RunningDashboard): Promise<readonly V1OperationSummary[]> {
  return (await v1.operations()).filter((one) => !isEnded(one));
}

/** Makes a plan of these moves and starts it; 0: no limit of speed. */
export async function startMoves(
  { v1 }: RunningDashboard,
  moves: readonly OrderedMove[],
  keysPerSecond: number,
): Promise<V1OperationSummary> {
  const plan = await v1.createPlan({
    strategy: "move",
    moves: moves.map(({ slotId, groupId }) => ({ slot_id: slotId, group_id: groupId })),
  });
  return v1.startOperation({ plan: plan.id, keys_per_second: keysPerSecond });
}
