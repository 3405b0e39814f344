/**
 * Reads decoded replies as what a command is known to answer. RESP2 has few types, so this is all that the
 * control plane needs; anything else gives undefined, and the caller says which command answered so.
 */
import type { RespValue } from "../resp/value.ts";

/** The bytes of a string; undefined for anything else, null included. */
export function bytesOf(value: RespValue | undefined): Buffer | undefined {
  switch (value?.type) {
    case "bulk":
    case "verbatim":
      return value.bytes;
    case "simple":
      return Buffer.from(value.text, "latin1");
    default:
      return undefined;
  }
}

/** A string as UTF-8. */
export function textOf(value: RespValue | undefined): string | undefined {
  return bytesOf(value)?.toString("utf8");
}

/** An integer, or a string that is one; undefined beyond what a number holds exactly. */
export function numberOf(value: RespValue | undefined): number | undefined {
  const text = value?.type === "integer" ? value.value.toString() : textOf(value);
  const number = text !== undefined && /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The elements of an array. */
export function itemsOf(value: RespValue | undefined): readonly RespValue[] | undefined {
  return value?.type === "array" ? value.items : undefined;
}

/** A list of names and values in turn, as RESP2 writes a map. */
export function fieldsOf(value: RespValue | undefined): ReadonlyMap<string, RespValue> | undefined {
  const items = itemsOf(value);
  if (items === undefined || items.length % 2 !== 0) {
    return undefined;
  }
  const fields = new Map<string, RespValue>();
  for (let index = 0; index < items.length; index += 2) {
    const name = textOf(items[index]);
    const item = items[index + 1];
    if (name === undefined || item === undefined) {
      return undefined;
    }
    fields.set(name, item);
  }
  return fields;
}
