/**
 * Takes each slot that moves through the states of Codis, see `state-table.ts`. One loop looks at the slots that
 * the policy names, does what is nearly done first, and hands new ones over in small groups; movers work beside
 * it. Everything is read from the stored topology in each round, so a new leader goes on where the last one was
 * killed, and every step may be done twice.
 *
 * A failure is told and tried again after a rest; it never ends the loop. Changes of one slot's state happen in
 * one turn after another, also those that others order (`reverse`, `release`).
 */
import { Backoff } from "../../base/backoff.ts";
import { type Clock, type ClockTimer, systemClock } from "../../base/clock.ts";
import { CodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import {
  finishSlots,
  forgetHandovers,
  prepareSlots,
  settleSlots,
  slotsIn,
} from "../../model/change/slot-step.ts";
import { masterAddrOf } from "../../model/group.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { PushReport } from "../control.ts";
import type {
  EngineEvents,
  MigrationEngine,
  MigrationPolicy,
  Mover,
  MoverServer,
} from "./contract.ts";
import { HandOver, HELD_SLOTS_MAX, notConfirmed, type StepTopology } from "./hand-over.ts";
import type { LeftSlots } from "./left-slots.ts";
import { MoverPool } from "./mover-pool.ts";
import type { Pair, Preflight } from "./preflight.ts";
import { Turning } from "./turning.ts";

/** What an engine is made of. */
export interface EngineOptions {
  readonly topology: StepTopology & { onChange(listener: () => void): () => void };
  readonly whenSynced: (revision: number, timeoutMs: number) => Promise<PushReport>;
  readonly preflight: Pick<Preflight, "checkProxies" | "checkPair" | "forget">;
  readonly left: Pick<LeftSlots, "add" | "remove">;
  readonly createMover: (pair: Pair, onEmptied: (slotIds: readonly number[]) => void) => Mover;
  /** Run id of the pair's source, asked now. */
  readonly runIdOf: (pair: Pair) => Promise<string>;
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
const CONFIRM_TIMEOUT_MS = 5_000;
/** Rests after a step that failed. */
const STEP_REST = { minMs: 200, maxMs: 5_000 };
/** Slots for which a target is searched in one go. */
const SEARCHED_SLOTS_MAX = 4_096;
/** Slots that were released are left alone so long, unless their action is gone before. */
const RELEASED_MS = 30_000;

/** See the file head. */
export class Engine implements MigrationEngine {
  readonly #options: EngineOptions;
  readonly #clock: Clock;
  readonly #handOver: HandOver;
  readonly #pool: MoverPool;
  readonly #turning: Turning;
  readonly #backoff = new Backoff(STEP_REST);
  /** Slots that are empty at their source, as movers have said. */
  readonly #emptied = new Set<number>();
  /** Slots in `migrating` of which every proxy of this leader has confirmed that, with the addresses. */
  readonly #confirmed = new Map<number, string>();
  /** Slots that were released, and until when they are left alone (monotonic). */
  readonly #released = new Map<number, number>();
  /** The slot that the last trouble was told of. */
  #troubled: number | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: ClockTimer | undefined;
  #isWanted = false;
  #isRunning = false;
  #isClosed = false;
  #restUntilMs = 0;
  #forgetTopology: () => void = () => undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { topology, whenSynced, events } = options;
    this.#handOver = new HandOver({
      topology,
      whenSynced,
      noteLeaving: (slotIds) => this.#noteLeaving(slotIds),
      onHold: (ms, slotIds) => events.onHold(ms, slotIds),
      clock: this.#clock,
    });
    this.#pool = new MoverPool({
      create: (pair) => options.createMover(pair, (slotIds) => this.#onEmptied(slotIds)),
      log: options.log,
    });
    this.#turning = new Turning({
      topology,
      handOver: this.#handOver,
      pool: this.#pool,
      pairOf: (id) => this.#pairOf(topology.snapshot(), id),
      inTurn: (run) => this.#inTurn(run),
      runIdOf: options.runIdOf,
      onStaleKeys: (count) => events.onStaleKeys(count),
    });
  }

  start(): void {
    this.#forgetTopology = this.#options.topology.onChange(() => this.wake());
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
    await this.#turning.turn(slotIds);
    for (const id of slotIds) {
      this.#emptied.delete(id);
      this.#confirmed.delete(id);
    }
    this.#options.preflight.forget(slotIds);
    this.wake();
  }

  async release(slotIds: readonly number[]): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + RELEASED_MS;
    for (const id of slotIds) {
      this.#released.set(id, untilMs);
    }
    // A step under way is finished first; then no other one begins.
    await this.#inTurn(async () => undefined);
    await this.#pool.remove(slotIds);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#forgetTopology();
    await Promise.all([this.#pool.close(), this.#turn]);
  }

  #onEmptied(slotIds: readonly number[]): void {
    this.#pool.forget(slotIds);
    for (const id of slotIds) {
      this.#emptied.add(id);
    }
    this.wake();
  }

  async #runWanted(): Promise<void> {
    while (this.#isWanted && !this.#isClosed) {
      this.#isWanted = false;
      await this.#inTurn(() => this.#round());
    }
    this.#isRunning = false;
    if (!this.#isClosed) {
      const restMs = Math.max(0, this.#restUntilMs - this.#clock.monotonicMs());
      this.#timer = this.#clock.after(restMs > 0 ? restMs : LOOK_MS, () => this.wake());
    }
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(run);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  /** One look at everything. Each part stands for itself: one that fails doesn't hold up the others. */
  async #round(): Promise<void> {
    const { topology, policy } = this.#options;
    const runnable = policy.runnable().filter((id) => this.#isFree(id));
    await this.#try(undefined, async () => {
      if (topology.snapshot().handover.size > 0) {
        await topology.commit("forget hand-overs", forgetHandovers);
      }
    });
    this.#dropGone(new Set(runnable));
    await this.#settle(runnable);
    await this.#finish(runnable);
    if (this.#clock.monotonicMs() >= this.#restUntilMs) {
      await this.#open(runnable);
      await this.#move(runnable);
      await this.#begin(runnable);
    }
    this.#pool.tidy();
  }

  #isFree(id: number): boolean {
    const untilMs = this.#released.get(id);
    if (untilMs !== undefined) {
      const isGone = this.#options.topology.snapshot().slots[id]?.action.state === "";
      if (!isGone && this.#clock.monotonicMs() < untilMs) {
        return false;
      }
      this.#released.delete(id);
    }
    return !this.#turning.has(id);
  }

  /** Movers stop with slots that are paused, or have no action any more. */
  #dropGone(runnable: ReadonlySet<number>): void {
    const now = this.#options.topology.snapshot();
    const isMigrating = (id: number): boolean => now.slots[id]?.action.state === "migrating";
    const stopped = this.#pool.slots().filter((id) => !runnable.has(id) || !isMigrating(id));
    if (stopped.length > 0) {
      this.#pool.remove(stopped).catch((error: unknown) => {
        this.#options.log.warn("migration.stop", messageOf(error), { error });
      });
    }
    for (const id of [...this.#emptied, ...this.#confirmed.keys()]) {
      if (!isMigrating(id)) {
        this.#emptied.delete(id);
        this.#confirmed.delete(id);
      }
    }
  }

  /** finished -> owned by the target. */
  async #settle(runnable: readonly number[]): Promise<void> {
    const { topology, left, events, preflight } = this.#options;
    const ids = slotsIn(topology.snapshot(), runnable, "finished");
    if (ids.length === 0) {
      return;
    }
    await this.#try(ids[0], async () => {
      await this.#confirmAll("the slots have arrived, and it is told again");
      const before = topology.snapshot();
      const arrived = slotsIn(before, ids, "finished");
      for (const [targetId, group] of byKey(arrived, (id) => before.slots[id]?.action.targetId)) {
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
    const ids = slotsIn(now, runnable, "migrating").filter(
      (id) => this.#emptied.has(id) || this.#pairOf(now, id).source.addr === "",
    );
    const ready = ids.filter((id) => this.#emptied.has(id) || this.#isConfirmed(now, id));
    if (ready.length === 0) {
      return;
    }
    await this.#try(ready[0], async () => {
      await topology.commit(`slots ${ready.join(",")}: finished`, (before) =>
        finishSlots(before, ready),
      );
      await this.#settle(ready);
    });
  }

  /** prepared -> migrating: found stored, or a proxy was silent. */
  async #open(runnable: readonly number[]): Promise<void> {
    const ids = slotsIn(this.#options.topology.snapshot(), runnable, "prepared");
    for (const part of parts(ids)) {
      await this.#try(part[0], () => this.#openPart(part, () => this.#handOver.open(part)));
    }
  }

  async #openPart(slotIds: readonly number[], run: () => Promise<void>): Promise<void> {
    await run();
    const now = this.#options.topology.snapshot();
    for (const id of slotsIn(now, slotIds, "migrating")) {
      this.#confirmed.set(id, placeOf(this.#pairOf(now, id)));
    }
  }

  /** migrating: gives the slots to movers, once every proxy is known to move keys on access. */
  async #move(runnable: readonly number[]): Promise<void> {
    const { topology } = this.#options;
    const ids = slotsIn(topology.snapshot(), runnable, "migrating").filter(
      (id) => !this.#emptied.has(id),
    );
    const doubtful = ids.filter((id) => !this.#isConfirmed(topology.snapshot(), id));
    if (doubtful.length > 0) {
      await this.#try(doubtful[0], async () => {
        await this.#confirmAll("keys are moved by the mover when it has answered");
        const now = topology.snapshot();
        for (const id of slotsIn(now, doubtful, "migrating")) {
          this.#confirmed.set(id, placeOf(this.#pairOf(now, id)));
        }
      });
    }
    const now = topology.snapshot();
    const sure = slotsIn(now, ids, "migrating").filter((id) => this.#isConfirmed(now, id));
    for (const [, group] of byKey(sure, (id) => placeOf(this.#pairOf(now, id)))) {
      const pair = this.#pairOf(now, group[0] as number);
      if (pair.source.addr !== "" && pair.target.addr !== "") {
        this.#pool.add(pair, group);
      }
    }
    if (sure.some((id) => this.#pairOf(now, id).source.addr === "")) {
      // Nothing to move: the next round finishes them.
      this.#isWanted = true;
    }
  }

  /** pending and preparing -> migrating, as far as the window has room. */
  async #begin(runnable: readonly number[]): Promise<void> {
    const { topology, parallelSlots } = this.#options;
    const now = topology.snapshot();
    const underWay = now.slots.filter(({ action: { state } }) =>
      ["prepared", "migrating", "finished"].includes(state),
    ).length;
    const waiting = [
      ...slotsIn(now, runnable, "preparing"),
      ...slotsIn(now, runnable, "pending"),
    ].slice(0, Math.max(0, parallelSlots - underWay));
    for (const [, group] of byKey(waiting, (id) => placeOf(this.#pairOf(now, id)))) {
      for (const part of parts(group)) {
        const isDone = await this.#try(part[0], () => this.#beginPart(part, runnable));
        if (!isDone) {
          break;
        }
        // A mover begins at once, not when all slots are handed over.
        await this.#move(part);
        await this.#finish(runnable);
      }
    }
  }

  async #beginPart(slotIds: readonly number[], runnable: readonly number[]): Promise<void> {
    const { topology, preflight } = this.#options;
    const now = topology.snapshot();
    const pair = this.#pairOf(now, slotIds[0] as number);
    if (pair.target.addr === "") {
      throw new CodisError(
        "STATE_CONFLICT",
        `group-[${pair.target.groupId}] has no server; add one, then the slot moves`,
      );
    }
    preflight.checkProxies();
    const place = placeOf(pair);
    const soon = [...slotsIn(now, runnable, "pending"), ...slotsIn(now, runnable, "preparing")]
      .filter((id) => this.#pairOf(now, id).target.addr === pair.target.addr)
      .slice(0, SEARCHED_SLOTS_MAX);
    const isTargetGiving = now.slots.some(
      ({ groupId, action }) =>
        groupId === pair.target.groupId && ["prepared", "migrating"].includes(action.state),
    );
    await preflight.checkPair(pair, slotIds, soon, isTargetGiving);
    await topology.commit(`slots ${slotIds.join(",")}: preparing`, (before) =>
      prepareSlots(before, slotIds),
    );
    const after = topology.snapshot();
    const ready = slotsIn(after, slotIds, "preparing").filter(
      (id) => this.#isFree(id) && placeOf(this.#pairOf(after, id)) === place,
    );
    if (ready.length > 0) {
      await this.#openPart(ready, () => this.#handOver.lockAndOpen(ready));
    }
  }

  async #confirmAll(outcome: string): Promise<void> {
    const { topology, whenSynced } = this.#options;
    const report = await whenSynced(topology.snapshot().revision, CONFIRM_TIMEOUT_MS);
    if (report.failed.length > 0) {
      throw notConfirmed(outcome, report);
    }
  }

  async #noteLeaving(slotIds: readonly number[]): Promise<void> {
    const now = this.#options.topology.snapshot();
    for (const [groupId, group] of byKey(slotIds, (id) => now.slots[id]?.groupId)) {
      if (groupId !== 0) {
        await this.#options.left.add(groupId, group);
      }
    }
  }

  #isConfirmed(now: Topology, id: number): boolean {
    return this.#confirmed.get(id) === placeOf(this.#pairOf(now, id));
  }

  /** Runs a step; a failure is told, and the next steps rest. False when it failed. */
  async #try(slotId: number | undefined, run: () => Promise<void>): Promise<boolean> {
    const { events, log } = this.#options;
    try {
      await run();
    } catch (error) {
      if (this.#isClosed) {
        return false;
      }
      this.#restUntilMs = this.#clock.monotonicMs() + this.#backoff.nextMs();
      const text = messageOf(error);
      log.warn("migration.step", text, { slot: slotId, error });
      if (slotId !== undefined) {
        this.#clearTrouble(slotId);
        this.#troubled = slotId;
        events.onStepTrouble(slotId, text);
      }
      events.onRetry();
      return false;
    }
    if (slotId !== undefined) {
      this.#backoff.reset();
      this.#clearTrouble(undefined);
    }
    return true;
  }

  #clearTrouble(except: number | undefined): void {
    if (this.#troubled !== undefined && this.#troubled !== except) {
      this.#options.events.onStepTrouble(this.#troubled, undefined);
      this.#troubled = undefined;
    }
  }

  #pairOf(now: Topology, slotId: number): Pair {
    const slot = now.slots[slotId];
    return {
      source: this.#serverOf(now, slot?.groupId ?? 0),
      target: this.#serverOf(now, slot?.action.targetId ?? 0),
    };
  }

  #serverOf(now: Topology, groupId: number): MoverServer {
    const { password } = this.#options;
    return { groupId, addr: masterAddrOf(now.groups.get(groupId)), user: "", password };
  }
}

function placeOf({ source, target }: Pair): string {
  return `${source.groupId}@${source.addr}>${target.groupId}@${target.addr}`;
}

function byKey<Key>(
  slotIds: readonly number[],
  keyOf: (id: number) => Key | undefined,
): ReadonlyMap<Key, readonly number[]> {
  const groups = new Map<Key, number[]>();
  for (const id of slotIds) {
    const key = keyOf(id);
    if (key !== undefined) {
      const group = groups.get(key);
      if (group === undefined) {
        groups.set(key, [id]);
      } else {
        group.push(id);
      }
    }
  }
  return groups;
}

/** In groups that may be held together. */
function parts(slotIds: readonly number[]): readonly (readonly number[])[] {
  const count = Math.ceil(slotIds.length / HELD_SLOTS_MAX);
  return Array.from({ length: count }, (_, index) =>
    slotIds.slice(index * HELD_SLOTS_MAX, (index + 1) * HELD_SLOTS_MAX),
  );
}
