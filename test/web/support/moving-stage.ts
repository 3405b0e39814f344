/**
 * What browser tests of moving data stand on: one browser for the file, and for each test a fixture server with the
 * product `shop`, in which slots move, and a page of it. All ends with the test; it fails when a script of the page
 * failed.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { buildWeb, WEB_DIST } from "../../../scripts/build-web.ts";
import { cleanupsAfterEach } from "../../support/cleanup.ts";
import { type Choices, launchBrowser, openPage } from "./browser.ts";
import { FixtureServer } from "./fixture-server.ts";
import { type MovingProduct, makeMovingProduct } from "./moving-product.ts";

/** A test that doesn't hang takes seconds; on a machine that stalls, more. */
const TEST_MS = 180_000;
/** Starting a browser and building may take this on a busy machine. */
const START_MS = 180_000;

/** How a page is opened. */
export interface MovingStageOptions extends Choices {
  readonly role?: "viewer" | "operator" | "admin";
  /** Changes the product before it is served. */
  readonly prepare?: (product: MovingProduct) => void;
}

/** See the head of the file. */
export interface MovingStage {
  /** A page at a path of the console, when its screen is drawn. */
  open(path: string, options?: MovingStageOptions): Promise<Page>;
  /** Of the page that was opened last. */
  readonly server: FixtureServer;
  readonly product: MovingProduct;
}

/** Call it once at the top of a test file. */
export function useMovingStage(): MovingStage {
  setDefaultTimeout(TEST_MS);
  const cleanLater = cleanupsAfterEach();
  let browser: Browser | undefined;
  let last: { readonly server: FixtureServer; readonly product: MovingProduct } | undefined;

  beforeAll(async () => {
    await buildWeb();
    browser = await launchBrowser();
  }, START_MS);

  afterAll(async () => {
    await browser?.close();
  });

  const opened = () => {
    if (last === undefined) {
      throw new Error("no page is open, so there is no server");
    }
    return last;
  };
  return {
    async open(path, options = {}) {
      const { role, prepare, ...choices } = options;
      if (browser === undefined) {
        throw new Error("the browser didn't start");
      }
      const product = makeMovingProduct("shop");
      prepare?.(product);
      const server = await FixtureServer.start({
        products: [product],
        folder: WEB_DIST,
        ...(role === undefined ? {} : { session: { role } }),
      });
      cleanLater(() => server.close());
      last = { server, product };
      const shown = await openPage(browser, server.url(path), choices);
      cleanLater(() => expect(shown.errors).toEqual([]));
      cleanLater(() => shown.close());
      return shown.page;
    },
    get server() {
      return opened().server;
    },
    get product() {
      return opened().product;
    },
  };
}
