/**
 * A viewer who presses every button of every screen that can be pressed, whatever it is marked as: nothing is sent that
 * would change the product. Gate U2.
 */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { waitForScreen } from "./support/browser.ts";
import { GONE_TOKEN, membersProduct, PRODUCT, REPLICA } from "./support/members-fixture.ts";
import { makeMovingProduct } from "./support/moving-product.ts";
import { settle, useStage } from "./support/stage.ts";

const TEST_MS = 180_000;
const PATHS = [
  "shop",
  "shop/topology",
  "shop/slots?slots=20-40",
  "shop/rebalance",
  "shop/plans/p-3-1",
  "shop/operations",
  "shop/operations/op-7",
  ...[
    "proxies",
    `proxies/${GONE_TOKEN}`,
    "groups",
    "groups/1",
    `groups/1?server=${REPLICA}`,
    "groups/2",
    "ha",
    "ha/3-1",
    "alerts",
    "audit",
    "users",
  ].map((path) => `${PRODUCT}/${path}`),
];
/** A repair asks what it would do first; that is a question. */
const QUESTIONS: ReadonlySet<string> = new Set(["POST replication/repair"]);
const stage = useStage();

/** Presses the first button that can be pressed and wasn't yet; its words, undefined when there is none left. */
function pressNext(page: Page, pressed: readonly string[]): Promise<string | undefined> {
  return page.evaluate((done) => {
    const all = document.querySelectorAll<HTMLElement>("main button, dialog button");
    for (const each of all) {
      const name = each.getAttribute("aria-label") ?? each.textContent ?? "";
      if (each.getAttribute("aria-disabled") !== "true" && !done.includes(name)) {
        each.click();
        return name;
      }
    }
    return undefined;
  }, pressed);
}

test(
  "presses all that can be pressed, and nothing is changed",
  async () => {
    const moving = makeMovingProduct("shop");
    moving.answers["POST plans"]?.({ strategy: "slots" }, new URL("http://127.0.0.1/"));
    const products = [moving, membersProduct()];
    await stage.withPage("settings", { products }, async ({ page }) => {
      stage.server.setSession({ role: "viewer" });
      await page.reload();
      await waitForScreen(page);
      const pressed: string[] = [];
      for (const path of PATHS) {
        for (;;) {
          await stage.goTo(page, path);
          const before = pressed.length;
          for (;;) {
            const name = await pressNext(page, pressed);
            if (name === undefined) {
              break;
            }
            pressed.push(name);
            await settle(page);
          }
          if (pressed.length === before) {
            break;
          }
        }
      }
      const changes = stage.server.requests
        .filter(({ method }) => method !== "GET")
        .map(({ method, path }) => `${method} ${path.replace(/.*\/products\/[^/]+\//, "")}`);
      expect(changes.filter((each) => !QUESTIONS.has(each))).toEqual([]);
      expect(pressed.length).toBeGreaterThan(40);
    });
  },
  TEST_MS,
);
