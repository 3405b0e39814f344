/**
 * What every leader of a test stands on, put together as a dashboard does it: the lock, the store of the topology, the
 * fleet of proxies, the poller of servers, and the small orders that build a product. Rooms under test are put on top.
 *
 * Order: `open`, then the rooms, then `begin`; `close` after the rooms have been closed.
 */
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import type { Coordinator, Leadership } from "../../src/coordinator/coordinator.ts";
import type {
  AvailabilityParts,
  ReplicaFollow,
} from "../../src/dashboard/availability/contract.ts";
import { GroupTurnTable } from "../../src/dashboard/availability/group-turns.ts";
import type { DashboardConfig } from "../../src/dashboard/config/key.ts";
import type { ProductStorage } from "../../src/dashboard/control.ts";
import { slotViewsOf } from "../../src/dashboard/fleet/desired-tables.ts";
import { Fleet } from "../../src/dashboard/fleet/fleet.ts";
import type { LetIn } from "../../src/dashboard/fleet/let-in.ts";
import { setRole } from "../../src/dashboard/group/replicate.ts";
import { ServerPoller } from "../../src/dashboard/stats/server-poller.ts";
import { TopologyStore } from "../../src/dashboard/topology/store.ts";
import { addServer, createGroup } from "../../src/model/change/group.ts";
import { addProxy, updateProxy } from "../../src/model/change/proxy.ts";
import { assignSlots } from "../../src/model/change/slot.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { masterAddrOf } from "../../src/model/group.ts";
import type { ProxyModel } from "../../src/model/proxy-model.ts";
import { FORWARD_METHOD } from "../../src/model/slot.ts";
import { getGroup } from "../../src/model/topology/guard.ts";

/** How a product is led. */
export interface LedProductOptions {
  /** Closed by `close`. */
  readonly coordinator: Coordinator;
  readonly config: DashboardConfig;
  /** Default 8000. */
  readonly leaseMs?: number;
  readonly log?: Log;
  /** Of the rooms and the poller. */
  readonly clock?: Clock;
  /** Puts something between the leader and its leadership. */
  readonly wrap?: ((leadership: Leadership) => Leadership) | undefined;
  readonly beforeFill?: LetIn;
  /** False: what a proxy says of itself is never stored, as a test stands between it and the leader. */
  readonly storesModels?: boolean;
}

/** See the file head. */
export class LedProduct {
  readonly config: DashboardConfig;
  readonly coordinator: Coordinator;
  readonly leadership: Leadership;
  readonly store: TopologyStore;
  readonly storage: ProductStorage;
  readonly fleet: Fleet;
  readonly poller: ServerPoller;
  readonly turns = new GroupTurnTable();
  readonly log: Log;
  readonly clock: Clock;

  /** Waits for the lock, and reads what is stored. */
  static async open(options: LedProductOptions): Promise<LedProduct> {
    const { coordinator, config, log = silentLog } = options;
    const { productName: product } = config;
    const held = await coordinator.lead({
      lockPath: coordinatorPath.lock(product),
      epochPath: coordinatorPath.epoch(product),
      data: "{}",
      leaseMs: options.leaseMs ?? 8_000,
    });
    const leadership = options.wrap?.(held) ?? held;
    const store = await TopologyStore.open({
      coordinator,
      leadership,
      product,
      defaultSlotCount: config.slotCount,
      log,
    });
    return new LedProduct(options, leadership, store);
  }

  private constructor(options: LedProductOptions, leadership: Leadership, store: TopologyStore) {
    const { coordinator, config, log = silentLog, clock = systemClock, beforeFill } = options;
    this.config = config;
    this.coordinator = coordinator;
    this.leadership = leadership;
    this.store = store;
    this.log = log;
    this.clock = clock;
    this.storage = {
      get: (path) => coordinator.get(path),
      readChildren: (path) => coordinator.readChildren(path),
      write: async (writes) => void (await leadership.write(writes)),
    };
    this.fleet = new Fleet({
      productName: config.productName,
      productAuth: config.productAuth,
      epoch: leadership.epoch,
      isLeader: () => leadership.isHeld(),
      log,
      slotViews: slotViewsOf(FORWARD_METHOD.semiAsync, FORWARD_METHOD.migrate),
      onModelChanged: (token, model) => {
        if (options.storesModels !== false) {
          void store.commit("model", (now) =>
            now.proxies.has(token) ? updateProxy(now, model) : now,
          );
        }
      },
      onOutdated: () => undefined,
      ...(beforeFill === undefined ? {} : { beforeFill }),
    });
    this.poller = new ServerPoller({ password: config.productAuth, log, clock });
  }

  /** What the rooms of availability are made of. */
  parts(): AvailabilityParts {
    const { config, leadership, store, fleet, poller, storage, turns, log, clock } = this;
    return {
      config,
      epoch: leadership.epoch,
      topology: store,
      whenSynced: (revision, timeoutMs) => fleet.whenSynced(revision, timeoutMs),
      confirm: () => leadership.confirm(),
      serverFigures: () => poller.figures(),
      proxyFigures: () => fleet.figures(),
      storage,
      turns,
      log,
      clock,
    };
  }

  /** Looks at servers and tells proxies, now and after every change. */
  begin(): void {
    const follow = (): void => {
      const now = this.store.snapshot();
      this.fleet.setTopology(now);
      const servers = [...now.groups.values()].flatMap((group) => group.servers);
      this.poller.setServers(servers.map(({ addr }) => addr));
    };
    this.store.onChange(follow);
    follow();
    this.poller.start();
  }

  /** Groups with these servers, the master first, and all slots spread evenly. */
  async build(groups: readonly (readonly string[])[]): Promise<void> {
    const count = this.store.snapshot().slotCount;
    for (const [index, [master, ...replicas]] of groups.entries()) {
      await this.store.commit("group", (now) => createGroup(now, index + 1));
      for (const addr of [master ?? "", ...replicas]) {
        await this.store.commit("server", (now) => addServer(now, index + 1, addr));
      }
      for (const addr of replicas) {
        await setRole({ addr, masterAddr: master, password: this.config.productAuth });
      }
    }
    const assignments = Array.from({ length: count }, (_, id) => {
      return { id, groupId: Math.floor((id * groups.length) / count) + 1 };
    });
    await this.store.commit("slots", (now) => assignSlots(now, assignments));
  }

  /** Registers a proxy; it gets its slots a little later. */
  async addProxy(adminAddr: string): Promise<ProxyModel> {
    const model = await this.fleet.fetchModel(adminAddr);
    await this.store.commit("proxy", (now) => addProxy(now, model));
    return model;
  }

  /** Registers proxies by their admin addresses and fills them. */
  async addProxies(addrs: readonly string[]): Promise<void> {
    for (const addr of addrs) {
      const { token } = await this.addProxy(addr);
      await this.fleet.reinit(token, 10_000);
    }
  }

  /** Addresses of a group's servers as stored, the master first. */
  serversOf(groupId: number): readonly string[] {
    return (this.store.snapshot().groups.get(groupId)?.servers ?? []).map(({ addr }) => addr);
  }

  /** Its stored master; empty when it has none. */
  masterOf(groupId: number): string {
    return masterAddrOf(this.store.snapshot().groups.get(groupId));
  }

  /** Replicas that follow at once: those that answer, and once only. */
  followOnce(timeoutMs: number): ReplicaFollow {
    return {
      follow: async (groupId, story) => {
        const [master, ...others] = getGroup(this.store.snapshot(), groupId).servers;
        const orders = others.map(async ({ addr }) => {
          try {
            const password = this.config.productAuth;
            await setRole({ addr, masterAddr: master?.addr, password, timeoutMs });
            story?.note("followed", addr, `it follows ${master?.addr}`);
            return [];
          } catch (thrown) {
            return [String(thrown)];
          }
        });
        return (await Promise.all(orders)).flat();
      },
    };
  }

  /** Ends it without a word to anybody; what is stored stays. */
  async close(): Promise<void> {
    await Promise.all([this.fleet.close(), this.poller.stop()]);
    await this.leadership.release();
    await this.coordinator.close();
  }
}
