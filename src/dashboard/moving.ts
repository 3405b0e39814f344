/**
 * Everything of a leader that moves slots, put together: the planner, the operations, the engine that carries them
 * out, and automatic balancing where that is switched on.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Leadership, NodeReader } from "../coordinator/coordinator.ts";
import type { ForwardMethod } from "../model/slot.ts";
import type { SlotMapping } from "../model/slot-mapping.ts";
import type { MovingGroups } from "./availability/contract.ts";
import type { DashboardConfig } from "./config/key.ts";
import type { MigrationControl, ProductStorage, ServerFigures, SlotAssignment } from "./control.ts";
import type { Fleet } from "./fleet/fleet.ts";
import { ClientLatencies } from "./live/client-latency.ts";
import { createMigrationEngine } from "./migration/create-engine.ts";
import { LeftSlots } from "./migration/left-slots.ts";
import { MoveMethods } from "./migration/move-methods.ts";
import { AutoBalance } from "./operation/auto-balance.ts";
import { OperationManager, type TopologyPort } from "./operation/operations.ts";
import type { ClientLatency } from "./operation/p99-guard.ts";
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
  /** For the p99 guard. Default: from the fleet's looks at the proxies. */
  readonly clientLatency?: (() => ClientLatency | undefined) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

interface MovingParts {
  readonly operations: OperationManager;
  readonly autoBalance: AutoBalance | undefined;
  readonly left: LeftSlots;
  readonly methods: MoveMethods;
  readonly topology: TopologyPort;
}

/** See the file head. */
export class Moving implements MovingGroups {
  readonly #operations: OperationManager;
  readonly #autoBalance: AutoBalance | undefined;
  readonly #left: LeftSlots;
  readonly #methods: MoveMethods;
  readonly #topology: TopologyPort;

  /** Reads what earlier leaders left; nothing moves before `start`. Rejects with the coordinator's codes. */
  static async open(options: MovingOptions): Promise<Moving> {
    const { config, leadership, topology, fleet, serverFigures, clock, log } = options;
    const { productName: product, productAuth: password, bigKey: bigKeyRule } = config;
    const migrationMethod: "sync" | "semi-async" =
      config.migrationMethod === "sync" ? "sync" : "semi-async";
    const planner = new Planner({
      migrationMethod,
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
      method: migrationMethod,
      asyncMaxBulks: config.migrationAsyncMaxbulks,
      asyncMaxBytes: config.migrationAsyncMaxBytes,
      asyncNumKeys: config.migrationAsyncNumkeys,
      timeoutMs: config.migrationTimeoutMs,
      parallelSlots: config.migrationParallelSlots,
      maxStallMs: config.migrationMaxStallMs,
      ioTimeoutMs: config.migrationIoTimeoutMs,
      password,
    };
    const left = new LeftSlots(options.storage, product);
    const methods = await MoveMethods.open(options.storage, product);
    const operations = await OperationManager.open({
      product,
      reader: options.coordinator,
      writer: leadership,
      topology,
      planner,
      proxyFigures: () => fleet.figures(),
      clientLatency: clientLatencyOf(options),
      createEngine: (policy, events) =>
        createMigrationEngine({
          leadership,
          topology,
          left,
          methods,
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
    return new Moving({ operations, autoBalance, left, methods, topology });
  }

  private constructor({ operations, autoBalance, left, methods, topology }: MovingParts) {
    this.#operations = operations;
    this.#autoBalance = autoBalance;
    this.#left = left;
    this.#methods = methods;
    this.#topology = topology;
  }

  /** How keys of a slot that moves are reached. */
  methodOf(slot: SlotMapping): ForwardMethod {
    return this.#methods.of(slot);
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

  /**
   * See `OperationManager.assignSlots`. Before `change`, it is forgotten that these slots have left the groups
   * that have to do with it: keys of theirs that are found there later are nobody's leftovers any more.
   */
  assignSlots<Result>(
    assignments: readonly SlotAssignment[],
    change: () => Promise<Result>,
  ): Promise<Result> {
    const ids = assignments.map(({ id }) => id);
    return this.#operations.assignSlots(ids, async () => {
      for (const [groupId, slotIds] of this.#concerned(assignments)) {
        await this.#left.remove(groupId, slotIds);
      }
      return change();
    });
  }

  hold(groupId: number): Promise<() => void> {
    return this.#operations.hold(groupId);
  }

  /** A group's first server comes: nothing that is found there was left by a move. */
  async forgetLeft(groupId: number): Promise<void> {
    await this.#left.clear(groupId);
  }

  /** Slots by the groups that they are in, move to, or are given to. */
  #concerned(assignments: readonly SlotAssignment[]): ReadonlyMap<number, readonly number[]> {
    const { slots } = this.#topology.snapshot();
    const slotIdsByGroup = new Map<number, number[]>();
    for (const { id, groupId } of assignments) {
      const slot = slots[id];
      for (const each of new Set([groupId, slot?.groupId ?? 0, slot?.action.targetId ?? 0])) {
        if (each !== 0) {
          const slotIds = slotIdsByGroup.get(each) ?? [];
          slotIds.push(id);
          slotIdsByGroup.set(each, slotIds);
        }
      }
    }
    return slotIdsByGroup;
  }
}

function clientLatencyOf(options: MovingOptions): () => ClientLatency | undefined {
  const latencies = new ClientLatencies(() => options.fleet.figures(), options.clock);
  return options.clientLatency ?? (() => latencies.look());
}
