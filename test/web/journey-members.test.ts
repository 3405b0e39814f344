/**
 * Journeys with a real product, real Redis servers and sentinels, through the console that its dashboard serves:
 * J5 adds a group with two servers and brings it into service, J4 promotes a replica while the sentinels disagree, J6
 * exports last week's audit for one user as CSV. By keyboard alone (gate A4).
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { buildWeb } from "../../scripts/build-web.ts";
import type { V1Group } from "../../src/api/v1-topology-schema.ts";
import { encodeCommand } from "../../src/resp/encode.ts";
import { untilCaught } from "../support/caught-moment.ts";
import { runCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import type { RespConnection } from "../support/resp-connection.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { type SentinelServer, startSentinel } from "../support/sentinel-server.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "../support/waiting-proxy.ts";
import { launchBrowser, openPage, type TestPage } from "./support/browser.ts";
import { chooseWithKeys, pressWithKeys, typeInto } from "./support/keyboard.ts";

const TEST_MS = 400_000;
const RUN_MS = 150_000;
const WAIT_MS = 60_000;
/** Each slot is written to the disk some times, and a disk may be slow. */
const MOVE_MS = 120_000;
const KEYS = 512;
const PRODUCT = "demo";
/** How often the sentinels are made to forget, so that the dashboard can't mend it meanwhile. */
const FORGET_EVERY_MS = 100;

const folder = memoryFolder();
const servers: RedisServer[] = [];
const sentinels: SentinelServer[] = [];
let proxy: WaitingProxy;
let dashboard: RunningDashboard;
let client: RespConnection;
let browser: Browser;
let opened: TestPage | undefined;

beforeAll(async () => {
  await buildWeb();
  for (let index = 0; index < 4; index += 1) {
    servers.push(await startRedis());
  }
  for (let index = 0; index < 3; index += 1) {
    sentinels.push(await startSentinel());
  }
  proxy = await startWaitingProxy();
  const coordinator = { name: "filesystem", addr: folder.path } as const;
  // What is ordered is refused when the lease runs out, and the machine may stand still.
  dashboard = await startDashboard({
    coordinator,
    product: PRODUCT,
    config: { leader_lease: "30s" },
  });
  await say("group create 1");
  await say(`server add 1 ${addrOf(0)}`);
  await say(`server add 1 ${addrOf(1)} --replica`);
  await say("slot assign 0-1023 1 --yes");
  await say(`proxy add ${proxy.adminAddr}`);
  client = await proxy.connect();
  const replies = await pipeline((key) => ["SET", `key:${key}`, `value ${key}`]);
  expect(new Set(replies)).toEqual(new Set(["+OK\r\n"]));
  browser = await launchBrowser();
}, TEST_MS);

afterAll(async () => {
  await opened?.close();
  await browser?.close();
  client?.destroy();
  await dashboard?.kill();
  await proxy?.kill();
  for (const sentinel of sentinels) {
    await sentinel.kill();
  }
  for (const server of servers) {
    await server.stop();
  }
  folder.remove();
});

function addrOf(index: number): string {
  const server = servers[index];
  if (server === undefined) {
    throw new Error(`no server ${index}`);
  }
  return server.addr;
}

/** Must succeed; gives what it prints. */
async function say(line: string, token?: string): Promise<string> {
  const env = {
    ...process.env,
    CODIS_DASHBOARD: dashboard.addr,
    ...(token === undefined ? {} : { CODIS_TOKEN: token }),
  };
  const { code, stdout, stderr } = await runCodis(line.split(" "), { env }, RUN_MS);
  expect([line, code, stderr]).toEqual([line, 0, ""]);
  return stdout;
}

async function pipeline(commandOf: (key: number) => readonly string[]): Promise<readonly string[]> {
  const keys = Array.from({ length: KEYS }, (_, key) => key);
  client.write(Buffer.concat(keys.map((key) => encodeCommand(commandOf(key)))));
  const replies: string[] = [];
  for (const key of keys) {
    replies.push((await client.next(`reply ${key}`)).toString());
  }
  return replies;
}

async function expectAllKeys(): Promise<void> {
  const values = await pipeline((key) => ["GET", `key:${key}`]);
  const wrong = values.filter((reply, key) => {
    const value = `value ${key}`;
    return reply !== `$${value.length}\r\n${value}\r\n`;
  });
  expect(wrong).toEqual([]);
}

async function groups(): Promise<readonly V1Group[]> {
  return JSON.parse(await say("group list --json")) as readonly V1Group[];
}

async function openAt(path: string): Promise<Page> {
  await opened?.close();
  opened = await openPage(browser, `http://${dashboard.addr}/${path}`);
  opened.page.setDefaultTimeout(WAIT_MS);
  return opened.page;
}

test(
  "journey J5: a group with two servers is added and brought into service",
  async () => {
    const page = await openAt(`${PRODUCT}/groups`);
    await pressWithKeys(page.getByRole("button", { name: "Create group" }));
    expect(await page.getByLabel("Id of the group").inputValue()).toBe("2");
    await typeInto(page.getByLabel("Master, host:port"), addrOf(2));
    await typeInto(page.getByLabel("Replica, host:port"), addrOf(3));
    await pressWithKeys(page.getByRole("button", { name: "Create group 2" }));
    await page.getByText("Group 2 is ready").first().waitFor();
    const [, made] = await groups();
    expect(made?.servers.map(({ addr }) => addr)).toEqual([addrOf(2), addrOf(3)]);
    expect(made?.slots.count).toBe(0);

    await pressWithKeys(page.getByRole("link", { name: "Make a rebalance plan" }));
    await pressWithKeys(page.getByRole("button", { name: "Make the plan" }));
    await page.getByRole("heading", { name: /^Plan p-/ }).waitFor();
    const plan = (await page.locator("h1").textContent())?.replace("Plan ", "") ?? "";
    await pressWithKeys(page.getByRole("button", { name: "Start…" }));
    await typeInto(page.getByLabel(`Type ${plan} to confirm`), plan);
    await typeInto(page.getByLabel("Why (for the audit log)"), "a new group");
    await pressWithKeys(page.getByRole("button", { name: "Move 512 slots" }));
    await page.getByRole("heading", { name: /^Operation op-/ }).waitFor();
    await waitFor("512 slots at group 2", MOVE_MS, async () =>
      (await groups())[1]?.slots.count === 512 ? true : undefined,
    );
    await expectAllKeys();
    await pressWithKeys(page.getByRole("link", { name: "Groups", exact: true }));
    await page.getByText("Slots: 512").nth(1).waitFor();
    expect(opened?.errors).toEqual([]);
  },
  TEST_MS,
);

test(
  "journey J4: a replica is promoted while the sentinels disagree, after its name is typed",
  async () => {
    for (const { addr } of sentinels) {
      await say(`sentinel add ${addr}`);
    }
    const page = await openAt(`${PRODUCT}/ha`);
    await pressWithKeys(page.getByRole("button", { name: "Configure sentinels" }));
    await pressWithKeys(
      page.locator("dialog").getByRole("button", { name: "Configure sentinels" }),
    );
    await page.getByText("A majority agrees with what is stored").waitFor();

    const to = addrOf(1);
    await pressWithKeys(page.getByRole("link", { name: "Groups", exact: true }));
    await pressWithKeys(page.getByRole("link", { name: "Group 1", exact: true }));
    const promote = page.getByRole("button", { name: `Promote: ${to}` });
    const forgetting = keepForgetting(sentinels.slice(0, 2), `${PRODUCT}-1`);
    try {
      await pressWithKeys(promote);
      await page.getByText("The sentinels don't agree with what is stored").waitFor();
      await typeInto(page.getByLabel(`Type ${to} to confirm`), to);
      await typeInto(page.getByLabel("Why (for the audit log)"), "its machine is old");
    } finally {
      await forgetting.end();
    }
    await pressWithKeys(page.getByRole("button", { name: `Promote ${to}`, exact: true }));
    await page.getByText(`${to} is the master of group 1`).first().waitFor();
    const [group] = await groups();
    expect(group?.servers[0]?.addr).toBe(to);
    await expectAllKeys();

    await pressWithKeys(page.getByRole("row", { name: /an operator/ }).getByRole("link"));
    await page.getByRole("heading", { name: "Change of the master of group 1" }).waitFor();
    await page.getByText("promoted", { exact: true }).first().waitFor();
    expect(opened?.errors).toEqual([]);
  },
  TEST_MS,
);

/** Has sentinels forget a master again and again, until `end`. */
function keepForgetting(which: readonly SentinelServer[], name: string): { end(): Promise<void> } {
  let isOver = false;
  const run = async (): Promise<void> => {
    while (!isOver) {
      for (const sentinel of which) {
        await sentinel.ask((asked) => asked.remove(name));
      }
      await Bun.sleep(FORGET_EVERY_MS);
    }
  };
  const running = run();
  return {
    end: async () => {
      isOver = true;
      await running;
    },
  };
}

test(
  "journey J6: last week's audit for one user is exported as CSV",
  async () => {
    const page = await openAt(`${PRODUCT}/users?do=add`);
    const password = "correct horse battery";
    await typeInto(page.getByLabel("Name"), "ann");
    await typeInto(page.getByLabel("Password", { exact: true }), password);
    await typeInto(page.getByLabel("Password again"), password);
    const add = page.getByRole("button", { name: "Add ann" });
    const signIn = page.getByRole("heading", { name: "Sign in" });
    // Again, when the page was stale or no dashboard led, because the machine stood still.
    await untilCaught("the sign-in", 4 * WAIT_MS, async () => {
      if (await add.isVisible()) {
        await pressWithKeys(add);
      }
      await signIn.waitFor({ timeout: WAIT_MS / 3 }).catch(() => undefined);
      return signIn.isVisible();
    });
    await typeInto(page.getByLabel("User"), "ann");
    await typeInto(page.getByLabel("Password", { exact: true }), password);
    await pressWithKeys(page.getByRole("button", { name: "Sign in" }));

    await pressWithKeys(page.getByRole("link", { name: "Groups", exact: true }));
    await pressWithKeys(page.getByRole("link", { name: "Group 2", exact: true }));
    await pressWithKeys(page.getByRole("button", { name: "Re-publish group" }));
    await pressWithKeys(page.locator("dialog").getByRole("button", { name: "Re-publish group" }));
    await page.getByText("Proxies that took it: 1.").first().waitFor();

    await pressWithKeys(page.getByRole("link", { name: "Audit", exact: true }));
    await chooseWithKeys(page.getByLabel("Who"), "ann");
    await chooseWithKeys(page.getByLabel("Period"), "last 7 days");
    await page
      .getByRole("row", { name: /resyncGroup/ })
      .first()
      .waitFor();
    const downloading = page.waitForEvent("download");
    await pressWithKeys(page.getByRole("button", { name: "Export CSV" }));
    const file = await downloading;
    const [head = "", ...lines] = readFileSync(await file.path(), "utf8")
      .trimEnd()
      .split("\r\n");
    const column = head.replace("\uFEFF", "").split(",").indexOf("who");
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.every((line) => line.split(",")[column]?.startsWith("ann/"))).toBe(true);
    expect(lines.join("\n")).toContain("resyncGroup");
    expect(lines.join("\n")).not.toContain("promoteServer");
    expect(opened?.errors).toEqual([]);
  },
  TEST_MS,
);
