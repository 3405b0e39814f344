/**
 * What the pale lines are, or why there are none.
 */
import { formatTime } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { ErrorState } from "../../ui/error-state.tsx";
import type { Children } from "../../ui/props.ts";
import type { Period } from "./chart-compare.ts";
import type { Before } from "./use-before.ts";

/** See the head of the file. */
export function BeforeNote({ before }: { readonly before: Before }): Children {
  const { state, period, problem, reload } = before;
  if (state === "notKept") {
    return <p class="notice notice-warn">{t("performance.before.notKept")}</p>;
  }
  if (problem !== undefined) {
    return <ErrorState problem={problem} onRetry={reload} />;
  }
  const times = timesOf(period);
  // Its place is kept: what comes later mustn't move the page.
  return (
    <p class="coverage" aria-busy={state === "reading" ? "true" : undefined}>
      {state === "known" && t("performance.before", times)}
      {state === "none" && t("performance.before.none", times)}
    </p>
  );
}

/** Its beginning and its end as people read them. Reads signals. */
export function timesOf(period: Period | undefined): {
  readonly from: string;
  readonly until: string;
} {
  return { from: formatTime(period?.fromMs), until: formatTime(period?.untilMs) };
}
