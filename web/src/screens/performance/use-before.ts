/**
 * Reads the figures of the period before what the charts show, when that is wanted, and puts them beside the others.
 * They are read again as time goes on; until they come, those that were read last stay where they belong.
 */
import { useRef } from "preact/hooks";
import type { PerformanceStep, V1Performance } from "../../../../src/api/v1-live-schema.ts";
import type { ApiProblem } from "../../data/problem.ts";
import { hasBefore, type Period, pathsBefore, periodBefore, withBefore } from "./chart-compare.ts";
import type { Choice, Lines } from "./chart-plan.ts";
import { usePerformance } from "./use-performance.ts";

/** See `useBefore`. */
export interface Before {
  /** With the period before, if it is wanted and kept. */
  readonly joined: Lines;
  readonly state: "reading" | "known" | "none" | "notKept" | "failed";
  /** Undefined while nothing is drawn. */
  readonly period: Period | undefined;
  readonly problem: ApiProblem | undefined;
  readonly reload: () => void;
}

/** What was read last, and for what. */
interface Read {
  readonly key: string;
  readonly answers: readonly V1Performance[];
}

/** What a server says when points aren't kept for so long. */
const NOT_KEPT = "STATE_CONFLICT";

/** `now`: what is drawn, from `first` and other answers. `step`: that of both periods, undefined: it isn't kept. */
export function useBefore(
  choice: Choice,
  now: Lines,
  first: V1Performance | undefined,
  step: PerformanceStep | undefined,
): Before {
  const isRead = choice.isCompared && step !== undefined && first?.step === step;
  const load = usePerformance(isRead ? pathsBefore(choice, now, step) : [], undefined);
  const last = useRef<Read | undefined>(undefined);
  const key = JSON.stringify([choice, step]);
  if (isRead && load.answers !== undefined) {
    last.current = { key, answers: load.answers };
  }
  const { problem, reload } = load;
  const isNotKept = step === undefined || (isRead && problem?.code === NOT_KEPT);
  if (!isRead || isNotKept || problem !== undefined) {
    const state = isNotKept ? "notKept" : problem === undefined ? "reading" : "failed";
    return { joined: now, state, period: undefined, problem, reload };
  }
  const answers = last.current?.key === key ? last.current.answers : undefined;
  const joined = withBefore(now, step, answers);
  const state = answers === undefined ? "reading" : hasBefore(joined) ? "known" : "none";
  return { joined, state, period: periodBefore(now, step), problem, reload };
}
