/**
 * Two operators at a time, each with a browser, at a real dashboard: what one does is told to the other, who is in the
 * middle of something, and nothing is overwritten that wasn't shown.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Locator, Page } from "playwright-core";
import { buildWeb } from "../../scripts/build-web.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { launchBrowser, openPage, type TestPage } from "./support/browser.ts";

const TEST_MS = 180_000;
const PRODUCT = "shared";
const WHY = "two at a time";
const OTHER = "Somebody changed these slots meanwhile";

const folder = memoryFolder();
const servers: RedisServer[] = [];
let dashboard: RunningDashboard;
let browser: Browser;

beforeAll(async () => {
  await buildWeb();
  const coordinator = { name: "filesystem", addr: folder.path } as const;
  dashboard = await startDashboard({ coordinator, product: PRODUCT });
  for (let id = 1; id <= 3; id += 1) {
    const server = await startRedis();
    servers.push(server);
    await dashboard.v1.createGroup(id);
    await dashboard.v1.addServer(id, { addr: server.addr });
  }
  await dashboard.v1.assignSlots({ assignments: [{ from: 0, to: 1023, group_id: 1 }] });
  browser = await launchBrowser();
}, TEST_MS);

afterAll(async () => {
  await browser?.close();
  await dashboard?.kill();
  for (const server of servers) {
    await server.stop();
  }
  folder.remove();
}, TEST_MS);

function open(path: string): Promise<TestPage> {
  return openPage(browser, `http://${dashboard.addr}/${PRODUCT}/${path}`);
}

/** Opens the question and waits until it says what would change. */
async function askToAssign(page: Page, group: string): Promise<Locator> {
  await page.getByRole("button", { name: "Assign by force…" }).click();
  const dialog = page.getByRole("dialog", { name: /by force/ });
  await dialog.getByRole("combobox", { name: "To group" }).selectOption(group);
  await dialog.locator(".assign-changes li").first().waitFor();
  return dialog;
}

async function confirm(dialog: Locator, slots: string): Promise<void> {
  await dialog.getByLabel(`Type ${slots} to confirm`).fill(slots);
  await dialog.getByLabel("Why (for the audit log)").fill(WHY);
  await dialog.getByRole("button", { name: /^Assign/ }).click();
}

async function ownerOf(slot: number): Promise<number> {
  return (await dashboard.v1.slot(slot)).group_id;
}

test(
  "slots that somebody else assigns meanwhile are told, and the list of changes is that of now",
  async () => {
    const [first, second] = [await open("slots?slots=1-3"), await open("slots?slots=2")];
    const question = await askToAssign(first.page, "2");
    expect(await question.locator(".assign-changes li").allTextContents()).toEqual([
      "1-3: Group 1 → Group 2",
    ]);
    const other = await askToAssign(second.page, "3");
    await confirm(other, "2");
    await other.waitFor({ state: "detached" });
    expect(await ownerOf(2)).toBe(3);

    await question.getByText(OTHER).waitFor();
    expect(await question.locator(".assign-changes li").allTextContents()).toEqual([
      "1: Group 1 → Group 2",
      "2: Group 3 → Group 2",
      "3: Group 1 → Group 2",
    ]);
    expect(await ownerOf(2)).toBe(3);
    // Who has read it may go on.
    await confirm(question, "1-3");
    await question.waitFor({ state: "detached" });
    expect(await ownerOf(2)).toBe(2);
    for (const shown of [first, second]) {
      expect(shown.errors).toEqual([]);
      await shown.close();
    }
  },
  TEST_MS,
);

test(
  "what changes after the button was pressed isn't overwritten: what would change now is told instead",
  async () => {
    const shown = await open("slots?slots=11-13");
    const { page } = shown;
    const question = await askToAssign(page, "2");
    let sent = 0;
    await page.route("**/slots", async (route) => {
      const body = route.request().postDataJSON() as { readonly dry_run?: boolean };
      if (body.dry_run !== true) {
        sent += 1;
        await dashboard.v1.assignSlots({ assignments: [{ from: 12, to: 12, group_id: 3 }] });
      }
      await route.continue();
    });
    await confirm(question, "11-13");
    await question.getByRole("alert").filter({ hasText: OTHER }).waitFor();
    expect(sent).toBe(1);
    expect([await ownerOf(11), await ownerOf(12), await ownerOf(13)]).toEqual([1, 3, 1]);
    await question.getByText("12: Group 3 → Group 2").waitFor();
    expect(shown.errors).toEqual([]);
    await shown.close();
  },
  TEST_MS,
);

test(
  "a group that somebody else removes takes its question away, and the focus goes to the heading",
  async () => {
    await dashboard.v1.createGroup(8);
    const shown = await open("groups/8");
    const { page } = shown;
    await page.getByRole("button", { name: "Remove group", exact: true }).click();
    await page.getByRole("dialog").waitFor();
    await dashboard.v1.removeGroup(8);
    await page.getByText("There is no group 8.").waitFor();
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.waitForFunction(() => document.activeElement?.tagName === "H1");
    expect(shown.errors).toEqual([]);
    await shown.close();
  },
  TEST_MS,
);
