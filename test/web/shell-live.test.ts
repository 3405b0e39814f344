/**
 * Live data in a real browser: what happens when it stops, when a proxy holds the stream back, and when the
 * stream breaks; and what screen readers are told. Gates U3, A11 and a part of U9.
 */
import { describe, expect, test } from "bun:test";
import { waitFor } from "../support/deadline.ts";
import { axeProblems } from "./support/browser.ts";
import { FIXTURE_PASSWORD, problem } from "./support/fixture-server.ts";
import { useStage, WAIT_MS, waitForText } from "./support/stage.ts";
import { makeProduct } from "./support/typical-product.ts";

const TEST_MS = 180_000;
const stage = useStage();
const { withPage } = stage;

describe("live data (U3)", () => {
  test(
    "a change is shown, silence is told within six seconds, and changes are off meanwhile",
    async () => {
      await withPage("demo/groups", {}, async ({ page }) => {
        await waitForText(page, ".header", "Live");
        stage.server.publish("demo", { product: { name: "demo", label: "staging" } });
        await waitForText(page, ".environment", "staging");
        stage.server.isFrozen = true;
        await page.waitForSelector("[data-stale]", { timeout: WAIT_MS });
        await waitForText(page, ".header", "Stale");
        expect(await page.locator("[data-needs=operator]").count()).toBeGreaterThan(0);
        const usable = await page
          .locator('[data-needs=operator]:not([aria-disabled="true"])')
          .count();
        expect(usable).toBe(0);
        expect(await axeProblems(page)).toEqual([]);
        stage.server.isFrozen = false;
        await page.waitForSelector("[data-stale]", { state: "detached", timeout: WAIT_MS });
        await waitForText(page, ".header", "Live");
      });
    },
    TEST_MS,
  );

  test(
    "behind a proxy that holds the stream back the page polls (U9)",
    async () => {
      await withPage("settings", {}, async ({ page }) => {
        stage.server.isBuffering = true;
        await page.goto(stage.server.url("demo/slots"));
        await waitForText(page, ".header", "Live, polling");
        stage.server.isBuffering = false;
        await waitFor("the stream again", WAIT_MS, async () =>
          (await page.locator(".header .badge").textContent())?.includes("polling") === false
            ? true
            : undefined,
        );
      });
    },
    TEST_MS,
  );

  test(
    "streams that break are opened again where they ended",
    async () => {
      await withPage("demo/slots", {}, async ({ page }) => {
        await waitForText(page, ".header", "Live");
        stage.server.breakStreams();
        const isResumed = () =>
          stage.server.requests.some((each) => each.headers["last-event-id"] === "3.1")
            ? true
            : undefined;
        await waitFor("a stream that goes on", WAIT_MS, isResumed);
        stage.server.publish("demo", { product: { name: "demo", label: "development" } });
        await waitForText(page, ".environment", "development");
      });
    },
    TEST_MS,
  );

  test(
    "a screen that can't be read, as the server doesn't answer, has its heading, says so, and comes when it can",
    async () => {
      await withPage("demo/groups", {}, async ({ page }) => {
        const { promise: isThawed, resolve: thaw } = Promise.withResolvers<void>();
        await page.route("**/assets/*.js", async (route) => {
          await isThawed;
          await route.continue();
        });
        await page.getByRole("link", { name: "Topology", exact: true }).click();
        const heading = page.getByRole("heading", { level: 1, name: "Topology" });
        await heading.waitFor();
        expect(await page.title()).toBe("Topology · demo · Codis");
        await page.waitForFunction(() => document.activeElement?.tagName === "H1");
        await page.getByRole("alert").filter({ hasText: "The server doesn't answer" }).waitFor();
        await page.getByRole("button", { name: "Try again" }).waitFor();
        expect(await axeProblems(page)).toEqual([]);
        thaw();
        await page.getByRole("button", { name: "View as table" }).waitFor();
        expect(await page.locator("main .problem").count()).toBe(0);
        await page.waitForFunction(() => document.activeElement?.tagName === "H1");
      });
    },
    TEST_MS,
  );

  test(
    "a product that knows the user no more is signed in to over its screen, while others do still (codis fe)",
    async () => {
      await withPage("demo/groups?filter=1", {}, async ({ page }) => {
        await waitForText(page, ".header", "Live");
        const ofDemo = "**/api/v1/products/demo/**";
        const forget = async (): Promise<void> => {
          const { status, body } = problem(401, "UNAUTHENTICATED", "the session has ended");
          await page.route(ofDemo, (route) => route.fulfill({ status, json: body }));
          stage.server.breakStreams();
        };
        await forget();
        const end = page.getByRole("dialog", { name: "Your session has ended" });
        await end.getByLabel("User", { exact: true }).fill("ann");
        await end.getByRole("textbox", { name: "Password" }).fill(FIXTURE_PASSWORD);
        await page.keyboard.press("Enter");
        await waitForText(page, "dialog .problem", "demo doesn't know this user");
        await page.unroute(ofDemo);
        await page.keyboard.press("Enter");
        await end.waitFor({ state: "detached" });
        await waitForText(page, ".header", "Live");
        stage.server.publish("demo", { product: { name: "demo", label: "staging" } });
        await waitForText(page, ".environment", "staging");

        await forget();
        await end.waitFor();
        await page.keyboard.press("Escape");
        await waitForText(page, ".notice", "demo doesn't know you yet");
        await page.unroute(ofDemo);
        await page.goto(stage.server.url("cache"));
        await waitForText(page, ".header", "Live");
      });
    },
    TEST_MS,
  );

  test(
    "a product that becomes critical is told at once, and once (A11)",
    async () => {
      const products = [makeProduct("shop")];
      await withPage("shop", { products }, async ({ page }) => {
        const alert = page.locator("#critical");
        expect(await alert.getAttribute("role")).toBe("alert");
        expect(await alert.textContent()).toBe("");
        await alert.evaluate((region) => {
          const said: string[] = [];
          Object.assign(globalThis, { said });
          const watch = new MutationObserver(() => said.push(region.textContent ?? ""));
          watch.observe(region, { childList: true, characterData: true, subtree: true });
        });
        const offline = (slots: number) => ({
          kind: "slots_offline",
          code: "CODIS-SLOTS-OFFLINE",
          is_critical: true,
          subject: `slots 0-${slots - 1}`,
          message: `${slots} slots without a group: the keys get errors`,
          since: "2026-11-27T08:00:00.000Z",
        });
        const health = (status: string, problems: readonly unknown[]) => ({
          ...{ epoch: 3, revision: 17, faults: [] },
          ...{ status, problems },
        });
        stage.server.publish("shop", { health: health("critical", [offline(3)]) });
        await page.waitForFunction(() => document.querySelector("#critical")?.textContent !== "");
        expect(await alert.textContent()).toBe(
          "shop is critical: 3 slots without a group: the keys get errors",
        );
        // Worse, but still the same alarm: nothing is said again.
        const two = [offline(5), { ...offline(5), subject: "slots 9-12" }];
        stage.server.publish("shop", { health: health("critical", two) });
        await waitForText(page, "main", "5 slots without a group");
        stage.server.publish("shop", { health: health("ok", []) });
        await page.waitForFunction(() => document.querySelector("#critical")?.textContent === "");
        const said = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
        expect(said.filter((text) => text !== "")).toHaveLength(1);
      });
    },
    TEST_MS,
  );

  test(
    "there is one live region, and it says no more than once a second (A11)",
    async () => {
      await withPage("help", {}, async ({ page }) => {
        await page.evaluate(() => {
          const said: number[] = [];
          Object.assign(globalThis, { said });
          const region = document.querySelector("#announcements") ?? document.body;
          new MutationObserver(() => said.push(performance.now())).observe(region, {
            childList: true,
            characterData: true,
            subtree: true,
          });
        });
        await page.keyboard.press("Control+k");
        await page.waitForSelector("[role=combobox]");
        await page.keyboard.type("language", { delay: 150 });
        const times = await waitFor("two announcements", WAIT_MS, async () => {
          const said = await page.evaluate(
            () => (globalThis as unknown as { said: number[] }).said,
          );
          return said.length >= 2 ? said : undefined;
        });
        const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
        // Timers of a browser come a little early.
        expect(gaps.filter((gap) => gap < 950)).toEqual([]);
        expect(await page.locator("[aria-live], [role=status], [role=log]").count()).toBe(1);
      });
    },
    TEST_MS,
  );
});
