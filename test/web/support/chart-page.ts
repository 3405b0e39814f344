/**
 * Runs in a page: draws charts with the console's own file for it, again and again with other figures, and tells
 * how long each round took. See `chart-bundle.ts`.
 */
import { type DrawnChart, drawChart } from "../../../web/src/ui/draw-chart.ts";

/** How much is drawn. */
export interface ChartSizes {
  readonly charts: number;
  readonly lines: number;
  readonly points: number;
  readonly frames: number;
}

/** Milliseconds of each round in which all charts were drawn again. */
export async function drawManyCharts(sizes: ChartSizes): Promise<number[]> {
  const times = Array.from(
    { length: sizes.points },
    (_, index) => 1_700_000_000_000 + index * 1000,
  );
  let round = 0;
  const valuesOf = (line: number): number[] =>
    times.map((_, index) => 100 + 50 * Math.sin(index / 90 + line + round));
  const lines = (): { label: string; values: number[] }[] =>
    Array.from({ length: sizes.lines }, (_, line) => ({
      label: `line ${line}`,
      values: valuesOf(line),
    }));
  let series = lines();
  const host = document.createElement("div");
  document.body.append(host);
  const charts: DrawnChart[] = Array.from({ length: sizes.charts }, () => {
    const box = document.createElement("div");
    box.style.width = "480px";
    host.append(box);
    return drawChart(box, () => ({ times, series, height: 200, format: (value) => `${value}` }));
  });
  const taken: number[] = [];
  for (; round < sizes.frames; round += 1) {
    series = lines();
    await new Promise((done) => requestAnimationFrame(done));
    const start = performance.now();
    for (const chart of charts) {
      chart.update();
    }
    // The drawing itself is put off to the end of the turn.
    await Promise.resolve();
    taken.push(performance.now() - start);
  }
  for (const chart of charts) {
    chart.remove();
  }
  host.remove();
  return taken;
}

Object.assign(globalThis, { codisDrawCharts: drawManyCharts });
