/**
 * What the palette offers to do with groups, servers, proxies and sentinels: each entry opens the dialog that the
 * button of the page opens, in both languages; who may not change anything isn't offered it.
 */
import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { smallTargets } from "./support/browser.ts";
import { GONE_TOKEN, MASTER, membersProduct, PRODUCT, REPLICA } from "./support/members-fixture.ts";
import { useStage, WAIT_MS, waitForText } from "./support/stage.ts";

const TEST_MS = 180_000;
const stage = useStage();

/** What is typed, the only entry that fits, where it leads, and a word of the dialog's heading. */
const ENTRIES: readonly (readonly [text: string, title: string, path: string, heading: string])[] =
  [
    ["add server group 1", "Add server: Group 1", "groups/1?do=add-server", "group 1"],
    ["re-publish group 2", "Re-publish group: Group 2", "groups/2?do=resync", "group 2"],
    ["repair group 2", "Repair: Group 2", "groups/2?do=repair", "group 2"],
    [`promote ${REPLICA}`, `Promote: ${REPLICA}`, `groups/1?do=promote:${REPLICA}`, REPLICA],
    [`sync ${REPLICA}`, `Sync: ${REPLICA}`, `groups/1?do=sync:${REPLICA}`, REPLICA],
    [`remove ${REPLICA}`, `Remove: ${REPLICA}`, `groups/1?do=remove-server:${REPLICA}`, REPLICA],
    ["allow for all", "Replica reads: Allow for all", "groups?do=reads-all-on", "all replicas"],
    [`gone ${GONE_TOKEN}`, "It is gone: Proxy ", `proxies/${GONE_TOKEN}?do=gone`, "gone"],
    [`re-send ${GONE_TOKEN}`, "Re-send slot table: Proxy ", `proxies/${GONE_TOKEN}?do=resend`, ""],
    [
      "remove 10.0.9.1:26379",
      "Remove sentinel 10.0.9.1:26379",
      "ha?do=remove-sentinel:10.0.9.1:26379",
      "10.0.9.1:26379",
    ],
  ];

async function openPalette(page: Page, text: string): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.locator("[role=combobox]").fill(text);
}

async function optionsOf(page: Page): Promise<readonly string[]> {
  return page.locator("[role=option]").allTextContents();
}

describe("the palette", () => {
  test(
    "opens the dialog of what is done with a group, a server, a proxy or a sentinel",
    async () => {
      await stage.withPage(
        `${PRODUCT}/slots`,
        { products: [membersProduct()] },
        async ({ page }) => {
          await waitForText(page, ".header", "Live");
          for (const [text, title, path, heading] of ENTRIES) {
            await openPalette(page, text);
            await waitForText(page, "[role=option]", title);
            const [only, ...more] = await optionsOf(page);
            expect([text, only?.startsWith(title), more]).toEqual([text, true, []]);
            await page.keyboard.press("Enter");
            await page.waitForURL((url) =>
              decodeURIComponent(url.href).endsWith(`${PRODUCT}/${path}`),
            );
            await waitForText(page, "dialog[open] h2", heading);
            await page.keyboard.press("Escape");
            await page.locator("dialog[open]").waitFor({ state: "detached", timeout: WAIT_MS });
          }
        },
      );
    },
    TEST_MS,
  );

  test(
    "leads to the plan that empties a group, and finds by English words in Chinese",
    async () => {
      const options = { products: [membersProduct()], language: "zh" } as const;
      await stage.withPage(`${PRODUCT}/slots`, options, async ({ page }) => {
        await openPalette(page, `promote ${REPLICA}`);
        await waitForText(page, "[role=option]", `提升为主：${REPLICA}`);
        expect(await smallTargets(page)).toEqual([]);
        await page.locator("[role=combobox]").fill("drain group 3");
        await waitForText(page, "[role=option]", "迁出槽位：组 3");
        await page.keyboard.press("Enter");
        await page.waitForURL(/\/rebalance\?.*drain=3/);
      });
    },
    TEST_MS,
  );

  test(
    "offers nothing that can't be done: the master of a group with slots stays, and so does the group",
    async () => {
      await stage.withPage(
        `${PRODUCT}/slots`,
        { products: [membersProduct()] },
        async ({ page }) => {
          await waitForText(page, ".header", "Live");
          for (const text of [
            `promote ${MASTER}`,
            `remove ${MASTER}`,
            "remove-group",
            "gone 10.0",
          ]) {
            await openPalette(page, text);
            const found = (await optionsOf(page)).filter((each) => !each.includes("Proxy"));
            expect([text, found]).toEqual([text, []]);
            await page.keyboard.press("Escape");
          }
        },
      );
    },
    TEST_MS,
  );

  test(
    "offers a viewer no change",
    async () => {
      await stage.withPage("settings", { products: [membersProduct()] }, async ({ page }) => {
        stage.server.setSession({ role: "viewer" });
        await page.goto(stage.server.url(`${PRODUCT}/slots`));
        await waitForText(page, ".header", "Live");
        await openPalette(page, REPLICA);
        // The server itself can be looked at.
        await waitForText(page, "[role=option]", REPLICA);
        expect(await optionsOf(page)).toEqual([`${REPLICA}Server`]);
        await page.locator("[role=combobox]").fill("add server");
        await waitForText(page, "dialog", "Nothing fits.");
      });
    },
    TEST_MS,
  );
});
