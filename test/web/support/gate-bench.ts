/**
 * What the timed gates stand on: a page with observers for paints, shifts, long tasks and slow interactions, a slower
 * processor or network by the browser's own protocol, and a product that changes as a live one does.
 */
import type { Browser, CDPSession, Page } from "playwright-core";
import type { FixtureServer } from "./fixture-server.ts";
import type { ProductFixture } from "./typical-product.ts";

/** What a gate gets. */
export interface GateBench {
  readonly browser: Browser;
  readonly server: FixtureServer;
  readonly products: readonly ProductFixture[];
  /** Length of the live phases, milliseconds. */
  readonly liveMs: number;
  /** How long P7 looks at memory, milliseconds. */
  readonly growMs: number;
  /** Loads of which the median counts. */
  readonly times: number;
}

/** What was found. */
export interface GateResult {
  readonly demand: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** A gate of the console's reference. */
export interface Gate {
  readonly id: string;
  measure(bench: GateBench): Promise<readonly GateResult[]>;
}

/** A page that is measured. */
export interface MeasuredPage {
  readonly page: Page;
  readonly cdp: CDPSession;
  readonly seen: () => Promise<Seen>;
  readonly close: () => Promise<void>;
}

/** What the observers of a page have seen; milliseconds. */
export interface Seen {
  readonly fcp: number;
  readonly lcp: number;
  readonly shift: number;
  /** Parts of long tasks above 50 ms, of each. */
  readonly blocked: readonly number[];
  /** Durations of interactions. */
  readonly interactions: readonly number[];
}

/** Opens a page with a processor that is so many times slower; `isSlowNetwork`: 10 Mbit/s, 40 ms. */
export async function openMeasured(
  { browser, server }: Pick<GateBench, "browser" | "server">,
  path: string,
  slower = 1,
  isSlowNetwork = false,
): Promise<MeasuredPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await page.addInitScript(observe);
  await cdp.send("Performance.enable");
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: slower });
  if (isSlowNetwork) {
    const bytesPerSecond = 10_000_000 / 8;
    await cdp.send("Network.enable");
    await cdp.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: 40,
      downloadThroughput: bytesPerSecond,
      uploadThroughput: bytesPerSecond,
    });
  }
  await page.goto(server.url(path));
  await page.waitForSelector(".shell main h1");
  return {
    page,
    cdp,
    seen: () => page.evaluate(() => (globalThis as unknown as { codisSeen: Seen }).codisSeen),
    close: () => context.close(),
  };
}

/** Runs in the page before its own scripts. */
function observe(): void {
  const seen = { fcp: 0, lcp: 0, shift: 0, blocked: [] as number[], interactions: [] as number[] };
  Object.assign(globalThis, { codisSeen: seen });
  const on = (type: string, take: (entry: PerformanceEntry) => void, options = {}): void => {
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({
      type,
      buffered: true,
      ...options,
    });
  };
  on("paint", (entry) => {
    if (entry.name === "first-contentful-paint") {
      seen.fcp = entry.startTime;
    }
  });
  on("largest-contentful-paint", (entry) => {
    seen.lcp = entry.startTime;
  });
  on("layout-shift", (entry) => {
    const shift = entry as PerformanceEntry & { value: number; hadRecentInput: boolean };
    seen.shift += shift.hadRecentInput ? 0 : shift.value;
  });
  on("longtask", (entry) => seen.blocked.push(entry.duration - 50));
  const slow = { durationThreshold: 16 };
  on(
    "event",
    (entry) => {
      if ((entry as PerformanceEntry & { interactionId: number }).interactionId > 0) {
        seen.interactions.push(entry.duration);
      }
    },
    slow,
  );
}

/** A value of the browser's own counters (`Performance.getMetrics`), such as `ScriptDuration` in seconds. */
export async function metricOf(cdp: CDPSession, name: string): Promise<number> {
  const { metrics } = await cdp.send("Performance.getMetrics");
  return metrics.find((each) => each.name === name)?.value ?? 0;
}

/**
 * Changes figures of a product every second, as a busy one does, until the returned function is called. Those of a
 * server or a proxy change every `periodSeconds`; a dashboard tells them every 5 seconds, so 1 is more than it does.
 */
export function startChanges(
  { server, products }: Pick<GateBench, "server" | "products">,
  name: string,
  periodSeconds = 1,
): () => void {
  const product = products.find((each) => each.name === name);
  if (product === undefined) {
    throw new Error(`there is no product ${name}`);
  }
  let round = 0;
  const timer = setInterval(() => {
    round += 1;
    server.publish(name, changesOf(product, round, periodSeconds));
  }, 1000);
  return () => clearInterval(timer);
}

/** Figures that differ in a round: all proxies and masters, a third of the replicas, sums, progress. */
function changesOf(
  { values }: ProductFixture,
  round: number,
  periodSeconds: number,
): Readonly<Record<string, unknown>> {
  const changed: Record<string, unknown> = {};
  for (const [index, [key, value]] of Object.entries(values).entries()) {
    const parts = value as Record<string, unknown>;
    const isReplica = parts["role"] === "replica";
    const isMember = key.startsWith("proxy:") || key.startsWith("server:");
    const isDue = key === "stats" || (isMember && (round + index) % periodSeconds === 0);
    if (isDue && (!isReplica || periodSeconds > 1 || (round + key.length) % 3 === 0)) {
      changed[key] = { ...parts, ops_per_second: 5000 + ((round * 37 + key.length * 11) % 900) };
    }
    if (key.startsWith("progress:")) {
      changed[key] = { ...parts, keys_moved: 40_000 + round * 50 };
    }
  }
  return changed;
}

/** The middle one; of an even number the lower middle. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** Whole milliseconds. */
export function ms(figure: number): string {
  return `${figure < 10 ? figure.toFixed(1) : Math.round(figure)} ms`;
}
