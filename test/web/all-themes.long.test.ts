/**
 * Gates A1 and A6 to the letter: every address of the console in each theme and language, with axe, and its targets;
 * the tests of the screens look at some of these in short form, dialogs open too. Takes minutes, so it is a long one.
 */
import { expect, test } from "bun:test";
import { axeProblems, smallTargets } from "./support/browser.ts";
import { membersProduct, PRODUCT } from "./support/members-fixture.ts";
import { MEMBERS_PAGES } from "./support/members-scan.ts";
import { makeMovingProduct } from "./support/moving-product.ts";
import { brokenProduct, smallProduct } from "./support/sized-products.ts";
import { useStage } from "./support/stage.ts";

const TEST_MS = 600_000;
const THEMES = ["light", "dark", "contrast"] as const;
const LANGUAGES = ["en", "zh"] as const;
const MOVING = ["slots", "slots?slots=20-40", "rebalance", "plans/p-3-1", "operations/op-7"];
const BROKEN = ["", "topology", "topology?view=table", "operations", "performance", "alerts"];
const PATHS = [
  ...["", "settings", "help", "nothing/here", "small", "sign-in?setup=secret"],
  ...MOVING.map((path) => `shop/${path}`),
  ...BROKEN.map((path) => `broken/${path}`),
  ...Object.values(MEMBERS_PAGES).flatMap((pages) => pages.map(([path]) => `${PRODUCT}/${path}`)),
];
const stage = useStage();

for (const theme of THEMES) {
  for (const language of LANGUAGES) {
    test(
      `axe finds nothing anywhere, and no small target, ${theme} and ${language}`,
      async () => {
        const moving = makeMovingProduct("shop");
        moving.answers["POST plans"]?.({ strategy: "count" }, new URL("http://fixture/"));
        const products = [moving, brokenProduct(), smallProduct(), membersProduct()];
        await stage.withPage("settings", { theme, language, products }, async ({ page }) => {
          const found: string[] = [];
          for (const path of PATHS) {
            await stage.goTo(page, path);
            const problems = [...(await axeProblems(page)), ...(await smallTargets(page))];
            found.push(...problems.map((each) => `${path}: ${each}`));
          }
          expect(found).toEqual([]);
        });
      },
      TEST_MS,
    );
  }
}
