/**
 * A whole product for chaos runs: two dashboards, two proxies with two workers each, and groups of one durable
 * redis-server each, behind relays. Everything is a real process that faults are done to, and can be brought
 * back.
 */
import { readdirSync, readFileSync } from "node:fs";
import { isCodisError } from "../../../src/base/error.ts";
import { startBuilt } from "../../support/built-product.ts";
import { waitFor } from "../../support/deadline.ts";
import { type EtcdServer, startEtcd } from "../../support/etcd-server.ts";
import { type RunningDashboard, startDashboard } from "../../support/running-dashboard.ts";
import { memoryFolder, type TemporaryFolder } from "../../support/temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "../../support/waiting-proxy.ts";
import { DurableRedis } from "./durable-redis.ts";
import type { KillTraps } from "./kill-trap.ts";

/** What to build. */
export interface ChaosProductOptions {
  readonly groups: number;
  readonly coordinator: "filesystem" | "etcd";
  /** Of the leader, milliseconds: shorter than freezes are. Default is `LEASE_MS`. */
  readonly leaseMs?: number;
  /** Groups that have a replica besides their master. */
  readonly replicatedGroups?: readonly number[];
  /** What dashboards call goes through these. */
  readonly traps?: KillTraps;
}

/** Bounds for what is stuck, not for what is slow: others may use the machine as well. */
const WELL_MS = 120_000;
const START_MS = 120_000;
/** Short, because each death of a leader takes as long. */
const LEASE_MS = 2_500;
const PRODUCT = "chaos";
/** Number of slots. */
export const SLOT_COUNT = 1024;
const PROXIES = 2;
const DASHBOARDS = 2;
/** Shorter than the defaults, so that a freeze can outlast all of them. */
const DASHBOARD_CONFIG = {
  // What a standby hands on isn't from the leader's own machine.
  api_open: true,
  slot_count: SLOT_COUNT,
  proxy_push_timeout: "1s",
};
const PROXY_CONFIG = { slot_count: SLOT_COUNT, workers: 2, slot_hold_timeout: "2s" };

/** What dashboards lead by. */
interface Leading {
  readonly coordinatorAddr: string;
  readonly leaseMs: number;
}

/** See the file head. */
export class ChaosProduct {
  /** Masters. */
  readonly servers: readonly DurableRedis[];
  readonly replicas: readonly DurableRedis[];
  readonly etcd: EtcdServer | undefined;
  /** The living ones. */
  readonly dashboards: RunningDashboard[] = [];
  readonly proxies: WaitingProxy[];
  readonly #folder: TemporaryFolder;
  readonly #leading: Leading;

  static start(options: ChaosProductOptions): Promise<ChaosProduct> {
    return startBuilt(
      () => ChaosProduct.#launch(options),
      (launched) => launched.#build(),
    );
  }

  static async #launch(options: ChaosProductOptions): Promise<ChaosProduct> {
    const etcd = options.coordinator === "etcd" ? await startEtcd() : undefined;
    const ids = Array.from({ length: options.groups }, (_, index) => index + 1);
    const servers = await Promise.all(ids.map((id) => DurableRedis.start(id)));
    const replicas = await Promise.all(
      (options.replicatedGroups ?? []).map((id) => DurableRedis.start(id)),
    );
    const proxies = await Promise.all(
      Array.from({ length: PROXIES }, () => startWaitingProxy(PRODUCT, PROXY_CONFIG)),
    );
    const folder = memoryFolder();
    const { traps, leaseMs = LEASE_MS } = options;
    const coordinatorAddr = etcd?.addr ?? folder.join("data");
    if (traps === undefined) {
      const leading = { coordinatorAddr, leaseMs };
      return new ChaosProduct(folder, etcd, leading, { servers, replicas }, proxies);
    }
    const relayed = etcd === undefined ? coordinatorAddr : await traps.relayTo(etcd.port);
    const told = await Promise.all(proxies.map((proxy) => tellOtherAddr(proxy, traps)));
    const leading = { coordinatorAddr: relayed, leaseMs };
    return new ChaosProduct(folder, etcd, leading, { servers, replicas }, told);
  }

  private constructor(
    folder: TemporaryFolder,
    etcd: EtcdServer | undefined,
    leading: Leading,
    redis: {
      readonly servers: readonly DurableRedis[];
      readonly replicas: readonly DurableRedis[];
    },
    proxies: readonly WaitingProxy[],
  ) {
    this.#folder = folder;
    this.etcd = etcd;
    this.#leading = leading;
    this.servers = redis.servers;
    this.replicas = redis.replicas;
    this.proxies = [...proxies];
  }

  async #build(): Promise<void> {
    const first = await this.addDashboard("leader");
    for (let count = 1; count < DASHBOARDS; count += 1) {
      await this.addDashboard("standby");
    }
    for (const { groupId, addr } of this.servers) {
      await first.v1.createGroup(groupId);
      await first.v1.addServer(groupId, { addr });
    }
    for (const { groupId, addr } of this.replicas) {
      await first.v1.addServer(groupId, { addr, as_replica: true });
    }
    const bound = (index: number) => Math.floor((index * SLOT_COUNT) / this.servers.length);
    await first.v1.assignSlots({
      assignments: this.servers.map(({ groupId }, index) => ({
        from: bound(index),
        to: bound(index + 1) - 1,
        group_id: groupId,
      })),
    });
    for (const { adminAddr } of this.proxies) {
      await addProxy(first, adminAddr);
    }
    await this.whenWell();
  }

  /** Ports for clients. They stay the same over restarts. */
  get ports(): readonly number[] {
    return this.proxies.map(({ port }) => port);
  }

  serverOf(groupId: number): DurableRedis {
    const server = this.servers.find((one) => one.groupId === groupId);
    if (server === undefined) {
      throw new Error(`there is no group ${groupId}`);
    }
    return server;
  }

  /** One more dashboard. */
  async addDashboard(until: "leader" | "standby" | "started"): Promise<RunningDashboard> {
    const added = await startDashboard({
      product: PRODUCT,
      coordinator: {
        name: this.etcd === undefined ? "filesystem" : "etcd",
        addr: this.#leading.coordinatorAddr,
      },
      config: { ...DASHBOARD_CONFIG, leader_lease: `${this.#leading.leaseMs}ms` },
      startMs: START_MS,
      until,
    });
    this.dashboards.push(added);
    return added;
  }

  /** SIGKILL. */
  async killDashboard(dashboard: RunningDashboard): Promise<void> {
    this.dashboards.splice(this.dashboards.indexOf(dashboard), 1);
    await dashboard.kill();
  }

  /** The dashboard that says that it leads; resolves when there is one. */
  leader(): Promise<RunningDashboard> {
    return waitFor("a dashboard that leads", WELL_MS, () =>
      this.dashboards.find((dashboard) => isLeading(dashboard)),
    );
  }

  /** Kills a proxy and starts it again after so long. */
  async restartProxy(index: number): Promise<void> {
    const proxy = this.proxies[index];
    if (proxy !== undefined) {
      this.proxies[index] = await proxy.restart();
    }
  }

  /** Process ids of the workers of a proxy. */
  workersOf(index: number): readonly number[] {
    const pid = this.proxies[index]?.program.pid ?? 0;
    return childrenOf(pid);
  }

  /** Waits until all proxies are synced and no problem is told. */
  async whenWell(): Promise<void> {
    await waitFor("well-being of the product", WELL_MS, async () => {
      const { v1 } = await this.leader();
      const { problems } = await v1.health();
      const { proxies } = await v1.product();
      if (problems.length > 0 || proxies.synced !== proxies.total) {
        throw new Error(`${proxies.synced} of ${proxies.total}: ${JSON.stringify(problems)}`);
      }
      return true;
    });
  }

  /** The group of each slot, from the dashboard; a slot with an action is told as well. */
  async owners(): Promise<{
    readonly groupIds: readonly number[];
    readonly moving: readonly number[];
  }> {
    const { topom } = await this.leader();
    const groupIds = new Array<number>(SLOT_COUNT).fill(0);
    const moving: number[] = [];
    for (const slot of await topom.slots()) {
      groupIds[slot.id] = slot.backend_addr_group_id ?? 0;
      if (slot.migrate_from !== undefined && slot.migrate_from !== "") {
        moving.push(slot.id);
      }
    }
    return { groupIds, moving };
  }

  /** The last lines of every program's log, for a failure. */
  logs(lines: number): string {
    const programs = [
      ...this.dashboards.map(({ addr, program }) => ({ name: `dashboard ${addr}`, program })),
      ...this.proxies.map(({ adminAddr, program }) => ({ name: `proxy ${adminAddr}`, program })),
    ];
    return programs
      .map(({ name, program }) => {
        const text = `${program.stdout()}${program.stderr()}`.trimEnd().split("\n").slice(-lines);
        return `--- ${name}\n${text.join("\n")}`;
      })
      .join("\n");
  }

  /** Everything ends, paused processes as well. */
  async stop(): Promise<void> {
    for (const { program } of [...this.dashboards, ...this.proxies]) {
      program.signal("SIGCONT");
    }
    await Promise.all(this.dashboards.map((dashboard) => dashboard.kill()));
    await Promise.all(this.proxies.map((proxy) => proxy.kill()));
    await Promise.all([...this.servers, ...this.replicas].map((server) => server.stop()));
    await this.etcd?.stop();
    this.#folder.remove();
  }
}

/** One that doesn't take its slots in time is registered all the same. */
async function addProxy({ v1 }: RunningDashboard, adminAddr: string): Promise<void> {
  try {
    await v1.addProxy({ admin_addr: adminAddr });
  } catch (thrown) {
    if (!isCodisError(thrown, "PROXY_CALL_FAILED")) {
      throw thrown;
    }
  }
}

/** The same proxy, which tells others that its admin port is that of a relay. */
async function tellOtherAddr(proxy: WaitingProxy, traps: KillTraps): Promise<WaitingProxy> {
  const port = Number(proxy.adminAddr.slice(proxy.adminAddr.lastIndexOf(":") + 1));
  const addr = await traps.relayTo(port);
  const restarted = await proxy.restart({}, ["--host-admin", addr]);
  return { ...restarted, adminAddr: addr };
}

/** Of the events of its leadership the last one is that it was elected. */
function isLeading({ program }: RunningDashboard): boolean {
  const events = program.stdout().match(/"event":"leader\.\w+"/g) ?? [];
  return (
    events.findLast((event) => /elected|lost|standby/.test(event))?.includes("elected") ?? false
  );
}

function childrenOf(pid: number): readonly number[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")
      .split(" ")
      .filter(Boolean)
      .map(Number),
  );
}
