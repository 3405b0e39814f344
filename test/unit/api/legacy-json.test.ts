/** Groups and slots in the JSON of Codis 2.0. */
import { describe, expect, test } from "bun:test";
import { legacyGroupJson, legacySlotJson } from "../../../src/api/legacy-json.ts";
import type { SlotActionState } from "../../../src/model/action.ts";

test("the first server of a group is the master, the others are slaves", () => {
  expect(legacyGroupJson("shop", 3, ["a:1", "b:1"])).toEqual({
    id: 3,
    product_name: "shop",
    servers: [
      { type: "master", group_id: 3, addr: "a:1" },
      { type: "slave", group_id: 3, addr: "b:1" },
    ],
  });
});

describe("a slot", () => {
  test.each<[number, SlotActionState, number, string, number, number]>([
    [0, "", 0, "offline", -1, -1],
    [1, "", 1, "online", -1, -1],
    [1, "pending", 1, "online", -1, -1],
    [1, "preparing", 1, "pre_migrate", -1, -1],
    [1, "prepared", 2, "pre_migrate", 1, 2],
    [1, "migrating", 2, "migrate", 1, 2],
    [1, "finished", 1, "online", -1, -1],
  ])(
    "of group %d, action %p: group %d, %s, from %d to %d",
    (group, state, shown, status, from, to) => {
      const action = { state, targetId: state === "" ? 0 : 2 };
      expect(legacySlotJson("shop", { id: 9, groupId: group, action })).toEqual({
        product_name: "shop",
        id: 9,
        group_id: shown,
        state: {
          status: status as "online",
          migrate_status: { from, to },
          last_op_ts: "0",
        },
      });
    },
  );
});
