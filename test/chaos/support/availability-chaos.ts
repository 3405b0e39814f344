/**
 * Chaos for a product with replicas: writers on two proxies, faults one after another, and at the end the proof that
 * all came back by itself: every group has its replica, every proxy serves, no acknowledged write is missing that
 * mustn't be.
 *
 * With faults that replace no master nothing may be missing; with the others only writes that were acknowledged before
 * a replica had them, and none of those that had waited for one (WAIT).
 */
import { waitFor } from "../../support/deadline.ts";
import { PacedWriter } from "../../support/paced-writer.ts";
import { ReplicatedProduct } from "../../support/replicated-product.ts";
import { Random } from "../../support/seed.ts";
import { memoryFolder } from "../../support/temporary-folder.ts";
import { AVAILABILITY_FAULTS } from "./availability-fault.ts";
import { sleep } from "./fault.ts";

/** How a run goes. */
export interface AvailabilityChaosOptions {
  readonly seed: number;
  /** Faults are begun for so long. */
  readonly durationMs: number;
  /** Also those after which a master may be replaced. */
  readonly replacesMasters: boolean;
}

/** How it went. */
export interface AvailabilityChaosResult {
  /** Empty: all is well. */
  readonly problems: readonly string[];
  readonly faults: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  /** Acknowledged by masters alone, and missing. */
  readonly lost: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly timeline: readonly string[];
}

const CONNECTIONS = 8;
const RATE = 300;
const SETTLE_MS = 60_000;
const SERVED_MS = 20_000;
const REST_MS = 1_500;
/** The lease is shorter than a dashboard is frozen for. */
const LEASE = { leader_lease: "5s" };
const CONFIG = { ha_enabled: true, ha_down_after: "2s", ha_failover_window: "0s", ...LEASE };
const PROXY_CONFIG = { workers: 1, slot_hold_timeout: "5s" };
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];

/** Runs once. */
export async function runAvailabilityChaos(
  options: AvailabilityChaosOptions,
): Promise<AvailabilityChaosResult> {
  const folder = memoryFolder();
  const product = await ReplicatedProduct.start({
    coordinator: { name: "filesystem", addr: folder.join("data") },
    proxies: 2,
    standbys: 1,
    config: { ...CONFIG, proxy_dead_after: "3s", proxy_push_timeout: "1s" },
    proxyConfig: PROXY_CONFIG,
    serverArgs: DURABLE,
  });
  try {
    return await new AvailabilityChaos(options, product).run();
  } finally {
    await product.stop();
    folder.remove();
  }
}

class AvailabilityChaos {
  readonly #options: AvailabilityChaosOptions;
  readonly #product: ReplicatedProduct;
  readonly #random: Random;
  readonly #startedAtMs = performance.now();
  readonly #problems: string[] = [];
  readonly #faults: Record<string, number> = {};
  readonly #timeline: string[] = [];

  constructor(options: AvailabilityChaosOptions, product: ReplicatedProduct) {
    this.#options = options;
    this.#product = product;
    this.#random = new Random(options.seed);
  }

  async run(): Promise<AvailabilityChaosResult> {
    const plain = this.#writers("plain", 0);
    const sure = this.#writers("sure", 1);
    const all = [...plain, ...sure];
    for (const writer of all) {
      writer.start();
    }
    await this.#inject();
    this.#note("no more faults");
    await this.#check("recovery", () => this.#recovered());
    await this.#check("service for all writers", () => served(all));
    await Promise.all(all.map((writer) => writer.stop()));
    const lost = await missingOf(plain);
    const lostSure = await missingOf(sure);
    if (lostSure.length > 0) {
      this.#problems.push(`written with WAIT and missing: ${lostSure.join("; ")}`);
    }
    if (lost.length > 0 && !this.#options.replacesMasters) {
      this.#problems.push(`missing: ${lost.join("; ")}`);
    }
    return {
      problems: this.#problems,
      faults: this.#faults,
      acknowledged: all.reduce((sum, writer) => sum + writer.figures().acknowledged, 0),
      lost: lost.length,
      errors: errorsOf(all),
      timeline: this.#timeline,
    };
  }

  #writers(name: string, replicas: number): readonly PacedWriter[] {
    return this.#product.proxies.map(
      ({ port }, proxy) =>
        new PacedWriter({
          port,
          connections: CONNECTIONS,
          writesPerSecond: RATE,
          keyOf: (connection, index) => `${name}:${proxy}:${connection}:${index}`,
          keysPerConnection: 50,
          replicas,
        }),
    );
  }

  /** One fault after another, each kind once before any comes again; the product is well before the next one. */
  async #inject(): Promise<void> {
    const wanted = AVAILABILITY_FAULTS.filter(
      ({ mayLose }) => this.#options.replacesMasters || !mayLose,
    );
    let left: typeof wanted = [];
    const endsAtMs = performance.now() + this.#options.durationMs;
    while (performance.now() < endsAtMs && this.#problems.length === 0) {
      left = left.length === 0 ? [...wanted] : left;
      const at = this.#random.below(left.length);
      const fault = left[at];
      left = left.filter((_, index) => index !== at);
      if (fault === undefined) {
        return;
      }
      this.#faults[fault.name] = (this.#faults[fault.name] ?? 0) + 1;
      this.#note(`fault: ${fault.name}`);
      await this.#check(fault.name, () =>
        fault.run({
          product: this.#product,
          random: this.#random,
          note: (text) => this.#note(text),
        }),
      );
      await this.#check(`recovery from "${fault.name}"`, () => this.#recovered());
      await sleep(this.#random.below(REST_MS));
    }
  }

  /** By itself: replicas follow, proxies are synced, operations are over. */
  async #recovered(): Promise<void> {
    await waitFor("end of what was begun", SETTLE_MS, async () => {
      const operations = await this.#product.dashboard.v1.operations();
      const open = operations.filter(({ state }) => state !== "done" && state !== "cancelled");
      if (open.length > 0) {
        throw new Error(open.map(({ id, state, reason }) => `${id} ${state} ${reason}`).join());
      }
      return true;
    });
    await this.#product.whenWell(SETTLE_MS);
  }

  async #check(name: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (thrown) {
      const text = `${name}: ${thrown instanceof Error ? thrown.message : "a failure"}`;
      this.#note(`problem: ${text}`);
      this.#problems.push(text);
    }
  }

  #note(text: string): void {
    const seconds = ((performance.now() - this.#startedAtMs) / 1_000).toFixed(2);
    this.#timeline.push(`${seconds} s: ${text}`);
  }
}

async function served(writers: readonly PacedWriter[]): Promise<void> {
  const sinceMs = performance.now();
  await waitFor("answers to all writers", SERVED_MS, () =>
    writers.every((writer) => writer.lastAckAtMs > sinceMs) ? true : undefined,
  );
}

async function missingOf(writers: readonly PacedWriter[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const writer of writers) {
    missing.push(...(await writer.missing()));
  }
  return missing;
}

function errorsOf(writers: readonly PacedWriter[]): Readonly<Record<string, number>> {
  const errors: Record<string, number> = {};
  for (const writer of writers) {
    for (const [text, count] of writer.figures().errors) {
      errors[text] = (errors[text] ?? 0) + count;
    }
  }
  return errors;
}
