/**
 * A worker over one real master with two real replicas that reads may go to, and what each server was asked. A relay
 * may stand between a replica and its master.
 */
import type { ProxyConfig } from "../../src/proxy/config.ts";
import type { ReplicaFigures } from "../../src/proxy/control.ts";
import { waitFor } from "./deadline.ts";
import { type ProxyWorker, startProxyWorker } from "./proxy-worker.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { RespConnection } from "./resp-connection.ts";
import { type StallingRelay, startStallingRelay } from "./stalling-relay.ts";

const ALL_SLOTS: readonly number[] = Array.from({ length: 1024 }, (_, id) => id);

/** See the file head. */
export interface ReplicatedWorker {
  readonly proxy: ProxyWorker;
  readonly master: RedisServer;
  /** The first one follows through `relay`, the second one directly. */
  readonly replicas: readonly [RedisServer, RedisServer];
  readonly relay: StallingRelay;
  /** A client of the proxy. */
  connect(): Promise<RespConnection>;
  /** A connection to a server itself, for the life of the test. */
  at(server: RedisServer): Promise<RespConnection>;
  /** GETs that the server has answered so far. */
  getsOf(server: RedisServer): Promise<number>;
  /** What the worker says of a replica. */
  figuresOf(server: RedisServer): Promise<ReplicaFigures | undefined>;
  /** Waits until reads may go to exactly these replicas. */
  untilInUse(...servers: readonly RedisServer[]): Promise<void>;
  close(): Promise<void>;
}

const START_MS = 40_000;

/** Starts three servers and the worker; resolves when both replicas may be read from. */
export async function startReplicatedWorker(
  changes: Partial<ProxyConfig> = {},
  replicaArgs: readonly string[] = [],
): Promise<ReplicatedWorker> {
  const master = await startRedis({ args: ["--repl-diskless-sync-delay", "0"] });
  const relay = await startStallingRelay(master.port);
  const first = await startRedis({
    args: ["--replicaof", "127.0.0.1", `${relay.port}`, ...replicaArgs],
  });
  const second = await startRedis({
    args: ["--replicaof", "127.0.0.1", `${master.port}`, ...replicaArgs],
  });
  const proxy = await startProxyWorker([master.addr], changes);
  const open: RespConnection[] = [];
  const byPort = new Map<number, RespConnection>();
  const at = async (server: RedisServer): Promise<RespConnection> => {
    let connection = byPort.get(server.port);
    if (connection === undefined) {
      connection = await RespConnection.open(server.port);
      byPort.set(server.port, connection);
      open.push(connection);
    }
    return connection;
  };
  const figuresOf = async (server: RedisServer): Promise<ReplicaFigures | undefined> => {
    const { replicas } = await proxy.worker.snapshot();
    return replicas.find(({ addr }) => addr === server.addr);
  };
  const worker: ReplicatedWorker = {
    proxy,
    master,
    replicas: [first, second],
    relay,
    async connect() {
      const client = await RespConnection.open(proxy.port);
      open.push(client);
      return client;
    },
    at,
    async getsOf(server) {
      const info = (await (await at(server)).call("INFO", "commandstats")).toString();
      return Number(/cmdstat_get:calls=(\d+)/.exec(info)?.[1] ?? 0);
    },
    figuresOf,
    async untilInUse(...servers) {
      const wanted = servers.map(({ addr }) => addr).sort();
      await waitFor(`reads from ${wanted.join(" and ")}`, START_MS, async () => {
        const { replicas } = await proxy.worker.snapshot();
        const usable = replicas.filter(({ isUsable }) => isUsable).map(({ addr }) => addr);
        return usable.sort().join() === wanted.join() ? true : undefined;
      });
    },
    async close() {
      for (const connection of open) connection.destroy();
      await proxy.close();
      await relay.close();
      await Promise.all([first.kill(), second.kill(), master.kill()]);
    },
  };
  await proxy.fill(ALL_SLOTS, { replicaGroups: [[first.addr, second.addr]] });
  await worker.untilInUse(first, second);
  return worker;
}
