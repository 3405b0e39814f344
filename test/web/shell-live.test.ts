/**
 * Live data in a real browser: what happens when it stops, when a proxy holds the stream back, and when the
 * stream breaks; and what screen readers are told. Gates U3, A11 and a part of U9.
 */
import { describe, expect, test } from "bun:test";
import { waitFor } from "../support/deadline.ts";
import { axeProblems } from "./support/browser.ts";
import { useStage, WAIT_MS, waitForText } from "./support/stage.ts";

const TEST_MS = 60_000;
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
