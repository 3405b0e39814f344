/**
 * A product with real redis-servers and real proxies, led by the test's own process: the store, the fleet, the fences
 * and what moves slots, put together as a leader does it. `lead` may be called again: then another leader takes over
 * from what is stored.
 *
 * Invariant: `stop()` ends all that was started here, paused processes as well.
 */
import { createMemoryStore } from "../../src/coordinator/memory/memory-store.ts";
import { ProxyFences } from "../../src/dashboard/availability/fence/proxy-fences.ts";
import type { DashboardConfig } from "../../src/dashboard/config/key.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import type { Fleet } from "../../src/dashboard/fleet/fleet.ts";
import { Moving } from "../../src/dashboard/moving.ts";
import type { TopologyStore } from "../../src/dashboard/topology/store.ts";
import type { FenceState } from "../../src/model/availability/fence.ts";
import { addServer, createGroup } from "../../src/model/change/group.ts";
import { assignSlots } from "../../src/model/change/slot.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import type { ProxyModel } from "../../src/model/proxy-model.ts";
import { waitFor } from "./deadline.ts";
import { LedProduct } from "./led-product.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { stopProcess } from "./stopped-process.ts";
import { type ProxyKeys, startWaitingProxy, type WaitingProxy } from "./waiting-proxy.ts";

const PRODUCT = "demo";
const WAIT_MS = 20_000;
/** Outlives a machine that stands still for some seconds; whoever closes gives the lock back at once. */
const LEASE_MS = 20_000;

/** What a leader of a test is made of. */
export class FenceLeader {
  readonly led: LedProduct;
  readonly fences: ProxyFences;
  readonly moving: Moving;

  constructor(led: LedProduct, fences: ProxyFences, moving: Moving) {
    this.led = led;
    this.fences = fences;
    this.moving = moving;
  }

  get store(): TopologyStore {
    return this.led.store;
  }

  get fleet(): Fleet {
    return this.led.fleet;
  }

  /** Orders these slots to a group. */
  async move(slotIds: readonly number[], groupId: number): Promise<void> {
    await this.moving.control.createSlotActions(slotIds.map((id) => ({ id, groupId })));
  }

  /** Waits until the group has all of them, and none moves. */
  async whenMoved(slotIds: readonly number[], groupId: number): Promise<void> {
    await waitFor(`${slotIds.length} slots in group ${groupId}`, WAIT_MS, () => {
      const { slots } = this.store.snapshot();
      const left = slotIds.filter(
        (id) => slots[id]?.groupId !== groupId || slots[id]?.action.state !== "",
      );
      if (left.length > 0) {
        throw new Error(`${left.length} left, ${this.moving.control.operations()[0]?.state}`);
      }
      return true;
    });
  }

  /** As a leader does it: lets go of everything in good order. */
  async close(): Promise<void> {
    await this.moving.close();
    await this.fences.close();
    await this.led.close();
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

  /** Master of a group, 1 is the first. */
  server(groupId: number): RedisServer {
    const server = this.servers[groupId - 1];
    if (server === undefined) {
      throw new Error(`there is no group ${groupId}`);
    }
    return server;
  }

  /** A leader, the first or the next; the one before has been closed. */
  async lead(): Promise<FenceLeader> {
    const led: LedProduct = await LedProduct.open({
      coordinator: this.#nodes.open(),
      config: this.config,
      leaseMs: LEASE_MS,
      beforeFill: (token, model) => fences.admit(token, model),
    });
    const { fleet, leadership, coordinator, store } = led;
    const fences: ProxyFences = await ProxyFences.open({ ...led.parts(), fleet });
    const moving = await Moving.open({ ...led.parts(), leadership, coordinator, fleet });
    if (store.snapshot().groups.size === 0) {
      await this.#build(store);
    }
    led.begin();
    fences.start();
    moving.start();
    this.#leader = new FenceLeader(led, fences, moving);
    return this.#leader;
  }

  /** A proxy of the product that has its slots. It holds requests longer than a machine stands still. */
  async addProxy(keys: ProxyKeys = {}): Promise<{ proxy: WaitingProxy; model: ProxyModel }> {
    const proxy = await startWaitingProxy(PRODUCT, {
      workers: 1,
      slot_hold_timeout: "25s",
      ...keys,
    });
    this.#proxies.push(proxy);
    const model = await this.leader.led.addProxy(proxy.adminAddr);
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
    stopProcess(pid);
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
    await Promise.all(this.servers.map((server) => server.kill()));
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
