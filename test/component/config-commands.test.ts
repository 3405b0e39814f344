/**
 * `codis config` as a program against the HTTP port of a dashboard with a leader in memory: what each command
 * orders, prints and ends with. The walk on real servers is `test/system/tutorial-1x.test.ts`.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { CodisError } from "../../src/base/error.ts";
import { EXIT } from "../../src/cli/exit-code.ts";
import { assignSlots, slotRange } from "../../src/model/change/slot.ts";
import { type CodisExit, runCodis } from "../support/codis-program.ts";
import { DashboardPort } from "../support/dashboard-port.ts";
import { freePort } from "../support/free-port.ts";
import { memoryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

const OK = '{\n  "msg": "OK",\n  "ret": 0\n}\n';

let port: DashboardPort;
let folder: TemporaryFolder;

beforeEach(async () => {
  port = await new DashboardPort().start();
  folder = memoryFolder();
});

afterEach(async () => {
  await port.close();
  folder.remove();
});

/** Without a file: the dashboard is in the environment. */
function run(line: string, env: Readonly<Record<string, string>> = {}): Promise<CodisExit> {
  return runCodis(["config", ...line.split(" ")], {
    cwd: folder.path,
    env: { ...process.env, CODIS_DASHBOARD: port.addr, ...env },
  });
}

function assign(first: number, last: number, groupId: number): void {
  const topology = port.leader.topology();
  const ids = slotRange(topology, first, last);
  port.leader.change({
    slots: assignSlots(
      topology,
      ids.map((id) => ({ id, groupId })),
    ).slots,
  });
}

function groupOf(slot: number): number | undefined {
  return port.leader.topology().slots[slot]?.groupId;
}

describe("server", () => {
  test("add makes a missing group, and its first server the master", async () => {
    const exit = await run("server add 1 10.0.0.1:6379 slave");
    expect([exit.code, exit.stdout]).toEqual([0, OK]);
    expect(exit.stderr).toBe(
      "codis config: group 1 is new\n" +
        "codis config: 10.0.0.1:6379 is the master of group 1, because it is its first server\n",
    );
    expect(port.leader.orders).toEqual(["createGroup 1", "addServer 1 10.0.0.1:6379  true"]);
  });

  test("add makes a slave follow its master", async () => {
    port.leader.setGroup(1, ["10.0.0.1:6379"]);
    const exit = await run("server add 1 10.0.0.2:6379 slave");
    expect([exit.code, exit.stdout, exit.stderr]).toEqual([0, OK, ""]);
    expect(port.leader.orders).toEqual(["addServer 1 10.0.0.2:6379  true"]);
  });

  test("add refuses a second master", async () => {
    port.leader.setGroup(1, ["10.0.0.1:6379"]);
    const exit = await run("server add 1 10.0.0.2:6379 master");
    expect([exit.code, exit.stdout, exit.stderr]).toEqual([
      1,
      "",
      "codis config: group 1 has a master already, 10.0.0.1:6379: add this server as slave\n",
    ]);
    expect(port.leader.orders).toEqual([]);
  });

  test("add that fails leaves no group behind, and says what the dashboard says", async () => {
    port.leader.setGroup(2, ["10.0.0.1:6379"]);
    const exit = await run("server add 1 10.0.0.1:6379 master");
    expect([exit.code, exit.stdout, exit.stderr]).toEqual([
      1,
      "",
      "codis config: group 1 is new\n" +
        "codis config: group 1 is removed again\n" +
        "codis config: server-[10.0.0.1:6379] already exists\n",
    ]);
    expect([...port.leader.topology().groups.keys()]).toEqual([2]);
  });

  test("list shows groups as Codis 2.0", async () => {
    port.leader.setGroup(7, ["10.0.0.1:6379", "10.0.0.2:6379"]);
    const exit = await run("server list");
    expect(exit.code).toBe(0);
    expect(JSON.parse(exit.stdout)).toEqual([
      {
        id: 7,
        product_name: "demo",
        servers: [
          { addr: "10.0.0.1:6379", group_id: 7, type: "master" },
          { addr: "10.0.0.2:6379", group_id: 7, type: "slave" },
        ],
      },
    ]);
  });

  test("remove, add-group and remove-group", async () => {
    port.leader.setGroup(1, ["10.0.0.1:6379"]);
    for (const line of [
      "server remove 1 10.0.0.1:6379",
      "server remove-group 1",
      "server add-group 5",
    ]) {
      expect((await run(line)).stdout).toBe(OK);
    }
    expect(port.leader.orders).toEqual([
      "removeServer 1 10.0.0.1:6379",
      "removeGroup 1",
      "createGroup 5",
    ]);
  });

  test("promote makes a slave the master", async () => {
    port.leader.setGroup(1, ["10.0.0.1:6379", "10.0.0.2:6379"]);
    expect((await run("server promote 1 10.0.0.2:6379")).stdout).toBe(OK);
    expect(port.leader.orders).toEqual(["promote 1 10.0.0.2:6379"]);
    const master = await run("server promote 1 10.0.0.2:6379");
    expect([master.code, master.stdout, master.stderr]).toEqual([
      EXIT.failed,
      "",
      "codis config: group-[1] can't promote master\n",
    ]);
  });
});

describe("slot", () => {
  test("init is OK on a new product", async () => {
    expect(await run("slot init")).toEqual({ code: 0, stdout: OK, stderr: "" });
    expect(port.leader.orders).toEqual([]);
  });

  test("init refuses when groups own slots, and -f takes them all offline", async () => {
    port.leader.setGroup(1, ["10.0.0.1:6379"]);
    assign(0, 99, 1);
    const refused = await run("slot init");
    expect([refused.code, refused.stdout, refused.stderr]).toEqual([
      1,
      "",
      "codis config: the slots of demo are in use: 100 of them have a group (1); init -f takes all of them offline\n",
    ]);
    expect(groupOf(99)).toBe(1);
    const forced = await run("slot init -f");
    expect([forced.code, forced.stdout]).toEqual([0, OK]);
    expect(forced.stderr).toBe(
      "codis config: 100 slots that had a group (1) are offline now; slot range-set gives them back\n",
    );
    expect(groupOf(99)).toBe(0);
  });

  test("range-set and set give slots to groups, or take them offline", async () => {
    port.leader.setGroup(1, ["10.0.0.1:6379"]);
    port.leader.setGroup(2, ["10.0.0.2:6379"]);
    expect(await run("slot range-set 0 511 1 online")).toEqual({ code: 0, stdout: OK, stderr: "" });
    expect([groupOf(0), groupOf(511), groupOf(512)]).toEqual([1, 1, 0]);
    const moved = await run("slot set 7 2 online");
    expect(moved.stderr).toBe(
      "codis config: slot 7: no data moves, so keys that are on group 1 are no longer seen\n",
    );
    await run("slot set 8 1 offline");
    expect([groupOf(7), groupOf(8)]).toEqual([2, 0]);
  });

  test("info shows a slot as Codis 2.0", async () => {
    port.leader.setGroup(3, ["10.0.0.1:6379"]);
    assign(5, 5, 3);
    const exit = await run("slot info 5");
    expect(exit.stdout).toBe(
      '{\n  "group_id": 3,\n  "id": 5,\n  "product_name": "demo",\n  "state": {\n' +
        '    "last_op_ts": "0",\n    "migrate_status": {\n      "from": -1,\n      "to": -1\n    },\n' +
        '    "status": "online"\n  }\n}\n',
    );
    const outside = await run("slot info 1024");
    expect([outside.code, outside.stderr]).toEqual([
      1,
      "codis config: slot-[1024] doesn't exist\n",
    ]);
  });

  test("migrate orders that slots move; a delay becomes a limit of speed", async () => {
    port.leader.setGroup(1, ["10.0.0.1:6379"]);
    port.leader.setGroup(2, ["10.0.0.2:6379"]);
    assign(0, 9, 1);
    assign(3, 3, 2);
    expect(await run("slot migrate 0 3 2")).toEqual({ code: 0, stdout: OK, stderr: "" });
    expect(await run("slot migrate 5 5 2 --delay=10")).toEqual({ code: 0, stdout: OK, stderr: "" });
    // Slot 3 is there already.
    expect(port.leader.orders).toEqual([
      "createSlotActions 0:2 1:2 2:2",
      "createSlotActions 5:2",
      "setSpeed op-2 100 0",
    ]);
    const refused = async (line: string) => {
      const { code, stdout, stderr } = await run(line);
      return [code, stdout, stderr];
    };
    expect(await refused("slot migrate 0 3 9")).toEqual([
      1,
      "",
      "codis config: group-[9] doesn't exist\n",
    ]);
    expect(await refused("slot migrate 5 3 1")).toEqual([
      EXIT.usage,
      "",
      "codis config: invalid slots 5 to 3: the first is after the last\n",
    ]);
    expect(await refused("slot migrate 0 3 2 --delay=1001")).toEqual([
      EXIT.usage,
      "",
      "codis config: invalid --delay 1001: expected a whole number from 0 to 1000\n",
    ]);
  });

  test("rebalance orders moves, once all slots are online", async () => {
    port.leader.setGroup(1, ["10.0.0.1:6379"]);
    port.leader.setGroup(2, ["10.0.0.2:6379"]);
    const early = await run("slot rebalance");
    expect([early.code, early.stderr]).toEqual([1, "codis config: not all slots are online\n"]);
    assign(0, 1023, 1);
    expect(await run("slot rebalance --delay=4")).toEqual({ code: 0, stdout: OK, stderr: "" });
    expect(port.leader.orders).toEqual(["createSlotActions 512 from 512:2", "setSpeed op-1 250 0"]);
  });
});

describe("proxy and action", () => {
  test("offline of a proxy that isn't there is OK, as the start scripts need it", async () => {
    expect(await run("proxy offline proxy_1")).toEqual({
      code: 0,
      stdout: OK,
      stderr: "codis config: there is no proxy proxy_1: nothing to do\n",
    });
  });

  test("online of a name without a coordinator to look in says what is missing", async () => {
    const exit = await run("proxy online proxy_1");
    expect([exit.code, exit.stderr]).toEqual([
      1,
      "codis config: there is no proxy proxy_1; give the address of its admin port, or a config.ini (-c) " +
        "with the coordinator that it is in\n",
    ]);
  });

  test("offline of a proxy that can't be told to end gives the next step", async () => {
    await port.call("POST", "/api/v1/proxies", { admin_addr: "10.1.0.1:11080" });
    port.leader.failure = new CodisError("PROXY_CALL_FAILED", "shutdown failed");
    const exit = await run("proxy offline proxy_1");
    expect([exit.code, exit.stderr]).toEqual([
      1,
      "codis config: proxy_1 at 10.1.0.1:11080 can't be told to end; if its process is gone: " +
        "codis proxy remove 1 --force --yes\n",
    ]);
    expect((await run("proxy offline 10.1.0.1:11080")).stdout).toBe(OK);
    expect(port.leader.topology().proxies.size).toBe(0);
  });

  test.each(["action gc", "action gc -n 100", "action gc -s 3600", "action remove-fence"])(
    "%s finds nothing to do",
    async (line) => {
      const exit = await run(line);
      expect([exit.code, exit.stdout]).toEqual([0, OK]);
      expect(exit.stderr).toStartWith("codis config: nothing to ");
    },
  );
});

describe("the dashboard", () => {
  function file(...lines: readonly string[]): string {
    const path = folder.join("config.ini");
    writeFileSync(path, `${lines.join("\n")}\n`);
    return path;
  }

  test("of config.ini in the current folder is asked, before that of the environment", async () => {
    file("product=demo", `dashboard_addr=${port.addr}`);
    const exit = await run("slot info 0", { CODIS_DASHBOARD: "127.0.0.1:1" });
    expect([exit.code, exit.stderr]).toEqual([0, ""]);
  });

  test("of another product is refused", async () => {
    const path = file("product=test", `dashboard_addr=${port.addr}`);
    const exit = await run(`-c ${path} slot init -f`);
    expect([exit.code, exit.stderr]).toEqual([
      EXIT.unusable,
      `codis config: the dashboard ${port.addr} (dashboard_addr, ${path}:2) is the one of product "demo", ` +
        `but product is "test" (${path}:1)\n`,
    ]);
  });

  test("that doesn't answer: how to start it", async () => {
    const addr = `127.0.0.1:${await freePort()}`;
    const path = file("produkt=x", `dashboard_addr=${addr}`);
    const exit = await run(`-c ${path} slot info 0`);
    expect([exit.code, exit.stderr]).toEqual([
      EXIT.unavailable,
      `codis config: ${path}:1: unknown key produkt, did you mean product?\n` +
        `codis config: no dashboard answers at ${addr} (dashboard_addr, ${path}:2); ` +
        `start it with codis config -c ${path} dashboard\n`,
    ]);
  });

  test("of a product with users wants a token", async () => {
    const secret = await port.createUser("ops", "admin");
    const exit = await run("slot init");
    expect([exit.code, exit.stderr]).toEqual([
      EXIT.notAllowed,
      `codis config: ${port.addr} wants a token of a user: put it in the environment variable CODIS_TOKEN\n`,
    ]);
    expect((await run("slot init", { CODIS_TOKEN: secret })).stdout).toBe(OK);
  });
});
