/** Slot tables: good ones, and one clear line for each kind of bad one. */
import { describe, expect, test } from "bun:test";
import type { CodisError } from "../../../src/base/error.ts";
import { offlineSlot, slotToJson } from "../../../src/model/slot.ts";
import {
  decodeSlotTable,
  describeOfflineSlots,
  parseSlotTable,
} from "../../../src/model/slot-table.ts";
import { catchError } from "../../support/caught-error.ts";

const rules = { source: "slots.json", slotCount: 1024, unknownFields: "refuse" } as const;

function failureOf(text: string): CodisError {
  return catchError(() => parseSlotTable(text, rules));
}

describe("a good table", () => {
  test("is read with all fields, and written back in the form of Codis", () => {
    const json = {
      id: 512,
      locked: true,
      backend_addr: "127.0.0.1:27212",
      backend_addr_group_id: 2,
      migrate_from: "127.0.0.1:27211",
      migrate_from_group_id: 1,
      forward_method: 1,
      replica_groups: [["127.0.0.1:27213"], []],
    };
    const [slot] = parseSlotTable(JSON.stringify([json]), rules);
    expect(slot).toEqual({
      id: 512,
      locked: true,
      backendAddr: "127.0.0.1:27212",
      backendAddrGroupId: 2,
      migrateFrom: "127.0.0.1:27211",
      migrateFromGroupId: 1,
      forwardMethod: 1,
      replicaGroups: [["127.0.0.1:27213"], []],
    });
    const written = slotToJson(slot ?? offlineSlot(0));
    expect(JSON.stringify(written)).toBe(JSON.stringify(json));
  });

  test("may leave out everything but ids, and slots altogether", () => {
    expect(parseSlotTable('[{"id": 3}]', rules)).toEqual([offlineSlot(3)]);
    expect(JSON.stringify(slotToJson(offlineSlot(3)))).toBe('{"id":3}');
    expect(parseSlotTable("[]", rules)).toEqual([]);
    expect(parseSlotTable('[{"id": 3, "replica_groups": null}]', rules)).toEqual([offlineSlot(3)]);
  });

  test("has as many slots as the product", () => {
    const last = (slotCount: number) =>
      parseSlotTable(`[{"id": ${slotCount - 1}}]`, { ...rules, slotCount })[0]?.id;
    expect([1024, 2048, 4096].map(last)).toEqual([1023, 2047, 4095]);
  });

  test("may have unknown fields in a push", () => {
    const push = { ...rules, unknownFields: "ignore" } as const;
    expect(decodeSlotTable([{ id: 1, colour: "red" }], push)).toEqual([offlineSlot(1)]);
  });
});

describe("a bad table", () => {
  test.each([
    ['{"id": 0}', "a slot table must be a JSON array of slots like"],
    ["[7]", 'entry 0: must be an object like {"id": 0, …}, not the number 7'],
    ["[null]", "entry 0: must be an object"],
    ["[{}]", "entry 0: id is missing: expected a whole number from 0 to 1023"],
    ['[{"id": 1024}]', "entry 0: id = 1024: expected a whole number from 0 to 1023"],
    ['[{"id": -1}]', "entry 0: id = -1: expected"],
    ['[{"id": 1.5}]', "entry 0: id = 1.5: expected"],
    ['[{"id": "1"}]', 'entry 0: id = "1": expected'],
    ['[{"id": 1}, {"id": 2}, {"id": 1}]', "entry 2: slot 1 is already in entry 0"],
    ['[{"id": 1, "locked": "yes"}]', 'entry 0 (slot 1): locked = "yes": expected true or false'],
    [
      '[{"id": 1, "backend_addr": "127.0.0.1"}]',
      'entry 0 (slot 1): backend_addr = "127.0.0.1": expected host:port like "127.0.0.1:6379"',
    ],
    ['[{"id": 1, "backend_addr": 6379}]', "entry 0 (slot 1): backend_addr = 6379: expected"],
    ['[{"id": 1, "migrate_from": "x"}]', 'entry 0 (slot 1): migrate_from = "x": expected'],
    [
      '[{"id": 1, "backend_addr": "a:1", "migrate_from": "a:1"}]',
      'entry 0 (slot 1): migrate_from = "a:1": expected another server than backend_addr',
    ],
    [
      '[{"id": 1, "backend_addr_group_id": -2}]',
      "entry 0 (slot 1): backend_addr_group_id = -2: expected a whole number, 1 or more",
    ],
    ['[{"id": 1, "forward_method": 3}]', "entry 0 (slot 1): forward_method = 3: expected 0 (sync)"],
    ['[{"id": 1, "replica_groups": ["a:1"]}]', "entry 0 (slot 1): replica_groups = "],
    ['[{"id": 1, "replica_groups": [["a"]]}]', "expected lists of addresses like"],
    [
      '[{"id": 1, "backend_adr": "a:1"}]',
      'unknown field "backend_adr"; did you mean backend_addr?',
    ],
    ['[{"id": 1, "group_id": 1, "action": {}}]', "this is a slot of a dashboard"],
  ])("%p", (text, message) => {
    const failure = failureOf(text);
    expect(failure.code).toBe("SLOT_TABLE_INVALID");
    expect(failure.message).toStartWith("slots.json: ");
    expect(failure.message).toContain(message);
    expect(failure.message).not.toContain("\n");
  });

  test("that isn't JSON names line and column", () => {
    const failure = failureOf('[\n  {"id": 0},\n  {"id": 1,}\n]');
    expect(failure.code).toBe("SLOT_TABLE_UNREADABLE");
    expect(failure.message).toBe(
      "slots.json: a slot table must be JSON, but it isn't at line 3, column 12: " +
        'expected a field name in double quotes, found "}"',
    );
  });
});

test("describeOfflineSlots names ranges of slots without a server", () => {
  const online = (id: number) => ({ ...offlineSlot(id), backendAddr: "a:1" });
  expect(describeOfflineSlots([], 1024)).toBe("0-1023");
  expect(describeOfflineSlots([online(0), online(2), offlineSlot(3), online(5)], 8)).toBe(
    "1,3-4,6-7",
  );
  expect(describeOfflineSlots([0, 1, 2].map(online), 3)).toBe("");
});
