/**
 * Texts as a wordier language would have them: every word of the English ones is two fifths longer and has accents. A
 * page gets them in place of its English file, so the console itself knows nothing of this. Gate U1.
 */
import type { Page } from "playwright-core";
import { catalogue } from "../../../web/src/i18n/catalogue.ts";

const LONGER = 0.4;
const FILLING = "o";
const ACCENTS: Readonly<Record<string, string>> = { a: "á", e: "ê", i: "ï", o: "ø", u: "ü" };

/** Pages that are opened after this have the longer texts when English is chosen. */
export async function servePseudoLocale(page: Page): Promise<void> {
  const texts = Object.values(catalogue).map(([english]) => stretch(english));
  await page.route(/\/assets\/_codis-texts_en-[^/]+\.js$/, (route) =>
    route.fulfill({
      contentType: "text/javascript",
      body: `export default ${JSON.stringify(texts)};`,
    }),
  );
}

/** Every word longer, so that lines may still be broken; `{name}` and `code` stay what they are. */
export function stretch(text: string): string {
  let owed = 0;
  return text.replace(/\{\w+\}|`[^`]*`|[A-Za-z']+/g, (part) => {
    if (part.startsWith("{") || part.startsWith("`")) {
      return part;
    }
    owed += part.length * LONGER;
    const added = Math.ceil(owed);
    owed -= added;
    const word = part.replace(/[aeiou]/g, (letter) => ACCENTS[letter] ?? letter);
    return `${word}${FILLING.repeat(Math.max(0, added))}`;
  });
}

/**
 * Texts that can't be read as a whole: cut off by a box around them, or running out of their own. What can be scrolled
 * to can be read.
 */
export function clippedTexts(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const spare = 1.5;
    const found = new Set<string>();
    const tell = (why: string, element: Element, box: Element): void => {
      const text = element.textContent?.replace(/\s+/g, " ").slice(0, 50);
      found.add(`${why}: "${text}" in ${box.tagName.toLowerCase()}.${box.className}`);
    };
    const isScroller = (value: string): boolean => value === "auto" || value === "scroll";
    const isCutter = (value: string): boolean => value === "hidden" || value === "clip";
    const isForEarsOnly = (element: Element): boolean => {
      for (let box: Element | null = element; box !== null; box = box.parentElement) {
        const { overflowX, display } = getComputedStyle(box);
        if (display !== "inline" && isCutter(overflowX) && box.clientWidth <= 1) {
          return true;
        }
      }
      return false;
    };
    const isLeftOut = (element: Element): boolean =>
      element.closest("svg, option, script, style, .skip-link") !== null ||
      isForEarsOnly(element) ||
      !element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

    const lookAround = (element: Element, text: DOMRect): void => {
      let canScrollX = false;
      let canScrollY = false;
      for (let box: Element | null = element; box !== null; box = box.parentElement) {
        const { overflowX, overflowY, display } = getComputedStyle(box);
        const edge = box.getBoundingClientRect();
        const isOutX = text.right > edge.right + spare || text.left < edge.left - spare;
        const isOutY = text.bottom > edge.bottom + spare || text.top < edge.top - spare;
        if (display !== "inline" && isOutX && !canScrollX && isCutter(overflowX)) {
          tell("cut at a side", element, box);
        }
        if (display !== "inline" && isOutY && !canScrollY && isCutter(overflowY)) {
          tell("cut above or below", element, box);
        }
        canScrollX ||= isScroller(overflowX);
        canScrollY ||= isScroller(overflowY);
      }
    };
    const lookInside = (element: Element): void => {
      const { overflowX, display } = getComputedStyle(element);
      const isBox = display !== "inline" && display !== "contents" && element.clientWidth > 0;
      if (isBox && !isScroller(overflowX) && element.scrollWidth > element.clientWidth + spare) {
        tell("runs out of its box", element, element);
      }
    };

    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = nodes.nextNode(); node !== null; node = nodes.nextNode()) {
      const element = node.parentElement;
      if (element !== null && (node.textContent ?? "").trim() !== "" && !isLeftOut(element)) {
        const range = document.createRange();
        range.selectNodeContents(node);
        lookAround(element, range.getBoundingClientRect());
        lookInside(element);
      }
    }
    return [...found];
  });
}
