/**
 * What can be done on the screens of proxies, groups, high availability, audit and users, in a browser against the
 * fixture server: who may (U2), how it is confirmed (U8, J4), what is sent, secrets, the audit log with its filter.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { waitFor } from "../support/deadline.ts";
import {
  addSentinels,
  GONE_TOKEN,
  MASTER,
  membersProduct,
  PRODUCT,
  PROMOTION,
  REPLICA,
} from "./support/members-fixture.ts";
import { useStage, WAIT_MS } from "./support/stage.ts";

const TEST_MS = 180_000;
/** Presses a button also while it is switched off, as a hand can. */
const EVEN_OFF = { force: true };
const stage = useStage();

/** Changes that the page has sent, `METHOD path`. */
function changes(): readonly string[] {
  return stage.server.requests
    .filter(({ method }) => method !== "GET")
    .map(
      ({ method, path }) =>
        `${method} ${path.replace(`/ops/codis/api/v1/products/${PRODUCT}/`, "")}`,
    );
}

function bodyOf(change: string): unknown {
  const [method, path = ""] = change.split(" ");
  return stage.server.requests.find((each) => each.method === method && each.path.endsWith(path))
    ?.body;
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  await waitFor(what, WAIT_MS, async () => ((await isSo()) ? true : undefined));
}

test(
  "proxies that applications find though the product doesn't have them are shown, with the lines that add and end them",
  async () => {
    await stage.withPage(
      `${PRODUCT}/proxies`,
      { products: [membersProduct()] },
      async ({ page }) => {
        const card = page.locator(".card", { hasText: "Registered, but not in this product" });
        await card.waitFor();
        const text = (await card.textContent()) ?? "";
        expect(text).toContain(`/jodis/${PRODUCT}/proxy-${"f".repeat(32)}`);
        expect(text).toContain("codis proxy add 10.0.8.77:11080");
        expect(text).toContain("codis admin --proxy=10.0.8.77:11080 --shutdown");
        expect(text).toContain("proxy-x isn't JSON");
        // The one that the product has isn't told again.
        expect(text).not.toContain("10.0.8.1:19000");
      },
    );
  },
  TEST_MS,
);

test(
  "the page of a proxy, a group and a server leads to its charts",
  async () => {
    await stage.withPage("settings", { products: [membersProduct()] }, async ({ page }) => {
      const paths = {
        [`proxies/${GONE_TOKEN}`]: `by=proxy&of=${GONE_TOKEN}`,
        "groups/1": "by=group&of=1",
        [`groups/1?server=${MASTER}`]: `by=server&of=${encodeURIComponent(MASTER)}`,
      };
      for (const [path, query] of Object.entries(paths)) {
        await page.goto(stage.server.url(`${PRODUCT}/${path}`));
        await page.locator(".page-lead").getByRole("link", { name: "Performance" }).click();
        await page.waitForURL(stage.server.url(`${PRODUCT}/performance?${query}`));
      }
    });
  },
  TEST_MS,
);

describe("a viewer", () => {
  const PATHS = [
    "proxies",
    `proxies/${GONE_TOKEN}`,
    `proxies/${GONE_TOKEN}?do=gone`,
    "groups",
    "groups?do=create",
    "groups/1",
    `groups/1?do=promote:${REPLICA}`,
    `groups/1?server=${REPLICA}`,
    "ha",
    "ha?do=configure",
    "audit",
    "users",
    "users?do=add",
  ];

  test(
    "finds no control that changes something switched on, and no users (U2)",
    async () => {
      await stage.withPage(
        `${PRODUCT}/proxies`,
        { products: [membersProduct()] },
        async ({ page }) => {
          stage.server.setSession({ role: "viewer" });
          for (const path of PATHS) {
            await page.goto(stage.server.url(`${PRODUCT}/${path}`));
            await page.waitForSelector("h1");
            const enabled = await page.evaluate(() =>
              [...document.querySelectorAll("[data-needs], dialog button[type=submit]")]
                .filter((each) => each.getAttribute("aria-disabled") !== "true")
                .map((each) => each.textContent),
            );
            expect([path, enabled]).toEqual([path, []]);
          }
          const asked = stage.server.requests.filter(({ path }) => /\/users$/.test(path));
          expect(asked.filter(({ path }) => path.includes("/api/"))).toEqual([]);
          expect(changes().filter((each) => !each.includes("replication/repair"))).toEqual([]);
        },
      );
    },
    TEST_MS,
  );
});

describe("confirmation", () => {
  test(
    "in production a removal asks for the name; the change is sent only then (U8)",
    async () => {
      const product = membersProduct();
      const first = "1".padStart(32, "0");
      product.values["product"] = { ...(product.values["product"] as object), label: "production" };
      product.answers[`DELETE proxies/${first}`] = () => ({ status: 200, body: { status: "ok" } });
      await stage.withPage(
        `${PRODUCT}/proxies/${first}`,
        { products: [product] },
        async ({ page }) => {
          await page.getByRole("button", { name: "Remove", exact: true }).click();
          const confirm = page.getByRole("button", { name: "Remove 10.0.0.1:19000" });
          await confirm.click(EVEN_OFF);
          expect(changes()).toEqual([]);
          await page.getByLabel("Type 10.0.0.1:19000 to confirm").fill("10.0.0.1:19000");
          await page.getByLabel("Why (for the audit log)").fill("its machine goes");
          expect(await page.locator("dialog .copy-line code").textContent()).toBe(
            `codis proxy remove ${first} --reason 'its machine goes'`,
          );
          await confirm.click();
          await page.waitForURL(stage.server.url(`${PRODUCT}/proxies`));
          expect(changes()).toEqual([`DELETE proxies/${first}`]);
        },
      );
    },
    TEST_MS,
  );

  test(
    "a proxy is declared gone only with the box ticked and the name typed, where it is needed",
    async () => {
      const product = membersProduct();
      product.answers[`POST proxies/${GONE_TOKEN}/gone`] = () => ({ status: 200, body: {} });
      await stage.withPage(
        `${PRODUCT}/proxies/${GONE_TOKEN}`,
        { products: [product] },
        async ({ page }) => {
          await page.getByRole("button", { name: "It is gone" }).click();
          const confirm = page.getByRole("button", { name: "10.0.0.3:19000 is gone" });
          await page.getByLabel("Type 10.0.0.3:19000 to confirm").fill("10.0.0.3:19000");
          await page.getByLabel("Why (for the audit log)").fill("它的机器已关机");
          await confirm.click(EVEN_OFF);
          expect(changes()).toEqual([]);
          await page.getByRole("checkbox").check();
          await confirm.click();
          await until("the word is given", () => changes().length > 0);
          expect(bodyOf(`POST proxies/${GONE_TOKEN}/gone`)).toEqual({ cannot_write: true });
          await page.goto(stage.server.url(`${PRODUCT}/proxies/${"1".padStart(32, "0")}`));
          const off = page.getByRole("button", { name: "It is gone" });
          await until(
            "it is off",
            async () => (await off.getAttribute("aria-disabled")) === "true",
          );
        },
      );
    },
    TEST_MS,
  );

  test(
    "a promotion asks for the name while sentinels disagree, and not when they agree again (J4)",
    async () => {
      const product = membersProduct();
      await stage.withPage(
        `${PRODUCT}/groups/1?do=promote:${REPLICA}`,
        { products: [product] },
        async ({ page }) => {
          const typed = page.getByLabel(`Type ${REPLICA} to confirm`);
          await page.getByText("A majority of the sentinels agrees").waitFor();
          expect(await typed.count()).toBe(0);
          addSentinels(product, [MASTER, undefined, REPLICA]);
          stage.server.publish(PRODUCT, { ...product.values });
          await typed.waitFor();
          await page.getByText("The sentinels don't agree with what is stored").waitFor();
          const confirm = page.getByRole("button", { name: `Promote ${REPLICA}` });
          await confirm.click(EVEN_OFF);
          expect(changes()).toEqual([]);
          addSentinels(product, [MASTER, MASTER, undefined]);
          stage.server.publish(PRODUCT, { ...product.values });
          await typed.waitFor({ state: "detached" });
          await confirm.click();
          await page.getByText("writes waited 14 ms").first().waitFor();
          expect(changes()).toEqual([`POST groups/1/servers/${REPLICA}/promotion`]);
        },
      );
    },
    TEST_MS,
  );

  test(
    "a promotion that something is in the way of can't be pressed",
    async () => {
      const product = membersProduct();
      product.answers[`GET groups/1/servers/${REPLICA}/promotion`] = () => ({
        status: 200,
        body: { ...PROMOTION, problems: ["group-[1] is promoting"] },
      });
      const path = `${PRODUCT}/groups/1?do=promote:${REPLICA}`;
      await stage.withPage(path, { products: [product] }, async ({ page }) => {
        await page.getByText("group-[1] is promoting").waitFor();
        await page.getByRole("button", { name: `Promote ${REPLICA}` }).click(EVEN_OFF);
        expect(changes()).toEqual([]);
      });
    },
    TEST_MS,
  );
});

describe("a new group", () => {
  test(
    "is made by keyboard alone, step by step; a step that failed is tried again (A4)",
    async () => {
      const product = membersProduct();
      let isBroken = true;
      product.answers["POST groups"] = () => ({ status: 201, body: {} });
      product.answers["POST groups/9/servers"] = (body) => {
        const isReplica = (body as { as_replica?: boolean }).as_replica === true;
        return isReplica && isBroken
          ? {
              status: 409,
              body: { code: "SERVER_UNREACHABLE", detail: "<img src=x onerror=alert(1)>" },
            }
          : { status: 201, body: {} };
      };
      await stage.withPage(`${PRODUCT}/groups`, { products: [product] }, async ({ page }) => {
        const opener = page.getByRole("button", { name: "Create group" });
        await opener.focus();
        await page.keyboard.press("Enter");
        await page.getByLabel("Id of the group").waitFor();
        expect(await page.getByLabel("Id of the group").inputValue()).toBe("9");
        await page.keyboard.press("Tab");
        await page.keyboard.type("10.0.8.1:6379");
        await page.keyboard.press("Tab");
        await page.keyboard.type("10.0.8.2:6379");
        await page.keyboard.press("Enter");
        await page.getByText("<img src=x onerror=alert(1)>").waitFor();
        isBroken = false;
        await page.getByRole("button", { name: "Try again" }).focus();
        await page.keyboard.press("Enter");
        await page.getByText("Group 9 is ready").first().waitFor();
        expect(changes()).toEqual([
          "POST groups",
          "POST groups/9/servers",
          "POST groups/9/servers",
          "POST groups/9/servers",
        ]);
        const plan = page.getByRole("link", { name: "Make a rebalance plan" });
        expect(await plan.getAttribute("href")).toBe(`/ops/codis/${PRODUCT}/rebalance`);
        await page.keyboard.press("Escape");
        await until("the focus is back", () =>
          page.evaluate(() => document.activeElement?.textContent === "Create group"),
        );
      });
    },
    TEST_MS,
  );
});

describe("users", () => {
  test(
    "the secret of a token is shown once: in no address, nothing that is kept, and gone when closed",
    async () => {
      const path = `${PRODUCT}/users/grafana`;
      await stage.withPage(path, { products: [membersProduct()] }, async ({ page }) => {
        await page.getByRole("button", { name: "Add token: grafana" }).click();
        await page.getByLabel("Name of the token").fill("laptop");
        await page.getByRole("button", { name: "Add token", exact: true }).click();
        await page.getByText("codis_secret_of_grafana").waitFor();
        expect(bodyOf("POST users/grafana/tokens")).toEqual({
          name: "laptop",
          expires_in_seconds: 90 * 86_400,
        });
        expect(page.url()).not.toContain("secret");
        expect(await keptText(page)).not.toContain("codis_secret");
        await page.getByRole("button", { name: "I have kept it" }).click();
        await page.getByText("codis_secret_of_grafana").waitFor({ state: "detached" });
      });
    },
    TEST_MS,
  );

  test(
    "a password is typed twice, sent once, and never in the line to copy",
    async () => {
      const product = membersProduct();
      product.answers["PATCH users/ann"] = () => ({ status: 200, body: {} });
      const path = `${PRODUCT}/users?do=password:ann`;
      await stage.withPage(path, { products: [product] }, async ({ page }) => {
        await page.getByLabel("Password", { exact: true }).fill("a long password");
        await page.getByLabel("Password again").fill("a long passwort");
        const confirm = page.getByRole("button", { name: "Set password", exact: true });
        await confirm.click(EVEN_OFF);
        expect(changes()).toEqual([]);
        await page.getByLabel("Password again").fill("a long password");
        expect(await page.locator("dialog .copy-line code").textContent()).not.toContain("a long");
        await confirm.click();
        await until("it is sent", () => changes().length > 0);
        expect(bodyOf("PATCH users/ann")).toEqual({ password: "a long password" });
      });
    },
    TEST_MS,
  );

  test(
    "the last admin can't be removed or made less",
    async () => {
      await stage.withPage(
        `${PRODUCT}/users`,
        { products: [membersProduct()] },
        async ({ page }) => {
          for (const name of ["Change role: ann", "Remove: ann"]) {
            const button = page.getByRole("button", { name });
            await button.waitFor();
            expect(await button.getAttribute("aria-disabled")).toBe("true");
          }
        },
      );
    },
    TEST_MS,
  );
});

/** All that the browser keeps of the page. */
function keptText(page: Page): Promise<string> {
  return page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state]),
  );
}

describe("the audit log", () => {
  test(
    "keeps its filter in the address, and exports what fits it (J6)",
    async () => {
      const path = `${PRODUCT}/audit?who=bob`;
      await stage.withPage(path, { products: [membersProduct()] }, async ({ page }) => {
        await page.getByText("20 of 60 changes").waitFor();
        await page.getByLabel("Result").selectOption("failed");
        await page.getByText("2 of 60 changes").waitFor();
        await page.waitForURL(/who=bob&result=failed$/);
        const downloading = page.waitForEvent("download");
        await page.getByRole("button", { name: "Export CSV" }).click();
        const file = await downloading;
        expect(file.suggestedFilename()).toMatch(/^codis-audit-demo-\d{8}-\d{6}\.csv$/);
        const lines = readFileSync(await file.path(), "utf8")
          .trimEnd()
          .split("\r\n");
        expect(lines).toHaveLength(3);
        expect(lines[1]).toStartWith("42,2026-11-01T00:21:00.000Z,bob/@session,v1,");
        await page.getByLabel("Period").selectOption("1h");
        await page.getByText("0 of 60 changes").waitFor();
      });
    },
    TEST_MS,
  );

  test(
    "of 50,000 changes draws few rows, filters at a key, and opens one by Enter (P13)",
    async () => {
      const path = `${PRODUCT}/audit`;
      await stage.withPage(path, { products: [membersProduct(50_000)] }, async ({ page }) => {
        await page.getByText("50,000 of 50,000 changes").waitFor({ timeout: TEST_MS });
        expect(await page.locator("tbody tr").count()).toBeLessThanOrEqual(120);
        await page.getByLabel("Search").focus();
        await page.keyboard.type("r-49999 ");
        await page.getByText("1 of 50,000 changes").waitFor();
        await page.locator("tbody tr").first().focus();
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "Change 49999" }).waitFor();
        expect(page.url()).toContain("change=49999");
      });
    },
    TEST_MS,
  );
});
