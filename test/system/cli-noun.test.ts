/**
 * The everyday command lines, `codis group|server|slot|proxy|product|user|audit …`, with real processes: a
 * product from nothing to a client's first key, for people and with `--json`, users and tokens, the audit log,
 * and the lines for the usual slips.
 */
import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { CODIS, type CodisExit, runCodis } from "../support/codis-program.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import {
  type RunningDashboard,
  type RunningDashboardOptions,
  startDashboard,
} from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy } from "../support/waiting-proxy.ts";

const TEST_MS = 180_000;
const WAIT_MS = 30_000;

const cleanup = cleanupsAfterEach();

async function redis(): Promise<RedisServer> {
  const server = await startRedis({ args: ["--repl-diskless-sync-delay", "0"] });
  cleanup(() => server.stop());
  return server;
}

async function newDashboard(
  options: Partial<RunningDashboardOptions> = {},
): Promise<RunningDashboard> {
  const folder = memoryFolder();
  cleanup(() => folder.remove());
  const dashboard = await startDashboard({
    coordinator: { name: "filesystem", addr: folder.path },
    ...options,
  });
  cleanup(() => dashboard.kill());
  return dashboard;
}

/** Command lines for one dashboard; `token` is the secret of a user. */
function commandsFor(addr: string, token?: string) {
  const env = { ...process.env, CODIS_DASHBOARD: addr, CODIS_TOKEN: token };
  const run = (line: string): Promise<CodisExit> => runCodis(line.split(" "), { env });
  const say = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await run(line);
    expect([line, code, stderr]).toEqual([line, 0, ""]);
    return stdout;
  };
  return {
    run,
    /** Must succeed; gives what it prints. */
    say,
    /** The same with `--json`, parsed. */
    async ask(line: string) {
      return JSON.parse(await say(`${line} --json`));
    },
    /** Must fail; gives the exit code and the line. */
    async fail(line: string): Promise<readonly [number | null, string]> {
      const { code, stdout, stderr } = await run(line);
      expect([line, stdout]).toEqual([line, ""]);
      const begin = `codis ${line.split(" ")[0]}: `;
      expect(stderr).toStartWith(begin);
      expect(stderr.trimEnd()).not.toContain("\n");
      return [code, stderr.slice(begin.length).trimEnd()];
    },
  };
}

/** What the dashboard has seen at its last look may be otherwise for a moment: asked again until the check holds. */
function whenSeen(what: string, check: () => Promise<void>): Promise<true> {
  return waitFor(what, WAIT_MS, async (): Promise<true> => {
    await check();
    return true;
  });
}

test(
  "from nothing to a client's first key, and back",
  async () => {
    const dashboard = await newDashboard();
    const { say, ask, fail } = commandsFor(dashboard.addr);
    const [master, replica] = [await redis(), await redis()] as const;
    const proxy = await startWaitingProxy();
    cleanup(() => proxy.kill());

    expect(await say("group create 1")).toBe(
      "group 1 is made; next: codis server add 1 HOST:PORT\n",
    );
    expect(await say(`server add 1 ${master.addr}`)).toBe(
      `${master.addr} is the master of group 1\n`,
    );
    expect(await say(`server add 1 ${replica.addr} --replica`)).toBe(
      `${replica.addr} is a replica of group 1\n`,
    );
    expect(await say("slot assign 0-1023 1 --dry-run")).toBe(
      "SLOTS   FROM     TO\n0-1023  offline  1\n1024 slots would change\n",
    );
    expect((await fail("slot assign 0-1023 1"))[0]).toBe(64);
    expect(await say("slot info --all")).toContain("offline");
    expect(await say("slot assign 0-1023 1 --yes")).toContain("1024 slots changed\n0 proxies");
    const added = await ask(`proxy add ${proxy.adminAddr}`);
    expect(added).toMatchObject({ id: 1, admin_addr: proxy.adminAddr });
    const connection = await proxy.connect();
    expect((await connection.call("SET", "user:42", "v")).toString()).toBe("+OK\r\n");
    connection.destroy();

    // What people see, and the same as JSON.
    await waitFor("all to be well", WAIT_MS, async () =>
      (await say("product health")) === "ok\n" ? true : undefined,
    );
    expect(await say("product show")).toContain("slots            1024 of 1024 online, 0 moving\n");
    await whenSeen("the product", async () =>
      expect(await ask("product show")).toMatchObject({
        name: "demo",
        servers: { total: 2, up: 2 },
        proxies: { total: 1, online: 1, synced: 1 },
      }),
    );
    await whenSeen("the servers", async () => {
      const [head, ...rows] = (await say("server list")).split("\n");
      expect(head).toStartWith("GROUP  SERVER");
      expect(rows[0]).toMatch(new RegExp(`^1      ${master.addr}  master   up +7\\.`));
      expect(rows[1]).toMatch(new RegExp(`^1      ${replica.addr}  replica  up +up +\\d+ B +7\\.`));
    });
    expect(await ask("server list")).toMatchObject([{ role: "master" }, { role: "replica" }]);
    await whenSeen("the group", async () =>
      expect(await say("group list")).toMatch(
        /^GROUP .*\n1 +127.0.0.1:\d+ +up +1 +1024 +0-1023 +no +\d+\n$/,
      ),
    );
    expect(await ask("slot of user:42 {user:42}x")).toEqual([
      { key: "user:42", slot: expect.any(Number), group_id: 1 },
      { key: "{user:42}x", slot: expect.any(Number), group_id: 1 },
    ]);
    const one = await ask("slot info 7");
    expect(one).toMatchObject({ id: 7, group_id: 1, backend_addr: master.addr });
    expect((await ask("slot info 0-3,9")).ranges).toMatchObject([
      { from: 0, to: 3 },
      { from: 9, to: 9 },
    ]);
    for (const which of ["1", "proxy-1", added.token, proxy.adminAddr, added.proxy_addr]) {
      expect(await say(`proxy show ${which}`)).toContain(`token                 ${added.token}\n`);
    }
    expect(await say(`server info ${master.addr}`)).toContain("role:master\n");
    expect(await say(`server reads ${replica.addr} on`)).toContain("are on");
    expect(await say("product reads off")).toBe("reads from replicas are off\n");
    expect(await say("group resync")).toBe("1 proxy has the newest slots\n");
    expect(await say("proxy reinit 1")).toBe("proxy 1 has the newest slots\n");
    expect(await say("product log-level debug")).toBe("debug\n");
    expect(await say("sentinel list")).toBe("no sentinels\n");

    // And back.
    expect(await fail("group remove 1 --yes")).toEqual([
      1,
      expect.stringContaining("codis rebalance --drain 1"),
    ]);
    expect(await say("slot offline 0-1023 --yes")).toContain("1024 slots changed");
    expect(await say("proxy remove 1 --yes")).toBe("proxy 1 is removed\n");
    expect((await proxy.program.ended()).code).toBe(0);
    expect(await ask(`server remove ${replica.addr} --yes`)).toEqual({ removed: replica.addr });
    await say(`server remove ${master.addr} --yes`);
    await say("group remove 1 --yes");
    expect(await ask("group list")).toEqual([]);
    expect(await say("product shutdown --yes")).toBe("the dashboard ends\n");
    expect((await dashboard.program.ended()).code).toBe(0);
  },
  TEST_MS,
);

test(
  "users, tokens and the audit log",
  async () => {
    const dashboard = await newDashboard();
    const open = commandsFor(dashboard.addr);
    expect(await open.say("user me")).toBe("everybody is admin\n");
    expect(await open.fail("user add bob viewer")).toEqual([1, expect.any(String)]);
    const created = await open.say("user add alice admin");
    const secret = created.split("\n")[0] ?? "";
    expect(created).toBe(
      `${secret}\nThis secret of alice (admin), token default, is shown once: keep it.\n`,
    );

    // From now on a token is needed, and a right.
    expect(await open.fail("group list")).toEqual([
      77,
      "a token is needed: put the secret of a user into CODIS_TOKEN; it is made in the console (Users and tokens) or " +
        "with codis user add-token",
    ]);
    expect(await commandsFor(dashboard.addr, "nonsense").fail("group list")).toEqual([
      77,
      "the token isn't known, was revoked or has expired; look at CODIS_TOKEN or --api-token",
    ]);
    const alice = commandsFor(dashboard.addr, secret);
    expect(await alice.say("user me")).toBe("alice, admin\n");
    const viewer = await alice.ask("user add grafana viewer");
    const grafana = commandsFor(dashboard.addr, viewer.secret);
    expect(await grafana.say("group list")).toStartWith("GROUP");
    expect(await grafana.fail("group create 1")).toEqual([
      77,
      "user grafana is viewer, and this needs operator",
    ]);
    // A flag goes before the environment.
    expect(await grafana.say(`group create 1 --api-token ${secret}`)).toContain("group 1 is made");
    expect(await alice.say("user set-role grafana operator")).toBe("grafana is operator now\n");
    await grafana.say("group create 2");

    const second = await alice.ask("user add-token grafana spare --expires 720h");
    expect(await alice.say("user list")).toMatch(/^grafana +operator +no +0 +default spare$/m);
    await alice.say("user revoke-token grafana spare");
    expect((await commandsFor(dashboard.addr, second.secret).fail("user me"))[0]).toBe(77);
    expect(await alice.fail("user add alice admin")).toEqual([1, expect.any(String)]);
    expect(await alice.fail("user remove nobody --yes")).toEqual([
      1,
      expect.stringContaining("codis user list shows all users"),
    ]);
    expect(await alice.fail("user remove alice --yes")).toEqual([1, expect.any(String)]);
    await alice.say("user remove grafana --yes");

    const log = await alice.ask("audit list");
    const operations = log.items.map(
      (entry: { operation: string; who: string; state: string }) =>
        `${entry.operation} ${entry.who} ${entry.state}`,
    );
    expect(operations).toContain("createUser open done");
    expect(operations).toContain("createGroup grafana/default done");
    expect(operations[0]).toBe("removeUser alice/default done");
    expect(JSON.stringify(log)).not.toContain(secret);
    expect((await alice.say("audit list --limit 2")).split("\n")).toHaveLength(4);

    // codis admin speaks the old API: from this machine it needs no token while that is "auto".
    const old = await runCodis(["admin", `--dashboard=${dashboard.addr}`, "--list-group"]);
    expect(JSON.parse(old.stdout)).toHaveLength(2);
  },
  TEST_MS,
);

test(
  "at a terminal what takes something away is asked first; Ctrl+C and Ctrl+D mean no",
  async () => {
    const dashboard = await newDashboard();
    const { say, ask } = commandsFor(dashboard.addr);
    await say("group create 5");
    for (const [input, exitCode, shown] of [
      ["n\n", 1, "nothing was changed"],
      ["\n", 1, "nothing was changed"],
      ["\u0004", 1, "nothing was changed"],
      ["\u0003", 130, "[y/N]"],
    ] as const) {
      const { code, output } = await atTerminal(dashboard.addr, "group remove 5", input);
      expect([input, code]).toEqual([input, exitCode]);
      expect(output).toContain("Group 5 will be removed.");
      expect(output).toContain(shown);
      expect(output).not.toContain("defect");
      expect(await ask("group list")).toHaveLength(1);
    }
    const yes = await atTerminal(dashboard.addr, "group remove 5", "yes\n");
    expect([yes.code, yes.output]).toEqual([0, expect.stringContaining("group 5 is removed")]);
    expect(await ask("group list")).toEqual([]);
  },
  TEST_MS,
);

/** Runs `codis` on a terminal of its own and types the input when it asks. */
async function atTerminal(
  addr: string,
  line: string,
  input: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn("script", ["-qefc", `${CODIS} ${line}`, "/dev/null"], {
    env: { ...process.env, CODIS_DASHBOARD: addr },
    stdio: ["pipe", "pipe", "inherit"],
  });
  cleanup(() => child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const wasAsked = output.includes("[y/N]");
    output += chunk.toString();
    if (!wasAsked && output.includes("[y/N]")) {
      child.stdin.write(input);
    }
  });
  const [code] = await withDeadline(`end of codis ${line}`, WAIT_MS, once(child, "close"));
  return { code, output };
}

describe("slips", () => {
  test(
    "each line says what would be right",
    async () => {
      const addr = `127.0.0.1:${await freePort()}`;
      expect(await commandsFor(addr).fail("group list")).toEqual([
        69,
        `no dashboard answers at ${addr} (ECONNREFUSED); start one with codis up, or name it with ` +
          "--dashboard or CODIS_DASHBOARD",
      ]);
      const proxy = await startWaitingProxy();
      cleanup(() => proxy.kill());
      for (const wrong of [proxy.adminAddr, `127.0.0.1:${proxy.port}`]) {
        expect((await commandsFor(wrong).fail("group list"))[1]).toMatch(
          /^what listens at \S+ isn't a dashboard \(.*\); name its admin address with --dashboard or/,
        );
      }
      expect(await commandsFor("nowhere").fail("group list")).toEqual([
        64,
        "invalid CODIS_DASHBOARD nowhere: expected host:port",
      ]);

      const dashboard = await newDashboard();
      const { fail } = commandsFor(`http://${dashboard.addr}/`);
      expect(await fail("group show 9")).toEqual([
        1,
        "group-[9] doesn't exist; codis group list shows all groups",
      ]);
      expect(await fail("server add 9 127.0.0.1:1")).toEqual([
        1,
        "group-[9] doesn't exist; codis group list shows the groups, codis server list the servers",
      ]);
      expect(await fail("server sync 127.0.0.1:1")).toEqual([
        1,
        "no group has the server 127.0.0.1:1; codis server list shows all",
      ]);
      expect(await fail("proxy show 3")).toEqual([
        1,
        "there is no proxy 3; codis proxy list shows all",
      ]);
      expect(await fail("slot info 2000")).toEqual([1, expect.stringContaining("doesn't exist")]);
    },
    TEST_MS,
  );

  test(
    "a dashboard that waits for its coordinator says so",
    async () => {
      const addr = `127.0.0.1:${await freePort()}`;
      const dashboard = await newDashboard({
        coordinator: { name: "etcd", addr },
        until: "started",
      });
      await dashboard.program.sees(/"event":"leader.waiting"/);
      expect(await commandsFor(dashboard.addr).fail("group list")).toEqual([
        69,
        expect.stringMatching(/waits for .*; try again in a moment$/),
      ]);
    },
    TEST_MS,
  );
});

describe("help", () => {
  test("of a command, a noun and a verb, by both ways to ask", async () => {
    const { say, run } = commandsFor("127.0.0.1:1");
    expect(await say("help")).toBe(await say("--help"));
    expect(await say("help group")).toBe(await say("group --help"));
    expect(await say("group")).toBe(await say("group --help"));
    expect(await say("help slot assign")).toBe(await say("slot assign --help"));
    expect(await say("help group")).toContain("codis server add 1 127.0.0.1:6379");
    expect(await say("help proxy")).toContain("codis proxy --config=proxy.toml");
    expect(await say("proxy --help")).toContain("--fillslots");
    expect(await say("help admin")).toContain("--config-restore=FILE");
    expect(await run("help nix")).toMatchObject({ code: 64 });
    expect(await run("proxy lst")).toMatchObject({
      code: 64,
      stderr: 'codis proxy: there is no verb "lst"; did you mean list?\n',
    });
  });

  test("codis server is about servers, when it isn't given a file or flags", async () => {
    const { say } = commandsFor("127.0.0.1:1");
    expect(await say("help server")).toContain("codis server add");
  });
});
