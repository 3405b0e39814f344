/**
 * A user without a mouse: goes to what the page shows with Tab alone, and uses it with keys. Nothing here clicks,
 * fills in or moves the focus by script, so what it can do, a keyboard can do. Gate A4.
 */
import type { Locator } from "playwright-core";
import { waitFor } from "../../support/deadline.ts";

const WAIT_MS = 30_000;
/** More than any page has stops. */
const STOPS_MAX = 300;

/**
 * Goes with Tab until the element has the focus; with Shift and Tab when it is before what has the focus. Throws when
 * it isn't reached.
 */
export async function tabTo(target: Locator): Promise<void> {
  const page = target.page();
  await target.waitFor({ timeout: WAIT_MS });
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    const key = await keyTowards(target);
    if (key === undefined) {
      return;
    }
    await page.keyboard.press(key);
  }
  throw new Error(`Tab doesn't reach ${target}`);
}

/** Undefined when the element has the focus. */
function keyTowards(target: Locator): Promise<"Tab" | "Shift+Tab" | undefined> {
  return target.evaluate((element) => {
    const { activeElement, body } = document;
    if (activeElement === element) {
      return undefined;
    }
    const isBefore =
      activeElement !== null &&
      activeElement !== body &&
      (activeElement.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING) !== 0;
    return isBefore ? "Shift+Tab" : "Tab";
  });
}

/** Presses a button, when it can be pressed, or follows a link. */
export async function pressWithKeys(target: Locator): Promise<void> {
  await tabTo(target);
  await waitFor("a control that can be pressed", WAIT_MS, async () => {
    return (await target.isEnabled()) || undefined;
  });
  await target.page().keyboard.press("Enter");
}

/** Writes a text in place of the one that is there. */
export async function typeInto(target: Locator, text: string): Promise<void> {
  await tabTo(target);
  const { keyboard } = target.page();
  await keyboard.press("Control+a");
  await keyboard.type(text);
}

/** Chooses with the arrows from a list that opens, by the text of the choice. */
export async function chooseWithKeys(target: Locator, label: string): Promise<void> {
  await tabTo(target);
  const { keyboard } = target.page();
  const labels = await target.locator("option").allTextContents();
  const at = labels.findIndex((each) => each.trim() === label);
  if (at === -1) {
    throw new Error(`no choice ${label} among ${labels.join(", ")}`);
  }
  await keyboard.press("Home");
  for (let step = 0; step < at; step += 1) {
    await keyboard.press("ArrowDown");
  }
  await waitFor(`${label} is chosen`, WAIT_MS, async () => {
    const chosen = await target.evaluate((list) =>
      list instanceof HTMLSelectElement ? list.selectedOptions[0]?.textContent?.trim() : undefined,
    );
    return chosen === label || undefined;
  });
}

/** Chooses one of some round buttons: Tab reaches the one that is chosen, the arrows go on from there. */
export async function chooseRadio(target: Locator): Promise<void> {
  const page = target.page();
  await target.waitFor({ timeout: WAIT_MS });
  const group = page.getByRole("group").filter({ has: target }).last();
  await tabTo(group.getByRole("radio", { checked: true }));
  for (let step = 0; step < STOPS_MAX; step += 1) {
    if (await target.isChecked()) {
      return;
    }
    await page.keyboard.press("ArrowDown");
  }
  throw new Error(`the arrows don't reach ${target}`);
}
