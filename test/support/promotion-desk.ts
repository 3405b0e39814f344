/**
 * A leader for tests of promotions: the real store on a filesystem coordinator, the real fleet, engine and promotion;
 * a book in memory, no sentinels, and replicas that follow at once. It can die at any write (`wrap`), and the next
 * desk begins on what it left.
 */
import { type Log, silentLog } from "../../src/base/log.ts";
import type { Leadership } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import type { SentinelWatch } from "../../src/dashboard/availability/contract.ts";
import type { GroupTurnTable } from "../../src/dashboard/availability/group-turns.ts";
import type { PromotionParts } from "../../src/dashboard/availability/promotion/parts.ts";
import { Promotion } from "../../src/dashboard/availability/promotion/promotion.ts";
import type { DashboardConfig } from "../../src/dashboard/config/key.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import type { PushReport } from "../../src/dashboard/control.ts";
import { Moving } from "../../src/dashboard/moving.ts";
import type { TopologyStore } from "../../src/dashboard/topology/store.ts";
import { LedProduct } from "./led-product.ts";
import { MemoryBook } from "./memory-book.ts";

/** Product of the tests. */
export const PRODUCT = "promotion-demo";
/** Of one order to a replica to follow. */
const FOLLOW_MS = 4_000;

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

/** No group is watched. */
const NO_SENTINEL_WATCH: SentinelWatch = {
  isWatched: () => false,
  masterOf: () => undefined,
  release: async () => undefined,
  watch: async () => undefined,
};

/** See the file head. */
export class PromotionDesk {
  readonly led: LedProduct;
  readonly moving: Moving;
  readonly promotion: Promotion;
  readonly book = new MemoryBook();

  /** Leads the product in this folder. */
  static async open(root: string, options: DeskOptions = {}): Promise<PromotionDesk> {
    const { log = silentLog } = options;
    const config = { ...defaultDashboardConfig(), productName: PRODUCT, ...options.config };
    const coordinator = await openCoordinator({ kind: "filesystem", addr: root, auth: "" });
    const led = await LedProduct.open({ coordinator, config, log, wrap: options.wrap });
    const moving = await Moving.open({
      ...led.parts(),
      leadership: led.leadership,
      coordinator,
      fleet: led.fleet,
    });
    return new PromotionDesk(led, moving, options);
  }

  private constructor(led: LedProduct, moving: Moving, { wrapSync, parts }: DeskOptions) {
    this.led = led;
    this.moving = moving;
    const base = led.parts();
    this.promotion = new Promotion({
      ...base,
      whenSynced: (revision, timeoutMs) => {
        const wait = (): Promise<PushReport> => base.whenSynced(revision, timeoutMs);
        return wrapSync === undefined ? wait() : wrapSync(wait);
      },
      book: this.book,
      sentinels: NO_SENTINEL_WATCH,
      follow: led.followOnce(FOLLOW_MS),
      moving,
      ...parts,
    });
    led.begin();
    moving.start();
    this.promotion.start();
  }

  get store(): TopologyStore {
    return this.led.store;
  }

  get turns(): GroupTurnTable {
    return this.led.turns;
  }

  async close(): Promise<void> {
    await this.promotion.close();
    await this.moving.close();
    await this.led.close();
  }
}
