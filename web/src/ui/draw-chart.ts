/**
 * Draws a chart with uPlot, the only file that knows it; it is read when the first chart is on the screen.
 * Colours come from the style sheet, so charts follow the theme.
 */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./draw-chart.css";
import { byteUnit, formatTime } from "../i18n/format.ts";
import { t } from "../i18n/text.ts";
import type { Mark, Series } from "./time-chart.tsx";

/** What is drawn. */
export interface ChartParts {
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number | null) => string;
  readonly marks?: readonly Mark[] | undefined;
  /** See `TimeChartProps`. */
  readonly areBytes?: boolean | undefined;
  readonly height: number;
  readonly onZoom?: ((from: number, to: number) => void) | undefined;
  readonly sync?: string | undefined;
}

/** A chart on the screen. */
export interface DrawnChart {
  /** Draws what the parts hold now. */
  update(): void;
  /** What is drawn now, for a picture of it. */
  look(): ChartLook;
  remove(): void;
}

/** A chart as it is drawn now. */
export interface ChartLook {
  readonly canvas: HTMLCanvasElement;
  /** What is around the chart, and letters, as a canvas understands it. */
  readonly ground: string;
  readonly text: string;
  /** Those that are shown, in the order of the legend. */
  readonly lines: readonly LineLook[];
}

/** How a line is drawn; widths and dashes in pixels of the style sheet. */
export interface LineLook {
  readonly label: string;
  readonly colour: string;
  readonly dash: readonly number[];
  readonly width: number;
  readonly isBefore: boolean;
}

const COLOURS = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"];
/** Lines are told apart without their colours too. */
const DASHES = [[], [10, 4], [2, 3], [10, 3, 2, 3], [18, 5], [6, 3, 2, 3, 2, 3]];
const LINE_WIDTH = 2;
/** Of the period before: the same with wider gaps, thin; the style sheet says how pale, with a contrast of 3. */
const BEFORE_DASHES = [
  [4, 4],
  [10, 8],
  [2, 6],
  [10, 6, 2, 6],
  [18, 10],
  [6, 6, 2, 6, 2, 6],
];
const BEFORE_WIDTH = 1.5;
const BEFORE_CLASS = "u-before";
/** Of a figure that no line goes through, pixels. */
const DOT_SIZE = 5;
/** Charts below one another line up as long as their figures are short. */
const AXIS_WIDTH_MIN = 56;
/** Beside the figures: the tick, and gaps on both sides. */
const AXIS_SPARE = 20;
const AXIS_FONT = "12px system-ui, sans-serif";
const MARK_DASH = [4, 4];
/** Steps of an axis of bytes: a byte to half an exbibyte, each twice the one before. */
const BYTE_STEPS = Array.from({ length: 60 }, (_, power) => 2 ** power);

/** Draws into `box` and follows its width until `remove`. */
export function drawChart(box: HTMLElement, parts: () => ChartParts): DrawnChart {
  let chart = make(box, parts);
  let look = lookOf(box);
  const observer = new ResizeObserver(() => {
    chart.setSize({ width: Math.max(1, box.clientWidth), height: parts().height });
  });
  observer.observe(box);
  return {
    update() {
      const now = lookOf(box);
      if (now === look) {
        chart.setData(dataOf(parts()));
        return;
      }
      look = now;
      chart.destroy();
      chart = make(box, parts);
    },
    look: () => ({
      canvas: chart.ctx.canvas,
      ground: resolveColour(box, "var(--surface)"),
      text: getComputedStyle(box).color,
      lines: inLegend(looksOf(box, parts()).filter((_, at) => chart.series[at + 1]?.show === true)),
    }),
    remove() {
      observer.disconnect();
      chart.destroy();
    },
  };
}

/** Changes with the theme. */
function lookOf(box: HTMLElement): string {
  const style = getComputedStyle(box);
  return `${style.color} ${style.getPropertyValue("color-scheme")}`;
}

function make(box: HTMLElement, parts: () => ChartParts): uPlot {
  const style = getComputedStyle(box);
  const { format, areBytes = false, height, onZoom, sync } = parts();
  const looks = looksOf(box, parts());
  const text = style.color;
  const grid = resolveColour(box, "var(--border)");
  const axis = {
    stroke: text,
    font: AXIS_FONT,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1 },
  };
  const options: uPlot.Options = {
    width: Math.max(1, box.clientWidth),
    height,
    ms: 1,
    cursor: {
      drag: { x: onZoom !== undefined, y: false, setScale: false },
      ...(sync === undefined ? {} : { sync: { key: sync } }),
    },
    scales: {
      y: { range: (_chart, _low, high) => [0, high === null || high <= 0 ? 1 : high * 1.1] },
    },
    axes: [
      { ...axis, values: (_chart, splits, _axis, _space, step) => axisTimes(splits, step) },
      {
        ...axis,
        ...(areBytes && byteUnit.value === "1024" ? { incrs: BYTE_STEPS } : {}),
        size: axisWidth,
        values: (_chart, splits) => splits.map((each) => format(each)),
      },
    ],
    series: [
      { label: t("ui.time"), value: (_chart: uPlot, at: number | null) => formatTime(at) },
      ...looks.map((look) => seriesOf(look, format)),
    ],
    legend: {
      markers: {
        width: 0,
        fill: (_chart, index) => markerOf(looks[index - 1]),
      },
    },
    hooks: {
      setSelect: [
        (chart) => {
          const { left, width } = chart.select;
          if (width > 0 && onZoom !== undefined) {
            onZoom(chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
            chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          }
        },
      ],
      draw: [(chart) => drawMarks(chart, parts().marks ?? [], text)],
    },
  };
  return new uPlot(options, dataOf(parts()), box);
}

function seriesOf(
  { label, colour, dash, width, isBefore }: LineLook,
  format: ChartParts["format"],
): uPlot.Series {
  return {
    label,
    stroke: colour,
    width,
    dash: [...dash],
    ...(isBefore ? { class: BEFORE_CLASS } : {}),
    spanGaps: false,
    points: {
      show: false,
      size: DOT_SIZE,
      fill: colour,
      filter: (chart: uPlot, line: number) => lonePoints(chart.data[line] ?? []),
    },
    value: (_chart: uPlot, value: number | null) => format(value),
  };
}

/** As wide as the longest figure needs. */
function axisWidth({ ctx }: uPlot, figures: readonly string[] | null): number {
  ctx.save();
  ctx.font = AXIS_FONT;
  const widest = Math.max(0, ...(figures ?? []).map((each) => ctx.measureText(each).width));
  ctx.restore();
  return Math.max(AXIS_WIDTH_MIN, Math.ceil(widest) + AXIS_SPARE);
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Times of the axis in the user's time zone; the first one with its day below it. */
function axisTimes(at: readonly number[], stepMs: number): string[] {
  return at.map((each, index) => {
    const text = formatTime(each);
    const [day = "", time = ""] = text.split(" ");
    const short = stepMs >= DAY_MS ? day.slice(5) : stepMs < MINUTE_MS ? time : time.slice(0, 5);
    return index === 0 && stepMs < DAY_MS ? `${short}\n${day}` : short;
  });
}

function drawMarks(chart: uPlot, marks: readonly Mark[], colour: string): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash(MARK_DASH);
  for (const mark of marks) {
    const x = chart.valToPos(mark.at, "x", true);
    if (x >= bbox.left && x <= bbox.left + bbox.width) {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
  }
  ctx.restore();
}

/** Lines in the order in which they are drawn: those of the period before are under the others. */
function looksOf(box: HTMLElement, { series }: ChartParts): readonly LineLook[] {
  const lines = series.map(({ label }, index) => ({
    label,
    colour: resolveColour(box, colourOf(index)),
    dash: DASHES[index % DASHES.length] ?? [],
    width: LINE_WIDTH,
    isBefore: false,
  }));
  const before = series.flatMap((each, index) =>
    each.before === undefined
      ? []
      : [
          {
            label: t("ui.before", { what: each.label }),
            colour: resolveColour(
              box,
              `color-mix(in srgb, ${colourOf(index)} var(--before-share), var(--surface))`,
            ),
            dash: BEFORE_DASHES[index % BEFORE_DASHES.length] ?? [],
            width: BEFORE_WIDTH,
            isBefore: true,
          },
        ],
  );
  return [...before, ...lines];
}

/** The style sheet draws the legend in this order too. */
function inLegend(looks: readonly LineLook[]): readonly LineLook[] {
  return [...looks.filter(({ isBefore }) => !isBefore), ...looks.filter((each) => each.isBefore)];
}

function colourOf(line: number): string {
  return `var(${COLOURS[line % COLOURS.length] ?? "--line-1"})`;
}

/** A piece of the line as a background, for the legend. */
function markerOf(look: LineLook | undefined): string {
  const { colour, dash, width } = look ?? { colour: "", dash: [], width: 0 };
  let at = 0;
  const stops = dash.map((length, index) => {
    const from = at;
    at += length;
    return `${index % 2 === 0 ? colour : "transparent"} ${from}px ${at}px`;
  });
  const line = stops.length === 0 ? [colour, colour] : stops;
  return `repeating-linear-gradient(90deg, ${line.join(", ")}) center / 100% ${width}px no-repeat`;
}

/** A colour of the style sheet as a canvas understands it; also when the system's colours are forced. */
function resolveColour(box: HTMLElement, value: string): string {
  const probe = document.createElement("span");
  probe.style.setProperty("forced-color-adjust", "none");
  probe.style.color = value;
  box.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

/** Figures with gaps on both sides: no line goes through them. Null: there are none. */
function lonePoints(values: uPlot.AlignedData[number]): number[] | null {
  const found: number[] = [];
  for (let at = 0; at < values.length; at += 1) {
    const isAlone = (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;
    if (isAlone && values[at] !== null) {
      found.push(at);
    }
  }
  return found.length === 0 ? null : found;
}

function dataOf(parts: ChartParts): uPlot.AlignedData {
  const before = parts.series.flatMap((each) => (each.before === undefined ? [] : [each.before]));
  const lines = parts.series.map(({ values }) => values);
  return [[...parts.times], ...[...before, ...lines].map((values) => [...values])];
}
