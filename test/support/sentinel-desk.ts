/**
 * A leader for tests of sentinels: the real store on a filesystem coordinator, the real fleet, and the room
 * `availability/sentinel`; stories in memory, and replicas that follow at once. It may be closed and opened again on
 * the same folder, as a dashboard that was away.
 */
import { type Log, silentLog } from "../../src/base/log.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { Sentinels } from "../../src/dashboard/availability/sentinel/sentinels.ts";
import type { DashboardConfig } from "../../src/dashboard/config/key.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import type { TopologyStore } from "../../src/dashboard/topology/store.ts";
import { LedProduct } from "./led-product.ts";
import { MemoryBook } from "./memory-book.ts";

/** Product of the tests. */
export const PRODUCT = "sentinel-demo";

/**
 * Sentinels that stood still for more than two seconds believe nobody dead for a while (`TILT_MS` of the sentinels); a
 * shorter pause of the whole machine makes nobody look dead either, as it is shorter than this.
 */
export const SENTINEL_DOWN_AFTER_MS = 2_500;

/** Short times, so that tests are. */
const CONFIG: Partial<DashboardConfig> = {
  productName: PRODUCT,
  sentinelDownAfterMs: SENTINEL_DOWN_AFTER_MS,
  sentinelFailoverTimeoutMs: 10_000,
  sentinelClientTimeoutMs: 5_000,
};

/** Of one order to a replica to follow. */
const FOLLOW_MS = 1_000;

/** See the file head. */
export class SentinelDesk {
  readonly led: LedProduct;
  readonly sentinels: Sentinels;
  readonly book = new MemoryBook();

  /** Leads the product in this folder, and begins at once. */
  static async open(root: string, log: Log = silentLog): Promise<SentinelDesk> {
    const config = { ...defaultDashboardConfig(), ...CONFIG };
    const coordinator = await openCoordinator({ kind: "filesystem", addr: root, auth: "" });
    return new SentinelDesk(await LedProduct.open({ coordinator, config, log }));
  }

  private constructor(led: LedProduct) {
    this.led = led;
    this.sentinels = new Sentinels({
      ...led.parts(),
      book: this.book,
      follow: led.followOnce(FOLLOW_MS),
      pushSentinels: (sentinels, timeoutMs) => led.fleet.setSentinels(sentinels, timeoutMs),
    });
    led.begin();
    this.sentinels.start();
  }

  get store(): TopologyStore {
    return this.led.store;
  }

  /** Addresses of a group's servers as stored, the master first. */
  serversOf(groupId: number): readonly string[] {
    return this.led.serversOf(groupId);
  }

  /** Ends it without a word to anybody; what is stored stays. */
  async close(): Promise<void> {
    await this.sentinels.close();
    await this.led.close();
  }
}
