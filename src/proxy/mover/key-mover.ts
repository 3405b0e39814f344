/**
 * Moves the keys that requests of this worker want from one server to another: one MIGRATE at a time, for all keys
 * of a database that were wanted until then. Never with REPLACE: on both sides, the target's copy wins.
 *
 *     want -> queue -> both servers ready, nothing in doubt -> MIGRATE, INFO errorstats -> sure | refused
 *               ^                                                    |
 *               +------ not yet: look at each key, or rest ----------+
 *
 * A key is sure when the source hasn't got it, and no broken transfer of it can be under way: the count of IOERR
 * replies behind the command that showed it is the one at which this mover made sure. Invariant: what takes keys
 * away from the source is sent only for slots that move this way at that very moment.
 */
import { Backoff } from "../../base/backoff.ts";
import { messageOf } from "../../base/error.ts";
import {
  causeOf,
  type MigrateOutcome,
  mayHideTimeout,
  outcomeOf,
} from "../../migrate/migrate-outcome.ts";
import { type MigrateTarget, migrateRequest } from "../../migrate/migrate-request.ts";
import { FORWARD_METHOD } from "../../model/slot.ts";
import { atTurnEnd } from "../../net/turn.ts";
import { socketAddrOf } from "../backend/backend.ts";
import type { MoveStats } from "../stats/move-stats.ts";
import { DoubtWatch } from "./doubt-watch.ts";
import { GoneShare } from "./gone-share.ts";
import type { MovingSlot } from "./moving-slot.ts";
import type { MoverEvents, MoverSettings, SlotMover } from "./slot-mover.ts";
import { Source, textOf } from "./source.ts";
import { Target } from "./target.ts";
import { LinkLost, ServerRefused } from "./trouble.ts";
import { KeyQueue, type KeyWaiter, type WantedKey } from "./wanted-key.ts";

/** Rest after trouble. */
const REST_MIN_MS = 50;
const REST_MAX_MS = 1_000;
/** A single key that failed isn't tried again before. */
const KEY_REST_MS = 100;
/** While all keys in the queue rest. */
const IDLE_MS = 20;

/** See the file head. One for each pair of servers. */
export class KeyMover implements SlotMover {
  readonly method = FORWARD_METHOD.migrate;
  readonly source: string;
  readonly target: string;
  readonly #settings: MoverSettings;
  readonly #stats: MoveStats;
  readonly #events: MoverEvents;
  readonly #targetAt: Pick<MigrateTarget, "host" | "port">;
  readonly #from: Source;
  readonly #to: Target;
  readonly #doubt: DoubtWatch;
  readonly #queue = new KeyQueue();
  readonly #gone = new GoneShare();
  readonly #backoff = new Backoff({ minMs: REST_MIN_MS, maxMs: REST_MAX_MS });
  /** Of the command that takes keys away, under way or lost. */
  #taken: readonly WantedKey[] = [];
  #isRunning = false;
  #isClosed = false;
  #trouble: string | undefined;
  /** No key is wanted yet, but soon. */
  #isPreparing = false;
  #isAskingTarget = false;
  #endPause: () => void = () => undefined;

  /** Addresses as in the slot table. */
  constructor(
    source: string,
    target: string,
    settings: MoverSettings,
    stats: MoveStats,
    events: MoverEvents,
  ) {
    this.source = source;
    this.target = target;
    this.#settings = settings;
    this.#stats = stats;
    this.#events = events;
    const { name } = settings;
    const at = socketAddrOf(target);
    const { host, port } = "path" in at ? { host: at.path, port: 0 } : at;
    this.#targetAt = { host, port };
    this.#from = new Source({ ...settings, addr: source });
    this.#to = new Target({ ...settings, addr: target });
    this.#doubt = new DoubtWatch({
      source: this.#from,
      target: this.#to,
      targetAddr: target,
      name,
      onRaised: () => {
        stats.doubts++;
        events.onDoubt(this);
      },
      pause: (ms) => this.#pause(ms),
    });
  }

  /** Why keys aren't moved now, one line; undefined when they are. */
  get trouble(): string | undefined {
    if (this.#trouble !== undefined) return this.#trouble;
    if (this.#isAskingTarget) return `${this.target} hasn't answered yet`;
    if (this.#doubt.isRaised) return "a broken transfer is cleaned up";
    return this.#from.mayTake ? `${this.source} hasn't answered yet` : undefined;
  }

  /** The slots whose keys may be taken away from the source by a command that isn't answered. */
  get slotsUnderWay(): readonly MovingSlot[] {
    return this.#from.mayTake ? this.#taken.map((key) => key.slot) : [];
  }

  /** Has something to do. */
  get isBusy(): boolean {
    return this.#isRunning;
  }

  get isReadAnywhere(): boolean {
    return true;
  }

  get isMostlyGone(): boolean {
    return this.#gone.isMost;
  }

  noteRead(isThere: boolean): void {
    this.#gone.noteRead(isThere);
  }

  /** See `MovingSlot.want`. */
  want(slot: MovingSlot, db: number, name: Buffer, id: string, waiter: KeyWaiter): void {
    this.#queue.want(slot, db, name, id, waiter);
    this.#to.use(performance.now());
    this.#start();
  }

  /** Keys will be wanted: connects and makes sure of what was before, once. */
  prepare(): void {
    this.#isPreparing = true;
    this.#start();
  }

  /** What would take keys away isn't sent any more, if it wasn't yet. */
  cutUnsent(): void {
    this.#from.cutUnsent();
  }

  /** Drops the connections; whoever waits hears nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#endPause();
    this.#from.close();
    this.#to.close();
  }

  #start(): void {
    if (this.#isRunning || this.#isClosed) return;
    this.#isRunning = true;
    // At the end of the turn, with all that is wanted until then.
    atTurnEnd({ onTurnEnd: () => void this.#run() });
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (!this.#isClosed) {
      if (this.#queue.size === 0 && !this.#from.mayTake && !this.#isPreparing) break;
      try {
        await this.#step();
        this.#setTrouble(undefined);
      } catch (thrown) {
        this.#isPreparing = false;
        this.#events.onProgress();
        this.#setTrouble(messageOf(thrown));
        if (!(thrown instanceof LinkLost || thrown instanceof ServerRefused)) throw thrown;
        await this.#rest(this.#backoff.nextMs());
        this.#queue.prune();
      }
    }
    this.#isRunning = false;
  }

  async #step(): Promise<void> {
    if (await this.#from.open()) this.#doubt.raise();
    this.#events.onProgress();
    await this.#makeTargetReady();
    await this.#doubt.makeSure();
    this.#isPreparing = false;
    // Making sure may have taken a while.
    await this.#makeTargetReady();
    const batch = this.#queue.next(performance.now());
    if (batch.length === 0) {
      // All of them rest, or nobody wants them any more.
      if (this.#queue.size > 0) await this.#rest(IDLE_MS);
      return;
    }
    await this.#move(batch);
    this.#backoff.reset();
    await turnEnd();
  }

  async #makeTargetReady(): Promise<void> {
    this.#isAskingTarget = true;
    try {
      await this.#to.makeReady();
    } finally {
      this.#isAskingTarget = false;
    }
  }

  async #move(batch: readonly WantedKey[]): Promise<void> {
    const { db } = batch[0] as WantedKey;
    const isCopy = this.#to.hasReplicas;
    const options = { db, timeoutMs: this.#settings.ioTimeoutMs, isCopy };
    const { user, password } = this.#settings.login ?? this.#settings;
    const target = { ...this.#targetAt, user, password };
    const names = namesOf(batch);
    const request = migrateRequest(target, options, names);
    const sentAtMs = performance.now();
    const { value, present, ioErrors } = await this.#take(batch, () =>
      this.#from.migrate(db, request, names),
    );
    const tookMs = performance.now() - sentAtMs;
    const text = textOf(value);
    const outcome = outcomeOf(value.type === "error", text);
    this.#stats.countMigrate(outcome);
    if (outcome === "in-doubt" || mayHideTimeout(outcome, tookMs, options.timeoutMs)) {
      this.#doubt.raise();
      throw new ServerRefused(`${this.source} lost ${this.target} in the middle of a transfer`);
    }
    this.#observe(ioErrors);
    switch (outcome) {
      case "moved":
        this.#stats.keysAbsent += batch.length - present;
        if (isCopy) {
          await this.#unlink(batch);
        } else {
          this.#stats.keysMoved += present;
          this.#settle(batch);
        }
        return;
      case "nothing":
        this.#stats.keysAbsent += batch.length;
        this.#settle(batch);
        return;
      case "busy-key":
        await this.#endInterrupted(batch);
        return;
      default:
        await this.#sortOut(batch, outcome, text, isCopy);
    }
  }

  /** The target has the keys: they are removed at the source, once they can't be lost there any more. */
  async #unlink(keys: readonly WantedKey[]): Promise<void> {
    if (this.#to.hasReplicas && !(await this.#to.isReplicated())) {
      throw new ServerRefused(`no replica of ${this.target} confirms what it has`);
    }
    const left = keys.filter((key) => key.slot.isCurrent);
    const [first] = left;
    if (first === undefined) return;
    const { value, ioErrors } = await this.#take(left, () =>
      this.#from.unlink(first.db, namesOf(left)),
    );
    this.#stats.keysMoved += value;
    this.#observe(ioErrors);
    this.#settle(left);
  }

  /** Some key is on both sides: an interrupted move, of whomever. */
  async #endInterrupted(batch: readonly WantedKey[]): Promise<void> {
    const left = await this.#lookAt(batch);
    const alone = await this.#unlinkBoth(left);
    // Behind the first error may be a broken connection, which isn't told: keys that are left show it.
    if (alone.length > 0) this.#doubt.raise();
    // Those that only the source has are tried again, with an error of their own.
    const isStuck = alone.length > 0 && alone.length === batch.length;
    for (const key of alone) {
      this.#queue.postpone(key, isStuck ? performance.now() + IDLE_MS : 0);
    }
  }

  /** Of keys that the source has: those that the target hasn't. */
  async #unlinkBoth(keys: readonly WantedKey[]): Promise<readonly WantedKey[]> {
    const [first] = keys;
    if (first === undefined) return [];
    const isThere = await this.#to.has(first.db, namesOf(keys));
    const both = keys.filter((_key, i) => isThere[i] === true);
    if (both.length > 0) await this.#unlink(both);
    return keys.filter((_key, i) => isThere[i] === false);
  }

  /** The reply tells one error; which of the keys it is about has to be seen. */
  async #sortOut(
    batch: readonly WantedKey[],
    outcome: MigrateOutcome,
    text: string,
    isCopy: boolean,
  ): Promise<void> {
    const cause = causeOf(text);
    if (outcome === "source-refused") throw new ServerRefused(`${this.source} answers: ${cause}`);
    const here = await this.#lookAt(batch);
    const left = isCopy ? await this.#unlinkBoth(here) : here;
    if (outcome === "target-full" || outcome === "payload-unknown") {
      for (const key of left) {
        this.#queue.remove(key);
        for (const waiter of key.waiters) {
          if (waiter.isWaiting) waiter.onKeyRefused({ outcome, text: cause });
        }
      }
      return;
    }
    if (outcome !== "failed") throw new ServerRefused(`${this.target} answers: ${cause}`);
    const isAlone = left.length === 1;
    for (const key of left) {
      key.isAlone = true;
      this.#queue.postpone(key, isAlone ? performance.now() + KEY_REST_MS : 0);
      if (!isAlone) continue;
      for (const waiter of key.waiters) waiter.onKeyFailed(`${this.target} answers: ${cause}`);
    }
  }

  /** Those that the source has; the others are sure. */
  async #lookAt(batch: readonly WantedKey[]): Promise<readonly WantedKey[]> {
    const { db } = batch[0] as WantedKey;
    const { value, ioErrors } = await this.#from.has(db, namesOf(batch));
    this.#observe(ioErrors);
    this.#settle(batch.filter((_key, i) => value[i] === false));
    return batch.filter((key, i) => value[i] === true && key.slot.isCurrent);
  }

  #settle(keys: readonly WantedKey[]): void {
    for (const key of keys) {
      key.slot.noteSure(key.id);
      this.#queue.remove(key);
      for (const waiter of key.waiters) {
        if (waiter.isWaiting) waiter.onKeySure();
      }
    }
  }

  /** Runs a command that takes these keys away from the source. */
  async #take<T>(keys: readonly WantedKey[], run: () => Promise<T>): Promise<T> {
    this.#taken = keys;
    try {
      return await run();
    } finally {
      this.#events.onProgress();
    }
  }

  /** Throws when the count shows a doubt, whosever it is: nothing is sure then. */
  #observe(ioErrors: number): void {
    this.#doubt.observe(ioErrors);
    if (this.#doubt.isRaised) throw new ServerRefused(`a transfer from ${this.source} was broken`);
  }

  #setTrouble(trouble: string | undefined): void {
    if (this.#trouble === trouble) return;
    this.#trouble = trouble;
    this.#events.onTrouble(this, trouble);
  }

  /** Rejects when the mover is closed meanwhile. */
  async #pause(ms: number): Promise<void> {
    await this.#rest(ms);
    if (this.#isClosed) throw new LinkLost("the mover is closed", false);
  }

  /** Ends early when the mover is closed. */
  #rest(ms: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function namesOf(keys: readonly WantedKey[]): readonly Buffer[] {
  return keys.map((key) => key.name);
}

/** When all sockets that were readable in this turn have been read. */
function turnEnd(): Promise<void> {
  return new Promise((resolve) => atTurnEnd({ onTurnEnd: resolve }));
}
