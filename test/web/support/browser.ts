/**
 * The system's Chromium for tests of the console, without a display. One browser for a test file; each page
 * has a context of its own, so that nothing kept by one test is seen by another.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const CHROMIUM = process.env["CODIS_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
const WAIT_MS = 30_000;

/**
 * Of the browser around the page. The lists under its address line are pages too: their process takes more of a
 * processor for each context than most tests do. Only the last list of features counts, so this one also has those
 * that Playwright switches off: what asks other hosts, and what comes between a test and its page.
 */
const FEATURES_OFF = [
  "WebUIOmniboxPopup",
  "WebUIOmniboxAimPopup",
  "WebUIOmniboxFullPopup",
  "AimEnabled",
  "AvoidCorsURLLoaderRestartOnRedirect",
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsFirstBalancedModeAutoEnable",
  "HttpsUpgrades",
  "LensOverlay",
  "MediaRouter",
  "NetworkTimeServiceQuerying",
  "OptimizationHints",
  "PaintHolding",
  "PreconnectToSearch",
  "ThirdPartyStoragePartitioning",
];

/** A browser that ends with `close()`. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-dev-shm-usage",
      `--disable-features=${FEATURES_OFF.join(",")}`,
    ],
  });
}

/** What the user chose before the page is opened. */
export interface Choices {
  readonly theme?: "auto" | "light" | "dark" | "contrast";
  readonly language?: "en" | "zh";
}

/** A page, and what went wrong in it. */
export interface TestPage {
  readonly page: Page;
  /** Errors of scripts and of the content security policy, and what was asked of other hosts. */
  readonly errors: string[];
  close(): Promise<void>;
}

/**
 * Opens an address and waits until its screen is drawn. With `momentMs` (since 1970) it is always that moment on the
 * page; timers go on.
 */
export async function openPage(
  browser: Browser,
  url: string,
  choices: Choices = {},
  options: BrowserContextOptions = {},
  momentMs?: number,
): Promise<TestPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  if (momentMs !== undefined) {
    await page.clock.setFixedTime(momentMs);
  }
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    // An answer that isn't a success is written there too; tests look at those on the page.
    if (message.type() === "error" && !/^Failed to load resource/.test(message.text())) {
      errors.push(message.text());
    }
  });
  const { origin } = new URL(url);
  page.on("request", (request) => {
    // Gate S1: nothing is ever asked of another host.
    if (/^(https?|wss?):/.test(request.url()) && new URL(request.url()).origin !== origin) {
      errors.push(`asks another host: ${request.url()}`);
    }
  });
  await page.addInitScript(
    (kept) => {
      for (const [name, value] of Object.entries(kept)) {
        localStorage.setItem(`codis.${name}`, value);
      }
    },
    choices as Record<string, string>,
  );
  await page.goto(url);
  await waitForScreen(page);
  return { page, errors, close: () => context.close() };
}

/** Waits until the screen of an address is drawn, and has what it reads first. */
export async function waitForScreen(page: Page): Promise<void> {
  await page.waitForSelector(".shell main h1");
  await page.waitForSelector(".skeleton", { state: "detached" });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds wrong, one line for each element: `rule: selector`. Gates A1 and A2. */
export async function axeProblems(page: Page): Promise<readonly string[]> {
  // By the protocol, because the page's own policy lets no script of a stranger in.
  await page.evaluate(AXE);
  return page.evaluate(async (tags) => {
    const axe = (globalThis as unknown as { axe: AxeLike }).axe;
    const { violations } = await axe.run(document, {
      runOnly: { type: "tag", values: tags },
      // What passes is not asked for, and describing it takes most of the time.
      resultTypes: ["violations"],
    });
    return violations.flatMap((each) =>
      each.nodes.map((node) => `${each.id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`),
    );
  }, TAGS);
}

interface AxeLike {
  run(
    root: Document,
    options: unknown,
  ): Promise<{
    readonly violations: readonly {
      readonly id: string;
      readonly nodes: readonly {
        readonly target: readonly string[];
        readonly failureSummary?: string;
      }[];
    }[];
  }>;
}

/** What is wrong with the title of the window, the heading and the language. Gate A12. */
export function headProblems(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const headings = [...document.querySelectorAll("h1")].map((each) => each.textContent ?? "");
    const isChinese = localStorage.getItem("codis.language") === "zh";
    const { title, documentElement } = document;
    const isTitled = headings.length === 1 && title.startsWith(`${headings[0]} · `);
    return [
      ...(isTitled ? [] : [`title ${title}, headings ${headings.join(", ")}`]),
      ...(documentElement.lang === (isChinese ? "zh-CN" : "en") ? [] : [documentElement.lang]),
    ];
  });
}

/** How far the page is wider than its window, in pixels; 0 when it fits. Gate A9. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() =>
    Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth),
  );
}

/**
 * Targets that are smaller than 24 pixels in a direction, by their text. Gate A6. Excepted are links within a sentence:
 * those beside which, in their paragraph, cell or item of a list, there are words that are no target. Cells of the slot
 * map, whose slots can also be named in a field, have another role than those that are looked for.
 */
export function smallTargets(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const TARGETS =
      "button, a[href], input:not([type=hidden]), select, textarea, summary, [role=button], " +
      "[role=link], [role=tab], [role=option]";
    const isHidden = (each: Element): boolean =>
      getComputedStyle(each).visibility === "hidden" || each.classList.contains("visually-hidden");
    const wordsOf = (node: Node): string => {
      if (node instanceof Element) {
        return node.matches(TARGETS) || isHidden(node)
          ? ""
          : [...node.childNodes].map(wordsOf).join(" ");
      }
      return node.textContent ?? "";
    };
    const isInSentence = (link: HTMLElement): boolean => {
      let block = link.parentElement;
      // Words that stand apart, as items beside each other or in boxes of their own, make no sentence.
      if (getComputedStyle(link).display !== "inline") {
        return false;
      }
      while (block !== null && getComputedStyle(block).display === "inline") {
        block = block.parentElement;
      }
      return block !== null && /[\p{L}\p{N}]/u.test(wordsOf(block));
    };
    return [...document.querySelectorAll<HTMLElement>(TARGETS)].flatMap((each) => {
      const { width, height } = each.getBoundingClientRect();
      const isShown = width > 1 && height > 1 && !isHidden(each);
      const isSmall = Math.round(width) < 24 || Math.round(height) < 24;
      return isShown && isSmall && !(each.tagName === "A" && isInSentence(each))
        ? [`${each.tagName} ${each.textContent?.slice(0, 30)} ${width}x${height}`]
        : [];
    });
  });
}
