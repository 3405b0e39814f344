/**
 * The slot map for everybody: axe in three themes and both languages with every dialog open, sizes of targets, narrow
 * windows, and states that can be told apart without colours.
 */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { axeProblems, type Choices, overflowOf, smallTargets } from "./support/browser.ts";
import { useMovingStage } from "./support/moving-stage.ts";

const stage = useMovingStage();

async function open(path: string, choices: Choices = {}): Promise<Page> {
  const page = await stage.open(path, choices);
  await page.waitForSelector('[role="gridcell"]');
  return page;
}

const looks = [
  { theme: "light", language: "en" },
  { theme: "dark", language: "zh" },
  { theme: "contrast", language: "en" },
] as const;

for (const choices of looks) {
  test(`axe finds nothing, ${choices.theme} and ${choices.language}, dialogs open too`, async () => {
    const page = await open("shop/slots?slots=20-40", choices);
    expect(await axeProblems(page)).toEqual([]);
    expect(await smallTargets(page)).toEqual([]);
    for (const index of [0, 1, 2]) {
      await page.locator(".selection-actions button").nth(index).click();
      await page.waitForSelector("dialog[open]");
      expect(await axeProblems(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog[open]", { state: "detached" });
    }
  }, 180_000);
}

test("nothing is wider than the window", async () => {
  const page = await open("shop/slots");
  for (const width of [1280, 1024, 768, 640, 400]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await overflowOf(page)).toBe(0);
  }
});

test("each state has a look of its own without colours: a pattern or a letter", async () => {
  const page = await open("shop/slots?mode=state");
  const looksOf = await page.evaluate(() =>
    [0, 4, 12, 16, 500, 1000].map((id) => {
      const cell = document.querySelector(`[data-slot="${id}"]`);
      return `${cell?.textContent} ${cell === null ? "" : getComputedStyle(cell).backgroundImage !== "none"}`;
    }),
  );
  expect(new Set(looksOf).size).toBe(looksOf.length);
});
