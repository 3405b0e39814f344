/**
 * An operation and a plan as `/api/v1` shows them, for tests of what command lines make of them: half done, at a
 * steady rate, without trouble.
 */
import type { V1Operation, V1Plan } from "../../src/api/v1-operation-schema.ts";

/** 64 of 128 slots from group 1 to group 2. */
export function sampleOperation(
  parts: Partial<V1Operation> = {},
  progress: Partial<V1Operation["progress"]> = {},
): V1Operation {
  return {
    id: "op-3",
    origin: "plan",
    strategy: "slots",
    plan_id: "p-1-2",
    state: "running",
    reason: null,
    reason_code: null,
    self_paused: false,
    big_key: "move",
    rollback: false,
    speed: { keys_per_second: 0, bytes_per_second: 0, p99_guard_ms: 0 },
    speed_in_force: { keys_per_second: 0, bytes_per_second: 0, slowed: false, reason: null },
    created_at: "2026-11-27T10:00:00.000Z",
    started_at: "2026-11-27T10:00:01.000Z",
    ended_at: null,
    progress: {
      slots_total: 128,
      slots_pending: 56,
      slots_moving: 8,
      slots_done: 64,
      keys_moved: 600_000,
      keys_on_access: 0,
      bytes_moved: 40 * 2 ** 20,
      keys_total: 1_200_000,
      bytes_total: 80 * 2 ** 20,
      keys_per_second: 7_500,
      bytes_per_second: 512 * 2 ** 10,
      eta_ms: 80_000,
      longest_stall_ms: 4,
      longest_hold_ms: 12,
      retries: 0,
      stale_keys: 0,
      ...progress,
    },
    moves: [
      { slot_id: 7, from_group_id: 1, to_group_id: 2, keys: 10, bytes: 1_000, state: "moving" },
    ],
    events: [{ at: "2026-11-27T10:00:01.000Z", text: "runs" }],
    ...parts,
  };
}

/** Three slots of group 1 and an offline one go to group 2. */
export function samplePlan(parts: Partial<V1Plan> = {}): V1Plan {
  const move = (id: number, from: number) => ({
    slot_id: id,
    from_group_id: from,
    to_group_id: 2,
    keys: from === 0 ? 0 : 10,
    bytes: from === 0 ? 0 : 1_000,
  });
  return {
    id: "p-1-2",
    epoch: 1,
    revision: 7,
    created_at: "2026-11-27T10:00:00.000Z",
    request: { strategy: "slots" },
    moves: [move(5, 1), move(1023, 0), move(6, 1), move(9, 1)],
    groups: [
      {
        group_id: 1,
        slots_before: 10,
        slots_after: 7,
        keys_before: 100,
        keys_after: 70,
        bytes_before: 10_240,
        bytes_after: 7_240,
      },
      {
        group_id: 2,
        slots_before: 2,
        slots_after: 6,
        keys_before: 20_000,
        keys_after: 20_030,
        bytes_before: 1_024,
        bytes_after: 4_024,
      },
    ],
    keys: 30,
    bytes: 3_000,
    expected_ms: 1_500,
    exact: true,
    big_keys: [],
    big_key: "move",
    refused_slot_ids: [],
    problems: [],
    warnings: [],
    ...parts,
  };
}
