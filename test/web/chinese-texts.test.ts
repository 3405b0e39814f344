/**
 * Every screen and dialog in Chinese: no English sentence in it that isn't marked as English (`lang="en"`), and texts
 * of the server are in Chinese where they have a code. Command lines, addresses and names are of no language. Gate U1.
 */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { membersProduct, PRODUCT } from "./support/members-fixture.ts";
import { MEMBERS_PAGES } from "./support/members-scan.ts";
import { makeMovingProduct } from "./support/moving-product.ts";
import { brokenProduct } from "./support/sized-products.ts";
import { useStage, waitForText } from "./support/stage.ts";

const TEST_MS = 180_000;
const stage = useStage();

/** Without anything of one product; then those of a product in which slots move, and of one with everything wrong. */
const OWN_PAGES = ["settings", "", "help", "nothing/here"];
const MOVING_PAGES = ["slots?slots=20-40", "plans/p-3-1", "rebalance", "operations/op-7"];
const BROKEN_PAGES = ["", "topology", "topology?view=table", "operations", "performance", "alerts"];
const PAGES = [
  ...OWN_PAGES,
  ...MOVING_PAGES.map((path) => `shop/${path}`),
  ...BROKEN_PAGES.map((path) => `broken/${path}`),
];

/** Texts of the page with three English words in a row, outside of what is English by its kind or by its mark. */
function englishTexts(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const ownKinds =
      "code, pre, .code, .copy-line, script, noscript, style, kbd, [lang=en]:not(html)";
    const sentence = /[A-Za-z']{2,}[,;:]? [A-Za-z']{1,}[,;:]? [A-Za-z']{2,}/;
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = nodes.nextNode(); node !== null; node = nodes.nextNode()) {
      const text = (node.textContent ?? "").replace(/\bcodis [\w -]+/g, "");
      if (sentence.test(text) && node.parentElement?.closest(ownKinds) === null) {
        found.push(text.trim());
      }
    }
    for (const element of document.querySelectorAll("[aria-label], [title], [placeholder]")) {
      for (const name of ["aria-label", "title", "placeholder"]) {
        const text = element.getAttribute(name) ?? "";
        if (sentence.test(text) && element.closest(ownKinds) === null) {
          found.push(`${name}: ${text}`);
        }
      }
    }
    return found;
  });
}

async function findEnglish(page: Page, paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) {
    await stage.goTo(page, path);
    found.push(...(await englishTexts(page)).map((text) => `${path}: ${text}`));
  }
  return found;
}

test(
  "what is English is found",
  async () => {
    await stage.withPage("help", { language: "en" }, async ({ page }) => {
      expect((await englishTexts(page)).length).toBeGreaterThan(0);
    });
  },
  TEST_MS,
);

test(
  "no English sentence on the screens of moving slots, checks and the shell",
  async () => {
    const moving = makeMovingProduct("shop");
    moving.answers["POST plans"]?.({ strategy: "count" }, new URL("http://fixture/"));
    const products = [moving, brokenProduct()];
    await stage.withPage("settings", { language: "zh", products }, async ({ page }) => {
      expect(await findEnglish(page, PAGES)).toEqual([]);
    });
  },
  TEST_MS,
);

test(
  "no English sentence on the screens of proxies, groups, availability, audit and users",
  async () => {
    const paths = Object.values(MEMBERS_PAGES)
      .flat()
      .flatMap(([path, dialogs]) => [path, ...dialogs.map((each) => `${path}?do=${each}`)])
      .map((path) => `${PRODUCT}/${path}`);
    await stage.withPage(
      `${PRODUCT}/proxies`,
      { language: "zh", products: [membersProduct()] },
      async ({ page }) => {
        expect(await findEnglish(page, paths)).toEqual([]);
      },
    );
  },
  TEST_MS,
);

test(
  "texts of the server are in Chinese, what has no code is English and says so",
  async () => {
    const products = [brokenProduct()];
    await stage.withPage("broken/alerts", { language: "zh", products }, async ({ page }) => {
      await waitForText(page, "main", "24 个槽位没有所属组");
      await waitForText(page, "main", "在有人处理之前一直等待：服务器 10.0.4.1:6379 未连接");
      const unsaid = page.locator('main [lang="en"]', { hasText: "a majority says" });
      expect(await unsaid.count()).toBe(1);
      await stage.goTo(page, "broken/ha");
      await waitForText(page, "main", "开启：主节点 10000 毫秒没有响应且多数代理一致时将被替换");
      await stage.goTo(page, "broken/ha/3-1");
      await waitForText(page, "main", "被选中：数据最多，偏移量 7654321");
    });
  },
  TEST_MS,
);
