/**
 * Choosing slots: press, toggle, extend, ranges, and where keys bring the cursor in the grid.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  chooseSlots,
  chosenOf,
  clearSlots,
  extendTo,
  moveCursor,
  NO_SELECTION,
  pressSlot,
  stepCursor,
  toggleSlot,
} from "../../../web/src/screens/slots/slot-selection.ts";

const COLUMNS = 32;
const COUNT = 1024;

describe("the choice", () => {
  test("a press chooses one slot only", () => {
    const one = pressSlot(pressSlot(NO_SELECTION, 5), 9);
    expect(chosenOf(one)).toEqual([9]);
    expect(one.cursor).toBe(9);
  });

  test("a toggle keeps the others", () => {
    const two = toggleSlot(pressSlot(NO_SELECTION, 5), 9);
    expect(chosenOf(two)).toEqual([5, 9]);
    expect(chosenOf(toggleSlot(two, 5))).toEqual([9]);
  });

  test("an extension can be made shorter again, and turns round the anchor", () => {
    const pressed = pressSlot(NO_SELECTION, 10);
    expect(chosenOf(extendTo(extendTo(pressed, 14), 12))).toEqual([10, 11, 12]);
    expect(chosenOf(extendTo(extendTo(pressed, 12), 8))).toEqual([8, 9, 10]);
  });

  test("an extension after a toggle adds to what was chosen before", () => {
    const two = toggleSlot(pressSlot(NO_SELECTION, 1), 5);
    expect(chosenOf(extendTo(two, 7))).toEqual([1, 5, 6, 7]);
  });

  test("moving the cursor keeps the choice, and begins a new extension there", () => {
    const moved = moveCursor(pressSlot(NO_SELECTION, 1), 20);
    expect(chosenOf(moved)).toEqual([1]);
    expect(chosenOf(extendTo(moved, 21))).toEqual([1, 20, 21]);
  });

  test("ranges replace it, clearing ends it, the cursor is where something is", () => {
    const typed = chooseSlots(pressSlot(NO_SELECTION, 1), [100, 101]);
    expect(chosenOf(typed)).toEqual([100, 101]);
    expect(typed.cursor).toBe(100);
    expect(chosenOf(clearSlots(typed))).toEqual([]);
    expect(clearSlots(typed).cursor).toBe(100);
    expect(chooseSlots(typed, []).cursor).toBe(100);
  });
});

describe("the cursor", () => {
  const step = (from: number, key: string, isFar = false): number | undefined =>
    stepCursor(from, { key, isFar }, COLUMNS, COUNT);

  test("goes by the grid pattern", () => {
    expect(step(0, "ArrowRight")).toBe(1);
    expect(step(31, "ArrowRight")).toBe(32);
    expect(step(33, "ArrowUp")).toBe(1);
    expect(step(33, "ArrowDown")).toBe(65);
    expect(step(40, "Home")).toBe(32);
    expect(step(40, "End")).toBe(63);
    expect(step(40, "Home", true)).toBe(0);
    expect(step(40, "End", true)).toBe(1023);
    expect(step(40, "PageDown")).toBe(40 + 8 * 32);
    expect(step(1000, "PageDown")).toBe(1000);
    expect(step(40, "PageUp")).toBe(8);
    expect(step(40, "a")).toBeUndefined();
  });

  test("never leaves the grid, whatever keys come", () => {
    const keys = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];
    const pages = ["PageUp", "PageDown"];
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: COUNT - 1 }),
        fc.array(fc.constantFrom(...keys, ...pages), { maxLength: 30 }),
        (start, pressed) => {
          const end = pressed.reduce((at, key) => step(at, key) ?? at, start);
          expect(end).toBeGreaterThanOrEqual(0);
          expect(end).toBeLessThan(COUNT);
        },
      ),
    );
  });
});
