/**
 * Operations over `/api/v1`: what each call orders and answers, roles, errors with their codes, the audit log, pages,
 * and health. Over real HTTP with a leader in memory.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { V1Client } from "../../../src/api/v1-client.ts";
import type { V1Operation, V1OperationList } from "../../../src/api/v1-operation-schema.ts";
import { bearer, codeOf } from "../../support/dashboard-port.ts";
import { ORDERED_AT_MS } from "../../support/fake-migration-control.ts";
import { MovingPort, refusalOf } from "../../support/moving-port.ts";

let port: MovingPort;

beforeEach(async () => {
  port = await new MovingPort().start();
});

afterEach(() => port.close());

describe("starting", () => {
  test("orders the slots and answers with the operation", async () => {
    const plan = await port.planMoves([4, 2]);
    const body = { plan: plan.id, keys_per_second: 1000, p99_guard_ms: 8 };
    const answer = await port.post("/operations", body);
    expect(answer.status).toBe(201);
    const move = { from_group_id: 1, to_group_id: 2, keys: 10, bytes: 1000, state: "pending" };
    const expected = {
      id: "op-1",
      origin: "plan",
      strategy: "move",
      plan_id: "p-3-1",
      state: "running",
      reason: null,
      reason_code: null,
      self_paused: false,
      big_key: "move",
      rollback: false,
      speed: { keys_per_second: 1000, bytes_per_second: 0, p99_guard_ms: 8 },
      speed_in_force: { keys_per_second: 1000, bytes_per_second: 0, slowed: false, reason: null },
      created_at: new Date(ORDERED_AT_MS).toISOString(),
      started_at: new Date(ORDERED_AT_MS + 1000).toISOString(),
      ended_at: null,
      progress: {
        slots_total: 2,
        slots_pending: 2,
        slots_moving: 0,
        slots_done: 0,
        keys_moved: 0,
        keys_on_access: 0,
        bytes_moved: 0,
        keys_total: 0,
        bytes_total: 0,
        keys_per_second: 0,
        bytes_per_second: 0,
        eta_ms: null,
        longest_stall_ms: 0,
        longest_hold_ms: 0,
        retries: 0,
        stale_keys: 0,
      },
      moves: [
        { slot_id: 4, ...move },
        { slot_id: 2, ...move },
      ],
      events: [
        { at: new Date(ORDERED_AT_MS).toISOString(), text: "made" },
        {
          at: new Date(ORDERED_AT_MS + 1000).toISOString(),
          text: "runs",
          said: { code: "op.runs", params: {} },
        },
      ],
    };
    expect(answer.json()).toEqual(expected);
    expect((await port.get("/api/v1/operations/op-1")).json()).toEqual(expected);
    expect(port.leader.orders).toEqual(["plan move", "startPlan p-3-1 1000 0 p99 8"]);
  });

  test("is refused for a plan with problems, a stale one, and one that isn't there", async () => {
    port.leader.migration.planParts = { problems: ["group 2 is full"] };
    const full = await port.planMoves([4]);
    expect(refusalOf(await port.post("/operations", { plan: full.id }))).toEqual([
      409,
      "STATE_CONFLICT",
      `plan ${full.id} can't be started: group 2 is full`,
    ]);
    port.leader.migration.planParts = {};
    const stale = await port.planMoves([4]);
    await port.startMoves([4]);
    expect(refusalOf(await port.post("/operations", { plan: stale.id })).slice(0, 2)).toEqual([
      409,
      "STATE_CONFLICT",
    ]);
    expect(refusalOf(await port.post("/operations", { plan: "p-3-99" })).slice(0, 2)).toEqual([
      404,
      "NOT_FOUND",
    ]);
    for (const body of [
      {},
      { plan: 1 },
      { plan: "p-3-1", keys_per_second: -1 },
      { plan: "p-3-1", p99_guard_ms: 60_001 },
      { plan: "p-3-1", p99_guard_ms: 0.5 },
      { plan_id: "p" },
    ]) {
      expect(codeOf(await port.post("/operations", body))).toBe("BODY_INVALID");
    }
  });

  test("with If-Match only while the topology is that of the plan", async () => {
    const plan = await port.planMoves([4]);
    const tag = { "If-Match": `"${plan.epoch}.${plan.revision}"` };
    port.leader.setGroup(7, []);
    const late = await port.post("/operations", { plan: plan.id }, tag);
    expect([late.status, codeOf(late)]).toEqual([412, "REVISION_OUTDATED"]);
    const next = await port.planMoves([4]);
    const now = { "If-Match": `"${next.epoch}.${next.revision}"` };
    expect((await port.post("/operations", { plan: next.id }, now)).status).toBe(201);
  });
});

describe("steering", () => {
  test("speed, pause, resume and cancel are ordered and shown", async () => {
    await port.startMoves([1, 2]);
    const path = "/api/v1/operations/op-1";
    const slower = await port.call("PATCH", path, { keys_per_second: 500 });
    expect(slower.json()).toMatchObject({ speed: { keys_per_second: 500, bytes_per_second: 0 } });
    // What isn't given stays.
    const both = await port.call("PATCH", path, { bytes_per_second: 2048 });
    expect(both.json()).toMatchObject({ speed: { keys_per_second: 500, bytes_per_second: 2048 } });
    const guarded = await port.call("PATCH", path, { p99_guard_ms: 8 });
    expect(guarded.json()).toMatchObject({
      speed: { keys_per_second: 500, bytes_per_second: 2048, p99_guard_ms: 8 },
      events: [{}, {}, {}, {}, { said: { code: "op.guarded", params: { ms: "8" } } }],
    });
    expect((await port.post("/operations/op-1/pause")).json()).toMatchObject({ state: "paused" });
    expect((await port.post("/operations/op-1/resume")).json()).toMatchObject({ state: "waiting" });
    expect((await port.post("/operations/op-1/cancel", {})).json()).toMatchObject({
      state: "cancelling",
      rollback: false,
    });
    expect((await port.post("/operations/op-1/cancel", { rollback: true })).json()).toMatchObject({
      state: "cancelling",
      rollback: true,
    });
    expect(port.leader.orders.slice(2)).toEqual([
      "setSpeed op-1 500 0",
      "setSpeed op-1 500 2048",
      "setSpeed op-1 500 2048 p99 8",
      "pause op-1",
      "resume op-1",
      "cancel op-1 false",
      "cancel op-1 true",
    ]);
  });

  test("what makes no sense is refused with a code", async () => {
    await port.startMoves([1]);
    for (const [method, path, body] of [
      ["GET", "", undefined],
      ["PATCH", "", { keys_per_second: 1 }],
      ["POST", "/pause", undefined],
      ["POST", "/resume", undefined],
      ["POST", "/cancel", {}],
    ] as const) {
      const gone = await port.call(method, `/api/v1/operations/op-9${path}`, body);
      expect([path, gone.status, codeOf(gone)]).toEqual([path, 404, "NOT_FOUND"]);
      const bad = await port.call(method, `/api/v1/operations/9${path}`, body);
      expect([path, bad.status, codeOf(bad)]).toEqual([path, 400, "ARGUMENT_INVALID"]);
    }
    const { migration } = port.leader;
    migration.set({ ...migration.getOperation("op-1"), state: "done", endedAtMs: ORDERED_AT_MS });
    for (const [method, path, body] of [
      ["PATCH", "", { keys_per_second: 1 }],
      ["POST", "/pause", undefined],
      ["POST", "/resume", undefined],
      ["POST", "/cancel", { rollback: true }],
    ] as const) {
      const late = await port.call(method, `/api/v1/operations/op-1${path}`, body);
      expect([path, late.status, codeOf(late)]).toEqual([path, 409, "STATE_CONFLICT"]);
    }
    const patch = (body: unknown) => port.call("PATCH", "/api/v1/operations/op-1", body);
    expect(refusalOf(await patch({}))[2]).toContain(
      "expected keys_per_second, bytes_per_second or p99_guard_ms",
    );
    expect(codeOf(await patch({ keys_per_second: 1.5 }))).toBe("BODY_INVALID");
    expect(codeOf(await patch({ speed: {} }))).toBe("BODY_INVALID");
    expect(codeOf(await port.post("/operations/op-1/pause", { a: 1 }))).toBe("BODY_INVALID");
  });

  test("every change is audited, those that fail as well", async () => {
    const plan = await port.planMoves([1]);
    await port.post("/operations", { plan: plan.id, bytes_per_second: 5 });
    await port.call("PATCH", "/api/v1/operations/op-1", { keys_per_second: 7, p99_guard_ms: 8 });
    await port.post("/operations/op-1/pause");
    await port.post("/operations/op-1/resume");
    await port.post("/operations/op-1/cancel", { rollback: true });
    await port.post("/operations/op-9/pause");
    const audit = (await port.get("/api/v1/audit")).json() as {
      items: { operation: string; arguments: unknown; state: string; error_code: string | null }[];
    };
    const lines = audit.items
      .toReversed()
      .map((each) => [each.operation, each.arguments, each.state, each.error_code]);
    expect(lines).toEqual([
      ["startOperation", { plan: "p-3-1", bytes_per_second: 5 }, "done", null],
      ["updateOperation", { id: "op-1", keys_per_second: 7, p99_guard_ms: 8 }, "done", null],
      ["pauseOperation", { id: "op-1" }, "done", null],
      ["resumeOperation", { id: "op-1" }, "done", null],
      ["cancelOperation", { id: "op-1", rollback: true }, "done", null],
      ["pauseOperation", { id: "op-9" }, "failed", "NOT_FOUND"],
    ]);
  });

  test("a viewer looks, an operator changes", async () => {
    const root = bearer(await port.createUser("root", "admin"));
    const viewer = bearer(await port.createUser("vera", "viewer", root));
    const operator = bearer(await port.createUser("olga", "operator", root));
    await port.post("/plans", { strategy: "slots", max_slots: 1 }, operator);
    await port.post("/operations", { plan: "p-3-1" }, operator);
    for (const path of ["/plans/p-3-1", "/operations", "/operations/op-1"]) {
      expect([path, (await port.get(`/api/v1${path}`, viewer)).status]).toEqual([path, 200]);
      expect([path, (await port.get(`/api/v1${path}`)).status]).toEqual([path, 401]);
    }
    for (const [method, path, body] of [
      ["POST", "/plans", { strategy: "slots" }],
      ["POST", "/operations", { plan: "p-3-1" }],
      ["PATCH", "/operations/op-1", { keys_per_second: 1 }],
      ["POST", "/operations/op-1/pause", undefined],
      ["POST", "/operations/op-1/resume", undefined],
      ["POST", "/operations/op-1/cancel", {}],
    ] as const) {
      const answer = await port.call(method, `/api/v1${path}`, body, viewer);
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 403, "FORBIDDEN"]);
    }
    expect((await port.post("/operations/op-1/pause", undefined, operator)).status).toBe(200);
  });
});

describe("progress", () => {
  test("each slot has a state, read from the topology, and the counts fit", async () => {
    await port.startMoves([0, 1, 2, 3, 4]);
    port.setSlot(0, "", 2); // It has arrived.
    port.setSlot(1, "migrating");
    port.setSlot(2, "preparing");
    port.leader.migration.setProgress("op-1", {
      keysMoved: 30,
      keysOnAccess: 7,
      keysTotal: 50,
      bytesMoved: 3000,
      bytesTotal: 5000,
      keysPerSecond: 10,
      bytesPerSecond: 1000,
      etaMs: 2000,
      longestStallMs: 4,
      longestHoldMs: 11,
      retries: 2,
      staleKeys: 1,
    });
    const shown = (await port.get("/api/v1/operations/op-1")).json() as V1Operation;
    expect(shown.moves.map(({ slot_id: id, state }) => `${id} ${state}`)).toEqual([
      "0 done",
      "1 moving",
      "2 moving",
      "3 pending",
      "4 pending",
    ]);
    expect(shown.progress).toEqual({
      slots_total: 5,
      slots_pending: 2,
      slots_moving: 2,
      slots_done: 1,
      keys_moved: 30,
      keys_on_access: 7,
      bytes_moved: 3000,
      keys_total: 50,
      bytes_total: 5000,
      keys_per_second: 10,
      bytes_per_second: 1000,
      eta_ms: 2000,
      longest_stall_ms: 4,
      longest_hold_ms: 11,
      retries: 2,
      stale_keys: 1,
    });
  });

  test("what the p99 guard makes of the speed is told with its code", async () => {
    await port.startMoves([0]);
    const { migration } = port.leader;
    const reason = "slowed by the p99 guard: p99 12.3 ms, bound 8 ms";
    migration.set({
      ...migration.getOperation("op-1"),
      speed: { keysPerSecond: 900, bytesPerSecond: 50, p99GuardMs: 8 },
      guarded: { keysPerSecond: 450, reason, isSlowed: true },
    });
    const shown = (await port.get("/api/v1/operations/op-1")).json() as V1Operation;
    expect(shown.speed).toEqual({ keys_per_second: 900, bytes_per_second: 50, p99_guard_ms: 8 });
    expect(shown.speed_in_force).toEqual({
      keys_per_second: 450,
      bytes_per_second: 50,
      slowed: true,
      reason,
      said: { code: "op.guard-slows", params: { p99: "12.3", bound: "8" } },
    });
  });

  test("what was dropped, given away by force or has ended is done", async () => {
    const operation = await port.startMoves([0, 1, 2]);
    const { migration } = port.leader;
    migration.set({ ...migration.getOperation(operation.id), doneSlotIds: [0] });
    port.setSlot(1, "", 3);
    const shown = (await port.get("/api/v1/operations/op-1")).json() as V1Operation;
    expect(shown.moves.map(({ state }) => state)).toEqual(["done", "done", "pending"]);
    migration.set({ ...migration.getOperation("op-1"), state: "cancelled" });
    const ended = (await port.get("/api/v1/operations/op-1")).json() as V1Operation;
    expect(ended.progress).toMatchObject({ slots_done: 3, slots_pending: 0 });
  });

  test("a slot on its way back after a cancel with roll-back moves", async () => {
    await port.startMoves([0]);
    await port.post("/operations/op-1/cancel", { rollback: true });
    const slots = port.leader
      .topology()
      .slots.map((slot) =>
        slot.id === 0
          ? { ...slot, groupId: 2, action: { index: 1, state: "migrating" as const, targetId: 1 } }
          : slot,
      );
    port.leader.change({ slots });
    const shown = (await port.get("/api/v1/operations/op-1")).json() as V1Operation;
    expect(shown.moves).toMatchObject([{ state: "moving" }]);
  });
});

describe("the list", () => {
  beforeEach(() => {
    const { migration } = port.leader;
    for (let slotId = 0; slotId < 5; slotId++) {
      migration.add([{ slotId, fromGroupId: 1, toGroupId: 2, keys: 1, bytes: 10 }], {
        state: slotId < 3 ? "done" : "waiting",
      });
    }
  });

  async function read(query: string): Promise<readonly unknown[]> {
    const list = (await port.get(`/api/v1/operations${query}`)).json() as V1OperationList;
    return [list.items.map(({ id }) => id).join(" "), list.next];
  }

  test("is newest first, in pages, with counts instead of slots", async () => {
    expect(await read("")).toEqual(["op-5 op-4 op-3 op-2 op-1", null]);
    expect(await read("?limit=2")).toEqual(["op-5 op-4", "op-4"]);
    expect(await read("?limit=2&after=op-4")).toEqual(["op-3 op-2", "op-2"]);
    expect(await read("?limit=2&after=op-2")).toEqual(["op-1", null]);
    for (const open of ["1", "true"]) {
      expect(await read(`?open=${open}`)).toEqual(["op-5 op-4", null]);
    }
    expect(await read("?open=0&limit=1")).toEqual(["op-5", "op-5"]);
    expect(await read("?open=1&limit=1&after=op-5")).toEqual(["op-4", null]);
    const { items } = (await port.get("/api/v1/operations?limit=1")).json() as V1OperationList;
    expect(Object.keys(items[0] ?? {})).not.toContain("moves");
    expect(items[0]?.progress).toMatchObject({ slots_total: 1, slots_pending: 1 });
    for (const query of ["?after=5", "?limit=0", "?open=yes", "?closed=1"]) {
      const answer = await port.get(`/api/v1/operations${query}`);
      expect([query, answer.status, codeOf(answer)]).toEqual([query, 400, "ARGUMENT_INVALID"]);
    }
  });
});

describe("the client", () => {
  test("every method gives its order and tells what is there now", async () => {
    const client = new V1Client({ addr: port.addr });
    const plan = await client.createPlan({ strategy: "drain", drain_group_id: 2 });
    expect(await client.plan(plan.id)).toEqual(plan);
    const { epoch, revision } = plan;
    const operation = await client.startOperation(
      { plan: plan.id, keys_per_second: 9 },
      { epoch, revision },
    );
    expect(operation.moves).toHaveLength(4);
    expect(await client.operation("op-1")).toEqual(operation);
    expect(await client.updateOperation("op-1", { keys_per_second: 0 })).toMatchObject({
      speed: { keys_per_second: 0 },
    });
    expect((await client.pauseOperation("op-1")).state).toBe("paused");
    expect((await client.resumeOperation("op-1")).state).toBe("waiting");
    expect((await client.cancelOperation("op-1")).rollback).toBe(false);
    expect((await client.cancelOperation("op-1", { rollback: true })).rollback).toBe(true);
    port.leader.migration.add([], { state: "done" });
    expect((await client.operations()).map(({ id }) => id)).toEqual(["op-2", "op-1"]);
    expect((await client.operations({ open: true })).map(({ id }) => id)).toEqual(["op-1"]);
  });
});

describe("health", () => {
  async function problems(): Promise<readonly string[]> {
    const { problems: found } = await new V1Client({ addr: port.addr }).health();
    return found
      .filter(({ kind }) => kind === "slot_moving" || kind === "operation_trouble")
      .map((each) => `${each.kind} ${each.is_critical} ${each.subject}: ${each.message}`);
  }

  test("slots of an operation that goes on are no problem, others are", async () => {
    await port.startMoves([0, 1]);
    port.setSlot(0, "migrating");
    expect(await problems()).toEqual([]);
    const { migration } = port.leader;
    migration.set({ ...migration.getOperation("op-1"), state: "done" });
    expect(await problems()).toEqual(["slot_moving false slots 0-1: 2 slots ordered to move"]);
  });

  test("an operation in trouble is a warning with its reason, until it has ended", async () => {
    await port.startMoves([0]);
    const { migration } = port.leader;
    const reason = "the target 10.0.0.2:6379 doesn't answer";
    migration.set({ ...migration.getOperation("op-1"), reason });
    expect(await problems()).toEqual([
      `operation_trouble false operation op-1: it makes no progress: ${reason}`,
    ]);
    const full = "group 2 is out of memory";
    migration.set({
      ...migration.getOperation("op-1"),
      state: "paused",
      isSelfPaused: true,
      reason: full,
    });
    expect(await problems()).toEqual([
      `operation_trouble false operation op-1: it waits until somebody helps: ${full}`,
    ]);
    const shown = (await port.get("/api/v1/operations/op-1")).json();
    expect(shown).toMatchObject({ state: "paused", self_paused: true, reason: full });
    migration.set({ ...migration.getOperation("op-1"), state: "cancelled" });
    port.setSlot(0, "");
    expect(await problems()).toEqual([]);
  });
});
