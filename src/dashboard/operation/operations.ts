/**
 * All that moves under one leader: orders of people become operations, operations become actions of slots, the
 * engine carries those out, and what it tells becomes progress.
 *
 *     order --> operation written --> actions of its slots written --> runnable() --> engine
 *                                                                                      |
 *     done  <-- operation written <-- slot at its target, action gone <----------------+
 *
 * The slots are the truth, so every crash in between is repaired by comparing (`settlement.ts`). Orders and
 * repairs happen one after another; what the engine tells counts at once.
 */
import { type Clock, type ClockTimer, systemClock } from "../../base/clock.ts";
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { NodeReader, NodeWriter } from "../../coordinator/coordinator.ts";
import {
  cancelOperation,
  changeSpeed,
  pauseOperation,
  resumeOperation,
  setOperationSpeed,
} from "../../model/change/operation.ts";
import { removeSlotAction, type SlotTarget } from "../../model/change/slot.ts";
import { type Operation, type SpeedChange, UNLIMITED } from "../../model/operation/operation.ts";
import { INTERVAL_US_MAX, type MigrationSwitches } from "../../model/operation/operation-record.ts";
import type { BigKeyRule, Plan, PlanRequest } from "../../model/operation/plan.ts";
import type { SlotMove } from "../../model/operation/plan-moves.ts";
import type { ForwardMethod } from "../../model/slot.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { CancelOptions, MigrationControl, StartOptions } from "../control.ts";
import type {
  EngineEvents,
  MigrationEngine,
  MigrationPolicy,
  Pace,
} from "../migration/contract.ts";
import type { CountedProxy } from "./access-moves.ts";
import { EngineNotes } from "./engine-notes.ts";
import { GuardedPace } from "./guarded-pace.ts";
import type { SlotFigures } from "./measure.ts";
import { describeOldProgress } from "./old-progress.ts";
import { type BookEntry, OperationBook, type OperationChange } from "./operation-book.ts";
import { OperationStore } from "./operation-store.ts";
import { Ordering } from "./ordering.ts";
import type { ClientLatency } from "./p99-guard.ts";
import type { KeptPlan } from "./planner.ts";
import { runnableSlots } from "./runnable.ts";
import { Settlement } from "./settlement.ts";

/** The topology as operations see and change it; a `TopologyStore`. */
export interface TopologyPort {
  snapshot(): Topology;
  commit(name: string, change: (topology: Topology) => Topology): Promise<Topology>;
  onChange(listener: (topology: Topology) => void): () => void;
}

/** Makes plans and measures; a `Planner`. */
export interface PlannerPort {
  make(request: PlanRequest): Promise<Plan>;
  get(id: string): KeptPlan;
  measureMoves(moves: readonly SlotMove[]): Promise<ReadonlyMap<number, SlotFigures>>;
  /** One line for each reason why these moves can't be made that is known without asking servers. */
  quickProblems(moves: readonly SlotMove[]): readonly string[];
  /** Ways in which keys of the move can go, best first, as far as that is known without asking servers. */
  methodsOf(move: SlotMove): readonly ForwardMethod[];
  close(): void;
}

/** What operations are made of. */
export interface OperationsOptions {
  readonly product: string;
  readonly reader: NodeReader;
  /** Fenced: the leadership. */
  readonly writer: NodeWriter;
  readonly topology: TopologyPort;
  readonly planner: PlannerPort;
  /** Newest looks at the proxies, by token. */
  readonly proxyFigures: () => ReadonlyMap<string, CountedProxy>;
  /** What clients felt in the last seconds; asked about once a second while somebody has to know. */
  readonly clientLatency: () => ClientLatency | undefined;
  /** Makes the engine; called once. */
  readonly createEngine: (policy: MigrationPolicy, events: EngineEvents) => MigrationEngine;
  /** `big_key`, for orders that come without a plan. */
  readonly bigKeyRule: BigKeyRule;
  readonly log: Log;
  readonly clock?: Clock | undefined;
}

interface OperationsParts {
  readonly store: OperationStore;
  readonly book: OperationBook;
  readonly pace: GuardedPace;
  readonly switches: MigrationSwitches;
}

/** Between two looks at everything, milliseconds; listeners hear of progress as often. */
const TICK_MS = 1_000;
/** Orders that wait for others; more are refused. */
const ORDERS_WAITING_MAX = 64;

/** See the file head. */
export class OperationManager implements MigrationControl, MigrationPolicy {
  readonly #options: OperationsOptions;
  readonly #clock: Clock;
  readonly #store: OperationStore;
  readonly #book: OperationBook;
  readonly #pace: GuardedPace;
  readonly #notes: EngineNotes;
  readonly #engine: MigrationEngine;
  readonly #ordering: Ordering;
  readonly #settlement: Settlement;
  #switches: MigrationSwitches;
  /** Orders and settlements run one after another. */
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isSettling = false;
  #timer: ClockTimer | undefined;
  #forgetTopology: () => void = () => undefined;
  #isClosed = false;

  /** Reads what earlier leaders left. Nothing moves before `start`. Rejects with the coordinator's codes. */
  static async open(options: OperationsOptions): Promise<OperationManager> {
    const store = new OperationStore(options);
    const stored = await store.load();
    const { topology, clientLatency, log, clock = systemClock } = options;
    const pace = new GuardedPace({ clientLatency, clock, log });
    const book = new OperationBook({
      store,
      stored,
      topology: () => topology.snapshot(),
      guardedOf: (operation) => pace.guardedOf(operation),
      clock,
      log,
    });
    return new OperationManager(options, { store, book, pace, switches: stored.switches });
  }

  private constructor(
    options: OperationsOptions,
    { store, book, pace, switches }: OperationsParts,
  ) {
    const { topology, planner, bigKeyRule, log, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#store = store;
    this.#book = book;
    this.#switches = switches;
    this.#pace = pace;
    this.#notes = new EngineNotes({
      book,
      topology: () => topology.snapshot(),
      clock,
      onArrived: () => this.#settleSoon(),
    });
    this.#engine = options.createEngine(this, this.#notes);
    this.#ordering = new Ordering({ book, topology, planner, bigKeyRule, clock, log });
    this.#settlement = new Settlement({
      book,
      topology,
      engine: this.#engine,
      ordering: this.#ordering,
      clock,
      log,
      onSettled: () => this.#settleSoon(),
    });
  }

  /** Repairs what a crash left, then lets the engine work. The first repair may fail; it is tried again. */
  start(): void {
    this.#forgetTopology = this.#options.topology.onChange(() => this.#settleSoon());
    this.#setPace();
    this.#engine.start();
    this.#settleSoon();
    this.#arm();
  }

  /** Ends everything that runs. What wasn't written yet is written, if that can be done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#forgetTopology();
    this.#options.planner.close();
    await this.#engine.close();
    await this.#inTurn(() => this.#book.flush(true)).catch((thrown: unknown) => {
      this.#options.log.warn("operation.unsaved", messageOf(thrown), { error: thrown });
    });
  }

  // MigrationPolicy

  get pace(): Pace {
    return this.#pace.pace;
  }

  runnable(): readonly number[] {
    const operations = this.#book.open().map(({ operation }) => operation);
    return runnableSlots(operations, this.#options.topology.snapshot(), this.#switches.isDisabled);
  }

  mayProxiesMove(): boolean {
    return this.#notes.mayProxiesMove;
  }

  bigKeyRule(): BigKeyRule {
    return this.#active()?.operation.bigKeyRule ?? this.#options.bigKeyRule;
  }

  // MigrationControl

  plan(request: PlanRequest): Promise<Plan> {
    return this.#options.planner.make(request);
  }

  getPlan(id: string): Plan {
    return this.#options.planner.get(id).plan;
  }

  startPlan(id: string, options: StartOptions): Promise<Operation> {
    return this.startPlanAs("plan", id, options);
  }

  /** As `startPlan`, in the name of somebody else. */
  startPlanAs(origin: "plan" | "auto", id: string, options: StartOptions): Promise<Operation> {
    const kept = this.#options.planner.get(id);
    const speed = changeSpeed(UNLIMITED, options.speed ?? {});
    return this.#order(async () => {
      this.#settlement.noteSettled();
      const entry = await this.#ordering.startPlan(kept, origin, speed);
      await this.#settlement.schedule();
      return this.#book.show(this.#book.get(entry.operation.id));
    });
  }

  operations(): readonly Operation[] {
    return this.#book.all();
  }

  getOperation(id: string): Operation {
    return this.#book.show(this.#book.get(id));
  }

  pause(id: string): Promise<Operation> {
    return this.#changed(id, (now) => pauseOperation(now, this.#clock.nowMs()));
  }

  resume(id: string): Promise<Operation> {
    return this.#changed(id, (now) => resumeOperation(now, this.#clock.nowMs()));
  }

  cancel(id: string, { isRollback }: CancelOptions): Promise<Operation> {
    return this.#changed(id, (now) => cancelOperation(now, isRollback, this.#clock.nowMs()));
  }

  setSpeed(id: string, speed: SpeedChange): Promise<Operation> {
    return this.#changed(id, (now) => setOperationSpeed(now, speed, this.#clock.nowMs()));
  }

  onOperation(listener: (operation: Operation) => void): () => void {
    return this.#book.onOperation(listener);
  }

  createSlotActions(targets: readonly SlotTarget[]): Promise<void> {
    return this.#order(async () => {
      this.#settlement.noteSettled();
      await this.#ordering.createSlotActions(targets);
      await this.#settlement.schedule();
    });
  }

  removeSlotActions(slotIds: readonly number[]): Promise<void> {
    const remove = (topology: Topology): Topology => slotIds.reduce(removeSlotAction, topology);
    return this.#order(async () => {
      // What can't be taken back is said before anything is written.
      remove(this.#options.topology.snapshot());
      await this.#settlement.withoutSlots(slotIds, "taken back", () =>
        this.#options.topology.commit(`take back the moves of ${slotIds.length} slots`, remove),
      );
    });
  }

  /**
   * Gives slots to groups by force: `change` does that, after the engine has let go of them and no operation wants
   * them any more. Rejects with what `change` rejects with; then they are as before.
   */
  assignSlots<Result>(slotIds: readonly number[], change: () => Promise<Result>): Promise<Result> {
    return this.#order(async () => {
      return this.#settlement.withoutSlots(slotIds, "assigned by force", async () => {
        // Of those that don't move as well: the engine may look for stale keys of slots that were cancelled.
        await this.#release(slotIds);
        return change();
      });
    });
  }

  /** As `MigrationEngine.hold`: what operations want of the group waits meanwhile. */
  hold(groupId: number): Promise<() => void> {
    return this.#engine.hold(groupId);
  }

  setInterval(us: number): Promise<void> {
    // As Codis: what is out of range is brought into it.
    const intervalUs = Math.min(INTERVAL_US_MAX, Math.max(0, Math.trunc(us)));
    return this.#switch({ intervalUs });
  }

  setDisabled(isDisabled: boolean): Promise<void> {
    return this.#switch({ isDisabled });
  }

  switches(): ReturnType<MigrationControl["switches"]> {
    const { intervalUs, isDisabled } = this.#switches;
    const topology = this.#options.topology.snapshot();
    return { intervalUs, isDisabled, ...describeOldProgress(this.#active(), topology) };
  }

  /** Force is for when nothing else helps: a server that can't be asked whether it has stopped doesn't stop it. */
  async #release(slotIds: readonly number[]): Promise<void> {
    try {
      await this.#engine.release(slotIds);
    } catch (thrown) {
      this.#options.log.warn("operation.released-in-doubt", messageOf(thrown), { error: thrown });
    }
  }

  #switch(change: Partial<MigrationSwitches>): Promise<void> {
    return this.#order(async () => {
      const next = { ...this.#switches, ...change };
      await this.#store.saveSwitches(next);
      this.#switches = next;
    });
  }

  /** A change of one operation that people asked for. */
  #changed(id: string, change: OperationChange): Promise<Operation> {
    return this.#order(async () => {
      const entry = this.#book.get(id);
      await this.#book.change(entry, change);
      entry.figures.forgetRate();
      return this.#book.show(this.#book.get(id));
    });
  }

  /** An order: in turn, and everybody follows it afterwards. */
  #order<Result>(job: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed || this.#waiting >= ORDERS_WAITING_MAX) {
      const message = this.#isClosed
        ? "this dashboard no longer leads the product"
        : `${this.#waiting} orders wait already; try again later`;
      return Promise.reject(
        new CodisError(this.#isClosed ? "LEADERSHIP_LOST" : "TOO_BUSY", message),
      );
    }
    return this.#inTurn(job).finally(() => this.#follow());
  }

  #inTurn<Result>(job: () => Promise<Result>): Promise<Result> {
    this.#waiting += 1;
    const result = this.#turn.then(job).finally(() => {
      this.#waiting -= 1;
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Everything and everybody follows what operations want now. */
  #follow(): void {
    this.#notes.forgetOwners();
    this.#setPace();
    this.#engine.wake();
    this.#settleSoon();
  }

  #setPace(): void {
    this.#pace.set(this.#active()?.operation, this.#switches);
  }

  /** Orders may take long; the guard doesn't wait for them. */
  #guard(): void {
    const active = this.#active();
    this.#pace.look(active && this.#book.show(active));
    this.#setPace();
  }

  /** The one that runs; while none does, one that ends after a cancel. */
  #active(): BookEntry | undefined {
    const open = this.#book.open();
    return (
      open.find(({ operation }) => operation.state === "running" || operation.isSelfPaused) ??
      open.find(({ operation }) => operation.state === "cancelling")
    );
  }

  /** One settlement after what is under way; those that are asked for meanwhile are the same one. */
  #settleSoon(): void {
    if (this.#isSettling || this.#isClosed) {
      return;
    }
    this.#isSettling = true;
    this.#inTurn(async () => {
      this.#isSettling = false;
      if (!this.#isClosed) {
        await this.#settlement.run();
      }
    })
      .catch((thrown: unknown) => {
        const level = isCodisError(thrown, "LEADERSHIP_LOST") ? "info" : "warn";
        this.#options.log[level]("operation.unsettled", messageOf(thrown), { error: thrown });
      })
      .finally(() => {
        this.#notes.forgetOwners();
        this.#setPace();
        this.#engine.wake();
      });
  }

  #arm(): void {
    this.#timer = this.#clock.after(TICK_MS, () => {
      if (!this.#isClosed) {
        this.#notes.noteOnAccess(this.#options.proxyFigures());
        this.#guard();
        this.#notes.tellProgress();
        this.#settleSoon();
        this.#arm();
      }
    });
  }
}
