/**
 * Overview, topology, performance and alerts in use: keys and focus (gates A4, A5), charts with their tables
 * (A10), gaps, what is kept in the address, and what follows the live document.
 */
import { describe, expect, test } from "bun:test";
import type { Locator, Page } from "playwright-core";
import type { V1Performance } from "../../src/api/v1-live-schema.ts";
import { waitFor } from "../support/deadline.ts";
import { problem } from "./support/fixture-server.ts";
import {
  brokenProduct,
  largeProduct,
  smallProduct,
  typicalProduct,
} from "./support/sized-products.ts";
import { useStage, WAIT_MS, waitForText } from "./support/stage.ts";

const TEST_MS = 180_000;
const stage = useStage();

const products = () => [brokenProduct(), smallProduct(), largeProduct(), typicalProduct()];

async function go(page: Page, path: string): Promise<void> {
  await page.goto(stage.server.url(path));
  await page.waitForSelector(".shell main h1");
}

describe("the overview", () => {
  test(
    "says how the product is, and each clause leads to why",
    async () => {
      await stage.withPage("broken", { products: products() }, async ({ page }) => {
        await waitForText(page, ".truth", "slots without service: 24");
        await waitForText(page, ".problem-list", "24 slots without a group");
        expect(await page.locator(".key-figure").count()).toBe(9);
        await page.getByRole("link", { name: "slots without service: 24" }).click();
        await page.waitForURL(stage.server.url("broken/slots"));
      });
    },
    TEST_MS,
  );

  test(
    "follows the live document",
    async () => {
      await stage.withPage("small", { products: products() }, async ({ page }) => {
        await waitForText(page, ".truth", "every check passes");
        const health = {
          epoch: 3,
          revision: 18,
          status: "degraded",
          faults: [],
          problems: [
            {
              kind: "no_replica",
              is_critical: false,
              subject: "group 2",
              message: "no replica left",
            },
          ],
        };
        stage.server.publish("small", { health });
        await waitForText(page, ".truth", "other problems: 1");
        await waitForText(page, ".problem-list", "no replica left");
      });
    },
    TEST_MS,
  );

  test(
    "asks a viewer's server for nothing that viewers may not read",
    async () => {
      await stage.withPage("settings", { products: products() }, async ({ page }) => {
        stage.server.setSession({ role: "viewer" });
        await go(page, "typical");
        await waitForText(page, "h2", "Last events");
        const asked = stage.server.requests.filter(({ path }) => path.endsWith("/users"));
        expect(asked).toEqual([]);
      });
    },
    TEST_MS,
  );
});

describe("the topology", () => {
  test(
    "draws a red dashed line where stored and real differ, and the dead stay",
    async () => {
      await stage.withPage("broken/topology", { products: products() }, async ({ page }) => {
        await page.waitForSelector(".topology-node");
        expect(await page.locator(".topology-node").count()).toBe(3 + 8 + 16);
        // Five differences, and one of them with its real other end.
        expect(await page.locator("path.topology-differs").count()).toBe(6);
        const look = await page
          .locator("path.topology-differs")
          .first()
          .evaluate((line) => getComputedStyle(line).strokeDasharray);
        expect(look).not.toBe("none");
        await waitForText(page, ".fault-list", "codis group repair 2");
      });
    },
    TEST_MS,
  );

  test(
    "is used with keys: arrows, Enter opens the panel, closing it gives the focus back",
    async () => {
      await stage.withPage("small/topology", { products: products() }, async ({ page }) => {
        await page.locator(".topology-node").first().focus();
        await page.keyboard.press("ArrowRight");
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("ArrowRight");
        await page.keyboard.press("Enter");
        await waitForText(page, ".topology-panel", "10.0.2.1:6379");
        expect(page.url()).toContain("node=server");
        await page.locator(".topology-panel").getByRole("button", { name: "Close" }).focus();
        await page.keyboard.press("Enter");
        await page.waitForSelector(".topology-panel", { state: "detached" });
        expect(await focusedKey(page)).toBe("server:10.0.2.1:6379");
      });
    },
    TEST_MS,
  );

  test(
    "folds a large product, opens a part with Enter, and never loses the focus",
    async () => {
      await stage.withPage("large/topology", { products: products() }, async ({ page }) => {
        await page.waitForSelector(".topology-node");
        expect(await page.locator(".topology-node").count()).toBe(7);
        await page.locator('[data-key="groups:11-20"]').focus();
        await page.keyboard.press("Enter");
        await page.waitForSelector('[data-key="group:11"]');
        await waitFor("focus on a group that was folded", WAIT_MS, async () =>
          (await focusedKey(page))?.startsWith("group:") === true ? true : undefined,
        );
        await page.getByRole("button", { name: "Fold again" }).click();
        await page.waitForSelector('[data-key="groups:11-20"]');
      });
    },
    TEST_MS,
  );

  test(
    "has the same nodes as a table",
    async () => {
      await stage.withPage("broken/topology", { products: products() }, async ({ page }) => {
        await page.waitForSelector(".topology-node");
        const drawn = await page.locator(".topology-node").count();
        await page.getByRole("button", { name: "View as table" }).click();
        await page.waitForURL(/view=table/);
        expect(await page.locator("tbody tr").count()).toBe(drawn);
        expect(
          await page.locator("tbody .tone-bad", { hasText: "stored and real differ" }).count(),
        ).toBe(5);
      });
    },
    TEST_MS,
  );
});

describe("performance", () => {
  test(
    "has charts with names and tables of the same numbers, with gaps as gaps",
    async () => {
      await stage.withPage("typical/performance", { products: products() }, async ({ page }) => {
        await page.waitForSelector(".chart-box canvas");
        const charts = page.locator(".chart");
        expect(await charts.count()).toBeGreaterThanOrEqual(4);
        expect(await page.locator(".chart [role=img][aria-label]").count()).toBe(
          await charts.count(),
        );
        await charts.first().getByRole("button", { name: "View as table" }).click();
        const cells = await charts.first().locator("tbody tr td:last-child").allTextContents();
        expect(cells.length).toBe(360);
        // The fixture knows nothing of a tenth of the hour.
        expect(cells.filter((cell) => cell === "–").length).toBe(36);
        expect(cells.filter((cell) => cell.endsWith("k/s")).length).toBe(324);
      });
    },
    TEST_MS,
  );

  test(
    "a figure with gaps on both sides is a dot",
    async () => {
      const typical = typicalProduct();
      const good = typical.answers["GET performance"];
      const alone = 180;
      typical.answers["GET performance"] = (body, url) => {
        const { body: whole, status = 500 } = good?.(body, url) ?? {};
        const answer = whole as V1Performance;
        const series = answer.series.map((each) => ({
          ...each,
          values: each.values.map((value, at) => (at === alone ? value : null)),
        }));
        return { status, body: { ...answer, series } };
      };
      await stage.withPage("typical/performance", { products: [typical] }, async ({ page }) => {
        const canvas = page.locator(".chart-box canvas").first();
        await canvas.waitFor();
        await waitFor("a dot", WAIT_MS, async () => (await linePixels(canvas)) > 4 || undefined);
        expect(await linePixels(canvas)).toBeLessThan(200);
      });
    },
    TEST_MS,
  );

  test(
    "keeps range, split and choice in the address, and Back leaves what was drawn out",
    async () => {
      await stage.withPage("typical/performance", { products: products() }, async ({ page }) => {
        await page.waitForSelector(".chart-box canvas");
        await page.getByRole("button", { name: "6 h" }).click();
        await page.waitForURL(/range=6h/);
        await page.getByLabel("Split by").selectOption("group");
        await page.waitForURL(/by=group/);
        await page.getByLabel("Only", { exact: true }).selectOption("3");
        await page.waitForURL(/of=3/);
        await waitForText(page, ".chart-head", "group 3");
        const before = page.url();
        const plot = page.locator(".u-over").first();
        await plot.hover();
        const box = await plot.boundingBox();
        if (box === null) {
          throw new Error("the chart isn't on the screen");
        }
        await page.mouse.move(box.x + 40, box.y + 30);
        await page.mouse.down();
        await page.mouse.move(box.x + 140, box.y + 30, { steps: 4 });
        await page.mouse.up();
        await page.waitForURL(/from=\d+&to=\d+/);
        await page.goBack();
        await page.waitForURL(before);
        await page.reload();
        await waitForText(page, ".chart-head", "group 3");
      });
    },
    TEST_MS,
  );

  test(
    "opens a command of the table in the charts",
    async () => {
      await stage.withPage("typical/performance", { products: products() }, async ({ page }) => {
        await page.getByRole("button", { name: "MGET" }).click();
        await page.waitForURL(/by=command&of=MGET/);
        await waitForText(page, ".chart-head", "MGET");
        await waitForText(page, "tbody", "failover");
      });
    },
    TEST_MS,
  );

  test(
    "says why nothing can be read, and reads again",
    async () => {
      const [typical] = [typicalProduct()];
      const good = typical.answers["GET performance"];
      typical.answers["GET performance"] = () => problem(409, "STATE_CONFLICT", "not kept so long");
      await stage.withPage("typical/performance", { products: [typical] }, async ({ page }) => {
        await waitForText(page, ".problem", "not kept so long");
        if (good !== undefined) {
          typical.answers["GET performance"] = good;
        }
        await page.getByRole("button", { name: "Try again" }).first().click();
        await page.waitForSelector(".chart-box canvas");
      });
    },
    TEST_MS,
  );

  test(
    "saves what it shows as CSV",
    async () => {
      await stage.withPage("typical/performance", { products: products() }, async ({ page }) => {
        await page.waitForSelector(".chart-box canvas");
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("button", { name: "Export CSV" }).click(),
        ]);
        expect(download.suggestedFilename()).toMatch(/^codis-performance-typical-total-.*\.csv$/);
      });
    },
    TEST_MS,
  );
});

describe("alerts", () => {
  test(
    "are checks with ids, what to do and a command line; the severity is in the address",
    async () => {
      await stage.withPage("broken/alerts", { products: products() }, async ({ page }) => {
        await waitForText(page, "#alerts-sum", "2 critical");
        await waitForText(page, ".problem-list", "CODIS-SLOTS-OFFLINE");
        await waitForText(page, ".problem-list", "codis group resync 2");
        await page.getByLabel("Severity").selectOption("critical");
        await page.waitForURL(/severity=critical/);
        expect(await page.locator(".problem-view").count()).toBe(2);
        expect(await page.locator("tbody tr").count()).toBe(22);
      });
    },
    TEST_MS,
  );
});

/** Pixels that have the colour of the first line. */
function linePixels(drawing: Locator): Promise<number> {
  return drawing.evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const probe = document.createElement("span");
    probe.style.color = "var(--line-1)";
    document.body.append(probe);
    const colour = (getComputedStyle(probe).color.match(/\d+/g) ?? []).map(Number);
    probe.remove();
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d")?.getImageData(0, 0, width, height) ?? { data: [] };
    let found = 0;
    for (let at = 0; at < data.length; at += 4) {
      const isLine = colour.every((part, index) => Math.abs((data[at + index] ?? 0) - part) < 12);
      found += isLine ? 1 : 0;
    }
    return found;
  });
}

function focusedKey(page: Page): Promise<string | null | undefined> {
  return page.evaluate(() => document.activeElement?.getAttribute("data-key"));
}
