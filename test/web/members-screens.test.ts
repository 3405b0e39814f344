/**
 * Screens of proxies, groups, high availability, audit and users in a browser: light and English;
 * and in narrow windows.
 */
import { expect, test } from "bun:test";
import { overflowOf } from "./support/browser.ts";
import { membersProduct, PRODUCT } from "./support/members-fixture.ts";
import { goWithin, MEMBERS_PAGES, scanMembers } from "./support/members-scan.ts";

const TEST_MS = 180_000;
/** 640: what a window of 1280 has at a zoom of 200 %. */
const WIDTHS = [400, 640, 768, 1024] as const;
const stage = scanMembers({ theme: "light", language: "en" });

test(
  "no page scrolls sideways from 400 pixels on, in high contrast either",
  async () => {
    const products = [membersProduct()];
    const context = { viewport: { width: 400, height: 800 } };
    const options = { theme: "contrast", language: "en", products, context } as const;
    await stage.withPage(`${PRODUCT}/groups`, options, async ({ page }) => {
      for (const [path] of Object.values(MEMBERS_PAGES).flat()) {
        await goWithin(page, stage, path);
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 800 });
          expect([path, width, await overflowOf(page)]).toEqual([path, width, 0]);
        }
      }
    });
  },
  TEST_MS,
);
