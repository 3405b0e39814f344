/**
 * The slot map in a browser: keyboard and pointer of the grid, choosing by text, orders and their dialogs, rights, and
 * that a change touches only the cells that changed.
 */
import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { useMovingStage } from "./support/moving-stage.ts";
import { SLOT_KEYS, slotsOf } from "./support/typical-product.ts";

const stage = useMovingStage();

async function open(path: string, role: "viewer" | "operator" = "operator"): Promise<Page> {
  const page = await stage.open(path, { role });
  await page.waitForSelector('[role="gridcell"]');
  return page;
}

function chosen(page: Page): Promise<readonly number[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('[role=gridcell][aria-selected="true"]')].map(
      (cell) => Number(cell.dataset["slot"]),
    ),
  );
}

function focused(page: Page): Promise<string | undefined> {
  return page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset["slot"]);
}

const cell = (id: number): string => `[role=gridcell][data-slot="${id}"]`;

describe("the grid", () => {
  test("has a cell for each slot, named by owner and state, and one stop for Tab", async () => {
    const page = await open("shop/slots");
    expect(await page.locator("[role=gridcell]").count()).toBe(1024);
    expect(await page.locator('[role=gridcell][tabindex="0"]').count()).toBe(1);
    expect(await page.locator(cell(5)).getAttribute("aria-label")).toBe(
      "Slot 5, group 1, migrating, to group 2",
    );
    expect(await page.locator(cell(1001)).getAttribute("aria-label")).toBe("Slot 1001, offline");
    expect(await page.locator("[role=rowheader]").last().getAttribute("aria-label")).toBe(
      "Slots 992 to 1023: group 4: 8, offline: 24",
    );
  });

  test("is used with the keyboard alone, and the address follows", async () => {
    const page = await open("shop/slots");
    await page.locator(cell(0)).focus();
    const press = async (...keys: readonly string[]): Promise<void> => {
      for (const key of keys) {
        await page.keyboard.press(key);
      }
    };
    await press("ArrowDown", "ArrowRight");
    expect(await focused(page)).toBe("33");
    expect(await chosen(page)).toEqual([]);
    await press("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowLeft");
    expect(await chosen(page)).toEqual([33, 34]);
    await press("Control+End");
    expect(await focused(page)).toBe("1023");
    await press("Space");
    expect(await chosen(page)).toEqual([33, 34, 1023]);
    await page.waitForURL(/slots=33-34%2C1023/);
    await press("Home");
    expect(await focused(page)).toBe("992");
    await press("PageUp", "Enter");
    expect(await chosen(page)).toEqual([992 - 8 * 32]);
    await press("Control+a");
    expect((await chosen(page)).length).toBe(1024);
    await press("Escape");
    expect(await chosen(page)).toEqual([]);
  });

  test("is used with the pointer: press, drag, Shift, Ctrl", async () => {
    const page = await open("shop/slots");
    await page.locator(cell(100)).hover();
    await page.mouse.down();
    await page.locator(cell(103)).hover();
    await page.locator(cell(105)).hover();
    await page.mouse.up();
    expect(await chosen(page)).toEqual([100, 101, 102, 103, 104, 105]);
    await page.locator(cell(102)).click({ modifiers: ["ControlOrMeta"] });
    await page.locator(cell(200)).click({ modifiers: ["ControlOrMeta"] });
    expect(await chosen(page)).toEqual([100, 101, 103, 104, 105, 200]);
    await page.locator(cell(202)).click({ modifiers: ["Shift"] });
    expect(await chosen(page)).toEqual([100, 101, 103, 104, 105, 200, 201, 202]);
    await page.locator(cell(7)).click();
    expect(await chosen(page)).toEqual([7]);
    await page.getByText("keys come from").waitFor();
  });

  test("takes the choice from the address and from texts, and says what it can't read", async () => {
    const page = await open("shop/slots?slots=3-5&mode=state");
    expect(await chosen(page)).toEqual([3, 4, 5]);
    const field = page.getByLabel("Choose slots by number");
    await field.fill("0-2,2000");
    await field.press("Enter");
    await page.getByText("“2000” is beyond the last slot").waitFor();
    await field.fill("0-2, 1023");
    await field.press("Enter");
    expect(await chosen(page)).toEqual([0, 1, 2, 1023]);
    await page.getByLabel("Choose all of").selectOption({ label: "offline (24)" });
    expect((await chosen(page)).length).toBe(24);
    await page.locator("#announcements", { hasText: "24 slots chosen: 1000-1023" }).waitFor();
  });

  test("shows the keys of slots as levels, and follows their changes", async () => {
    const page = await open("shop/slots?mode=keys");
    await page.locator(`${cell(1)}.heat-5`).waitFor();
    const { keys } = SLOT_KEYS;
    expect(await page.locator(cell(1)).getAttribute("aria-label")).toContain(
      `${keys[1]?.toLocaleString("en")} keys`,
    );
    expect(await page.locator(cell(0)).getAttribute("class")).toContain("heat-0");
    expect(await page.locator(`[role=gridcell].heat-unknown`).count()).toBe(
      keys.filter((each) => each === null).length,
    );
    stage.product.answers["GET slot-keys"] = () => ({
      status: 200,
      body: { ...SLOT_KEYS, keys: keys.map((each, id) => (id === 1 ? 0 : each)) },
    });
    await page.locator(`${cell(1)}.heat-0`).waitFor();
    await page.getByRole("button", { name: /^no keys/ }).click();
    await page.locator(`${cell(1)}.faint`).waitFor();
  });

  test("a change of twenty slots touches just those cells", async () => {
    const page = await open("shop/slots");
    const watched = page.evaluate(
      () =>
        new Promise<readonly string[]>((resolve) => {
          const touched = new Set<string>();
          const grid = document.querySelector("[role=grid]");
          new MutationObserver((records) => {
            for (const { target } of records) {
              const element = target instanceof HTMLElement ? target : target.parentElement;
              touched.add(element?.dataset["slot"] ?? element?.getAttribute("role") ?? "?");
            }
            resolve([...touched]);
          }).observe(grid ?? document, {
            attributes: true,
            childList: true,
            characterData: true,
            subtree: true,
          });
        }),
    );
    await page.waitForFunction(() => document.querySelector("[role=grid]") !== null);
    stage.server.publish("shop", {
      slots: slotsOf(4, (slot) =>
        slot >= 500 && slot < 520
          ? { owner: 3, target: 4, state: 5 }
          : slot >= 1000
            ? { owner: 0, state: 0 }
            : slot < 20
              ? {
                  owner: 1,
                  target: 2,
                  state: slot < 4 ? 6 : slot < 12 ? 5 : slot < 14 ? 4 : slot < 16 ? 3 : 2,
                }
              : {},
      ),
    });
    const touched = (await watched).filter((each) => each !== "rowheader");
    expect(touched.map(Number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => 500 + index),
    );
  });
});

describe("orders", () => {
  test("a move makes a plan of just the chosen slots, and shows it", async () => {
    const page = await open("shop/slots?slots=100-163");
    await page.getByRole("button", { name: "Move…" }).click();
    await page.getByRole("combobox", { name: "To group" }).selectOption("3");
    await page.getByText("codis slot migrate 100-163 --to 3").waitFor();
    await page.getByRole("button", { name: "Make the plan" }).click();
    await page.getByRole("heading", { name: "Plan p-3-1" }).waitFor();
    expect(stage.product.plans[0]?.request).toMatchObject({ strategy: "move" });
    expect(stage.product.plans[0]?.request.moves?.length).toBe(64);
    expect(stage.product.started).toEqual([]);
  });

  test("offline slots are assigned once what changes was shown: nobody loses them, so nothing is typed", async () => {
    const page = await open("shop/slots");
    await page.getByLabel("Choose all of").selectOption({ label: "offline (24)" });
    await page.getByRole("button", { name: "Assign by force…" }).click();
    await page.getByRole("combobox", { name: "To group" }).selectOption("4");
    await page.getByText("24 slots would change:").waitFor();
    expect(await page.getByLabel(/to confirm$/).count()).toBe(0);
    await page.getByRole("button", { name: /Assign 24 slots to group 4/ }).click();
    await page.getByText("24 slots changed.").first().waitFor();
    const sent = stage.server.requests
      .filter(({ method }) => method === "PUT")
      .map(({ body }) => body);
    const order = { assignments: [{ from: 1000, to: 1023, group_id: 4 }] };
    // What would change is asked for again before it is done.
    expect(sent.pop()).toEqual(order);
    expect(sent.length).toBeGreaterThanOrEqual(2);
    expect(new Set(sent.map((each) => JSON.stringify(each)))).toEqual(
      new Set([JSON.stringify({ ...order, dry_run: true })]),
    );
    expect(await chosen(page)).toEqual([]);
  });

  test("slots of a group are given to another only after their name is typed and a reason given", async () => {
    const page = await open("shop/slots?slots=300-310");
    await page.getByRole("button", { name: "Assign by force…" }).click();
    await page.getByRole("combobox", { name: "To group" }).selectOption("4");
    await page.getByText("11 slots would change:").waitFor();
    const confirm = page.getByRole("button", { name: "Assign 11 slots to group 4" });
    expect(await confirm.getAttribute("aria-disabled")).toBe("true");
    await page.getByLabel("Type 300-310 to confirm").fill("300-310");
    expect(await confirm.getAttribute("aria-disabled")).toBe("true");
    await page.getByLabel("Why (for the audit log)").fill("group 2 is lost");
    await confirm.click();
    await page.getByText("11 slots changed.").first().waitFor();
  });

  test("a viewer can look at everything and change nothing", async () => {
    const page = await open("shop/slots?slots=1-5", "viewer");
    for (const name of ["Move…", "Assign by force…", "Take offline…"]) {
      const button = page.getByRole("button", { name });
      expect(await button.getAttribute("aria-disabled")).toBe("true");
    }
  });

  test("where a key is", async () => {
    const page = await open("shop/slots");
    await page.getByLabel("Key", { exact: true }).fill("user:{42}:name");
    await page.getByText("Hash tag").waitFor();
    const slot = await page.locator(".slot-found").textContent();
    await page.getByRole("button", { name: `Show slot ${slot}` }).click();
    expect(await focused(page)).toBe(slot ?? "");
    expect(await chosen(page)).toEqual([Number(slot)]);
  });
});
