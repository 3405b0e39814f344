/**
 * A product of four groups in which slots move, with plans and operations, for tests of the screens about slots:
 * a plan that is out of date can be made so, and an operation can be steered.
 */

import { problemCode } from "../../../src/api/problem-code.ts";
import type { V1LiveProduct } from "../../../src/api/v1-live-schema.ts";
import type {
  V1Operation,
  V1OperationSummary,
  V1Plan,
} from "../../../src/api/v1-operation-schema.ts";
import type { V1Health } from "../../../src/api/v1-state-schema.ts";
import type { V1AssignResult } from "../../../src/api/v1-topology-schema.ts";
import { saidOf, saidOfAll, say } from "../../../src/model/phrase/phrase.ts";
import { problem } from "./fixture-server.ts";
import { told } from "./told.ts";
import { makeProduct, type ProductFixture, slotsOf } from "./typical-product.ts";

const GROUPS = 4;
const SLOTS = 1024;
/** First of the slots that nobody owns. */
const FIRST_OFFLINE = 1000;
const MIB = 1024 ** 2;
const AT = "2026-11-27T08:00:00.000Z";
const VERSION = { epoch: 3, revision: 17 } as const;

const SINGLE = say("plan.single", { group: 3, addr: "10.0.3.1:6379" });

/** The product; `plans` are those that were made, in order. */
export interface MovingProduct extends ProductFixture {
  readonly plans: V1Plan[];
  /** Plans that the server refuses to start, as slots aren't any longer what they were made for. */
  readonly stalePlanIds: Set<string>;
  /** Ids of plans that were started. */
  readonly started: string[];
}

/** Slots 0 to 19 move from group 1 to 2 in all states, 1000 to 1023 are offline, `op-7` runs. */
export function makeMovingProduct(name: string): MovingProduct {
  const size = { groups: GROUPS, serversPerGroup: 2, proxies: 2 };
  const product: MovingProduct = {
    ...makeProduct(name, size),
    plans: [],
    stalePlanIds: new Set(),
    started: [],
  };
  product.values["slots"] = slotsOf(GROUPS, stateOfSlot);
  product.values["product"] = {
    ...(product.values["product"] as V1LiveProduct),
    slots: { online: FIRST_OFFLINE - 20, offline: SLOTS - FIRST_OFFLINE, moving: 20 },
  } satisfies V1LiveProduct;
  product.values["health"] = offlineHealth();
  const operation = makeOperation("op-7", {});
  product.values["operation:op-7"] = summaryOf(operation);
  product.values["progress:op-7"] = operation.progress;
  addOperationAnswers(product, operation);
  addPlanAnswers(product);
  product.answers["PUT slots"] = (body) => ({ status: 200, body: assigned(body) });
  for (const id of Array(SLOTS).keys()) {
    product.answers[`GET slots/${id}`] = () => ({ status: 200, body: slotView(id) });
  }
  return product;
}

/** An operation that moves slots 0 to 19, with other parts. */
export function makeOperation(id: string, parts: Partial<V1OperationSummary>): V1Operation {
  const moves = Array.from({ length: 20 }, (_, slot) => ({
    slot_id: slot,
    from_group_id: 1,
    to_group_id: 2,
    keys: 5000 + slot,
    bytes: MIB,
    state: slot < 4 ? ("done" as const) : slot < 12 ? ("moving" as const) : ("pending" as const),
  }));
  return {
    id,
    origin: "plan",
    strategy: "slots",
    plan_id: "p-3-1",
    state: "running",
    reason: null,
    reason_code: null,
    self_paused: false,
    big_key: "move",
    rollback: false,
    speed: { keys_per_second: 0, bytes_per_second: 0, p99_guard_ms: 0 },
    speed_in_force: { keys_per_second: 0, bytes_per_second: 0, slowed: false, reason: null },
    created_at: AT,
    started_at: AT,
    ended_at: null,
    progress: {
      slots_total: 20,
      slots_pending: 8,
      slots_moving: 8,
      slots_done: 4,
      keys_moved: 40_000,
      keys_on_access: 0,
      bytes_moved: 8 * MIB,
      keys_total: 100_190,
      bytes_total: 20 * MIB,
      keys_per_second: 2500,
      bytes_per_second: MIB / 2,
      eta_ms: 24_000,
      longest_stall_ms: 4,
      longest_hold_ms: 12,
      retries: 0,
      stale_keys: 0,
    },
    ...parts,
    moves,
    events: [
      { at: AT, ...told(say("op.made", { plan: "p-3-1", slots: say("n.slots", { n: 20 }) })) },
      { at: AT, ...told(say("op.runs", {})) },
    ],
  };
}

/** Without slots and history. */
export function summaryOf({ moves, events, ...summary }: V1Operation): V1OperationSummary {
  return summary;
}

/** A plan of slots from group 1 to others; the number decides its id and, by one slot, what it moves. */
export function makePlan(number: number, request: V1Plan["request"]): V1Plan {
  const moves = Array.from({ length: 64 }, (_, index) => ({
    slot_id: 100 + index + (number % 2),
    from_group_id: 1,
    to_group_id: index < 32 ? 3 : 4,
    keys: 1200,
    bytes: MIB / 4,
  }));
  return {
    id: `p-3-${number}`,
    ...VERSION,
    created_at: AT,
    request,
    moves,
    groups: [1, 2, 3, 4].map((id) => {
      const slots = id === 1 ? -64 : id === 2 ? 0 : 32;
      return {
        group_id: id,
        slots_before: 256,
        slots_after: 256 + slots,
        keys_before: 300_000,
        keys_after: 300_000 + slots * 1200,
        bytes_before: 64 * MIB,
        bytes_after: 64 * MIB + (slots * MIB) / 4,
      };
    }),
    keys: 64 * 1200,
    bytes: 16 * MIB,
    expected_ms: 42_000,
    exact: false,
    big_keys: [
      {
        slot_id: 107,
        db: 0,
        name: "feed:all:<img src=x onerror=alert(1)>",
        type: "zset",
        bytes: 48 * MIB,
        elements: 900_000,
        stall_ms: 310,
      },
    ],
    big_key: "move",
    refused_slot_ids: [],
    problems: [],
    warnings: [SINGLE],
    problems_said: [],
    warnings_said: saidOfAll([SINGLE]),
  };
}

/** As a dashboard finds it: slots of the operation are as they should be, those without a group aren't. */
function offlineHealth(): V1Health {
  const count = say("n.slots", { n: SLOTS - FIRST_OFFLINE });
  const message = say("slots.offline", { slots: count });
  return {
    ...VERSION,
    status: "critical",
    faults: [],
    problems: [
      {
        kind: "slots_offline",
        code: problemCode("slots_offline"),
        is_critical: true,
        subject: `slots ${FIRST_OFFLINE}-${SLOTS - 1}`,
        message,
        ...saidOf(message),
        since: AT,
      },
    ],
  };
}

function stateOfSlot(slot: number): { owner?: number; target?: number; state?: number } {
  if (slot >= FIRST_OFFLINE) {
    return { owner: 0, state: 0 };
  }
  const state = slot < 4 ? 6 : slot < 12 ? 5 : slot < 14 ? 4 : slot < 16 ? 3 : 2;
  return slot < 20 ? { owner: 1, target: 2, state } : {};
}

function slotView(id: number) {
  const groupId = id >= FIRST_OFFLINE ? 0 : Math.floor((id * GROUPS) / SLOTS) + 1;
  const isMoving = id < 20;
  return {
    id,
    group_id: groupId,
    action: isMoving ? { state: "migrating", index: 1, target_id: 2 } : null,
    locked: false,
    backend_addr: groupId === 0 ? null : `10.0.${isMoving ? 2 : groupId}.1:6379`,
    migrate_from: isMoving ? "10.0.1.1:6379" : null,
    forward_method: "migrate",
    replica_groups: [],
  };
}

function assigned(body: unknown): V1AssignResult {
  const { assignments, dry_run: isDryRun = false } = body as {
    assignments: readonly { from: number; to?: number; group_id: number }[];
    dry_run?: boolean;
  };
  const changes = assignments.map(({ from, to = from, group_id }) => ({
    from,
    to,
    previous_group_id: from >= FIRST_OFFLINE ? 0 : 1,
    group_id,
    drops_action: from < 20,
  }));
  return {
    ...VERSION,
    dry_run: isDryRun,
    slots_changed: changes.reduce((sum, { from, to }) => sum + to - from + 1, 0),
    changes,
    push: isDryRun ? null : { synced: ["1".padStart(32, "0")], failed: [] },
  };
}

function addPlanAnswers(product: MovingProduct): void {
  const { answers, plans } = product;
  answers["POST plans"] = (body) => {
    const plan = makePlan(plans.length + 1, body as V1Plan["request"]);
    plans.push(plan);
    answers[`GET plans/${plan.id}`] = () => ({ status: 200, body: plan });
    return { status: 201, body: plan };
  };
  answers["POST operations"] = (body) => {
    const { plan } = body as { plan: string };
    if (product.stalePlanIds.has(plan)) {
      const why = "slot 107 belongs to group 2 now";
      return problem(409, "STATE_CONFLICT", `plan ${plan} isn't true any more: ${why}`);
    }
    product.started.push(plan);
    return { status: 201, body: makeOperation("op-7", { plan_id: plan }) };
  };
}

function addOperationAnswers(product: ProductFixture, first: V1Operation): void {
  const { answers } = product;
  let operation = first;
  const change = (parts: Partial<V1Operation>) => () => {
    operation = { ...operation, ...parts };
    product.values["operation:op-7"] = summaryOf(operation);
    return { status: 200, body: operation };
  };
  answers["GET operations"] = () => ({
    status: 200,
    body: { ...VERSION, items: [summaryOf(operation), ended()], next: null },
  });
  answers["GET operations/op-7"] = change({});
  answers["POST operations/op-7/pause"] = change({ state: "paused" });
  answers["POST operations/op-7/resume"] = change({ state: "waiting" });
  answers["PATCH operations/op-7"] = (body) =>
    change({ speed: { ...operation.speed, ...(body as object) } })();
  answers["POST operations/op-7/cancel"] = (body) =>
    change({
      state: "cancelling",
      rollback: (body as { rollback?: boolean }).rollback === true,
    })();
}

function ended(): V1OperationSummary {
  const operation = summaryOf(makeOperation("op-6", { state: "done", ended_at: AT }));
  const { progress } = operation;
  return {
    ...operation,
    progress: {
      ...progress,
      slots_done: 20,
      slots_moving: 0,
      slots_pending: 0,
      keys_moved: progress.keys_total,
      bytes_moved: progress.bytes_total,
    },
  };
}
