/**
 * A product for tests of promotions: groups of real servers, real proxies with one worker each, and a desk that leads
 * it. Made once for a file; each test takes the servers as the last one left them (`whenWell`).
 *
 * Invariant: `stop` ends everything, what was frozen as well.
 */
import { isCodisError } from "../../src/base/error.ts";
import type { Failover } from "../../src/model/availability/failover.ts";
import { RedisClient } from "../../src/redis/client.ts";
import { type ReplicationFacts, replicationOf } from "../../src/redis/replication.ts";
import { textOf } from "../../src/redis/reply.ts";
import { fetchInfo } from "../../src/redis/server-command.ts";
import { replyTextOf } from "../../src/redis/server-error.ts";
import { waitFor } from "./deadline.ts";
import { PATIENT } from "./patience.ts";
import { type DeskOptions, PRODUCT, PromotionDesk } from "./promotion-desk.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { memoryFolder, type TemporaryFolder } from "./temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "./waiting-proxy.ts";
import { WriteLoad } from "./write-load.ts";

const WAIT_MS = 30_000;
/** See `promote`. */
const TRIES_MAX = 4;

/** See the file head. */
export class PromotionProduct {
  readonly folder: TemporaryFolder;
  readonly servers: readonly RedisServer[];
  readonly proxies: readonly WaitingProxy[];
  /** Undefined while nobody leads. */
  #desk: PromotionDesk | undefined;

  /** Groups with so many servers each. */
  static async start(
    sizes: readonly number[],
    options: DeskOptions & { readonly proxies?: number } = {},
  ): Promise<PromotionProduct> {
    const count = sizes.reduce((sum, size) => sum + size, 0);
    // Copies begin at once.
    const args = ["--repl-diskless-sync-delay", "0"];
    const [servers, proxies] = await Promise.all([
      Promise.all(Array.from({ length: count }, () => startRedis({ args }))),
      Promise.all(
        Array.from({ length: options.proxies ?? 2 }, () =>
          startWaitingProxy(PRODUCT, { workers: 1 }),
        ),
      ),
    ]);
    const product = new PromotionProduct(servers, proxies);
    const desk = await product.lead(options);
    const addrs = servers.map(({ addr }) => addr);
    const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, n) => sum + n, 0));
    await desk.led.build(sizes.map((size, i) => addrs.slice(starts[i], (starts[i] ?? 0) + size)));
    await desk.led.addProxies(proxies.map(({ adminAddr }) => adminAddr));
    await product.whenWell();
    return product;
  }

  private constructor(servers: readonly RedisServer[], proxies: readonly WaitingProxy[]) {
    this.folder = memoryFolder();
    this.servers = servers;
    this.proxies = proxies;
  }

  get desk(): PromotionDesk {
    if (this.#desk === undefined) {
      throw new Error("nobody leads the product");
    }
    return this.#desk;
  }

  /** Leads; the last desk has ended. */
  async lead(options: DeskOptions = {}): Promise<PromotionDesk> {
    this.#desk = await PromotionDesk.open(this.folder.path, options);
    return this.#desk;
  }

  /** Ends the desk. */
  async resign(): Promise<void> {
    const desk = this.#desk;
    this.#desk = undefined;
    await desk?.close();
  }

  async stop(): Promise<void> {
    for (const server of this.servers) {
      server.resume();
    }
    for (const { program } of this.proxies) {
      program.signal("SIGCONT");
    }
    await this.resign();
    await Promise.all([
      ...this.servers.map((server) => server.kill()),
      ...this.proxies.map((proxy) => proxy.kill()),
    ]);
    this.folder.remove();
  }

  /** Stored servers of a group, the master first. */
  members(groupId = 1): readonly string[] {
    return this.desk.led.serversOf(groupId);
  }

  /** State of the group's promotion as it is stored. */
  state(groupId = 1): string {
    return this.desk.store.snapshot().groups.get(groupId)?.promoting.state ?? "no group";
  }

  serverAt(addr: string): RedisServer {
    const server = this.servers.find((each) => each.addr === addr);
    if (server === undefined) {
      throw new Error(`no server at ${addr}`);
    }
    return server;
  }

  /** Every stored master is one, takes writes, and all others of its group follow it. */
  async whenWell(): Promise<void> {
    for (const groupId of this.desk.store.snapshot().groups.keys()) {
      await this.whenGroupWell(groupId);
    }
  }

  /** Nothing is promoting, roles are as stored, and each proxy writes to the master. */
  async whenGroupWell(groupId = 1): Promise<void> {
    await waitFor(`group ${groupId} without a promotion`, WAIT_MS, () =>
      this.state(groupId) === "" ? true : undefined,
    );
    const [master = "", ...others] = this.members(groupId);
    await Promise.all(others.map((addr) => this.whenFollowing(addr, master)));
    await waitFor(`${master} as a master`, WAIT_MS, async () =>
      (await this.facts(master)).role === "master" ? true : undefined,
    );
  }

  async facts(addr: string): Promise<ReplicationFacts> {
    const facts = replicationOf(await fetchInfo({ ...PATIENT, addr }));
    if (facts === undefined) {
      throw new Error(`${addr} says nothing of its replication`);
    }
    return facts;
  }

  whenFollowing(addr: string, masterAddr: string): Promise<true> {
    return waitFor(`${addr} following ${masterAddr}`, WAIT_MS, async () => {
      const { masterAddr: followed, isLinkUp } = await this.facts(addr);
      return followed === masterAddr && isLinkUp ? true : undefined;
    });
  }

  /**
   * Promotes until it is done: on a machine that stands still a promotion rightly fails, and then nothing has changed.
   * `heal` makes up for what the test does in its course.
   */
  async promote(groupId: number, to: string, heal = (): unknown => undefined): Promise<Failover> {
    const before = this.members(groupId);
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.desk.promotion.promote(groupId, to);
      } catch (thrown) {
        const isUndone = isCodisError(thrown, "PROMOTION_FAILED", "STATE_CONFLICT");
        if (!isUndone || tries === TRIES_MAX || this.members(groupId).join() !== before.join()) {
          throw thrown;
        }
        await heal();
        await this.whenGroupWell(groupId);
      }
    }
  }

  /** Each proxy takes a write of a key of some slot, and it arrives at this server. */
  async whenServedBy(addr: string, key = "served"): Promise<void> {
    for (const { port } of this.proxies) {
      await waitFor(`a write through the proxy at ${port}`, WAIT_MS, async () => {
        if ((await ask(`127.0.0.1:${port}`, "SET", key, `by ${port}`)) !== "OK") {
          return undefined;
        }
        const value = await ask(addr, "GET", key);
        if (value !== `by ${port}`) {
          throw new Error(`${addr} has "${value}"`);
        }
        return true;
      });
    }
  }

  startLoad(prefix: string, proxy = 0, perSecond = 2_000): Promise<WriteLoad> {
    const port = this.proxies[proxy]?.port ?? 0;
    return WriteLoad.start({ port, perSecond, connections: 2, prefix });
  }
}

/** What a server or proxy answers to one command; an error as its text. */
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
