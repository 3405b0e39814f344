/**
 * Three products on one ZooKeeper, one of them with 4096 slots: each with a dashboard, two groups, two
 * proxies and clients that write. Nothing of one shows in another, keys are where crc32 mod the number of
 * slots says, and what happens to one dashboard touches one product.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isCodisError } from "../../src/base/error.ts";
import { waitFor } from "../support/deadline.ts";
import { FakeProxy } from "../support/fake-proxy.ts";
import { isFreezeReply, wasFrozen } from "../support/held-proxy.ts";
import { ask, askAll, bulk, keysOf, RunningProduct } from "../support/running-product.ts";
import { startWaitingProxy, type WaitingProxy } from "../support/waiting-proxy.ts";
import { startZookeeper, type ZookeeperCluster } from "../support/zookeeper-server.ts";

const START_MS = 180_000;
const TEST_MS = 120_000;
const TURN_MS = 40_000;
const KEY_COUNT = 400;

let zookeeper: ZookeeperCluster;
let alpha: RunningProduct;
let beta: RunningProduct;
/** Has 4096 slots. */
let wide: RunningProduct;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  zookeeper = await startZookeeper();
  cleanups.push(() => zookeeper.stop());
  const start = async (product: string, slotCount: number): Promise<RunningProduct> => {
    const coordinator = { name: "zookeeper", addr: zookeeper.addr } as const;
    const built = await RunningProduct.start({ coordinator, product, slotCount });
    cleanups.push(() => built.stop());
    return built;
  };
  alpha = await start("alpha", 1024);
  beta = await start("beta", 1024);
  wide = await start("wide", 4096);
}, START_MS);

afterAll(async () => {
  for (const clean of cleanups.splice(0).toReversed()) {
    await clean();
  }
}, TEST_MS);

function all(): readonly RunningProduct[] {
  return [alpha, beta, wide];
}

/** Code and text of a rejection. */
async function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "done",
    (thrown: unknown) =>
      isCodisError(thrown) ? `${thrown.code} ${thrown.message}` : String(thrown),
  );
}

async function waitingProxy(product: string, slotCount: number): Promise<WaitingProxy> {
  const proxy = await startWaitingProxy(product, { workers: 1, slot_count: slotCount });
  cleanups.push(() => proxy.kill());
  return proxy;
}

describe("what one product shows", () => {
  test("is its own groups, servers, proxies and slots, in both APIs", async () => {
    for (const product of all()) {
      const { v1, topom } = product.dashboard;
      const groups = await v1.groups();
      expect(groups.map((group) => group.servers.map((server) => server.addr))).toEqual(
        product.servers.map((server) => [server.addr]),
      );
      expect(groups.map((group) => group.slots.ranges)).toEqual(
        product.servers.map((_, index) => [product.spanOf(index + 1)]),
      );
      const proxies = await v1.proxies();
      expect(proxies.map((proxy) => proxy.admin_addr)).toEqual(
        product.proxies.map((proxy) => proxy.adminAddr),
      );
      const shown = await v1.product();
      expect(shown).toMatchObject({ name: product.name, slots: { online: product.slotCount } });
      const stats = await topom.stats();
      expect(stats.proxy.models.map((model) => model.admin_addr)).toEqual(
        product.proxies.map((proxy) => proxy.adminAddr),
      );
      expect(await topom.slots()).toHaveLength(product.slotCount);
    }
  });

  test("and what its clients write through either proxy is on the servers of its slots", async () => {
    const keys = Array.from({ length: KEY_COUNT }, (_, index) => `key:${index}`);
    await Promise.all(all().map((product) => writeAll(product, keys)));
    for (const product of all()) {
      for (const [index, server] of product.servers.entries()) {
        const own = keys.filter((key) => product.groupOf(key) === index + 1);
        const found = await keysOf(server);
        expect(found.toSorted()).toEqual(own.toSorted());
        const values = await askAll(
          server.port,
          own.map((key) => ["GET", key]),
        );
        expect(values).toEqual(own.map((key) => bulk(`${product.name} ${key}`)));
      }
    }
    // The slots are really others: many keys that 1024 slots give to one group, 4096 give to another.
    const moved = keys.filter((key) => alpha.groupOf(key) !== wide.groupOf(key));
    expect(moved.length).toBeGreaterThan(KEY_COUNT / 4);
  });
});

/** The first half through one proxy, the second through the other; read back crosswise. */
async function writeAll(product: RunningProduct, keys: readonly string[]): Promise<void> {
  const ports = product.proxies.map((proxy) => proxy.port);
  const halves = [keys.slice(0, keys.length / 2), keys.slice(keys.length / 2)];
  for (const [index, half] of halves.entries()) {
    const sets = half.map((key) => ["SET", key, `${product.name} ${key}`]);
    const replies = await askAll(ports[index] ?? 0, sets);
    expect(new Set(replies)).toEqual(new Set(["+OK\r\n"]));
    const gets = half.map((key) => ["GET", key]);
    const values = await askAll(ports[1 - index] ?? 0, gets);
    expect(values).toEqual(half.map((key) => bulk(`${product.name} ${key}`)));
  }
}

describe("a proxy", () => {
  test("of another product is refused, and stays as it was", async () => {
    const stranger = await waitingProxy("alpha", 1024);
    const refusal = /it belongs to product alpha, this is beta/;
    const add = (): Promise<unknown> =>
      beta.dashboard.v1.addProxy({ admin_addr: stranger.adminAddr });
    expect(await failureOf(add())).toMatch(refusal);
    expect(await failureOf(beta.dashboard.topom.createProxy(stranger.adminAddr))).toMatch(refusal);
    expect(await failureOf(beta.dashboard.topom.onlineProxy(stranger.adminAddr))).toMatch(refusal);
    const [serving] = alpha.proxies;
    expect(
      await failureOf(beta.dashboard.v1.addProxy({ admin_addr: serving?.adminAddr ?? "" })),
    ).toMatch(refusal);
    expect(await beta.dashboard.v1.proxies()).toHaveLength(2);
    expect(await ask(stranger.port, "GET", "key:1")).toMatch(/^-/);
    expect(await ask(serving?.port ?? 0, "PING")).toBe("+PONG\r\n");
  });

  test.each([
    { name: "alpha", own: 4096, needed: 1024 },
    { name: "wide", own: 1024, needed: 4096 },
  ])(
    "of $name with $own slots is refused, the product has $needed",
    async ({ name, own, needed }) => {
      const product = name === "alpha" ? alpha : wide;
      const other = await waitingProxy(name, own);
      const refusal = new RegExp(`slot_count = ${own}, but its product has ${needed} slots`);
      const failure = await failureOf(
        product.dashboard.v1.addProxy({ admin_addr: other.adminAddr }),
      );
      expect(failure).toMatch(refusal);
      expect(await failureOf(product.dashboard.topom.createProxy(other.adminAddr))).toMatch(
        refusal,
      );
      expect(await product.dashboard.v1.proxies()).toHaveLength(2);
    },
  );

  test("of Codis 3.2 is refused by a product with 4096 slots, and taken by one with 1024", async () => {
    const original = async (productName: string): Promise<FakeProxy> => {
      const proxy = await FakeProxy.start({ productName, isOriginal: true });
      cleanups.push(() => proxy.stop());
      return proxy;
    };
    const refused = await original("wide");
    expect(await failureOf(wide.dashboard.v1.addProxy({ admin_addr: refused.addr }))).toMatch(
      /is a proxy of Codis 3\.2, which has 1024 slots, but its product has 4096/,
    );
    expect(refused.calls).toEqual(["model", "xping"]);
    expect(await wide.dashboard.v1.proxies()).toHaveLength(2);

    const taken = await original("alpha");
    await alpha.dashboard.v1.addProxy({ admin_addr: taken.addr });
    expect(taken.slots.every((slot) => slot.backend_addr !== undefined)).toBe(true);
    await alpha.dashboard.v1.removeProxy(taken.token, { force: false });
  });

  test(
    "that is started again with another slot_count gets nothing until it is right again",
    async () => {
      const proxy = await waitingProxy("wide", 4096);
      const { v1 } = wide.dashboard;
      const { token } = await v1.addProxy({ admin_addr: proxy.adminAddr });
      const wrong = await proxy.restart({ slot_count: 1024 });
      cleanups.push(() => wrong.kill());
      await waitFor("the refusal", TURN_MS, async () => {
        const { error, table } = await v1.proxy(token);
        const isTold = error?.includes("slot_count = 1024, but its product has 4096") === true;
        return isTold && table === "pending" ? true : undefined;
      });
      expect(await ask(wrong.port, "GET", "key:1")).toMatch(/^-/);
      const right = await wrong.restart({ slot_count: 4096 });
      cleanups.push(() => right.kill());
      await waitFor("the fill", TURN_MS, async () => {
        const { status, table } = await v1.proxy(token);
        return status === "online" && table === "synced" ? true : undefined;
      });
      expect(await ask(right.port, "GET", "key:1")).toBe(bulk("wide key:1"));
      await v1.removeProxy(token, { force: false });
    },
    TEST_MS,
  );
});

test(
  "kill -9 of one product's dashboard touches nobody else, and its own clients neither",
  async () => {
    const others = [alpha, wide];
    const before = await Promise.all(others.map(({ dashboard }) => dashboard.v1.product()));
    const { epoch } = await beta.dashboard.v1.product();
    const load = new Load(all().flatMap((product) => product.proxies));
    load.start();
    await load.grow();
    await beta.dashboard.kill();
    await load.grow();
    const after = await Promise.all(others.map(({ dashboard }) => dashboard.v1.product()));
    await beta.restartDashboard();
    await load.grow();
    expect(await load.stop()).toEqual([]);

    expect(after.map(({ epoch, revision }) => [epoch, revision])).toEqual(
      before.map(({ epoch, revision }) => [epoch, revision]),
    );
    expect(
      others.filter(({ dashboard }) => /leader\.lost/.test(dashboard.program.stdout())),
    ).toEqual([]);
    const again = await beta.dashboard.v1.product();
    expect(again.epoch).toBeGreaterThan(epoch);
    await beta.whenWell();
  },
  TEST_MS,
);

/** One client on each port that writes and reads again and again; keeps what went wrong. */
class Load {
  readonly #proxies: readonly WaitingProxy[];
  readonly #failures: { readonly proxy: WaitingProxy; readonly replies: readonly string[] }[] = [];
  readonly #counts: number[];
  #isOver = false;
  #clients: Promise<void> = Promise.resolve();

  constructor(proxies: readonly WaitingProxy[]) {
    this.#proxies = proxies;
    this.#counts = proxies.map(() => 0);
  }

  start(): void {
    this.#clients = Promise.all(this.#proxies.map((proxy, index) => this.#run(proxy, index))).then(
      () => undefined,
    );
  }

  /** Waits until every client has made 20 more rounds. */
  async grow(): Promise<void> {
    const goals = this.#counts.map((count) => count + 20);
    await waitFor("more rounds of every client", TURN_MS, () =>
      this.#counts.every((count, index) => count >= (goals[index] ?? 0)) ? true : undefined,
    );
  }

  /** Ends the clients; gives everything that went wrong. A proxy that stood still may say so. */
  async stop(): Promise<readonly string[]> {
    this.#isOver = true;
    await this.#clients;
    return this.#failures
      .filter(({ proxy, replies }) => !(wasFrozen(proxy) && replies.some(isFreezeReply)))
      .map(({ proxy, replies }) => `port ${proxy.port}: ${replies.join(" ")}`);
  }

  async #run(proxy: WaitingProxy, client: number): Promise<void> {
    for (let round = 0; !this.#isOver; round += 1) {
      const key = `load:${client}:${round % 100}`;
      const replies = await askAll(proxy.port, [
        ["SET", key, `${round}`],
        ["GET", key],
      ]);
      if (replies[0] !== "+OK\r\n" || replies[1] !== bulk(`${round}`)) {
        this.#failures.push({ proxy, replies });
      }
      this.#counts[client] = round;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
