/**
 * The dashboard is killed (SIGKILL) in the middle of promotions, with real servers, real proxies and a client that
 * writes: no write is lost, no group stays held, and no second master takes writes. The points here are those between
 * which the most changes; the long form has all of them.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type CrashPoint, PromotionCrashRun } from "../../support/promotion-crash-run.ts";

const START_MS = 90_000;
const ROUND_MS = 60_000;
/** On a machine that stands still a promotion rightly fails or goes back: then the round is tried again. */
const TRIES_MAX = 4;

let run: PromotionCrashRun;

beforeAll(async () => {
  run = await PromotionCrashRun.start();
}, START_MS);

afterAll(() => run.stop(), START_MS);

const POINTS: readonly {
  readonly point: CrashPoint;
  readonly at: number;
  readonly name: string;
  readonly ends: "back" | "forward";
}[] = [
  { point: "write", at: 2, name: "before proxies hold", ends: "back" },
  { point: "called", at: 2, name: "when the old master is paused", ends: "back" },
  {
    point: "called",
    at: 4,
    name: "when the old master is a replica, and there is no master",
    ends: "forward",
  },
  { point: "write", at: 3, name: "before the new master is stored", ends: "forward" },
  { point: "write", at: 4, name: "before the end is stored", ends: "forward" },
];

for (const { point, at, name, ends } of POINTS) {
  test(
    `killed ${name}: goes ${ends}`,
    async () => {
      for (let tries = 1; ; tries += 1) {
        const { wasKilled, hasChanged, acknowledged } = await run.round(point, at);
        expect(run.violations).toEqual([]);
        expect(acknowledged).toBeGreaterThan(0);
        const isAsSaid = wasKilled && hasChanged === (ends === "forward");
        if (isAsSaid || tries === TRIES_MAX) {
          expect({ wasKilled, hasChanged }).toEqual({
            wasKilled: true,
            hasChanged: ends === "forward",
          });
          return;
        }
      }
    },
    TRIES_MAX * ROUND_MS,
  );
}
