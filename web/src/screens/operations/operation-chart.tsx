/**
 * The rate of a move beside p99 of all requests, so that what it costs clients is in sight. Shows what this page has
 * seen; a chart appears as soon as there is a line to draw.
 */
import { formatBytes, formatDuration, formatShort } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";
import { TimeChart } from "../../ui/time-chart.tsx";
import type { RatePoint } from "./operation-watch.ts";

const HEIGHT = 140;
/** Fewer points are no line. */
const POINTS_MIN = 5;

/** See the file head. */
export function OperationChart({ points }: { readonly points: readonly RatePoint[] }): Children {
  if (points.length < POINTS_MIN) {
    return null;
  }
  const times = points.map(({ at }) => at);
  const chart = (
    label: string,
    values: readonly (number | null)[],
    format: (value: number | null) => string,
  ): Children => (
    <TimeChart
      label={label}
      times={times}
      series={[{ label, values }]}
      format={format}
      areBytes={format === formatBytes}
      height={HEIGHT}
      sync="operation"
    />
  );
  return (
    <Card title={t("operations.chart.title")}>
      <div class="operation-charts">
        {chart(
          t("operations.chart.keys"),
          points.map((point) => point.keysPerSecond),
          formatShort,
        )}
        {chart(
          t("operations.chart.bytes"),
          points.map((point) => point.bytesPerSecond),
          formatBytes,
        )}
        {chart(
          t("operations.chart.p99"),
          points.map((point) => point.p99),
          formatDuration,
        )}
      </div>
    </Card>
  );
}
