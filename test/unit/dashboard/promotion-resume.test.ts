/**
 * Promotions that were left in the middle, in memory, with servers that can't be asked: they are ended all the
 * same, and tried again when that fails. What servers say is in `component/dashboard/promotion-crash.test.ts`.
 */
import { afterEach, expect, test } from "bun:test";
import { CodisError } from "../../../src/base/error.ts";
import { Promotion } from "../../../src/dashboard/availability/promotion/promotion.ts";
import { beginPromoting, holdForPromoting, promote } from "../../../src/model/change/master.ts";
import type { Topology } from "../../../src/model/topology/topology.ts";
import { waitFor } from "../../support/deadline.ts";
import { PromotionStage } from "../../support/promotion-stage.ts";

const WAIT_MS = 10_000;

let promotion: Promotion | undefined;

afterEach(async () => {
  await promotion?.close();
  promotion = undefined;
});

function start(stage: PromotionStage): void {
  promotion = new Promotion(stage.parts);
  promotion.start();
}

function ended(stage: PromotionStage): Promise<true> {
  return waitFor("end of a promotion", WAIT_MS, () =>
    stage.state === "" && stage.parts.turns.busyWith(1) === undefined ? true : undefined,
  );
}

const begin = (stage: PromotionStage) => (now: Topology) =>
  beginPromoting(now, 1, stage.options.to);
const hold = (now: Topology) => holdForPromoting(now, 1);

test("preparing and prepared go back", async () => {
  for (const isHeld of [false, true]) {
    const stage = new PromotionStage();
    stage.change(begin(stage));
    if (isHeld) {
      stage.change(hold);
    }
    start(stage);
    // Before anybody else can.
    expect(stage.parts.turns.busyWith(1)).toBeDefined();
    await ended(stage);
    expect(stage.master).toBe(stage.options.from);
    expect(stage.story().outcome).toBe("undone");
    expect(stage.steps).toContain("watch by sentinels");
    expect(stage.steps.at(-1)).toBe("let slots go");
  }
});

test("finished goes forward, whatever can't be reached", async () => {
  const stage = new PromotionStage();
  stage.change(begin(stage));
  stage.change(hold);
  stage.change((now) => promote(now, 1));
  start(stage);
  await ended(stage);
  expect(stage.master).toBe(stage.options.to);
  expect(stage.steps).toContain("follow");
  expect(stage.story()).toMatchObject({ outcome: "done", from: stage.options.from });
});

test("a beginning that was stored although that seemed to fail is undone", async () => {
  const stage = new PromotionStage();
  start(stage);
  stage.change(begin(stage));
  await ended(stage);
  expect(stage.master).toBe(stage.options.from);
});

test("an end that fails is tried again", async () => {
  const stage = new PromotionStage();
  stage.failures.set("commit undone", new CodisError("STATE_CONFLICT", "somebody was faster"));
  stage.change(begin(stage));
  start(stage);
  await waitFor("a failed story", WAIT_MS, () =>
    stage.story().outcome === "failed" ? true : undefined,
  );
  await ended(stage);
  expect(stage.story().outcome).toBe("undone");
});
