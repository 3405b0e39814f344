/**
 * From a product without anything to one that serves, as somebody does it who has never seen the console: the overview
 * says what is left, and its links lead to where that is done. At the end a client reads through the proxy what it
 * wrote. With a real dashboard, a real Redis server and a real proxy.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Locator, Page } from "playwright-core";
import { buildWeb } from "../../scripts/build-web.ts";
import { encodeCommand } from "../../src/resp/encode.ts";
import { waitFor } from "../support/deadline.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "../support/waiting-proxy.ts";
import { axeProblems, launchBrowser, openPage, overflowOf } from "./support/browser.ts";

const TEST_MS = 300_000;
const WAIT_MS = 60_000;
/** Each slot is written to the disk some times, and a disk may be slow. */
const MOVE_MS = 120_000;
const PRODUCT = "fresh";
const NARROW = { width: 400, height: 800 } as const;

const folder = memoryFolder();
let server: RedisServer;
let proxy: WaitingProxy;
let dashboard: RunningDashboard;
let browser: Browser;

beforeAll(async () => {
  await buildWeb();
  server = await startRedis();
  proxy = await startWaitingProxy(PRODUCT);
  dashboard = await startDashboard({
    coordinator: { name: "filesystem", addr: folder.path },
    product: PRODUCT,
    // What is ordered is refused when the lease runs out, and the machine may stand still.
    config: { leader_lease: "30s" },
  });
  browser = await launchBrowser();
}, TEST_MS);

afterAll(async () => {
  await browser?.close();
  await dashboard?.kill();
  await proxy?.kill();
  await server?.stop();
  folder.remove();
}, TEST_MS);

function stepsOf(page: Page): Locator {
  return page.locator(".card", { hasText: "Before clients can be served" });
}

/** Goes to the overview and waits until so many steps are done there. */
async function backTo(page: Page, done: number): Promise<void> {
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await waitFor(`${done} steps done`, WAIT_MS, async () => {
    const count = await stepsOf(page).locator("li", { hasText: "done" }).count();
    return count === done || undefined;
  });
}

test(
  "what is left is said on the overview, and each step can be done from there",
  async () => {
    const shown = await openPage(browser, `http://${dashboard.addr}/${PRODUCT}`);
    const { page } = shown;
    page.setDefaultTimeout(WAIT_MS);
    const steps = stepsOf(page);
    expect(await steps.locator("li", { hasText: "to do" }).count()).toBe(3);
    await steps.getByText("codis group create 1 && codis server add 1 HOST:PORT").waitFor();
    expect(await axeProblems(page)).toEqual([]);
    await page.setViewportSize(NARROW);
    expect(await overflowOf(page)).toBe(0);
    await page.setViewportSize({ width: 1280, height: 800 });
    // Without a group there is nothing to spread, and the page says where to begin.
    await steps.getByRole("link", { name: "Give it the slots" }).click();
    await page.getByText("This product has no groups yet.").waitFor();
    await page.getByRole("link", { name: "Go to groups" }).waitFor();
    await backTo(page, 0);

    await steps.getByRole("link", { name: "Create a group with a server" }).click();
    await page.getByLabel("Master, host:port").fill(server.addr);
    await page.getByRole("button", { name: "Create group 1" }).click();
    await page.getByText("Group 1 is ready").first().waitFor();
    await page.getByRole("button", { name: "Close" }).last().click();
    await backTo(page, 1);

    await steps.getByText("codis rebalance --fill").waitFor();
    await steps.getByRole("link", { name: "Give it the slots" }).click();
    expect(await page.getByRole("radio", { name: /Fill offline slots/ }).isChecked()).toBe(true);
    await page.getByRole("button", { name: "Make the plan" }).click();
    await page.getByRole("heading", { name: /^Plan p-/ }).waitFor();
    await page.getByRole("button", { name: "Start…" }).click();
    await page.getByRole("button", { name: "Move 1,024 slots" }).click();
    await page.getByRole("heading", { name: /^Operation op-/ }).waitFor();
    await waitFor("1024 slots at group 1", MOVE_MS, async () => {
      const [group] = await dashboard.v1.groups();
      return group?.slots.count === 1024 || undefined;
    });
    await backTo(page, 2);

    await steps.getByRole("link", { name: "Add a proxy" }).click();
    const dialog = page.getByRole("dialog", { name: "Add proxy" });
    await dialog.getByLabel("Admin address, host:port").fill(proxy.adminAddr);
    await dialog.getByRole("button", { name: "Add proxy" }).click();
    await page
      .getByText(/is online\.$/)
      .first()
      .waitFor();
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    await page.getByText("Serving all keys").waitFor();
    expect(await steps.count()).toBe(0);

    const client = await proxy.connect();
    client.write(encodeCommand(["SET", "first", "key"]));
    expect((await client.next("reply to SET")).toString()).toBe("+OK\r\n");
    client.write(encodeCommand(["GET", "first"]));
    expect((await client.next("reply to GET")).toString()).toBe("$3\r\nkey\r\n");
    client.destroy();
    expect(shown.errors).toEqual([]);
    await shown.close();
  },
  TEST_MS,
);
