/**
 * A whole product for system tests: a dashboard, groups of one real redis-server each with the slots spread
 * evenly over them, and proxies that serve them. Everything is real and on free ports of loopback.
 *
 * Invariant: `stop()` ends all that was started, paused processes as well; so does the end of the test.
 */
import { crc32 } from "node:zlib";
import { ProxyClient } from "../../src/api/proxy-client.ts";
import { waitFor } from "./deadline.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { RespConnection } from "./resp-connection.ts";
import {
  type RunningDashboard,
  type RunningDashboardOptions,
  startDashboard,
} from "./running-dashboard.ts";
import { startWaitingProxy, type WaitingProxy } from "./waiting-proxy.ts";

/** What to build. */
export interface RunningProductOptions extends RunningDashboardOptions {
  /** Default 1024. */
  readonly slotCount?: number;
  /** Default 2. */
  readonly groups?: number;
  /** Default 2. */
  readonly proxies?: number;
}

const WELL_MS = 40_000;
/** One worker is enough, and leaves the machine to the other processes of a test. */
const PROXY_CONFIG = { workers: 1 };

/** See the file head. */
export class RunningProduct {
  readonly name: string;
  readonly slotCount: number;
  /** Masters: group 1, group 2, … */
  readonly servers: readonly RedisServer[];
  readonly proxies: WaitingProxy[];
  /** The one that is worked with; whoever sees another one lead sets it. */
  dashboard: RunningDashboard;
  readonly #options: RunningProductOptions;
  readonly #dashboards: RunningDashboard[];

  /** Starts and builds a product; resolves when every proxy serves it. */
  static async start(options: RunningProductOptions): Promise<RunningProduct> {
    const { product = "demo", slotCount = 1024, groups = 2, proxies = 2 } = options;
    const proxyConfig = { ...PROXY_CONFIG, slot_count: slotCount };
    const [dashboard, servers, started] = await Promise.all([
      startDashboard(withSlotCount(options)),
      Promise.all(Array.from({ length: groups }, () => startRedis())),
      Promise.all(Array.from({ length: proxies }, () => startWaitingProxy(product, proxyConfig))),
    ]);
    const built = new RunningProduct(options, dashboard, servers, started);
    await built.#build();
    return built;
  }

  private constructor(
    options: RunningProductOptions,
    dashboard: RunningDashboard,
    servers: readonly RedisServer[],
    proxies: WaitingProxy[],
  ) {
    this.#options = options;
    this.name = options.product ?? "demo";
    this.slotCount = options.slotCount ?? 1024;
    this.dashboard = dashboard;
    this.#dashboards = [dashboard];
    this.servers = servers;
    this.proxies = proxies;
  }

  async #build(): Promise<void> {
    const { v1 } = this.dashboard;
    for (const [index, server] of this.servers.entries()) {
      await v1.createGroup(index + 1);
      await v1.addServer(index + 1, { addr: server.addr });
    }
    await v1.assignSlots({
      assignments: this.servers.map((_, index) => ({
        ...this.spanOf(index + 1),
        group_id: index + 1,
      })),
    });
    for (const { adminAddr } of this.proxies) {
      // One that stood still doesn't get its slots in time: then it is registered, and gets them later.
      await waitFor(`proxy ${adminAddr}`, WELL_MS, async () => {
        const known = await v1.proxies();
        if (!known.some((proxy) => proxy.admin_addr === adminAddr)) {
          await v1.addProxy({ admin_addr: adminAddr });
        }
        return true;
      });
    }
    await this.whenWell();
  }

  /**
   * Waits until the dashboard has nothing to complain of but groups without servers; a failure names what it
   * complains of.
   */
  async whenWell(): Promise<void> {
    await waitFor(`well-being of product ${this.name}`, WELL_MS, async () => {
      const health = await this.dashboard.v1.health();
      const problems = health.problems.filter(({ kind }) => kind !== "group_empty");
      const { proxies } = await this.dashboard.v1.product();
      if (problems.length > 0 || proxies.synced !== proxies.total) {
        throw new Error(
          `${proxies.synced} of ${proxies.total} proxies are synced, ${JSON.stringify(problems)}`,
        );
      }
      return true;
    });
  }

  /** First and last slot that a group was given. */
  spanOf(groupId: number): { readonly from: number; readonly to: number } {
    const bound = (index: number) => Math.floor((index * this.slotCount) / this.servers.length);
    return { from: bound(groupId - 1), to: bound(groupId) - 1 };
  }

  /** The slot of a key without a hash tag. */
  slotOf(key: string): number {
    return crc32(key) % this.slotCount;
  }

  /** The group that a key was given to at the start. */
  groupOf(key: string): number {
    const slot = this.slotOf(key);
    return this.servers.findIndex((_, index) => slot <= this.spanOf(index + 1).to) + 1;
  }

  /** One more dashboard of this product; default is that it stands by. */
  async addDashboard(until: "leader" | "standby" | "started"): Promise<RunningDashboard> {
    const added = await startDashboard({ ...withSlotCount(this.#options), until });
    this.#dashboards.push(added);
    return added;
  }

  /** SIGKILL for the dashboard, and another process in its place, at another address. */
  async restartDashboard(): Promise<void> {
    await this.dashboard.kill();
    this.dashboard = await this.addDashboard("leader");
  }

  /** SIGKILL for a proxy, and another process in its place, at the same addresses; it has no slots yet. */
  async restartProxy(index: number): Promise<void> {
    const proxy = this.proxies[index];
    if (proxy === undefined) {
      throw new Error(`there is no proxy ${index}`);
    }
    this.proxies[index] = await proxy.restart();
  }

  /** See the file head. */
  async stop(): Promise<void> {
    for (const { program } of [...this.#dashboards, ...this.proxies]) {
      program.signal("SIGCONT");
    }
    await Promise.all(this.#dashboards.map((dashboard) => dashboard.kill()));
    await Promise.all(this.proxies.map((proxy) => proxy.kill()));
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

function withSlotCount(options: RunningProductOptions): RunningDashboardOptions {
  const { slotCount = 1024, config } = options;
  // What a standby hands on isn't from the leader's own machine.
  return { ...options, config: { api_open: true, ...config, slot_count: slotCount } };
}

/** Sends commands one after another on one connection to 127.0.0.1; gives the replies as texts. */
export async function askAll(
  port: number,
  commands: readonly (readonly string[])[],
): Promise<readonly string[]> {
  const connection = await RespConnection.open(port);
  try {
    const replies: string[] = [];
    for (const command of commands) {
      replies.push((await connection.call(...command)).toString());
    }
    return replies;
  } finally {
    connection.destroy();
  }
}

/** One command, as `askAll`. */
export async function ask(port: number, ...command: readonly string[]): Promise<string> {
  const [reply = ""] = await askAll(port, [command]);
  return reply;
}

/** Server of each slot as a proxy tells it; an empty text for a slot without one. */
export async function tableOf(adminAddr: string): Promise<readonly string[]> {
  const client = new ProxyClient({ addr: adminAddr, productName: "", productAuth: "" });
  const { slots } = await client.overview();
  return slots.map((slot) => slot.backend_addr ?? "");
}

/** All keys of a server. */
export async function keysOf(server: RedisServer): Promise<readonly string[]> {
  const reply = await ask(server.port, "KEYS", "*");
  return reply.split("\r\n").filter((_, index) => index > 0 && index % 2 === 0);
}

/** A value as Redis replies it. */
export function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
