/**
 * What shows the focus, and how well it is seen: the outline of the element that has it (or the stroke of a drawing)
 * and its contrast with what is around it, in every theme. Computed from styles, so that a walk over many pages is
 * cheap; `colours.test.ts` looks at pixels.
 */
import type { Page } from "playwright-core";

/** Themes in which colours are chosen by us. */
export const COLOUR_THEMES = ["light", "dark", "contrast"] as const;

/** How the focus is shown. */
export interface FocusLook {
  /** The element, for people: its kind and its words. */
  readonly name: string;
  /** Of the outline, in CSS pixels; 0: none. */
  readonly width: number;
  /**
   * By theme: contrast of the outline with what is behind and beside it, 1 to 21; 0 without an outline. Of elements
   * that look alike only the first one on a page has them, because a change of theme draws all of the page anew.
   */
  readonly contrasts: Readonly<Partial<Record<(typeof COLOUR_THEMES)[number], number>>>;
}

/** Of the element that has the focus now. The theme of the page is the same afterwards. */
export function focusLookOf(page: Page): Promise<FocusLook> {
  return page.evaluate((themes) => {
    const element = document.activeElement ?? document.body;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    /** Colours painted on one another from the first on, as the browser mixes them. */
    const paint = (colours: readonly string[]): number => {
      if (context === null) {
        throw new Error("no canvas");
      }
      for (const colour of ["#fff", ...colours]) {
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
      }
      const parts = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((each) => {
        const part = each / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * (parts[0] ?? 0) + 0.7152 * (parts[1] ?? 0) + 0.0722 * (parts[2] ?? 0);
    };
    const backgroundsOf = (from: Element | null): string[] => {
      const found: string[] = [];
      for (let each = from; each !== null; each = each.parentElement) {
        found.unshift(getComputedStyle(each).backgroundColor);
      }
      return found;
    };
    /** What shows the focus: its width, its colour, and what is around it. */
    const lookOf = (each: Element): readonly [number, string, readonly string[]] => {
      const style = getComputedStyle(each);
      if (each instanceof SVGElement && style.stroke !== "none") {
        return [Number.parseFloat(style.strokeWidth), style.stroke, backgroundsOf(each)];
      }
      // An outline that is moved inwards lies on the element itself.
      const isInside = Number.parseFloat(style.outlineOffset) < 0;
      const width = style.outlineStyle === "none" ? 0 : Number.parseFloat(style.outlineWidth);
      return [width, style.outlineColor, backgroundsOf(isInside ? each : each.parentElement)];
    };
    const shown = [element, element.parentElement ?? element, ...element.querySelectorAll("*")]
      .map((each) => [lookOf(each)[0], each] as const)
      .reduce((best, each) => (each[0] > best[0] ? each : best))[1];
    const contrastNow = (): number => {
      const [width, colour, around] = lookOf(shown);
      const [outline, behind] = [paint([...around, colour]), paint(around)];
      const [low = 0, high = 0] = [outline, behind].sort((one, other) => one - other);
      return width === 0 ? 0 : (high + 0.05) / (low + 0.05);
    };
    const kept = globalThis as { codisSeenLooks?: Set<string> };
    const seen = kept.codisSeenLooks ?? new Set();
    kept.codisSeenLooks = seen;
    const alike = [element, element.parentElement]
      .map((each) => `${each?.tagName} ${each?.getAttribute("class")}`)
      .concat(lookOf(shown).flat().map(String))
      .join();
    const { dataset } = document.documentElement;
    const theme = dataset["theme"] ?? "auto";
    const contrasts = Object.fromEntries(
      (seen.has(alike) ? [] : themes).map((each) => {
        dataset["theme"] = each;
        return [each, contrastNow()];
      }),
    );
    dataset["theme"] = theme;
    seen.add(alike);
    const text = element.getAttribute("aria-label") ?? element.textContent ?? "";
    const name = `${element.tagName} ${text.trim().slice(0, 40)}`;
    return { name, width: lookOf(shown)[0], contrasts };
  }, COLOUR_THEMES);
}
