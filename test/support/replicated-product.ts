/**
 * A product with replicas: a dashboard, groups of a master and its replicas that can be killed, frozen and started
 * again at their address, and proxies. Real processes on free ports of loopback; `stop()` ends all of them.
 */
import { join } from "node:path";
import type { V1Client } from "../../src/api/v1-client.ts";
import { fetchInfo } from "../../src/redis/server-command.ts";
import { startBuilt } from "./built-product.ts";
import { waitFor } from "./deadline.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import {
  type RunningDashboard,
  type RunningDashboardOptions,
  startDashboard,
} from "./running-dashboard.ts";
import { memoryFolder, type TemporaryFolder } from "./temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "./waiting-proxy.ts";

/** What to build. */
export interface ReplicatedProductOptions extends RunningDashboardOptions {
  /** Default 2. */
  readonly groups?: number;
  /** Of each group; default 1. */
  readonly replicas?: number;
  /** Default 1. */
  readonly proxies?: number;
  /** Those that stand by come on top; default 0. */
  readonly standbys?: number;
  readonly proxyConfig?: Readonly<Record<string, string | number | boolean>>;
  /** Arguments of all redis-servers; default keeps no data on disk. */
  readonly serverArgs?: readonly string[];
}

const WELL_MS = 30_000;
const SLOT_COUNT = 1024;
const CALL_MS = 5_000;

/** One redis-server, over all its lives. */
export class Member {
  readonly groupId: number;
  readonly #folder: TemporaryFolder;
  readonly #args: readonly string[];
  #server: RedisServer;

  static async start(groupId: number, args: readonly string[]): Promise<Member> {
    const folder = memoryFolder();
    return new Member(groupId, args, folder, await startRedis({ args, dir: folder.path }));
  }

  private constructor(
    groupId: number,
    args: readonly string[],
    folder: TemporaryFolder,
    server: RedisServer,
  ) {
    this.groupId = groupId;
    this.#args = args;
    this.#folder = folder;
    this.#server = server;
  }

  get addr(): string {
    return this.#server.addr;
  }

  get port(): number {
    return this.#server.port;
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  pause(): void {
    this.#server.pause();
  }

  resume(): void {
    this.#server.resume();
  }

  /** The same address and folder, a new process. */
  async restart(): Promise<void> {
    const { port } = this.#server;
    this.#server = await startRedis({ args: this.#args, dir: this.#folder.path, port });
  }

  /** INFO, empty when it doesn't answer. */
  async info(): Promise<Readonly<Record<string, string>>> {
    const bounds = { connectTimeoutMs: CALL_MS, callTimeoutMs: CALL_MS };
    return await fetchInfo({ addr: this.addr, password: "", ...bounds }).catch(() => ({}));
  }

  async stop(): Promise<void> {
    this.#server.resume();
    await this.#server.kill();
    this.#folder.remove();
  }
}

/** See the file head. */
export class ReplicatedProduct {
  readonly members: readonly Member[];
  readonly proxies: WaitingProxy[];
  /** Any that lives: one that stands by passes on what it is asked. */
  dashboard: RunningDashboard;
  readonly #options: ReplicatedProductOptions;
  readonly #dashboards: RunningDashboard[];

  /** Resolves when every replica has its copy and every proxy serves. */
  static start(options: ReplicatedProductOptions): Promise<ReplicatedProduct> {
    return startBuilt(
      (attempt) => ReplicatedProduct.#launch(optionsOf(options, attempt)),
      (launched) => launched.#build(),
    );
  }

  static async #launch(options: ReplicatedProductOptions): Promise<ReplicatedProduct> {
    const { product = "demo", groups = 2, replicas = 1, proxies = 1, serverArgs = [] } = options;
    const ids = Array.from({ length: groups * (replicas + 1) }, (_, at) => (at % groups) + 1);
    const [dashboard, members, started] = await Promise.all([
      // What a standby hands on isn't from the leader's own machine.
      startDashboard({ ...options, config: { api_open: true, ...options.config } }),
      Promise.all(
        ids.map((id) => Member.start(id, ["--repl-diskless-sync-delay", "0", ...serverArgs])),
      ),
      Promise.all(
        Array.from({ length: proxies }, () =>
          startWaitingProxy(product, { workers: 1, ...options.proxyConfig }),
        ),
      ),
    ]);
    return new ReplicatedProduct(options, dashboard, members, started);
  }

  private constructor(
    options: ReplicatedProductOptions,
    dashboard: RunningDashboard,
    members: readonly Member[],
    proxies: readonly WaitingProxy[],
  ) {
    this.#options = options;
    this.dashboard = dashboard;
    this.#dashboards = [dashboard];
    this.members = members;
    this.proxies = [...proxies];
  }

  async #build(): Promise<void> {
    const { groups } = this;
    const { v1 } = this.dashboard;
    for (let id = 1; id <= groups; id += 1) {
      await v1.createGroup(id);
      for (const [at, { addr }] of this.membersOf(id).entries()) {
        await v1.addServer(id, { addr, as_replica: at > 0 });
      }
    }
    const bound = (index: number): number => Math.floor((index * SLOT_COUNT) / groups);
    await v1.assignSlots({
      assignments: Array.from({ length: groups }, (_, index) => ({
        from: bound(index),
        to: bound(index + 1) - 1,
        group_id: index + 1,
      })),
    });
    for (const { adminAddr } of this.proxies) {
      await v1.addProxy({ admin_addr: adminAddr });
    }
    await this.whenWell();
    for (let standby = 0; standby < (this.#options.standbys ?? 0); standby += 1) {
      await this.addDashboard("standby");
    }
  }

  membersOf(groupId: number): readonly Member[] {
    return this.members.filter((member) => member.groupId === groupId);
  }

  memberAt(addr: string): Member {
    const member = this.members.find((one) => one.addr === addr);
    if (member === undefined) {
      throw new Error(`there is no server ${addr}`);
    }
    return member;
  }

  /** The group's master as the dashboard has it stored. */
  async masterOf(groupId: number): Promise<Member> {
    return this.memberAt((await this.#serversOf(groupId))[0] ?? "");
  }

  /** Its other servers. */
  async replicasOf(groupId: number): Promise<readonly Member[]> {
    return (await this.#serversOf(groupId)).slice(1).map((addr) => this.memberAt(addr));
  }

  /** Number of groups that slots were given to. */
  get groups(): number {
    return this.#options.groups ?? 2;
  }

  /** Waits until all replicas follow their stored master with their link up, and all proxies are synced. */
  async whenWell(withinMs = WELL_MS): Promise<void> {
    await waitFor("well-being of the product", withinMs, async () => {
      for (let id = 1; id <= this.groups; id += 1) {
        const master = await this.masterOf(id);
        for (const replica of await this.replicasOf(id)) {
          const info = await replica.info();
          const follows = `${info["master_host"]}:${info["master_port"]} ${info["master_link_status"]}`;
          if (follows !== `${master.addr} up`) {
            throw new Error(
              `${replica.addr} of group ${id} follows ${follows}, not ${master.addr}`,
            );
          }
        }
      }
      const { problems } = await this.dashboard.v1.health();
      const { proxies } = await this.dashboard.v1.product();
      if (problems.length > 0 || proxies.synced !== proxies.total) {
        throw new Error(`${proxies.synced} of ${proxies.total}: ${JSON.stringify(problems)}`);
      }
      return true;
    });
  }

  /** One more dashboard of this product. */
  async addDashboard(until: "leader" | "standby" | "started"): Promise<RunningDashboard> {
    const added = await startDashboard({
      ...this.#options,
      config: { api_open: true, ...this.#options.config },
      until,
    });
    this.#dashboards.push(added);
    return added;
  }

  /** All that were started and not killed. */
  get dashboards(): readonly RunningDashboard[] {
    return this.#dashboards;
  }

  /** SIGKILL. */
  async killDashboard(dashboard: RunningDashboard): Promise<void> {
    this.#dashboards.splice(this.#dashboards.indexOf(dashboard), 1);
    if (this.dashboard === dashboard) {
      this.dashboard = this.#dashboards[0] ?? dashboard;
    }
    await dashboard.kill();
  }

  /** See the file head. */
  async stop(): Promise<void> {
    for (const { program } of [...this.#dashboards, ...this.proxies]) {
      program.signal("SIGCONT");
    }
    await Promise.all(this.#dashboards.map((dashboard) => dashboard.kill()));
    await Promise.all(this.proxies.map((proxy) => proxy.kill()));
    await Promise.all(this.members.map((member) => member.stop()));
  }

  async #serversOf(groupId: number): Promise<readonly string[]> {
    // There may be no leader just now.
    const groups = await waitFor("the groups", WELL_MS, () => serversByGroup(this.dashboard.v1));
    return groups.get(groupId) ?? [];
  }
}

/** A folder has room for a store of each try; etcd and ZooKeeper have one for the first. */
function optionsOf(options: ReplicatedProductOptions, attempt: number): ReplicatedProductOptions {
  const { coordinator } = options;
  if (attempt === 1 || coordinator.name !== "filesystem") {
    return options;
  }
  const addr = join(coordinator.addr, `try-${attempt}`);
  return { ...options, coordinator: { ...coordinator, addr } };
}

/** Addresses of each group's servers as stored, the master first. */
async function serversByGroup(v1: V1Client): Promise<ReadonlyMap<number, readonly string[]>> {
  const groups = await v1.groups();
  return new Map(groups.map(({ id, servers }) => [id, servers.map(({ addr }) => addr)]));
}
