/**
 * What a browser test stands on: one browser for the file, and for each test a fixture server under a
 * sub-path with the products `demo` (typical, production) and `cache` (small, staging), and a page.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout } from "bun:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { buildWeb, WEB_DIST } from "../../../scripts/build-web.ts";
import { type Choices, launchBrowser, openPage, type TestPage } from "./browser.ts";
import { FIXTURE_SIGNED_OUT, FixtureServer } from "./fixture-server.ts";
import { makeProduct, type ProductFixture, SIZES } from "./typical-product.ts";

/** Longest wait for something on a page. */
export const WAIT_MS = 30_000;
/** A test that doesn't hang takes seconds; on a machine that stalls, more. */
const TEST_MS = 180_000;
/** Starting a browser and building may take this on a busy machine. */
const START_MS = 180_000;

/** How a page is opened. */
export interface StageOptions extends Choices {
  readonly isSignedOut?: boolean;
  /** In place of `demo` and `cache`. */
  readonly products?: readonly ProductFixture[];
  readonly context?: BrowserContextOptions;
}

/** See the head of the file. */
export interface Stage {
  /** Of the test that runs. */
  readonly server: FixtureServer;
  /** Runs a test with a page at a path of the console; fails when a script of the page failed. */
  withPage(
    path: string,
    options: StageOptions,
    run: (shown: TestPage) => Promise<void>,
  ): Promise<void>;
  /**
   * Goes to another path within the page, as Back does: a new page for each would take minutes. Returns when nothing
   * is being read any more, and the dialog that the path names is open.
   */
  goTo(page: Page, path: string): Promise<void>;
}

/** Call it once at the top of a test file. */
export function useStage(): Stage {
  setDefaultTimeout(TEST_MS);
  let browser: Browser | undefined;
  let server: FixtureServer | undefined;

  beforeAll(async () => {
    await buildWeb();
    browser = await launchBrowser();
  }, START_MS);

  afterAll(async () => {
    await browser?.close();
  });

  return {
    get server() {
      if (server === undefined) {
        throw new Error("no page is open, so there is no server");
      }
      return server;
    },
    async withPage(path, options, run) {
      const { isSignedOut = false, products = standardProducts(), context, ...choices } = options;
      server = await FixtureServer.start({
        folder: WEB_DIST,
        basePath: "/ops/codis/",
        products,
        ...(isSignedOut ? { session: FIXTURE_SIGNED_OUT } : {}),
      });
      try {
        if (browser === undefined) {
          throw new Error("the browser didn't start");
        }
        const shown = await openPage(browser, server.url(path), choices, context);
        try {
          await run(shown);
          expect(shown.errors).toEqual([]);
        } finally {
          await shown.close();
        }
      } finally {
        await server.close();
        server = undefined;
      }
    },
    async goTo(page, path) {
      await page.evaluate((url) => {
        history.pushState(null, "", url);
        dispatchEvent(new PopStateEvent("popstate"));
      }, this.server.url(path));
      await page.waitForSelector("h1");
      if (/[?&](do|change)=/.test(path)) {
        await page.waitForSelector("dialog[open]");
      }
      await settle(page);
    },
  };
}

/** Waits until nothing is being read any more. */
export async function settle(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null, null, {
    timeout: WAIT_MS,
  });
}

/** Waits until an element of the page holds a text. */
export function waitForText(page: Page, selector: string, text: string | RegExp): Promise<void> {
  return page.locator(selector).filter({ hasText: text }).first().waitFor({ timeout: WAIT_MS });
}

function standardProducts(): readonly ProductFixture[] {
  return [
    makeProduct("demo", SIZES.typical, "production"),
    makeProduct("cache", SIZES.small, "staging"),
  ];
}
