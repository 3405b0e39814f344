/**
 * The walk of an old tutorial, with the command line, the file and the proxy of Codis 1.9 and 2.0 against real
 * ZooKeeper, etcd and Redis servers: what it promises, what it says after typical slips, and that the start
 * scripts of `deploy/sample` work.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { EXIT } from "../../src/cli/exit-code.ts";
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import {
  type CodisExit,
  type CodisProgram,
  runCodis,
  startCodis,
} from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { startEtcd } from "../support/etcd-server.ts";
import { freePort } from "../support/free-port.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { ask } from "../support/running-proxy.ts";
import { runSample } from "../support/sample-script.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startZookeeper, type ZookeeperCluster } from "../support/zookeeper-server.ts";

const TEST_MS = 180_000;
const WAIT_MS = 30_000;
/** A line of config.ini: longer than a shared machine stands still. */
const SESSION = "zk_session_timeout=6000";
const OK = '{\n  "msg": "OK",\n  "ret": 0\n}\n';
/** Slots of the groups 1, 2 and 3. */
const RANGES = [
  [0, 340],
  [341, 681],
  [682, 1023],
] as const;

const launcher = (name: string): string =>
  fileURLToPath(new URL(`../../bin/${name}`, import.meta.url));

let zookeeper: ZookeeperCluster;
const cleanup = cleanupsAfterEach(TEST_MS);

beforeAll(async () => {
  zookeeper = await startZookeeper();
});

afterAll(() => zookeeper.stop());

/** A product of those days: its files, and the programs that are started for it. */
class Tutorial {
  readonly product: string;
  readonly #store: TutorialStore;
  readonly #folder = temporaryFolder();
  readonly #dashboardPort: number;

  constructor(product: string, store: TutorialStore, dashboardPort: number) {
    this.product = product;
    this.#store = store;
    this.#dashboardPort = dashboardPort;
    cleanup(() => this.#folder.remove());
  }

  /** A `config.ini`, for the proxy with this name. */
  file(proxyId = "proxy_1", lines: readonly string[] = []): string {
    const path = this.#folder.join(`${proxyId}.ini`);
    const keys = [
      `coordinator=${this.#store.coordinator}`,
      `zk=${this.#store.zk}`,
      `product=${this.product}`,
      `dashboard_addr=localhost:${this.#dashboardPort}`,
      `proxy_id=${proxyId}`,
      SESSION,
    ];
    writeFileSync(path, `${[...keys, ...lines].join("\n")}\n`);
    return path;
  }

  run(line: string): Promise<CodisExit> {
    return runCodis(["-c", this.file(), ...line.split(" ")], {
      launcher: launcher("codis-config"),
    });
  }

  /** Runs a change and expects that it is done. */
  async change(line: string): Promise<void> {
    const exit = await this.run(line);
    expect([line, exit.code, exit.stdout]).toEqual([line, 0, OK]);
  }

  async read(line: string): Promise<unknown> {
    const exit = await this.run(line);
    expect([line, exit.code, exit.stderr]).toEqual([line, 0, ""]);
    return JSON.parse(exit.stdout);
  }

  /** Runs what must fail; gives what it says. */
  async slip(line: string, code: number = EXIT.failed): Promise<string> {
    const exit = await this.run(line);
    expect([line, exit.code, exit.stdout]).toEqual([line, code, ""]);
    return exit.stderr.replaceAll(/^codis config: /gm, "");
  }

  async startDashboard(): Promise<CodisProgram> {
    const flags = [`--addr=:${this.#dashboardPort}`, "--http-log=request.log"];
    const program = startCodis(["-c", this.file(), "dashboard", ...flags], {
      launcher: launcher("codis-config"),
    });
    cleanup(() => end(program));
    await program.sees(/"event":"leader.elected"/, WAIT_MS);
    return program;
  }

  async startProxy(name: string, ports?: OldProxy["ports"]): Promise<OldProxy> {
    const [port, adminPort] = ports ?? [await freePort(), await freePort()];
    const flags = ["--cpu=1", `--addr=127.0.0.1:${port}`, `--http-addr=127.0.0.1:${adminPort}`];
    const program = startCodis(["-c", this.file(name), ...flags], {
      launcher: launcher("codis-proxy"),
    });
    cleanup(() => end(program));
    await program.sees(/"event":"proxy.started"/, WAIT_MS);
    return { name, port, program, ports: [port, adminPort] };
  }

  /** Waits until a proxy is listed with this state; undefined: until it isn't listed. */
  async waitForProxy(name: string, state: string | undefined): Promise<void> {
    await waitFor(`${name} to be ${state}`, WAIT_MS, async () => {
      const list = (await this.read("proxy list")) as { id: string; state: string }[];
      return list.find(({ id }) => id === name)?.state === state ? true : undefined;
    });
  }

  async openStore(): Promise<Coordinator> {
    const { coordinator: kind, zk: addr } = this.#store;
    const store = await openCoordinator({ kind, addr, auth: "" });
    cleanup(() => store.close());
    return store;
  }
}

/** Where a product is kept. */
interface TutorialStore {
  readonly coordinator: "zookeeper" | "etcd";
  readonly zk: string;
}

interface OldProxy {
  readonly name: string;
  readonly port: number;
  readonly program: CodisProgram;
  readonly ports: readonly [client: number, admin: number];
}

async function tutorialOnZookeeper(product: string): Promise<Tutorial> {
  const store = { coordinator: "zookeeper", zk: zookeeper.addr } as const;
  return new Tutorial(product, store, await freePort());
}

async function end(program: CodisProgram): Promise<void> {
  program.signal("SIGKILL");
  await program.ended();
}

async function redis(): Promise<RedisServer> {
  // A slave gets its data at once, not after five seconds.
  const server = await startRedis({ args: ["--repl-diskless-sync-delay", "0"] });
  cleanup(() => server.stop());
  return server;
}

function slotOf(key: string): number {
  return crc32(key) % 1024;
}

/** Three groups of a master and a slave, all slots, two proxies online. */
async function build(tutorial: Tutorial): Promise<{
  readonly masters: readonly RedisServer[];
  readonly slaves: readonly RedisServer[];
  readonly proxies: readonly OldProxy[];
}> {
  const masters = [await redis(), await redis(), await redis()];
  const slaves = [await redis(), await redis(), await redis()];
  await tutorial.change("server add-group 1");
  for (const [index, master] of masters.entries()) {
    await tutorial.change(`server add ${index + 1} ${master.addr} master`);
    await tutorial.change(`server add ${index + 1} ${slaves[index]?.addr} slave`);
  }
  await tutorial.change("slot init");
  for (const [index, [from, to]] of RANGES.entries()) {
    await tutorial.change(`slot range-set ${from} ${to} ${index + 1} online`);
  }
  const proxies = [await tutorial.startProxy("proxy_1"), await tutorial.startProxy("proxy_2")];
  for (const { name, port } of proxies) {
    await tutorial.waitForProxy(name, "offline");
    expect(await ask(port, "GET", "key")).toBe("-ERR router is not online\r\n");
    await tutorial.change(`proxy online ${name}`);
  }
  return { masters, slaves, proxies };
}

describe("the walk of a tutorial on ZooKeeper", () => {
  test(
    "builds a product whose data are where the slots say, through both proxies",
    async () => {
      const tutorial = await tutorialOnZookeeper("walk");
      await tutorial.startDashboard();
      const { masters, slaves, proxies } = await build(tutorial);

      const groups = [1, 2, 3].map((id, index) => ({
        id,
        product_name: "walk",
        servers: [
          { addr: masters[index]?.addr, group_id: id, type: "master" },
          { addr: slaves[index]?.addr, group_id: id, type: "slave" },
        ],
      }));
      expect(await tutorial.read("server list")).toEqual(groups);
      for (const [index, range] of RANGES.entries()) {
        for (const id of range) {
          expect(await tutorial.read(`slot info ${id}`)).toEqual({
            id,
            group_id: index + 1,
            product_name: "walk",
            state: { status: "online", last_op_ts: "0", migrate_status: { from: -1, to: -1 } },
          });
        }
      }
      expect(await tutorial.read("proxy list")).toMatchObject(
        proxies.map(({ name, ports, program }) => ({
          id: name,
          addr: `127.0.0.1:${ports[0]}`,
          debug_var_addr: `127.0.0.1:${ports[1]}`,
          pid: program.pid,
          state: "online",
        })),
      );

      for (let number = 0; number < 60; number++) {
        const key = `key:${number}`;
        const group = RANGES.findIndex(([from, to]) => from <= slotOf(key) && slotOf(key) <= to);
        const [writer, reader] = number % 2 === 0 ? [0, 1] : [1, 0];
        expect(await ask(proxies[writer]?.port ?? 0, "SET", key, `${number}`)).toBe("+OK\r\n");
        const value = `$${`${number}`.length}\r\n${number}\r\n`;
        expect(await ask(proxies[reader]?.port ?? 0, "GET", key)).toBe(value);
        expect(await ask(masters[group]?.port ?? 0, "GET", key)).toBe(value);
      }
      for (const [index, slave] of slaves.entries()) {
        await waitFor("a slave to follow", WAIT_MS, async () => {
          const [own, whole] = await Promise.all([
            ask(slave.port, "DBSIZE"),
            ask(masters[index]?.port ?? 0, "DBSIZE"),
          ]);
          return own === whole && own !== ":0\r\n" ? true : undefined;
        });
      }

      await tutorial.change("action gc -n 1000");
      await tutorial.change("action remove-fence");
      await tutorial.change(`server remove 3 ${slaves[2]?.addr}`);
      expect(await tutorial.read("server list")).toMatchObject([{}, {}, { servers: [{}] }]);
    },
    TEST_MS,
  );

  test(
    "answers typical slips with what is wrong, and changes nothing",
    async () => {
      const tutorial = await tutorialOnZookeeper("slips");
      const silence = await tutorial.slip("server list", EXIT.unavailable);
      expect(silence).toMatch(/^no dashboard answers at localhost:\d+ \(dashboard_addr, /);
      expect(silence).toEndWith(`start it with codis config -c ${tutorial.file()} dashboard\n`);
      await tutorial.startDashboard();
      const server = await redis();
      const other = await redis();
      await tutorial.change(`server add 1 ${server.addr} master`);
      await tutorial.change("slot range-set 0 1023 1 online");

      expect(await tutorial.slip("server add-group 1")).toBe("group-[1] already exists\n");
      expect(await tutorial.slip(`server add 1 ${other.addr} master`)).toBe(
        `group 1 has a master already, ${server.addr}: add this server as slave\n`,
      );
      expect(await tutorial.slip(`server add 2 ${server.addr} master`)).toContain("already exists");
      expect(await tutorial.slip("server add 2 127.0.0.1:1 master")).toContain("can't be reached");
      expect(await tutorial.slip(`server remove 1 ${server.addr}`)).toContain("still in use");
      expect(await tutorial.slip("server remove-group 1")).toBe("group-[1] isn't empty\n");
      expect(await tutorial.slip("slot init")).toContain("init -f takes all of them offline");
      expect(await tutorial.slip("slot range-set 0 10 9 online")).toContain("group-[9]");
      expect(await tutorial.slip("slot range-set 0 1024 1 online")).toContain("expected 0 to 1023");
      expect(await tutorial.slip("proxy online proxy_9")).toContain("there is no proxy proxy_9");
      expect(await tutorial.slip("slot migrate 0 1 9")).toContain("group-[9] doesn't exist");
      const promote = `server promote 1 ${server.addr}`;
      expect(await tutorial.slip(promote)).toContain("can't promote master");
      await ask(other.port, "SET", "key", "of another product");
      const full = await tutorial.slip(`server add 2 ${other.addr} master`);
      expect(full).toContain('holds the key "key"');
      expect(await tutorial.read("server list")).toMatchObject([
        { id: 1, servers: [{ addr: server.addr }] },
      ]);
      expect(await tutorial.read("slot info 1023")).toMatchObject({ group_id: 1 });
      expect(await tutorial.read("proxy list")).toEqual([]);

      await tutorial.change("slot init -f");
      expect(await tutorial.read("slot info 1023")).toMatchObject({
        group_id: 0,
        state: { status: "offline" },
      });
    },
    TEST_MS,
  );
});

describe("a proxy of those days", () => {
  test(
    "keeps its name: another one is refused, a restarted one serves again, an offline one ends",
    async () => {
      const tutorial = await tutorialOnZookeeper("names");
      await tutorial.startDashboard();
      const server = await redis();
      await tutorial.change(`server add 1 ${server.addr} master`);
      await tutorial.change("slot range-set 0 1023 1 online");
      const proxy = await tutorial.startProxy("proxy_1");
      await tutorial.waitForProxy("proxy_1", "offline");

      const double = await tutorial.startProxy("proxy_1");
      const exit = await double.program.ended();
      expect(exit.code).toBe(78);
      expect(exit.stderr).toBe(
        `codis proxy: proxy_id proxy_1 is the name of the proxy at 127.0.0.1:${proxy.ports[1]}, which is ` +
          "alive; each proxy needs another one\n",
      );

      await tutorial.change("proxy online proxy_1");
      const store = await tutorial.openStore();
      const path = coordinatorPath.jodisCompatible("names", "proxy_1");
      const record = await waitFor("the node for Jodis", WAIT_MS, async () => {
        const node = await store.get(path);
        return node?.data.includes('"state": "online"') === true ? node.data : undefined;
      });
      expect(JSON.parse(record)).toMatchObject({
        id: "proxy_1",
        addr: `127.0.0.1:${proxy.port}`,
      });

      proxy.program.signal("SIGKILL");
      await proxy.program.ended();
      const again = await tutorial.startProxy("proxy_1", proxy.ports);
      await waitFor("the proxy to serve again", WAIT_MS, async () =>
        (await ask(again.port, "SET", "a", "b")) === "+OK\r\n" ? true : undefined,
      );

      await tutorial.change("proxy offline proxy_1");
      expect((await again.program.ended()).code).toBe(0);
      expect(await tutorial.read("proxy list")).toEqual([]);
      await waitFor("the end of its node", WAIT_MS, async () =>
        (await store.get(path)) === undefined ? true : undefined,
      );
      await tutorial.change("proxy offline proxy_1");
    },
    TEST_MS,
  );

  test(
    "serves on while ZooKeeper is away",
    async () => {
      const tutorial = await tutorialOnZookeeper("outage");
      await tutorial.startDashboard();
      const server = await redis();
      await tutorial.change(`server add 1 ${server.addr} master`);
      await tutorial.change("slot range-set 0 1023 1 online");
      const proxy = await tutorial.startProxy("proxy_1");
      await tutorial.waitForProxy("proxy_1", "offline");
      await tutorial.change("proxy online proxy_1");

      await zookeeper.servers[0]?.kill();
      try {
        expect(await ask(proxy.port, "SET", "a", "b")).toBe("+OK\r\n");
      } finally {
        await zookeeper.servers[0]?.start();
      }
      await waitFor("the dashboard to lead again", WAIT_MS, async () =>
        (await tutorial.run("slot set 0 1 online")).code === 0 ? true : undefined,
      );
      await tutorial.waitForProxy("proxy_1", "online");
      expect(await ask(proxy.port, "GET", "a")).toBe("$1\r\nb\r\n");
    },
    TEST_MS,
  );
});

test(
  "remove-lock takes the lock of a dashboard that is gone, not of one that lives",
  async () => {
    const tutorial = await tutorialOnZookeeper("lock");
    const store = await tutorial.openStore();
    const path = coordinatorPath.lock("lock");
    expect((await tutorial.run("action remove-lock")).stderr).toContain("has no lock of lock\n");

    // An original dashboard leaves this behind when it is killed.
    const lock = { token: "0".repeat(32), admin_addr: `127.0.0.1:${await freePort()}`, pid: 1 };
    await store.write([{ path, data: JSON.stringify(lock), expected: "absent" }]);
    await tutorial.change("action remove-lock");
    expect(await store.get(path)).toBeUndefined();

    await tutorial.startDashboard();
    const refusal = await tutorial.slip("action remove-lock");
    expect(refusal).toContain("which is alive; to end it: codis product shutdown --dashboard ");
    expect(await store.get(path)).toBeDefined();
  },
  TEST_MS,
);

test(
  "the same on etcd",
  async () => {
    const etcd = await startEtcd();
    cleanup(() => etcd.stop());
    const zk = `http://${etcd.addr}`;
    const tutorial = new Tutorial("shop", { coordinator: "etcd", zk }, await freePort());
    await tutorial.startDashboard();
    const server = await redis();
    await tutorial.change(`server add 1 ${server.addr} master`);
    await tutorial.change("slot range-set 0 1023 1 online");
    const proxy = await tutorial.startProxy("proxy_east");
    await tutorial.waitForProxy("proxy_east", "offline");
    await tutorial.change("proxy online proxy_east");
    expect(await ask(proxy.port, "SET", "a", "b")).toBe("+OK\r\n");
    expect(await tutorial.read("proxy list")).toMatchObject([
      { id: "proxy_east", state: "online" },
    ]);
  },
  TEST_MS,
);

test(
  "the start scripts build a product with a password, end it, and bring it back",
  async () => {
    const folder = temporaryFolder();
    const config = folder.join("config.ini");
    const dashboardPort = await freePort();
    const lines = [
      `zk=${zookeeper.addr}`,
      "product=sample",
      `dashboard_addr=localhost:${dashboardPort}`,
      "password=s3cret",
      "proxy_id=proxy_1",
      SESSION,
    ];
    writeFileSync(config, `${lines.join("\n")}\n`);
    const port = await freePort();
    const settings = {
      CONFIG: config,
      STATE: folder.path,
      REDIS_GROUPS: `${await freePort()},${await freePort()} ${await freePort()} ${await freePort()}`,
      PROXY_ADDR: `127.0.0.1:${port}`,
      PROXY_HTTP_ADDR: `127.0.0.1:${await freePort()}`,
      PROXY_CPU: "1",
    };
    const get = async (): Promise<string> => {
      const connection = await RespConnection.open(port);
      try {
        await connection.call("AUTH", "s3cret");
        return (await connection.call("GET", "a")).toString();
      } finally {
        connection.destroy();
      }
    };
    cleanup(() => folder.remove());
    cleanup(() => runSample("stopall.sh", settings));
    const output = await runSample("startall.sh", settings);
    expect(output).toContain("slots 341 to 681: group 2\n");
    expect(output).toEndWith(`ready: redis-cli -p ${port}\n`);
    expect(await ask(port, "GET", "a")).toBe("-NOAUTH Authentication required.\r\n");
    expect(await get()).toBe("$-1\r\n");

    expect(await runSample("stopall.sh", settings)).toMatch(
      /^ends proxy_1\nends dashboard\nends redis-/,
    );
    for (const script of ["start_redis.sh", "start_dashboard.sh", "start_proxy.sh"]) {
      await runSample(script, settings);
    }
    await waitFor("the product to serve again", WAIT_MS, async () =>
      (await get()) === "$-1\r\n" ? true : undefined,
    );
    await runSample("stopall.sh", settings);
    expect(await runSample("startall.sh", settings)).toContain("are there already\n");
    expect(await get()).toBe("$-1\r\n");
  },
  TEST_MS,
);
