/**
 * Groups of real redis-servers with replicas, and real proxies that serve them, for tests of failovers; a leader in
 * this process (`failover-leader.ts`) registers them. Ends with `stop()`, frozen servers as well.
 */
import type { Failover, FailoverOutcome } from "../../src/model/availability/failover.ts";
import { addServer, createGroup } from "../../src/model/change/group.ts";
import { addProxy } from "../../src/model/change/proxy.ts";
import { assignSlots } from "../../src/model/change/slot.ts";
import { replicationOf } from "../../src/redis/replication.ts";
import { fetchInfo } from "../../src/redis/server-command.ts";
import { waitFor } from "./deadline.ts";
import { FailoverLeader, type FailoverLeaderOptions } from "./failover-leader.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { RespConnection } from "./resp-connection.ts";
import { memoryFolder } from "./temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "./waiting-proxy.ts";

/** Of a master that is taken for dead, milliseconds. */
export const DOWN_AFTER_MS = 1_000;
/** A detector that is on, and quick. */
export const QUICK_DETECTOR = { haEnabled: true, haDownAfterMs: DOWN_AFTER_MS } as const;
/** Longest wait for anything, on a busy machine. */
export const DEADLINE_MS = 30_000;

/** What to build; default: one group with one replica, a second group alone, two proxies. */
export interface FailoverProductOptions {
  /** Replicas of group 1, 2, … */
  readonly replicas?: readonly number[];
  readonly proxies?: number;
  /** Default: with `QUICK_DETECTOR`. */
  readonly leader?: FailoverLeaderOptions;
  /** The admin address under which the leader knows a proxy; default is its own. */
  readonly adminAddr?: (proxy: WaitingProxy) => Promise<string>;
}

const WELL_MS = 40_000;
const SLOT_COUNT = 1024;
const REDIS_ARGS = ["--repl-diskless-sync-delay", "0"];

/** See the file head. */
export class FailoverProduct {
  readonly folder = memoryFolder();
  /** By group, the first one is the master at the start. */
  readonly groups: RedisServer[][] = [];
  readonly proxies: WaitingProxy[] = [];
  readonly #options: FailoverProductOptions;
  #leader: FailoverLeader | undefined;

  static async start(options: FailoverProductOptions = {}): Promise<FailoverProduct> {
    const product = new FailoverProduct(options);
    await product.#startProcesses();
    await product.lead(options.leader ?? { config: QUICK_DETECTOR });
    await product.#register();
    return product;
  }

  private constructor(options: FailoverProductOptions) {
    this.#options = options;
  }

  get leader(): FailoverLeader {
    if (this.#leader === undefined) {
      throw new Error("nobody leads");
    }
    return this.#leader;
  }

  /** A server by its number in the group, 1 is the first group. */
  server(groupId: number, index: number): RedisServer {
    const server = this.groups[groupId - 1]?.[index];
    if (server === undefined) {
      throw new Error(`group ${groupId} has no server ${index}`);
    }
    return server;
  }

  /** A proxy by its number, 0 is the first. */
  proxy(index = 0): WaitingProxy {
    const proxy = this.proxies[index];
    if (proxy === undefined) {
      throw new Error(`there is no proxy ${index}`);
    }
    return proxy;
  }

  /** Waits until the newest story has this outcome. */
  whenTold(outcome: FailoverOutcome): Promise<Failover> {
    return waitFor(`a story that is ${outcome}`, DEADLINE_MS, () => {
      const [story] = this.leader.book.all();
      return story?.outcome === outcome ? story : undefined;
    });
  }

  /** Waits until what the detector says of itself is so. */
  whenSaid(what: string, isSo: (text: string) => boolean): Promise<true> {
    return waitFor(what, DEADLINE_MS, () =>
      isSo(this.leader.detector.describe().text) ? true : undefined,
    );
  }

  /** A leader in this process; an earlier one must have been closed. */
  async lead(options: FailoverLeaderOptions = {}): Promise<FailoverLeader> {
    this.#leader = await FailoverLeader.open(this.folder.path, options);
    return this.#leader;
  }

  async closeLeader(): Promise<void> {
    await this.#leader?.close();
    this.#leader = undefined;
  }

  /** A key of a group. */
  keyOf(groupId: number): string {
    return groupId === 1 ? "key:0" : "key:4";
  }

  /** Writes through a proxy until it is answered OK; gives the milliseconds that took. */
  async writeUntilDone(
    proxy: WaitingProxy,
    key: string,
    value: string,
    withinMs = DEADLINE_MS,
  ): Promise<number> {
    const startedAtMs = performance.now();
    await waitFor(`a write of ${key}`, withinMs, async () => {
      const connection = await RespConnection.open(proxy.port);
      try {
        const reply = (await connection.call("SET", key, value)).toString();
        if (reply !== "+OK\r\n") {
          throw new Error(reply);
        }
        return true;
      } finally {
        connection.destroy();
      }
    });
    return performance.now() - startedAtMs;
  }

  async stop(): Promise<void> {
    await this.closeLeader();
    await Promise.all(this.proxies.map((proxy) => proxy.kill()));
    await Promise.all(this.groups.flat().map((server) => server.kill()));
    this.folder.remove();
  }

  async #startProcesses(): Promise<void> {
    const { replicas = [1, 0], proxies = 2 } = this.#options;
    for (const count of replicas) {
      const master = await startRedis({ args: REDIS_ARGS });
      const replicaOf = ["--replicaof", "127.0.0.1", `${master.port}`];
      const others = Array.from({ length: count }, () =>
        startRedis({ args: [...REDIS_ARGS, ...replicaOf] }),
      );
      this.groups.push([master, ...(await Promise.all(others))]);
    }
    const started = Array.from({ length: proxies }, () =>
      startWaitingProxy("demo", { workers: 1, slot_count: SLOT_COUNT }),
    );
    this.proxies.push(...(await Promise.all(started)));
    await waitFor("replicas in sync", WELL_MS, () => this.#areReplicasWell());
  }

  async #areReplicasWell(): Promise<true | undefined> {
    for (const server of this.groups.flatMap((group) => group.slice(1))) {
      const facts = replicationOf(await fetchInfo({ addr: server.addr }));
      if (facts?.isLinkUp !== true) {
        return undefined;
      }
    }
    return true;
  }

  async #register(): Promise<void> {
    const { store, fleet } = this.leader;
    for (const [index, servers] of this.groups.entries()) {
      await store.commit("group", (now) => createGroup(now, index + 1));
      for (const { addr } of servers) {
        await store.commit("server", (now) => addServer(now, index + 1, addr, ""));
      }
    }
    await store.commit("slots", (now) => {
      const ids = Array.from({ length: SLOT_COUNT }, (_, id) => id);
      // Keys of `keyOf` are told apart by the lowest bit of their slot.
      const owners = ids.map((id) => ({
        id,
        groupId: this.groups.length === 1 ? 1 : 1 + (id % 2),
      }));
      return assignSlots(now, owners, { repairsFaults: false });
    });
    for (const proxy of this.proxies) {
      const model = await fleet.fetchModel(proxy.adminAddr);
      const adminAddr = (await this.#options.adminAddr?.(proxy)) ?? model.adminAddr;
      await store.commit("proxy", (now) => addProxy(now, { ...model, adminAddr }));
    }
    await waitFor("all proxies synced and watching", WELL_MS, async () => {
      const { revision } = store.snapshot();
      const report = await fleet.whenSynced(revision, 1_000);
      if (report.failed.length > 0) {
        throw new Error(report.failed.map(({ reason }) => reason).join("; "));
      }
      const answers = await fleet.askStats(1_000);
      return [...answers.values()].every((stats) => this.#watchesAll(stats?.servers)) || undefined;
    });
  }

  #watchesAll(servers: Readonly<Record<string, unknown>> | undefined): boolean {
    return this.groups.every(([master]) => servers?.[master?.addr ?? ""] !== undefined);
  }
}
