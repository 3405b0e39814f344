/**
 * The frame of the console in a real browser, against the fixture server under a sub-path: keys and focus,
 * stale data, errors of strangers, sessions, the calls of the API.
 */
import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { createOpenApi } from "../../src/api/openapi.ts";
import { V1_PATHS } from "../../src/api/v1-path.ts";
import { waitFor } from "../support/deadline.ts";
import { axeProblems, overflowOf, smallTargets } from "./support/browser.ts";
import { FIXTURE_PASSWORD, FIXTURE_SIGNED_OUT, problem } from "./support/fixture-server.ts";
import { useStage, WAIT_MS, waitForText } from "./support/stage.ts";
import { makeProduct } from "./support/typical-product.ts";

const TEST_MS = 180_000;
const stage = useStage();
const { withPage } = stage;

/** What has the focus, as `TAG text`. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    return `${element?.tagName} ${element?.getAttribute("aria-label") ?? element?.textContent ?? ""}`;
  });
}

async function waitForFocus(page: Page, wanted: RegExp): Promise<void> {
  await waitFor(`focus on ${wanted}`, WAIT_MS, async () =>
    wanted.test(await focused(page)) ? true : undefined,
  );
}

describe("keys and focus (A4, A5)", () => {
  test(
    "the skip link leads to the content, under a sub-path too",
    async () => {
      await withPage("settings", {}, async ({ page }) => {
        await page.keyboard.press("Tab");
        await waitForFocus(page, /^A Skip to content/);
        await page.keyboard.press("Enter");
        await waitForFocus(page, /^MAIN/);
        expect(page.url()).toBe(stage.server.url("settings"));
      });
    },
    TEST_MS,
  );

  test(
    "the palette opens with Ctrl+K, finds by words, goes there, and Esc gives the focus back",
    async () => {
      await withPage("demo/slots", {}, async ({ page }) => {
        await waitForText(page, ".header", "Live");
        const button = page.getByRole("button", { name: /Search and commands/ });
        await button.focus();
        await page.keyboard.press("Control+k");
        await waitForFocus(page, /^INPUT/);
        await page.keyboard.press("Escape");
        await waitForFocus(page, /^BUTTON Search and commands/);
        await page.keyboard.press("Control+k");
        await waitForFocus(page, /^INPUT/);
        await page.keyboard.type("audit");
        await page.keyboard.press("Enter");
        await page.waitForURL(stage.server.url("demo/audit"));
        await waitForFocus(page, /^H1/);
      });
    },
    TEST_MS,
  );

  test(
    "g and a letter go to a page, ? shows the keys, and both can be switched off",
    async () => {
      await withPage("demo/slots", {}, async ({ page }) => {
        await waitForText(page, ".header", "Live");
        await page.locator("h1").focus();
        await page.keyboard.press("g");
        await page.keyboard.press("l");
        await page.waitForURL(stage.server.url("demo/audit"));
        await page.goto(stage.server.url("settings"));
        await page.getByRole("checkbox", { name: "Single keys are shortcuts" }).uncheck();
        await page.locator("h1").focus();
        await page.keyboard.press("?");
        await page.keyboard.press("Control+k");
        await page.waitForSelector("[role=combobox]");
        expect(await page.locator("dialog").count()).toBe(1);
      });
    },
    TEST_MS,
  );

  test(
    "a tab stays inside an open dialog, and a change of the page takes the focus to its heading",
    async () => {
      await withPage("", {}, async ({ page }) => {
        await page.getByRole("link", { name: "Settings" }).click();
        await waitForFocus(page, /^H1 Settings/);
        await page.goBack();
        await waitForFocus(page, /^H1 Products/);
        await page.keyboard.press("Control+k");
        await page.waitForSelector("[role=combobox]");
        for (let index = 0; index < 6; index += 1) {
          await page.keyboard.press("Tab");
          // Chromium lets the focus go to its own bar after the last one; then it is on the body.
          const isInside = await page.evaluate(() => {
            const element = document.activeElement;
            return element === document.body || element?.closest("dialog") !== null;
          });
          expect(isInside).toBe(true);
        }
      });
    },
    TEST_MS,
  );
});

describe("help", () => {
  test(
    "the calls of a product's API can be looked through, in Chinese too",
    async () => {
      const product = makeProduct("shop");
      product.answers["GET openapi.json"] = () => ({ status: 200, body: createOpenApi() });
      const options = { products: [product], language: "zh" } as const;
      await withPage("help", options, async ({ page }) => {
        await page.getByRole("link", { name: "调用列表" }).click();
        await page.waitForURL(stage.server.url("help?api=shop"));
        const rows = page.locator("main tbody tr");
        await rows.first().waitFor();
        expect(await rows.count()).toBe(Object.keys(V1_PATHS).length);
        await page.getByRole("searchbox").fill("operations/{id}/pause");
        await waitFor("one call", WAIT_MS, async () => (await rows.count()) === 1 || undefined);
        expect(await rows.textContent()).toContain("/api/v1/operations/{id}/pause");
        expect(await rows.textContent()).toContain("operator");
        expect([...(await axeProblems(page)), ...(await smallTargets(page))]).toEqual([]);
        await page.setViewportSize({ width: 400, height: 800 });
        expect(await overflowOf(page)).toBe(0);
      });
    },
    TEST_MS,
  );

  test(
    "an API that can't be read is told",
    async () => {
      await withPage("help?api=demo", {}, async ({ page }) => {
        await waitForText(page, ".problem", "req-42");
      });
    },
    TEST_MS,
  );
});

describe("errors (U7)", () => {
  test(
    "an error page of a stranger is shown as text, with the id of the request, and runs nothing",
    async () => {
      await withPage("settings", {}, async ({ page }) => {
        const evil =
          '<html><img src="x" onerror="window.isBroken = true"><b>Bad gateway</b></html>';
        await page.route("**/api/v1/products", (route) =>
          route.fulfill({
            status: 502,
            contentType: "text/html",
            headers: { "x-request-id": "req-7" },
            body: evil,
          }),
        );
        await page.goto(stage.server.url());
        await waitForText(page, ".problem", "Bad gateway");
        await waitForText(page, ".problem", "req-7");
        expect(await page.locator("main img, main b").count()).toBe(0);
        expect(await page.evaluate(() => "isBroken" in globalThis)).toBe(false);
        await page.unroute("**/api/v1/products");
        await page.getByRole("button", { name: "Try again" }).click();
        await waitForText(page, ".product-card", "demo");
      });
    },
    TEST_MS,
  );

  test(
    "a problem of the API is shown with its words",
    async () => {
      await withPage("settings", {}, async ({ page }) => {
        const { status, body } = problem(503, "NOT_LEADER", "another dashboard <b>leads</b>");
        await page.route("**/api/v1/products", (route) =>
          route.fulfill({ status, json: body, headers: { "x-request-id": "req-42" } }),
        );
        await page.goto(stage.server.url());
        await waitForText(page, ".problem", "another dashboard <b>leads</b>");
        await waitForText(page, ".problem", "NOT_LEADER");
        await waitForText(page, ".problem", "req-42");
      });
    },
    TEST_MS,
  );
});

describe("sessions", () => {
  test(
    "signing in leads back to the page that was asked for, and signing out ends it",
    async () => {
      await withPage("demo/audit?filter=x", { isSignedOut: true }, async ({ page }) => {
        await page.getByLabel("User", { exact: true }).fill("ann");
        await page.getByRole("textbox", { name: "Password" }).fill("wrong");
        await page.keyboard.press("Enter");
        await waitForText(page, ".problem", "user or password is wrong");
        await page.getByRole("textbox", { name: "Password" }).fill(FIXTURE_PASSWORD);
        await page.keyboard.press("Enter");
        await page.waitForURL(stage.server.url("demo/audit?filter=x"));
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.waitForURL(/\/sign-in\?next=/);
        const last = stage.server.requests.findLast((each) => each.method === "DELETE");
        expect(last?.headers["x-codis-csrf"]).toBe("csrf-of-the-fixture");
      });
    },
    TEST_MS,
  );

  test(
    "what the browser fills in by itself is sent, though no script was told of it",
    async () => {
      await withPage("sign-in", { isSignedOut: true }, async ({ page }) => {
        const button = page.locator("main form button[type=submit]");
        expect(await button.getAttribute("aria-disabled")).toBeNull();
        await button.click();
        await waitForText(page, ".field-error", "Type the name");
        await waitForFocus(page, /^INPUT/);
        const filled = { username: "ann", password: FIXTURE_PASSWORD };
        for (const [name, value] of Object.entries(filled)) {
          const field = page.locator(`main input[name="${name}"]`);
          expect(await field.getAttribute("autocomplete")).toMatch(/^(username|current-password)$/);
          await field.evaluate((input, text) => {
            (input as HTMLInputElement).value = text;
          }, value);
        }
        await button.click();
        await waitForText(page, "h1", "Products");
      });
    },
    TEST_MS,
  );

  test(
    "a session that the server doesn't know any more is told, and leads to the sign-in",
    async () => {
      await withPage("", {}, async ({ page }) => {
        await waitForText(page, ".product-card", "demo");
        stage.server.setSession(FIXTURE_SIGNED_OUT);
        await page.getByRole("dialog", { name: "Your session has ended" }).waitFor();
        await page.keyboard.press("Escape");
        await page.waitForURL(/\/sign-in/, { timeout: WAIT_MS });
      });
    },
    TEST_MS,
  );

  test(
    "the set-up link makes the first user, once both passwords are the same",
    async () => {
      await withPage("sign-in?setup=secret-1", { isSignedOut: true }, async ({ page }) => {
        await waitForText(page, "h1", "Make the first user");
        await page.getByLabel("User", { exact: true }).fill("ann");
        await page.getByLabel("Password", { exact: true }).fill(FIXTURE_PASSWORD);
        await page.getByLabel("Password again").fill("other");
        await waitForText(page, ".field-error", "differ");
        expect(await axeProblems(page)).toEqual([]);
        await page.getByLabel("Password again").fill(FIXTURE_PASSWORD);
        await page.keyboard.press("Enter");
        await waitForText(page, "h1", "Products");
        const sent = stage.server.requests.find((each) => each.method === "POST");
        expect(sent?.body).toEqual({ setup: "secret-1", user: "ann", password: FIXTURE_PASSWORD });
      });
    },
    TEST_MS,
  );

  test(
    "language and theme act at once and are kept",
    async () => {
      await withPage("settings", {}, async ({ page }) => {
        await page.getByRole("radio", { name: "简体中文" }).check();
        await waitForText(page, "h1", "设置");
        await page.getByRole("radio", { name: "深色" }).check();
        await page.reload();
        await waitForText(page, "h1", "设置");
        expect(await page.getAttribute("html", "data-theme")).toBe("dark");
        expect(await page.title()).toContain("设置");
      });
    },
    TEST_MS,
  );
});
