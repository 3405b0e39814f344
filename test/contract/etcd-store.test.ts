/**
 * What is special in etcd's store: pages of long lists, what lies deeper, compaction, the quota, two products
 * side by side, and programs that aren't etcd.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import { ABSENT, ANY, type Coordinator } from "../../src/coordinator/coordinator.ts";
import { openEtcd } from "../../src/coordinator/etcd/etcd.ts";
import { waitFor } from "../support/deadline.ts";
import { type EtcdServer, startEtcd } from "../support/etcd-server.ts";
import { freePort } from "../support/free-port.ts";
import { startRedis } from "../support/redis-server.ts";
import { CALM_LEASE_MS, failure, pass, put, SOON_MS, TEST_MS } from "./suite-context.ts";

let server: EtcdServer;
let opened: Coordinator[] = [];

function open(addr = server.addr, operationTimeoutMs = 10_000): Coordinator {
  const coordinator = openEtcd({ kind: "etcd", addr, auth: "", operationTimeoutMs });
  opened.push(coordinator);
  return coordinator;
}

beforeAll(async () => {
  server = await startEtcd();
}, TEST_MS);

afterEach(async () => {
  await Promise.all(opened.map((coordinator) => coordinator.close()));
  opened = [];
});

afterAll(() => server.stop(), TEST_MS);

describe("lists in pages", () => {
  test(
    "children are found between deep subtrees and names that sort around the slash",
    async () => {
      const coordinator = open();
      const names = ["a", "a!", "a-", "a.b", "a0", "a~", "b", "c", "é"];
      const deep = ["a", "b", "d"];
      await coordinator.write([
        ...names.map((name) => ({ path: `/pages/top/${name}`, data: name, expected: ABSENT })),
        ...deep.flatMap((name) =>
          Array.from({ length: 1_500 }, (_, index) => ({
            path: `/pages/top/${name}/under/n${index}`,
            data: "x",
            expected: ABSENT,
          })),
        ),
        { path: "/pages/top-beside", data: "x", expected: ABSENT },
        { path: "/pages/top0", data: "x", expected: ABSENT },
      ]);
      const sorted = ["a", "a!", "a-", "a.b", "a0", "a~", "b", "c", "d", "é"];
      expect(await coordinator.list("/pages/top")).toEqual(sorted);
      const children = await coordinator.readChildren("/pages/top");
      expect(children.map((node) => node.data).sort()).toEqual([...names].sort());
      expect(await coordinator.list("/pages")).toEqual(["top", "top-beside", "top0"]);
      expect((await coordinator.list("/pages/top/b/under")).length).toBe(1_500);
    },
    TEST_MS,
  );

  test(
    "small texts first, then more large ones than fit into one answer",
    async () => {
      // Tens of megabytes.
      const coordinator = open(server.addr, 60_000);
      const large = "x".repeat(900_000);
      for (let index = 0; index < 56; index += 1) {
        const name = String(index).padStart(2, "0");
        await put(coordinator, `/large/n${name}`, index < 20 ? name : `${name}${large}`);
      }
      const nodes = await coordinator.readChildren("/large");
      expect(nodes.map((node) => Number(node.data.slice(0, 2)))).toEqual(
        Array.from({ length: 56 }, (_, index) => index),
      );
    },
    TEST_MS,
  );

  test("each list is of one moment, while others write", async () => {
    const coordinator = open();
    const writer = open();
    const writes = (round: number) =>
      Array.from({ length: 100 }, (_, index) => ({
        path: `/moment/n${index}`,
        data: `${round}`,
        expected: ANY,
      }));
    await writer.write(writes(0));
    const state = { isDone: false };
    const loop = (async () => {
      for (let round = 1; !state.isDone; round += 1) {
        await writer.write(writes(round));
      }
    })();
    for (let round = 0; round < 30; round += 1) {
      const nodes = await coordinator.readChildren("/moment");
      expect(nodes.length).toBe(100);
      expect(new Set(nodes.map((node) => node.data)).size).toBe(1);
    }
    state.isDone = true;
    await loop;
  });
});

describe("compaction", () => {
  test(
    "a watch from a revision that was compacted begins anew, and calls back",
    async () => {
      const own = open();
      const other = open();
      await put(own, "/compacted/x", "1");
      await put(other, "/compacted/x", "2");
      await put(other, "/compacted/other", "3");
      await put(other, "/compacted/x", "4");
      const revision = (await server.ask("/v3/kv/range", { key: "AA==" })).header?.revision;
      await server.ask("/v3/kv/compaction", { revision, physical: true });
      let calls = 0;
      own.watch("/compacted", () => {
        calls += 1;
      });
      await waitFor("call", SOON_MS, () => calls > 0 || undefined);
      await pass(500);
      expect(calls).toBe(1);
      await put(other, "/compacted/x", "5");
      await waitFor("call", SOON_MS, () => calls > 1 || undefined);
      expect((await own.get("/compacted/x"))?.data).toBe("5");
    },
    TEST_MS,
  );
});

describe("a full store", () => {
  test(
    "refuses with COORDINATOR_FULL and changes nothing; reading goes on",
    async () => {
      const small = await startEtcd({ args: ["--quota-backend-bytes", "1500000"] });
      try {
        const coordinator = open(small.addr);
        const leadership = await coordinator.lead({
          lockPath: "/codis3/full/topom",
          epochPath: "/codis-ext/full/epoch",
          data: "leader",
          leaseMs: CALM_LEASE_MS,
        });
        const text = "x".repeat(300_000);
        let done = 0;
        await failure(
          "COORDINATOR_FULL",
          (async () => {
            for (; done < 50; done += 1) {
              await put(leadership, `/full/n${done}`, text);
            }
          })(),
        );
        expect(done).toBeGreaterThan(0);
        await failure("COORDINATOR_FULL", put(coordinator, "/full/small", "x"));
        const names = await coordinator.list("/full");
        // The write that crosses the quota is carried out and answered with "no space": it counts as done.
        expect(names.length).toBe(done);
        expect(leadership.isHeld()).toBe(true);
        await leadership.confirm();
        // The fence is known: a write after that is refused for the space, not as another leader's.
        await failure("COORDINATOR_FULL", put(leadership, "/full/late", "x"));
        expect(leadership.isHeld()).toBe(true);
      } finally {
        await small.stop();
      }
    },
    TEST_MS,
  );
});

describe("two products on one etcd", () => {
  test("lead, write, register and watch side by side", async () => {
    const products = ["one", "two"];
    const calls = [0, 0];
    const sides = await Promise.all(
      products.map(async (product, index) => {
        const coordinator = open();
        const leadership = await coordinator.lead({
          lockPath: `/codis3/${product}/topom`,
          epochPath: `/codis-ext/${product}/epoch`,
          data: product,
          leaseMs: CALM_LEASE_MS,
        });
        coordinator.watch(`/codis3/${product}/slots`, () => {
          calls[index] = (calls[index] ?? 0) + 1;
        });
        coordinator.register(`/jodis/${product}/proxy-1`, product, {
          ttlMs: CALM_LEASE_MS,
        });
        return { product, coordinator, leadership };
      }),
    );
    await Promise.all(
      sides.map(({ product, leadership }) =>
        leadership.write(
          Array.from({ length: 1_024 }, (_, id) => ({
            path: `/codis3/${product}/slots/slot-${String(id).padStart(4, "0")}`,
            data: `${product} ${id}`,
            expected: ABSENT,
          })),
        ),
      ),
    );
    for (const { product, coordinator, leadership } of sides) {
      const slots = await coordinator.readChildren(`/codis3/${product}/slots`);
      expect(slots.map((node) => node.data)).toEqual(slots.map((_, id) => `${product} ${id}`));
      expect(slots.length).toBe(1_024);
      await leadership.confirm();
      const jodis = `/jodis/${product}/proxy-1`;
      await waitFor("registration", SOON_MS, () => coordinator.get(jodis));
    }
    expect(await sides[0]?.coordinator.list("/jodis")).toEqual(products);
    await waitFor("calls", SOON_MS, () => calls.every((count) => count > 0) || undefined);
    await pass(300);
    const before = [...calls];
    await put(open(), "/codis3/one/slots/slot-0000", "changed");
    await waitFor("call", SOON_MS, () => (calls[0] ?? 0) > (before[0] ?? 0) || undefined);
    await pass(300);
    expect(calls[1]).toBe(before[1] ?? -1);
  });
});

describe("an epoch that isn't one", () => {
  test("is named, and nobody leads over it", async () => {
    const coordinator = open();
    const request = {
      lockPath: "/codis3/garbage/topom",
      epochPath: "/codis-ext/garbage/epoch",
      data: "x",
      leaseMs: 5_000,
    };
    for (const text of ["", "seven", "-1", "1e3", "9".repeat(16)]) {
      await put(coordinator, request.epochPath, text);
      const error = await failure("MODEL_INVALID", coordinator.lead(request));
      expect(error.message).toContain(request.epochPath);
      expect(await coordinator.get(request.lockPath)).toBeUndefined();
    }
    await put(coordinator, request.epochPath, "41\n");
    expect((await coordinator.lead(request)).epoch).toBe(42);
    for (const leaseMs of [0, -1, Number.NaN]) {
      await failure("ARGUMENT_INVALID", coordinator.lead({ ...request, leaseMs }));
    }
  });
});

describe("an address where no etcd answers", () => {
  test("a web server without a gateway, and one that talks back, are told apart from etcd", async () => {
    const web = createServer((request, response) => {
      const isJson = request.url === "/v3/kv/range";
      response.writeHead(isJson ? 200 : 404).end(isJson ? "[1" : "nothing here");
    });
    const port = await freePort();
    await new Promise<void>((resolve) => web.listen(port, "127.0.0.1", resolve));
    try {
      // Longer than a shared machine stands still.
      const coordinator = open(`127.0.0.1:${port}`, 5_000);
      const error = await failure("COORDINATOR_REFUSED", put(coordinator, "/x", "1"));
      expect(error.message).toContain("etcd 3.4 or later");
      const strange = await failure("COORDINATOR_UNREACHABLE", coordinator.get("/x"));
      expect(strange.message).toContain("answered status 200");
    } finally {
      web.closeAllConnections();
      await new Promise((resolve) => web.close(resolve));
    }
  });

  test("a Redis server is unreachable as etcd", async () => {
    const redis = await startRedis();
    try {
      const coordinator = open(redis.addr, 1_000);
      await failure("COORDINATOR_UNREACHABLE", coordinator.get("/x"));
      await failure("COORDINATOR_UNREACHABLE", put(coordinator, "/x", "1"));
    } finally {
      await redis.stop();
    }
  });

  test("the first of several may be dead, and the state is told once each way", async () => {
    const dead = await freePort();
    const lines: string[] = [];
    const coordinator = openEtcd({
      kind: "etcd",
      addr: ` http://127.0.0.1:${dead}/, ${server.addr}`,
      auth: "",
      onState: (line) => lines.push(line),
    });
    opened.push(coordinator);
    await put(coordinator, "/dead/x", "1");
    expect((await coordinator.get("/dead/x"))?.data).toBe("1");
    expect(lines.length).toBe(2);
    expect(lines[0]).toContain(`no connection to 127.0.0.1:${dead}`);
    expect(lines[1]).toContain("is back");
    expect(coordinator.label).toBe(`etcd 127.0.0.1:${dead},${server.addr}`);
  });
});
