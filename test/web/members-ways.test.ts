/**
 * Ways through the screens of groups and servers, in a browser: from a plan that has drained a group to its removal;
 * what a server says of its data; and that a dialog gives its change as a line for a shell, which is the call that it
 * makes.
 */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import type { V1LiveGroup } from "../../src/api/v1-live-schema.ts";
import { axeProblems, overflowOf, smallTargets } from "./support/browser.ts";
import { membersProduct, PRODUCT, REPLICA } from "./support/members-fixture.ts";
import { makeMovingProduct, makeOperation, summaryOf } from "./support/moving-product.ts";
import { useStage, WAIT_MS, waitForText } from "./support/stage.ts";

const TEST_MS = 180_000;
const stage = useStage();

/** A product whose group 1 was drained by `op-9`; removals change it as a dashboard does. */
function drainedProduct() {
  const product = makeMovingProduct("shop");
  const operation = makeOperation("op-9", { strategy: "drain", state: "done" });
  product.values["operation:op-9"] = summaryOf(operation);
  product.answers["GET operations/op-9"] = () => ({ status: 200, body: operation });
  const group = product.values["group:1"] as V1LiveGroup;
  const empty: V1LiveGroup = { ...group, slots: { ...group.slots, count: 0, ranges: [] } };
  product.values["group:1"] = empty;
  const [master, replica] = empty.servers.map(({ addr }) => addr);
  const removed = (name: string, value: unknown) => () => {
    stage.server.publish("shop", { [name]: value });
    return { status: 200, body: {} };
  };
  const servers = empty.servers.slice(0, 1);
  product.answers[`DELETE groups/1/servers/${replica}`] = removed("group:1", { ...empty, servers });
  const none = { ...empty, servers: [] };
  product.answers[`DELETE groups/1/servers/${master}`] = removed("group:1", none);
  product.answers["DELETE groups/1"] = removed("group:1", null);
  return { product, addrs: [replica, master] };
}

/** Confirms the open dialog, which may ask for a name and a reason. */
async function confirm(page: Page, name: string): Promise<void> {
  const dialog = page.locator("dialog[open]");
  await dialog.waitFor();
  const field = dialog.getByLabel(`Type ${name} to confirm`);
  if ((await field.count()) > 0) {
    await field.fill(name);
    await dialog.getByLabel(/^Why/).fill("the machine goes");
  }
  await dialog.locator("button[type=submit]").click();
  await dialog.waitFor({ state: "detached", timeout: WAIT_MS });
}

test(
  "a drained group is led out of the product, step by step",
  async () => {
    const { product, addrs } = drainedProduct();
    await stage.withPage("shop/operations/op-9", { products: [product] }, async ({ page }) => {
      await waitForText(page, ".card", "Group 1 has no slots any more");
      await page.getByRole("link", { name: "Go on to group 1" }).click();
      await page.waitForURL(stage.server.url("shop/groups/1"));
      const card = page.locator(".card", { hasText: "Take it out of the product" });
      for (const addr of addrs) {
        await waitForText(page, ".leave-steps [aria-current=step]", addr ?? "");
        await waitForText(page, ".copy-line code", `codis server remove ${addr}`);
        expect([...(await axeProblems(page)), ...(await smallTargets(page))]).toEqual([]);
        await card.getByRole("button", { name: `Remove ${addr}` }).click();
        await confirm(page, addr ?? "");
      }
      await waitForText(page, ".copy-line code", "codis group remove 1");
      await page.setViewportSize({ width: 400, height: 800 });
      expect(await overflowOf(page)).toBe(0);
      await card.getByRole("button", { name: "Remove group 1" }).click();
      await confirm(page, "group-1");
      await page.waitForURL(stage.server.url("shop/groups"));
      await page.goto(stage.server.url("shop/operations/op-9"));
      await waitForText(page, "h2", "History");
      // There is nothing left to lead to.
      expect(await page.getByText("has no slots any more").count()).toBe(0);
    });
  },
  TEST_MS,
);

test(
  "a server says whether its data is saved, and how its memory is used",
  async () => {
    const options = { products: [membersProduct()] };
    await stage.withPage(`${PRODUCT}/groups/1?server=${REPLICA}`, options, async ({ page }) => {
      await waitForText(page, ".facts dt", "Last save (RDB)");
      const fact = async (name: string): Promise<string | null> =>
        page.locator(".facts > div", { hasText: name }).locator("dd").textContent();
      expect(await fact("Last save (RDB)")).toMatch(/failed.* writes since: 4,711$/);
      expect(await fact("Append-only file (AOF)")).toContain("on");
      expect(await fact("Fragmentation")).toMatch(/high 1\.60 · 300 MiB$/);
      expect(await fact("Keys evicted")).toBe("1,234 · allkeys-lru");
      expect(await fact("Hits since its start")).toBe("90 % of 10,000 reads");
      expect(await fact("Keys that expire")).toBe("250");
      expect(await page.locator(".facts .tone-bad", { hasText: "failed" }).count()).toBe(1);
      expect(await page.locator(".facts .tone-warn", { hasText: "high" }).count()).toBe(1);
    });
  },
  TEST_MS,
);

test(
  "a dialog gives its change as a line for a shell; one with a password doesn't",
  async () => {
    const options = {
      products: [membersProduct()],
      context: { permissions: ["clipboard-read", "clipboard-write"] },
    };
    const path = `${PRODUCT}/groups/1?do=promote:${REPLICA}`;
    await stage.withPage(path, options, async ({ page }) => {
      await page.getByRole("button", { name: "Copy as curl" }).click();
      await waitForText(page, "dialog .copy-line button", "Copied");
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      const api = `ops/codis/api/v1/products/${PRODUCT}/groups/1/servers/${REPLICA}/promotion`;
      expect(copied).toMatch(/^curl -X POST -H "Authorization: Bearer \$CODIS_TOKEN" '/);
      expect(decodeURIComponent(copied)).toEndWith(`/${api}'`);
      await page.locator("dialog button[type=submit]:not([aria-disabled])").click();
      await page.waitForSelector("dialog[open]", { state: "detached" });
      const sent = stage.server.requests.filter(({ method }) => method === "POST");
      expect(sent.map((each) => decodeURIComponent(each.path))).toEqual([`/${api}`]);

      await stage.goTo(page, `${PRODUCT}/groups/1?do=add-server`);
      const curl = page.getByRole("button", { name: "Copy as curl" });
      // There is no such call before it is known what is added.
      expect(await curl.count()).toBe(0);
      await page.getByLabel("Address").fill("10.0.1.9:6379");
      await curl.click();
      await waitForText(page, "dialog .copy-line button", "Copied");
      const added = await page.evaluate(() => navigator.clipboard.readText());
      expect(added).toContain(`-H 'Content-Type: application/json' -d '{"addr":"10.0.1.9:6379",`);

      await stage.goTo(page, `${PRODUCT}/users?do=password:grafana`);
      await page.locator("dialog").getByRole("button", { name: "Copy as CLI" }).waitFor();
      expect(await curl.count()).toBe(0);
    });
  },
  TEST_MS,
);
