/**
 * The focus on the screens: every stop of Tab shows it with an outline of two pixels or more, and it is somewhere on
 * the page after a dialog closed, after what it was on has gone, and after the page changed. Gate A5.
 */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import type { V1LiveGroup } from "../../src/api/v1-live-schema.ts";
import { membersProduct, PRODUCT, REPLICA } from "./support/members-fixture.ts";
import { settle } from "./support/members-scan.ts";
import { makeMovingProduct } from "./support/moving-product.ts";
import { useStage } from "./support/stage.ts";

const TEST_MS = 180_000;
/** Stops that are looked at on a page; long lists repeat themselves. */
const STOPS = 14;
const PAGES = [
  "shop/slots",
  "shop/rebalance",
  "shop/operations/op-7",
  `${PRODUCT}`,
  `${PRODUCT}/topology`,
  `${PRODUCT}/proxies`,
  `${PRODUCT}/groups/1`,
  `${PRODUCT}/ha`,
  `${PRODUCT}/performance`,
  `${PRODUCT}/alerts`,
  `${PRODUCT}/audit`,
  `${PRODUCT}/users`,
  "settings",
];
const stage = useStage();

async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate((url) => {
    history.pushState(null, "", url);
    dispatchEvent(new PopStateEvent("popstate"));
  }, stage.server.url(path));
  await page.waitForSelector("h1");
  await settle(page);
}

/** The element with the focus, and how wide the outline is that shows it; a drawing has a stroke. */
function focusOf(page: Page): Promise<{ readonly name: string; readonly width: number }> {
  return page.evaluate(() => {
    const element = document.activeElement ?? document.body;
    const widths = [element, element.parentElement, ...element.querySelectorAll("*")].map(
      (each) => {
        if (each === null) {
          return 0;
        }
        const { outlineStyle, outlineWidth, stroke, strokeWidth } = getComputedStyle(each);
        if (each instanceof SVGElement && stroke !== "none") {
          return Number.parseFloat(strokeWidth);
        }
        return outlineStyle === "none" ? 0 : Number.parseFloat(outlineWidth);
      },
    );
    const text = element.getAttribute("aria-label") ?? element.textContent ?? "";
    return { name: `${element.tagName} ${text.trim().slice(0, 40)}`, width: Math.max(...widths) };
  });
}

test(
  "every stop of Tab is seen",
  async () => {
    const products = [makeMovingProduct("shop"), membersProduct()];
    for (const theme of ["light", "contrast"] as const) {
      await stage.withPage("settings", { products, theme }, async ({ page }) => {
        const unseen: string[] = [];
        for (const path of PAGES) {
          await goTo(page, path);
          for (let stop = 0; stop < STOPS; stop += 1) {
            await page.keyboard.press("Tab");
            const { name, width } = await focusOf(page);
            // Chromium lets the focus go to its own bar after the last one; then it is on the body.
            if (name.startsWith("BODY")) {
              break;
            }
            unseen.push(...(width >= 2 ? [] : [`${theme} ${path}: ${name} ${width}`]));
          }
        }
        expect(unseen).toEqual([]);
      });
    }
  },
  TEST_MS,
);

test(
  "a dialog that closes gives the focus back, also when what opened it is gone meanwhile",
  async () => {
    const product = membersProduct();
    await stage.withPage(`${PRODUCT}/groups/1`, { products: [product] }, async ({ page }) => {
      const opener = page.getByRole("button", { name: `Remove: ${REPLICA}` });
      await opener.focus();
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog[open]");
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog[open]", { state: "detached" });
      await page.waitForFunction(
        (name) => document.activeElement?.getAttribute("aria-label") === name,
        `Remove: ${REPLICA}`,
      );
      await opener.focus();
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog[open]");
      const { servers, ...rest } = product.values["group:1"] as V1LiveGroup;
      const left = servers.filter(({ addr }) => addr !== REPLICA);
      stage.server.publish(PRODUCT, { "group:1": { ...rest, servers: left } });
      await opener.waitFor({ state: "detached" });
      await page.waitForFunction(() => {
        const element = document.activeElement;
        return element !== null && element !== document.body;
      });
    });
  },
  TEST_MS,
);
