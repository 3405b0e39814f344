/**
 * Journey J1 with real products and a real Redis server, by keyboard alone (gate A4): whoever signs in at `codis fe`
 * finds which of two products has an offline slot, and assigns it, in at most eight steps from the first letter of the
 * user's name on. Clients get the slot's keys again.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Locator } from "playwright-core";
import { buildWeb } from "../../scripts/build-web.ts";
import { V1Client } from "../../src/api/v1-client.ts";
import { slotOf } from "../../src/command/hash.ts";
import { encodeCommand } from "../../src/resp/encode.ts";
import { untilCaught } from "../support/caught-moment.ts";
import { type CodisProgram, startCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import type { RespConnection } from "../support/resp-connection.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "../support/waiting-proxy.ts";
import { launchBrowser, openPage, type TestPage } from "./support/browser.ts";
import { chooseWithKeys, pressWithKeys, typeInto } from "./support/keyboard.ts";

const TEST_MS = 300_000;
const WAIT_MS = 60_000;
/** Of one try to sign in: it has failed when the machine stood still while dashboards were asked. */
const TRY_MS = 20_000;
/** `ann`, her password, and the button. */
const SIGN_IN_STEPS = 3;
const STEPS_MAX = 8;
const PASSWORD = "correct horse";
const KEY = "order:1";
/** Of the key. */
const SLOT = slotOf(Buffer.from(KEY), 0, KEY.length, 1023);

const folder = memoryFolder();
const coordinator = { name: "filesystem", addr: folder.join("store") } as const;
const servers: RedisServer[] = [];
const dashboards: RunningDashboard[] = [];
let proxy: WaitingProxy;
let client: RespConnection;
let shop: V1Client;
let fe: CodisProgram;
let address: string;
let browser: Browser;
let opened: TestPage | undefined;

/** A product with all slots in group 1, and with the user `ann`; calls it as she may. */
async function makeProduct(product: string): Promise<V1Client> {
  const config = { leader_lease: "30s" };
  const [server, dashboard] = await Promise.all([
    startRedis(),
    startDashboard({ coordinator, product, config }),
  ]);
  servers.push(server);
  dashboards.push(dashboard);
  const user = { name: "ann", role: "admin", password: PASSWORD } as const;
  const { secret } = await dashboard.v1.createUser({ ...user, token: { name: "tests" } });
  const v1 = new V1Client({ addr: dashboard.addr, token: secret ?? "" });
  await v1.createGroup(1);
  await v1.addServer(1, { addr: server.addr });
  await v1.assignSlots({ assignments: [{ from: 0, to: 1023, group_id: 1 }] });
  return v1;
}

beforeAll(async () => {
  await buildWeb();
  browser = await launchBrowser();
  shop = await makeProduct("shop");
  await makeProduct("mail");
  proxy = await startWaitingProxy("shop");
  await shop.addProxy({ admin_addr: proxy.adminAddr });
  client = await proxy.connect();
  expect(await ask("SET", KEY, "shoes")).toBe("+OK\r\n");
  await shop.assignSlots({ assignments: [{ from: SLOT, to: SLOT, group_id: 0 }] });
  expect(await ask("GET", KEY)).toStartWith("-");
  const listen = `127.0.0.1:${await freePort()}`;
  fe = startCodis(["fe", `--listen=${listen}`, `--filesystem=${coordinator.addr}`]);
  await fe.sees(/"event":"fe.started"/);
  address = `http://${listen}/`;
  await waitFor("the list", WAIT_MS, async () => {
    const { ok } = await fetch(new URL("readyz", address));
    return ok || undefined;
  });
}, TEST_MS);

afterAll(async () => {
  await opened?.close();
  await browser?.close();
  client?.destroy();
  fe?.signal("SIGKILL");
  await fe?.ended();
  await proxy?.kill();
  await Promise.all(dashboards.map((each) => each.kill()));
  for (const server of servers) {
    await server.stop();
  }
  folder.remove();
}, TEST_MS);

async function ask(...command: readonly string[]): Promise<string> {
  client.write(encodeCommand(command));
  return (await client.next(command.join(" "))).toString();
}

test(
  "journey J1: signing in, finding the product with an offline slot, and assigning the slot",
  async () => {
    opened = await openPage(browser, address);
    const { page } = opened;
    page.setDefaultTimeout(WAIT_MS);
    let steps = 0;
    const press = async (target: Locator): Promise<void> => {
      steps += 1;
      await pressWithKeys(target);
    };

    const title = page.getByRole("heading", { name: "Products" });
    await untilCaught("the list of products", TEST_MS / 2, async () => {
      await typeInto(page.getByLabel("User", { exact: true }), "ann");
      await typeInto(page.getByRole("textbox", { name: "Password" }), PASSWORD);
      await pressWithKeys(page.getByRole("button", { name: "Sign in" }));
      await title.waitFor({ timeout: TRY_MS }).catch(() => undefined);
      return title.isVisible();
    });
    steps += SIGN_IN_STEPS;
    const card = (name: string): Locator => page.locator(".product-card").filter({ hasText: name });
    await card("shop")
      .filter({ hasText: "critical" })
      .filter({ hasText: "Slots offline1" })
      .waitFor();
    await card("mail").filter({ hasText: "Slots offline0" }).waitFor();

    await press(card("shop").getByRole("link", { name: "shop" }));
    await press(page.getByRole("link", { name: `slots ${SLOT}`, exact: true }).first());
    await press(page.getByRole("button", { name: "Assign by force…" }));
    steps += 1;
    await chooseWithKeys(page.getByRole("combobox", { name: "To group" }), "Group 1 (1,023 slots)");
    await press(page.getByRole("button", { name: "Assign 1 slots to group 1" }));
    await page.getByText("1 slots changed").first().waitFor();
    expect(steps).toBeLessThanOrEqual(STEPS_MAX);

    expect(await ask("GET", KEY)).toBe("$5\r\nshoes\r\n");
    expect((await shop.groups())[0]?.slots.count).toBe(1024);
    await page.getByText("Group 1").first().waitFor();
    expect(opened.errors).toEqual([]);
  },
  TEST_MS,
);
