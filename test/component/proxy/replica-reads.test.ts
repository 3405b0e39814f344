/**
 * Reads from replicas with real servers: who is asked, what a session is promised, and replicas that must not be
 * read from: frozen, cut off, syncing, lagging, following somebody else.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { encodeCommand } from "../../../src/resp/encode.ts";
import { untilCaught } from "../../support/caught-moment.ts";
import { waitFor } from "../../support/deadline.ts";
import type { RedisServer } from "../../support/redis-server.ts";
import { startRedis } from "../../support/redis-server.ts";
import { type ReplicatedWorker, startReplicatedWorker } from "../../support/replicated-worker.ts";
import type { RespConnection } from "../../support/resp-connection.ts";
import { RunningClock } from "../../support/running-clock.ts";
import { slotOfText } from "../../support/slot-of-text.ts";

const WAIT_MS = 40_000;
setDefaultTimeout(120_000);

let site: ReplicatedWorker;

async function open(changes: Parameters<typeof startReplicatedWorker>[0] = {}): Promise<void> {
  site = await startReplicatedWorker({ replicaMaxLagMs: 2500, ...changes });
}

/** GETs that each server answers while `run` runs: master, first and second replica. */
async function getsDuring(run: () => Promise<unknown>): Promise<readonly number[]> {
  const servers: readonly RedisServer[] = [site.master, ...site.replicas];
  const before = await Promise.all(servers.map((server) => site.getsOf(server)));
  await run();
  const after = await Promise.all(servers.map((server) => site.getsOf(server)));
  return after.map((count, index) => count - (before[index] ?? 0));
}

/** The text of a bulk reply. */
async function get(client: RespConnection, key: string): Promise<string> {
  return (await client.call("GET", key)).toString().split("\r\n")[1] ?? "";
}

/** Writes at the master itself, and waits until both replicas have it. */
async function put(key: string, value: string): Promise<void> {
  const master = await site.at(site.master);
  await master.call("SET", key, value);
  await master.call("WAIT", "2", "5000");
}

describe("with two good replicas", () => {
  beforeAll(async () => {
    await open();
    await put("k", "v");
  });
  afterAll(() => site.close());

  test("reads go to replicas, writes to the master, sessions in turn", async () => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => site.connect()));
    // The first reads may make the connections to the replicas, which are left out when the machine stands still.
    await untilCaught("reads by both replicas", WAIT_MS, async () => {
      const gets = await getsDuring(async () => {
        for (const client of clients) {
          for (let i = 0; i < 5; i++) expect(await get(client, "k")).toBe("v");
        }
      });
      return gets.join() === "0,10,10";
    });
    expect((await clients[0]?.call("SET", "w", "1"))?.toString()).toBe("+OK\r\n");
    await site.untilInUse(...site.replicas);
    expect((await site.figuresOf(site.replicas[0]))?.reads).toBeGreaterThanOrEqual(10);
  });

  test("RESP3, databases, pipelines and split commands", async () => {
    const client = await site.connect();
    await client.call("HELLO", "3");
    await client.call("SELECT", "2");
    const master = await site.at(site.master);
    await master.call("SELECT", "2");
    for (let i = 0; i < 50; i++) await master.call("SET", `p${i}`, `${i}`);
    await master.call("WAIT", "2", "5000");
    await untilCaught("reads over a connection in RESP3", WAIT_MS, async () => {
      const gets = await getsDuring(async () => {
        const all = Array.from({ length: 50 }, (_, i) => encodeCommand(["GET", `p${i}`]));
        client.write(Buffer.concat(all));
        for (let i = 0; i < 50; i++)
          expect((await client.next()).toString()).toContain(`\r\n${i}\r\n`);
      });
      return gets[0] === 0;
    });
    const keys = Array.from({ length: 50 }, (_, i) => `p${i}`);
    const merged = (await client.call("MGET", ...keys, "none")).toString();
    expect(merged.startsWith("*51\r\n")).toBe(true);
    expect(merged.endsWith("_\r\n")).toBe(true);
    expect((await client.call("EXISTS", ...keys)).toString()).toBe(":50\r\n");
    await master.call("SELECT", "0");
  });

  test("a session reads what it wrote, at once and later, in a pipeline and one by one", async () => {
    const client = await site.connect();
    site.relay.stall();
    try {
      for (let i = 0; i < 100; i++) {
        await client.call("SET", `own${i}`, `${i}`);
        expect(await get(client, `own${i}`)).toBe(`${i}`);
      }
      const frames: Uint8Array[] = [];
      for (let i = 0; i < 100; i++) {
        frames.push(encodeCommand(["SET", `pipe${i}`, `${i}`]), encodeCommand(["GET", `pipe${i}`]));
      }
      client.write(Buffer.concat(frames));
      for (let i = 0; i < 100; i++) {
        expect((await client.next()).toString()).toBe("+OK\r\n");
        expect((await client.next()).toString()).toContain(`\r\n${i}\r\n`);
      }
    } finally {
      site.relay.flow();
    }
    await site.untilInUse(...site.replicas);
    // Once the replicas have them, its reads go there again.
    await waitFor("own keys read from a replica", WAIT_MS, async () => {
      const counts = await getsDuring(async () => {
        for (let i = 0; i < 20; i++) expect(await get(client, `own${i}`)).toBe(`${i}`);
      });
      return counts[0] === 0 ? true : undefined;
    });
  });

  test("READWRITE reads from masters, READONLY from replicas again", async () => {
    const client = await site.connect();
    await client.call("READWRITE");
    const gets = await getsDuring(async () => {
      for (let i = 0; i < 10; i++) await get(client, "k");
    });
    expect(gets).toEqual([10, 0, 0]);
    await client.call("READONLY");
    await waitFor("a read by a replica", WAIT_MS, async () => {
      const counts = await getsDuring(() => get(client, "k"));
      return counts[0] === 0 ? true : undefined;
    });
  });

  test("a slot that moves isn't read from replicas, and one that came only once they have caught up", async () => {
    const client = await site.connect();
    const slot = slotOfText("k");
    await site.proxy.fill([slot], { locked: true });
    const reply = client.call("GET", "k");
    const other = await startRedis();
    try {
      // As if the slot had been with another group before.
      await site.proxy.fill([slot], { locked: false, backendAddr: other.addr, replicaGroups: [] });
      await reply;
      site.relay.stall();
      await (await site.at(site.master)).call("SET", "k", "moved");
      const { addr } = site.master;
      const lists = [[site.replicas[0].addr]];
      await site.proxy.fill([slot], { backendAddr: addr, replicaGroups: lists });
      const gets = await getsDuring(async () => {
        const endsAt = performance.now() + 1500;
        while (performance.now() < endsAt) expect(await get(client, "k")).toBe("moved");
      });
      expect(gets[1]).toBe(0);
      site.relay.flow();
      await waitFor("a read by the replica", WAIT_MS, async () => {
        const counts = await getsDuring(async () => expect(await get(client, "k")).toBe("moved"));
        return counts[1] === 1 ? true : undefined;
      });
    } finally {
      site.relay.flow();
      await other.kill();
    }
  });
});

describe("with a replica that can't serve", () => {
  beforeAll(async () => {
    await open();
    await put("k", "v");
  });
  afterAll(() => site.close());

  const clock = new RunningClock();

  /** Reads by a client of its own until `hasEnded`; every one must give a value of the list. */
  async function readUntil(values: readonly string[], hasEnded: () => boolean): Promise<number> {
    const client = await site.connect();
    let longestMs = 0;
    while (!hasEnded()) {
      const atMs = clock.nowMs();
      client.write(encodeCommand(["GET", "k"]));
      const reply = (await client.next()).toString();
      longestMs = Math.max(longestMs, clock.nowMs() - atMs);
      expect(values).toContain(reply.split("\r\n")[1] ?? reply);
    }
    client.destroy();
    return longestMs;
  }

  test("reads go on when it is killed, without an error", async () => {
    let isOver = false;
    const readers = Array.from({ length: 6 }, () => readUntil(["v"], () => isOver));
    await waitFor("reads", WAIT_MS, async () => {
      const figures = await site.figuresOf(site.replicas[1]);
      return (figures?.reads ?? 0) > 100 ? true : undefined;
    });
    await site.replicas[1].kill();
    const back = startRedis({
      port: site.replicas[1].port,
      args: ["--replicaof", "127.0.0.1", `${site.master.port}`],
    });
    const server = await back;
    await site.untilInUse(...site.replicas);
    isOver = true;
    await Promise.all(readers);
    site = { ...site, replicas: [site.replicas[0], server] };
  });

  test("reads go on within a bound when it is frozen", async () => {
    let isOver = false;
    const readers = Array.from({ length: 6 }, () => readUntil(["v"], () => isOver));
    const before = (await site.figuresOf(site.replicas[1]))?.reads ?? 0;
    await waitFor("reads", WAIT_MS, async () => {
      const figures = await site.figuresOf(site.replicas[1]);
      return (figures?.reads ?? 0) > before + 100 ? true : undefined;
    });
    site.replicas[1].pause();
    await site.untilInUse(site.replicas[0]);
    // The reads that it had are answered by the master.
    await waitFor("repeated reads", WAIT_MS, async () => {
      const figures = await site.figuresOf(site.replicas[1]);
      return (figures?.repeats ?? 0) > 0 ? true : undefined;
    });
    const client = await site.connect();
    for (let i = 0; i < 10; i++) expect(await get(client, "k")).toBe("v");
    isOver = true;
    const longestMs = Math.max(...(await Promise.all(readers)));
    expect(longestMs).toBeLessThan(10_000);
    site.replicas[1].resume();
    await site.untilInUse(...site.replicas);
  });

  test("one that lags is left out, and taken again", async () => {
    site.relay.stall();
    // Without a write there is nothing to lag behind.
    await putThere("k", "w");
    await site.untilInUse(site.replicas[1]);
    const gets = await getsDuring(async () => {
      const clients = await Promise.all(Array.from({ length: 4 }, () => site.connect()));
      for (const client of clients) expect(await get(client, "k")).toBe("w");
    });
    expect(gets[1]).toBe(0);
    site.relay.flow();
    await site.untilInUse(...site.replicas);
  });

  test("one whose link is down is left out", async () => {
    const before = site.proxy.log.length;
    site.relay.cut();
    await site.untilInUse(site.replicas[1]);
    const figures = await site.figuresOf(site.replicas[0]);
    expect(figures?.isUsable).toBe(false);
    await untilLeftOut("its link to its master is down", before);
    site.relay.flow();
    await site.untilInUse(...site.replicas);
  });

  test("one that follows another master, or none, is left out", async () => {
    const replica = await site.at(site.replicas[1]);
    const before = site.proxy.log.length;
    await replica.call("REPLICAOF", "NO", "ONE");
    await site.untilInUse(site.replicas[0]);
    await untilLeftOut("it is a master", before);
    const other = await startRedis({ args: ["--repl-diskless-sync-delay", "0"] });
    await replica.call("REPLICAOF", "127.0.0.1", `${other.port}`);
    await waitFor("the other master's data", WAIT_MS, async () => {
      const info = (await replica.call("INFO", "replication")).toString();
      return info.includes("master_link_status:up") ? true : undefined;
    });
    expect((await site.figuresOf(site.replicas[1]))?.isUsable).toBe(false);
    await replica.call("REPLICAOF", "127.0.0.1", `${site.master.port}`);
    await site.untilInUse(...site.replicas);
    await other.kill();
  });

  test("one that is syncing is left out until it has everything", async () => {
    const [replica, master] = [await site.at(site.replicas[1]), await site.at(site.master)];
    // The sync begins when the test says so.
    await master.call("CONFIG", "SET", "repl-diskless-sync-delay", "3600");
    await putThere("k", "good");
    await replica.call("REPLICAOF", "NO", "ONE");
    await site.untilInUse(site.replicas[0]);
    await replica.call("SET", "k", "bad");
    let isOver = false;
    const readers = Array.from({ length: 4 }, () => readUntil(["good"], () => isOver));
    await replica.call("REPLICAOF", "127.0.0.1", `${site.master.port}`);
    await waitFor("a sync under way", WAIT_MS, async () => {
      const info = (await replica.call("INFO", "replication")).toString();
      return info.includes("master_link_status:down") ? true : undefined;
    });
    expect((await replica.call("GET", "k")).toString()).toContain("bad");
    await master.call("CONFIG", "SET", "repl-diskless-sync-delay", "0");
    await site.untilInUse(...site.replicas);
    isOver = true;
    await Promise.all(readers);
    expect((await replica.call("GET", "k")).toString()).toContain("good");
  });
});

/** Waits until the log says that a replica is left out for this reason; it may have been another one first. */
async function untilLeftOut(reason: string, logLength: number): Promise<void> {
  await waitFor(`a line with "${reason}"`, WAIT_MS, () =>
    site.proxy.log
      .slice(logLength)
      .find(({ event, msg }) => event === "replica.left_out" && msg.includes(reason)),
  );
}

/** Writes at the master; only the second replica can have it. */
async function putThere(key: string, value: string): Promise<void> {
  const master = await site.at(site.master);
  await master.call("SET", key, value);
  await master.call("WAIT", "1", "5000");
}

test("with replica_reads = readonly only sessions that ask read from replicas", async () => {
  await open({ replicaReads: "readonly" });
  try {
    await put("k", "v");
    const client = await site.connect();
    expect(await getsDuring(() => get(client, "k"))).toEqual([1, 0, 0]);
    await client.call("READONLY");
    await waitFor("a read by a replica", WAIT_MS, async () => {
      const counts = await getsDuring(() => get(client, "k"));
      return counts[0] === 0 ? true : undefined;
    });
    await client.call("RESET");
    expect(await getsDuring(() => get(client, "k"))).toEqual([1, 0, 0]);
  } finally {
    await site.close();
  }
});
