/**
 * The steps of a planned promotion in memory: in which order what is stored and told, what is taken back when one of
 * them fails, and that once the replica is a master there is only the way forward.
 */
import { describe, expect, test } from "bun:test";
import { CodisError } from "../../../src/base/error.ts";
import { PromotionRun } from "../../../src/dashboard/availability/promotion/promotion-run.ts";
import { rdbFormatOf } from "../../../src/dashboard/availability/promotion/rdb-version.ts";
import { timedOut } from "../../../src/redis/server-error.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { PromotionStage } from "../../support/promotion-stage.ts";

const STEPS = [
  "hold slots of group 1",
  "commit promote",
  "sync",
  "release from sentinels",
  "prepare",
  "commit hold",
  "sync",
  "pause",
  "arm",
  "confirm",
  "demote",
  "raise",
  "unpause",
  "commit the master",
  "sync",
  "follow",
  "commit ends",
  "let slots go",
  "sync",
  "watch by sentinels",
];

async function run(stage: PromotionStage): Promise<unknown> {
  const options = { ...stage.options, story: stage.begin() };
  return await new PromotionRun(stage.parts, options, () => stage.isClosed).run();
}

describe("a promotion", () => {
  test("takes its steps in this order, and changes the stored master", async () => {
    const stage = new PromotionStage();
    await run(stage);
    expect(stage.steps).toEqual(STEPS);
    expect(stage.story()).toMatchObject({ outcome: "done", pauseMs: expect.any(Number) });
    expect(stage.master).toBe(stage.options.to);
    expect(stage.state).toBe("");
  });

  test("is taken back in order when a proxy doesn't hold", async () => {
    const stage = new PromotionStage();
    stage.onStep = (text) => {
      stage.silent = text === "commit hold" ? ["proxy-2 doesn't answer"] : stage.silent;
      stage.silent = text === "commit undone" ? [] : stage.silent;
    };
    const thrown = await catchRejection(run(stage));
    expect(thrown.code).toBe("PROMOTION_FAILED");
    expect(thrown.message).toContain("proxy-2 doesn't answer");
    expect(stage.steps.slice(STEPS.indexOf("pause"))).toEqual([
      "abandon",
      "commit undone",
      "sync",
      "watch by sentinels",
      "let slots go",
    ]);
    expect(stage.story().outcome).toBe("undone");
    expect(stage.master).toBe(stage.options.from);
  });

  test("meets a proxy that doesn't answer before anybody waits", async () => {
    const stage = new PromotionStage();
    stage.silent = ["proxy-2 doesn't answer"];
    expect((await catchRejection(run(stage))).code).toBe("PROMOTION_FAILED");
    expect(stage.steps).not.toContain("commit hold");
    expect(stage.steps).not.toContain("release from sentinels");
    expect(stage.state).toBe("");
  });

  test("is undone when the replica doesn't catch up within the time", async () => {
    const stage = new PromotionStage({ promotionTimeoutMs: 100 });
    stage.pair.replicaOffset = stage.pair.masterOffset - 500;
    const thrown = await catchRejection(run(stage));
    expect(thrown.message).toContain("500 bytes are missing");
    expect(stage.steps).not.toContain("demote");
    expect(stage.state).toBe("");
  });

  test("touches no server any more when it doesn't lead", async () => {
    const stage = new PromotionStage();
    const lost = new CodisError("LEADERSHIP_LOST", "another one leads");
    stage.failures.set("confirm", lost);
    stage.failures.set("commit undone", lost);
    expect(await catchRejection(run(stage))).toBe(lost);
    expect(stage.steps).not.toContain("demote");
    expect(stage.steps).not.toContain("abandon");
    expect(stage.story().outcome).toBe("failed");
    // The next leader finds it so.
    expect(stage.state).toBe("prepared");
  });

  test("is undone when the dashboard ends before roles have changed", async () => {
    const stage = new PromotionStage();
    stage.onStep = (text) => {
      stage.isClosed ||= text === "pause";
    };
    expect((await catchRejection(run(stage))).message).toContain("the dashboard ends");
    expect(stage.state).toBe("");
    expect(stage.steps).toContain("abandon");
  });
});

describe("the last offset of the old master", () => {
  test("may be a PING further than that of the replica", async () => {
    const stage = new PromotionStage();
    stage.pair.endOffset = stage.pair.masterOffset + 14;
    await run(stage);
    expect(stage.story().outcome).toBe("done");
  });

  for (const isPaused of [true, false]) {
    test(`must not have a write of a client: ${isPaused ? "its pause was over" : "it can't pause"}`, async () => {
      const stage = new PromotionStage();
      stage.pair.canPause = isPaused;
      stage.pair.endOffset = stage.pair.masterOffset + 27;
      const thrown = await catchRejection(run(stage));
      expect(thrown.message).toContain("lacks 27 bytes");
      expect(stage.steps).toContain("abandon");
      expect(stage.steps).not.toContain("raise");
      expect(stage.master).toBe(stage.options.from);
    });
  }
});

describe("an old master that doesn't confirm that it is a replica", () => {
  test("is left behind when it is paused, and the story says so", async () => {
    const stage = new PromotionStage();
    stage.failures.set("demote", timedOut("old:1", "reply to EXEC", 100));
    await run(stage);
    expect(stage.steps).toContain("raise");
    const lines = stage.story().events.map(({ text }) => text);
    expect(lines.join("\n")).toContain("could write to it unnoticed");
  });

  test("stays the master when nothing keeps clients from writing to it", async () => {
    const stage = new PromotionStage();
    stage.pair.canPause = false;
    stage.failures.set("demote", timedOut("old:1", "reply to EXEC", 100));
    expect((await catchRejection(run(stage))).code).toBe("PROMOTION_FAILED");
    expect(stage.steps).not.toContain("raise");
  });

  test("stays the master when it refuses", async () => {
    const stage = new PromotionStage();
    stage.failures.set("demote", new CodisError("SERVER_REFUSED", "no permission"));
    expect((await catchRejection(run(stage))).message).toContain("no permission");
    expect(stage.steps).not.toContain("raise");
    expect(stage.state).toBe("");
  });
});

describe("a coordinator that doesn't answer", () => {
  const gone = new CodisError("COORDINATOR_UNREACHABLE", "nobody knows");

  test("is asked again when the replica is a master: there is no way back", async () => {
    const stage = new PromotionStage();
    stage.failures.set("commit the master", gone);
    stage.failures.set("commit ends", gone);
    await run(stage);
    expect(stage.steps.filter((text) => text === "commit the master")).toHaveLength(2);
    expect(stage.steps).not.toContain("abandon");
    expect(stage.master).toBe(stage.options.to);
    expect(stage.state).toBe("");
  });

  test("is asked again to take back: no group stays held", async () => {
    const stage = new PromotionStage();
    stage.failures.set("confirm", gone);
    stage.failures.set("commit undone", gone);
    expect((await catchRejection(run(stage))).code).toBe("PROMOTION_FAILED");
    expect(stage.steps.filter((text) => text === "commit undone")).toHaveLength(2);
    expect(stage.state).toBe("");
  });
});

test("formats of data by release", () => {
  expect(rdbFormatOf("3.2.11")).toBe(7);
  expect(rdbFormatOf("6.2.6")).toBe(9);
  expect(rdbFormatOf("7.0.15")).toBe(10);
  expect(rdbFormatOf("7.2.4")).toBe(11);
  expect(rdbFormatOf("8.0.1")).toBe(12);
  expect(rdbFormatOf("unknown")).toBeUndefined();
});
