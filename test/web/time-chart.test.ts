/**
 * Charts over time in a real browser, on the page of an operation: the table has the numbers of the chart (gate A10),
 * what isn't known is a gap and not a line (a part of gate U3), and figures at the side aren't cut off.
 */
import { expect, test } from "bun:test";
import type { Locator, Page } from "playwright-core";
import { waitFor } from "../support/deadline.ts";
import { axeProblems } from "./support/browser.ts";
import { type MovingProduct, makeMovingProduct } from "./support/moving-product.ts";
import { useStage, WAIT_MS, waitForText } from "./support/stage.ts";

const TEST_MS = 180_000;
/** Added to the time after which data is stale, so that the gap is wide enough to see. */
const FROZEN_MS = 3_000;
/** A chart is drawn from five on. */
const POINTS = 6;
const POINTS_MAX = 60;
const GAP_PIXELS_MIN = 20;
/** What is written for a figure that isn't known. */
const UNKNOWN = "–";
const CHART = ".operation-charts figure";
const stage = useStage();

type Progress = Readonly<Record<string, unknown>>;

function progressOf(product: MovingProduct): Progress {
  return product.values["progress:op-7"] as Progress;
}

/** Rows of the table of the first chart, the newest first: time and figure. */
async function rowsOf(page: Page): Promise<readonly (readonly string[])[]> {
  const texts = await page
    .locator(`${CHART} tbody tr`)
    .evaluateAll((rows) =>
      rows.map((row) => [...row.children].map((cell) => cell.textContent ?? "")),
    );
  return texts;
}

/** Which columns of the plot of the first chart have pixels of the line's colour, from the left. */
function paintedColumns(page: Page): Promise<readonly boolean[]> {
  return page
    .locator(`${CHART} canvas`)
    .first()
    .evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const probe = document.createElement("span");
      probe.style.color = "var(--line-1)";
      document.body.append(probe);
      const [red = 0, green = 0, blue = 0] = (
        getComputedStyle(probe).color.match(/\d+/g) ?? []
      ).map(Number);
      probe.remove();
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d")?.getImageData(0, 0, width, height) ?? { data: [] };
      const isLine = (at: number): boolean =>
        [red, green, blue].every((part, index) => Math.abs((data[at + index] ?? 0) - part) < 12) &&
        data[at + 3] === 255;
      return Array.from({ length: width }, (_, x) =>
        Array.from({ length: height }, (_row, y) => 4 * (y * width + x)).some(isLine),
      );
    });
}

/** Lengths of runs of columns without the line, between the first and the last one with it. */
function gapsOf(columns: readonly boolean[]): readonly number[] {
  const inner = columns.slice(columns.indexOf(true), columns.lastIndexOf(true) + 1);
  return inner
    .map((isPainted) => (isPainted ? "#" : " "))
    .join("")
    .split(/#+/)
    .map((gap) => gap.length)
    .filter((length) => length > 0);
}

/** Whether a figure at the side reaches the edge of a drawing, where it would be cut off. */
function areCut(page: Page): Promise<readonly boolean[]> {
  return page.locator(`${CHART} canvas`).evaluateAll((all) =>
    all.map((element) => {
      const canvas = element as HTMLCanvasElement;
      const edge = canvas.getContext("2d")?.getImageData(0, 0, 2, canvas.height).data ?? [];
      return canvas.width === 0 || edge.some((value) => value !== 0);
    }),
  );
}

function tableButton(page: Page): Locator {
  return page.locator(CHART).first().getByRole("button", { name: "View as table" });
}

test(
  "a table has the numbers of the chart, figures fit, and what isn't known is a gap in both",
  async () => {
    const product = makeMovingProduct("shop");
    await stage.withPage("shop/operations/op-7", { products: [product] }, async ({ page }) => {
      const publish = (rate: number): void => {
        const progress = { ...progressOf(product), keys_per_second: rate };
        stage.server.publish("shop", { "progress:op-7": progress });
      };
      const figure = page.locator(CHART).first();
      const isDrawn = (): Promise<boolean> => figure.locator("canvas").isVisible();
      // Some are missed when the machine stands still.
      for (let index = 1; index <= POINTS || !(await isDrawn()); index += 1) {
        expect(index).toBeLessThan(POINTS_MAX);
        publish(1_000_000 + (index % 9) * 111_111);
        await page.waitForTimeout(1000);
      }
      // Each is drawn in the width that it has at first, and again in the one that it gets.
      await waitFor("three drawings with whole figures", WAIT_MS, async () =>
        (await areCut(page)).join() === "false,false,false" ? true : undefined,
      );
      const label = (await figure.locator("figcaption span").first().textContent()) ?? "?";

      stage.server.isFrozen = true;
      await page.waitForSelector("[data-stale]", { timeout: WAIT_MS });
      await page.waitForTimeout(FROZEN_MS);
      stage.server.isFrozen = false;
      publish(2_000_000);
      await page.waitForSelector("[data-stale]", { state: "detached", timeout: WAIT_MS });
      await waitFor("a line on both sides of a gap", WAIT_MS, async () => {
        const gaps = gapsOf(await paintedColumns(page));
        return gaps.some((pixels) => pixels > GAP_PIXELS_MIN) || undefined;
      });

      const name = (await figure.getByRole("img").getAttribute("aria-label")) ?? "";
      await tableButton(page).click();
      await waitForText(page, `${CHART} td`, UNKNOWN);
      const figures = (await rowsOf(page)).map((row) => row[1] ?? "");
      expect(name).toBe(`${label}: ${label} ${figures[0]}`);
      expect(figures[0]).toBe("2 M");
      expect(figures.filter((each) => /^1\.\d\d M$/.test(each)).length).toBeGreaterThan(2);
      const known = figures.map((each) => (each === UNKNOWN ? "?" : "k")).join("");
      expect(known).toMatch(/k\?\?+k/);
      expect(await axeProblems(page)).toEqual([]);
      await tableButton(page).click();
      await figure.locator("canvas").waitFor({ timeout: WAIT_MS });
    });
  },
  TEST_MS,
);
