/**
 * Operations of a product on a memory coordinator, with an engine and a planner that are fakes: what a leader
 * is for the tests of its operations. A leader can die at any write, and the next one begins on what it left.
 */

import { type Clock, systemClock } from "../../src/base/clock.ts";
import { CodisError } from "../../src/base/error.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Leadership } from "../../src/coordinator/coordinator.ts";
import type { MemoryCoordinator } from "../../src/coordinator/memory/memory-coordinator.ts";
import type { CountedProxy } from "../../src/dashboard/operation/access-moves.ts";
import { OperationManager, type PlannerPort } from "../../src/dashboard/operation/operations.ts";
import type { ClientLatency } from "../../src/dashboard/operation/p99-guard.ts";
import type { KeptPlan } from "../../src/dashboard/operation/planner.ts";
import { TopologyStore } from "../../src/dashboard/topology/store.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { masterAddrOf } from "../../src/model/group.ts";
import { isEnded } from "../../src/model/operation/operation-slot.ts";
import type { Plan, PlanRequest } from "../../src/model/operation/plan.ts";
import { planMoves } from "../../src/model/operation/plan-moves.ts";
import { FORWARD_METHOD, type ForwardMethod } from "../../src/model/slot.ts";
import type { Topology } from "../../src/model/topology/topology.ts";
import { waitFor } from "./deadline.ts";
import { FakeMigrationEngine } from "./fake-migration-engine.ts";

/** Keys and bytes of every slot, as the fake planner measures them. */
export const SLOT_FIGURES = { keys: 10, bytes: 1_000 };

/** Plans without servers. */
export class FakePlanner implements PlannerPort {
  readonly #topology: () => Topology;
  readonly #plans = new Map<string, KeptPlan>();
  problems: readonly string[] = [];
  quick: readonly string[] = [];

  constructor(topology: () => Topology) {
    this.#topology = topology;
  }

  make(request: PlanRequest): Promise<Plan> {
    const topology = this.#topology();
    const moves = planMoves({ topology, request, bytesOf: () => SLOT_FIGURES.bytes });
    const plan: Plan = {
      id: `p-1-${this.#plans.size + 1}`,
      request,
      epoch: 1,
      revision: topology.revision,
      createdAtMs: 0,
      moves: moves.map((move) => ({ ...move, ...SLOT_FIGURES })),
      groups: [],
      keys: moves.length * SLOT_FIGURES.keys,
      bytes: moves.length * SLOT_FIGURES.bytes,
      expectedMs: 0,
      isExact: true,
      bigKeys: [],
      bigKeyRule: "move",
      refusedSlotIds: [],
      problems: this.problems,
      warnings: [],
    };
    const ids = [...topology.groups.keys()];
    const masters = new Map(ids.map((id) => [id, masterAddrOf(topology.groups.get(id))]));
    this.#plans.set(plan.id, { plan, masters });
    return Promise.resolve(plan);
  }

  get(id: string): KeptPlan {
    const kept = this.#plans.get(id);
    if (kept === undefined) {
      throw new CodisError("NOT_FOUND", `plan ${id} doesn't exist`);
    }
    return kept;
  }

  measureMoves(
    moves: Parameters<PlannerPort["measureMoves"]>[0],
  ): Promise<ReadonlyMap<number, typeof SLOT_FIGURES>> {
    return Promise.resolve(new Map(moves.map(({ slotId }) => [slotId, SLOT_FIGURES])));
  }

  methodsOf(): readonly ForwardMethod[] {
    return [FORWARD_METHOD.migrate];
  }

  quickProblems(): readonly string[] {
    return this.quick;
  }

  close(): void {
    this.#plans.clear();
  }
}

/** How a desk is opened. */
export interface DeskOptions {
  readonly clock?: Clock;
  /** Looks at proxies; without it there are none. */
  readonly proxyFigures?: () => ReadonlyMap<string, CountedProxy>;
  /** What clients feel; without it nobody knows. */
  readonly clientLatency?: () => ClientLatency | undefined;
  /** Puts something between the desk and its leadership. */
  readonly wrap?: (leadership: Leadership) => Leadership;
}

/** A leader's operations, with what they stand on. */
export class OperationDesk {
  readonly coordinator: MemoryCoordinator;
  readonly leadership: Leadership;
  readonly store: TopologyStore;
  readonly planner: FakePlanner;
  readonly manager: OperationManager;
  readonly engine: FakeMigrationEngine;

  /** Leads product `demo` with 1024 slots and opens its operations; they aren't started yet. */
  static async open(
    coordinator: MemoryCoordinator,
    options: DeskOptions = {},
  ): Promise<OperationDesk> {
    const clock = options.clock ?? systemClock;
    const won = await coordinator.lead({
      lockPath: coordinatorPath.lock("demo"),
      epochPath: coordinatorPath.epoch("demo"),
      data: "{}",
      leaseMs: 8_000,
    });
    const leadership = options.wrap?.(won) ?? won;
    const store = await TopologyStore.open({
      coordinator,
      leadership,
      product: "demo",
      defaultSlotCount: 1024,
      log: silentLog,
      clock,
    });
    const planner = new FakePlanner(() => store.snapshot());
    let engine: FakeMigrationEngine | undefined;
    const manager = await OperationManager.open({
      product: "demo",
      reader: coordinator,
      writer: leadership,
      topology: store,
      planner,
      proxyFigures: () => options.proxyFigures?.() ?? new Map(),
      clientLatency: () => options.clientLatency?.(),
      createEngine: (policy, events) => {
        engine = new FakeMigrationEngine(store, policy, events);
        return engine;
      },
      bigKeyRule: "move",
      log: silentLog,
      clock,
    });
    if (engine === undefined) {
      throw new Error("no engine was made");
    }
    return new OperationDesk({ coordinator, leadership, store, planner, manager, engine });
  }

  private constructor(parts: {
    coordinator: MemoryCoordinator;
    leadership: Leadership;
    store: TopologyStore;
    planner: FakePlanner;
    manager: OperationManager;
    engine: FakeMigrationEngine;
  }) {
    this.coordinator = parts.coordinator;
    this.leadership = parts.leadership;
    this.store = parts.store;
    this.planner = parts.planner;
    this.manager = parts.manager;
    this.engine = parts.engine;
  }

  get topology(): Topology {
    return this.store.snapshot();
  }

  /** Lets the engine work until no operation is open any more; progress is asked for again and again. */
  async finish(): Promise<void> {
    await this.#wait("end of all operations", async () => {
      await this.engine.step();
      return this.manager.operations().every(({ state }) => isEnded(state));
    });
  }

  /** Resolves when the condition holds; asked again and again. */
  until(name: string, isTrue: () => boolean): Promise<void> {
    return this.#wait(name, () => Promise.resolve(isTrue()));
  }

  /** Rejects at once when the coordinator's connection has died. */
  async #wait(name: string, isTrue: () => Promise<boolean>): Promise<void> {
    const isDone = await waitFor(name, 20_000, async () => {
      if (this.coordinator.isDead()) {
        return false;
      }
      return (await isTrue()) ? true : undefined;
    });
    if (!isDone) {
      throw new CodisError("COORDINATOR_UNREACHABLE", `died before ${name}`);
    }
  }

  /** Ends it as a leader that gives its lock back. */
  async close(): Promise<void> {
    await this.manager.close();
    await this.leadership.release();
  }
}
