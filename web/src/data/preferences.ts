/**
 * What each user chooses for themselves, kept in the browser: theme, language, time zone, density, how
 * figures are written, the range of charts, and whether single keys are shortcuts. A browser that keeps nothing works
 * with the defaults.
 */
import { effect, type Signal, signal } from "@preact/signals";
import type { PerformanceRange } from "../../../src/api/v1-live-schema.ts";
import { BYTE_UNITS, byteUnit, NUMBER_FORMS, numberForm, timeZone } from "../i18n/format.ts";
import { loadSaid } from "../i18n/said.ts";
import { type Language, language, shownLanguage } from "../i18n/text.ts";
import { loadTexts } from "../i18n/texts.ts";
import { readKept, writeKept } from "./kept.ts";

/** `auto`: as the system is set. */
export const THEMES = ["auto", "light", "dark", "contrast"] as const;
/** One of `THEMES`. */
export type Theme = (typeof THEMES)[number];

/** Room between lines of tables. */
export const DENSITIES = ["roomy", "dense"] as const;
/** One of `DENSITIES`. */
export type Density = (typeof DENSITIES)[number];

/** How far charts go back. */
export const CHART_RANGES = [
  "5m",
  "1h",
  "6h",
  "24h",
  "7d",
] as const satisfies readonly PerformanceRange[];

/** The colours. */
export const theme = signal<Theme>("auto");
/** See `DENSITIES`. */
export const density = signal<Density>("roomy");
/** What charts show when their address says nothing. */
export const chartRange = signal<PerformanceRange>("1h");
/** Whether keys without Ctrl or Cmd do something (WCAG 2.1.4). */
export const hasShortcuts = signal(true);

/** Reads what is kept, shows it, and keeps every change from now on. Called once at the start. */
export function startPreferences(): void {
  language.value = firstLanguage();
  keep("theme", theme, (text) => THEMES.find((each) => each === text));
  keep("density", density, (text) => DENSITIES.find((each) => each === text));
  keep("shortcuts", hasShortcuts, (text) => (text === "" ? undefined : text === "true"));
  keep("language", language, (text) => (text === "en" || text === "zh" ? text : undefined));
  keep("zone", timeZone, (text) => (isTimeZone(text) ? text : undefined));
  keep("range", chartRange, (text) => CHART_RANGES.find((each) => each === text));
  keep("numbers", numberForm, (text) => NUMBER_FORMS.find((each) => each === text));
  keep("bytes", byteUnit, (text) => BYTE_UNITS.find((each) => each === text));
  const root = document.documentElement;
  effect(() => {
    // When it can't be read the other language stays; the next choice tries again.
    loadTexts(language.value).catch(() => undefined);
    loadSaid(language.value).catch(() => undefined);
  });
  effect(() => {
    root.dataset["theme"] = theme.value;
    root.dataset["density"] = density.value;
    root.lang = shownLanguage() === "zh" ? "zh-CN" : "en";
  });
}

/** Whether the browser knows the time zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return name !== "";
  } catch {
    return false; // A RangeError is how Intl says no.
  }
}

function firstLanguage(): Language {
  const wanted = navigator.languages.find((each) => /^(en|zh)\b/i.test(each)) ?? "en";
  return wanted.toLowerCase().startsWith("zh") ? "zh" : "en";
}

function keep<T extends string | boolean>(
  name: string,
  held: Signal<T>,
  parse: (text: string) => T | undefined,
): void {
  const kept = parse(readKept(name));
  if (kept !== undefined) {
    held.value = kept;
  }
  let isFirst = true;
  effect(() => {
    const text = String(held.value);
    if (!isFirst) {
      writeKept(name, text);
    }
    isFirst = false;
  });
}
