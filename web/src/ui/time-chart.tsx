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
  /** Of the period before, as many: drawn thin and pale under the others. */
  readonly before?: readonly (number | null)[] | undefined;
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
  /** Title and name of a picture of the chart that can be saved. Made when it is saved. */
  readonly picture?: (() => { readonly title: string; readonly name: string }) | undefined;
}

const HEIGHT = 200;

/** See the head of the file. */
export function TimeChart(props: TimeChartProps): Children {
  const [isTable, setTable] = useState(false);
  const drawn = useRef<DrawnChart | undefined>(undefined);
  const { picture } = props;
  const save = async (): Promise<void> => {
    const look = drawn.current?.look();
    if (look !== undefined && picture !== undefined) {
      const { savePicture } = await import("./chart-picture.ts");
      await savePicture(look, picture());
    }
  };
  return (
    <figure class="chart">
      <figcaption class="chart-head">
        <span>{props.label}</span>
        <span class="chart-ways">
          {picture !== undefined && (
            <Button
              variant="quiet"
              label={t("ui.pictureOf", { what: props.label })}
              isDisabled={isTable}
              reason={t("ui.noPicture")}
              onPress={() => void save()}
            >
              PNG
            </Button>
          )}
          <Button variant="quiet" isPressed={isTable} onPress={() => setTable(!isTable)}>
            {t("ui.asTable")}
          </Button>
        </span>
      </figcaption>
      {isTable ? <ChartTable {...props} /> : <Drawing {...props} drawn={drawn} />}
    </figure>
  );
}

function Drawing(
  props: TimeChartProps & { readonly drawn: { current: DrawnChart | undefined } },
): Children {
  const box = useRef<HTMLDivElement>(null);
  const { drawn } = props;
  const parts: ChartParts = { ...props, height: props.height ?? HEIGHT };
  const latest = useRef(parts);
  latest.current = parts;
  const lines = props.series.map(({ label, before }) => `${label} ${before === undefined}`);
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
  }, [lines.join("\n"), props.sync]);
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
        ...columnsOf(props).map(({ label, values }, index) => ({
          key: String(index),
          title: label,
          align: "end" as const,
          render: (row: { readonly index: number }) => props.format(values[row.index] ?? null),
          sort: (row: { readonly index: number }) => values[row.index],
        })),
      ]}
    />
  );
}

/** Each line, and after it the same of the period before. */
function columnsOf({ series }: TimeChartProps): readonly Omit<Series, "before">[] {
  return series.flatMap(({ label, values, before }) => [
    { label, values },
    ...(before === undefined ? [] : [{ label: t("ui.before", { what: label }), values: before }]),
  ]);
}

/** The chart in words: the last value of each line. */
function summary(props: TimeChartProps): string {
  const last = columnsOf(props).map(
    ({ label, values }) => `${label} ${props.format(values.at(-1) ?? null)}`,
  );
  return `${props.label}: ${last.join(", ")}`;
}
