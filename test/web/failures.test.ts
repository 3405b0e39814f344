/**
 * Every screen when what it reads is answered by an error page of a stranger: the page says so with the id of the
 * request, shows it as text and runs nothing of it. Gate U7.
 */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { waitFor } from "../support/deadline.ts";
import { membersProduct, PRODUCT, REPLICA } from "./support/members-fixture.ts";
import { useStage, WAIT_MS } from "./support/stage.ts";

const TEST_MS = 180_000;
const EVIL = '<html><img src="x" onerror="window.isBroken = true"><b>Bad gateway</b></html>';
/** What pages of one product read besides the live document. */
const PATHS = [
  "",
  "slots?mode=keys",
  "plans/p-3-1",
  "plans/p-3-2?was=p-3-1",
  "operations",
  "operations/op-7",
  `groups/1?do=promote:${REPLICA}`,
  `groups/1?server=${REPLICA}`,
  "groups/1",
  "groups?do=repair",
  "proxies",
  "ha",
  "ha/3-1",
  "performance",
  "audit",
  "users",
  "users/grafana",
];
const stage = useStage();

/** Answers all that is read of the product but what the frame needs; gives what was asked for, by the request's id. */
async function breakReads(page: Page): Promise<Map<string, string>> {
  const broken = new Map<string, string>();
  let last = 0;
  await page.route(`**/api/v1/products/${PRODUCT}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (/\/(stream|live|me)$/.test(pathname)) {
      await route.fallback();
      return;
    }
    last += 1;
    const id = `req-${last}`;
    broken.set(id, pathname);
    const headers = { "x-request-id": id };
    await route.fulfill({ status: 502, contentType: "text/html", headers, body: EVIL });
  });
  return broken;
}

/** Paths that were answered wrongly and aren't told of. */
async function untold(page: Page, broken: ReadonlyMap<string, string>): Promise<string[]> {
  const text = (await page.locator(".problem-ids").allTextContents()).join(" ");
  const told = new Set((text.match(/req-\d+/g) ?? []).map((id) => broken.get(id)));
  return [...new Set(broken.values())].filter((path) => !told.has(path));
}

test(
  "what can't be read is told on every screen, with the id of the request, and runs nothing",
  async () => {
    await stage.withPage("settings", { products: [membersProduct()] }, async ({ page }) => {
      const broken = await breakReads(page);
      for (const path of PATHS) {
        broken.clear();
        await page.goto(stage.server.url(`${PRODUCT}/${path}`));
        await page.waitForSelector(".shell main h1");
        await waitFor(`all is told at ${path}`, WAIT_MS, async () => {
          const isTold = broken.size > 0 && (await untold(page, broken)).length === 0;
          return isTold || undefined;
        });
        const strange = await page.locator("main img, main b, dialog img, dialog b").count();
        expect([path, strange]).toEqual([path, 0]);
        await page.getByText("Bad gateway").first().waitFor();
      }
      expect(await page.evaluate(() => "isBroken" in globalThis)).toBe(false);
    });
  },
  TEST_MS * 2,
);
