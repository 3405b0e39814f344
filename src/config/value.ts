/**
 * One value of the configuration: from what TOML or a flag gave to what the program uses, and back to
 * what people read. Knows kinds, bounds and choices from the table of keys, and no key by name.
 *
 * Durations are kept in milliseconds and sizes in bytes from here on.
 */
import { formatByteSize, parseByteSize } from "../base/byte-size.ts";
import { formatDurationMs, parseDurationMs } from "../base/duration.ts";
import type { KeySpec } from "./key-spec.ts";

/** A checked value, or the sentence that says what would be right. */
export type Checked =
  | { readonly ok: true; readonly value: string | number | boolean }
  | { readonly ok: false; readonly expected: string };

/** Largest size and longest duration (100 years) that make sense, and stay exact as numbers. */
const BYTES_MAX = 2 ** 50;
const MS_MAX = 100 * 365 * 86_400_000;

/** Checks one value against its key. */
export function checkValue(spec: KeySpec, raw: unknown): Checked {
  const parsed = parseKind(spec, raw);
  if (parsed === undefined) {
    return { ok: false, expected: expectation(spec) };
  }
  if (spec.choices !== undefined) {
    const isChoice = spec.choices.some((choice) => choice === parsed);
    return isChoice ? { ok: true, value: parsed } : { ok: false, expected: expectation(spec) };
  }
  if (typeof parsed !== "number") {
    return { ok: true, value: parsed };
  }
  const [min, max] = boundsOf(spec);
  if (parsed < min || parsed > max) {
    return { ok: false, expected: expectation(spec) };
  }
  return { ok: true, value: Math.max(parsed, spec.floor ?? parsed) };
}

/** What the key accepts, as the end of a sentence that begins with "expected". */
export function expectation(spec: KeySpec): string {
  if (spec.choices !== undefined) {
    return spec.choices
      .map((choice) => (spec.kind === "string" ? JSON.stringify(choice) : String(choice)))
      .join(", ")
      .replace(/, ([^,]*)$/, " or $1");
  }
  const [min, max] = boundsOf(spec);
  switch (spec.kind) {
    case "string":
      return 'text in quotes like "…"';
    case "bool":
      return "true or false";
    case "int":
      return `a whole number from ${min} to ${max}`;
    case "size":
      return `a size like "${spec.fallback}", from ${formatByteSize(min)} to ${formatByteSize(max)}`;
    case "duration":
      return `a duration like "${spec.fallback}", ${min > 0 ? "longer than 0" : "0 or longer"}`;
  }
}

/** A value of the configuration as one would write it, sizes and durations with units, logins without password. */
export function showValue(
  spec: KeySpec,
  value: string | number | boolean,
): string | number | boolean {
  if (spec.isLogin === true && typeof value === "string") {
    return value.replace(/^([^:]*):.*$/s, "$1:(hidden)");
  }
  if (typeof value === "number") {
    if (spec.kind === "size") {
      return formatByteSize(value);
    }
    if (spec.kind === "duration") {
      return formatDurationMs(value);
    }
  }
  return value;
}

function boundsOf(spec: KeySpec): readonly [min: number, max: number] {
  const kindMax =
    spec.kind === "size" ? BYTES_MAX : spec.kind === "duration" ? MS_MAX : Number.MAX_SAFE_INTEGER;
  return [spec.min ?? 0, spec.max ?? kindMax];
}

function parseKind(spec: KeySpec, raw: unknown): string | number | boolean | undefined {
  switch (spec.kind) {
    case "string":
      return typeof raw === "string" ? raw : undefined;
    case "bool":
      return typeof raw === "boolean" ? raw : undefined;
    case "int":
      return typeof raw === "number" && Number.isSafeInteger(raw) ? raw : undefined;
    case "size":
      return parseUnit(raw, parseByteSize);
    case "duration":
      return parseUnit(raw, parseDurationMs);
  }
}

function parseUnit(raw: unknown, parse: (text: string) => number | undefined): number | undefined {
  // A bare number in TOML means what it means in quotes: bytes, or seconds.
  return typeof raw === "string" || typeof raw === "number" ? parse(String(raw)) : undefined;
}
