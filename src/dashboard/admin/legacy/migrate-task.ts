/**
 * Moving slots over the API of Codis 2.0, where each slot was a task: orders become operations, and slots that move
 * or wait are shown as tasks again.
 */
import { isMoving, type LegacyTaskJson } from "../../../api/legacy-json.ts";
import { CodisError } from "../../../base/error.ts";
import { parseJsonBody } from "../../../http/failure.ts";
import { slotRange } from "../../../model/change/slot.ts";
import { masterAddrOf } from "../../../model/group.ts";
import type { Operation } from "../../../model/operation/operation.ts";
import { isEnded } from "../../../model/operation/operation-slot.ts";
import { planMoves } from "../../../model/operation/plan-moves.ts";
import { WEIGHT_MAX, WEIGHT_MIN } from "../../../model/operation/plan-request.ts";
import { getGroupWithServer } from "../../../model/topology/guard.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import { infoNumber } from "../../../redis/info.ts";
import type { LeaderControl } from "../../control.ts";
import type { Prepare } from "../topom/prepared.ts";
import { orderSlots } from "../topom/slot-action.ts";

/** Longest pause between two keys that can be ordered, milliseconds: a key a second. */
const DELAY_MS_MAX = 1_000;

/** Checks the arguments of each change. */
export const LEGACY_MIGRATE_HANDLERS: Readonly<Record<"migrate" | "rebalance", Prepare>> = {
  migrate: (leader, _params, body) => {
    const form = readForm(body);
    return { arguments: { ...form }, run: () => migrate(leader, form) };
  },
  rebalance: (leader) => ({ arguments: {}, run: () => rebalance(leader) }),
};

/** Slots that move, or wait for it, in the order in which they were ordered. */
export function listTasks(
  leader: LeaderControl,
  status: LegacyTaskJson["status"],
): readonly LegacyTaskJson[] {
  const tasks = leader
    .topology()
    .slots.filter((slot) =>
      status === "migrating"
        ? isMoving(slot)
        : slot.action.state === "pending" || slot.action.state === "preparing",
    )
    .sort((one, other) => one.action.index - other.action.index);
  const operations = tasks.length === 0 ? new Map<number, Operation>() : operationBySlot(leader);
  return tasks.map(({ id, action }) => {
    const operation = operations.get(id);
    const keysPerSecond = operation?.speed.keysPerSecond ?? 0;
    return {
      slot_id: id,
      new_group: action.targetId,
      delay: keysPerSecond === 0 ? 0 : Math.round(1_000 / keysPerSecond),
      create_at: String(Math.floor((operation?.createdAtMs ?? 0) / 1_000)),
      percent: 0,
      status,
    };
  });
}

function operationBySlot(leader: LeaderControl): ReadonlyMap<number, Operation> {
  const open = leader.migration.operations().filter(({ state }) => !isEnded(state));
  return new Map(
    // The newest comes first, and is to win.
    open
      .toReversed()
      .flatMap((operation) =>
        operation.moves.map(({ slotId }): [number, Operation] => [slotId, operation]),
      ),
  );
}

interface MigrateForm {
  readonly from: number;
  readonly to: number;
  readonly newGroup: number;
  readonly delayMs: number;
}

function readForm(body: string): MigrateForm {
  const value = parseJsonBody(body, "body of migrate");
  const fields = (typeof value === "object" && value !== null ? value : {}) as Readonly<
    Record<string, unknown>
  >;
  const read = (name: string, fallback?: number): number => {
    const number = fields[name] ?? fallback;
    if (typeof number !== "number" || !Number.isSafeInteger(number)) {
      throw new CodisError("BODY_INVALID", `body of migrate: ${name}: expected a whole number`);
    }
    return number;
  };
  const form = {
    from: read("from"),
    to: read("to"),
    newGroup: read("new_group"),
    delayMs: read("delay", 0),
  };
  if (form.delayMs < 0 || form.delayMs > DELAY_MS_MAX) {
    throw new CodisError(
      "BODY_INVALID",
      `body of migrate: delay: expected 0 to ${DELAY_MS_MAX} milliseconds`,
    );
  }
  return form;
}

async function migrate(leader: LeaderControl, form: MigrateForm): Promise<void> {
  const topology = leader.topology();
  const { newGroup: groupId } = form;
  const ids = slotRange(topology, form.from, form.to);
  getGroupWithServer(topology, groupId);
  const targets = ids
    .filter((id) => ownerOf(topology, id) !== groupId)
    .map((id) => ({ id, groupId }));
  await orderSlots(leader, targets);
  const [first] = targets;
  if (form.delayMs > 0 && first !== undefined) {
    await slowDown(leader, first.id, Math.max(1, Math.floor(1_000 / form.delayMs)));
  }
}

/** Where the slot is, or will be. */
function ownerOf(topology: Topology, id: number): number {
  const slot = topology.slots[id];
  return (slot?.action.state === "" ? slot.groupId : slot?.action.targetId) ?? 0;
}

async function slowDown(
  leader: LeaderControl,
  slotId: number,
  keysPerSecond: number,
): Promise<void> {
  const operation = operationBySlot(leader).get(slotId);
  if (operation !== undefined) {
    await leader.migration.setSpeed(operation.id, { keysPerSecond });
  }
}

async function rebalance(leader: LeaderControl): Promise<void> {
  const topology = leader.topology();
  if (listTasks(leader, "pending").length > 0) {
    throw new CodisError(
      "STATE_CONFLICT",
      "there are migration tasks running, you should wait them done",
    );
  }
  if (topology.slots.some(({ groupId, action }) => groupId === 0 && action.state === "")) {
    throw new CodisError("STATE_CONFLICT", "not all slots are online");
  }
  const weights = memoryWeights(leader);
  const moves = planMoves({
    topology,
    request: weights === undefined ? { strategy: "slots" } : { strategy: "weight", weights },
  });
  await orderSlots(
    leader,
    moves.map(({ slotId, toGroupId }) => ({ id: slotId, groupId: toGroupId })),
  );
}

/** `maxmemory` of each group's master, the largest as the greatest weight; undefined when one has none. */
function memoryWeights(leader: LeaderControl): Readonly<Record<string, number>> | undefined {
  const sizes = [...leader.topology().groups.values()]
    .filter((group) => masterAddrOf(group) !== "")
    .map((group): [number, number] => {
      const info = leader.serverFigures().get(masterAddrOf(group))?.info;
      return [group.id, infoNumber(info, "maxmemory") ?? 0];
    });
  if (sizes.some(([, bytes]) => bytes <= 0)) {
    return undefined;
  }
  const largest = Math.max(...sizes.map(([, bytes]) => bytes));
  return Object.fromEntries(
    sizes.map(([id, bytes]) => [id, Math.max(WEIGHT_MIN, (bytes / largest) * WEIGHT_MAX)]),
  );
}
