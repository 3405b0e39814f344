/**
 * Orders to move slots, through `/api/v1` of whichever dashboard leads. Nothing is ordered twice: an order
 * whose answer doesn't come is looked for in the list of operations.
 */
import { callHttp } from "../../../src/api/http-call.ts";
import type { RunningDashboard } from "../../support/running-dashboard.ts";

/** An operation as far as a chaos run looks at it. */
export interface SeenOperation {
  readonly id: string;
  readonly state: string;
  readonly reason: string;
}

/** A slot and where it goes. */
export interface OrderedMove {
  readonly slotId: number;
  readonly groupId: number;
}

const CALL_MS = 20_000;
/** States of an operation that is over. */
const ENDED = new Set(["done", "cancelled"]);

/** Whether an operation is over. */
export function isEnded(operation: SeenOperation): boolean {
  return ENDED.has(operation.state);
}

/** Makes a plan of these moves and starts it; 0: no limit of speed. */
export async function startMoves(
  dashboard: RunningDashboard,
  moves: readonly OrderedMove[],
  keysPerSecond: number,
): Promise<SeenOperation> {
  const plan = await call<{ readonly id: string }>(dashboard, "POST", "/plans", {
    strategy: "move",
    moves: moves.map(({ slotId, groupId }) => ({ slot_id: slotId, group_id: groupId })),
  });
  return call(dashboard, "POST", "/operations", {
    plan_id: plan.id,
    speed: { keys_per_second: keysPerSecond, bytes_per_second: 0 },
  });
}

/** All that are kept, the newest first. */
export async function listOperations(
  dashboard: RunningDashboard,
): Promise<readonly SeenOperation[]> {
  const { items } = await call<{ readonly items: readonly SeenOperation[] }>(
    dashboard,
    "GET",
    "/operations",
  );
  return items;
}

/** Stops an operation for a while. */
export async function pause(dashboard: RunningDashboard, id: string): Promise<void> {
  await call(dashboard, "POST", `/operations/${id}/pause`);
}

/** Lets it go on. */
export async function resume(dashboard: RunningDashboard, id: string): Promise<void> {
  await call(dashboard, "POST", `/operations/${id}/resume`);
}

/** Ends it; with `isRollback` half-moved slots go back. */
export async function cancel(
  dashboard: RunningDashboard,
  id: string,
  isRollback: boolean,
): Promise<void> {
  await call(dashboard, "POST", `/operations/${id}/cancel`, { rollback: isRollback });
}

/** How fast keys may move; 0: no limit. */
export async function setSpeed(
  dashboard: RunningDashboard,
  id: string,
  keysPerSecond: number,
): Promise<void> {
  await call(dashboard, "PATCH", `/operations/${id}`, {
    speed: { keys_per_second: keysPerSecond, bytes_per_second: 0 },
  });
}

async function call<T>(
  { addr }: RunningDashboard,
  method: "GET" | "POST" | "PATCH",
  path: string,
  body?: unknown,
): Promise<T> {
  const full = `/api/v1${path}`;
  const shown = { addr, method, path: full, shownPath: full, timeoutMs: CALL_MS };
  const text = await callHttp(body === undefined ? shown : { ...shown, body });
  return (text === "" ? undefined : JSON.parse(text)) as T;
}
