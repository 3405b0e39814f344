/**
 * Gates about pages that stay open: P6 work of the live phase, P7 growth of memory, P8 bytes of the stream. P8 is the
 * fixture's stream, at the pace of a dashboard: it tells that the console asks for nothing else; what a real dashboard
 * sends is tested there.
 */
import type { CDPSession } from "playwright-core";
import {
  type Gate,
  type GateBench,
  type MeasuredPage,
  metricOf,
  openMeasured,
  startChanges,
} from "./gate-bench.ts";

const PATHS = ["large", "large/topology", "large/slots"] as const;
const WORK_MAX = 0.05;
const HEAP_MAX_BYTES = 5_000_000;
const NODES_MAX = 100;
const SETTLE_MS = 5000;
const IDLE_MAX_BYTES = 60_000;
const BUSY_MAX_BYTES = 400_000;
/** How often a dashboard tells figures of a server or a proxy. */
const FIGURES_SECONDS = 5;
const MINUTE_MS = 60_000;

/** See the head of the file. */
export const LIVE_GATES: readonly Gate[] = [
  {
    id: "P6",
    async measure(bench) {
      const results = [];
      for (const path of PATHS) {
        const shown = await openMeasured(bench, path);
        await shown.page.waitForTimeout(SETTLE_MS);
        const stop = startChanges(bench, "large");
        const before = await workOf(shown.cdp);
        const tasksBefore = (await shown.seen()).blocked.length;
        await shown.page.waitForTimeout(bench.liveMs);
        const work = ((await workOf(shown.cdp)) - before) / (bench.liveMs / 1000);
        const tasks = (await shown.seen()).blocked.length - tasksBefore;
        stop();
        await shown.close();
        results.push({
          demand: `\`${path}\` live: no task > 50 ms, script and layout ≤ 5 % of a processor`,
          measured: `${tasks} tasks, ${(work * 100).toFixed(1)} %`,
          isMet: tasks === 0 && work <= WORK_MAX,
        });
      }
      return results;
    },
  },
  {
    id: "P7",
    async measure(bench) {
      const shown = await openMeasured(bench, "large");
      const stop = startChanges(bench, "large");
      await shown.page.waitForTimeout(SETTLE_MS);
      const before = await heapOf(shown);
      await shown.page.waitForTimeout(bench.growMs);
      const after = await heapOf(shown);
      stop();
      await shown.close();
      const grown = after.bytes - before.bytes;
      const nodes = after.nodes - before.nodes;
      return [
        {
          demand: `\`large\` live for ${bench.growMs / MINUTE_MS} min: heap grows < 5 MB, nodes < ${NODES_MAX}`,
          measured: `${(grown / 1e6).toFixed(2)} MB, ${nodes} nodes`,
          isMet: grown < HEAP_MAX_BYTES && nodes < NODES_MAX,
        },
      ];
    },
  },
  {
    id: "P8",
    async measure(bench) {
      const idle = await bytesAMinute(bench);
      const stop = startChanges(bench, "typical", FIGURES_SECONDS);
      const busy = await bytesAMinute(bench);
      stop();
      return [
        {
          demand: "bytes a minute of `typical`, idle: ≤ 60 kB",
          measured: `${(idle / 1000).toFixed(1)} kB`,
          isMet: idle <= IDLE_MAX_BYTES,
        },
        {
          demand: "bytes a minute of `typical`, busy: ≤ 400 kB",
          measured: `${(busy / 1000).toFixed(1)} kB`,
          isMet: busy <= BUSY_MAX_BYTES,
        },
      ];
    },
  },
];

/** What a page of `typical` that stays open gets from the server. */
async function bytesAMinute(bench: GateBench): Promise<number> {
  const shown = await openMeasured(bench, "typical/groups");
  await shown.page.waitForTimeout(SETTLE_MS);
  let bytes = 0;
  await shown.cdp.send("Network.enable");
  shown.cdp.on("Network.dataReceived", ({ encodedDataLength, dataLength }) => {
    bytes += encodedDataLength > 0 ? encodedDataLength : dataLength;
  });
  await shown.page.waitForTimeout(bench.liveMs);
  await shown.close();
  return (bytes / bench.liveMs) * MINUTE_MS;
}

/** Seconds of scripts, styles and layout. */
async function workOf(cdp: CDPSession): Promise<number> {
  const names = ["ScriptDuration", "LayoutDuration", "RecalcStyleDuration"];
  const parts = await Promise.all(names.map((name) => metricOf(cdp, name)));
  return parts.reduce((sum, each) => sum + each, 0);
}

async function heapOf({ cdp }: MeasuredPage): Promise<{ bytes: number; nodes: number }> {
  await cdp.send("HeapProfiler.collectGarbage");
  await cdp.send("HeapProfiler.collectGarbage");
  return { bytes: await metricOf(cdp, "JSHeapUsedSize"), nodes: await metricOf(cdp, "Nodes") };
}
