/**
 * Arguments of the everyday command lines: numbers, addresses and ranges of slots, each refused with one
 * line that says what would be right.
 */
import { CodisError } from "../../base/error.ts";
import { parseServerAddr } from "../../model/address.ts";
import { GROUP_ID_MAX, GROUP_ID_MIN } from "../../model/group.ts";
import { SLOT_COUNTS } from "../../model/slot.ts";

/** Slots in a row, both ends included. */
export interface SlotSpan {
  readonly from: number;
  readonly to: number;
}

const SLOT_ID_MAX = Math.max(...SLOT_COUNTS) - 1;

/** The argument at this place. Throws when it isn't there, which the library has checked. */
export function argumentAt(args: readonly string[], index: number): string {
  const text = args[index];
  if (text === undefined) {
    throw new CodisError("USAGE", "an argument is missing");
  }
  return text;
}

/** Id of a group; `group-3` and `3` both mean 3. */
export function readGroupId(text: string): number {
  return readNumber(text.replace(/^group-/, ""), "group", GROUP_ID_MIN, GROUP_ID_MAX);
}

/** Id of a slot. The dashboard knows how many there are. */
export function readSlotId(text: string): number {
  return readNumber(text, "slot", 0, SLOT_ID_MAX);
}

/** `0-511` or `7`, several with commas. */
export function readSpans(text: string): readonly SlotSpan[] {
  return text.split(",").map((part) => {
    const [first = "", last = first, ...more] = part.split("-");
    if (more.length > 0 || ![first, last].every((id) => /^\d+$/.test(id))) {
      throw new CodisError("USAGE", `invalid slots ${text}: expected a form like 0-511,600`);
    }
    const from = readSlotId(first);
    const to = readSlotId(last);
    if (from > to) {
      throw new CodisError("USAGE", `invalid slots ${part}: the first is after the last`);
    }
    return { from, to };
  });
}

/** `host:port`. */
export function readAddr(text: string, what: string): string {
  if (parseServerAddr(text) === undefined) {
    throw new CodisError("USAGE", `invalid ${what} ${text}: expected host:port`);
  }
  return text;
}

/** What `readSwitch` takes. */
export const SWITCH = ["on", "off"] as const;

/** `on` or `off`. */
export function readSwitch(text: string): boolean {
  if (text !== "on" && text !== "off") {
    throw new CodisError("USAGE", `invalid value ${text}: expected on or off`);
  }
  return text === "on";
}

/** A whole number. */
export function readNumber(text: string, what: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < min || value > max) {
    throw new CodisError(
      "USAGE",
      `invalid ${what} ${text}: expected a whole number from ${min} to ${max}`,
    );
  }
  return value;
}
