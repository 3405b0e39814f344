/**
 * Plans over `/api/v1`: what is asked for and answered, and what is refused. Over real HTTP with a leader in memory.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { V1Plan } from "../../../src/api/v1-operation-schema.ts";
import { CodisError } from "../../../src/base/error.ts";
import { ORDERED_AT_MS } from "../../support/fake-migration-control.ts";
import { MovingPort, refusalOf } from "../../support/moving-port.ts";

let port: MovingPort;

beforeEach(async () => {
  port = await new MovingPort().start();
});

afterEach(() => port.close());

describe("plans", () => {
  test("a plan says what would move, and is kept", async () => {
    port.leader.migration.planParts = {
      bigKeys: [
        {
          slotId: 3,
          db: 0,
          name: "big",
          type: "zset",
          bytes: 9_000_000,
          elements: 70_000,
          stallMs: 12.5,
        },
      ],
      refusedSlotIds: [4],
      warnings: ["group 1 is loaded"],
    };
    const request = {
      strategy: "drain",
      drain_group_id: 1,
      max_slots: 2,
      except_group_ids: [],
      big_key: "refuse",
    };
    const answer = await port.post("/plans", request);
    expect(answer.status).toBe(201);
    const move = { from_group_id: 1, to_group_id: 2, keys: 10, bytes: 1000 };
    expect(answer.json()).toEqual({
      id: "p-3-1",
      epoch: 3,
      revision: port.leader.topology().revision,
      created_at: new Date(ORDERED_AT_MS).toISOString(),
      request,
      moves: [
        { slot_id: 0, ...move },
        { slot_id: 1, ...move },
      ],
      groups: [
        {
          group_id: 1,
          slots_before: 10,
          slots_after: 8,
          keys_before: 1000,
          keys_after: 980,
          bytes_before: 100_000,
          bytes_after: 98_000,
        },
        {
          group_id: 2,
          slots_before: 4,
          slots_after: 6,
          keys_before: 1000,
          keys_after: 1020,
          bytes_before: 100_000,
          bytes_after: 102_000,
        },
      ],
      keys: 20,
      bytes: 2000,
      expected_ms: 30,
      exact: true,
      big_keys: [
        {
          slot_id: 3,
          db: 0,
          name: "big",
          type: "zset",
          bytes: 9_000_000,
          elements: 70_000,
          stall_ms: 12.5,
        },
      ],
      big_key: "refuse",
      refused_slot_ids: [4],
      problems: [],
      problems_said: [],
      warnings: ["group 1 is loaded"],
      warnings_said: [null],
    });
    expect((await port.get("/api/v1/plans/p-3-1")).json()).toEqual(answer.json());
    expect(port.leader.topology().slots.every(({ action }) => action.state === "")).toBe(true);
  });

  test("every strategy has its fields", async () => {
    for (const body of [
      { strategy: "slots" },
      { strategy: "memory", max_slots: 5 },
      { strategy: "weight", weights: { "1": 0.5, "2": 3 } },
      { strategy: "drain", drain_group_id: 2 },
      { strategy: "fill", except_group_ids: [1] },
      { strategy: "move", moves: [{ slot_id: 0, group_id: 2 }] },
    ]) {
      const answer = await port.post("/plans", body);
      expect([body, answer.status]).toEqual([body, 201]);
      expect((answer.json() as V1Plan).request).toEqual(body as V1Plan["request"]);
    }
  });

  test("a plan of every slot is one answer", async () => {
    port.leader.change({
      slots: port.leader.topology().slots.map((slot) => ({ ...slot, groupId: 1 })),
    });
    const answer = await port.post("/plans", { strategy: "drain", drain_group_id: 1 });
    expect((answer.json() as V1Plan).moves).toHaveLength(1024);
  });

  test("isn't audited, because it changes nothing", async () => {
    await port.planMoves([0]);
    expect(port.leader.storage.writes).toEqual([]);
  });

  test("what can't be asked is refused with a code", async () => {
    const moves = [{ slot_id: 0, group_id: 2 }];
    for (const [body, status, code, part] of [
      [{ strategy: "best" }, 400, "BODY_INVALID", "body.strategy"],
      [{ strategy: "move", moves: [] }, 400, "BODY_INVALID", "body.moves"],
      [{ strategy: "slots", max_slots: 0 }, 400, "BODY_INVALID", "body.max_slots"],
      [{ strategy: "weight", weights: { one: 1 } }, 400, "BODY_INVALID", "weights"],
      [{ strategy: "weight", weights: { "1": 0 } }, 400, "BODY_INVALID", "weights"],
      [{ strategy: "slots", moves }, 400, "ARGUMENT_INVALID", "moves belongs to"],
      [{ strategy: "drain" }, 400, "ARGUMENT_INVALID", "drain needs the group"],
      [{ strategy: "drain", drain_group_id: 9 }, 404, "NOT_FOUND", "group-[9] doesn't exist"],
      [{ strategy: "weight", weights: { "3": 1 } }, 409, "STATE_CONFLICT", "group-[3] is empty"],
    ] as const) {
      const answer = await port.post("/plans", body);
      expect([body, ...refusalOf(answer)]).toEqual([
        body,
        status,
        code,
        expect.stringContaining(part),
      ]);
    }
    port.leader.failure = new CodisError("TOO_BUSY", "2 plans are being made; try again later");
    const busy = await port.post("/plans", { strategy: "slots" });
    expect(refusalOf(busy)).toEqual([429, "TOO_BUSY", "2 plans are being made; try again later"]);
    expect(busy.headers["retry-after"]).toBe("1");
  });

  test("one that is forgotten, or never was, isn't found", async () => {
    expect(refusalOf(await port.get("/api/v1/plans/p-2-7")).slice(0, 2)).toEqual([
      404,
      "NOT_FOUND",
    ]);
    expect(refusalOf(await port.get("/api/v1/plans/seven")).slice(0, 2)).toEqual([
      400,
      "ARGUMENT_INVALID",
    ]);
  });
});
