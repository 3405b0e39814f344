/**
 * All proxies of a product as its leader drives them: whatever the newest topology says, every proxy is
 * brought to it and kept there, each by a driver of its own, all at the same time. Nobody waits for a proxy
 * here but who asks to (`whenSynced`), and then no longer than asked for.
 *
 * Every call carries the leader's epoch and the revision, by which a proxy tells an old leader from a newer
 * one. Nothing is sent while `isLeader` says no.
 */
import type { ProxyStatsJson } from "../../api/proxy-stats.ts";
import { LATE, within } from "../../base/bounded-wait.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { CodisError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { ProxyModel } from "../../model/proxy-model.ts";
import type { ProxyRecord } from "../../model/proxy-record.ts";
import { NO_SENTINELS, type SentinelRecord } from "../../model/sentinel.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { ProxyFigures, PushReport } from "../control.ts";
import { type AdmissionParts, checkXauth, fetchModel } from "./admission.ts";
import { DesiredTables, type SlotViews } from "./desired-tables.ts";
import type { LetIn } from "./let-in.ts";
import { type DriverParts, ProxyDriver } from "./proxy-driver.ts";
import { createProxyLink, type ProxyLink } from "./proxy-link.ts";
import type { DesiredState } from "./proxy-pusher.ts";
import { type SyncQuestion, SyncWaits } from "./sync-wait.ts";
import { FLEET_TIMING, type FleetTiming } from "./timing.ts";

/** What a fleet needs. */
export interface FleetOptions {
  readonly productName: string;
  readonly productAuth: string;
  /** Of this leader. */
  readonly epoch: number;
  /** Asked right before every call to a proxy. */
  readonly isLeader: () => boolean;
  /** `slotViewsOf` of the migration method. */
  readonly slotViews: SlotViews;
  readonly log: Log;
  /** A proxy has heard a newer leader; called again with every call that is refused so. */
  readonly onOutdated: () => void;
  /**
   * A proxy says another model than the one of the topology: it was started again. Called again every few
   * seconds until the topology has it. Must not throw.
   */
  readonly onModelChanged: (token: string, model: ProxyModel) => void;
  /** Asked before a proxy gets all its slots, see `LetIn`. Default: nothing has to be done. */
  readonly beforeFill?: LetIn;
  readonly clock?: Clock;
  /** Replaces single times (tests). */
  readonly timing?: Partial<FleetTiming>;
  /** Replaces HTTP (tests). */
  readonly connect?: (proxy: ProxyRecord) => ProxyLink;
}

/** Spreads first looks evenly over the period, whatever the number of proxies. */
const GOLDEN_RATIO = 0.618_034;

/** See the file head. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #clock: Clock;
  readonly #timing: FleetTiming;
  readonly #tables: DesiredTables;
  readonly #waits: SyncWaits;
  readonly #drivers = new Map<string, ProxyDriver>();
  /** Tokens of proxies that can't write, and that nobody waits for. */
  readonly #fenced = new Set<string>();
  /** Drivers of removed proxies that haven't ended yet. */
  readonly #closing = new Set<Promise<void>>();
  #topology: Topology | undefined;
  #sentinels: SentinelRecord = NO_SENTINELS;
  #driverCount = 0;
  #isClosed = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#timing = { ...FLEET_TIMING, ...options.timing };
    this.#tables = new DesiredTables(options.slotViews);
    this.#waits = new SyncWaits(this.#clock);
  }

  /**
   * The new desired state; pushes begin before this returns. A topology that isn't newer than the last one
   * is ignored.
   */
  setTopology(topology: Topology): void {
    const isNewer = this.#topology === undefined || topology.revision > this.#topology.revision;
    if (this.#isClosed || !isNewer) {
      return;
    }
    if (!isSameSentinel(topology.sentinel, this.#topology?.sentinel)) {
      this.#sentinels = topology.sentinel;
    }
    this.#topology = topology;
    this.#tables.update(topology);
    for (const [token, driver] of this.#drivers) {
      const proxy = topology.proxies.get(token);
      if (proxy === undefined) {
        this.#waits.forget(driver);
        this.#remove(token, driver);
      } else if (proxy.adminAddr !== driver.record.adminAddr) {
        this.#waits.fail(driver, "has another admin address now; it is called there");
        this.#remove(token, driver);
      }
    }
    for (const proxy of topology.proxies.values()) {
      this.#setProxy(proxy);
    }
  }

  /**
   * Proxies that are fenced are left out of all waits, those under way as well, and of their reports. They are
   * told everything all the same as soon as they answer, beginning with `beforeFill`.
   */
  setFenced(token: string, isFenced: boolean): void {
    if (this.#fenced.has(token) === isFenced) {
      return;
    }
    if (!isFenced) {
      this.#fenced.delete(token);
      return;
    }
    this.#fenced.add(token);
    const driver = this.#drivers.get(token);
    if (driver !== undefined) {
      // With it goes every call that is under way: what comes next begins with `beforeFill`.
      this.#waits.forget(driver);
      this.#remove(token, driver);
      this.#setProxy(driver.record);
    }
  }

  /**
   * Waits until every proxy of the newest topology has the slots of this revision or a later one. A proxy
   * that doesn't answer, or refused the last push, counts as failed at once; the others have `timeoutMs`.
   * Pushes to those that failed go on.
   */
  whenSynced(revision: number, timeoutMs: number): Promise<PushReport> {
    return this.#wait((driver) => driver.syncOf(revision), timeoutMs);
  }

  /**
   * Pushes these sentinels to all proxies, also to those that have them, and waits as `whenSynced` does. They
   * are the desired ones until the topology has others than before.
   */
  setSentinels(sentinels: SentinelRecord, timeoutMs: number): Promise<PushReport> {
    // A copy, so that it differs from what proxies have confirmed.
    this.#sentinels = { ...sentinels };
    for (const driver of this.#drivers.values()) {
      this.#setDesired(driver, driver.record);
    }
    return this.#wait((driver) => driver.sentinelSyncOf(), timeoutMs);
  }

  /**
   * Pushes everything to one proxy now. Rejects with `NOT_FOUND`, or `PROXY_CALL_FAILED` and Codis's text
   * of the step that failed; it goes on trying also then.
   */
  async reinit(token: string, timeoutMs: number): Promise<void> {
    const filled = this.#driverOf(token).refill();
    if ((await within(timeoutMs, filled, this.#clock)) === LATE) {
      const message = `proxy-[${token}] fillslots failed: not done within ${timeoutMs} ms`;
      throw new CodisError("PROXY_CALL_FAILED", message);
    }
  }

  /** By token: the outcome of the last look at each proxy. */
  figures(): ReadonlyMap<string, ProxyFigures> {
    return new Map(
      [...this.#drivers].map(([token, driver]) => [
        token,
        { ...driver.figures(), isFenced: this.#fenced.has(token) },
      ]),
    );
  }

  /**
   * Asks all proxies for their statistics now, all at the same time, and waits no longer than `timeoutMs`. By token;
   * undefined: no answer in time. Those that are fenced aren't asked.
   */
  async askStats(timeoutMs: number): Promise<ReadonlyMap<string, ProxyStatsJson | undefined>> {
    const drivers = [...this.#drivers].filter(([token]) => !this.#fenced.has(token));
    const asked = drivers.map(async ([token, driver]) => {
      // Why a proxy doesn't answer is told by the looks at it.
      const answer = driver.askStats().catch(() => undefined);
      const stats = await within(timeoutMs, answer, this.#clock);
      return [token, stats === LATE ? undefined : stats] as const;
    });
    return new Map(await Promise.all(asked));
  }

  /** Reads the model of a proxy that isn't one of the product yet. See `admission.ts`. */
  fetchModel(addr: string): Promise<ProxyModel> {
    return fetchModel(addr, this.#admission());
  }

  /** Checks that a proxy can become one of the product. See `admission.ts`. */
  checkXauth(addr: string, model: ProxyModel): Promise<void> {
    const version = { epoch: this.#options.epoch, revision: this.#topology?.revision ?? 0 };
    return checkXauth(addr, model, version, this.#admission());
  }

  /** Tells a proxy to end. Rejects with `NOT_FOUND`, or `PROXY_CALL_FAILED` and Codis's text. */
  async shutdownProxy(token: string): Promise<void> {
    await this.#driverOf(token).shutdown();
  }

  /** Ends all calls, timers and waits; resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waits.close();
    for (const [token, driver] of this.#drivers) {
      this.#remove(token, driver);
    }
    await Promise.all(this.#closing);
  }

  #setProxy(proxy: ProxyRecord): void {
    const driver = this.#drivers.get(proxy.token);
    if (driver !== undefined) {
      this.#setDesired(driver, proxy);
      return;
    }
    const { connect = (record) => this.#connect(record) } = this.#options;
    const phase = (this.#driverCount * GOLDEN_RATIO) % 1;
    this.#driverCount += 1;
    const created: ProxyDriver = new ProxyDriver(
      { ...this.#driverParts(), onChange: () => this.#waits.check(created) },
      proxy,
      connect(proxy),
      this.#desiredOf(proxy.token),
      phase * this.#timing.pollPeriodMs,
    );
    this.#drivers.set(proxy.token, created);
  }

  #setDesired(driver: ProxyDriver, proxy: ProxyRecord): void {
    driver.setDesired(proxy, this.#desiredOf(proxy.token));
    this.#waits.check(driver);
  }

  #desiredOf(token: string): DesiredState {
    return {
      revision: this.#topology?.revision ?? 0,
      table: this.#tables.tableOf(token),
      sentinels: this.#sentinels,
    };
  }

  #driverParts(): Omit<DriverParts, "onChange"> {
    const { productName, epoch, isLeader, log, onOutdated, onModelChanged } = this.#options;
    const { beforeFill = async () => undefined } = this.#options;
    const parts = { productName, epoch, isLeader, log, onOutdated, onModelChanged, beforeFill };
    return { ...parts, clock: this.#clock, timing: this.#timing };
  }

  #connect({ adminAddr: addr, token }: ProxyRecord): ProxyLink {
    const { productName, productAuth } = this.#options;
    const slotCount = this.#topology?.slotCount;
    const timing = this.#timing;
    return createProxyLink({ addr, token, productName, productAuth, slotCount, timing });
  }

  #remove(token: string, driver: ProxyDriver): void {
    this.#drivers.delete(token);
    const closing = driver.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #driverOf(token: string): ProxyDriver {
    const driver = this.#drivers.get(token);
    if (driver === undefined) {
      throw new CodisError("NOT_FOUND", `proxy-[${token}] doesn't exist`);
    }
    return driver;
  }

  #admission(): AdmissionParts {
    const { productName, productAuth, onOutdated } = this.#options;
    const slotCount = this.#topology?.slotCount;
    const timeoutMs = this.#timing.admissionTimeoutMs;
    return { productName, productAuth, slotCount, onOutdated, timeoutMs };
  }

  #wait(question: SyncQuestion, timeoutMs: number): Promise<PushReport> {
    const drivers = [...this.#drivers.values()].filter(
      ({ record }) => !this.#fenced.has(record.token),
    );
    return this.#waits.wait(drivers, question, timeoutMs);
  }
}

function isSameSentinel(sentinel: SentinelRecord, other: SentinelRecord | undefined): boolean {
  return JSON.stringify(sentinel) === JSON.stringify(other);
}
