/**
 * The row of key figures: the value of now, the last hour as a line, and the difference to yesterday.
 */
import { useState } from "preact/hooks";
import type { PerformanceMetric, V1LiveStats } from "../../../../src/api/v1-live-schema.ts";
import { live } from "../../data/live.ts";
import { formatPercent, formatShort } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { ProblemText } from "../../ui/error-state.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Sparkline } from "../../ui/sparkline.tsx";
import { formatMetric, metricText } from "../performance/chart-words.ts";
import { usePerformance } from "../performance/use-performance.ts";
import { changeSince, dayBeforePaths, HOUR_PATHS, KEY_FIGURES, valuesOf } from "./key-figures.ts";

const EVERY_MS = 30_000;

/** See the head of the file. */
export function FigureRow({ product }: { readonly product: string }): Children {
  const stats = live.value<V1LiveStats>("stats").value;
  const [dayPaths] = useState(() => dayBeforePaths(Date.now()));
  const hour = usePerformance(HOUR_PATHS, EVERY_MS);
  const day = usePerformance(dayPaths, undefined);
  if (stats === undefined) {
    return <Skeleton />;
  }
  return (
    <section class="key-figures-box" aria-label={t("overview.figures")}>
      <ul class="key-figures">
        {KEY_FIGURES.map(({ metric, read }) => (
          <Figure
            key={metric}
            product={product}
            metric={metric}
            now={read(stats)}
            hour={valuesOf(hour.answers, metric)}
            change={changeSince(read(stats), valuesOf(day.answers, metric))}
          />
        ))}
      </ul>
      <Coverage stats={stats} />
      {hour.problem !== undefined && (
        <>
          <p class="muted">{t("overview.noHistory")}</p>
          <ProblemText problem={hour.problem} />
        </>
      )}
    </section>
  );
}

function Figure(props: {
  readonly product: string;
  readonly metric: PerformanceMetric;
  readonly now: number | null;
  readonly hour: readonly (number | null)[];
  readonly change: number | undefined;
}): Children {
  const { metric, now, hour, change } = props;
  const name = metricText(metric);
  const value = formatMetric(metric, now);
  return (
    <li
      class={
        metric === "failures" && (now ?? 0) > 0 ? "card key-figure tone-bad" : "card key-figure"
      }
    >
      <a href={href(props.product, "performance")}>{name}</a>
      <strong>{value}</strong>
      <Sparkline values={hour} label={t("overview.lastHour", { name, value })} />
      <span class="muted key-change">{change === undefined ? "" : changeText(change)}</span>
    </li>
  );
}

/** From this growth on a percentage says less than how many times it is. */
const TIMES_FROM = 9;

function changeText(change: number): string {
  if (change >= TIMES_FROM) {
    return t("overview.changeTimes", { times: formatShort(Math.round(change + 1)) });
  }
  const text = formatPercent(change);
  return t("overview.change", { change: change > 0 ? `+${text}` : text });
}

/** Sums that lack somebody say so. */
function Coverage({ stats }: { readonly stats: V1LiveStats }): Children {
  const { servers, recent } = stats;
  const isWhole = servers.up === servers.total && recent.proxies.counted === recent.proxies.total;
  return isWhole ? null : (
    <p>
      {t("overview.partial", {
        servers: servers.up,
        allServers: servers.total,
        proxies: recent.proxies.counted,
        allProxies: recent.proxies.total,
      })}
    </p>
  );
}
