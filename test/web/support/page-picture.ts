/**
 * Pictures of parts of a page, all cut out of one picture of the whole, so that looking at many costs little.
 */
import type { Page } from "playwright-core";
import { type Box, cut, type Picture, readPicture } from "./picture.ts";

/** An element with a class that tells what it is, and where it is. */
export interface Part {
  /** Its classes, as they are written. */
  readonly classes: string;
  readonly text: string;
  /** In whole pixels, within the element. */
  readonly box: Box;
}

/** The whole page, also what one has to scroll for; nothing moves in it. */
export async function pictureOfPage(page: Page): Promise<Picture> {
  return readPicture(await page.screenshot({ animations: "disabled", fullPage: true }));
}

/** Elements that are drawn, in the order of the page. */
export function partsOf(page: Page, selector: string): Promise<readonly Part[]> {
  return page.locator(selector).evaluateAll((all) =>
    all.flatMap((each) => {
      const { left, top, right, bottom } = each.getBoundingClientRect();
      const [x, y] = [Math.ceil(left + scrollX), Math.ceil(top + scrollY)];
      const [width, height] = [Math.floor(right + scrollX) - x, Math.floor(bottom + scrollY) - y];
      const classes = each.getAttribute("class") ?? "";
      return width <= 0 || height <= 0
        ? []
        : [{ classes, text: each.textContent ?? "", box: { x, y, width, height } }];
    }),
  );
}

/** The parts cut out, each as large as the smallest of them, so that they can be compared. */
export function cutAlike(whole: Picture, parts: readonly Part[]): readonly Picture[] {
  const width = Math.min(...parts.map(({ box }) => box.width));
  const height = Math.min(...parts.map(({ box }) => box.height));
  return parts.map(({ box }) => cut(whole, { x: box.x, y: box.y, width, height }));
}
