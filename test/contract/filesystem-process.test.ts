/**
 * Several processes on one folder: nothing is lost or torn when they write at the same time, or when one of
 * them is killed (SIGKILL) or frozen in the middle of a write.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { waitFor } from "../support/deadline.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";
import { memoryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";
import { roundOf } from "./client-command.ts";
import { spawnClient } from "./client-process.ts";
import type { ClientTarget, CoordinatorClient } from "./coordinator-fixture.ts";
import { CALM_LEASE_MS, pass, put, SOON_MS, TEST_MS } from "./suite-context.ts";

const PROCESSES = 4;
const COUNTS = 50;
const KILLS = process.env["CODIS_TEST_LONG"] === "1" ? 200 : 12;
const NODES = 40;

printSeed("filesystem kills");
const random = new Random(SEED);

let folder: TemporaryFolder;
let coordinator: Coordinator;
let clients: CoordinatorClient[] = [];

function target(): ClientTarget {
  return { kind: "filesystem", addr: folder.path, auth: "" };
}

async function start(): Promise<CoordinatorClient> {
  const client = await spawnClient(target());
  clients.push(client);
  return client;
}

beforeEach(async () => {
  folder = memoryFolder();
  coordinator = await openCoordinator(target());
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.kill()));
  clients = [];
  await coordinator.close();
  folder.remove();
});

test(
  "processes that count one number up lose no count",
  async () => {
    const all = await Promise.all(Array.from({ length: PROCESSES }, start));
    await Promise.all(all.map((one) => one.run({ do: "count", path: "/a/count", times: COUNTS })));
    expect((await coordinator.get("/a/count"))?.data).toBe(`${PROCESSES * COUNTS}`);
  },
  TEST_MS,
);

test(
  "batches of two processes are seen whole, file by file",
  async () => {
    const [one, two] = await Promise.all([start(), start()]);
    const loop = {
      do: "writeLoop",
      isFenced: false,
      path: "/a",
      count: NODES,
      size: 5_000,
    } as const;
    await one?.run(loop);
    await two?.run({ ...loop, size: 9_000 });
    for (let look = 0; look < 30; look += 1) {
      for (const node of await coordinator.readChildren("/a")) {
        expect(roundOf(node.data)).toBeGreaterThan(0);
      }
      await pass(10);
    }
  },
  TEST_MS,
);

test(
  "a kill at any moment leaves whole files, a beginning of the batch, and nothing for good",
  async () => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const client = await spawnClient(target());
      const path = `/a/run${kill}`;
      await client.run({ do: "writeLoop", isFenced: false, path, count: NODES, size: 2_000 });
      await waitFor("round", SOON_MS, () => client.events().length > 0 || undefined);
      await pass(random.next() * 40);
      await client.kill();
      const acknowledged = client.events().filter((one) => one.event === "wrote").length;
      const texts = Array.from({ length: NODES }, (_, index) =>
        readFileSync(folder.join("data", path, `n${index}`), "utf8"),
      );
      const rounds = texts.map((text) => roundOf(text) ?? Number.NaN);
      const [first = Number.NaN] = rounds;
      // A round that was acknowledged is there, and at most one more has begun, in order.
      expect(first).toBeGreaterThanOrEqual(acknowledged);
      expect(first - (rounds.at(-1) ?? Number.NaN)).toBeLessThanOrEqual(1);
      expect(rounds).toEqual([...rounds].sort((a, b) => b - a));
    }
    // Whoever comes next cleans up.
    const next = await openCoordinator(target());
    await put(next, "/a/x", "1");
    expect(readdirSync(folder.join("temp"))).toEqual([]);
    await next.close();
    expect(readdirSync(folder.join("codis-ext/alive"))).toEqual([]);
  },
  4 * TEST_MS,
);

test(
  "what a killed leader and its registrations have left is removed by the next, files too",
  async () => {
    const client = await start();
    const lockPath = "/codis3/demo/topom";
    const epochPath = "/codis-ext/demo/epoch";
    await client.run({
      do: "lead",
      request: { lockPath, data: "first", epochPath, leaseMs: 30_000 },
    });
    await client.run({ do: "register", path: "/jodis/demo/proxy-1", data: "1", ttlMs: 30_000 });
    await waitFor("node", SOON_MS, () => coordinator.get("/jodis/demo/proxy-1"));
    await client.kill();
    // The end of a process is seen at once, long before its times to live.
    expect(await coordinator.get(lockPath)).toBeUndefined();
    expect(await coordinator.list("/jodis/demo")).toEqual([]);
    await coordinator.write([{ path: lockPath, data: "by hand", expected: "absent" }]);
    await coordinator.write([{ path: lockPath, data: undefined, expected: "any" }]);
    const leadership = await coordinator.lead({
      lockPath,
      data: "next",
      epochPath,
      leaseMs: CALM_LEASE_MS,
    });
    expect(leadership.epoch).toBe(2);
    expect(readdirSync(folder.join("data/jodis/demo"))).toEqual([]);
    expect(readdirSync(folder.join("codis-ext/alive")).length).toBe(1);
    await leadership.release();
    expect(readdirSync(folder.join("codis-ext/owner/codis3/demo"))).toEqual([]);
  },
  TEST_MS,
);

test(
  "processes that are frozen one after another lead in turn, each with its own epoch",
  async () => {
    const request = {
      lockPath: "/codis3/demo/topom",
      data: "x",
      epochPath: "/codis-ext/demo/epoch",
      leaseMs: 700,
    };
    const all = await Promise.all([start(), start(), start()]);
    const epochs: number[] = [];
    for (const one of all) {
      epochs.push(
        await waitFor("leader", SOON_MS, async () =>
          Number(await one.run({ do: "lead", request })),
        ),
      );
      one.pause();
    }
    const calm = { ...request, leaseMs: CALM_LEASE_MS };
    const last = await waitFor("leader", SOON_MS, () => coordinator.lead(calm));
    // One whose lease ran out while it took the lock has used up an epoch as well.
    const inTurn = [...epochs, last.epoch];
    expect(inTurn).toEqual([...new Set(inTurn)].sort((a, b) => a - b));
    for (const one of all) {
      one.resume();
    }
    const held = await Promise.all(all.map((one) => one.run({ do: "held" })));
    expect(held).toEqual([false, false, false]);
    await pass(request.leaseMs);
    await last.confirm();
  },
  TEST_MS,
);
