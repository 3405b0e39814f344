/**
 * The slot map of the console: unpacking of the live document, what changed, ranges, counts, texts of slots, and the
 * slot of a key, against the proxy's own code.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatRanges } from "../../../src/model/slot-range.ts";
import { lookClasses, lookOf } from "../../../web/src/screens/slots/group-look.ts";
import { placeOf } from "../../../web/src/screens/slots/slot-key.ts";
import {
  changedSlots,
  countOwners,
  countStates,
  NO_SLOTS,
  packSlots,
  runsOf,
  type SlotMap,
  slotsWhere,
  stateOf,
  unpackSlots,
} from "../../../web/src/screens/slots/slot-map.ts";
import {
  assignCommand,
  assignRequest,
  moveCommand,
  moveRequest,
} from "../../../web/src/screens/slots/slot-order.ts";
import { readSlots, writeFewSlots } from "../../../web/src/screens/slots/slot-text.ts";
import { slotOfText } from "../../support/slot-of-text.ts";

function mapOf(owners: readonly number[], states: readonly number[]): SlotMap {
  return {
    count: owners.length,
    owners: Uint16Array.from(owners),
    targets: Uint16Array.from(owners, () => 0),
    states: Uint8Array.from(states),
  };
}

describe("the packed map", () => {
  test("is little-endian, and comes back as it was", () => {
    const map = mapOf([1, 258, 9999, 0], [1, 1, 5, 0]);
    const packed = packSlots(map);
    expect(packed.owners).toBe(btoa("\x01\x00\x02\x01\x0f\x27\x00\x00"));
    expect(unpackSlots(packed)).toEqual(map);
  });

  test("any map comes back", () => {
    const slot = fc.record({
      owner: fc.integer({ min: 0, max: 9999 }),
      target: fc.integer({ min: 0, max: 9999 }),
      state: fc.integer({ min: 0, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(slot, { minLength: 1, maxLength: 64 }), (slots) => {
        const map: SlotMap = {
          count: slots.length,
          owners: Uint16Array.from(slots, (one) => one.owner),
          targets: Uint16Array.from(slots, (one) => one.target),
          states: Uint8Array.from(slots, (one) => one.state),
        };
        expect(unpackSlots(packSlots(map))).toEqual(map);
      }),
    );
  });

  test("what doesn't fit together is no map", () => {
    const good = packSlots(mapOf([1, 2], [1, 1]));
    expect(unpackSlots(undefined)).toBe(NO_SLOTS);
    expect(unpackSlots({ ...good, states: "%%%" })).toBe(NO_SLOTS);
    expect(unpackSlots({ ...good, owners: btoa("\x01\x00") })).toBe(NO_SLOTS);
  });
});

describe("the map", () => {
  const map = mapOf([1, 1, 2, 0, 2], [1, 1, 5, 0, 1]);

  test("tells states in words", () => {
    expect([0, 2, 3, 99].map((id) => stateOf(map, id))).toEqual([
      "online",
      "migrating",
      "offline",
      "offline",
    ]);
  });

  test("tells which slots changed", () => {
    const later: SlotMap = {
      ...map,
      owners: Uint16Array.from([1, 1, 2, 0, 3]),
      targets: Uint16Array.from([0, 0, 3, 0, 0]),
    };
    expect(changedSlots(map, map)).toEqual([]);
    expect(changedSlots(map, later)).toEqual([2, 4]);
    expect(changedSlots(NO_SLOTS, map)).toEqual([0, 1, 2, 3, 4]);
  });

  test("counts owners, offline last, and states", () => {
    expect(countOwners(map)).toEqual([
      { groupId: 1, slots: 2 },
      { groupId: 2, slots: 2 },
      { groupId: 0, slots: 1 },
    ]);
    expect(
      countStates(map)
        .filter(({ slots }) => slots > 0)
        .map(({ state, slots }) => `${state} ${slots}`),
    ).toEqual(["offline 1", "online 3", "migrating 1"]);
  });

  test("is a list of runs, too", () => {
    expect(runsOf(map).map(({ from, to, state }) => `${from}-${to} ${state}`)).toEqual([
      "0-1 online",
      "2-2 migrating",
      "3-3 offline",
      "4-4 online",
    ]);
    expect(runsOf(NO_SLOTS)).toEqual([]);
  });

  test("finds slots by owner and state", () => {
    expect(slotsWhere(map, (owner) => owner === 2)).toEqual([2, 4]);
    expect(slotsWhere(map, (_, state) => state === "offline")).toEqual([3]);
  });
});

describe("slots as text", () => {
  test("are read with all kinds of separators", () => {
    expect(readSlots(" 0-2,512，7 5..6 ", 1024)).toEqual({
      kind: "slots",
      ids: [0, 1, 2, 5, 6, 7, 512],
    });
    expect(readSlots("ALL", 4)).toEqual({ kind: "slots", ids: [0, 1, 2, 3] });
    expect(readSlots("  ,", 1024)).toEqual({ kind: "empty" });
  });

  test("what can't be read is named", () => {
    expect(readSlots("1,x-2", 1024)).toEqual({ kind: "unreadable", part: "x-2" });
    expect(readSlots("-1", 1024)).toEqual({ kind: "unreadable", part: "-1" });
    expect(readSlots("1000-1024", 1024)).toEqual({ kind: "beyond", part: "1000-1024" });
    expect(readSlots("9-3", 1024)).toEqual({ kind: "backwards", part: "9-3" });
  });

  test("what was written is read again", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 1023 }), { minLength: 1, maxLength: 100 }),
        (slots) => {
          const ids = slots.toSorted((one, other) => one - other);
          expect(readSlots(formatRanges(ids), 1024)).toEqual({ kind: "slots", ids });
        },
      ),
    );
  });

  test("long lists are cut", () => {
    expect(writeFewSlots([1, 2, 3, 7, 9], 2)).toBe("1-3,7,…");
    expect(writeFewSlots([1, 2, 3, 7], 2)).toBe("1-3,7");
  });
});

describe("where a key is", () => {
  test("the tag decides, an empty one too", () => {
    expect(placeOf("user:{42}:name", 1024)).toEqual({
      hashed: "42",
      hasTag: true,
      slotId: slotOfText("42"),
    });
    expect(placeOf("{}a", 1024)).toEqual({ hashed: "", hasTag: true, slotId: 0 });
    expect(placeOf("a}b{c", 1024)).toMatchObject({ hashed: "a}b{c", hasTag: false });
  });

  test("any key is where its hashed part alone is, as the proxy says", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "{", "}", "键", "é", "0") });
    fc.assert(
      fc.property(text, (key) => {
        const { hashed, slotId } = placeOf(key, 1024);
        expect(slotId).toBe(slotOfText(hashed));
      }),
    );
  });
});

describe("orders", () => {
  const ids = [0, 1, 2, 512];

  test("a move is a plan", () => {
    expect(moveRequest([7], 2, "last")).toEqual({
      strategy: "move",
      moves: [{ slot_id: 7, group_id: 2 }],
      big_key: "last",
    });
    expect(moveCommand(ids, 2, "")).toBe("codis slot migrate 0-2,512 --to 2");
    expect(moveCommand(ids, 2, "refuse")).toEndWith("--to 2 --big-key refuse");
  });

  test("an assignment is in ranges", () => {
    expect(assignRequest(ids, 3, true)).toEqual({
      assignments: [
        { from: 0, to: 2, group_id: 3 },
        { from: 512, to: 512, group_id: 3 },
      ],
      dry_run: true,
    });
    expect(assignRequest([1], 0, false)).toEqual({
      assignments: [{ from: 1, to: 1, group_id: 0 }],
    });
    expect(assignCommand(ids, 3)).toBe("codis slot assign 0-2,512 3");
    expect(assignCommand(ids, 0)).toBe("codis slot offline 0-2,512");
  });
});

test("no two of forty-eight groups look the same", () => {
  const looks = Array.from({ length: 48 }, (_, index) => lookClasses(index + 1));
  expect(new Set(looks).size).toBe(48);
  expect(lookOf(0)).toEqual({ hue: 0, texture: 0 });
});
