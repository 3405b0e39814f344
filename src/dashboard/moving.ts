/**
 * Everything of a leader that moves slots, put together: the planner, the operations, the engine that carries them
 * out, and automatic balancing where that is switched on.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Leadership, NodeReader } from "../coordinator/coordinator.ts";
import type { DashboardConfig } from "./config/key.ts";
import type { MigrationControl, ProductStorage, ServerFigures } from "./control.ts";
import type { Fleet } from "./fleet/fleet.ts";
import { createMigrationEngine } from "./migration/create-engine.ts";
import { AutoBalance } from "./operation/auto-balance.ts";
import { OperationManager, type TopologyPort } from "./operation/operations.ts";
import { Planner } from "./operation/planner.ts";

/** What moving is made of. */
export interface MovingOptions {
  readonly config: DashboardConfig;
  readonly leadership: Leadership;
  readonly coordinator: NodeReader;
  readonly topology: TopologyPort;
  readonly storage: ProductStorage;
  readonly fleet: Pick<Fleet, "whenSynced" | "figures">;
  readonly serverFigures: () => ReadonlyMap<string, ServerFigures>;
  readonly clock: Clock;
  readonly log: Log;
}

/** See the file head. */
export class Moving {
  readonly #operations: OperationManager;
  readonly #autoBalance: AutoBalance | undefined;

  /** Reads what earlier leaders left; nothing moves before `start`. Rejects with the coordinator's codes. */
  static async open(options: MovingOptions): Promise<Moving> {
    const { config, leadership, topology, fleet, serverFigures, clock, log } = options;
    const { productName: product, productAuth: password, bigKey: bigKeyRule } = config;
    const planner = new Planner({
      topology: () => topology.snapshot(),
      serverFigures,
      epoch: leadership.epoch,
      password,
      planTimeoutMs: config.planTimeoutMs,
      bigKeyRule,
      maxStallMs: config.migrationMaxStallMs,
      log,
      clock,
    });
    const settings = {
      parallelSlots: config.migrationParallelSlots,
      maxStallMs: config.migrationMaxStallMs,
      ioTimeoutMs: config.migrationIoTimeoutMs,
      password,
    };
    const operations = await OperationManager.open({
      product,
      reader: options.coordinator,
      writer: leadership,
      topology,
      planner,
      createEngine: (policy, events) =>
        createMigrationEngine({
          product,
          leadership,
          topology,
          storage: options.storage,
          whenSynced: (revision, timeoutMs) => fleet.whenSynced(revision, timeoutMs),
          proxyFigures: () => fleet.figures(),
          settings,
          policy,
          events,
          log,
        }),
      bigKeyRule,
      log,
      clock,
    });
    const rules = {
      strategy: config.autoRebalanceStrategy,
      spread: config.autoRebalanceSpread,
      maxSlots: config.autoRebalanceMaxSlots,
      maxOps: config.autoRebalanceMaxOps,
      keysPerSecond: config.autoRebalanceKeysPerSecond,
      periodMs: config.autoRebalancePeriodMs,
    };
    const snapshot = (): ReturnType<TopologyPort["snapshot"]> => topology.snapshot();
    const autoBalance = config.autoRebalance
      ? new AutoBalance({ rules, topology: snapshot, serverFigures, operations, clock, log })
      : undefined;
    return new Moving(operations, autoBalance);
  }

  private constructor(operations: OperationManager, autoBalance: AutoBalance | undefined) {
    this.#operations = operations;
    this.#autoBalance = autoBalance;
  }

  get control(): MigrationControl {
    return this.#operations;
  }

  start(): void {
    this.#operations.start();
    this.#autoBalance?.start();
  }

  /** Resolves when nothing is under way any more, bounded by the engine's own deadlines. */
  async close(): Promise<void> {
    this.#autoBalance?.close();
    await this.#operations.close();
  }

  /** See `OperationManager.assignSlots`. */
  assignSlots<Result>(slotIds: readonly number[], change: () => Promise<Result>): Promise<Result> {
    return this.#operations.assignSlots(slotIds, change);
  }
}
