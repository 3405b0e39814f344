/**
 * The screen of performance beside the period before, charts as pictures, and the settings of figures and charts, in a
 * browser: the address, the table, pixels of thin lines, and what is said when there is nothing to compare with.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Locator, Page } from "playwright-core";
import type { V1Performance } from "../../src/api/v1-live-schema.ts";
import { formatRate } from "../../web/src/i18n/format.ts";
import { waitFor } from "../support/deadline.ts";
import { axeProblems, overflowOf, smallTargets } from "./support/browser.ts";
import { problem } from "./support/fixture-server.ts";
import { type Colour, type Picture, readPicture } from "./support/picture.ts";
import { typicalProduct } from "./support/sized-products.ts";
import { settle, useStage, WAIT_MS, waitForText } from "./support/stage.ts";

const TEST_MS = 180_000;
const HOUR_MS = 3_600_000;
const COMPARE = "Compare with the period before";
const UTC = { context: { timezoneId: "UTC" } } as const;
/** Of 255, in each channel. */
const NEAR = 12;
/** A legend of one line has far less of its colour. */
const LINE_PIXELS_MIN = 200;
/** A line of dots has few pixels that are all of its colour. */
const DOTS_MIN = 40;
const stage = useStage();

/** A colour of the style sheet as the page has it now. */
function colourOf(page: Page, value: string): Promise<Colour> {
  return page.evaluate((css) => {
    const canvas = document.createElement("canvas");
    const probe = document.createElement("span");
    probe.style.color = css;
    document.querySelector(".chart-box")?.append(probe);
    const pen = canvas.getContext("2d");
    if (pen === null) {
      throw new Error("no canvas");
    }
    pen.fillStyle = getComputedStyle(probe).color;
    probe.remove();
    pen.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = pen.getImageData(0, 0, 1, 1).data;
    return [red, green, blue];
  }, value);
}

function isNear(picture: Picture, pixel: number, colour: Colour): boolean {
  return colour.every(
    (part, channel) => Math.abs((picture.pixels[pixel * 4 + channel] ?? 0) - part) < NEAR,
  );
}

function count(picture: Picture, colour: Colour, fromRow = 0, toRow = picture.height): number {
  let found = 0;
  for (let pixel = fromRow * picture.width; pixel < toRow * picture.width; pixel += 1) {
    found += isNear(picture, pixel, colour) ? 1 : 0;
  }
  return found;
}

/** The drawing of a chart, without what is around it. */
async function drawingOf(chart: Locator): Promise<Picture> {
  return readPicture(await chart.locator("canvas").screenshot());
}

function pale(line: number): string {
  return `color-mix(in srgb, var(--line-${line}) var(--before-share), var(--surface))`;
}

function clearFigures(answer: V1Performance): V1Performance {
  const series = answer.series.map((each) => ({ ...each, values: each.values.map(() => null) }));
  return { ...answer, series };
}

describe("the period before", () => {
  test(
    "is in the address, under the lines, in the table and in the file",
    async () => {
      const product = typicalProduct();
      const figures = product.answers["GET performance"];
      const options = { products: [product], ...UTC };
      await stage.withPage("typical/performance", options, async ({ page }) => {
        const chart = page.locator(".chart").first();
        await chart.locator("canvas").waitFor();
        const thin = await colourOf(page, pale(1));
        expect(await page.locator(".u-before").count()).toBe(0);

        await page.getByRole("button", { name: COMPARE }).click();
        await page.waitForURL(/compare=before/);
        await waitForText(page, ".coverage", "the period before: ");
        await waitFor("a thin line", WAIT_MS, async () => {
          return count(await drawingOf(chart), thin) > LINE_PIXELS_MIN || undefined;
        });
        await page.reload();
        await waitForText(page, ".chart-box", "ops/s, before");
        await waitForText(page, ".coverage", "the period before: ");
        const order = await chart.locator(".u-series").evaluateAll((rows) =>
          rows
            .map((row) => ({
              text: row.textContent ?? "",
              ...row.getBoundingClientRect().toJSON(),
            }))
            .toSorted((a, b) => a.top - b.top || a.left - b.left)
            .map(({ text }) => text.split(":")[0] ?? ""),
        );
        expect(order.slice(1).map((text) => text.replace(/[–\d].*$/, ""))).toEqual([
          "ops/s",
          "ops/s, before",
        ]);
        expect(await axeProblems(page)).toEqual([]);

        await chart.getByRole("button", { name: "View as table" }).click();
        const titles = await chart.locator("thead th").allTextContents();
        expect(titles.length).toBe(3);
        expect(titles[2]).toContain("ops/s, before");
        const rows = await chart
          .locator("tbody tr")
          .evaluateAll((all) =>
            all.map((row) => [...row.children].map((cell) => cell.textContent ?? "")),
          );
        expect(rows.length).toBe(360);
        const [[time = ""] = []] = rows;
        const thenMs = Date.parse(`${time.replace(" ", "T")}Z`) - HOUR_MS;
        const url = new URL(`http://x/performance?range=1h&step=10&until=${thenMs / 1000}`);
        const then = figures?.(undefined, url).body as V1Performance;
        const values = then.series[0]?.values ?? [];
        expect(rows.map((row) => row[2])).toEqual(values.toReversed().map(formatRate));

        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("button", { name: "Export CSV" }).click(),
        ]);
        expect(readFileSync(await download.path(), "utf8")).toContain("time,ops,ops before,p50,");

        await page.getByRole("button", { name: COMPARE }).click();
        await page.waitForURL((at) => !at.search.includes("compare"));
        await page.waitForFunction(() => document.querySelectorAll(".u-before").length === 0);
      });
    },
    TEST_MS,
  );

  test(
    "of several lines is asked for by their names, with points of the same length",
    async () => {
      const product = typicalProduct();
      const good = product.answers["GET performance"];
      const asked: URLSearchParams[] = [];
      product.answers["GET performance"] = (body, url) => {
        asked.push(url.searchParams);
        return good?.(body, url) ?? { status: 500 };
      };
      const path = "typical/performance?by=proxy&range=6h&compare=before";
      await stage.withPage(path, { products: [product] }, async ({ page }) => {
        await waitForText(page, ".coverage", "the period before: ");
        const own = asked.filter((query) => query.get("by") === "proxy");
        expect([...new Set(own.map((query) => query.get("step")))]).toEqual(["60"]);
        const before = own.filter((query) => query.has("until"));
        expect(before.length).toBe(3);
        expect(new Set(before.map((query) => query.get("of"))).size).toBe(3);
        for (const width of [1280, 400]) {
          await page.setViewportSize({ width, height: 800 });
          expect([width, await overflowOf(page)]).toEqual([width, 0]);
        }
        expect(await smallTargets(page)).toEqual([]);
      });
    },
    TEST_MS,
  );

  test(
    "that nobody counted, that isn't kept, or that can't be read is told",
    async () => {
      const product = typicalProduct();
      const good = product.answers["GET performance"];
      let before: "empty" | "gone" | "broken" = "empty";
      product.answers["GET performance"] = (body, url) => {
        const { body: whole, status = 500 } = good?.(body, url) ?? {};
        if (!url.searchParams.has("until")) {
          return { status, body: whole };
        }
        switch (before) {
          case "empty":
            return { status, body: clearFigures(whole as V1Performance) };
          case "gone":
            return problem(409, "STATE_CONFLICT", "not kept so long");
          case "broken":
            return problem(502, "PROXY_UNREACHABLE", "nobody answered");
        }
      };
      const path = "typical/performance?compare=before";
      await stage.withPage(path, { products: [product] }, async ({ page }) => {
        await waitForText(page, ".coverage", "no figures of the period before");
        before = "gone";
        await page.reload();
        await waitForText(page, ".notice", "The period before isn't kept");
        await page.waitForSelector(".chart-box canvas");
        expect(await page.locator(".u-before").count()).toBe(0);
        before = "broken";
        await page.reload();
        await waitForText(page, ".problem", "nobody answered");
        before = "empty";
        await page.getByRole("button", { name: "Try again" }).click();
        await waitForText(page, ".coverage", "no figures of the period before");

        await page.getByRole("button", { name: "7 d" }).click();
        await waitForText(page, ".notice", "figures are kept for 7 days");
        await page.getByRole("button", { name: COMPARE }).click();
        await page.waitForFunction(() => document.querySelector(".notice") === null);
        const off = page.getByRole("button", { name: COMPARE });
        expect(await off.getAttribute("aria-disabled")).toBe("true");
      });
    },
    TEST_MS,
  );
});

describe("a picture of a chart", () => {
  for (const theme of ["light", "dark", "contrast"] as const) {
    test(
      `has its title, its lines and its legend on the ground of the theme: ${theme}`,
      async () => {
        const options = { theme, products: [typicalProduct()] };
        const path = "typical/performance?compare=before";
        await stage.withPage(path, options, async ({ page }) => {
          await waitForText(page, ".coverage", "the period before: ");
          const chart = page.locator(".chart").nth(1);
          const thin = await colourOf(page, pale(4));
          await waitFor("the chart with its thin lines", WAIT_MS, async () => {
            return count(await drawingOf(chart), thin) > LINE_PIXELS_MIN || undefined;
          });
          const [download] = await Promise.all([
            page.waitForEvent("download"),
            chart.getByRole("button", { name: "Save as PNG: Latency" }).click(),
          ]);
          expect(download.suggestedFilename()).toMatch(
            /^codis-performance-typical-total-latency-\d{8}-\d{6}\.png$/,
          );
          const picture = readPicture(readFileSync(await download.path()));
          const box = await chart.locator("canvas").boundingBox();
          const ground = await colourOf(page, "var(--surface)");
          const text = await colourOf(page, "var(--text)");
          expect(picture.width).toBe(Math.round(box?.width ?? 0));
          const { width, height } = picture;
          for (const corner of [0, width - 1, (height - 1) * width, height * width - 1]) {
            expect(isNear(picture, corner, ground)).toBe(true);
          }
          // The title is above the lines, the legend below: eight of them need two rows.
          expect(count(picture, text, 0, 40)).toBeGreaterThan(50);
          expect(count(picture, text, height - 40)).toBeGreaterThan(50);
          for (const line of [1, 2, 3, 4]) {
            const colour = await colourOf(page, `var(--line-${line})`);
            expect([line, count(picture, colour) > DOTS_MIN]).toEqual([line, true]);
            expect([line, count(picture, colour, height - 60) > 5]).toEqual([line, true]);
          }
          await chart.getByRole("button", { name: "View as table" }).click();
          const off = chart.getByRole("button", { name: "Save as PNG: Latency" });
          expect(await off.getAttribute("aria-disabled")).toBe("true");
        });
      },
      TEST_MS,
    );
  }
});

describe("settings", () => {
  test(
    "of figures and charts act at once, and are kept",
    async () => {
      const options = { products: [typicalProduct()] };
      await stage.withPage("settings", options, async ({ page }) => {
        await waitForText(page, ".card", "are 1.23 M, and 1,500,000,000 bytes 1.4 GiB");
        await page.getByLabel("Usual range of charts").selectOption("6h");
        await page.getByRole("radio", { name: "In full: 1,234,567" }).check();
        await page.getByRole("radio", { name: "By 1000: kB, MB, GB" }).check();
        await waitForText(page, ".card", "are 1,234,567, and 1,500,000,000 bytes 1.5 GB");
        await page.reload();
        await waitForText(page, ".card", "are 1,234,567, and 1,500,000,000 bytes 1.5 GB");
        expect(await page.getByLabel("Usual range of charts").inputValue()).toBe("6h");

        await page.goto(stage.server.url("typical/performance"));
        const chart = page.locator(".chart").first();
        await chart.locator("canvas").waitFor();
        const six = page.getByRole("button", { name: "6 h" });
        expect(await six.getAttribute("aria-pressed")).toBe("true");
        await chart.getByRole("button", { name: "View as table" }).click();
        await waitForText(page, ".chart td", /^\d\d,\d{3}\/s$/);
        await page.goto(stage.server.url("typical/performance?range=5m"));
        const five = page.getByRole("button", { name: "5 min" });
        await five.waitFor();
        expect(await five.getAttribute("aria-pressed")).toBe("true");

        for (const path of ["typical", "typical/performance", "typical/groups/1", "settings"]) {
          await page.goto(stage.server.url(path));
          await page.waitForSelector(".shell main h1");
          await settle(page);
          for (const width of [1280, 400]) {
            await page.setViewportSize({ width, height: 800 });
            expect([path, width, await overflowOf(page)]).toEqual([path, width, 0]);
          }
        }
      });
    },
    TEST_MS,
  );
});
