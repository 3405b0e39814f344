/**
 * The charts. Their cursors move together; what is drawn out of one becomes the range of all.
 */
import { useRef } from "preact/hooks";
import type { PerformanceMetric, V1ChartEvent } from "../../../../src/api/v1-live-schema.ts";
import { formatTime, momentOf } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import type { Children } from "../../ui/props.ts";
import { type Series, TimeChart } from "../../ui/time-chart.tsx";
import { timesOf } from "./before-note.tsx";
import type { Period } from "./chart-compare.ts";
import { exportName } from "./chart-export.ts";
import { type ChartPlan, type Choice, chartsOf, LINES_MAX, type Lines } from "./chart-plan.ts";
import { eventText, formatMetric, metricText, subjectText } from "./chart-words.ts";

const SYNC = "performance";
const BYTE_METRICS: ReadonlySet<PerformanceMetric> = new Set(["bytes_in", "bytes_out", "memory"]);

/** See the head of the file. */
export function ChartGrid(props: {
  readonly product: string;
  readonly choice: Choice;
  readonly joined: Lines;
  readonly events: readonly V1ChartEvent[];
  /** The one whose lines are drawn too. */
  readonly before: Period | undefined;
  /** Seconds since 1970. */
  readonly onZoom: (from: number, to: number) => void;
}): Children {
  const { choice, joined, events } = props;
  const isOne = choice.by === "total" || choice.of !== "";
  const marks = events.flatMap((event) => {
    const ms = momentOf(event.at);
    return ms === undefined ? [] : [{ at: ms, label: eventText(event) }];
  });
  const isTold = useRef(false);
  const zoom = (from: number, to: number): void => {
    // Charts that move together all tell of the same drag.
    if (isTold.current) {
      return;
    }
    isTold.current = true;
    queueMicrotask(() => {
      isTold.current = false;
    });
    const first = Math.floor(from / 1000);
    props.onZoom(first, Math.max(first + 1, Math.ceil(to / 1000)));
  };
  return (
    <div class="chart-grid">
      {chartsOf(choice.by, isOne).map((chart) => (
        <div class="card" key={`${choice.by} ${choice.of} ${chart.name}`}>
          {joined.times.length === 0 ? (
            <Waiting title={titleOf(chart, choice, isOne)} />
          ) : (
            <TimeChart
              label={titleOf(chart, choice, isOne)}
              times={joined.times}
              series={seriesOf(chart, choice, joined, isOne)}
              format={(value) => formatMetric(chart.metrics[0] ?? "ops", value)}
              areBytes={BYTE_METRICS.has(chart.metrics[0] ?? "ops")}
              marks={marks}
              onZoom={zoom}
              sync={SYNC}
              picture={() => pictureOf(props, chart)}
            />
          )}
        </div>
      ))}
    </div>
  );
}

/** In place of a chart whose figures are being read: as high as the chart, so that the page doesn't move. */
function Waiting({ title }: { readonly title: string }): Children {
  return (
    <div aria-busy="true">
      <p class="strong">{title}</p>
    </div>
  );
}

function titleOf(chart: ChartPlan, choice: Choice, isOne: boolean): string {
  const [metric] = chart.metrics;
  const name =
    isOne || metric === undefined ? t(`performance.chart.${chart.name}`) : metricText(metric);
  return choice.of === "" ? name : `${name}: ${subjectText(choice.by, choice.of)}`;
}

/** Title and file of a picture: who reads it elsewhere wants to know of which product and which time it is. */
function pictureOf(
  { product, choice, joined, before }: Parameters<typeof ChartGrid>[0],
  chart: ChartPlan,
): { readonly title: string; readonly name: string } {
  const isOne = choice.by === "total" || choice.of !== "";
  const { times } = joined;
  const lines = [
    `${titleOf(chart, choice, isOne)} · ${product}`,
    `${formatTime(times[0])} – ${formatTime(times.at(-1))}`,
    ...(before === undefined ? [] : [t("performance.before.times", timesOf(before))]),
  ];
  return {
    title: lines.join("\n"),
    name: `${exportName(product, `${choice.by}-${chart.name}`, Date.now())}.png`,
  };
}

function seriesOf(
  chart: ChartPlan,
  choice: Choice,
  { lines }: Lines,
  isOne: boolean,
): readonly Series[] {
  return lines
    .filter(({ metric }) => chart.metrics.includes(metric))
    .slice(0, LINES_MAX)
    .map(({ metric, of, values, before }) => ({
      label: isOne ? metricText(metric) : subjectText(choice.by, of),
      values,
      before,
    }));
}
