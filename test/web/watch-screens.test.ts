/**
 * Overview, topology, performance and alerts in a browser: axe in the themes and both languages, no page that scrolls
 * sideways, no target that is too small, titles as the headings (gates A1, A2, A6, A9, A12).
 */
import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { axeProblems, headProblems, overflowOf, smallTargets } from "./support/browser.ts";
import {
  brokenProduct,
  largeProduct,
  smallProduct,
  typicalProduct,
} from "./support/sized-products.ts";
import { useStage, WAIT_MS } from "./support/stage.ts";

const TEST_MS = 180_000;
const stage = useStage();

const PAGES = [
  "broken",
  "small",
  "broken/topology",
  "broken/topology?node=server:10.0.2.2:6379",
  "broken/topology?view=table",
  "large/topology",
  "large/topology?open=groups:1-10,proxies:dc1",
  "typical/performance",
  "large/performance?by=command",
  "broken/alerts",
  "small/alerts",
] as const;

const COLOURFUL = ["broken", "broken/topology", "typical/performance", "broken/alerts"] as const;

/** Of these screens other tests see products that are well. */
const TROUBLED = [
  "broken/slots",
  "broken/groups",
  "broken/proxies",
  "broken/ha",
  "broken/operations/op-7",
] as const;

const products = () => [brokenProduct(), smallProduct(), largeProduct(), typicalProduct()];

async function go(page: Page, path: string): Promise<void> {
  await page.goto(stage.server.url(path));
  await page.waitForSelector(".shell main h1");
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null, null, {
    timeout: WAIT_MS,
  });
}

describe("every page", () => {
  for (const choices of [
    { theme: "light", language: "en" },
    { theme: "dark", language: "zh" },
    { theme: "contrast", language: "en" },
  ] as const) {
    test(
      `is as it should be: ${choices.theme}, ${choices.language}`,
      async () => {
        await stage.withPage("small", { ...choices, products: products() }, async ({ page }) => {
          const found: string[] = [];
          // High contrast has the same elements in other colours.
          for (const path of choices.theme === "contrast" ? COLOURFUL : PAGES) {
            await go(page, path);
            const own = [
              ...(await axeProblems(page)),
              ...(await smallTargets(page)),
              ...(await headProblems(page)),
            ];
            const overflow = await overflowOf(page);
            found.push(...own.map((each) => `${path}: ${each}`));
            found.push(...(overflow === 0 ? [] : [`${path}: ${overflow} pixels too wide`]));
          }
          expect(found).toEqual([]);
        });
      },
      TEST_MS,
    );
  }

  test(
    "fits into 400, 640 (that is 1280 at a zoom of 200 %), 768 and 1024 pixels",
    async () => {
      await stage.withPage("small", { products: products() }, async ({ page }) => {
        for (const path of PAGES) {
          await page.setViewportSize({ width: 400, height: 800 });
          await go(page, path);
          for (const width of [400, 640, 768, 1024]) {
            await page.setViewportSize({ width, height: 800 });
            expect([width, path, await overflowOf(page)]).toEqual([width, path, 0]);
          }
        }
      });
    },
    TEST_MS,
  );

  test(
    "fits when everything is wrong at once, also where it is tested in better days",
    async () => {
      await stage.withPage("broken", { products: [brokenProduct()] }, async ({ page }) => {
        for (const path of TROUBLED) {
          await go(page, path);
          for (const width of [1280, 768, 400]) {
            await page.setViewportSize({ width, height: 800 });
            expect([width, path, await overflowOf(page)]).toEqual([width, path, 0]);
          }
        }
      });
    },
    TEST_MS,
  );
});
