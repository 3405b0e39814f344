/**
 * Ways to compare two raw replies that needn't be the same bytes. Each gives undefined when they agree, or
 * says in words what is wrong. Errors are always compared byte by byte: no rule forgives a wrong error.
 */
import { decodeReply, isErrorReply, type RespValue } from "../../../src/resp/value.ts";
import type { Argv } from "./grammar.ts";

/** Compares what the proxy answered with what the bare server answered. */
export type Comparison = (ours: Buffer, theirs: Buffer, argv: Argv) => string | undefined;

/** Byte by byte: the rule for everything that no difference is documented for. */
export const isSameBytes: Comparison = (ours, theirs) =>
  ours.equals(theirs) ? undefined : "the replies differ";

/** A reply brought into a form in which equal replies are equal texts. */
type Canonical = (value: RespValue, argv: Argv) => unknown;

/** Equal after `canonical`; the RESP types count. */
export function isSameAs(canonical: Canonical): Comparison {
  return (ours, theirs, argv) => {
    if (ours.equals(theirs)) return undefined;
    if (isErrorReply(ours) || isErrorReply(theirs)) return "an error that the other doesn't give";
    const [left, right] = [decodeReply(ours), decodeReply(theirs)];
    if (left === undefined || right === undefined) return "no RESP reply";
    return textOf(canonical(left, argv)) === textOf(canonical(right, argv))
      ? undefined
      : "the replies differ in more than is allowed";
  };
}

/** Only the type of the reply is the same. */
export const isSameForm: Comparison = isSameAs((value) => value.type);

/** Lists of integers of equal length, none greater than the bare server's. */
export const isAtMost: Comparison = (ours, theirs) => {
  if (ours.equals(theirs)) return undefined;
  const [left, right] = [itemsOf(ours), itemsOf(theirs)];
  if (left === undefined || left.length !== right?.length) return "not two lists of one length";
  const isMore = left.some((item, i) => {
    const other = right[i];
    return item.type !== "integer" || other?.type !== "integer" || item.value > other.value;
  });
  return isMore ? "more than there is" : undefined;
};

/** Elements in any order; the pairs of a map, or of a flat list of pairs, stay pairs. */
export function inAnyOrder(elementsOf: (argv: Argv) => number = () => 1): Comparison {
  return isSameAs((value, argv) => {
    if (value.type === "map") return { map: sorted(value.entries) };
    if (!("items" in value)) return value;
    return { type: value.type, items: sorted(chunks(value.items, elementsOf(argv))) };
  });
}

/** Lists in any order on every level. */
export const inAnyOrderDeep: Comparison = isSameAs(deepSorted);

/** Integers, or a list of them, that may be so far from one another. */
export function within(tolerance: (value: number) => number): Comparison {
  return (ours, theirs) => {
    if (ours.equals(theirs)) return undefined;
    const [left, right] = [decodeReply(ours), decodeReply(theirs)];
    if (left?.type !== "integer" || right?.type !== "integer") return "not two integers";
    const [one, other] = [Number(left.value), Number(right.value)];
    // -1 and -2 have a meaning of their own.
    if (one < 0 || other < 0) return "one of them is a sign, not a figure";
    return Math.abs(one - other) <= tolerance(other) ? undefined : "too far from one another";
  };
}

/** Equal but for the values of these fields, in maps and in flat lists of names and values. */
export function withoutFields(...fields: readonly string[]): Comparison {
  return isSameAs((value) => withoutFieldsOf(value, new Set(fields)));
}

/** Equal but for the times in a reply about streams. */
export const withoutStreamTimes: Comparison = isSameAs((value) =>
  withoutPending(withoutFieldsOf(value, new Set(["idle", "seen-time", "active-time"]))),
);

/** Texts with lines: those that match are the same in both. */
export function sameLines(pattern: RegExp): Comparison {
  const pick = (text: string): readonly string[] => text.match(pattern) ?? [];
  return isSameAs((value) => ("bytes" in value ? pick(value.bytes.toString("latin1")) : value));
}

/** Lists of equal length; where both have a list at a place, its first elements, in any order. */
export function sameHeadsWhereBoth(count: number): Comparison {
  return (ours, theirs) => {
    if (ours.equals(theirs)) return undefined;
    const [left, right] = [itemsOf(ours), itemsOf(theirs)];
    if (left === undefined || right === undefined) return "not two lists";
    if (left.length !== right.length) return "lists of different length";
    const at = left.findIndex((item, i) => {
      const other = right[i];
      if (!("items" in item) || other === undefined || !("items" in other)) return false;
      const heads = [item, other].map(({ items }) => items.slice(0, count).map(deepSorted));
      return textOf(heads[0]) !== textOf(heads[1]);
    });
    return at === -1 ? undefined : `element ${at} differs`;
  };
}

function itemsOf(reply: Buffer): readonly RespValue[] | undefined {
  const value = decodeReply(reply);
  return value !== undefined && "items" in value ? value.items : undefined;
}

/** Strings of the same length that begin alike. */
export function sameLength(headBytes: number): Comparison {
  return isSameAs((value) =>
    value.type === "bulk"
      ? [value.bytes.length, value.bytes.toString("latin1", 0, headBytes)]
      : value,
  );
}

/** A value as a text that is equal for equal values. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === "bigint") return `${item}n`;
    const bytes = bytesOf(item);
    return bytes === undefined ? item : bytes.toString("latin1");
  });
}

/** Buffers come to the replacer of JSON in the form of their own `toJSON`. */
function bytesOf(item: unknown): Buffer | undefined {
  if (typeof item !== "object" || item === null || !("data" in item)) return undefined;
  return Array.isArray(item.data) ? Buffer.from(item.data as number[]) : undefined;
}

/** The values in an order that depends on nothing but them. */
export function sorted<Value>(values: readonly Value[]): readonly Value[] {
  return values
    .map((value) => [textOf(value), value] as const)
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([, value]) => value);
}

/** The items in groups of `size`. */
export function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

function deepSorted(value: RespValue): unknown {
  if (value.type === "map") {
    return { map: sorted(value.entries.map(([key, item]) => [key, deepSorted(item)])) };
  }
  return "items" in value
    ? { type: value.type, items: sorted(value.items.map(deepSorted)) }
    : value;
}

function withoutFieldsOf(value: RespValue, fields: ReadonlySet<string>): RespValue {
  if (value.type === "map") {
    return {
      type: "map",
      entries: value.entries.map(([name, item]) => [
        name,
        fields.has(nameOf(name)) ? MASK : withoutFieldsOf(item, fields),
      ]),
    };
  }
  if (!("items" in value)) return value;
  const items = value.items.map((item, i) => {
    const before = value.items[i - 1];
    return i % 2 === 1 && before !== undefined && fields.has(nameOf(before))
      ? MASK
      : withoutFieldsOf(item, fields);
  });
  return { type: value.type, items };
}

const MASK: RespValue = { type: "simple", text: "(not compared)" };

function nameOf(value: RespValue): string {
  return value.type === "bulk" ? value.bytes.toString("latin1") : "";
}

/** An entry that waits for its XACK: id, consumer (or not), time, number of deliveries. */
function withoutPending(value: RespValue): RespValue {
  if (value.type === "map") {
    return {
      type: "map",
      entries: value.entries.map(([name, item]) => [name, withoutPending(item)]),
    };
  }
  if (!("items" in value)) return value;
  const { items } = value;
  const kinds = items.map((item) => item.type).join(" ");
  if (/^(bulk ){1,2}integer integer$/.test(kinds)) {
    return { type: value.type, items: items.with(-2, MASK) };
  }
  return { type: value.type, items: items.map(withoutPending) };
}
