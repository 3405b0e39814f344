/**
 * Accessibility of the shell and its own screens in a real browser, in every theme and language: gates A1, A2,
 * A3, A6, A8, A9 and A12.
 */
import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { untilCaught } from "../support/caught-moment.ts";
import {
  axeProblems,
  headProblems,
  overflowOf,
  smallTargets,
  waitForScreen,
} from "./support/browser.ts";
import { membersProduct, PRODUCT } from "./support/members-fixture.ts";
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
              const problems = [
                ...(await axeProblems(page)),
                ...(await smallTargets(page)),
                ...(await headProblems(page)),
              ];
              found.push(...problems.map((each) => `${path}: ${each}`));
            }
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
    "palette and list of keys have no problem either (A3)",
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
    "nor have messages, while they are there (A3)",
    async () => {
      const products = [membersProduct()];
      await withPage(`${PRODUCT}/audit`, { products }, async ({ page }) => {
        await page.getByText("60 of 60 changes").waitFor();
        // Again, when the machine was so slow that the message went before the end.
        await untilCaught("a message", TEST_MS / 2, async () => {
          await page.getByRole("button", { name: "Export CSV" }).click();
          await page.locator(".toast").first().waitFor();
          expect([...(await axeProblems(page)), ...(await smallTargets(page))]).toEqual([]);
          return (await page.locator(".toast").count()) > 0;
        });
      });
    },
    TEST_MS,
  );

  test(
    "nothing is wider than the window from 400 pixels to a wall",
    async () => {
      await withPage("settings", {}, async ({ page }) => {
        for (const width of [400, 640, 768, 1024, 1280, 3840]) {
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
      const products = [membersProduct()];
      await withPage("settings", { context, products }, async ({ page }) => {
        const border = await page
          .locator(".card")
          .first()
          .evaluate((card) => getComputedStyle(card).borderTopWidth);
        expect(border).not.toBe("0px");
        // What moves are signs that something is being read; here they stay.
        await page.route(`**/products/${PRODUCT}/audit*`, () => undefined);
        await page.goto(stage.server.url(`${PRODUCT}/audit`));
        await page.locator("main .skeleton").first().waitFor();
        expect(await movingOn(page)).toEqual([]);
        await page.emulateMedia({ reducedMotion: "no-preference" });
        expect((await movingOn(page)).length).toBeGreaterThan(0);
      });
    },
    TEST_MS,
  );
});

/** Elements with an animation or a transition, and their parts before and after. */
function movingOn(page: Page): Promise<readonly string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("*")].flatMap((each) =>
      [undefined, "::before", "::after"].flatMap((part) => {
        const { animationDuration, transitionDuration } = getComputedStyle(each, part);
        const isMoving = /[1-9]/.test(`${animationDuration} ${transitionDuration}`);
        return isMoving ? [`${each.tagName}.${each.className}${part ?? ""}`] : [];
      }),
    ),
  );
}
