/**
 * Everything of a leader that moves slots, put together: the planner, the operations, and automatic balancing where
 * that is switched on. The engine, which carries moves out, comes from outside.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { NodeReader, NodeWriter } from "../coordinator/coordinator.ts";
import type { DashboardConfig } from "./config/key.ts";
import type { MigrationControl, ServerFigures } from "./control.ts";
import type { EngineEvents, MigrationEngine, MigrationPolicy } from "./migration/contract.ts";
import { AutoBalance } from "./operation/auto-balance.ts";
import { OperationManager, type TopologyPort } from "./operation/operations.ts";
import { Planner } from "./operation/planner.ts";

/** What moving is made of. */
export interface MovingOptions {
  readonly config: DashboardConfig;
  readonly epoch: number;
  readonly reader: NodeReader;
  /** Fenced: the leadership. */
  readonly writer: NodeWriter;
  readonly topology: TopologyPort;
  readonly serverFigures: () => ReadonlyMap<string, ServerFigures>;
  readonly createEngine: (policy: MigrationPolicy, events: EngineEvents) => MigrationEngine;
  readonly clock: Clock;
  readonly log: Log;
}

/** See the file head. */
export class Moving {
  readonly #operations: OperationManager;
  readonly #autoBalance: AutoBalance | undefined;

  /** Reads what earlier leaders left; nothing moves before `start`. Rejects with the coordinator's codes. */
  static async open(options: MovingOptions): Promise<Moving> {
    const { config, topology, serverFigures, clock, log } = options;
    const planner = new Planner({
      topology: () => topology.snapshot(),
      serverFigures,
      epoch: options.epoch,
      password: config.productAuth,
      planTimeoutMs: config.planTimeoutMs,
      bigKeyRule: config.bigKey,
      maxStallMs: config.migrationMaxStallMs,
      log,
      clock,
    });
    const operations = await OperationManager.open({
      ...options,
      product: config.productName,
      planner,
      bigKeyRule: config.bigKey,
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
