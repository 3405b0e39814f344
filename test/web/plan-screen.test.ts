/**
 * Plans and operations in a browser: the form, the race between preview and start (gate U4), control of an operation,
 * strangers' texts that stay texts, and axe with dialogs open in both themes and languages.
 */
import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { axeProblems, type Choices, overflowOf, smallTargets } from "./support/browser.ts";
import { type MovingProduct, makeOperation, summaryOf } from "./support/moving-product.ts";
import { useMovingStage } from "./support/moving-stage.ts";

const stage = useMovingStage();

function open(
  path: string,
  choices: Choices = {},
  role: "viewer" | "operator" = "operator",
): Promise<Page> {
  return stage.open(path, { ...choices, role, prepare: makePlanOf });
}

/** `p-3-1` is there already. */
function makePlanOf({ answers }: MovingProduct): void {
  answers["POST plans"]?.({ strategy: "slots" }, new URL("http://127.0.0.1/"));
}

function sent(method: string): readonly unknown[] {
  return stage.server.requests.filter((each) => each.method === method).map(({ body }) => body);
}

async function start(page: Page, plan: string): Promise<void> {
  await page.getByRole("button", { name: "Start…" }).click();
  await page.getByLabel(`Type ${plan} to confirm`).fill(plan);
  await page.getByLabel("Why (for the audit log)").fill("a new group");
  await page.getByRole("button", { name: "Move 64 slots" }).click();
}

describe("plans", () => {
  test("the form asks for just what is filled in, and has an address", async () => {
    const page = await open("shop/rebalance");
    await page.getByLabel("Slots by weight").check();
    await page.getByRole("textbox", { name: "Group 2" }).fill("x");
    await page.getByText("Expected 0.001 to 1000.").waitFor();
    await page.getByRole("textbox", { name: "Group 2" }).fill("2.5");
    await page.getByRole("checkbox", { name: "Group 4" }).check();
    await page.getByLabel("Move at most so many slots").fill("64");
    await page.getByText("--strategy weight --weight 2=2.5 --except 4 --max-slots 64").waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Make the plan" }).click();
    await page.getByRole("heading", { name: "Plan p-3-2" }).waitFor();
    expect(sent("POST")).toEqual([
      { strategy: "weight", weights: { "2": 2.5 }, except_group_ids: [4], max_slots: 64 },
    ]);
  });

  test("what is started is the plan that was looked at", async () => {
    const page = await open("shop/plans/p-3-1");
    await page.getByText("codis plan start p-3-1").first().waitFor();
    await start(page, "p-3-1");
    await page.getByRole("heading", { name: "Operation op-7" }).waitFor();
    expect(stage.product.started).toEqual(["p-3-1"]);
    expect(sent("POST")).toEqual([{ plan: "p-3-1" }]);
  });

  test("gate U4: when slots changed meanwhile nothing is started, and the new plan shows what differs", async () => {
    const page = await open("shop/plans/p-3-1");
    await page.getByRole("button", { name: "Start…" }).waitFor();
    stage.product.stalePlanIds.add("p-3-1");
    await start(page, "p-3-1");
    await page.getByRole("heading", { name: "Plan p-3-2" }).waitFor();
    // Outside of `main` the same words are told to screen readers, a moment later.
    const main = page.locator("main");
    await main.getByText("Plan p-3-1 was out of date, so nothing was started.").waitFor();
    await main.getByText("3 slots go another way:").waitFor();
    expect(stage.product.started).toEqual([]);
    expect(sent("POST")).toEqual([{ plan: "p-3-1" }, { strategy: "slots" }]);
    await start(page, "p-3-2");
    await page.getByRole("heading", { name: "Operation op-7" }).waitFor();
    expect(stage.product.started).toEqual(["p-3-2"]);
  });

  test("slots that moved away are told before anybody starts", async () => {
    const page = await open("shop/plans/p-3-1");
    await page.getByRole("button", { name: "Start…" }).waitFor();
    expect(await page.getByText("out of date").count()).toBe(0);
    const { slotsOf } = await import("./support/typical-product.ts");
    stage.server.publish("shop", {
      slots: slotsOf(4, (slot) => (slot === 110 ? { owner: 2 } : {})),
    });
    await page.getByText("Slots 110 aren't where this plan takes them from").waitFor();
  });

  test("a plan that nobody knows any more leads to a new one; strangers' texts are texts", async () => {
    const page = await open("shop/plans/p-9-9");
    await page.getByText("Plan p-9-9 isn't known (any more).").waitFor();
    await page.goto(stage.server.url("shop/plans/p-3-1"));
    await page.getByText("feed:all:<img src=x onerror=alert(1)>").waitFor();
    expect(await page.locator("main img").count()).toBe(0);
  });
});

describe("operations", () => {
  test("pause, speed, resume and cancel with roll-back are sent as they are, and shown when confirmed", async () => {
    const page = await open("shop/operations/op-7");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    await page.getByLabel("Keys per second, at most").fill("500");
    await page.getByLabel("Bytes per second, at most").fill("2mb");
    await page.getByLabel("Slower while p99 is above, ms").fill("8");
    await page
      .getByText("--keys-per-second 500 --bytes-per-second 2097152 --p99-guard-ms 8")
      .waitFor();
    await page.getByRole("button", { name: "Set the speed" }).click();
    const limits = "500 keys/s at most, 2 MiB/s at most, slower while p99 is above 8 ms";
    await page.getByText(limits).first().waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByText("waiting", { exact: true }).first().waitFor();
    await page.getByRole("button", { name: "Cancel…" }).click();
    await page.getByLabel("Move them back").check();
    await page.getByText("codis operation cancel op-7 --rollback").waitFor();
    await page.getByRole("button", { name: "Cancel op-7, move slots back" }).click();
    await page.getByText("cancelling, slots go back").first().waitFor();
    expect(sent("PATCH")).toEqual([
      { keys_per_second: 500, bytes_per_second: 2_097_152, p99_guard_ms: 8 },
    ]);
    expect(sent("POST")).toEqual([undefined, undefined, { rollback: true }]);
  });

  test("a reason comes with what to do about it, and a list shows how far each one is", async () => {
    const page = await open("shop/operations/op-7");
    const reason = `server 10.0.2.1:6379 doesn't take key a of database 0: "OOM command not allowed"`;
    const paused = makeOperation("op-7", {
      ...{ state: "paused", self_paused: true },
      ...{ reason, reason_code: "target_memory" },
    });
    stage.server.publish("shop", { "operation:op-7": summaryOf(paused) });
    await page.getByText(reason).waitFor();
    await page.getByText("Make room at the target").waitFor();
    await page.getByText("paused by itself").first().waitFor();
    await page.goto(stage.server.url("shop/operations"));
    await page.getByRole("link", { name: "op-6" }).waitFor();
    await page.getByText("40 % keys · 40 % bytes").waitFor();
    const rows = await page.locator("tbody tr td:first-child").allInnerTexts();
    expect(rows).toEqual(["op-7", "op-6"]);
  });

  test("what the p99 guard does is told in the language of the page", async () => {
    const slowed = makeOperation("op-7", {
      speed: { keys_per_second: 0, bytes_per_second: 0, p99_guard_ms: 8 },
      speed_in_force: {
        ...{ keys_per_second: 450, bytes_per_second: 0, slowed: true },
        reason: "slowed by the p99 guard: p99 12.3 ms, bound 8 ms",
        said: { code: "op.guard-slows", params: { p99: "12.3", bound: "8" } },
      },
    });
    for (const [language, text] of [
      ["en", "450 keys/s at most · slowed by the p99 guard: p99 12.3 ms, bound 8 ms"],
      ["zh", "最多 450 键/秒 · 因 p99 保护而减速：p99 为 12.3 毫秒，上限 8 毫秒"],
    ] as const) {
      const page = await open("shop/operations/op-7", { language });
      stage.server.publish("shop", { "operation:op-7": summaryOf(slowed) });
      await page.getByText(text).waitFor();
    }
  });

  test("figures follow the live document, and the time that is left is a range", async () => {
    const page = await open("shop/operations/op-7");
    await page.getByText(/^\d+ s to \d+ s$/).waitFor();
    const { progress } = makeOperation("op-7", {});
    stage.server.publish("shop", { "progress:op-7": { ...progress, keys_moved: 90_171 } });
    await page.getByText("90 % · 90,171 of 100,190").waitFor();
  });

  test("a viewer changes nothing", async () => {
    const page = await open("shop/operations/op-7", {}, "viewer");
    await page.getByRole("button", { name: "Pause" }).waitFor();
    const needy = page.locator("[data-needs]");
    expect(await needy.count()).toBeGreaterThan(2);
    expect(await page.locator('[data-needs]:not([aria-disabled="true"])').count()).toBe(0);
  });
});

describe("for everybody", () => {
  const looks = [
    { theme: "light", language: "en" },
    { theme: "dark", language: "zh" },
  ] as const;
  const paths = [
    ["shop/rebalance?strategy=weight", undefined],
    ["shop/plans/p-3-1", ".page-actions .button-primary"],
    ["shop/operations", undefined],
    ["shop/operations/op-7", ".operation-buttons .button-danger"],
  ] as const;

  for (const choices of looks) {
    for (const [path, opener] of paths) {
      test(`axe finds nothing at ${path}, ${choices.theme} and ${choices.language}`, async () => {
        const page = await open(path, choices);
        await page.waitForSelector("main table, main form");
        expect(await axeProblems(page)).toEqual([]);
        expect(await smallTargets(page)).toEqual([]);
        if (opener !== undefined) {
          await page.locator(opener).first().click();
          await page.waitForSelector("dialog[open]");
          expect(await axeProblems(page)).toEqual([]);
          await page.keyboard.press("Escape");
        }
        for (const width of [1024, 768, 640, 400]) {
          await page.setViewportSize({ width, height: 800 });
          expect(await overflowOf(page)).toBe(0);
        }
        expect(await axeProblems(page)).toEqual([]);
      }, 180_000);
    }
  }
});
