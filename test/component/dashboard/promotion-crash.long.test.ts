/**
 * The dashboard is killed (SIGKILL) at every write, every wait for proxies, before and after every order to a server of
 * a promotion; see `promotion-crash.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type CrashPoint, PromotionCrashRun } from "../../support/promotion-crash-run.ts";

const START_MS = 90_000;
const LONG_MS = 900_000;
const POINTS_MAX = 30;

let run: PromotionCrashRun;

beforeAll(async () => {
  run = await PromotionCrashRun.start();
}, START_MS);

afterAll(() => run.stop(), START_MS);

const KINDS: readonly CrashPoint[] = ["write", "sync", "call", "called"];

for (const point of KINDS) {
  test(
    `killed at every point of kind "${point}"`,
    async () => {
      let at = 1;
      for (; at < POINTS_MAX; at += 1) {
        const { wasKilled } = await run.round(point, at);
        expect(run.violations).toEqual([]);
        if (!wasKilled) {
          break;
        }
      }
      expect(at).toBeGreaterThan(3);
      expect(at).toBeLessThan(POINTS_MAX);
    },
    LONG_MS,
  );
}
