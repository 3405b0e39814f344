/**
 * Gates about loading: P3 first and largest paint, P4 shifts of the layout while data is live, P5 blocking time.
 */
import { type Gate, median, ms, openMeasured, startChanges } from "./gate-bench.ts";

const FCP_MAX_MS = 1000;
const LCP_MAX_MS = 1800;
const SHIFT_MAX = 0.05;
const BLOCKED_MAX_MS = 200;
const SLOWER = 4;
const SETTLE_MS = 3000;
const PATH = "typical";

/** See the head of the file. */
export const LOAD_GATES: readonly Gate[] = [
  {
    id: "P3",
    async measure(bench) {
      const fcp: number[] = [];
      const lcp: number[] = [];
      for (let time = 0; time < bench.times; time += 1) {
        const shown = await openMeasured(bench, PATH, SLOWER, true);
        await shown.page.waitForTimeout(SETTLE_MS);
        const seen = await shown.seen();
        fcp.push(seen.fcp);
        lcp.push(seen.lcp);
        await shown.close();
      }
      return [
        {
          demand: `first paint of the overview, CPU x4, 10 Mbit/s 40 ms: ≤ ${FCP_MAX_MS} ms`,
          measured: ms(median(fcp)),
          isMet: median(fcp) <= FCP_MAX_MS,
        },
        {
          demand: `largest paint: ≤ ${LCP_MAX_MS} ms`,
          measured: ms(median(lcp)),
          isMet: median(lcp) <= LCP_MAX_MS,
        },
      ];
    },
  },
  {
    id: "P4",
    async measure(bench) {
      const results = [];
      for (const path of ["typical", "typical/slots", "typical/performance"]) {
        const shown = await openMeasured(bench, path);
        const stop = startChanges(bench, "typical");
        await shown.page.waitForTimeout(bench.liveMs);
        stop();
        const { shift } = await shown.seen();
        await shown.close();
        results.push({
          demand: `shift of \`${path}\`, load and ${bench.liveMs / 1000} s live: ≤ ${SHIFT_MAX}`,
          measured: shift.toFixed(3),
          isMet: shift <= SHIFT_MAX,
        });
      }
      return results;
    },
  },
  {
    id: "P5",
    async measure(bench) {
      const blocked: number[] = [];
      for (let time = 0; time < bench.times; time += 1) {
        const shown = await openMeasured(bench, PATH, SLOWER);
        await shown.page.waitForTimeout(SETTLE_MS);
        blocked.push((await shown.seen()).blocked.reduce((sum, each) => sum + each, 0));
        await shown.close();
      }
      return [
        {
          demand: `blocking time at load, CPU x4: ≤ ${BLOCKED_MAX_MS} ms`,
          measured: ms(median(blocked)),
          isMet: median(blocked) <= BLOCKED_MAX_MS,
        },
      ];
    },
  },
];
