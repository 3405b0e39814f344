/**
 * Figures for people that aren't sizes in bytes: large numbers, rates and spans of time, short enough for a line
 * that is drawn again every second. Programs get the numbers themselves.
 */
import { formatBytes } from "./table.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Numbers below this are shown with all their digits. */
const PLAIN_MAX = 10_000;
const UNITS = ["k", "M", "G", "T"] as const;

/** A span of time with its two largest units: `350 ms`, `12 s`, `3m05s`, `2h40m`, `4d06h`. */
export function formatTimeSpan(ms: number): string {
  if (ms < SECOND_MS) {
    return `${Math.round(ms)} ms`;
  }
  const whole = Math.round(ms / SECOND_MS) * SECOND_MS;
  if (whole < MINUTE_MS) {
    return `${whole / SECOND_MS} s`;
  }
  if (whole < HOUR_MS) {
    return twoUnits(whole, [MINUTE_MS, "m"], [SECOND_MS, "s"]);
  }
  return whole < DAY_MS
    ? twoUnits(whole, [HOUR_MS, "h"], [MINUTE_MS, "m"])
    : twoUnits(whole, [DAY_MS, "d"], [HOUR_MS, "h"]);
}

/** A number of keys: `9999`, `12.3k`, `1.25M`. */
export function formatAmount(amount: number): string {
  if (amount < PLAIN_MAX) {
    return String(Math.round(amount));
  }
  let value = amount;
  let unit = "";
  for (const next of UNITS) {
    // What would be rounded to 1000 of a unit is 1 of the next.
    if (value < 999.5) {
      break;
    }
    value /= 1_000;
    unit = next;
  }
  return `${value < 999.5 ? value.toPrecision(3) : Math.round(value)}${unit}`;
}

/** Keys and bytes for each second: `12.3k keys/s, 4.0 MB/s`. */
export function formatSpeed(keysPerSecond: number, bytesPerSecond: number): string {
  return `${formatAmount(keysPerSecond)} keys/s, ${formatBytes(bytesPerSecond)}/s`;
}

type Unit = readonly [ms: number, letter: string];

function twoUnits(ms: number, [largeMs, large]: Unit, [smallMs, small]: Unit): string {
  const count = Math.floor(ms / largeMs);
  const rest = Math.floor((ms % largeMs) / smallMs);
  return `${count}${large}${String(rest).padStart(2, "0")}${small}`;
}
