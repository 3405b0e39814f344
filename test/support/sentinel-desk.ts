/**
 * A leader for tests of sentinels: the real store on a filesystem coordinator, the real fleet, and the room
 * `availability/sentinel`; stories in memory, and replicas that follow at once. It may be closed and opened again on
 * the same folder, as a dashboard that was away.
 */
import { systemClock } from "../../src/base/clock.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import type { Coordinator, Leadership } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { GroupTurnTable } from "../../src/dashboard/availability/group-turns.ts";
import { Sentinels } from "../../src/dashboard/availability/sentinel/sentinels.ts";
import type { DashboardConfig } from "../../src/dashboard/config/key.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import { slotViewsOf } from "../../src/dashboard/fleet/desired-tables.ts";
import { Fleet } from "../../src/dashboard/fleet/fleet.ts";
import { setRole } from "../../src/dashboard/group/replicate.ts";
import { ServerPoller } from "../../src/dashboard/stats/server-poller.ts";
import { TopologyStore } from "../../src/dashboard/topology/store.ts";
import { addServer, createGroup } from "../../src/model/change/group.ts";
import { addProxy, updateProxy } from "../../src/model/change/proxy.ts";
import { assignSlots } from "../../src/model/change/slot.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { FORWARD_METHOD } from "../../src/model/slot.ts";
import { followNow, MemoryBook } from "./promotion-desk.ts";

/** Product of the tests. */
export const PRODUCT = "sentinel-demo";

/** Short times, so that tests are. */
const CONFIG: Partial<DashboardConfig> = {
  productName: PRODUCT,
  sentinelDownAfterMs: 1_000,
  sentinelFailoverTimeoutMs: 10_000,
  sentinelClientTimeoutMs: 2_000,
};

/** See the file head. */
export class SentinelDesk {
  readonly store: TopologyStore;
  readonly fleet: Fleet;
  readonly sentinels: Sentinels;
  readonly turns = new GroupTurnTable();
  readonly book = new MemoryBook();
  readonly config: DashboardConfig;
  readonly #coordinator: Coordinator;
  readonly #leadership: Leadership;
  readonly #poller: ServerPoller;

  /** Leads the product in this folder, and begins at once. */
  static async open(
    root: string,
    changes: Partial<DashboardConfig> = {},
    log: Log = silentLog,
  ): Promise<SentinelDesk> {
    const config = { ...defaultDashboardConfig(), ...CONFIG, ...changes };
    const coordinator = await openCoordinator({ kind: "filesystem", addr: root, auth: "" });
    const leadership = await coordinator.lead({
      lockPath: coordinatorPath.lock(PRODUCT),
      epochPath: coordinatorPath.epoch(PRODUCT),
      data: "{}",
      leaseMs: 8_000,
    });
    const store = await TopologyStore.open({
      coordinator,
      leadership,
      product: PRODUCT,
      defaultSlotCount: config.slotCount,
      log,
    });
    return new SentinelDesk(config, coordinator, leadership, store, log);
  }

  private constructor(
    config: DashboardConfig,
    coordinator: Coordinator,
    leadership: Leadership,
    store: TopologyStore,
    log: Log,
  ) {
    this.config = config;
    this.store = store;
    this.#coordinator = coordinator;
    this.#leadership = leadership;
    const fleet = new Fleet({
      productName: PRODUCT,
      productAuth: config.productAuth,
      epoch: leadership.epoch,
      isLeader: () => leadership.isHeld(),
      log,
      slotViews: slotViewsOf(FORWARD_METHOD.semiAsync, FORWARD_METHOD.migrate),
      onModelChanged: (_token, model) => {
        void store.commit("model", (now) => updateProxy(now, model));
      },
      onOutdated: () => undefined,
    });
    this.fleet = fleet;
    this.#poller = new ServerPoller({ password: config.productAuth, log });
    this.sentinels = new Sentinels({
      config,
      epoch: leadership.epoch,
      topology: store,
      whenSynced: (revision, timeoutMs) => fleet.whenSynced(revision, timeoutMs),
      confirm: () => leadership.confirm(),
      serverFigures: () => this.#poller.figures(),
      proxyFigures: () => fleet.figures(),
      storage: {
        get: (path) => coordinator.get(path),
        readChildren: (path) => coordinator.readChildren(path),
        write: async (writes) => void (await leadership.write(writes)),
      },
      turns: this.turns,
      log,
      clock: systemClock,
      book: this.book,
      follow: followNow({ topology: store, config }),
      pushSentinels: (sentinels, timeoutMs) => fleet.setSentinels(sentinels, timeoutMs),
    });
    const follow = (): void => {
      const now = store.snapshot();
      fleet.setTopology(now);
      const servers = [...now.groups.values()].flatMap((group) => group.servers);
      this.#poller.setServers(servers.map(({ addr }) => addr));
    };
    store.onChange(follow);
    follow();
    this.#poller.start();
    this.sentinels.start();
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

  /** Registers proxies by their admin addresses and fills them. */
  async addProxies(addrs: readonly string[]): Promise<void> {
    for (const addr of addrs) {
      const model = await this.fleet.fetchModel(addr);
      await this.store.commit("proxy", (now) => addProxy(now, model));
      await this.fleet.reinit(model.token, 10_000);
    }
  }

  /** Addresses of a group's servers as stored, the master first. */
  serversOf(groupId: number): readonly string[] {
    return (this.store.snapshot().groups.get(groupId)?.servers ?? []).map(({ addr }) => addr);
  }

  /** Ends it without a word to anybody; what is stored stays. */
  async close(): Promise<void> {
    await this.sentinels.close();
    await Promise.all([this.fleet.close(), this.#poller.stop()]);
    await this.#leadership.release();
    await this.#coordinator.close();
  }
}
