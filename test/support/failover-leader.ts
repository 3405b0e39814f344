/**
 * A leader of a product with a failure detector, put together by hand from the real rooms: topology store, fleet,
 * poller, book, detector. Several can follow one another on one folder, in one process or in another.
 */
import { type Log, silentLog } from "../../src/base/log.ts";
import type { Leadership } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { FailoverLedger } from "../../src/dashboard/availability/failover/failover-book.ts";
import {
  FailureDetector,
  type MasterPulses,
} from "../../src/dashboard/availability/failover/failure-detector.ts";
import type { DashboardConfig } from "../../src/dashboard/config/key.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import type { Fleet } from "../../src/dashboard/fleet/fleet.ts";
import type { TopologyStore } from "../../src/dashboard/topology/store.ts";
import { LedProduct } from "./led-product.ts";

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

/** Longer than a shared machine stands still. The lock of one that has died is free at once on files. */
const LEASE_MS = 6_000;
/** Of one order to a replica to follow. */
const FOLLOW_MS = 500;

/** See the file head. */
export class FailoverLeader {
  readonly led: LedProduct;
  readonly book: FailoverLedger;
  readonly detector: FailureDetector;

  /** Leads the product in this folder, and watches. */
  static async open(root: string, options: FailoverLeaderOptions = {}): Promise<FailoverLeader> {
    const { log = silentLog, wrap, pulses } = options;
    const led = await LedProduct.open({
      coordinator: await openCoordinator({ kind: "filesystem", addr: root, auth: "" }),
      config: defaultDashboardConfig({ productName: PRODUCT, ...options.config }),
      leaseMs: LEASE_MS,
      log,
      wrap,
      storesModels: false,
    });
    const { epoch, storage, clock } = led.parts();
    const topology = () => led.store.snapshot();
    const book = { product: PRODUCT, epoch, storage, topology, clock, log };
    return new FailoverLeader(led, await FailoverLedger.open(book), pulses);
  }

  private constructor(led: LedProduct, book: FailoverLedger, pulses: MasterPulses | undefined) {
    this.led = led;
    this.book = book;
    this.detector = new FailureDetector({
      parts: led.parts(),
      book,
      follow: led.followOnce(FOLLOW_MS),
      sentinels: { isWatched: () => false },
      askProxies: (timeoutMs) => led.fleet.askStats(timeoutMs),
      ...(pulses === undefined ? {} : { pulses }),
    });
    led.begin();
    this.detector.start();
  }

  get store(): TopologyStore {
    return this.led.store;
  }

  get fleet(): Fleet {
    return this.led.fleet;
  }

  /** The stored master of a group. */
  masterOf(groupId: number): string {
    return this.led.masterOf(groupId);
  }

  /** Ends the reign and gives the lock back. */
  async close(): Promise<void> {
    await this.detector.close();
    await this.book.close();
    await this.led.close();
  }
}
