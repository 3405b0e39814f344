/**
 * A leader of a product with a failure detector, put together by hand from the real rooms: topology store, fleet,
 * poller, book, detector. Several can follow one another on one folder, in one process or in another.
 */
import { systemClock } from "../../src/base/clock.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import type { Coordinator, Leadership } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import type {
  AvailabilityParts,
  ReplicaFollow,
} from "../../src/dashboard/availability/contract.ts";
import { FailoverLedger } from "../../src/dashboard/availability/failover/failover-book.ts";
import {
  FailureDetector,
  type MasterPulses,
} from "../../src/dashboard/availability/failover/failure-detector.ts";
import { GroupTurnTable } from "../../src/dashboard/availability/group-turns.ts";
import type { DashboardConfig } from "../../src/dashboard/config/key.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import type { ProductStorage } from "../../src/dashboard/control.ts";
import { slotViewsOf } from "../../src/dashboard/fleet/desired-tables.ts";
import { Fleet } from "../../src/dashboard/fleet/fleet.ts";
import { setRole } from "../../src/dashboard/group/replicate.ts";
import { ServerPoller } from "../../src/dashboard/stats/server-poller.ts";
import { TopologyStore } from "../../src/dashboard/topology/store.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { masterAddrOf } from "../../src/model/group.ts";
import { FORWARD_METHOD } from "../../src/model/slot.ts";
import { getGroup } from "../../src/model/topology/guard.ts";

/** How a leader differs from others. */
export interface FailoverLeaderOptions {
  readonly config?: Partial<DashboardConfig>;
  readonly log?: Log;
  /** Own looks at masters, where the test stands in between. */
  readonly pulses?: MasterPulses;
  /** Puts something between the leader and its leadership. */
  readonly wrap?: (leadership: Leadership) => Leadership;
}

export const PRODUCT = "demo";

/** See the file head. */
export class FailoverLeader {
  readonly store: TopologyStore;
  readonly fleet: Fleet;
  readonly book: FailoverLedger;
  readonly detector: FailureDetector;
  readonly #poller: ServerPoller;
  readonly #coordinator: Coordinator;
  readonly #leadership: Leadership;

  /** Leads the product in this folder, and watches. */
  static async open(root: string, options: FailoverLeaderOptions = {}): Promise<FailoverLeader> {
    const { log = silentLog } = options;
    const config = defaultDashboardConfig({ productName: PRODUCT, ...options.config });
    const coordinator = await openCoordinator({ kind: "filesystem", addr: root, auth: "" });
    const held = await coordinator.lead({
      lockPath: coordinatorPath.lock(PRODUCT),
      epochPath: coordinatorPath.epoch(PRODUCT),
      data: "{}",
      leaseMs: 2_000,
    });
    const leadership = options.wrap?.(held) ?? held;
    const store = await TopologyStore.open({
      coordinator,
      leadership,
      product: PRODUCT,
      defaultSlotCount: config.slotCount,
      log,
    });
    const storage: ProductStorage = {
      get: (path) => coordinator.get(path),
      readChildren: (path) => coordinator.readChildren(path),
      write: async (writes) => void (await leadership.write(writes)),
    };
    const book = await FailoverLedger.open({
      product: PRODUCT,
      epoch: leadership.epoch,
      storage,
      topology: () => store.snapshot(),
      clock: systemClock,
      log,
    });
    return new FailoverLeader(
      { config, coordinator, leadership, store, storage, book, log },
      options,
    );
  }

  private constructor(
    made: {
      readonly config: DashboardConfig;
      readonly coordinator: Coordinator;
      readonly leadership: Leadership;
      readonly store: TopologyStore;
      readonly storage: ProductStorage;
      readonly book: FailoverLedger;
      readonly log: Log;
    },
    { pulses }: FailoverLeaderOptions,
  ) {
    const { config, leadership, store, storage, book, log } = made;
    this.#coordinator = made.coordinator;
    this.#leadership = leadership;
    this.store = store;
    this.book = book;
    this.fleet = new Fleet({
      productName: PRODUCT,
      productAuth: config.productAuth,
      epoch: leadership.epoch,
      isLeader: () => leadership.isHeld(),
      log,
      slotViews: slotViewsOf(FORWARD_METHOD.semiAsync, FORWARD_METHOD.migrate),
      onModelChanged: () => undefined,
      onOutdated: () => undefined,
    });
    this.#poller = new ServerPoller({ password: config.productAuth, log });
    const parts: AvailabilityParts = {
      config,
      epoch: leadership.epoch,
      topology: store,
      whenSynced: (revision, timeoutMs) => this.fleet.whenSynced(revision, timeoutMs),
      confirm: () => leadership.confirm(),
      serverFigures: () => this.#poller.figures(),
      proxyFigures: () => this.fleet.figures(),
      storage,
      turns: new GroupTurnTable(),
      log,
      clock: systemClock,
    };
    this.detector = new FailureDetector({
      parts,
      book,
      follow: followOnce(parts),
      sentinels: { isWatched: () => false },
      askProxies: (timeoutMs) => this.fleet.askStats(timeoutMs),
      ...(pulses === undefined ? {} : { pulses }),
    });
    store.onChange(() => this.#follow());
    this.#follow();
    this.#poller.start();
    this.detector.start();
  }

  /** The stored master of a group. */
  masterOf(groupId: number): string {
    return masterAddrOf(this.store.snapshot().groups.get(groupId));
  }

  /** Ends the reign and gives the lock back. */
  async close(): Promise<void> {
    await this.detector.close();
    await this.book.close();
    await Promise.all([this.fleet.close(), this.#poller.stop()]);
    await this.#leadership.release();
    await this.#coordinator.close();
  }

  #follow(): void {
    const topology = this.store.snapshot();
    this.fleet.setTopology(topology);
    const servers = [...topology.groups.values()].flatMap((group) => group.servers);
    this.#poller.setServers(servers.map(({ addr }) => addr));
  }
}

/** Every other server of the group becomes a replica of its master, those that answer, once. */
function followOnce({ topology, config }: AvailabilityParts): ReplicaFollow {
  return {
    follow: async (groupId, story) => {
      const [master, ...others] = getGroup(topology.snapshot(), groupId).servers;
      const orders = others.map(async ({ addr }) => {
        try {
          const password = config.productAuth;
          await setRole({ addr, masterAddr: master?.addr, password, timeoutMs: 500 });
          story?.note("followed", addr, `follows ${master?.addr}`);
          return [];
        } catch (thrown) {
          return [String(thrown)];
        }
      });
      return (await Promise.all(orders)).flat();
    },
  };
}
