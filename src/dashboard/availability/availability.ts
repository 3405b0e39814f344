/**
 * Everything of a leader that keeps groups served and nobody waiting, put together: promotions, failovers, sentinels,
 * replicas that follow, and proxies that are gone. The rooms know one another by `contract.ts` only.
 */
import type { ProxyStatsJson } from "../../api/proxy-stats.ts";
import type { ProxyModel } from "../../model/proxy-model.ts";
import type { SentinelRecord } from "../../model/sentinel.ts";
import type { AvailabilityControl, PushReport } from "../control.ts";
import type { LoginOrder } from "../fleet/let-in.ts";
import type { AvailabilityParts, MovingGroups } from "./contract.ts";
import { FailoverLedger } from "./failover/failover-book.ts";
import { FailureDetector } from "./failover/failure-detector.ts";
import { createServerOrders } from "./failover/server-orders.ts";
import { ProxyFences } from "./fence/proxy-fences.ts";
import { GroupTurnTable } from "./group-turns.ts";
import { Promotion } from "./promotion/promotion.ts";
import { ReplicationWatch } from "./replication/replication-watch.ts";
import { Sentinels } from "./sentinel/sentinels.ts";

/** What it is made of. */
export interface AvailabilityOptions extends Omit<AvailabilityParts, "turns"> {
  readonly moving: MovingGroups;
  readonly fleet: {
    setFenced(token: string, isFenced: boolean): void;
    setSentinels(sentinels: SentinelRecord, timeoutMs: number): Promise<PushReport>;
    askStats(timeoutMs: number): Promise<ReadonlyMap<string, ProxyStatsJson | undefined>>;
  };
}

/** See the file head. */
export class Availability {
  readonly sentinels: Sentinels;
  readonly #book: FailoverLedger;
  readonly #fences: ProxyFences;
  readonly #replication: ReplicationWatch;
  readonly #promotion: Promotion;
  readonly #detector: FailureDetector;

  /**
   * Reads what earlier leaders left; before the fleet gets its first topology. Nothing is done before `start`. Rejects
   * with the coordinator's codes.
   */
  static async open(options: AvailabilityOptions): Promise<Availability> {
    const { config, epoch, storage, topology, clock, log } = options;
    const book = await FailoverLedger.open({
      product: config.productName,
      epoch,
      storage,
      topology: () => topology.snapshot(),
      clock,
      log,
    });
    const fences = await ProxyFences.open(options);
    return new Availability(options, book, fences);
  }

  private constructor(options: AvailabilityOptions, book: FailoverLedger, fences: ProxyFences) {
    const { fleet, moving } = options;
    const parts: AvailabilityParts = { ...options, turns: new GroupTurnTable() };
    this.#book = book;
    this.#fences = fences;
    this.#replication = new ReplicationWatch({
      ...parts,
      // Each of the two needs the other.
      sentinels: {
        isWatched: (groupId) => this.sentinels.isWatched(groupId),
        masterOf: (groupId) => this.sentinels.masterOf(groupId),
      },
    });
    const follow = this.#replication;
    this.sentinels = new Sentinels({
      ...parts,
      book,
      follow,
      pushSentinels: (sentinels, timeoutMs) => fleet.setSentinels(sentinels, timeoutMs),
    });
    const { sentinels } = this;
    this.#promotion = new Promotion({ ...parts, book, sentinels, follow, moving });
    this.#detector = new FailureDetector({
      parts,
      book,
      follow,
      sentinels,
      orders: createServerOrders(parts.config.productAuth),
      askProxies: (timeoutMs) => fleet.askStats(timeoutMs),
    });
  }

  start(): void {
    this.#fences.start();
    this.sentinels.start();
    // It takes the turns of groups that it has to finish before anybody else can.
    this.#promotion.start();
    this.#replication.start();
    this.#detector.start();
  }

  /** Resolves when nothing is under way any more; the fleet and what moves slots must still be there. */
  async close(): Promise<void> {
    await Promise.all([this.#promotion.close(), this.#detector.close()]);
    await Promise.all([this.sentinels.close(), this.#replication.close(), this.#fences.close()]);
    await this.#book.close();
  }

  /** See `LetIn`. */
  admit(token: string, model: ProxyModel): Promise<LoginOrder | undefined> {
    return this.#fences.admit(token, model);
  }

  get control(): AvailabilityControl {
    return {
      planPromotion: (groupId, addr) => this.#promotion.plan(groupId, addr),
      promote: (groupId, addr) => this.#promotion.promote(groupId, addr),
      failovers: () => this.#book.all(),
      onFailover: (listener) => this.#book.onFailover(listener),
      replicationFaults: () => this.#replication.faults(),
      repair: (groupId, isDryRun) => this.#replication.repair(groupId, isDryRun),
      fences: () => this.#fences.fences(),
      declareGone: (token) => this.#fences.declareGone(token),
      detector: () => this.#detector.describe(),
      sentinelProblems: () => this.sentinels.problems(),
    };
  }
}
