/**
 * Numbers, sizes, durations and times as people read them, in the language and time zone of the user.
 * Null and undefined mean that nobody knows, and are drawn as a dash.
 */
import { signal } from "@preact/signals";
import { shownLanguage, t } from "./text.ts";

/** A figure that may be unknown. */
export type Figure = number | null | undefined;

/** What is drawn for an unknown figure. */
export const UNKNOWN = "–";

/** IANA name, such as `Asia/Shanghai`; empty: that of the browser. */
export const timeZone = signal("");

/** How large numbers are written: `12.3 k`, or `12,345`. */
export const NUMBER_FORMS = ["short", "full"] as const;
/** One of `NUMBER_FORMS`. */
export const numberForm = signal<(typeof NUMBER_FORMS)[number]>("short");

/** Bytes in a larger unit: 1024 in `KiB`, 1000 in `kB`. */
export const BYTE_UNITS = ["1024", "1000"] as const;
/** One of `BYTE_UNITS`. */
export const byteUnit = signal<(typeof BYTE_UNITS)[number]>("1024");

const LOCALE = { en: "en-GB", zh: "zh-CN" } as const;
const numbers = new Map<string, Intl.NumberFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

function numberFormat(digits: number): Intl.NumberFormat {
  const shown = shownLanguage();
  const key = `${shown}${digits}`;
  let made = numbers.get(key);
  if (made === undefined) {
    made = new Intl.NumberFormat(LOCALE[shown], { maximumFractionDigits: digits });
    numbers.set(key, made);
  }
  return made;
}

function isKnown(figure: Figure): figure is number {
  return typeof figure === "number" && Number.isFinite(figure);
}

/** Whole numbers with separators: `12,345`. */
export function formatCount(count: Figure): string {
  return isKnown(count) ? numberFormat(0).format(count) : UNKNOWN;
}

/** Short form of large numbers: `12.3 k`, `4.5 M`; in full when the user wants that. Reads signals. */
export function formatShort(figure: Figure): string {
  if (!isKnown(figure)) {
    return UNKNOWN;
  }
  if (numberForm.value === "full") {
    return numberFormat(digitsOf(figure)).format(figure);
  }
  const [value, unit] = scale(figure, 1000, ["", "k", "M", "G", "T"]);
  return unit === "" ? numberFormat(digitsOf(value)).format(value) : `${three(value)} ${unit}`;
}

/** Small figures keep a digit that counts: a failure in a minute isn't none. */
function digitsOf(value: number): number {
  const size = Math.abs(value);
  return size >= 10 ? 0 : size >= 1 ? 1 : size >= 0.1 ? 2 : 3;
}

const SIZES = {
  "1024": ["B", "KiB", "MiB", "GiB", "TiB", "PiB"],
  "1000": ["B", "kB", "MB", "GB", "TB", "PB"],
} as const;

/** Sizes by powers of 1024, or of 1000 when the user wants that: `1.50 GiB`, `1.61 GB`. Reads signals. */
export function formatBytes(bytes: Figure): string {
  if (!isKnown(bytes)) {
    return UNKNOWN;
  }
  const step = byteUnit.value;
  const [value, unit] = scale(bytes, Number(step), SIZES[step]);
  return unit === "B" ? `${numberFormat(0).format(value)} B` : `${three(value)} ${unit}`;
}

/** Something per second: `12.3 k/s`. */
export function formatRate(perSecond: Figure): string {
  return isKnown(perSecond) ? t("unit.perSecond", { what: formatShort(perSecond) }) : UNKNOWN;
}

/** Bytes per second: `1.50 MiB/s`. */
export function formatByteRate(perSecond: Figure): string {
  return isKnown(perSecond) ? t("unit.perSecond", { what: formatBytes(perSecond) }) : UNKNOWN;
}

/** A share between 0 and 1: `62 %`, with one digit below 10 %. */
export function formatPercent(share: Figure): string {
  if (!isKnown(share)) {
    return UNKNOWN;
  }
  const percent = share * 100;
  const digits = percent !== 0 && Math.abs(percent) < 10 ? 1 : 0;
  return `${numberFormat(digits).format(percent)} %`;
}

/** A share between 0 and 1 among others that make up the whole: always with one digit, so that they add up. */
export function formatShare(share: Figure): string {
  return isKnown(share) ? `${numberFormat(1).format(share * 100)} %` : UNKNOWN;
}

/** A duration in milliseconds, two units at most: `850 µs`, `12 ms`, `1.5 s`, `3 min 20 s`; `3 分钟 20 秒`. */
export function formatDuration(ms: Figure): string {
  if (!isKnown(ms)) {
    return UNKNOWN;
  }
  if (ms < 0) {
    return `-${formatDuration(-ms)}`;
  }
  if (ms > 0 && ms < 1) {
    return `${numberFormat(0).format(ms * 1000)} ${t("unit.us")}`;
  }
  if (ms < 1000) {
    return `${numberFormat(ms < 10 ? 1 : 0).format(ms)} ${t("unit.ms")}`;
  }
  return ms < 60_000
    ? `${numberFormat(ms < 10_000 ? 1 : 0).format(ms / 1000)} ${t("unit.s")}`
    : long(ms);
}

const UNITS = [
  ["unit.d", 86_400_000],
  ["unit.h", 3_600_000],
  ["unit.min", 60_000],
  ["unit.s", 1000],
] as const;

function long(ms: number): string {
  const first = UNITS.findIndex(([, size]) => ms >= size);
  const parts: string[] = [];
  let left = Math.floor(ms / 1000) * 1000;
  for (const [unit, size] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) {
      parts.push(`${count} ${t(unit)}`);
    }
  }
  return parts.join(" ");
}

/** A moment: RFC 3339 text, or milliseconds since 1970. `2026-11-27 15:04:05`, in the user's time zone. */
export function formatTime(at: string | number | null | undefined): string {
  const ms = momentOf(at);
  return ms === undefined ? UNKNOWN : dateFormat().format(ms).replace(",", "");
}

/** How long ago a moment was, in full seconds: `12 s`. */
export function formatAge(at: string | number | null | undefined, now = Date.now()): string {
  const ms = momentOf(at);
  if (ms === undefined) {
    return UNKNOWN;
  }
  const seconds = Math.max(0, Math.floor((now - ms) / 1000));
  return seconds === 0 ? `0 ${t("unit.s")}` : formatDuration(seconds * 1000);
}

/** Milliseconds since 1970; undefined when it isn't a moment. */
export function momentOf(at: string | number | null | undefined): number | undefined {
  const ms = typeof at === "string" ? Date.parse(at) : at;
  return typeof ms === "number" && Number.isFinite(ms) ? ms : undefined;
}

function dateFormat(): Intl.DateTimeFormat {
  const zone = timeZone.value;
  let made = dates.get(zone);
  if (made === undefined) {
    // Swedish writes dates as ISO 8601 does; figures are the same in both of our languages.
    made = new Intl.DateTimeFormat("sv-SE", {
      dateStyle: "short",
      timeStyle: "medium",
      ...(zone === "" ? {} : { timeZone: zone }),
    });
    dates.set(zone, made);
  }
  return made;
}

function scale(figure: number, step: number, units: readonly string[]): readonly [number, string] {
  let value = Math.abs(figure);
  let index = 0;
  while (value >= step && index < units.length - 1) {
    value /= step;
    index += 1;
  }
  return [figure < 0 ? -value : value, units[index] ?? ""];
}

/** Three digits that count. */
function three(value: number): string {
  const size = Math.abs(value);
  return numberFormat(size >= 100 ? 0 : size >= 10 ? 1 : 2).format(value);
}
