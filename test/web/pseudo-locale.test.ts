/**
 * Every screen and dialog with texts that are two fifths longer than the English ones, in a window of a desk and in one
 * of a telephone: nothing is cut off, and nothing runs out of its box. Gate U1.
 */
import { expect, test } from "bun:test";
import { overflowOf } from "./support/browser.ts";
import { membersProduct, PRODUCT } from "./support/members-fixture.ts";
import { MEMBERS_PAGES } from "./support/members-scan.ts";
import { makeMovingProduct } from "./support/moving-product.ts";
import { clippedTexts, servePseudoLocale, stretch } from "./support/pseudo-locale.ts";
import { useStage, waitForText } from "./support/stage.ts";

const TEST_MS = 180_000;
const WIDTHS = [1280, 400] as const;
/** A word that only the longer texts have. */
const STRETCHED = /[áêïøü]/;
const stage = useStage();

/** Without anything of one product; then those of a product in which slots move. */
const OWN_PAGES = ["settings", "", "help", "nothing/here", "sign-in?setup=secret"];
const MOVING_PAGES = [
  "",
  "topology",
  "slots?slots=20-40",
  "rebalance",
  "plans/plan-1",
  "operations",
  "operations/op-7",
  "performance",
  "alerts",
].map((path) => `shop/${path}`);

/** Looks at pages of one product in both windows; what it finds, with where. */
async function findClipped(paths: readonly string[], isSignedOut = false): Promise<string[]> {
  const moving = makeMovingProduct("shop");
  moving.answers["POST plans"]?.({ strategy: "count" }, new URL("http://fixture/"));
  const products = [moving, membersProduct()];
  const found: string[] = [];
  await stage.withPage("settings", { products, isSignedOut }, async ({ page }) => {
    await servePseudoLocale(page);
    await page.goto(stage.server.url(isSignedOut ? "sign-in" : "settings"));
    await waitForText(page, "h1", STRETCHED);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      for (const path of paths) {
        await stage.goTo(page, path);
        const overflow = await overflowOf(page);
        found.push(
          ...(await clippedTexts(page)).map((each) => `${path} at ${width}: ${each}`),
          ...(overflow === 0 ? [] : [`${path} at ${width}: ${overflow} pixels too wide`]),
        );
      }
    }
  });
  return found;
}

test("texts become two fifths longer, and their parts stay", () => {
  const text = stretch("Move {count} slots with `codis slot move` to group {group}");
  expect(text).toContain("{count}");
  expect(text).toContain("`codis slot move`");
  expect(stretch("Copy as CLI").length).toBeGreaterThanOrEqual(
    Math.floor("Copy as CLI".length * 1.4),
  );
});

test("what clips is found", async () => {
  await stage.withPage("help", {}, async ({ page }) => {
    expect(await clippedTexts(page)).toEqual([]);
    await page.locator("h1").evaluate((heading) => {
      heading.style.cssText = "inline-size: 20px; overflow: hidden; white-space: nowrap";
    });
    expect((await clippedTexts(page)).length).toBeGreaterThan(0);
  });
});

for (const [name, paths] of [
  ["pages of the shell", OWN_PAGES],
  ["moving data", MOVING_PAGES],
] as const) {
  test(
    `nothing is clipped: ${name}`,
    async () => {
      expect(await findClipped(paths)).toEqual([]);
    },
    TEST_MS,
  );
}

test(
  "nothing is clipped: signing in",
  async () => {
    expect(await findClipped(["sign-in", "sign-in?with=token"], true)).toEqual([]);
  },
  TEST_MS,
);

for (const [name, pages] of Object.entries(MEMBERS_PAGES)) {
  test(
    `nothing is clipped: ${name}`,
    async () => {
      const paths = pages.flatMap(([path, dialogs]) => [
        path,
        ...dialogs.map((dialog) => `${path}?do=${dialog}`),
      ]);
      expect(await findClipped(paths.map((path) => `${PRODUCT}/${path}`))).toEqual([]);
    },
    TEST_MS,
  );
}
