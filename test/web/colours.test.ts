/**
 * What only pixels prove: without colours the states of slots, the signs of badges and the lines of charts are told
 * apart (gate A7); with the system's forced colours the slot map and charts stay legible, and charts use them (A8); and
 * the focus stands out from what is drawn beside it, in every theme (A5).
 */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { waitFor } from "../support/deadline.ts";
import { COLOUR_THEMES } from "./support/focus-look.ts";
import { membersProduct, PRODUCT } from "./support/members-fixture.ts";
import { makeMovingProduct } from "./support/moving-product.ts";
import { cutAlike, partsOf, pictureOfPage } from "./support/page-picture.ts";
import {
  type Box,
  type Colour,
  colourAt,
  coloursOf,
  contrastOf,
  cut,
  differenceOf,
  type Picture,
  readPicture,
} from "./support/picture.ts";
import { brokenProduct, typicalProduct } from "./support/sized-products.ts";
import { useStage, WAIT_MS } from "./support/stage.ts";

const TEST_MS = 180_000;
/** Two slots of each state; those with a group are of one group, so they don't differ by its number. */
const STATE_SLOTS = {
  finished: [0, 1],
  migrating: [4, 5],
  prepared: [12, 13],
  pending: [16, 17],
  online: [20, 21],
  offline: [1000, 1001],
} as const;
const STATE_LETTERS = [0, 4, 12, 16].map((id) => `[role="grid"] [data-slot="${id}"]`).join();
/** In 256 steps; less is antialiasing. */
const TOLERANCE = 40;
/** Share of the pixels that differs at least between two things that are to be told apart. */
const DIFFERENT_MIN = 0.05;
/** WCAG 1.4.3 and 1.4.11. */
const TEXT_CONTRAST_MIN = 4.5;
const SIGN_CONTRAST_MIN = 3;
/** Room for the sign of a badge. */
const SIGN_SIZE = { width: 11, height: 20 } as const;
const CHART = ".chart-grid .card:first-child .chart-box";
/** That the chart of commands has. */
const LINES = 6;
/** From this many columns on a gap is one of the figures and not of the dashes. */
const GAP_COLUMNS = 20;
/** Share of the columns of a whole line. */
const WHOLE_MIN = 0.97;
/** A button, a slot of the darkest group of the light theme, and a field. */
const FOCUSED = [".page-actions .button", '[data-slot="800"]', ".slots-side input"];
/** Pixels at the edge of a cell in which it has a frame. */
const FRAME = 4;
/** Pixels of a piece of the legend that are compared: the line is two of them. */
const LINE_ROWS = 6;
/** Pixels around an element in which its outline is. */
const MARGIN = 8;
const stage = useStage();

/** The page as somebody sees it who sees no colours. */
async function withoutColours(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setEmulatedVisionDeficiency", { type: "achromatopsia" });
}

/** Share of pixels that differ; a pixel more to the left or the top makes no difference. */
function shareOf(one: Picture, other: Picture): number {
  const inner = { width: one.width - 2, height: one.height - 2 };
  const middle = cut(one, { x: 1, y: 1, ...inner });
  const shifts = [0, 1, 2].flatMap((x) => [0, 1, 2].map((y) => ({ x, y })));
  return Math.min(
    ...shifts.map((shift) => differenceOf(middle, cut(other, { ...shift, ...inner }), TOLERANCE)),
  );
}

/** Pairs of names whose pictures differ in too few pixels. */
function alikeOf(pictures: ReadonlyMap<string, Picture>): readonly string[] {
  const all = [...pictures];
  return all.flatMap(([one, first], index) =>
    all.slice(index + 1).flatMap(([other, second]) => {
      const share = shareOf(first, second);
      return share >= DIFFERENT_MIN ? [] : [`${one} and ${other}: ${share.toFixed(3)}`];
    }),
  );
}

function isGrey([red, green, blue]: Colour): boolean {
  return red === green && green === blue;
}

/** A cell of each state: the first one, or the second. Without its number or letter: patterns tell enough. */
async function stateCells(page: Page, which: 0 | 1): Promise<ReadonlyMap<string, Picture>> {
  const states = Object.entries(STATE_SLOTS);
  const selector = states.map(([, ids]) => `[role="grid"] [data-slot="${ids[which]}"]`).join();
  await page.locator(selector).evaluateAll((cells) => {
    for (const cell of cells) {
      (cell as HTMLElement).style.fontSize = "0";
    }
  });
  const cells = cutAlike(await pictureOfPage(page), await partsOf(page, selector));
  expect(cells.length).toBe(states.length);
  return new Map(
    states.flatMap(([state], index) => {
      const cell = cells[index];
      return cell === undefined ? [] : [[state, cell]];
    }),
  );
}

/** Without the frame that a state may have. */
function insideOf({ x, y, width, height }: Box): Box {
  return { x: x + FRAME, y: y + FRAME, width: width - 2 * FRAME, height: height - 2 * FRAME };
}

/** The strongest contrast with the most frequent colour: in small letters only a few pixels have all of their ink. */
function inkContrast(picture: Picture): number {
  const [first, ...inks] = coloursOf(picture);
  return Math.max(1, ...inks.map(([colour]) => contrastOf(colour, first?.[0] ?? colour)));
}

/** The pieces of lines in the legend of the first chart. */
async function legendLines(page: Page): Promise<ReadonlyMap<string, Picture>> {
  const parts = await partsOf(page, `${CHART} .u-series:not(:first-child) .u-marker`);
  const pieces = cutAlike(await pictureOfPage(page), parts);
  return new Map(
    pieces.map((piece, index) => {
      const y = Math.floor((piece.height - LINE_ROWS) / 2);
      const band = { x: 0, y, width: piece.width, height: LINE_ROWS };
      return [`line ${index + 1}`, cut(piece, band)];
    }),
  );
}

async function openChart(page: Page): Promise<void> {
  await stage.goTo(page, "typical/performance?by=command&range=5m");
  await page.locator(`${CHART} .u-series`).nth(LINES).waitFor({ timeout: WAIT_MS });
}

/**
 * For each line of the first chart, how much of it is drawn: columns with its colour, of those from its first to its
 * last one without longer gaps, which are times that nobody knows.
 */
function wholenessOf(page: Page): Promise<readonly number[]> {
  return page.locator(`${CHART} canvas`).evaluate(
    (element, { lines, gap }) => {
      const canvas = element as HTMLCanvasElement;
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d")?.getImageData(0, 0, width, height) ?? { data: [] };
      return Array.from({ length: lines }, (_, index) => {
        const probe = document.createElement("span");
        probe.style.color = `var(--line-${index + 1})`;
        document.body.append(probe);
        const colour = (getComputedStyle(probe).color.match(/\d+/g) ?? []).map(Number);
        probe.remove();
        const isLine = (at: number): boolean =>
          colour.every((part, channel) => Math.abs((data[at + channel] ?? 0) - part) < 12);
        const columns = Array.from({ length: width }, (_column, x) =>
          Array.from({ length: height }, (_row, y) => 4 * (y * width + x)).some(isLine),
        );
        const text = columns.map((isPainted) => (isPainted ? "#" : " ")).join("");
        const known = text.trim().replaceAll(new RegExp(` {${gap},}`, "g"), "");
        return known.replaceAll(" ", "").length / Math.max(1, known.length);
      });
    },
    { lines: LINES, gap: GAP_COLUMNS },
  );
}

test(
  "without colours the states of slots differ by patterns, in a wide window and a narrow one",
  async () => {
    const products = [makeMovingProduct("shop")];
    await stage.withPage("shop/slots", { products, theme: "light" }, async ({ page }) => {
      await page.waitForSelector('[role="gridcell"]');
      await withoutColours(page);
      for (const width of [1280, 400]) {
        await page.setViewportSize({ width, height: 900 });
        const cells = await stateCells(page, 0);
        expect([width, alikeOf(cells)]).toEqual([width, []]);
        const colours = [...cells.values()].flatMap((cell) => coloursOf(cell));
        expect(colours.filter(([colour]) => !isGrey(colour))).toEqual([]);
        // Cells of one state look the same, so what differs above is the state. Where a hatch begins isn't the same.
        const twins = await stateCells(page, 1);
        const unlike = [...cells].filter(([state, cell]) => {
          const twin = twins.get(state) ?? cell;
          return state !== "migrating" && shareOf(cell, twin) >= DIFFERENT_MIN;
        });
        expect([width, unlike.map(([state]) => state)]).toEqual([width, []]);
      }
    });
  },
  TEST_MS,
);

test(
  "without colours the lines of a chart differ by their dashes, in the legend and in the drawing",
  async () => {
    const products = [typicalProduct()];
    await stage.withPage("settings", { products, theme: "light" }, async ({ page }) => {
      await openChart(page);
      await withoutColours(page);
      const lines = await legendLines(page);
      expect(lines.size).toBe(LINES);
      expect(alikeOf(lines)).toEqual([]);
      // Found by their colours, which the canvas still has: the first line is whole, the others have gaps.
      await waitFor("a drawing with one whole line", WAIT_MS, async () => {
        const [first = 0, ...others] = await wholenessOf(page);
        const isDashed = others.every((each) => each > 0 && each < WHOLE_MIN);
        return (first >= WHOLE_MIN && isDashed) || undefined;
      });
    });
  },
  TEST_MS,
);

test(
  "without colours every state of overview, topology and high availability has a sign and words",
  async () => {
    const products = [brokenProduct(), membersProduct(), makeMovingProduct("shop")];
    await stage.withPage("settings", { products, theme: "light" }, async ({ page }) => {
      await withoutColours(page);
      const signs = new Map<string, Set<string>>();
      const pictures = new Map<string, Picture>();
      for (const path of ["broken", "broken/topology", "shop/operations", `${PRODUCT}/ha`]) {
        await stage.goTo(page, path);
        await page.locator("main .badge").first().waitFor({ timeout: WAIT_MS });
        const picture = await pictureOfPage(page);
        const badges = await partsOf(page, ".badge");
        const found = await partsOf(page, ".badge-sign");
        expect(found.length).toBe(badges.length);
        for (const [index, { box, text }] of found.entries()) {
          const { classes = "", text: words = "" } = badges[index] ?? {};
          expect([path, words.replace(text, "").trim()]).not.toEqual([path, ""]);
          signs.set(classes, (signs.get(classes) ?? new Set()).add(text));
          pictures.set(classes, pictures.get(classes) ?? cut(picture, { ...box, ...SIGN_SIZE }));
        }
        for (const { classes, text } of await partsOf(page, '[class*="tone-"]')) {
          const isBar = classes.includes("meter-bar");
          expect([path, classes, isBar || text.trim() !== ""]).toEqual([path, classes, true]);
        }
      }
      expect(signs.size).toBeGreaterThanOrEqual(4);
      const all = [...signs.values()].flatMap((each) => [...each]);
      expect(all.length).toBe(new Set(all).size);
      expect(alikeOf(pictures)).toEqual([]);
    });
  },
  TEST_MS,
);

test(
  "with forced colours the slot map is legible and charts are drawn in the system's colours",
  async () => {
    const products = [makeMovingProduct("shop"), typicalProduct()];
    // The theme is dark and the system's palette light, so colours of the theme would be seen.
    const context = { forcedColors: "active", colorScheme: "light" } as const;
    const options = { products, context, theme: "dark" } as const;
    await stage.withPage("shop/slots?mode=state", options, async ({ page }) => {
      await page.waitForSelector('[role="gridcell"]');
      const letters = await partsOf(page, STATE_LETTERS);
      const picture = await pictureOfPage(page);
      expect(letters.map(({ text }) => text)).toEqual(["F", "M", "H", "P"]);
      const contrasts = letters.map(({ box }) => inkContrast(cut(picture, insideOf(box))));
      expect(contrasts.filter((each) => each < TEXT_CONTRAST_MIN)).toEqual([]);
      expect(alikeOf(await stateCells(page, 0))).toEqual([]);

      await openChart(page);
      expect(alikeOf(await legendLines(page))).toEqual([]);
      const box = (await partsOf(page, `${CHART} .u-over`))[0]?.box;
      if (box === undefined) {
        throw new Error("the chart has no place for its lines");
      }
      const system = await systemColours(page, ["Canvas", "CanvasText", "GrayText"]);
      const drawn = await waitFor("a drawing", WAIT_MS, async () => {
        const colours = coloursOf(cut(await pictureOfPage(page), box)).slice(0, system.length);
        return colours.length === system.length ? colours.map(([colour]) => colour) : undefined;
      });
      expect([...drawn].map(String).sort()).toEqual([...system].map(String).sort());
      const [canvas = drawn[0], line = drawn[0]] = system;
      expect(canvas && line && contrastOf(canvas, line)).toBeGreaterThan(TEXT_CONTRAST_MIN);
    });
  },
  TEST_MS,
);

/** Where an element and its outline are, in whole pixels; it is on the screen afterwards. */
async function boxAround(page: Page, selector: string): Promise<Box> {
  const target = page.locator(selector).first();
  await target.scrollIntoViewIfNeeded();
  return target.evaluate((element, margin) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const [x, y] = [Math.floor(left) - margin, Math.floor(top) - margin];
    return { x, y, width: Math.ceil(right) + margin - x, height: Math.ceil(bottom) + margin - y };
  }, MARGIN);
}

/** How many pixels changed with a contrast that is enough. */
function strongPixels(one: Picture, other: Picture): number {
  let found = 0;
  for (let at = 0; at < one.width * one.height; at += 1) {
    const [x, y] = [at % one.width, Math.floor(at / one.width)];
    const contrast = contrastOf(colourAt(one, x, y), colourAt(other, x, y));
    found += contrast >= SIGN_CONTRAST_MIN ? 1 : 0;
  }
  return found;
}

/** What the system's colours with these names are now. */
function systemColours(page: Page, names: readonly string[]): Promise<readonly Colour[]> {
  return page.evaluate((all) => {
    const context = document.createElement("canvas").getContext("2d");
    return all.map((name) => {
      if (context === null) {
        throw new Error("no canvas");
      }
      const probe = document.createElement("span");
      probe.style.setProperty("forced-color-adjust", "none");
      probe.style.color = name;
      document.body.append(probe);
      context.fillStyle = getComputedStyle(probe).color;
      probe.remove();
      context.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
      return [red, green, blue] as const;
    });
  }, names);
}

test(
  "the focus stands out from what is beside it in every theme",
  async () => {
    const products = [makeMovingProduct("shop")];
    await stage.withPage("shop/slots", { products }, async ({ page }) => {
      await page.waitForSelector('[role="gridcell"]');
      // What is focused after a key was pressed shows it.
      await page.keyboard.press("Tab");
      const weak: string[] = [];
      for (const theme of COLOUR_THEMES) {
        await page.evaluate((name) => {
          document.documentElement.dataset["theme"] = name;
        }, theme);
        for (const selector of FOCUSED) {
          const { width, height, x, y } = await boxAround(page, selector);
          const clip = { x, y, width, height };
          await page.locator(selector).first().focus();
          const on = readPicture(await page.screenshot({ clip, caret: "hide" }));
          await page.locator(selector).first().blur();
          const off = readPicture(await page.screenshot({ clip, caret: "hide" }));
          // As many as a line of two pixels around the element has (WCAG 2.4.13).
          const share = strongPixels(on, off) / (4 * (width + height - 4 * MARGIN));
          weak.push(...(share >= 1 ? [] : [`${theme} ${selector}: ${share.toFixed(2)}`]));
        }
      }
      expect(weak).toEqual([]);
    });
  },
  TEST_MS,
);
