/**
 * A whole product with real sentinels: three of them, two groups of a master and a replica, two proxies with one worker
 * each, and a leader in this process (`SentinelDesk`) that may be closed and opened again.
 *
 * Invariant: `stop()` ends all that was started, paused processes as well; so does the end of the test process.
 */
import { expect } from "bun:test";
import type { ProxyStatsJson } from "../../src/api/proxy-stats.ts";
import { RedisClient } from "../../src/redis/client.ts";
import { textOf } from "../../src/redis/reply.ts";
import { replyTextOf } from "../../src/redis/server-error.ts";
import { masterName } from "../../src/sentinel/master-name.ts";
import { callAddr } from "./admin-port.ts";
import { waitFor } from "./deadline.ts";
import { isHeld } from "./held-proxy.ts";
import { PATIENT } from "./patience.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { keyOfGroup } from "./running-proxy.ts";
import { PRODUCT, SentinelDesk } from "./sentinel-desk.ts";
import { type SentinelServer, startSentinel } from "./sentinel-server.ts";
import { memoryFolder, type TemporaryFolder } from "./temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "./waiting-proxy.ts";

/** Longest wait for anything, on a busy machine. */
export const WAIT_MS = 45_000;
/** Of starting and ending all the processes. */
export const SETUP_MS = 100_000;

const FAST = ["--repl-diskless-sync-delay", "0"];

/** So often sentinels ask servers and greet each other: several times faster than is usual, for as long as they run. */
const QUICK = ["info-period", "1000", "publish-period", "500"];

/** See the file head. */
export class SentinelProduct {
  readonly #folder: TemporaryFolder;
  /** Group 1: 0 and 1, group 2: 2 and 3. */
  readonly servers: RedisServer[];
  readonly sentinels: readonly SentinelServer[];
  readonly proxies: readonly WaitingProxy[];
  #desk: SentinelDesk | undefined;

  /** Starts everything; resolves when sentinels are in step. */
  static async start(): Promise<SentinelProduct> {
    const [servers, sentinels, proxies] = await Promise.all([
      Promise.all([0, 1, 2, 3].map(() => startRedis({ args: FAST }))),
      Promise.all([0, 1, 2].map(() => startSentinel())),
      Promise.all([0, 1].map(() => startWaitingProxy(PRODUCT, { workers: 1 }))),
    ]);
    const answers = sentinels.map(({ addr }) => ask(addr, "SENTINEL", "DEBUG", ...QUICK));
    expect(await Promise.all(answers)).toEqual(sentinels.map(() => "OK"));
    const product = new SentinelProduct(servers, sentinels, proxies);
    const desk = await product.openDesk();
    await desk.led.build([
      [product.addrOf(0), product.addrOf(1)],
      [product.addrOf(2), product.addrOf(3)],
    ]);
    await desk.led.addProxies(proxies.map(({ adminAddr }) => adminAddr));
    for (const { addr } of sentinels) {
      await desk.sentinels.add(addr);
    }
    await product.whenInStep();
    return product;
  }

  private constructor(
    servers: RedisServer[],
    sentinels: readonly SentinelServer[],
    proxies: readonly WaitingProxy[],
  ) {
    this.#folder = memoryFolder();
    this.servers = servers;
    this.sentinels = sentinels;
    this.proxies = proxies;
  }

  /** A dashboard begins to lead. */
  async openDesk(): Promise<SentinelDesk> {
    this.#desk = await SentinelDesk.open(this.#folder.path);
    return this.#desk;
  }

  /** No dashboard leads any more. */
  async closeDesk(): Promise<void> {
    await this.#desk?.close();
    this.#desk = undefined;
  }

  get desk(): SentinelDesk {
    return given(this.#desk, "dashboard");
  }

  server(index: number): RedisServer {
    return given(this.servers[index], `server ${index}`);
  }

  addrOf(index: number): string {
    return this.server(index).addr;
  }

  sentinel(index: number): SentinelServer {
    return given(this.sentinels[index], `sentinel ${index}`);
  }

  /** A server that was killed, empty and as a master, at its old address. */
  async restart(index: number): Promise<void> {
    this.servers.push(await startRedis({ port: this.server(index).port, args: FAST }));
  }

  /** Not marked out of sync, and ready for a failover: each sentinel knows replicas and others. */
  async whenInStep(): Promise<void> {
    await waitFor("sentinels in step", WAIT_MS, async () => {
      const { sentinel: record } = this.desk.store.snapshot();
      expect(this.desk.sentinels.problems()).toEqual([]);
      expect(record.outOfSync).toBe(false);
      for (const one of this.sentinels.filter(({ addr }) => record.servers.includes(addr))) {
        for (const groupId of [1, 2]) {
          const [master, ...replicas] = this.desk.serversOf(groupId);
          const watched = await one.ask((client) => client.master(masterName(PRODUCT, groupId)));
          expect(watched?.addr).toBe(master ?? "");
          expect(watched?.fields["num-slaves"]).toBe(`${replicas.length}`);
          expect(watched?.otherSentinels).toBe(record.servers.length - 1);
        }
      }
      return true;
    });
  }

  async statsOf(proxy: WaitingProxy): Promise<ProxyStatsJson> {
    return (await callAddr(proxy.adminAddr, "GET", "/proxy/stats")).json() as ProxyStatsJson;
  }

  /**
   * Every proxy writes to the group, and the writes are at this server; those that can't because they stood still
   * and no dashboard leads are left out.
   */
  async whenServed(groupId: number, master: string): Promise<void> {
    await waitFor(`group ${groupId} served by ${master}`, WAIT_MS, async () => {
      for (const proxy of this.proxies) {
        if (this.#desk === undefined && isHeld(proxy)) {
          continue;
        }
        const { port } = proxy;
        const key = keyOfGroup(groupId, 2, 0, `served-${port}`);
        expect(await ask(`127.0.0.1:${port}`, "SET", key, "yes")).toBe("OK");
        expect(await ask(master, "GET", key)).toBe("yes");
      }
      return true;
    });
  }

  whenStored(groupId: number, master: string): Promise<true> {
    return waitFor(`${master} stored as master of group ${groupId}`, WAIT_MS, () =>
      this.desk.serversOf(groupId)[0] === master ? true : undefined,
    );
  }

  async whenSwitched(isSwitched: boolean): Promise<void> {
    await waitFor(`proxies with switched = ${isSwitched}`, WAIT_MS, async () => {
      for (const proxy of this.proxies) {
        expect((await this.statsOf(proxy)).sentinels.switched ?? false).toBe(isSwitched);
      }
      return true;
    });
  }

  /** Each sentinel that is of the product names this master. */
  async whenAgreed(groupId: number, master: string): Promise<void> {
    await waitFor(`sentinels that name ${master}`, 2 * WAIT_MS, async () => {
      for (const one of this.sentinels) {
        const watched = await one.ask((client) => client.master(masterName(PRODUCT, groupId)));
        expect(watched?.addr).toBe(master);
      }
      return true;
    });
  }

  /** See the file head. */
  async stop(): Promise<void> {
    for (const one of [...this.servers, ...this.sentinels]) {
      one.resume();
    }
    await this.closeDesk();
    const all = [...this.servers, ...this.sentinels, ...this.proxies];
    await Promise.all(all.map((one) => one.kill()));
    this.#folder.remove();
  }
}

/** What a server or proxy answers; the error text if it is one. */
export async function ask(addr: string, ...args: readonly string[]): Promise<string> {
  const client = await RedisClient.connect({ ...PATIENT, addr });
  try {
    return textOf(await client.call(args)) ?? "";
  } catch (thrown) {
    return replyTextOf(thrown) ?? String(thrown);
  } finally {
    client.close();
  }
}

/** `master` or `slave`. */
export async function roleOf(addr: string): Promise<string> {
  const info = await ask(addr, "INFO", "replication");
  return /role:(\w+)/.exec(info)?.[1] ?? info;
}

function given<T>(value: T | undefined, what: string): T {
  if (value === undefined) {
    throw new Error(`there is no ${what}`);
  }
  return value;
}
