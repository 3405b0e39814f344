/**
 * The moving of slots of a leader in memory: orders change its topology and its operations by the rules of the
 * model, no key moves, and nothing goes on by itself. A test says how an operation stands with `set`.
 */
import { CodisError } from "../../src/base/error.ts";
import type { CancelOptions, MigrationControl, StartOptions } from "../../src/dashboard/control.ts";
import {
  beginOperation,
  cancelOperation,
  changeSpeed,
  createOperation,
  pauseOperation,
  resumeOperation,
  setOperationSpeed,
} from "../../src/model/change/operation.ts";
import {
  createSlotActions,
  removeSlotAction,
  type SlotTarget,
} from "../../src/model/change/slot.ts";
import {
  type Operation,
  type OperationProgress,
  type OperationSpeed,
  type SpeedChange,
  UNLIMITED,
} from "../../src/model/operation/operation.ts";
import { operationIdOf } from "../../src/model/operation/operation-record.ts";
import type { Plan, PlannedMove, PlanRequest } from "../../src/model/operation/plan.ts";
import { describeGroups } from "../../src/model/operation/plan-groups.ts";
import { planMoves } from "../../src/model/operation/plan-moves.ts";
import { checkPlanRequest } from "../../src/model/operation/plan-request.ts";
import type { Topology } from "../../src/model/topology/topology.ts";

/** The leader that it belongs to. */
export interface FakeMigrationPort {
  readonly topology: () => Topology;
  readonly change: (parts: Partial<Topology>) => void;
  /** Waits, fails or remembers the order, as the leader's own. */
  readonly take: (order: string) => Promise<void>;
}

/** The moment of everything, milliseconds. */
export const ORDERED_AT_MS = 1_795_244_600_000;
/** Keys and bytes of each slot in plans. */
const SLOT_LOAD = { keys: 10, bytes: 1_000 };

/** See the file head. */
export class FakeMigration implements MigrationControl {
  readonly #port: FakeMigrationPort;
  readonly #plans = new Map<string, Plan>();
  readonly #operations = new Map<string, Operation>();
  readonly #listeners = new Set<(operation: Operation) => void>();
  /** What the next plans say in addition. */
  planParts: Partial<Plan> = {};
  /** What the old API shows. */
  switched = { intervalUs: 0, isDisabled: false, progress: "", executor: 0 };

  constructor(port: FakeMigrationPort) {
    this.#port = port;
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** Puts an operation in place, as if it had come to this, and tells the listeners. */
  set(operation: Operation): Operation {
    this.#operations.set(operation.id, operation);
    for (const listener of [...this.#listeners]) {
      listener(operation);
    }
    return operation;
  }

  /** Changes the progress of one. */
  setProgress(id: string, parts: Partial<OperationProgress>): Operation {
    const operation = this.getOperation(id);
    return this.set({ ...operation, progress: { ...operation.progress, ...parts } });
  }

  async plan(request: PlanRequest): Promise<Plan> {
    await this.#port.take(`plan ${request.strategy}`);
    const topology = this.#port.topology();
    checkPlanRequest(topology, request);
    const moves = planMoves({ topology, request }).map((move) => ({ ...move, ...SLOT_LOAD }));
    const plan: Plan = {
      id: `p-3-${this.#plans.size + 1}`,
      request,
      epoch: 3,
      revision: topology.revision,
      createdAtMs: ORDERED_AT_MS,
      moves,
      groups: describeGroups(topology, moves, () => ({ keys: 1_000, bytes: 100_000 })),
      keys: moves.length * SLOT_LOAD.keys,
      bytes: moves.length * SLOT_LOAD.bytes,
      expectedMs: 30,
      isExact: true,
      bigKeys: [],
      bigKeyRule: request.bigKey ?? "move",
      refusedSlotIds: [],
      problems: [],
      warnings: [],
      ...this.planParts,
    };
    this.#plans.set(plan.id, plan);
    return plan;
  }

  getPlan(id: string): Plan {
    const plan = this.#plans.get(id);
    if (plan === undefined) {
      throw new CodisError("NOT_FOUND", `plan ${id} doesn't exist (any more)`);
    }
    return plan;
  }

  async startPlan(id: string, { speed: asked = {} }: StartOptions): Promise<Operation> {
    const plan = this.getPlan(id);
    const speed = changeSpeed(UNLIMITED, asked);
    await this.#port.take(`startPlan ${id} ${wordsOf(speed)}`);
    const [problem] = plan.problems;
    if (problem !== undefined) {
      throw new CodisError("STATE_CONFLICT", `plan ${id} can't be started: ${problem}`);
    }
    this.#orderSlots(
      plan.moves.map(({ slotId, toGroupId }) => ({ id: slotId, groupId: toGroupId })),
    );
    return this.add(plan.moves, { planId: id, strategy: plan.request.strategy, speed });
  }

  /** Makes an operation that runs, without an order; its slots are as they are. */
  add(moves: readonly PlannedMove[], parts: Partial<Operation> = {}): Operation {
    const operation = createOperation(
      {
        id: operationIdOf(this.#operations.size + 1),
        origin: "plan",
        strategy: "move",
        planId: "",
        moves,
        speed: UNLIMITED,
        bigKeyRule: "move",
      },
      ORDERED_AT_MS,
      "made",
    );
    return this.set({ ...beginOperation(operation, ORDERED_AT_MS + 1_000), ...parts });
  }

  operations(): readonly Operation[] {
    return [...this.#operations.values()].reverse();
  }

  getOperation(id: string): Operation {
    const operation = this.#operations.get(id);
    if (operation === undefined) {
      throw new CodisError("NOT_FOUND", `operation ${id} doesn't exist`);
    }
    return operation;
  }

  pause(id: string): Promise<Operation> {
    return this.#changed(`pause ${id}`, id, (now) => pauseOperation(now, ORDERED_AT_MS));
  }

  resume(id: string): Promise<Operation> {
    return this.#changed(`resume ${id}`, id, (now) => resumeOperation(now, ORDERED_AT_MS));
  }

  cancel(id: string, { isRollback }: CancelOptions): Promise<Operation> {
    return this.#changed(`cancel ${id} ${isRollback}`, id, (now) =>
      cancelOperation(now, isRollback, ORDERED_AT_MS),
    );
  }

  async setSpeed(id: string, change: SpeedChange): Promise<Operation> {
    const speed = changeSpeed(this.getOperation(id).speed, change);
    return this.#changed(`setSpeed ${id} ${wordsOf(speed)}`, id, (now) =>
      setOperationSpeed(now, change, ORDERED_AT_MS),
    );
  }

  onOperation(listener: (operation: Operation) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async createSlotActions(targets: readonly SlotTarget[]): Promise<void> {
    const list = targets.map(({ id, groupId }) => `${id}:${groupId}`);
    await this.#port.take(
      `createSlotActions ${list.length > 4 ? `${list.length} from ${list[0]}` : list.join(" ")}`,
    );
    const before = this.#port.topology();
    this.#orderSlots(targets);
    const moves = targets.map(({ id, groupId }) => ({
      slotId: id,
      fromGroupId: before.slots[id]?.groupId ?? 0,
      toGroupId: groupId,
      keys: 0,
      bytes: 0,
    }));
    this.add(moves, { origin: "slot-action" });
  }

  async removeSlotActions(slotIds: readonly number[]): Promise<void> {
    await this.#port.take(`removeSlotActions ${slotIds.join(" ")}`);
    const { slots } = slotIds.reduce(removeSlotAction, this.#port.topology());
    this.#port.change({ slots });
  }

  async setInterval(us: number): Promise<void> {
    await this.#port.take(`setInterval ${us}`);
    this.switched = { ...this.switched, intervalUs: us };
  }

  async setDisabled(isDisabled: boolean): Promise<void> {
    await this.#port.take(`setDisabled ${isDisabled}`);
    this.switched = { ...this.switched, isDisabled };
  }

  switches(): ReturnType<MigrationControl["switches"]> {
    return this.switched;
  }

  #orderSlots(targets: readonly SlotTarget[]): void {
    const { slots } = createSlotActions(this.#port.topology(), targets);
    this.#port.change({ slots });
  }

  async #changed(
    order: string,
    id: string,
    change: (now: Operation) => Operation,
  ): Promise<Operation> {
    await this.#port.take(order);
    return this.set(change(this.getOperation(id)));
  }
}

/** The guard is named only where there is one. */
function wordsOf({ keysPerSecond, bytesPerSecond, p99GuardMs }: OperationSpeed): string {
  const guard = p99GuardMs === 0 ? "" : ` p99 ${p99GuardMs}`;
  return `${keysPerSecond} ${bytesPerSecond}${guard}`;
}
