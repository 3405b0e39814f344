/**
 * The timed gates of the console, measured in Chromium on fixture products:
 *
 *   bun scripts/console-gates.ts [--only P3,P6] [--seconds 60] [--minutes 10] [--times 5]
 *
 * Prints a table of what is demanded, what was measured and the verdict, and ends with 1 when one is missed. It isn't a
 * part of `npm test`: on a busy machine the figures say nothing. `--seconds`: length of the live phases (P4, P6, P8),
 * `--minutes`: of P7, `--times`: page loads of which P3 and P5 take the median.
 */
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { Browser } from "playwright-core";
import { launchBrowser } from "../test/web/support/browser.ts";
import { FixtureServer } from "../test/web/support/fixture-server.ts";
import type { Gate, GateBench } from "../test/web/support/gate-bench.ts";
import { LIVE_GATES } from "../test/web/support/gate-live.ts";
import { LOAD_GATES } from "../test/web/support/gate-load.ts";
import { WORK_GATES } from "../test/web/support/gate-work.ts";
import {
  brokenProduct,
  largeProduct,
  smallProduct,
  typicalProduct,
} from "../test/web/support/sized-products.ts";
import { buildWeb, WEB_DIST } from "./build-web.ts";

const GATES: readonly Gate[] = [...LOAD_GATES, ...LIVE_GATES, ...WORK_GATES];

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: "" },
      seconds: { type: "string", default: "60" },
      minutes: { type: "string", default: "10" },
      times: { type: "string", default: "5" },
    },
  });
  const only = values.only.split(",").filter((each) => each !== "");
  const gates = GATES.filter(({ id }) => only.length === 0 || only.includes(id));
  await buildWeb();
  const browser = await launchBrowser();
  const load = (): string =>
    loadavg()
      .map((each) => each.toFixed(1))
      .join(" ");
  process.stdout.write(`${cpus().length} processors, load at the start ${load()}\n\n`);
  process.stdout.write("| gate | demand | measured | verdict |\n| --- | --- | --- | --- |\n");
  let missed = 0;
  try {
    for (const gate of gates) {
      const results = await measure(gate, browser, {
        liveMs: Number(values.seconds) * 1000,
        growMs: Number(values.minutes) * 60_000,
        times: Number(values.times),
      });
      for (const { demand, measured, isMet } of results) {
        missed += isMet ? 0 : 1;
        const line = [gate.id, demand, measured, isMet ? "pass" : "**missed**"].join(" | ");
        process.stdout.write(`| ${line} |\n`);
      }
    }
  } finally {
    await browser.close();
  }
  process.stdout.write(`\nLoad at the end ${load()}. ${missed} missed.\n`);
  return missed === 0 ? 0 : 1;
}

/** Each gate has a server and products of its own, so that none sees what another has changed. */
async function measure(
  gate: Gate,
  browser: Browser,
  lengths: Pick<GateBench, "liveMs" | "growMs" | "times">,
) {
  const products = [smallProduct(), typicalProduct(), largeProduct(), brokenProduct()];
  const server = await FixtureServer.start({ folder: WEB_DIST, products });
  try {
    return await gate.measure({ browser, server, products, ...lengths });
  } finally {
    await server.close();
  }
}

process.exit(await main());
