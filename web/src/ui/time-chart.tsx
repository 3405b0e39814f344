/**
 * A chart of figures over time, with a table of the same figures. The drawing library is read only when a
 * chart is on the screen. Unknown values are gaps.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { formatTime } from "../i18n/format.ts";
import { t } from "../i18n/text.ts";
import { Button } from "./button.tsx";
import type { ChartParts, DrawnChart } from "./draw-chart.ts";
import type { Children } from "./props.ts";
import { Table } from "./table.tsx";

/** One line of a chart. */
export interface Series {
  readonly label: string;
  /** As many as there are times. */
  readonly values: readonly (number | null)[];
}

/** Something that happened, drawn as an upright line. */
export interface Mark {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly label: string;
}

/** See the head of the file. */
export interface TimeChartProps {
  readonly label: string;
  /** Milliseconds since 1970, growing. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** Writes a figure with its unit. */
  readonly format: (value: number | null) => string;
  /** The figures are bytes, or bytes a second: the axis has steps that are round in those units. */
  readonly areBytes?: boolean | undefined;
  readonly marks?: readonly Mark[] | undefined;
  /** In pixels; 200 unless told. */
  readonly height?: number | undefined;
  /** A part was chosen with the mouse: milliseconds since 1970. */
  readonly onZoom?: ((from: number, to: number) => void) | undefined;
  /** Charts with the same name show their cursors at the same time. */
  readonly sync?: string | undefined;
}

const HEIGHT = 200;

/** See the head of the file. */
export function TimeChart(props: TimeChartProps): Children {
  const [isTable, setTable] = useState(false);
  return (
    <figure class="chart">
      <figcaption class="chart-head">
        <span>{props.label}</span>
        <Button variant="quiet" isPressed={isTable} onPress={() => setTable(!isTable)}>
          {t("ui.asTable")}
        </Button>
      </figcaption>
      {isTable ? <ChartTable {...props} /> : <Drawing {...props} />}
    </figure>
  );
}

function Drawing(props: TimeChartProps): Children {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<DrawnChart | undefined>(undefined);
  const parts: ChartParts = { ...props, height: props.height ?? HEIGHT };
  const latest = useRef(parts);
  latest.current = parts;
  useEffect(() => {
    let isOver = false;
    void import("./draw-chart.ts").then(({ drawChart }) => {
      if (!isOver && box.current !== null) {
        drawn.current = drawChart(box.current, () => latest.current);
      }
    });
    return () => {
      isOver = true;
      drawn.current?.remove();
      drawn.current = undefined;
    };
  }, [props.series.map((each) => each.label).join("\n"), props.sync]);
  useEffect(() => drawn.current?.update(), [props.times, props.series, props.marks]);
  return (
    <div
      class="chart-box"
      ref={box}
      role="img"
      aria-label={summary(props)}
      style={{ minBlockSize: `${parts.height}px` }}
    />
  );
}

function ChartTable(props: TimeChartProps): Children {
  const rows = props.times.map((at, index) => ({ at, index })).reverse();
  return (
    <Table
      caption={props.label}
      name="chart"
      rows={rows}
      rowKey={(row) => String(row.at)}
      columns={[
        {
          key: "at",
          title: t("ui.time"),
          render: (row) => formatTime(row.at),
          sort: (row) => row.at,
        },
        ...props.series.map((each, index) => ({
          key: String(index),
          title: each.label,
          align: "end" as const,
          render: (row: { readonly index: number }) => props.format(each.values[row.index] ?? null),
          sort: (row: { readonly index: number }) => each.values[row.index],
        })),
      ]}
    />
  );
}

/** The chart in words: the last value of each line. */
function summary(props: TimeChartProps): string {
  const last = props.series.map(
    (each) => `${each.label} ${props.format(each.values.at(-1) ?? null)}`,
  );
  return `${props.label}: ${last.join(", ")}`;
}
