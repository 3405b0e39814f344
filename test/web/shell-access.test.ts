/**
 * Accessibility of the shell and its own screens in a real browser, in every theme and language: gates A1, A2,
 * A3, A6, A8, A9 and A12.
 */
import { describe, expect, test } from "bun:test";
import { axeProblems, overflowOf, smallTargets, waitForScreen } from "./support/browser.ts";
import { useStage, waitForText } from "./support/stage.ts";

const TEST_MS = 180_000;
const THEMES = ["light", "dark", "contrast"] as const;
const LANGUAGES = ["en", "zh"] as const;
const stage = useStage();
const { withPage } = stage;

describe("accessibility (A1, A2, A6, A9, A12)", () => {
  for (const theme of THEMES) {
    for (const language of LANGUAGES) {
      test(
        `${theme}, ${language}: the shell's screens`,
        async () => {
          const found: string[] = [];
          await withPage("settings", { theme, language }, async ({ page }) => {
            for (const path of ["settings", "", "help", "nothing/here"]) {
              if (page.url() !== stage.server.url(path)) {
                await page.goto(stage.server.url(path));
                await waitForScreen(page);
              }
              const problems = [...(await axeProblems(page)), ...(await smallTargets(page))];
              found.push(...problems.map((each) => `${path}: ${each}`));
              expect(await page.title()).toContain((await page.locator("h1").textContent()) ?? "?");
            }
            expect(await page.getAttribute("html", "lang")).toBe(
              language === "zh" ? "zh-CN" : "en",
            );
          });
          await withPage("sign-in", { theme, language, isSignedOut: true }, async ({ page }) => {
            found.push(...(await axeProblems(page)), ...(await smallTargets(page)));
          });
          expect(found).toEqual([]);
        },
        TEST_MS,
      );
    }
  }

  test(
    "palette, list of keys and messages have no problem either (A3)",
    async () => {
      await withPage("demo/slots", {}, async ({ page }) => {
        await waitForText(page, ".header", "Live");
        await page.keyboard.press("Control+k");
        await page.waitForSelector("[role=combobox]");
        expect(await axeProblems(page)).toEqual([]);
        await page.keyboard.press("Escape");
        await page.locator("h1").focus();
        await page.keyboard.press("?");
        await waitForText(page, "dialog h2", "Keys");
        expect(await axeProblems(page)).toEqual([]);
      });
    },
    TEST_MS,
  );

  test(
    "nothing is wider than the window from 400 pixels to a wall",
    async () => {
      await withPage("settings", {}, async ({ page }) => {
        for (const width of [400, 768, 1024, 1280, 3840]) {
          await page.setViewportSize({ width, height: 900 });
          for (const path of ["", "settings", "help"]) {
            await page.goto(stage.server.url(path));
            await waitForScreen(page);
            expect([path, width, await overflowOf(page)]).toEqual([path, width, 0]);
          }
        }
      });
    },
    TEST_MS,
  );

  test(
    "nothing moves for people who asked for that, and forced colours leave borders (A8)",
    async () => {
      const context = { reducedMotion: "reduce", forcedColors: "active" } as const;
      await withPage("settings", { context }, async ({ page }) => {
        const moving = await page.evaluate(
          () =>
            [...document.querySelectorAll("*")].filter((each) => {
              const style = getComputedStyle(each);
              return /[1-9]/.test(`${style.animationDuration} ${style.transitionDuration}`);
            }).length,
        );
        expect(moving).toBe(0);
        const border = await page
          .locator(".card")
          .first()
          .evaluate((card) => getComputedStyle(card).borderTopWidth);
        expect(border).not.toBe("0px");
      });
    },
    TEST_MS,
  );
});
