/**
 * The slot map for everybody: axe in three themes and both languages with every dialog open, sizes of targets, narrow
 * windows, and states that can be told apart without colours.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { buildWeb, WEB_DIST } from "../../scripts/build-web.ts";
import {
  axeProblems,
  launchBrowser,
  openPage,
  overflowOf,
  smallTargets,
} from "./support/browser.ts";
import { FixtureServer } from "./support/fixture-server.ts";
import { makeMovingProduct } from "./support/moving-product.ts";

let browser: Browser;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  await buildWeb();
  browser = await launchBrowser();
}, 60_000);

afterEach(async () => {
  for (const close of closers.splice(0)) {
    await close();
  }
});

afterAll(async () => {
  await browser?.close();
});

async function open(path: string, choices = {}) {
  const products = [makeMovingProduct("shop")];
  const server = await FixtureServer.start({ products, folder: WEB_DIST });
  const opened = await openPage(browser, server.url(path), choices);
  await opened.page.waitForSelector('[role="gridcell"]');
  closers.push(async () => {
    await opened.close();
    await server.close();
    expect(opened.errors).toEqual([]);
  });
  return opened.page;
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
  }, 30_000);
}

test("nothing is wider than the window", async () => {
  const page = await open("shop/slots");
  for (const width of [1280, 1024, 768, 400]) {
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
