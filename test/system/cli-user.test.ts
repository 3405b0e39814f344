/**
 * Users with passwords on the command line against a real dashboard: the first one, another password, what is refused,
 * and that no password is in the output or the log.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { V1Client } from "../../src/api/v1-client.ts";
import { callAddr } from "../support/admin-port.ts";
import { CODIS } from "../support/codis-program.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";

const folder = memoryFolder();
const RUN_MS = 60_000;
const TEST_MS = 180_000;
let dashboard: RunningDashboard;

beforeAll(async () => {
  const coordinator = { name: "filesystem", addr: folder.join("store") } as const;
  dashboard = await startDashboard({ coordinator });
});

afterAll(async () => {
  await dashboard.stop();
  folder.remove();
});

function codis(args: readonly string[], input: string, token = "") {
  const env = { ...process.env, CODIS_DASHBOARD: dashboard.addr, CODIS_TOKEN: token };
  return spawnSync(CODIS, [...args], { input, env, encoding: "utf8", timeout: RUN_MS });
}

async function signIn(user: string, password: string): Promise<number> {
  const body = JSON.stringify({ user, password });
  return (await callAddr(dashboard.addr, "POST", "/api/v1/session", body)).status;
}

test(
  "a user is made with a password, gets another one, and loses it",
  async () => {
    const root = codis(["user", "add", "root", "admin"], "");
    expect([root.status, root.stderr]).toEqual([0, ""]);
    const [token = ""] = root.stdout.split("\n");
    const add = ["user", "add", "bob", "--role", "operator", "--password-stdin"];
    const bob = codis(add, "first password\n", token);
    expect([bob.status, bob.stdout]).toEqual([
      0,
      "bob (operator) is made; signs in with the password\n",
    ]);
    expect(await signIn("bob", "first password")).toBe(200);
    const changed = codis(["user", "password", "bob"], "second password\r\nignored\n", token);
    expect([changed.status, changed.stdout]).toEqual([0, "bob has another password\n"]);
    expect([await signIn("bob", "first password"), await signIn("bob", "second password")]).toEqual(
      [401, 200],
    );
    const list = codis(["user", "list"], "", token).stdout;
    expect(list).toMatch(/bob +operator +yes +1/);
    expect(list).toMatch(/root +admin +no +0 +default/);
    const removed = codis(["user", "password", "bob", "--remove"], "", token);
    expect(removed.stdout).toBe("bob has no password any longer\n");
    expect(await signIn("bob", "second password")).toBe(401);
    const client = new V1Client({ addr: dashboard.addr, token });
    const entries = (await client.audit()).items.map(({ operation }) => operation);
    expect(entries).toEqual([
      "createSession",
      "updateUser",
      "createSession",
      "createSession",
      "updateUser",
      "createSession",
      "createUser",
      "createUser",
    ]);
    for (const password of ["first password", "second password"]) {
      expect([list, dashboard.program.stdout()].join()).not.toContain(password);
    }
  },
  TEST_MS,
);

test(
  "a wrong line is refused with one line, before anything is asked of the dashboard",
  () => {
    for (const [args, input, text] of [
      [["user", "add", "eve"], "", "one role is needed"],
      [["user", "add", "eve", "viewer", "--role", "admin"], "", "one role is needed"],
      [["user", "add", "eve", "viewer", "--password-stdin"], "", "the password is empty"],
      [["user", "password", "eve"], "\n", "the password is empty"],
    ] as const) {
      const { status, stderr } = codis(args, input);
      expect([args, status]).toEqual([args, 64]);
      expect(stderr).toContain(text);
    }
  },
  TEST_MS,
);
