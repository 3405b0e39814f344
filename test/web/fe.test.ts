/**
 * The console of a real `codis fe` over two real dashboards, with users of their own: what the list says, signing in to
 * one product and then to the other, live data through fe and after a dashboard was killed, and what a viewer finds (a
 * part of gate U2). Then the first admin, made with the link that `codis up` prints.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { buildWeb } from "../../scripts/build-web.ts";
import type { V1NewUser } from "../../src/api/v1-access-schema.ts";
import { V1Client } from "../../src/api/v1-client.ts";
import { untilCaught } from "../support/caught-moment.ts";
import { type CodisProgram, startCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { endClusters, newClusterDir, startUp } from "../support/local-cluster.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { launchBrowser, openPage, type TestPage } from "./support/browser.ts";
import { waitForText } from "./support/stage.ts";

const TEST_MS = 300_000;
/** A lease of the tests' dashboards, a look of fe, and time to spare. */
const TAKEOVER_MS = 60_000;
/** Of one try to sign in: it has failed when the machine stood still while dashboards were asked. */
const TRY_MS = 20_000;
const PASSWORDS = { alice: "correct horse", bob: "battery staple", vera: "only looking" } as const;
type User = keyof typeof PASSWORDS;

/** Pages of a product that a viewer may open. */
const ROUTES = [
  "",
  "topology",
  "slots?slots=1-2",
  "rebalance",
  "operations",
  "proxies",
  "groups",
  "groups/7",
  "ha",
  "performance",
  "alerts",
  "audit",
  "users",
];

const folder = memoryFolder();
const coordinator = { name: "filesystem", addr: folder.join("store") } as const;
let browser: Browser;
let shop: RunningDashboard;
let mail: RunningDashboard;
let fe: CodisProgram;
let address: string;
/** Calls `shop` past fe. */
let shopAdmin: V1Client;

beforeAll(async () => {
  await buildWeb();
  browser = await launchBrowser();
  [shop, mail] = await Promise.all([
    startDashboard({ coordinator, product: "shop", config: { product_label: "production" } }),
    startDashboard({ coordinator, product: "mail" }),
  ]);
  const { secret } = await shop.v1.createUser({
    ...userOf("alice", "admin"),
    token: { name: "tests" },
  });
  shopAdmin = new V1Client({ addr: shop.addr, token: secret ?? "" });
  await shopAdmin.createUser(userOf("vera", "viewer"));
  await shopAdmin.createGroup(7);
  await mail.v1.createUser(userOf("bob", "admin"));
  const listen = `127.0.0.1:${await freePort()}`;
  fe = startCodis([
    "fe",
    `--listen=${listen}`,
    `--filesystem=${coordinator.addr}`,
    "--base-path=/ops/",
  ]);
  await fe.sees(/"event":"fe.started"/);
  address = `http://${listen}/ops/`;
  await waitFor("the list", TAKEOVER_MS, async () => {
    const { ok } = await fetch(new URL("readyz", `http://${listen}/`));
    return ok || undefined;
  });
}, TEST_MS);

afterAll(async () => {
  await browser?.close();
  fe?.signal("SIGKILL");
  await Promise.all([fe?.ended(), shop?.kill(), mail?.kill()]);
  await endClusters();
  folder.remove();
}, TEST_MS);

function userOf(name: User, role: V1NewUser["role"]): V1NewUser {
  return { name, role, password: PASSWORDS[name] };
}

/** Fills in the form that is on the page. */
async function fillIn(page: Page, user: string, password: string): Promise<void> {
  await page.getByLabel("User", { exact: true }).fill(user);
  await page.getByRole("textbox", { name: "Password" }).first().fill(password);
  await page.keyboard.press("Enter");
}

/** Signs in until it leads to this address. */
async function signIn(page: Page, user: User, url: string): Promise<void> {
  await untilCaught(`${url} of ${user}`, TEST_MS / 2, async () => {
    await fillIn(page, user, PASSWORDS[user]);
    await page.waitForURL(url, { timeout: TRY_MS }).catch(() => undefined);
    return page.url() === url;
  });
}

/** Runs with a page that is signed in as a user, at a path below the base. */
async function withUser(
  user: User,
  path: string,
  run: (shown: TestPage) => Promise<void>,
): Promise<void> {
  const shown = await openPage(browser, `${address}${path}`);
  try {
    await signIn(shown.page, user, `${address}${path}`);
    await run(shown);
    expect(shown.errors).toEqual([]);
  } finally {
    await shown.close();
  }
}

async function waitForHeader(page: Page, text: string | RegExp): Promise<void> {
  await page.locator(".header").filter({ hasText: text }).waitFor({ timeout: TAKEOVER_MS });
}

/** Controls that change something and can be used, by their words. */
function usableChanges(page: Page): Promise<readonly string[]> {
  return page
    .locator('[data-needs]:not([data-needs="viewer"]):not([aria-disabled="true"]):not([disabled])')
    .allTextContents();
}

describe("two products with users of their own", () => {
  test(
    "one sign-in opens the product that knows the user; the other is signed in to besides",
    async () => {
      await withUser("alice", "", async ({ page }) => {
        const card = (name: string) => page.locator(".product-card").filter({ hasText: name });
        await card("shop").filter({ hasText: "production" }).waitFor();
        await card("mail").filter({ hasText: "sign-in needed" }).waitFor();
        await card("mail").getByRole("link").click();
        await waitForText(page, ".notice", "mail doesn't know you yet");
        const refusal = page.locator(".problem", { hasText: "mail doesn't know this user" });
        await untilCaught("the refusal", TEST_MS / 2, async () => {
          await fillIn(page, "alice", PASSWORDS.alice);
          await refusal.waitFor({ timeout: TRY_MS }).catch(() => undefined);
          return refusal.isVisible();
        });
        await signIn(page, "bob", `${address}mail`);
        await waitForHeader(page, "Live");
        await waitForHeader(page, "bob, alice, admin");
        await page.goto(address);
        await card("shop").filter({ hasText: "Ops/s" }).waitFor();
        await card("mail").filter({ hasText: "Ops/s" }).waitFor();
      });
    },
    TEST_MS,
  );

  test(
    "live data comes through fe, and goes on after the dashboard was killed and started again",
    async () => {
      await withUser("alice", "shop/groups", async ({ page }) => {
        await waitForHeader(page, /Live(?!, polling)/);
        await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
        await shopAdmin.createGroup(1);
        await waitForText(page, ".group-cards", /Group 1/i);
        expect((await usableChanges(page)).length).toBeGreaterThan(0);
        const { port } = new URL(`http://${shop.addr}`);
        await shop.kill();
        await waitForHeader(page, "Stale");
        expect(await usableChanges(page)).toEqual([]);
        const config = { product_label: "production" };
        shop = await startDashboard({ coordinator, product: "shop", config, port: Number(port) });
        await waitForHeader(page, "Live");
        await shopAdmin.createGroup(2);
        await waitForText(page, ".group-cards", /Group 2/i);
        await waitForHeader(page, /Live(?!, polling)/);
        expect((await usableChanges(page)).length).toBeGreaterThan(0);
        expect(await page.evaluate(() => "isSamePage" in globalThis)).toBe(true);
      });
    },
    TEST_MS,
  );

  test(
    "a viewer finds nothing that changes anything, on any page (U2)",
    async () => {
      await withUser("vera", "", async ({ page }) => {
        const found: string[] = [];
        let closed = 0;
        for (const path of ROUTES) {
          const told = page.waitForResponse(/\/products\/shop\/me$/);
          await page.goto(`${address}shop/${path}`);
          expect((await told).status()).toBe(200);
          await waitForHeader(page, "Live");
          await page.waitForSelector("main h1");
          await page.waitForSelector('[aria-busy="true"]', { state: "detached" });
          closed += await page.locator('[data-needs][aria-disabled="true"]').count();
          found.push(...(await usableChanges(page)).map((text) => `${path}: ${text}`));
        }
        expect(found).toEqual([]);
        expect(closed).toBeGreaterThan(5);
      });
    },
    TEST_MS,
  );
});

describe("a cluster of codis up", () => {
  test(
    "its link makes the first admin, who is signed in then; it works once",
    async () => {
      const up = await startUp(newClusterDir(), "--port", String(await freePort()), "--groups=1");
      const [, link = ""] = await up.sees(/to make a first user for the console: (http\S+)/);
      const shown = await openPage(browser, link);
      const { page } = shown;
      await waitForText(page, "h1", "Make the first user");
      await page.getByLabel("User", { exact: true }).fill("ann");
      await page.getByLabel("Password", { exact: true }).fill(PASSWORDS.alice);
      await page.getByLabel("Password again").fill(PASSWORDS.alice);
      await page.keyboard.press("Enter");
      await waitForHeader(page, "ann, admin");
      await waitForHeader(page, "Live");
      expect(page.url()).toContain("/codis-local");
      await page.reload();
      await waitForHeader(page, "ann, admin");
      expect(shown.errors).toEqual([]);
      await shown.close();

      const late = await openPage(browser, link);
      await late.page.getByLabel("User", { exact: true }).fill("eve");
      await late.page.getByLabel("Password", { exact: true }).fill(PASSWORDS.bob);
      await late.page.getByLabel("Password again").fill(PASSWORDS.bob);
      await late.page.keyboard.press("Enter");
      await waitForText(late.page, ".problem", "isn't good any longer");
      await late.close();
    },
    TEST_MS,
  );
});
