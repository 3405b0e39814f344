/**
 * Pictures of every screen of the console, in both themes and both languages, from the fixture products:
 *
 *   bun scripts/console-screenshots.ts FOLDER [--only WORD] [--quick]
 *
 * `--only`: screens whose name holds the word. `--quick`: light in English and dark in Chinese only. The folder
 * gets a PNG for each, named `screen-theme-language.png`; it is made when it isn't there. It is the same moment in all
 * of them, so that pictures of two days can be compared (`console-compare.ts`).
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { createOpenApi } from "../src/api/openapi.ts";
import { type Choices, launchBrowser, openPage } from "../test/web/support/browser.ts";
import { FIXTURE_SIGNED_OUT, FixtureServer } from "../test/web/support/fixture-server.ts";
import { membersProduct, PRODUCT, REPLICA } from "../test/web/support/members-fixture.ts";
import { makeMovingProduct } from "../test/web/support/moving-product.ts";
import { lostCard } from "../test/web/support/product-card.ts";
import {
  brokenProduct,
  laggingProduct,
  largeProduct,
  smallProduct,
  typicalProduct,
} from "../test/web/support/sized-products.ts";
import { buildWeb, WEB_DIST } from "./build-web.ts";

const SETTLE_MS = 700;
/** When the pictures are taken, for pages and fixtures: some hours after what happened in these. */
const MOMENT_MS = Date.parse("2026-11-27T12:00:00.000Z");
const NARROW = { width: 400, height: 800 } as const;
const WIDE = { width: 1280, height: 800 } as const;

/** A picture: its name, and the path that it shows. */
interface Picture {
  readonly name: string;
  readonly path: string;
  readonly isSignedOut?: boolean;
  readonly isNarrow?: boolean;
}

const PICTURES: readonly Picture[] = [
  { name: "sign-in", path: "sign-in", isSignedOut: true },
  { name: "products", path: "" },
  { name: "settings", path: "settings" },
  { name: "help", path: "help" },
  ...screensOf("typical"),
  ...screensOf("broken"),
  { name: "large-overview", path: "large" },
  { name: "large-topology", path: "large/topology" },
  { name: "large-topology-table", path: "large/topology?view=table" },
  { name: "large-slots", path: "large/slots" },
  { name: "large-performance-command", path: "large/performance?by=command" },
  { name: "broken-topology-panel", path: "broken/topology?node=server:10.0.2.2:6379" },
  { name: "typical-performance-group", path: "typical/performance?by=group&range=24h" },
  { name: "small-overview", path: "small" },
  { name: "narrow-overview", path: "broken", isNarrow: true },
  { name: "narrow-topology", path: "broken/topology", isNarrow: true },
  { name: "narrow-performance", path: "typical/performance", isNarrow: true },
  { name: "moving-slots", path: "moving/slots" },
  { name: "typical-slots-keys", path: "typical/slots?mode=keys" },
  { name: "moving-operation", path: "moving/operations/op-7" },
  { name: "moving-operations", path: "moving/operations" },
  { name: "moving-rebalance", path: "moving/rebalance" },
  { name: "moving-plan", path: "moving/plans/p-3-1" },
  { name: "narrow-plan", path: "moving/plans/p-3-1", isNarrow: true },
  { name: "help-api", path: `help?api=${PRODUCT}` },
  { name: "members-story", path: `${PRODUCT}/ha/3-1` },
  { name: "members-user", path: `${PRODUCT}/users/grafana` },
  { name: "members-audit-entry", path: `${PRODUCT}/audit?change=7` },
  { name: "members-server", path: `${PRODUCT}/groups/1?server=${REPLICA}` },
  { name: "narrow-server", path: `${PRODUCT}/groups/1?server=${REPLICA}`, isNarrow: true },
];

function screensOf(product: string): readonly Picture[] {
  const names = ["overview", "topology", "slots", "groups", "proxies", "rebalance", "operations"];
  const more = ["ha", "performance", "alerts", "audit", "users"];
  const screens = [...names, ...more].map((name) => ({
    name: `${product}-${name}`,
    path: name === "overview" ? product : `${product}/${name}`,
  }));
  return [
    ...screens,
    { name: `${product}-group`, path: `${product}/groups/1` },
    { name: `${product}-proxy`, path: `${product}/proxies/${"1".padStart(32, "0")}` },
  ];
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const [folder] = args;
  if (folder === undefined || folder.startsWith("-")) {
    process.stderr.write(
      "usage: bun scripts/console-screenshots.ts FOLDER [--only WORD] [--quick]\n",
    );
    process.exit(64);
  }
  const only = args.includes("--only") ? (args[args.indexOf("--only") + 1] ?? "") : "";
  const target = resolve(folder);
  mkdirSync(target, { recursive: true });
  await buildWeb();
  Date.now = () => MOMENT_MS;
  const moving = makeMovingProduct("moving");
  // The picture of a plan is that of the first one.
  moving.answers["POST plans"]?.({ strategy: "slots" }, new URL("http://127.0.0.1/"));
  const members = membersProduct();
  members.answers["GET openapi.json"] = () => ({ status: 200, body: createOpenApi() });
  const products = [
    smallProduct(),
    laggingProduct(),
    typicalProduct(),
    largeProduct(),
    brokenProduct(),
    moving,
    members,
  ];
  const moreCards = [lostCard("archive", "development")];
  const server = await FixtureServer.start({ folder: WEB_DIST, products, moreCards });
  const signedOut = await FixtureServer.start({
    folder: WEB_DIST,
    products,
    session: FIXTURE_SIGNED_OUT,
  });
  const browser = await launchBrowser();
  try {
    for (const picture of PICTURES.filter(({ name }) => name.includes(only))) {
      for (const choices of looks(args.includes("--quick"))) {
        const { isNarrow = false, isSignedOut = false } = picture;
        const url = (isSignedOut ? signedOut : server).url(picture.path);
        const viewport = isNarrow ? NARROW : WIDE;
        const shown = await openPage(browser, url, choices, { viewport }, MOMENT_MS);
        // Charts are read after the screen is there.
        await shown.page.waitForTimeout(SETTLE_MS);
        const name = `${picture.name}-${choices.theme}-${choices.language}.png`;
        const path = join(target, name);
        // What is behind a dialog is dark as far as the window goes.
        const fullPage = !/[?&](change|do)=/.test(picture.path);
        await shown.page.screenshot({ path, fullPage, animations: "disabled" });
        for (const error of shown.errors) {
          process.stderr.write(`${name}: ${error}\n`);
        }
        await shown.close();
      }
    }
  } finally {
    await browser.close();
    await server.close();
    await signedOut.close();
  }
  process.stdout.write(`The pictures are in ${folder}.\n`);
}

function looks(isQuick: boolean): readonly Required<Choices>[] {
  const all = (["light", "dark"] as const).flatMap((theme) =>
    (["en", "zh"] as const).map((language) => ({ theme, language })),
  );
  return isQuick
    ? all.filter(({ theme, language }) => (theme === "light") === (language === "en"))
    : all;
}

await main();
