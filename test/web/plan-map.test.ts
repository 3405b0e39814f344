/**
 * A plan on the slot map in a browser: its views, keyboard and names; saving a plan as a file and making one of a
 * file; axe in high contrast.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import type { V1Plan } from "../../src/api/v1-operation-schema.ts";
import { axeProblems, overflowOf, smallTargets } from "./support/browser.ts";
import { type MovingProduct, makeMovingProduct } from "./support/moving-product.ts";
import { type StageOptions, useStage } from "./support/stage.ts";

const TEST_MS = 180_000;
const stage = useStage();

async function withPlan(
  path: string,
  run: (page: Page, product: MovingProduct) => Promise<void>,
  options: Omit<StageOptions, "products"> = {},
): Promise<void> {
  const product = makeMovingProduct("shop");
  product.answers["POST plans"]?.({ strategy: "slots" }, new URL("http://127.0.0.1/"));
  await stage.withPage(path, { ...options, products: [product] }, ({ page }) => run(page, product));
}

const GRID = '[role="grid"].plan-grid';

function focusedName(page: Page): Promise<string | null> {
  return page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? null);
}

test(
  "the map says by looks and by names what moves, before and after",
  () =>
    withPlan("shop/plans/p-3-1", async (page) => {
      const grid = page.locator(GRID);
      await grid.waitFor();
      expect(await grid.getAttribute("aria-label")).toBe("Map of 1024 slots, 64 of them move");
      expect(await grid.locator(".plan-moved").count()).toBe(64);
      expect(await grid.locator(".plan-stays").count()).toBe(1024 - 64);
      const cell = grid.locator('[data-slot="101"]');
      expect(await cell.textContent()).toBe("3");
      await page.getByRole("tab", { name: "Before" }).nth(0).click();
      await page.waitForFunction(
        () => document.querySelector('.plan-grid [data-slot="101"]')?.textContent === "1",
      );
      expect(await grid.locator(".plan-moved").count()).toBe(64);
      expect(page.url()).toContain("map=before");
      expect(await grid.getByRole("rowheader").nth(3).getAttribute("aria-label")).toBe(
        "Slots 96 to 127: 27 move; group 1 to group 3: 27",
      );
    }),
  TEST_MS,
);

test(
  "one stop for Tab, arrows inside, Space from one slot that moves to the next",
  () =>
    withPlan("shop/plans/p-3-1", async (page) => {
      const grid = page.locator(GRID);
      await grid.waitFor();
      expect(await grid.locator('[tabindex="0"]').count()).toBe(1);
      await grid.locator('[tabindex="0"]').focus();
      expect(await focusedName(page)).toBe("Slot 101 moves, group 1 to group 3");
      await page.getByText("Slot 101 moves, group 1 to group 3: 1,200 keys, 256 KiB").waitFor();
      await page.keyboard.press("ArrowUp");
      expect(await focusedName(page)).toBe("Slot 69 stays in group 1");
      await page.keyboard.press("Shift+Space");
      expect(await focusedName(page)).toBe("Slot 164 moves, group 1 to group 4");
      await page.keyboard.press("Space");
      expect(await focusedName(page)).toBe("Slot 101 moves, group 1 to group 3");
      await page.keyboard.press("Control+End");
      expect(await focusedName(page)).toBe("Slot 1023 stays offline");
      expect(await grid.locator('[tabindex="0"]').count()).toBe(1);
      await page.keyboard.press("Tab");
      expect(await page.evaluate((each) => document.activeElement?.closest(each), GRID)).toBeNull();
    }),
  TEST_MS,
);

test(
  "a plan is saved as the API gives it, and a file makes a plan of just its moves",
  () =>
    withPlan("shop/plans/p-3-1", async (page, product) => {
      const saving = page.waitForEvent("download");
      await page.getByRole("button", { name: "Save as JSON" }).click();
      const saved = await saving;
      expect(saved.suggestedFilename()).toBe("codis-plan-shop-p-3-1.json");
      const path = await saved.path();
      expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(product.plans[0]);
      await page.getByRole("link", { name: "Rebalance" }).first().click();
      await page.getByLabel("File of a plan").setInputFiles(path);
      await page.getByText("64 slots, to groups: 3, 4.").waitFor();
      await page.getByRole("button", { name: "Plan the moves of the file" }).click();
      await page.getByRole("heading", { name: "Plan p-3-2" }).waitFor();
      const request = product.plans[1]?.request as V1Plan["request"];
      expect(request.strategy).toBe("move");
      expect(request.moves).toHaveLength(64);
      expect(request.moves?.[0]).toEqual({ slot_id: 101, group_id: 3, from_group_id: 1 });
    }),
  TEST_MS,
);

test(
  "a file that is no plan is told why, and nothing is sent",
  () =>
    withPlan("shop/rebalance", async (page, product) => {
      const choose = (text: string): Promise<void> =>
        page.getByLabel("File of a plan").setInputFiles({
          name: "x.json",
          mimeType: "application/json",
          buffer: Buffer.from(text),
        });
      await choose("<p>");
      await page.getByText("The file isn't JSON.").waitFor();
      await choose(`{"moves": [{"slot_id": 1}]}`);
      await page.getByText("Move 1 of the file has no slot_id").waitFor();
      const button = page.getByRole("button", { name: "Plan the moves of the file" });
      expect(await button.getAttribute("aria-disabled")).toBe("true");
      expect(product.plans).toHaveLength(1);
    }),
  TEST_MS,
);

for (const map of ["", "?map=before", "?map=after"]) {
  test(
    `axe finds nothing on the map in high contrast, nor does it overflow: ${map || "moves"}`,
    () =>
      withPlan(
        `shop/plans/p-3-1${map}`,
        async (page) => {
          await page.locator(GRID).waitFor();
          expect(await axeProblems(page)).toEqual([]);
          expect(await smallTargets(page)).toEqual([]);
          await page.setViewportSize({ width: 400, height: 800 });
          expect(await overflowOf(page)).toBe(0);
        },
        { theme: "contrast", language: "zh" },
      ),
    TEST_MS,
  );
}
