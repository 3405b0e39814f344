/**
 * Journey J2 with a real product, by keyboard alone (gate A4): the console of a real dashboard previews a rebalance,
 * starts it, pauses it, changes its speed, resumes it and cancels it with roll-back, in at most twelve steps, while all
 * keys stay where clients find them. Then the race of gate U4: slots change between preview and start.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { buildWeb } from "../../scripts/build-web.ts";
import type { V1Operation } from "../../src/api/v1-operation-schema.ts";
import { encodeCommand } from "../../src/resp/encode.ts";
import { runCodis } from "../support/codis-program.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import type { RespConnection } from "../support/resp-connection.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "../support/waiting-proxy.ts";
import { launchBrowser, openPage, type TestPage } from "./support/browser.ts";
import { chooseRadio, pressWithKeys, typeInto } from "./support/keyboard.ts";

const TEST_MS = 300_000;
const RUN_MS = 90_000;
const WAIT_MS = 60_000;
/** Plans that may be made until one has no problems; and how long a page may be stale. */
const PLANS_MAX = 5;
const STALE_MS = 5_000;
const KEYS = 4_096;
/** Slow enough to be caught under way. */
const SLOW_KEYS = 100;

const folder = memoryFolder();
const servers: RedisServer[] = [];
let proxy: WaitingProxy;
let dashboard: RunningDashboard;
let client: RespConnection;
let browser: Browser;
let opened: TestPage | undefined;

beforeAll(async () => {
  await buildWeb();
  servers.push(await startRedis(), await startRedis());
  proxy = await startWaitingProxy();
  dashboard = await startDashboard({
    coordinator: { name: "filesystem", addr: folder.path },
    // What is ordered is refused when the lease runs out, and the machine may stand still.
    config: { leader_lease: "30s" },
  });
  for (const [index, { addr }] of servers.entries()) {
    await say(`group create ${index + 1}`);
    await say(`server add ${index + 1} ${addr}`);
  }
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
  for (const server of servers) {
    await server.stop();
  }
  folder.remove();
});

/** Must succeed; gives what it prints. */
async function say(line: string): Promise<string> {
  const env = { ...process.env, CODIS_DASHBOARD: dashboard.addr };
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

async function operations(): Promise<readonly V1Operation[]> {
  return JSON.parse(await say("operation list --json")) as readonly V1Operation[];
}

/** The plan that the page shows, or another one: while the machine stands still, servers don't answer who plans. */
async function withoutProblems(page: Page): Promise<string> {
  const start = page.getByRole("button", { name: "Start…" });
  const isOff = async (): Promise<boolean> =>
    (await start.getAttribute("aria-disabled")) === "true";
  for (let plans = 1; await isOff(); plans += 1) {
    await page.waitForTimeout(STALE_MS);
    if (await isOff()) {
      expect(plans).toBeLessThan(PLANS_MAX);
      await page.goto(`http://${dashboard.addr}/demo/rebalance`);
      await page.getByRole("button", { name: "Make the plan" }).click();
      await page.getByRole("heading", { name: /^Plan p-/ }).waitFor();
    }
  }
  return (await page.locator("h1").textContent())?.replace("Plan ", "") ?? "";
}

async function openAt(path: string): Promise<Page> {
  await opened?.close();
  opened = await openPage(browser, `http://${dashboard.addr}/demo/${path}`);
  opened.page.setDefaultTimeout(WAIT_MS);
  return opened.page;
}

test(
  "journey J2: a rebalance is previewed, started, paused, slowed, resumed and rolled back",
  async () => {
    const page = await openAt("rebalance");
    let steps = 0;
    const press = async (name: string | RegExp): Promise<void> => {
      steps += 1;
      await pressWithKeys(page.getByRole("button", { name }));
    };
    const fill = async (label: string | RegExp, text: string): Promise<void> => {
      steps += 1;
      await typeInto(page.getByLabel(label), text);
    };

    await press("Make the plan");
    await page.getByRole("heading", { name: /^Plan p-/ }).waitFor();
    const planId = await withoutProblems(page);
    await page.getByRole("row", { name: /Group 1 1,024 512 −512/ }).waitFor();
    expect(await operations()).toEqual([]);

    await press("Start…");
    // No step of the journey: the move has to last until it is paused.
    await typeInto(page.getByLabel("Keys per second, at most"), String(SLOW_KEYS));
    await fill(`Type ${planId} to confirm`, planId);
    await fill("Why (for the audit log)", "a new group");
    await press("Move 512 slots");
    await page.getByRole("heading", { name: /^Operation op-/ }).waitFor();
    await page.getByText(/Moving now: [\d]/).waitFor();
    const [started] = await operations();
    expect(started).toMatchObject({ plan_id: planId, speed: { keys_per_second: SLOW_KEYS } });

    await press("Pause");
    await page.getByRole("button", { name: "Resume" }).waitFor();
    expect((await operations())[0]?.state).toBe("paused");
    await fill("Keys per second, at most", "50");
    await press("Set the speed");
    await page.getByText("50 keys/s at most").first().waitFor();
    await press("Resume");
    await page.getByText("running", { exact: true }).first().waitFor();
    expect((await operations())[0]).toMatchObject({
      state: "running",
      speed: { keys_per_second: 50 },
    });

    await press("Cancel…");
    steps += 1;
    await chooseRadio(page.getByLabel("Move them back"));
    await press(/^Cancel op-\d+, move slots back$/);
    await page.getByText("cancelled", { exact: true }).first().waitFor();
    expect(steps).toBeLessThanOrEqual(12);

    const [ended] = await operations();
    expect(ended).toMatchObject({ state: "cancelled", rollback: true });
    await expectAllKeys();
    const slots = JSON.parse(await say("slot info --all --json")) as { action: unknown }[];
    expect(JSON.stringify(slots)).not.toContain("migrating");
    expect(opened?.errors).toEqual([]);
  },
  TEST_MS,
);

test(
  "gate U4: slots that change between preview and start lead to a new plan, and nothing is started",
  async () => {
    const page = await openAt("rebalance");
    await page.getByRole("button", { name: "Make the plan" }).click();
    await page.getByRole("heading", { name: /^Plan p-/ }).waitFor();
    const planId = await withoutProblems(page);
    const before = (await operations()).length;

    await say("slot offline 1000-1023 --yes");
    await page.getByText(/aren't where this plan takes them from any more/).waitFor();
    await page.getByRole("button", { name: "Start…" }).click();
    await page.getByLabel(`Type ${planId} to confirm`).fill(planId);
    await page.getByLabel("Why (for the audit log)").fill("a new group");
    await page.getByRole("button", { name: /^Move \d+ slots$/ }).click();
    // Outside of `main` the same words are told to screen readers, a moment later.
    const main = page.locator("main");
    await main.getByText(`Plan ${planId} was out of date, so nothing was started.`).waitFor();
    await main.getByText(/slots go another way:/).waitFor();
    expect((await operations()).length).toBe(before);
    expect(await page.locator("h1").textContent()).not.toBe(`Plan ${planId}`);
    expect(opened?.errors).toEqual([]);
  },
  TEST_MS,
);
