/**
 * The console's file for charts as one script for a page, so that drawing can be measured without a screen around it.
 */
import { join } from "node:path";
import type { drawManyCharts } from "./chart-page.ts";

/** What the script puts into the page. */
export interface ChartPage {
  readonly codisDrawCharts: typeof drawManyCharts;
}

/** The text of the script. Throws when it can't be built. */
export async function buildChartPage(): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dirname, "chart-page.ts")],
    target: "browser",
    format: "iife",
    minify: true,
  });
  const script = outputs.find(({ path }) => path.endsWith(".js"));
  if (script === undefined) {
    throw new Error("the script with the charts wasn't built");
  }
  return script.text();
}
