/**
 * The focus on the screens: every stop of Tab shows it with an outline of two pixels or more that stands out from what
 * is around it, and it is somewhere on the page after a dialog closed, after what it was on has gone, and after the
 * page changed. Gate A5.
 */
import { expect, test } from "bun:test";
import type { V1LiveGroup } from "../../src/api/v1-live-schema.ts";
import { focusLookOf } from "./support/focus-look.ts";
import { GONE_TOKEN, membersProduct, PRODUCT, REPLICA } from "./support/members-fixture.ts";
import { makeMovingProduct } from "./support/moving-product.ts";
import { useStage } from "./support/stage.ts";

const TEST_MS = 180_000;
/** Stops that are looked at on a page; long lists repeat themselves. */
const STOPS = 14;
/** WCAG 1.4.11. */
const CONTRAST_MIN = 3;
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

test(
  "every stop of Tab is seen, with a contrast of 3 to 1 in every theme",
  async () => {
    const products = [makeMovingProduct("shop"), membersProduct()];
    await stage.withPage("settings", { products }, async ({ page }) => {
      const unseen: string[] = [];
      for (const path of PAGES) {
        await stage.goTo(page, path);
        for (let stop = 0; stop < STOPS; stop += 1) {
          await page.keyboard.press("Tab");
          const { name, width, contrasts } = await focusLookOf(page);
          // Chromium lets the focus go to its own bar after the last one; then it is on the body.
          if (name.startsWith("BODY")) {
            break;
          }
          unseen.push(...(width >= 2 ? [] : [`${path}: ${name}: ${width} pixels`]));
          for (const [theme, contrast] of Object.entries(contrasts)) {
            const line = `${theme} ${path}: ${name}: contrast ${contrast.toFixed(2)}`;
            unseen.push(...(contrast >= CONTRAST_MIN ? [] : [line]));
          }
        }
      }
      expect(unseen).toEqual([]);
    });
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

/** Address of a dialog, and where the focus is when it opens. */
const FIRST_FOCUS: Readonly<Record<string, RegExp>> = {
  "groups?do=create": /^INPUT /,
  "proxies?do=add": /^INPUT /,
  "ha?do=configure": /^BUTTON Back$/,
  [`groups/1?do=promote:${REPLICA}`]: /^(BUTTON Back|INPUT )/,
  [`proxies/${GONE_TOKEN}?do=remove`]: /^(BUTTON Back|INPUT )/,
};

test(
  "a dialog opens on its first field or on the button that goes back, never on a copy of its command",
  async () => {
    await stage.withPage("settings", { products: [membersProduct()] }, async ({ page }) => {
      for (const [path, wanted] of Object.entries(FIRST_FOCUS)) {
        await stage.goTo(page, `${PRODUCT}/${path}`);
        await page.waitForSelector("dialog[open] .dialog-foot");
        await page.waitForFunction(
          (pattern) => {
            const { tagName = "", textContent } = document.activeElement ?? {};
            return new RegExp(pattern).test(`${tagName} ${textContent ?? ""}`);
          },
          wanted.source,
          { timeout: TEST_MS },
        );
        await page.keyboard.press("Escape");
        await page.waitForSelector("dialog[open]", { state: "detached" });
      }
    });
  },
  TEST_MS * 2,
);
