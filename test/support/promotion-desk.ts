/**
 * A leader for tests of promotions: the real store on a filesystem coordinator, the real fleet, engine and promotion;
 * a book in memory, no sentinels, and replicas that follow at once. It can die at any write (`wrap`), and the next
 * desk begins on what it left.
 */
import { systemClock } from "../../src/base/clock.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import type { Coordinator, Leadership } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import type {
  AvailabilityParts,
  FailoverBook,
  FailoverStory,
  NewFailover,
  ReplicaFollow,
  SentinelWatch,
} from "../../src/dashboard/availability/contract.ts";
import { GroupTurnTable } from "../../src/dashboard/availability/group-turns.ts";
import type { PromotionParts } from "../../src/dashboard/availability/promotion/parts.ts";
import { Promotion } from "../../src/dashboard/availability/promotion/promotion.ts";
import type { DashboardConfig } from "../../src/dashboard/config/key.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import type { ProductStorage, PushReport } from "../../src/dashboard/control.ts";
import { slotViewsOf } from "../../src/dashboard/fleet/desired-tables.ts";
import { Fleet } from "../../src/dashboard/fleet/fleet.ts";
import { setRole } from "../../src/dashboard/group/replicate.ts";
import { Moving } from "../../src/dashboard/moving.ts";
import { ServerPoller } from "../../src/dashboard/stats/server-poller.ts";
import { TopologyStore } from "../../src/dashboard/topology/store.ts";
import type { Failover } from "../../src/model/availability/failover.ts";
import { addServer, createGroup } from "../../src/model/change/group.ts";
import { addProxy, updateProxy } from "../../src/model/change/proxy.ts";
import { assignSlots } from "../../src/model/change/slot.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { FORWARD_METHOD } from "../../src/model/slot.ts";
import { getGroup } from "../../src/model/topology/guard.ts";

/** Product of the tests. */
export const PRODUCT = "promotion-demo";

/** How a desk is opened. */
export interface DeskOptions {
  readonly config?: Partial<DashboardConfig>;
  readonly log?: Log;
  /** Puts something between the desk and its leadership. */
  readonly wrap?: (leadership: Leadership) => Leadership;
  /** Puts something between the promotion and its waits for proxies. */
  readonly wrapSync?: (wait: () => Promise<PushReport>) => Promise<PushReport>;
  /** Replaces parts. */
  readonly parts?: Partial<PromotionParts>;
}

/** Stories in memory. */
export class MemoryBook implements FailoverBook {
  readonly #stories: Failover[] = [];
  /** Called with every new line. */
  onNote: (step: string, about: string, text: string) => void = () => undefined;

  begin(story: NewFailover): FailoverStory {
    const id = `t-${this.#stories.length + 1}`;
    let told: Failover = {
      ...story,
      id,
      beganAtMs: Date.now(),
      endedAtMs: undefined,
      outcome: "running",
      reason: "",
      pauseMs: undefined,
      lostBytes: undefined,
      events: [],
    };
    const at = this.#stories.push(told) - 1;
    const change = (next: Partial<Failover>): void => {
      told = { ...told, ...next };
      this.#stories[at] = told;
    };
    return {
      id,
      note: (step, about, text) => {
        change({ events: [...told.events, { atMs: Date.now(), step, about, text }] });
        this.onNote(step, about, text);
      },
      set: change,
      end: async (outcome, reason = "") => change({ outcome, reason, endedAtMs: Date.now() }),
    };
  }

  resume(): undefined {
    return undefined;
  }

  all(): readonly Failover[] {
    return this.#stories.toReversed();
  }
}

/** No group is watched. */
export const NO_SENTINEL_WATCH: SentinelWatch = {
  isWatched: () => false,
  masterOf: () => undefined,
  release: async () => undefined,
  watch: async () => undefined,
};

/** Every other server of the group becomes a replica of its master, once. */
export function followNow(parts: Pick<AvailabilityParts, "topology" | "config">): ReplicaFollow {
  return {
    follow: async (groupId, story) => {
      const [master, ...others] = getGroup(parts.topology.snapshot(), groupId).servers;
      const orders = others.map(async ({ addr }) => {
        try {
          const password = parts.config.productAuth;
          await setRole({ addr, masterAddr: master?.addr, password, timeoutMs: 1_000 });
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

/** See the file head. */
export class PromotionDesk {
  readonly coordinator: Coordinator;
  readonly leadership: Leadership;
  readonly store: TopologyStore;
  readonly fleet: Fleet;
  readonly moving: Moving;
  readonly promotion: Promotion;
  readonly turns: GroupTurnTable;
  readonly book: MemoryBook;
  readonly #poller: ServerPoller;
  readonly #config: DashboardConfig;

  /** Leads the product in this folder. */
  static async open(root: string, options: DeskOptions = {}): Promise<PromotionDesk> {
    const { log = silentLog } = options;
    const config = { ...defaultDashboardConfig(), productName: PRODUCT, ...options.config };
    const coordinator = await openCoordinator({ kind: "filesystem", addr: root, auth: "" });
    const held = await coordinator.lead({
      lockPath: coordinatorPath.lock(PRODUCT),
      epochPath: coordinatorPath.epoch(PRODUCT),
      data: "{}",
      leaseMs: 8_000,
    });
    const leadership = options.wrap?.(held) ?? held;
    const store = await TopologyStore.open({
      coordinator,
      leadership,
      product: PRODUCT,
      defaultSlotCount: config.slotCount,
      log,
    });
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
    const poller = new ServerPoller({ password: config.productAuth, log });
    const storage: ProductStorage = {
      get: (path) => coordinator.get(path),
      readChildren: (path) => coordinator.readChildren(path),
      write: async (writes) => void (await leadership.write(writes)),
    };
    const base = { config, leadership, coordinator, topology: store, storage, fleet, log };
    const serverFigures = (): ReturnType<ServerPoller["figures"]> => poller.figures();
    const moving = await Moving.open({ ...base, serverFigures, clock: systemClock });
    return new PromotionDesk({ ...base, moving, poller }, options);
  }

  private constructor(
    parts: {
      readonly config: DashboardConfig;
      readonly leadership: Leadership;
      readonly coordinator: Coordinator;
      readonly topology: TopologyStore;
      readonly storage: ProductStorage;
      readonly fleet: Fleet;
      readonly moving: Moving;
      readonly poller: ServerPoller;
      readonly log: Log;
    },
    options: DeskOptions,
  ) {
    const { config, leadership, coordinator, topology, storage, fleet, moving, poller, log } =
      parts;
    this.coordinator = coordinator;
    this.leadership = leadership;
    this.store = topology;
    this.fleet = fleet;
    this.moving = moving;
    this.turns = new GroupTurnTable();
    this.book = new MemoryBook();
    this.#poller = poller;
    this.#config = config;
    this.promotion = new Promotion({
      config,
      epoch: leadership.epoch,
      topology,
      whenSynced: (revision, timeoutMs) => {
        const wait = (): Promise<PushReport> => fleet.whenSynced(revision, timeoutMs);
        return options.wrapSync === undefined ? wait() : options.wrapSync(wait);
      },
      confirm: () => leadership.confirm(),
      serverFigures: () => poller.figures(),
      proxyFigures: () => fleet.figures(),
      storage,
      turns: this.turns,
      log,
      clock: systemClock,
      book: this.book,
      sentinels: NO_SENTINEL_WATCH,
      follow: followNow({ topology, config }),
      moving,
      ...options.parts,
    });
    const follow = (): void => {
      const now = topology.snapshot();
      fleet.setTopology(now);
      const servers = [...now.groups.values()].flatMap((group) => group.servers);
      poller.setServers(servers.map(({ addr }) => addr));
    };
    topology.onChange(follow);
    follow();
    poller.start();
    moving.start();
    this.promotion.start();
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
        const password = this.#config.productAuth;
        await setRole({ addr, masterAddr: master, password });
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

  async close(): Promise<void> {
    await this.promotion.close();
    await this.moving.close();
    await Promise.all([this.fleet.close(), this.#poller.stop()]);
    await this.leadership.release();
    await this.coordinator.close();
  }
}
