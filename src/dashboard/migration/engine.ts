/**
 * Takes each slot that moves through the states of Codis, see `state-table.ts`. One loop looks at the slots that
 * the policy names and does what is nearly done first; movers and the looks before a hand-over (`beginning.ts`) work
 * beside it. Everything is read from the stored topology in each round, so a new leader goes on where the last one
 * was killed, and every step may be done twice.
 *
 * A failure is told and tried again after a rest; it never ends the loop. Changes of slots' states happen in one
 * turn after another, also those that others order (`reverse`, `release`).
 */
import { type Clock, type ClockTimer, systemClock } from "../../base/clock.ts";
import { CodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import {
  abandonHandovers,
  finishSlots,
  settleSlots,
  slotsIn,
} from "../../model/change/slot-step.ts";
import { masterAddrOf } from "../../model/group.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { PushReport } from "../control.ts";
import { Beginning } from "./beginning.ts";
import type { EngineEvents, MigrationEngine, MigrationPolicy, Mover } from "./contract.ts";
import { Directions } from "./directions.ts";
import { HandOver, HELD_SLOTS_MAX, notConfirmed, type StepTopology } from "./hand-over.ts";
import { HeldGroups, movingSlotsOf } from "./held-groups.ts";
import type { LeftSlots } from "./left-slots.ts";
import type { MoveMethods } from "./move-methods.ts";
import { MoverPool } from "./mover-pool.ts";
import type { OlderMovers } from "./older-movers.ts";
import { type Pair, pairOf, placeOf, slotsBy } from "./pair.ts";
import type { Preflight } from "./preflight.ts";
import { STATE_TABLE, type StateRow } from "./state-table.ts";
import { Steps } from "./steps.ts";
import { Turning, type TurningOptions } from "./turning.ts";
import { type OnWaits, slotsToBegin, waitingOf } from "./window.ts";

/** What an engine is made of. */
export interface EngineOptions {
  readonly topology: StepTopology & { onChange(listener: () => void): () => void };
  readonly whenSynced: (revision: number, timeoutMs: number) => Promise<PushReport>;
  readonly preflight: Pick<
    Preflight,
    "checkProxies" | "checkMethods" | "checkPair" | "checkReturn" | "forget"
  >;
  readonly olderMovers: Pick<OlderMovers, "isCut" | "cut" | "cutAll" | "cutSoon">;
  readonly left: Pick<LeftSlots, "add" | "remove">;
  readonly methods: Pick<MoveMethods, "of" | "note">;
  readonly createMover: (pair: Pair, onEmptied: (slotIds: readonly number[]) => void) => Mover;
  /** Watches the pair's source. */
  readonly openGuard: TurningOptions["openGuard"];
  readonly policy: MigrationPolicy;
  readonly events: EngineEvents;
  /** `migration_parallel_slots`. */
  readonly parallelSlots: number;
  /** Password of all servers. */
  readonly password: string;
  readonly log: Log;
  readonly clock?: Clock | undefined;
}

/** Between two looks when nothing woke the loop, milliseconds. */
const LOOK_MS = 1_000;
/** Wait for proxies to hear that a slot has no source any more, and to confirm one that moves already. */
const CONFIRM_TIMEOUT_MS = 2_000;
/** Slots that were released are left alone so long, unless their action is gone before. */
const RELEASED_MS = 30_000;

/** See the file head. */
export class Engine implements MigrationEngine {
  readonly #options: EngineOptions;
  readonly #clock: Clock;
  readonly #steps: Steps;
  readonly #handOver: HandOver;
  readonly #pool: MoverPool;
  readonly #beginning: Beginning;
  readonly #turning: Turning;
  /** Slots that are empty at their source, as movers have said, with the place of the pair. */
  readonly #emptied = new Map<number, string>();
  /** Slots in `migrating` of which every proxy of this leader has confirmed that, with the place of the pair. */
  readonly #confirmed = new Map<number, string>();
  /** Slots that were released, and until when they are left alone (monotonic). */
  readonly #released = new Map<number, number>();
  readonly #held = new HeldGroups();
  /** What is done with runnable slots in each state; see `StateRow.act`. */
  readonly #acts: Readonly<
    Record<StateRow["state"], (runnable: readonly number[]) => Promise<void> | void>
  > = {
    pending: (runnable) => this.#begin(runnable),
    preparing: (runnable) => this.#begin(runnable),
    prepared: () => this.#open(),
    migrating: async (runnable) => {
      await this.#finish(runnable);
      await this.#move(runnable);
    },
    finished: (runnable) => this.#settle(runnable),
  };
  #turn: Promise<unknown> = Promise.resolve();
  #timer: ClockTimer | undefined;
  #isWanted = false;
  #isRunning = false;
  #isClosed = false;
  #forgetTopology: () => void = () => undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { topology, whenSynced, events, left, log, preflight, olderMovers } = options;
    const clock = this.#clock;
    this.#steps = new Steps({ events, clock, log });
    this.#handOver = new HandOver({
      topology,
      whenSynced,
      noteLeaving: (groupId, slotIds) => left.add(groupId, slotIds),
      onHold: (ms, slotIds) => events.onHold(ms, slotIds),
      clock,
    });
    this.#pool = new MoverPool({
      create: options.createMover,
      onEmptied: (pair, slotIds) => this.#onEmptied(pair, slotIds),
      onClosed: (pair) => events.onTrouble(pair, undefined, false),
      log,
    });
    const inTurn = <T>(run: () => Promise<T>): Promise<T> => this.#inTurn(run);
    const pairOfSlot = (id: number): Pair => this.#pairOf(topology.snapshot(), id);
    this.#beginning = new Beginning({
      topology,
      preflight,
      olderMovers,
      methods: options.methods,
      handOver: this.#handOver,
      steps: this.#steps,
      inTurn,
      beginnable: (slotIds) => this.#beginnable(slotIds),
      pairOf: (now, id) => this.#pairOf(now, id),
      onOpened: (slotIds) => this.#noteConfirmed(slotIds),
      onEnd: () => this.wake(),
    });
    this.#turning = new Turning({
      topology,
      handOver: this.#handOver,
      pool: this.#pool,
      pairOf: pairOfSlot,
      inTurn,
      checkReturn: (pair) => preflight.checkReturn(pair),
      openGuard: options.openGuard,
      onStaleKeys: (count) => events.onStaleKeys(count),
    });
  }

  start(): void {
    const { topology, olderMovers } = this.#options;
    this.#forgetTopology = topology.onChange(() => this.#onTopology());
    olderMovers.cutSoon(this.#masters());
    this.wake();
  }

  wake(): void {
    this.#isWanted = true;
    if (!this.#isRunning && !this.#isClosed) {
      this.#isRunning = true;
      this.#timer?.cancel();
      // Beside the caller, which may be in the middle of a commit.
      queueMicrotask(() => void this.#runWanted());
    }
  }

  async reverse(slotIds: readonly number[]): Promise<void> {
    const { slots } = this.#options.topology.snapshot();
    const busy = slotIds.find((id) => this.#held.concerns(slots[id]));
    if (busy !== undefined) {
      throw new CodisError(
        "STATE_CONFLICT",
        `slot ${busy} can't go back while the master of one of its groups is changed`,
      );
    }
    try {
      await this.#turning.turn(slotIds);
    } finally {
      for (const id of slotIds) {
        this.#emptied.delete(id);
        this.#confirmed.delete(id);
      }
      this.#options.preflight.forget(slotIds);
      this.wake();
    }
  }

  async release(slotIds: readonly number[]): Promise<void> {
    const { topology, preflight, olderMovers } = this.#options;
    const { slots } = topology.snapshot();
    const untilMs = this.#clock.monotonicMs() + RELEASED_MS;
    for (const id of slotIds) {
      if (slots[id]?.action.state !== "") {
        this.#released.set(id, untilMs);
      }
    }
    await Promise.all([this.#beginning.release(slotIds), this.#turning.release(slotIds)]);
    // A step under way is finished first; then no other one begins.
    await this.#inTurn(async () => undefined);
    preflight.forget(slotIds);
    await Promise.all([this.#pool.remove(slotIds), olderMovers.cutAll(this.#masters())]);
  }

  async hold(groupId: number): Promise<() => void> {
    const { topology, preflight } = this.#options;
    const letGo = this.#held.add(groupId);
    const slotIds = movingSlotsOf(topology.snapshot(), groupId);
    const stop = async (): Promise<void> => {
      await Promise.all([this.#beginning.release(slotIds), this.#turning.release(slotIds)]);
      // A hand-over under way is finished, or undone, first.
      await this.#inTurn(async () => undefined);
    };
    await stop();
    // Again, as a round that was under way may have begun with some.
    await stop();
    await this.#pool.dropGroup(groupId);
    // What is known of these slots is known of a pair of masters.
    preflight.forget(slotIds);
    for (const id of slotIds) {
      this.#emptied.delete(id);
      this.#confirmed.delete(id);
    }
    return () => {
      letGo();
      this.wake();
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#steps.close();
    this.#timer?.cancel();
    this.#forgetTopology();
    await this.#beginning.close();
    await Promise.all([this.#pool.close(), this.#turn]);
  }

  #onTopology(): void {
    const { slots } = this.#options.topology.snapshot();
    for (const id of this.#released.keys()) {
      if (slots[id]?.action.state === "") {
        this.#released.delete(id);
      }
    }
    this.wake();
  }

  #onEmptied(pair: Pair, slotIds: readonly number[]): void {
    for (const id of slotIds) {
      this.#emptied.set(id, placeOf(pair));
    }
    this.wake();
  }

  async #runWanted(): Promise<void> {
    while (this.#isWanted && !this.#isClosed) {
      this.#isWanted = false;
      await this.#inTurn(() => this.#steps.run("round", undefined, () => this.#round()));
    }
    this.#isRunning = false;
    if (!this.#isClosed) {
      const restMs = Math.min(LOOK_MS, this.#steps.shortestRestMs ?? LOOK_MS);
      this.#timer = this.#clock.after(restMs, () => this.wake());
    }
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(run);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  /** One look at everything. Each part stands for itself: one that fails doesn't hold up the others. */
  async #round(): Promise<void> {
    const { topology } = this.#options;
    await this.#step("hold", undefined, async () => {
      // In the turn nobody is at work on a hand-over: what is held was left so by a failure.
      if (abandonHandovers(topology.snapshot()) !== topology.snapshot()) {
        await topology.commit("slots are served again", abandonHandovers);
      }
    });
    const runnable = this.#runnable();
    this.#dropGone(new Set(runnable));
    for (const { state } of STATE_TABLE.toReversed()) {
      await this.#acts[state](runnable);
    }
  }

  /** Runs a step whose key doesn't rest. */
  async #step(key: string, slotId: number | undefined, run: () => Promise<void>): Promise<void> {
    if (!this.#steps.isResting(key)) {
      await this.#steps.run(key, slotId, run);
    }
  }

  #runnable(): readonly number[] {
    return this.#options.policy.runnable().filter((id) => this.#isFree(id));
  }

  #isFree(id: number): boolean {
    const untilMs = this.#released.get(id) ?? Number.NEGATIVE_INFINITY;
    const isHeld = this.#held.concerns(this.#options.topology.snapshot().slots[id]);
    return !isHeld && untilMs <= this.#clock.monotonicMs() && !this.#turning.has(id);
  }

  #beginnable(slotIds: readonly number[]): readonly number[] {
    const wanted = new Set(slotIds);
    const now = this.#options.topology.snapshot();
    return this.#toBegin(now, this.#isClosed ? [] : this.#runnable()).filter((id) =>
      wanted.has(id),
    );
  }

  /** Movers stop with slots that are paused, or have no action any more. */
  #dropGone(runnable: ReadonlySet<number>): void {
    const { topology, log } = this.#options;
    const now = topology.snapshot();
    const isMigrating = (id: number): boolean => now.slots[id]?.action.state === "migrating";
    const stopped = this.#pool
      .slots()
      .filter((id) => !this.#turning.has(id) && (!runnable.has(id) || !isMigrating(id)));
    if (stopped.length > 0) {
      this.#pool.remove(stopped).catch((error: unknown) => {
        log.warn("migration.stop", messageOf(error), { error });
      });
    }
    for (const id of [...this.#emptied.keys(), ...this.#confirmed.keys()]) {
      if (!isMigrating(id)) {
        this.#emptied.delete(id);
        this.#confirmed.delete(id);
      }
    }
    const isMaster = (groupId: number, addr: string): boolean =>
      masterAddrOf(now.groups.get(groupId)) === addr;
    this.#pool.tidy(
      ({ source, target }) =>
        isMaster(source.groupId, source.addr) && isMaster(target.groupId, target.addr),
    );
  }

  /** finished -> owned by the target. */
  async #settle(runnable: readonly number[]): Promise<void> {
    const { topology, left, events, preflight } = this.#options;
    const ids = slotsIn(topology.snapshot(), runnable, "finished");
    if (ids.length === 0) {
      return;
    }
    await this.#step("settle", ids[0], async () => {
      await this.#confirmAll("the slots have arrived, and it is told again");
      const before = topology.snapshot();
      const arrived = slotsIn(before, ids, "finished");
      for (const [targetId, group] of slotsBy(arrived, (id) => before.slots[id]?.action.targetId)) {
        await left.remove(targetId, group);
      }
      await topology.commit(`slots ${arrived.join(",")}: arrived`, (now) =>
        settleSlots(now, arrived),
      );
      preflight.forget(arrived);
      for (const id of arrived) {
        events.onArrived(id, topology.snapshot().slots[id]?.groupId ?? 0);
      }
    });
  }

  /** migrating, and empty at the source -> finished -> owned. */
  async #finish(runnable: readonly number[]): Promise<void> {
    const { topology } = this.#options;
    const now = topology.snapshot();
    const ready = slotsIn(now, runnable, "migrating").filter((id) => this.#isEmpty(now, id));
    if (ready.length > 0) {
      await this.#step("finish", ready[0], async () => {
        await topology.commit(`slots ${ready.join(",")}: finished`, (before) =>
          finishSlots(before, ready),
        );
      });
      await this.#settle(ready);
    }
  }

  /** Nothing of the slot is at its source, and every proxy knows that it moves. */
  #isEmpty(now: Topology, id: number): boolean {
    const pair = this.#pairOf(now, id);
    return (
      this.#emptied.get(id) === placeOf(pair) ||
      (pair.source.addr === "" && this.#isConfirmed(now, id))
    );
  }

  /** prepared -> migrating: found stored, or a proxy was silent. Of paused ones too, as clients wait for them. */
  async #open(): Promise<void> {
    const now = this.#options.topology.snapshot();
    const prepared = now.slots
      .filter(({ id, action }) => action.state === "prepared" && this.#isFree(id))
      .map(({ id }) => id);
    for (let start = 0; start < prepared.length; start += HELD_SLOTS_MAX) {
      const part = prepared.slice(start, start + HELD_SLOTS_MAX);
      await this.#step("open", part[0], async () => {
        await this.#handOver.open(part);
        this.#noteConfirmed(part);
      });
    }
  }

  #noteConfirmed(slotIds: readonly number[]): void {
    const now = this.#options.topology.snapshot();
    for (const id of slotsIn(now, slotIds, "migrating")) {
      this.#confirmed.set(id, placeOf(this.#pairOf(now, id)));
    }
  }

  /** migrating: gives the slots to movers, once every proxy is known to move keys on access. */
  async #move(runnable: readonly number[]): Promise<void> {
    const { topology, olderMovers } = this.#options;
    const before = topology.snapshot();
    const ids = slotsIn(before, runnable, "migrating").filter((id) => !this.#isEmpty(before, id));
    const doubtful = ids.filter((id) => !this.#isConfirmed(before, id));
    if (doubtful.length > 0) {
      await this.#step("confirm", doubtful[0], async () => {
        await this.#confirmAll("keys are moved by the mover when it has answered");
        this.#noteConfirmed(doubtful);
      });
    }
    const now = topology.snapshot();
    const sure = slotsIn(now, ids, "migrating").filter((id) => this.#isConfirmed(now, id));
    const underWay = [...this.#turning.slots(), ...this.#pool.slots()];
    const directions = new Directions(underWay.map((id) => now.slots[id]));
    for (const group of this.#byPair(now, sure)) {
      const [first = 0] = group;
      const pair = this.#pairOf(now, first);
      if (pair.source.addr === "") {
        // Nothing to move.
        await this.#finish(group);
      } else if (!olderMovers.isCut(pair)) {
        this.#beginning.cut(pair, first);
      } else if (pair.target.addr !== "" && directions.add(now.slots[first])) {
        this.#pool.add(pair, group);
        const place = placeOf(pair);
        const coming = this.#toBegin(now, runnable);
        const isMore = coming.some((id) => placeOf(this.#pairOf(now, id)) === place);
        this.#pool.expectMore(pair, isMore);
      }
    }
  }

  /** pending and preparing -> migrating, as far as the window has room. */
  #begin(runnable: readonly number[]): void {
    const now = this.#options.topology.snapshot();
    const waiting = waitingOf(now, runnable);
    const free = this.#toBegin(now, runnable, (waits) => this.#options.events.onWaits(waits));
    for (const group of this.#byPair(now, free)) {
      const pair = this.#pairOf(now, group[0] ?? 0);
      const soon = waiting.filter((id) => placeOf(this.#pairOf(now, id)) === placeOf(pair));
      this.#beginning.begin(pair, group, soon);
    }
    const keys = new Set(runnable.map((id) => this.#keyOf(now, id)));
    this.#steps.retain((key) => !Beginning.isKey(key) || keys.has(key));
  }

  #toBegin(now: Topology, runnable: readonly number[], onWaits?: OnWaits): readonly number[] {
    const { parallelSlots } = this.#options;
    const isResting = (id: number): boolean => this.#steps.isResting(this.#keyOf(now, id));
    const turning = this.#turning.slots();
    return slotsToBegin(now, runnable, { parallelSlots, isResting, turning, onWaits });
  }

  /** Of the steps of the slot's pair. */
  #keyOf(now: Topology, id: number): string {
    return Beginning.keyOf(this.#pairOf(now, id));
  }

  async #confirmAll(outcome: string): Promise<void> {
    const { topology, whenSynced } = this.#options;
    const report = await whenSynced(topology.snapshot().revision, CONFIRM_TIMEOUT_MS);
    if (report.failed.length > 0) {
      throw notConfirmed(outcome, report);
    }
  }

  #isConfirmed(now: Topology, id: number): boolean {
    return this.#confirmed.get(id) === placeOf(this.#pairOf(now, id));
  }

  #byPair(now: Topology, slotIds: readonly number[]): Iterable<readonly number[]> {
    return slotsBy(slotIds, (id) => placeOf(this.#pairOf(now, id))).values();
  }

  #pairOf(now: Topology, slotId: number): Pair {
    const { password, methods } = this.#options;
    return pairOf(now, slotId, password, (slot) => methods.of(slot));
  }

  /** All masters of the product. */
  #masters(): readonly Pair["source"][] {
    const { topology, password } = this.#options;
    return [...topology.snapshot().groups.values()].map((group) => {
      return { groupId: group.id, addr: masterAddrOf(group), user: "", password };
    });
  }
}
