/**
 * The `codis` mover: has a server move the keys of slots to another one by itself, with the slot commands of
 * codis-server. Slot after slot, order after order; a slot is empty when the server's own exact counts say so for all
 * databases at one moment, since no command makes a key at the source that isn't there.
 *
 *     codis-mover -> slot-order      what is ordered, and how much at once
 *                |-> slot-source     counts, orders, what becomes of lost ones
 *                |-> slot-target     alive? what is there? who may still send?
 *                |-> server-turns    which mover may use a server now
 *                '-> pacer           how fast
 *
 * The source's copy of a key counts as long as it is there. An order that was broken off may have left copies at the
 * target, which would show up when the source's are deleted: `#settleCopies` moves such keys; a slot begins with it.
 */
import { Backoff } from "../../../base/backoff.ts";
import { CodisError } from "../../../base/error.ts";
import { type Trouble, toTrouble } from "../../../model/operation/trouble-code.ts";
import type { ForwardMethod } from "../../../model/slot.ts";
import type { Mover, MoverOptions } from "../contract.ts";
import { Pacer } from "./pacer.ts";
import { CycleStopped, pauseUnless } from "./pause.ts";
import type { ServerTurns } from "./server-turns.ts";
import type { SlotCounts } from "./slot-counts.ts";
import { type CodisMoverSettings, isBusySource, SlotOrders, troubleOf } from "./slot-order.ts";
import { outcomeOfOrder, SlotSource } from "./slot-source.ts";
import { SlotTarget } from "./slot-target.ts";
import { isForPeople } from "./transfer.ts";

/** What a mover of this kind is made of. */
export interface CodisMoverOptions extends MoverOptions {
  /** Sync or semi-async, as proxies are told. */
  readonly method: ForwardMethod;
  readonly settings: CodisMoverSettings;
  /** Of the leader. */
  readonly turns: ServerTurns;
}

/** Rests after failures, milliseconds. */
const REST = { minMs: 100, maxMs: 5_000 };
/** The source is at work for a proxy. */
const BUSY_REST_MS = 5;
/** Keys that are left although none was moved: they are about to expire. */
const STUCK_REST_MS = 20;
/** An order that is under way may take so long to end when the mover is closed; then it is broken off. */
const CLOSE_WAIT_MS = 2_000;
/** `remove` waits so long for an order. */
const REMOVE_WAIT_MS = 15_000;
/** Keys that are moved by one order because there are copies of them. */
const COPIES_MAX = 100;

/** A search for copies that somebody waits for. */
interface Job {
  readonly slotIds: readonly number[];
  readonly resolve: (found: { readonly keys: number; readonly runId: string }) => void;
  readonly reject: (thrown: unknown) => void;
}

/** Where the work on a slot is. */
interface Place {
  readonly slotId: number;
  readonly db: number;
  left: number;
  readonly bytesPerKey: number;
}

/** Makes a mover; it connects with its first slots. */
export function createCodisMover(options: CodisMoverOptions): Mover {
  return new CodisMover(options);
}

class CodisMover implements Mover {
  readonly #options: CodisMoverOptions;
  readonly #orders: SlotOrders;
  readonly #source: SlotSource;
  readonly #target: SlotTarget;
  readonly #pacer: Pacer;
  readonly #backoff = new Backoff(REST);
  readonly #closing = new AbortController();
  /** Ends connections, some time after `#closing`. */
  readonly #cutting = new AbortController();
  /** Slots to empty, in their order. */
  readonly #slots = new Set<number>();
  /** Slots of which there may be copies on both sides. */
  readonly #unsettled = new Set<number>();
  /** They are settled now, not when the turn of the first of them has come. */
  #isHasty = false;
  /** Slots have come that weren't looked at yet. */
  #hasNew = false;
  #place: Place | undefined;
  /** Counts of the slot that comes next. */
  #ahead: SlotCounts | undefined;
  /** Slots of the order under way, or of one that was lost. */
  readonly #underWay = new Set<number>();
  #ended = Promise.withResolvers<void>();
  /** A transfer was broken off: its bytes may still come to the target. */
  #isInDoubt = false;
  /** Keys that were moved beyond what was asked for. */
  #owedKeys = 0;
  #jobs: Job[] = [];
  #woken = Promise.withResolvers<void>();
  #trouble = "";
  readonly #loop: Promise<void>;

  constructor(options: CodisMoverOptions) {
    const { method, target, settings, limits, pace } = options;
    this.#options = options;
    this.#orders = new SlotOrders(method, target.addr, settings, limits);
    this.#source = new SlotSource(options, this.#cutting.signal);
    this.#target = new SlotTarget(options, this.#cutting.signal);
    this.#pacer = new Pacer(pace);
    this.#loop = this.#run();
  }

  add(slotIds: readonly number[]): void {
    for (const id of slotIds) {
      if (!this.#slots.has(id)) {
        this.#slots.add(id);
        this.#unsettled.add(id);
        this.#hasNew = true;
      }
    }
    this.#wake();
  }

  expectMore(): void {
    // A slot costs the same whenever it comes.
  }

  async remove(slotIds: readonly number[]): Promise<void> {
    for (const id of slotIds) {
      this.#slots.delete(id);
    }
    const endsAtMs = performance.now() + REMOVE_WAIT_MS;
    while (slotIds.some((id) => this.#underWay.has(id))) {
      const leftMs = endsAtMs - performance.now();
      if (leftMs <= 0) {
        const { source, target } = this.#options;
        throw new CodisError(
          "SERVER_UNREACHABLE",
          `it can't be told whether keys are still on their way from server ${source.addr} to ${target.addr}: ` +
            (this.#trouble || "a large key takes very long"),
        );
      }
      await this.#orTimeout(this.#ended.promise, leftMs);
    }
  }

  async unlinkDuplicates(
    slotIds: readonly number[],
  ): Promise<{ readonly keys: number; readonly runId: string }> {
    if (this.#closing.signal.aborted) {
      throw closed();
    }
    const { promise, resolve, reject } = Promise.withResolvers<{ keys: number; runId: string }>();
    this.#jobs.push({ slotIds, resolve, reject });
    this.#wake();
    return await promise;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await this.#orTimeout(this.#loop, CLOSE_WAIT_MS);
    const db = this.#place?.db;
    if (this.#underWay.size > 0 && this.#orders.isAsync && db !== undefined) {
      await this.#orTimeout(this.#source.breakOff(db), CLOSE_WAIT_MS);
    }
    this.#cutting.abort();
    await this.#loop;
  }

  async #orTimeout(work: Promise<unknown>, ms: number): Promise<void> {
    const timer = new AbortController();
    const late = pauseUnless(timer.signal, ms).catch(() => undefined);
    await Promise.race([work, late]);
    timer.abort();
  }

  #wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers<void>();
  }

  get #hasWork(): boolean {
    return this.#slots.size > 0 || this.#jobs.length > 0 || this.#underWay.size > 0;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (!this.#hasWork) {
        await this.#woken.promise;
        continue;
      }
      try {
        await this.#step();
      } catch (thrown) {
        await this.#recover(thrown);
      }
    }
    for (const job of this.#jobs.splice(0)) {
      job.reject(closed());
    }
    this.#source.close();
    this.#target.close();
  }

  /** Connects, ends what is in doubt, and does one piece of work. */
  async #step(): Promise<void> {
    const { source, target, turns } = this.#options;
    const letGo = await this.#take(turns.take(source.addr, target.addr, this.#closing.signal));
    try {
      const runId = this.#source.runId;
      this.#isInDoubt = (await this.#source.ensure()) || this.#isInDoubt;
      if (runId !== "" && this.#source.runId !== runId) {
        this.#distrustAll();
      }
      await this.#target.ensure();
      if (this.#isInDoubt) {
        await this.#target.cutSuspects((ms) => this.#pause(ms));
        this.#isInDoubt = false;
      }
      this.#noteEnded();
      const job = this.#jobs[0];
      if (job !== undefined) {
        job.resolve(await this.#search(job.slotIds));
        this.#jobs.shift();
      } else {
        await this.#work();
      }
    } finally {
      letGo();
    }
  }

  /** Another process of the source: orders that were under way there, whoever gave them, may have left copies. */
  #distrustAll(): void {
    for (const id of this.#slots) {
      this.#unsettled.add(id);
    }
    this.#hasNew = true;
    this.#isHasty = true;
  }

  /** What `close` ends has no other way than to throw. */
  async #take<T>(wait: Promise<T>): Promise<T> {
    try {
      return await wait;
    } catch (thrown) {
      throw this.#closing.signal.aborted ? new CycleStopped() : thrown;
    }
  }

  /** One order for the first slot, once it is known which of them have keys. */
  async #work(): Promise<void> {
    if (this.#hasNew) {
      await this.#lookAtAll();
    }
    const [slotId] = this.#slots;
    if (slotId === undefined) {
      return;
    }
    if (this.#isHasty || this.#unsettled.has(slotId)) {
      await this.#settleCopies([...this.#slots].filter((id) => this.#unsettled.has(id)));
      this.#isHasty = false;
    }
    const place = await this.#placeIn(slotId);
    if (place === undefined) {
      this.#tellEmptied([slotId]);
      return;
    }
    const keys = Math.max(1, Math.min(this.#orders.keysMax, place.left, this.#pacer.keysMax));
    await this.#awaitPace(keys, place.bytesPerKey);
    // It may have been taken away meanwhile.
    if (this.#slots.has(slotId)) {
      await this.#moveSome(place, keys);
    }
  }

  /** Slots have come: those without keys are done with at once, those that are new at the target have no copies. */
  async #lookAtAll(): Promise<void> {
    const slots = [...this.#slots];
    this.#hasNew = false;
    try {
      const atTarget = await this.#target.counts();
      const atSource = await this.#source.counts();
      for (const id of slots.filter((each) => !atTarget.has(each) || !atSource.has(each))) {
        this.#unsettled.delete(id);
      }
      this.#tellEmptied(slots.filter((id) => !atSource.has(id)));
    } catch (thrown) {
      this.#hasNew = true;
      throw thrown;
    }
  }

  /** Those that are still wanted: nothing of them is at the source. */
  #tellEmptied(slotIds: readonly number[]): void {
    const emptied = slotIds.filter((id) => this.#slots.delete(id));
    if (emptied.length > 0) {
      this.#noteWell();
      this.#options.events.onEmptied(emptied);
    }
  }

  /** Where keys of the slot are left; undefined: nowhere. */
  async #placeIn(slotId: number): Promise<Place | undefined> {
    if (this.#place?.slotId === slotId && this.#place.left > 0) {
      return this.#place;
    }
    const [first] = (await this.#countsOf(slotId)).get(slotId) ?? [];
    if (first === undefined) {
      this.#place = undefined;
      return undefined;
    }
    const bytesPerKey = await this.#source.usualBytes(slotId, first.db);
    this.#place = { slotId, db: first.db, left: first.keys, bytesPerKey };
    return this.#place;
  }

  /** With the look whether a slot is empty the next one is looked at as well. */
  async #countsOf(slotId: number): Promise<SlotCounts> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead?.has(slotId) === true) {
      return ahead;
    }
    const [, nextId] = this.#slots;
    if (nextId === undefined || this.#place?.slotId !== slotId) {
      return await this.#source.counts(slotId);
    }
    const both = [this.#source.counts(slotId), this.#source.counts(nextId)] as const;
    const [counts, next] = await Promise.all(both);
    this.#ahead = next;
    return counts;
  }

  async #moveSome(place: Place, keys: number): Promise<void> {
    const { slotId, db } = place;
    const { events } = this.#options;
    const orders = this.#orders.forSlot({ slotId, keys });
    const beganMs = performance.now();
    const replies = await this.#order(slotId, db, orders);
    const elapsedMs = performance.now() - beganMs;
    this.#orders.noteElapsed(elapsedMs);
    if (!this.#orders.isAsync) {
      events.onStall(elapsedMs);
    }
    const outcomes = replies.map((reply) => outcomeOfOrder(this.#source.addr, reply));
    const moved = outcomes.reduce((sum, outcome) => sum + outcome.moved, 0);
    place.left = outcomes.at(-1)?.left ?? 0;
    this.#noteMoved(slotId, moved, moved * place.bytesPerKey);
    this.#owedKeys += Math.max(0, moved - keys);
    if (moved > 0) {
      // It has acknowledged them.
      this.#target.noteAlive();
    } else if (place.left > 0) {
      await this.#pause(STUCK_REST_MS);
    }
  }

  async #order(
    slotId: number,
    db: number,
    orders: readonly (readonly (string | Uint8Array)[])[],
  ): ReturnType<SlotSource["order"]> {
    this.#underWay.add(slotId);
    try {
      const replies = await this.#source.order(db, orders);
      this.#noteEnded();
      return replies;
    } catch (thrown) {
      if (isBusySource(thrown)) {
        this.#noteEnded();
      } else {
        this.#orders.noteFailure(thrown);
        this.#isInDoubt = true;
        this.#target.noteFailure(thrown);
        if (this.#orders.isAsync) {
          this.#unsettled.add(slotId);
        }
        if (!this.#source.isOrphaned) {
          this.#noteEnded();
        }
      }
      throw thrown;
    }
  }

  /** Keys of the slots that are on both sides are moved: what the source has counts. Gives how many there were. */
  async #settleCopies(slotIds: readonly number[]): Promise<number> {
    let count = 0;
    if (this.#orders.isAsync) {
      for await (const { slotId, db, names } of this.#target.namesOf(new Set(slotIds))) {
        const isHere = await this.#source.exist(db, names);
        const copies = names.filter((_name, index) => isHere[index] === true);
        for (let start = 0; start < copies.length; start += COPIES_MAX) {
          const part = copies.slice(start, start + COPIES_MAX);
          await this.#order(slotId, db, this.#orders.forKeys(part));
          count += part.length;
          this.#noteMoved(slotId, part.length, 0);
        }
      }
    }
    this.#place = undefined;
    for (const id of slotIds) {
      this.#unsettled.delete(id);
    }
    return count;
  }

  async #search(
    slotIds: readonly number[],
  ): Promise<{ readonly keys: number; readonly runId: string }> {
    const { runId } = this.#source;
    const keys = await this.#settleCopies(slotIds);
    if (this.#source.runId !== runId) {
      throw new CodisError(
        "SERVER_UNREACHABLE",
        `server ${this.#source.addr} was restarted while it was searched`,
      );
    }
    return { keys, runId };
  }

  async #awaitPace(keys: number, bytesPerKey: number): Promise<void> {
    for (;;) {
      const asked = keys + this.#owedKeys;
      const waitMs = this.#pacer.ask(asked, asked * bytesPerKey);
      if (waitMs === 0) {
        this.#owedKeys = 0;
        return;
      }
      await this.#pause(waitMs);
      if (this.#jobs.length > 0 || this.#slots.size === 0) {
        throw new CycleStopped();
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return pauseUnless(this.#closing.signal, ms);
  }

  /** Something failed: says so, and rests. */
  async #recover(thrown: unknown): Promise<void> {
    if (thrown instanceof CycleStopped || this.#closing.signal.aborted) {
      return;
    }
    const isBusy = isBusySource(thrown);
    if (!isBusy) {
      const trouble = troubleOf(this.#target.addr, thrown);
      for (const job of this.#jobs.splice(0)) {
        job.reject(trouble);
      }
      this.#tellTrouble(toTrouble(trouble), isForPeople(trouble));
      this.#options.events.onRetry();
    }
    const restMs = isBusy ? BUSY_REST_MS : this.#backoff.nextMs();
    await this.#pause(restMs).catch((stopped: unknown) => {
      if (!(stopped instanceof CycleStopped)) {
        throw stopped;
      }
    });
  }

  #noteMoved(slotId: number, keys: number, bytes: number): void {
    if (keys > 0) {
      this.#noteWell();
      this.#options.events.onMoved(slotId, keys, bytes);
    }
  }

  #noteWell(): void {
    this.#backoff.reset();
    if (this.#trouble !== "") {
      this.#tellTrouble(undefined, false);
    }
  }

  /** No order is under way. */
  #noteEnded(): void {
    if (this.#underWay.size > 0) {
      this.#underWay.clear();
      this.#ended.resolve();
      this.#ended = Promise.withResolvers<void>();
    }
  }

  #tellTrouble(trouble: Trouble | undefined, forPeople: boolean): void {
    if ((trouble?.text ?? "") !== this.#trouble) {
      this.#trouble = trouble?.text ?? "";
      this.#options.events.onTrouble(trouble, forPeople);
    }
  }
}

function closed(): CodisError {
  return new CodisError("DASHBOARD_CLOSED", "the mover is closed");
}
