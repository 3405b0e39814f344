/**
 * Summaries of a few repeated measurements: median with its range, and ratios that are taken round by
 * round before the median, so that a slow minute of the machine touches both sides of a ratio alike.
 */

/** Median of the rounds, and how far the rounds were apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Middle value; the mean of the two in the middle for an even count. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** The values below and above which a quarter of all is, each the nearest of them. NaN for none. */
export function quartiles(values: readonly number[]): readonly [lower: number, upper: number] {
  const sorted = [...values].sort((a, b) => a - b);
  const place = Math.floor((sorted.length - 1) / 4);
  return [sorted.at(place) ?? Number.NaN, sorted.at(-1 - place) ?? Number.NaN];
}

/** Undefined for no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  return values.length === 0
    ? undefined
    : { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Combines two series by round, leaving out rounds that one of them lacks. */
export function byRound(
  ours: ReadonlyMap<number, number>,
  theirs: ReadonlyMap<number, number>,
  combine: (ours: number, theirs: number) => number,
): readonly number[] {
  const combined: number[] = [];
  for (const [round, value] of ours) {
    const other = theirs.get(round);
    if (other !== undefined) {
      combined.push(combine(value, other));
    }
  }
  return combined;
}
