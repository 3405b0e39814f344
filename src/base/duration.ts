/**
 * Durations as Go writes them, which is how the configuration files of Codis have them: `30s`, `1h15m`,
 * `1.5h`, `500ms`, `-2m`; a bare number is seconds (a rule of Codis). In the program a duration is a
 * number of milliseconds.
 */

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const BARE_NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;
const WHOLE_PATTERN = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/;
const PART_PATTERN = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g;

/** Milliseconds of a duration, rounded to whole microseconds; undefined for any other text. */
export function parseDurationMs(text: string): number | undefined {
  const trimmed = text.trim();
  if (BARE_NUMBER.test(trimmed)) {
    return roundToUs(Number(trimmed) * 1000);
  }
  if (!WHOLE_PATTERN.test(trimmed)) {
    return undefined;
  }
  let ms = 0;
  for (const [, number, unit] of trimmed.matchAll(PART_PATTERN)) {
    ms += Number(number) * (UNIT_MS[unit ?? ""] ?? 0);
  }
  return roundToUs(trimmed.startsWith("-") ? -ms : ms);
}

function roundToUs(ms: number): number {
  return Math.round(ms * 1000) / 1000 + 0;
}

/**
 * The duration in the largest unit that divides it, as Codis shows it: 75000 is `75s`, 1800000 is
 * `30m`, 0 is `0s`.
 */
export function formatDurationMs(ms: number): string {
  for (const unit of ["h", "m", "s"] as const) {
    const factor = UNIT_MS[unit] ?? 1;
    if (ms % factor === 0 && (ms !== 0 || unit === "s")) {
      return `${ms / factor}${unit}`;
    }
  }
  return Number.isInteger(ms) ? `${ms}ms` : `${Math.round(ms * 1000)}us`;
}
