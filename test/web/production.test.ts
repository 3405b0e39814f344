/**
 * In a product that is labelled production every dialog that takes something away or moves something asks for a name
 * and a reason, and can't be confirmed without them. Gate U8.
 */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { membersProduct, PRODUCT } from "./support/members-fixture.ts";
import { goWithin, MEMBERS_PAGES } from "./support/members-scan.ts";
import { makeMovingProduct } from "./support/moving-product.ts";
import { settle, useStage } from "./support/stage.ts";
import type { ProductFixture } from "./support/typical-product.ts";

const TEST_MS = 180_000;
const stage = useStage();

function inProduction(product: ProductFixture): ProductFixture {
  product.values["product"] = { ...(product.values["product"] as object), label: "production" };
  return product;
}

/** What is wrong with the question of the open dialog; undefined: nothing, or it asks nothing. */
async function faultOf(page: Page): Promise<string | undefined> {
  const dialog = page.locator("dialog[open]");
  await dialog.waitFor();
  await settle(page);
  const confirm = dialog.locator("button.button-danger");
  if ((await confirm.count()) === 0) {
    return undefined;
  }
  const asks = await dialog.getByLabel(/^Type .* to confirm$/).count();
  const isOff = (await confirm.getAttribute("aria-disabled")) === "true";
  return asks === 1 && isOff ? undefined : `${await confirm.textContent()}: asks ${asks}, ${isOff}`;
}

test(
  "groups, servers, proxies, sentinels and users",
  async () => {
    const products = [inProduction(membersProduct())];
    await stage.withPage(`${PRODUCT}/groups`, { products }, async ({ page }) => {
      const found: string[] = [];
      let asked = 0;
      for (const [path, dialogs] of Object.values(MEMBERS_PAGES).flat()) {
        for (const each of dialogs) {
          await goWithin(page, stage, `${path}?do=${each}`);
          const fault = await faultOf(page);
          asked += await page.locator("dialog[open] button.button-danger").count();
          found.push(...(fault === undefined ? [] : [`${path}?do=${each}: ${fault}`]));
        }
      }
      expect(found).toEqual([]);
      expect(asked).toBeGreaterThan(12);
    });
  },
  TEST_MS,
);

test(
  "slots by force, also those that no group has, and the start of a plan",
  async () => {
    const moving = makeMovingProduct("shop");
    moving.answers["POST plans"]?.({ strategy: "slots" }, new URL("http://127.0.0.1/"));
    const products = [inProduction(moving)];
    await stage.withPage("shop/slots?slots=1000-1010", { products }, async ({ page }) => {
      for (const name of ["Assign by force…", "Take offline…"]) {
        await page.getByRole("button", { name }).click();
        expect(await faultOf(page)).toBeUndefined();
        expect(await page.getByLabel(/^Type .* to confirm$/).count()).toBe(1);
        await page.keyboard.press("Escape");
        await page.waitForSelector("dialog[open]", { state: "detached" });
      }
      await page.goto(stage.server.url("shop/plans/p-3-1"));
      await page.getByRole("button", { name: "Start…" }).click();
      await page.getByLabel("Type p-3-1 to confirm").waitFor();
      const start = page.getByRole("button", { name: "Move 64 slots" });
      expect(await start.getAttribute("aria-disabled")).toBe("true");
    });
  },
  TEST_MS,
);
