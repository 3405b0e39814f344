/**
 * The period before what the charts show: as long, ended where this one begins. Both are asked for with the same step,
 * so that a point stands for as many seconds in both: percentiles of other lengths say other things. Pure.
 */
import type {
  PerformanceRange,
  PerformanceSplit,
  PerformanceStep,
  V1Performance,
} from "../../../../src/api/v1-live-schema.ts";
import { askedRange, askPaths, type Choice, type Lines, RANGES } from "./chart-plan.ts";

/** Seconds for which the server keeps points of each step; a test compares them with the server's. */
export const KEPT_SECONDS = [
  { step: 1, seconds: 600 },
  { step: 10, seconds: 21_600 },
  { step: 60, seconds: 604_800 },
  { step: 600, seconds: 604_800 },
] as const satisfies readonly { readonly step: PerformanceStep; readonly seconds: number }[];
/** Figures by command have so many of `KEPT_SECONDS`. */
const KEPT_BY_COMMAND = 2;
/** The finest step of each range, as the server has it. */
const FINEST: Readonly<Record<PerformanceRange, PerformanceStep>> = {
  "5m": 1,
  "1h": 10,
  "6h": 10,
  "24h": 60,
  "7d": 600,
};
/** Clocks differ, and time goes on between two questions. */
const SPARE_SECONDS = 60;

/** The finest step that is kept for both periods; undefined: the period before isn't kept. */
export function comparedStep(choice: Choice, nowMs: number): PerformanceStep | undefined {
  const range = askedRange(choice);
  const { zoom } = choice;
  const length = zoom === undefined ? RANGES[range] : zoom.to - zoom.from;
  const ago = zoom === undefined ? 0 : Math.max(0, Math.floor(nowMs / 1000) - zoom.to);
  const needed = Math.max(RANGES[range], ago + 2 * length + SPARE_SECONDS);
  return tiersOf(choice.by).find(({ step, seconds }) => step >= FINEST[range] && seconds >= needed)
    ?.step;
}

function tiersOf(by: PerformanceSplit): readonly (typeof KEPT_SECONDS)[number][] {
  return by === "command" ? KEPT_SECONDS.slice(0, KEPT_BY_COMMAND) : KEPT_SECONDS;
}

/** The beginning of the period before and the one of this, milliseconds since 1970. */
export interface Period {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The period before these points; undefined when there are none. */
export function periodBefore({ times }: Lines, step: number): Period | undefined {
  const [untilMs] = times;
  return untilMs === undefined
    ? undefined
    : { fromMs: untilMs - times.length * step * 1000, untilMs };
}

/** The calls that read the period before, of exactly the lines that are drawn. */
export function pathsBefore(
  choice: Choice,
  joined: Lines,
  step: PerformanceStep,
): readonly string[] {
  const period = periodBefore(joined, step);
  if (period === undefined) {
    return [];
  }
  const { by } = choice;
  const isOne = by === "total" || choice.of !== "";
  const asked = { range: askedRange(choice), by, isOne, step, limit: undefined };
  // Others may have been the largest then: each is asked for by its name.
  const names = isOne ? [choice.of] : [...new Set(joined.lines.map(({ of }) => of ?? ""))];
  return names.flatMap((of) => askPaths({ ...asked, of, from: period.fromMs / 1000 }));
}

/**
 * Gives each line the figures of the period before, at the same places; what isn't known is a gap. Answers with another
 * step count as not known. Without `answers`: while they are being read.
 */
export function withBefore(
  joined: Lines,
  step: PerformanceStep,
  answers: readonly V1Performance[] | undefined,
): Lines {
  const shift = joined.times.length * step;
  const found = new Map<string, { readonly from: number; readonly values: Values }>();
  for (const answer of answers ?? []) {
    for (const { metric, of, values } of answer.step === step ? answer.series : []) {
      found.set(`${metric} ${of ?? ""}`, { from: answer.from, values });
    }
  }
  const lines = joined.lines.map((line) => {
    const then = found.get(`${line.metric} ${line.of ?? ""}`);
    const before = joined.times.map((atMs) =>
      then === undefined ? null : (then.values[(atMs / 1000 - shift - then.from) / step] ?? null),
    );
    return { ...line, before };
  });
  return { times: joined.times, lines };
}

type Values = readonly (number | null)[];

/** Whether anything is known of the period before. */
export function hasBefore({ lines }: Lines): boolean {
  return lines.some(({ before = [] }) => before.some((value) => value !== null));
}
