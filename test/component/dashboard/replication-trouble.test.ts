/**
 * Replicas in trouble, with real servers: frozen ones, links that a wrong password keeps broken, links that stand
 * still; and what a sync in progress tells.
 */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { connect, createServer, type Socket } from "node:net";
import { silentLog } from "../../../src/base/log.ts";
import { ServerPoller } from "../../../src/dashboard/stats/server-poller.ts";
import { waitFor } from "../../support/deadline.ts";
import { freePort } from "../../support/free-port.ts";
import { type Pair, TEST_MS, WatchedProduct } from "../../support/watched-product.ts";

const WAIT_MS = 30_000;
const PASSWORD = "product-secret";
setDefaultTimeout(TEST_MS);

let product: WatchedProduct;

afterEach(() => product.stop(), TEST_MS);

async function pair(password = ""): Promise<Pair> {
  product = await WatchedProduct.start(password);
  return product.pair();
}

test("a frozen replica is down, its group without a replica, until it goes on", async () => {
  const [master, replica] = await pair();
  replica.pause();
  expect(await product.whenFault("REPLICA_DOWN", replica)).toContain(replica.addr);
  await product.whenFault("NO_REPLICA", master);
  await product.whenFaults("NO_REPLICA", "REPLICA_DOWN");
  replica.resume();
  await product.whenWell();
  await product.whenLogged("REPLICA_DOWN is over");
});

test("a link that a wrong password keeps broken gets the password of the product", async () => {
  const [master, replica] = await pair(PASSWORD);
  await product.call(replica, ["CONFIG", "SET", "masterauth", "wrong"]);
  await product.call(master, ["CLIENT", "KILL", "TYPE", "replica"]);
  await product.whenFault("LINK_BROKEN", replica);
  await product.whenFollowing(replica, master);
  await product.whenWell();
});

/** A way to a master that passes only so many bytes to each replica. */
interface Link {
  readonly port: number;
  /** From now on, and for the links of now and later; without a bound when it is infinite. */
  pass(bytes: number): void;
  close(): void;
}

/** Passes everything on to the port, but for what `Link.pass` says. */
async function startLink(port: number): Promise<Link> {
  const own = await freePort();
  const open = new Set<Socket>();
  const leftByMaster = new Map<Socket, number>();
  let bound = Number.POSITIVE_INFINITY;
  const onData = (from: Socket, to: Socket, chunk: Buffer): void => {
    if (chunk.includes("PSYNC")) {
      leftByMaster.set(to, bound);
    }
    to.write(chunk);
    const left = (leftByMaster.get(from) ?? Number.POSITIVE_INFINITY) - chunk.length;
    leftByMaster.set(from, left);
    if (left <= 0) {
      from.pause();
    }
  };
  const server = createServer((client) => {
    const upstream = connect({ port, host: "127.0.0.1" });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on("error", () => from.destroy());
      from.on("close", () => to.destroy());
      from.on("data", (chunk: Buffer) => onData(from, to, chunk));
    }
  });
  await new Promise<void>((resolve) => server.listen(own, "127.0.0.1", resolve));
  return {
    port: own,
    pass: (bytes) => {
      bound = bytes;
      for (const socket of leftByMaster.keys()) {
        leftByMaster.set(socket, bytes);
        socket.resume();
      }
    },
    close: () => {
      server.close();
      for (const socket of open) {
        socket.destroy();
      }
    },
  };
}

test("a replica whose link stands still is lagging, also one that knows its master by another address", async () => {
  const [master, replica] = await pair();
  const link = await startLink(master.port);
  await product.turns.run(1, async () => {
    await product.call(replica, ["REPLICAOF", "127.0.0.1", `${link.port}`]);
    await product.whenLinked(replica);
  });
  link.pass(0);
  const script = "for i = 1, 48 do redis.call('SET', 'big' .. i, string.rep('x', 1048576)) end";
  await product.call(master, ["EVAL", script, "0"]);
  expect(await product.whenFault("LAGGING", replica)).toContain("bytes behind");
  await product.whenFaults("LAGGING");
  expect((await product.info(replica))["master_port"]).toBe(`${link.port}`);
  link.pass(Number.POSITIVE_INFINITY);
  await product.whenWell();
  link.close();
});

test("the progress of a sync is in the poller's figures", async () => {
  const [master, replica] = await pair();
  const link = await startLink(master.port);
  const script = "for i = 1, 24 do redis.call('SET', 'big' .. i, string.rep('x', 1048576)) end";
  await product.call(master, ["EVAL", script, "0"]);
  await product.call(master, ["CONFIG", "SET", "rdbcompression", "no"]);
  await product.call(master, ["CONFIG", "SET", "repl-diskless-sync", "no"]);
  await product.call(replica, ["REPLICAOF", "NO", "ONE"]);
  const poller = new ServerPoller({ password: "", log: silentLog, intervalMs: 100 });
  poller.setServers([replica.addr]);
  poller.start();
  try {
    await product.turns.run(1, async () => {
      await product.call(replica, ["FLUSHALL"]);
      await product.call(replica, ["SET", "other", "history"]);
      link.pass(8 * 1048576);
      await product.call(replica, ["REPLICAOF", "127.0.0.1", `${link.port}`]);
      const progress = await waitFor("progress", WAIT_MS, () => {
        const info = poller.figures().get(replica.addr)?.info;
        const read = Number(info?.["master_sync_read_bytes"]);
        return read > 0 ? { read, left: Number(info?.["master_sync_left_bytes"]) } : undefined;
      });
      expect(progress.left).toBeGreaterThan(0);
      expect(progress.read + progress.left).toBeGreaterThan(24 * 1048576);
      link.pass(Number.POSITIVE_INFINITY);
    });
  } finally {
    poller.stop();
  }
  await product.whenLinked(replica);
  link.close();
});
