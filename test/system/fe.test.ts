/**
 * `codis fe` as a process over two real dashboards that it finds in a coordinator: signing in, changing each product,
 * a dashboard that dies and one that takes its place, and the ends of the program.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { V1ProductCardList, V1Session } from "../../src/api/v1-console-schema.ts";
import { type Answer, callAddr, type Headers } from "../support/admin-port.ts";
import { builtConsole } from "../support/built-console.ts";
import { type CodisProgram, runCodis, startCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { CookieJar } from "../support/fe-port.ts";
import { freePort } from "../support/free-port.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";

const PASSWORD = "correct horse";
/** A lease of the tests' dashboards, a look of fe, and time to spare. */
const TAKEOVER_MS = 40_000;
const TEST_MS = 90_000;

const folder = memoryFolder();
const coordinator = { name: "filesystem", addr: folder.join("store") } as const;
const jar = new CookieJar();
let shop: RunningDashboard;
let spare: RunningDashboard;
let mail: RunningDashboard;
let fe: CodisProgram;
let addr: string;

beforeAll(async () => {
  shop = await startDashboard({
    coordinator,
    product: "shop",
    config: { product_label: "production" },
  });
  spare = await startDashboard({ coordinator, product: "shop", until: "standby" });
  mail = await startDashboard({ coordinator, product: "mail" });
  addr = `127.0.0.1:${await freePort()}`;
  fe = startCodis([
    "fe",
    `--listen=${addr}`,
    `--filesystem=${coordinator.addr}`,
    `--assets-dir=${builtConsole()}`,
    "--ncpu=2",
    `--pidfile=${folder.join("fe.pid")}`,
  ]);
  await fe.sees(/"event":"fe.started"/);
  await waitFor(
    "the list",
    TAKEOVER_MS,
    async () => (await get("/readyz")).status === 200 || undefined,
  );
});

afterAll(async () => {
  fe.signal("SIGKILL");
  await Promise.all([fe.ended(), shop.kill(), spare.stop(), mail.stop()]);
  folder.remove();
});

function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Headers = {},
): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return callAddr(addr, method, path, text, { ...jar.header(), ...headers });
}

function get(path: string): Promise<Answer> {
  return call("GET", path);
}

async function cards(): Promise<V1ProductCardList["items"]> {
  return ((await get("/api/v1/products")).json() as V1ProductCardList).items;
}

let csrf: string;

describe("two products", () => {
  test("are found, and each first admin is made with the link that its dashboard has printed", async () => {
    expect((await get("/list")).json()).toEqual(["mail", "shop"]);
    for (const dashboard of [shop, mail]) {
      const [, setup = ""] = await dashboard.program.sees(/sign-in\?setup=([\w-]+)/);
      const answer = await call("POST", "/api/v1/session", {
        user: "alice",
        password: PASSWORD,
        setup,
      });
      expect(answer.status).toBe(200);
      jar.take(answer);
    }
    const session = (await get("/api/v1/session")).json() as V1Session;
    expect(session).toMatchObject({ state: "signed-in", user: "alice", role: "admin", mode: "fe" });
    csrf = session.csrf ?? "";
    await waitFor("both cards", TAKEOVER_MS, async (): Promise<true> => {
      expect(await cards()).toMatchObject([
        { name: "mail", label: "", state: "reachable", summary: { groups: 0 } },
        { name: "shop", label: "production", state: "reachable" },
      ]);
      return true;
    });
  });

  test("are changed, each through its own dashboard, and audited there", async () => {
    for (const [product, id] of [
      ["shop", 7],
      ["mail", 8],
    ] as const) {
      const path = `/api/v1/products/${product}/groups`;
      expect((await call("POST", path, { id })).status).toBe(403);
      const made = await call(
        "POST",
        path,
        { id },
        { "X-Codis-CSRF": csrf, "X-Request-Id": "r-9" },
      );
      expect(made.status).toBe(201);
      const audit = await get(`/api/v1/products/${product}/audit?limit=1`);
      expect(audit.json()).toMatchObject({
        items: [{ who: "alice/@session", arguments: { id }, request_id: "r-9" }],
      });
    }
    const groups = (await get("/api/v1/products/shop/groups")).json();
    expect(groups).toMatchObject({ items: [{ id: 7 }] });
  });

  test(
    "a dashboard that dies is told as such; its standby takes over, and the session is still good",
    async () => {
      await shop.kill();
      const { state } = await waitFor("the standby to lead", TAKEOVER_MS, async () => {
        const card = (await cards()).find(({ name }) => name === "shop");
        return card?.state === "reachable" ? card : undefined;
      });
      expect(state).toBe("reachable");
      const path = "/api/v1/products/shop/groups/7";
      const gone = await call("DELETE", path, undefined, { "X-Codis-CSRF": csrf });
      expect([gone.status, gone.text.includes("ok")]).toEqual([200, true]);
      expect((await get("/api/v1/products/mail/me")).json()).toMatchObject({ user: "alice" });
    },
    TEST_MS,
  );

  test("signing out ends the sessions at the dashboards", async () => {
    const old = jar.header();
    const out = await call("DELETE", "/api/v1/session", undefined, { "X-Codis-CSRF": csrf });
    expect(out.status).toBe(200);
    for (const port of [spare.addr, mail.addr]) {
      expect((await callAddr(port, "GET", "/api/v1/me", undefined, old)).status).toBe(401);
    }
  });

  test("SIGTERM ends the program with 0", async () => {
    fe.signal("SIGTERM");
    expect((await fe.ended()).code).toBe(0);
  });
});

describe("the command line", () => {
  test("that is wrong ends with 64 and says what would be right", async () => {
    for (const [args, text] of [
      [["--filesystem=/x"], "--listen=ADDR is needed"],
      [["--listen=127.0.0.1:0"], "one of --dashboard-list"],
      [["--listen=x", "--filesystem=/x"], "invalid --listen=x"],
      [["--listen=127.0.0.1:0", "--etcd=a", "--zookeeper=b"], "exclude each other"],
      [["--listen=127.0.0.1:0", "--filesystem=/x", "--base-path=/a b"], "invalid --base-path"],
      [["--listen=127.0.0.1:0", "--filesystem=/x", "--trusted-proxies=a"], "--trusted-proxies"],
    ] as const) {
      const { code, stderr } = await runCodis(["fe", ...args]);
      expect([args, code]).toEqual([args, 64]);
      expect(stderr).toContain(text);
    }
  });

  test(
    "with a port that is taken ends with 71; a list that can't be read doesn't end it",
    async () => {
      const taken = await runCodis([
        "fe",
        `--listen=${mail.addr}`,
        `--filesystem=${coordinator.addr}`,
      ]);
      expect(taken.code).toBe(71);
      const list = folder.join("list.json");
      const own = `127.0.0.1:${await freePort()}`;
      const program = startCodis(["fe", `--listen=${own}`, "-d", list]);
      await program.sees(/fe.undiscovered/);
      expect((await callAddr(own, "GET", "/readyz", undefined)).status).toBe(503);
      writeFileSync(list, JSON.stringify([{ name: "mail", dashboard: mail.addr }]));
      await waitFor("the list", TAKEOVER_MS, async () => {
        const { text } = await callAddr(own, "GET", "/list", undefined);
        return text.includes("mail") || undefined;
      });
      program.signal("SIGTERM");
      expect((await program.ended()).code).toBe(0);
    },
    TEST_MS,
  );
});
