/**
 * A product with real redis-servers and real proxies, led by the test's own process: the store, the fleet, the fences
 * and what moves slots, put together as a leader does it. `lead` may be called again: then another leader takes over
 * from what is stored.
 *
 * Invariant: `stop()` ends all that was started here, paused processes as well.
 */
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { createMemoryStore } from "../../src/coordinator/memory/memory-store.ts";
import {
  type FenceParts,
  ProxyFences,
} from "../../src/dashboard/availability/fence/proxy-fences.ts";
import type { DashboardConfig } from "../../src/dashboard/config/key.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import type { ProductStorage } from "../../src/dashboard/control.ts";
import { slotViewsOf } from "../../src/dashboard/fleet/desired-tables.ts";
import { Fleet } from "../../src/dashboard/fleet/fleet.ts";
import type { LoginOrder } from "../../src/dashboard/fleet/let-in.ts";
import { Moving } from "../../src/dashboard/moving.ts";
import { ServerPoller } from "../../src/dashboard/stats/server-poller.ts";
import { TopologyStore } from "../../src/dashboard/topology/store.ts";
import type { FenceState } from "../../src/model/availability/fence.ts";
import { addServer, createGroup } from "../../src/model/change/group.ts";
import { addProxy, updateProxy } from "../../src/model/change/proxy.ts";
import { assignSlots } from "../../src/model/change/slot.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import type { ProxyModel } from "../../src/model/proxy-model.ts";
import { FORWARD_METHOD } from "../../src/model/slot.ts";
import { waitFor } from "./deadline.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { type ProxyKeys, startWaitingProxy, type WaitingProxy } from "./waiting-proxy.ts";

const PRODUCT = "demo";
const WAIT_MS = 20_000;

/** What a leader of a test is made of. */
export class FenceLeader {
  readonly store: TopologyStore;
  readonly fleet: Fleet;
  readonly fences: ProxyFences;
  readonly moving: Moving;
  readonly #release: () => Promise<void>;

  constructor(
    store: TopologyStore,
    fleet: Fleet,
    fences: ProxyFences,
    moving: Moving,
    release: () => Promise<void>,
  ) {
    this.store = store;
    this.fleet = fleet;
    this.fences = fences;
    this.moving = moving;
    this.#release = release;
  }

  /** As a leader does it: lets go of everything in good order. */
  async close(): Promise<void> {
    await this.moving.close();
    await this.fences.close();
    await this.fleet.close();
    await this.#release();
  }

  stateOf(token: string): FenceState | undefined {
    return this.fences.fences().get(token)?.state;
  }

  /** Waits until the proxy is in this state. */
  async whenFence(token: string, state: FenceState, ms = WAIT_MS): Promise<void> {
    await waitFor(`fence ${state} of ${token}`, ms, () => {
      const fence = this.fences.fences().get(token);
      if (fence?.state !== state) {
        throw new Error(JSON.stringify(fence));
      }
      return true;
    });
  }

  /** Waits until the proxy has the newest slots. */
  async whenSynced(token: string): Promise<void> {
    await waitFor(`slots of ${token}`, WAIT_MS, () => {
      const figures = this.fleet.figures().get(token);
      if (figures?.table !== "synced" || figures.isFenced === true) {
        throw new Error(JSON.stringify(figures));
      }
      return true;
    });
  }
}

/** See the file head. */
export class FenceProduct {
  readonly servers: readonly RedisServer[];
  readonly config: DashboardConfig;
  readonly #nodes = createMemoryStore();
  readonly #proxies: WaitingProxy[] = [];
  readonly #pids = new Set<number>();
  #leader: FenceLeader | undefined;

  /** Group 1 has all slots; there are as many groups as servers. */
  static async start(
    changes: Partial<DashboardConfig> = {},
    servers: readonly RedisServer[] | undefined = undefined,
  ): Promise<FenceProduct> {
    const started = servers ?? (await Promise.all([startRedis(), startRedis()]));
    return new FenceProduct(started, changes);
  }

  private constructor(servers: readonly RedisServer[], changes: Partial<DashboardConfig>) {
    this.servers = servers;
    this.config = defaultDashboardConfig({
      productName: PRODUCT,
      proxyDeadAfterMs: 2_000,
      ...changes,
    });
  }

  get leader(): FenceLeader {
    if (this.#leader === undefined) {
      throw new Error("nobody leads: call lead()");
    }
    return this.#leader;
  }

  /** A leader, the first or the next; the one before has been closed. */
  async lead(): Promise<FenceLeader> {
    const coordinator = this.#nodes.open();
    const leadership = await coordinator.lead({
      lockPath: coordinatorPath.lock(PRODUCT),
      epochPath: coordinatorPath.epoch(PRODUCT),
      data: "{}",
      leaseMs: 8_000,
    });
    const { config } = this;
    const store = await TopologyStore.open({
      coordinator,
      leadership,
      product: PRODUCT,
      defaultSlotCount: 1024,
      log: silentLog,
    });
    const storage: ProductStorage = {
      get: (path) => coordinator.get(path),
      readChildren: (path) => coordinator.readChildren(path),
      write: async (writes) => void (await leadership.write(writes)),
    };
    const fleet: Fleet = new Fleet({
      productName: PRODUCT,
      productAuth: config.productAuth,
      epoch: leadership.epoch,
      isLeader: () => leadership.isHeld(),
      log: silentLog,
      slotViews: slotViewsOf(FORWARD_METHOD.semiAsync, FORWARD_METHOD.migrate),
      onModelChanged: (token, model) => {
        void store.commit("model", (now) =>
          now.proxies.has(token) ? updateProxy(now, model) : now,
        );
      },
      onOutdated: () => undefined,
      beforeFill: (token, model): Promise<LoginOrder | undefined> => fences.admit(token, model),
    });
    const poller = new ServerPoller({ password: config.productAuth, log: silentLog });
    const parts: FenceParts = {
      config,
      topology: store,
      proxyFigures: () => fleet.figures(),
      storage,
      confirm: () => leadership.confirm(),
      log: silentLog,
      clock: systemClock,
      epoch: leadership.epoch,
      serverFigures: () => poller.figures(),
      fleet,
    };
    const fences: ProxyFences = await ProxyFences.open(parts);
    const moving = await Moving.open({
      config,
      leadership,
      coordinator,
      topology: store,
      storage,
      fleet,
      serverFigures: () => poller.figures(),
      clock: systemClock,
      log: silentLog,
    });
    if (store.snapshot().groups.size === 0) {
      await this.#build(store);
    }
    poller.setServers(this.servers.map(({ addr }) => addr));
    poller.start();
    store.onChange((topology) => fleet.setTopology(topology));
    fleet.setTopology(store.snapshot());
    fences.start();
    moving.start();
    this.#leader = new FenceLeader(store, fleet, fences, moving, async () => {
      await poller.stop();
      await leadership.release();
    });
    return this.#leader;
  }

  /** A proxy of the product that has its slots. */
  async addProxy(keys: ProxyKeys = {}): Promise<{ proxy: WaitingProxy; model: ProxyModel }> {
    const proxy = await startWaitingProxy(PRODUCT, { workers: 1, ...keys });
    this.#proxies.push(proxy);
    const model = await this.leader.fleet.fetchModel(proxy.adminAddr);
    await this.leader.store.commit("add proxy", (now) => addProxy(now, model));
    await this.leader.whenSynced(model.token);
    return { proxy, model };
  }

  /** One that was started again by its test. */
  keep(proxy: WaitingProxy): void {
    this.#proxies.push(proxy);
  }

  /** SIGSTOP to any process of a proxy; it is killed at the end. */
  freeze(pid: number): void {
    this.#pids.add(pid);
    process.kill(pid, "SIGSTOP");
  }

  thaw(pid: number): void {
    process.kill(pid, "SIGCONT");
  }

  /** Nodes of fences in the coordinator, by token. */
  async storedFences(): Promise<readonly string[]> {
    const nodes = await this.#nodes.open().readChildren(coordinatorPath.fences(PRODUCT));
    return nodes.map(({ path }) => path.slice(path.lastIndexOf("/") + 1));
  }

  /** See the file head. */
  async stop(): Promise<void> {
    for (const pid of this.#pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== "ESRCH") {
          throw thrown;
        }
      }
    }
    await this.#leader?.close();
    await Promise.all(this.#proxies.map((proxy) => proxy.kill()));
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  async #build(store: TopologyStore): Promise<void> {
    await store.commit("build", (empty) => {
      let now = empty;
      for (const [index, { addr }] of this.servers.entries()) {
        now = addServer(createGroup(now, index + 1), index + 1, addr, "");
      }
      const assignments = now.slots.map(({ id }) => ({ id, groupId: 1 }));
      return assignSlots(now, assignments, { repairsFaults: true });
    });
  }
}

/** Processes of the workers of a proxy, by their mark. */
export async function workerPids(token: string): Promise<readonly number[]> {
  const { localSight } = await import("../../src/dashboard/availability/fence/process-look.ts");
  return localSight
    .processIds()
    .filter((pid) => localSight.read(pid, "cmdline")?.includes(`--of-proxy=${token}`) === true);
}
