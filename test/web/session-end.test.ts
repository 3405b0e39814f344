/**
 * The end of a session in the console of a real dashboard: who was in the middle of a form signs in again over it and
 * goes on with what was typed; who did nothing is told too, and comes back to the same address; who takes over as
 * somebody else finds nothing of what another typed. Sign-in by token, whose session ends with the token.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Locator, Page } from "playwright-core";
import { buildWeb } from "../../scripts/build-web.ts";
import { V1Client } from "../../src/api/v1-client.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { axeProblems, launchBrowser, openPage, type TestPage } from "./support/browser.ts";

const TEST_MS = 180_000;
/** A stream is looked at every 15 s: whoever does nothing is told then. */
const TOLD_MS = 60_000;
const PRODUCT = "shop";
const ADDR = "10.0.0.7:6379";
const PASSWORD = "correct horse";
const NEXT = "battery staple";

const folder = memoryFolder();
let browser: Browser;
let dashboard: RunningDashboard;
let admin: V1Client;

beforeAll(async () => {
  await buildWeb();
  browser = await launchBrowser();
  const coordinator = { name: "filesystem", addr: folder.join("store") } as const;
  dashboard = await startDashboard({ coordinator, product: PRODUCT });
  const user = { name: "root", role: "admin", token: { name: "tests" } } as const;
  const { secret } = await dashboard.v1.createUser(user);
  admin = new V1Client({ addr: dashboard.addr, token: secret ?? "" });
  await admin.createUser({ name: "ann", role: "operator", password: PASSWORD });
  await admin.createUser({ name: "vera", role: "viewer", password: PASSWORD });
}, TEST_MS);

afterAll(async () => {
  await browser?.close();
  await dashboard?.kill();
  folder.remove();
}, TEST_MS);

function urlOf(path: string): string {
  return `http://${dashboard.addr}/${path}`;
}

/** Into the form of the page, or of the dialog over it. */
async function signIn(within: Page | Locator, user: string, password: string): Promise<void> {
  await within.getByLabel("User", { exact: true }).fill(user);
  await within.getByRole("textbox", { name: "Password" }).fill(password);
  await within.getByRole("button", { name: "Sign in" }).click();
}

/** The dialog of a session that is over. */
function endOf(page: Page): Locator {
  return page.getByRole("dialog", { name: "Your session has ended" });
}

async function openAs(user: string, password: string, path: string): Promise<TestPage> {
  const shown = await openPage(browser, urlOf(path));
  await signIn(shown.page, user, password);
  await shown.page.waitForURL(urlOf(path));
  await shown.page.getByRole("button", { name: "Sign out" }).waitFor();
  return shown;
}

test(
  "in the middle of a form: what was typed is there after signing in again, and is sent",
  async () => {
    const shown = await openAs("ann", PASSWORD, `${PRODUCT}/groups`);
    const { page } = shown;
    await page.getByRole("button", { name: "Create group" }).click();
    const form = page.getByRole("dialog", { name: "Create group" });
    await form.getByLabel("Master, host:port").fill(ADDR);
    await form.getByLabel("Data centre").fill("east");
    await admin.updateUser("ann", { password: NEXT });
    const create = form.getByRole("button", { name: "Create group 1" });
    await create.click();
    const end = endOf(page);
    await end.waitFor();
    expect(await axeProblems(page)).toEqual([]);
    expect(page.url()).toBe(urlOf(`${PRODUCT}/groups?do=create`));

    await signIn(end, "ann", PASSWORD);
    await end.getByRole("alert").filter({ hasText: "user or password is wrong" }).waitFor();
    await signIn(end, "ann", NEXT);
    await end.waitFor({ state: "detached" });
    expect(await form.getByLabel("Master, host:port").inputValue()).toBe(ADDR);
    expect(await form.getByLabel("Data centre").inputValue()).toBe("east");
    // The focus is where it was.
    expect(await create.evaluate((button) => button === document.activeElement)).toBe(true);
    await create.click();
    // There is no such server; the group is made.
    await form.getByText("done").first().waitFor();
    expect((await admin.groups()).map(({ id }) => id)).toEqual([1]);
    await page.getByRole("link", { name: "Group 1", exact: true }).waitFor({ state: "attached" });
    expect(shown.errors).toEqual([]);
    await shown.close();
    await admin.updateUser("ann", { password: PASSWORD });
  },
  TEST_MS,
);

test(
  "whoever does nothing is told; leaving leads to the sign-in and back to the same address",
  async () => {
    const path = `${PRODUCT}/slots?mode=state`;
    const shown = await openAs("ann", PASSWORD, path);
    const { page } = shown;
    await admin.updateUser("ann", { password: NEXT });
    await endOf(page).waitFor({ timeout: TOLD_MS });
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await page.locator(".slot-grid").count()).toBe(0);
    await signIn(page, "ann", NEXT);
    await page.waitForURL(urlOf(path));
    await page.getByText("Live", { exact: true }).waitFor();
    expect(shown.errors).toEqual([]);
    await shown.close();
    await admin.updateUser("ann", { password: PASSWORD });
  },
  TEST_MS,
);

test(
  "a token signs in with its user's role; revoked, its session ends, and the next user finds nothing of the last",
  async () => {
    const { secret } = await admin.createToken("ann", { name: "laptop" });
    const shown = await openPage(browser, urlOf(`${PRODUCT}/groups`));
    const { page } = shown;
    await page.getByRole("tab", { name: "With a token" }).click();
    const token = page.getByRole("textbox", { name: "Token" });
    await token.fill("codis_wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "the token isn't known" }).waitFor();
    await token.fill(secret);
    await page.keyboard.press("Enter");
    await page.waitForURL(urlOf(`${PRODUCT}/groups`));
    await page.getByText("ann, operator").waitFor();
    await page.getByRole("button", { name: "Create group" }).click();
    const form = page.getByRole("dialog", { name: "Create group" });
    await form.getByLabel("Data centre").fill("of ann");

    await admin.revokeToken("ann", "laptop");
    const end = endOf(page);
    await end.waitFor({ timeout: TOLD_MS });
    await signIn(end, "vera", PASSWORD);
    await end.waitFor({ state: "detached" });
    await page.getByText("vera, viewer").waitFor();
    await form.waitFor();
    expect(await form.getByLabel("Data centre").inputValue()).toBe("");
    const create = form.getByRole("button", { name: /^Create group/ });
    expect(await create.getAttribute("aria-disabled")).toBe("true");
    expect(shown.errors).toEqual([]);
    await shown.close();
  },
  TEST_MS,
);
