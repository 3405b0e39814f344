/**
 * The ZooKeeper coordinator and what a server's operator decides: logins and ACLs, quotas, a root for all
 * paths, bounds of session timeouts; looked at with ZooKeeper's own shell. And on Node, where applications run.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import type { CoordinatorOptions } from "../../src/coordinator/open.ts";
import { openZookeeper } from "../../src/coordinator/zookeeper/zookeeper.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { RunningClock } from "../support/running-clock.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startZookeeper, type ZookeeperCluster } from "../support/zookeeper-server.ts";
import { zookeeperShell } from "../support/zookeeper-shell.ts";
import { failure, leadershipRequestOf, pass, put } from "./suite-context.ts";

const TEST_MS = 120_000;
const SOON_MS = 30_000;
/** Of leaders and registrations that must live on, however long the machine stands still. */
const LEASE_MS = 20_000;
const NODE_PROGRAM = fileURLToPath(new URL("zookeeper-node-program.ts", import.meta.url));

let cluster: ZookeeperCluster;
let opened: Coordinator[] = [];

beforeAll(async () => {
  cluster = await startZookeeper({ properties: { "zookeeper.enforceQuota": "true" } });
}, TEST_MS);

afterAll(() => cluster.stop(), TEST_MS);

afterEach(async () => {
  await Promise.all(opened.map((coordinator) => coordinator.close()));
  opened = [];
}, TEST_MS);

function open(overrides: Partial<CoordinatorOptions> = {}): Coordinator {
  const options = { kind: "zookeeper", addr: cluster.addr, auth: "", ...overrides } as const;
  const coordinator = openZookeeper(options);
  opened.push(coordinator);
  return coordinator;
}

describe("a login", () => {
  test(
    "owns what it makes: nodes, parents, locks and registrations; others are refused",
    async () => {
      const addr = `${cluster.addr}/secured`;
      const own = open({ addr, auth: "codis:secret" });
      await put(own, "/demo/x", "1");
      const leadership = await own.lead(leadershipRequestOf("secured", LEASE_MS));
      await put(leadership, "/demo/y", "1");
      const registration = own.register("/jodis/p", "1", { ttlMs: LEASE_MS });
      await waitFor("isRegistered", SOON_MS, () => registration.isRegistered() || undefined);

      for (const auth of ["", "codis:wrong", "other:secret"]) {
        const other = open({ addr, auth });
        const error = await failure("COORDINATOR_REFUSED", other.get("/demo/x"));
        expect(error.message).toContain("gives no right to /secured/demo/x");
        expect(error.message).not.toContain("secret");
        await failure("COORDINATOR_REFUSED", other.list("/demo"));
        await failure("COORDINATOR_REFUSED", other.readChildren("/demo"));
        await failure("COORDINATOR_REFUSED", put(other, "/demo/x", "2"));
        await failure("COORDINATOR_REFUSED", put(other, "/demo/new", "2"));
        await failure("COORDINATOR_REFUSED", other.lead(leadershipRequestOf("secured", LEASE_MS)));
      }
      expect((await own.get("/demo/x"))?.data).toBe("1");

      const shell = await zookeeperShell(cluster.addr, [
        "addauth digest codis:secret",
        "getAcl /secured",
        "getAcl /secured/demo/x",
        "getAcl /secured/codis3/secured/topom",
        "getAcl /secured/jodis/p",
      ]);
      expect([...shell.matchAll(/^'digest,'codis:.*\n: cdrwa$/gm)].length).toBe(4);
    },
    TEST_MS,
  );

  test(
    "that is wrong is told to whoever registers, by name, once",
    async () => {
      const addr = `${cluster.addr}/told`;
      await put(open({ addr, auth: "codis:secret" }), "/only/x", "1");
      const problems: string[] = [];
      open({ addr, auth: "codis:wrong" }).register("/only/p", "1", {
        ttlMs: LEASE_MS,
        onProblem: (line) => problems.push(line),
      });
      await waitFor("problem", SOON_MS, () => problems[0]);
      expect(problems).toEqual([expect.stringContaining("/only/p can't be registered")]);
      expect(problems[0]).toContain("check the user and the password");
    },
    TEST_MS,
  );

  test("without a password, or an address that is none, is refused before anything is sent", () => {
    expect(() => open({ auth: "codis" })).toThrow("user:password");
    expect(() => open({ auth: ":secret" })).toThrow("user:password");
    expect(() => open({ addr: "127.0.0.1:99999" })).toThrow("isn't host:port");
    expect(() => open({ addr: "" })).toThrow("isn't host:port");
  });
});

test(
  "without a login everybody may do everything, and the lock is ephemeral",
  async () => {
    const own = open();
    await put(own, "/open/demo/x", "text of x");
    await own.lead(leadershipRequestOf("open", LEASE_MS));
    const shell = await zookeeperShell(cluster.addr, [
      "getAcl /open/demo",
      "get -s /codis3/open/topom",
      "get /open/demo/x",
      "get /codis-ext/open/epoch",
    ]);
    expect(shell).toContain("'world,'anyone\n: cdrwa");
    expect(shell).toContain('"product_name": "open"');
    expect(shell).toMatch(/ephemeralOwner = 0x[0-9a-f]{5,}/);
    expect(shell).toContain("text of x\n");
    expect(shell).toMatch(/^1$/m);
  },
  TEST_MS,
);

test(
  "a quota that is used up is COORDINATOR_FULL, and nothing of the chunk is written",
  async () => {
    const own = open();
    await put(own, "/quota/first", "1");
    await zookeeperShell(cluster.addr, ["setquota -N 2 /quota"]);
    const error = await failure(
      "COORDINATOR_FULL",
      own.write(
        ["a", "b", "c"].map((name) => ({ path: `/quota/${name}`, data: "1", expected: "absent" })),
      ),
    );
    expect(error.message).toContain("quota");
    expect(await own.list("/quota")).toEqual(["first"]);
    await put(own, "/quota/first", "2");
  },
  TEST_MS,
);

test(
  "a root is made on demand and is in front of every path",
  async () => {
    const own = open({ addr: `${cluster.addr}/deep/root` });
    const version = await put(own, "/demo/x", "1");
    expect(await own.get("/demo/x")).toEqual({ path: "/demo/x", data: "1", version });
    const late = own.write([{ path: "/demo/x", data: "2", expected: "absent" }]);
    const error = await failure("COORDINATOR_CONFLICT", late);
    expect(error.message).toStartWith("/demo/x exists already");
    let calls = 0;
    own.watch("/demo", () => {
      calls += 1;
    });
    await waitFor("first call", SOON_MS, () => calls > 0 || undefined);
    const plain = open();
    expect((await plain.get("/deep/root/demo/x"))?.data).toBe("1");
    const before = calls;
    await put(plain, "/deep/root/demo/y", "1");
    await waitFor("call", SOON_MS, () => calls > before || undefined);
    const leadership = await own.lead(leadershipRequestOf("rooted", LEASE_MS));
    await put(leadership, "/demo/z", "1");
    expect((await plain.list("/deep/root/codis3/rooted"))[0]).toBe("topom");
    await plain.write([
      { path: "/deep/root/codis3/rooted/topom", data: undefined, expected: "any" },
    ]);
    await withDeadline("loss", SOON_MS, leadership.lost);
  },
  TEST_MS,
);

test(
  "two products on two connections don't see one another",
  async () => {
    const products = ["one", "two"];
    const sides = products.map((product) => ({ product, own: open(), calls: 0 }));
    for (const side of sides) {
      side.own.watch(`/jodis/${side.product}`, () => {
        side.calls += 1;
      });
      const leadership = await side.own.lead(leadershipRequestOf(side.product, LEASE_MS));
      await put(leadership, `/codis3/${side.product}/slots/slot-0000`, side.product);
      const path = `/jodis/${side.product}/proxy-1`;
      const registration = side.own.register(path, side.product, { ttlMs: LEASE_MS });
      await waitFor("isRegistered", SOON_MS, () => registration.isRegistered() || undefined);
      await waitFor("call", SOON_MS, () => side.calls > 1 || undefined);
    }
    const [one, two] = sides;
    for (let seen = -1; seen !== two?.calls; await pass(400)) {
      seen = two?.calls ?? 0;
    }
    const before = two?.calls;
    await put(open(), "/jodis/one/proxy-2", "1");
    await one?.own.close();
    await put(open(), "/codis3/one/slots/slot-0000", "free again");
    expect(two?.calls).toBe(before ?? -1);
    expect((await two?.own.get("/codis3/two/slots/slot-0000"))?.data).toBe("two");
    expect(await two?.own.list("/jodis/two")).toEqual(["proxy-1"]);
    expect(await two?.own.list("/jodis/one")).toEqual(["proxy-2"]);
    await failure("LEADER_EXISTS", open().lead(leadershipRequestOf("two", LEASE_MS)));
    expect((await open().lead(leadershipRequestOf("one", LEASE_MS))).isHeld()).toBe(true);
  },
  TEST_MS,
);

test(
  "a server that raises the lease is named; the leader goes by the shorter time",
  async () => {
    const slow = await startZookeeper({ config: { minSessionTimeout: "3000" } });
    try {
      const lines: string[] = [];
      const own = open({ addr: slow.addr, onState: (line) => lines.push(line) });
      const leadership = await waitFor("leadership", SOON_MS, () =>
        own.lead(leadershipRequestOf("raised", 1_000)),
      );
      expect(lines).toContainEqual(expect.stringContaining("after 3000 ms, not 1000"));
      slow.servers[0]?.pause();
      const { tookMs } = await new RunningClock().time(() =>
        withDeadline("loss", SOON_MS, leadership.lost),
      );
      // Before the server ends the session.
      expect(tookMs).toBeLessThan(3_000);
      slow.servers[0]?.resume();
    } finally {
      await Promise.all(opened.map((coordinator) => coordinator.close()));
      await slow.stop();
    }
  },
  TEST_MS,
);

test(
  "an epoch that isn't a number is named, and the lock stays free",
  async () => {
    const own = open();
    const request = leadershipRequestOf("garbage", LEASE_MS);
    await put(own, request.epochPath, "7 of 9");
    const error = await failure("MODEL_INVALID", own.lead(request));
    expect(error.message).toContain(request.epochPath);
    expect(await own.get(request.lockPath)).toBeUndefined();
    await put(own, request.epochPath, "41");
    expect((await own.lead(request)).epoch).toBe(42);
  },
  TEST_MS,
);

test(
  "works on Node: writes, watches, registers, leads, and leaves nothing behind",
  async () => {
    const folder = temporaryFolder();
    try {
      const built = await Bun.build({
        entrypoints: [NODE_PROGRAM],
        outdir: folder.path,
        target: "node",
        format: "esm",
        naming: "program.mjs",
      });
      expect(built.success).toBe(true);
      const child = spawn("node", [folder.join("program.mjs"), cluster.addr]);
      let output = "";
      const collect = (chunk: Buffer): void => {
        output += chunk.toString();
      };
      child.stdout.on("data", collect);
      child.stderr.on("data", collect);
      const gone = new Promise<number | null>((resolve, reject) => {
        child.once("close", resolve);
        child.once("error", reject);
      });
      const code = await withDeadline("end of the program on Node", 60_000, gone).finally(() =>
        child.kill("SIGKILL"),
      );
      expect({ output, code }).toEqual({
        output: "node text 200 epoch registered told refused\n",
        code: 0,
      });
    } finally {
      folder.remove();
    }
  },
  TEST_MS,
);
