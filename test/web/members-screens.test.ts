/**
 * Screens of proxies, groups, high availability, audit and users in a browser: light and English; and at 400 pixels.
 */
import { expect, test } from "bun:test";
import { overflowOf } from "./support/browser.ts";
import { membersProduct, PRODUCT } from "./support/members-fixture.ts";
import { goWithin, MEMBERS_PAGES, scanMembers, settle } from "./support/members-scan.ts";

const TEST_MS = 180_000;
const stage = scanMembers({ theme: "light", language: "en" });

test(
  "no page scrolls sideways at 400 pixels, in high contrast either",
  async () => {
    const products = [membersProduct()];
    const context = { viewport: { width: 400, height: 800 } };
    const options = { theme: "contrast", language: "en", products, context } as const;
    await stage.withPage(`${PRODUCT}/groups`, options, async ({ page }) => {
      for (const [path] of Object.values(MEMBERS_PAGES).flat()) {
        await goWithin(page, stage, path);
        await settle(page);
        expect([path, await overflowOf(page)]).toEqual([path, 0]);
      }
    });
  },
  TEST_MS,
);
