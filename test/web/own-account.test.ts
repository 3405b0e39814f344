/**
 * What users do about themselves in the console of a real dashboard, in a product that is labelled production: change
 * the own password under Settings, after which the old one is refused and the other sessions are over; and say why they
 * do something dangerous, which the audit log has as it was typed (U8).
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { buildWeb } from "../../scripts/build-web.ts";
import type { V1AuditEntry } from "../../src/api/v1-access-schema.ts";
import { V1Client } from "../../src/api/v1-client.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { launchBrowser, openPage, type TestPage, waitForScreen } from "./support/browser.ts";

const TEST_MS = 180_000;
const PRODUCT = "shop";
const OLD = "correct horse";
const NEXT = "battery staple";
const BOBS = "quiet as a mouse";
const WHY = `the "old" rack is gone; 机架已撤`;
const LIMIT = 100;

const folder = memoryFolder();
let browser: Browser;
let dashboard: RunningDashboard;
let admin: V1Client;

beforeAll(async () => {
  await buildWeb();
  browser = await launchBrowser();
  const coordinator = { name: "filesystem", addr: folder.join("store") } as const;
  const config = { product_label: "production" } as const;
  dashboard = await startDashboard({ coordinator, product: PRODUCT, config });
  const user = { name: "ann", role: "admin", password: OLD } as const;
  const { secret } = await dashboard.v1.createUser({ ...user, token: { name: "tests" } });
  admin = new V1Client({ addr: dashboard.addr, token: secret ?? "" });
  await admin.createUser({ name: "bob", role: "operator", password: BOBS });
  await admin.createGroup(7);
}, TEST_MS);

afterAll(async () => {
  await browser?.close();
  await dashboard?.kill();
  folder.remove();
}, TEST_MS);

function urlOf(path: string): string {
  return `http://${dashboard.addr}/${path}`;
}

/** Sends the form of the sign-in; whether it was let in is for the caller to wait for. */
async function fillIn(page: Page, user: string, password: string): Promise<void> {
  await page.getByLabel("User", { exact: true }).fill(user);
  await page.getByRole("textbox", { name: "Password" }).first().fill(password);
  await page.keyboard.press("Enter");
}

/** A page with a session of its own, at the groups. */
async function openAs(user: string, password: string): Promise<TestPage> {
  const shown = await openPage(browser, urlOf(`${PRODUCT}/groups`));
  await fillIn(shown.page, user, password);
  await shown.page.waitForURL(urlOf(`${PRODUCT}/groups`));
  await waitForScreen(shown.page);
  return shown;
}

async function entriesOf(operation: string): Promise<readonly V1AuditEntry[]> {
  const { items } = await admin.audit({ limit: LIMIT });
  return items.filter((entry) => entry.operation === operation);
}

test(
  "another password: the old one is refused, other sessions end, and the audit log tells who and never what",
  async () => {
    const other = await openAs("ann", OLD);
    const own = await openAs("ann", OLD);
    const { page } = own;
    await page.goto(urlOf("settings"));
    const form = page.locator("form.own-password");
    const change = form.getByRole("button", { name: "Change password" });
    await form.getByLabel("Present password").fill("not mine at all");
    await form.getByLabel("Password", { exact: true }).fill(NEXT);
    await form.getByLabel("Password again").fill(NEXT);
    await change.click();
    // A wrong one changes nothing, and what was typed stays.
    await form.getByRole("alert").waitFor();
    expect(await form.getByLabel("Password", { exact: true }).inputValue()).toBe(NEXT);

    await form.getByLabel("Present password").fill(OLD);
    await change.click();
    await page.getByText("The password of ann is changed.").first().waitFor();
    expect(await form.getByLabel("Present password").inputValue()).toBe("");
    // This session stays.
    await page.goto(urlOf(`${PRODUCT}/groups`));
    await page.getByRole("link", { name: "Group 7", exact: true }).waitFor();
    await other.page.reload();
    await other.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await fillIn(other.page, "ann", OLD);
    await other.page.getByRole("alert").waitFor();
    await fillIn(other.page, "ann", NEXT);
    await other.page.getByRole("link", { name: "Group 7", exact: true }).waitFor();

    const found = await entriesOf("setOwnPassword");
    expect(found.map(({ state }) => state).sort()).toEqual(["done", "failed"]);
    expect(new Set(found.map(({ who }) => who))).toEqual(new Set(["ann/@session"]));
    const { items } = await admin.audit({ limit: LIMIT });
    for (const secret of [OLD, NEXT, "not mine at all"]) {
      expect(JSON.stringify(items)).not.toContain(secret);
    }
    for (const shown of [own, other]) {
      expect(shown.errors).toEqual([]);
      await shown.close();
    }
  },
  TEST_MS,
);

test(
  "a dangerous action waits for the name and a reason; the command line has it, and so has the audit log",
  async () => {
    await admin.createGroup(8);
    const shown = await openAs("bob", BOBS);
    const { page } = shown;
    await page.goto(urlOf(`${PRODUCT}/groups/8`));
    await page.getByRole("button", { name: "Remove group", exact: true }).click();
    const dialog = page.locator("dialog[open]");
    const remove = dialog.getByRole("button", { name: "Remove group 8" });
    await dialog.getByLabel("Type group-8 to confirm").fill("group-8");
    expect(await remove.getAttribute("aria-disabled")).toBe("true");
    await dialog.getByLabel("Why (for the audit log)").fill(WHY);
    expect(await dialog.locator("code").allTextContents()).toContain(
      `codis group remove 8 --reason '${WHY}'`,
    );
    await remove.click();
    await page.getByText("Group 8 is removed.").first().waitFor();

    const [entry] = await entriesOf("removeGroup");
    expect(entry).toMatchObject({
      who: "bob/@session",
      state: "done",
      reason: WHY,
      arguments: { gid: 8 },
    });
    expect((await admin.groups()).map(({ id }) => id)).toEqual([7]);
    // People find it in the console, too.
    await page.goto(urlOf(`${PRODUCT}/audit?change=${entry?.seq}`));
    await dialog.getByText(WHY).waitFor();
    expect(shown.errors).toEqual([]);
    await shown.close();
  },
  TEST_MS,
);
