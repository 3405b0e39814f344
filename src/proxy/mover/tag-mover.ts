/**
 * Moves the keys that requests of this worker want with the slot commands of codis-server, which take along all
 * keys of the same tag:
 *
 *     sync        SLOTSMGRTTAGONE for each key; the source does nothing else meanwhile
 *     semi-async  for commands of several keys: those that the source has, by one SLOTSMGRTTAGONE-ASYNC. The source
 *                 does one such job at a time in a database, so FENCE goes before it: it waits for the present one
 *
 * Here the source's copy of a key is the one that counts, as long as there is one. A key is sure when the source
 * hasn't got it. A job that was broken off may leave an old copy at the target, which would show if the source's
 * copy were deleted: such a key is owed, and moved in the end whether somebody waits for it or not.
 */
import { Backoff } from "../../base/backoff.ts";
import { messageOf } from "../../base/error.ts";
import { FORWARD_METHOD, type ForwardMethod } from "../../model/slot.ts";
import { atTurnEnd } from "../../net/turn.ts";
import type { RespValue } from "../../resp/value.ts";
import { socketAddrOf } from "../backend/backend.ts";
import type { MoveStats } from "../stats/move-stats.ts";
import type { Argv } from "./link.ts";
import type { MovingSlot } from "./moving-slot.ts";
import type { MoverEvents, MoverSettings, SlotMover } from "./slot-mover.ts";
import { Source } from "./source.ts";
import { Target } from "./target.ts";
import { LinkLost, ServerRefused } from "./trouble.ts";
import { KeyQueue, type KeyWaiter, type Refusal, type WantedKey } from "./wanted-key.ts";

/** What a mover is made of. */
export interface TagMoverOptions {
  readonly method: ForwardMethod;
  /** Addresses as in the slot table. */
  readonly source: string;
  readonly target: string;
  readonly settings: MoverSettings;
  readonly stats: MoveStats;
  readonly events: MoverEvents;
}

/** Rest after trouble. */
const REST_MIN_MS = 50;
const REST_MAX_MS = 1_000;
/** While all keys in the queue rest. */
const IDLE_MS = 20;
/** A job of somebody else came first after all. */
const BUSY_REST_MS = 5;
/** Keys that a source is held up for in one go. */
const SYNC_KEYS_MAX = 16;
/** A job that isn't acknowledged for so long is broken off by the source; chunks of large keys, and what may be
 * under way to the target. As Codis has them. */
const ASYNC_TIMEOUT_MS = 5_000;
const ASYNC_MAX_BULKS = 200;
const ASYNC_MAX_BYTES = 512 * 1024;
/** For the job before this one, and this one. */
const ASYNC_ANSWER_MS = 60_000;

/** See the file head. One for each pair of servers. */
export class TagMover implements SlotMover {
  readonly method: ForwardMethod;
  readonly source: string;
  readonly target: string;
  readonly #settings: MoverSettings;
  readonly #stats: MoveStats;
  readonly #events: MoverEvents;
  readonly #targetAt: readonly string[];
  readonly #from: Source;
  readonly #to: Target;
  readonly #queue = new KeyQueue();
  readonly #backoff = new Backoff({ minMs: REST_MIN_MS, maxMs: REST_MAX_MS });
  /** Of the commands that take keys away, under way or lost. */
  #taken: readonly WantedKey[] = [];
  #isRunning = false;
  #isClosed = false;
  #isPreparing = false;
  #trouble: string | undefined;
  #endPause: () => void = () => undefined;

  constructor({ method, source, target, settings, stats, events }: TagMoverOptions) {
    this.method = method;
    this.source = source;
    this.target = target;
    this.#settings = settings;
    this.#stats = stats;
    this.#events = events;
    const at = socketAddrOf(target);
    this.#targetAt = "path" in at ? [at.path, "0"] : [at.host, `${at.port}`];
    this.#from = new Source({ ...settings, addr: source });
    this.#to = new Target({ ...settings, addr: target });
  }

  get trouble(): string | undefined {
    return this.#trouble ?? (this.#from.mayTake ? `${this.source} hasn't answered yet` : undefined);
  }

  get slotsUnderWay(): readonly MovingSlot[] {
    return this.#from.mayTake ? this.#taken.map((key) => key.slot) : [];
  }

  get isBusy(): boolean {
    return this.#isRunning;
  }

  /** A target of these commands takes a copy of a key before the source has let go of it. */
  get isReadAnywhere(): boolean {
    return false;
  }

  get isMostlyGone(): boolean {
    return false;
  }

  noteRead(): void {
    // No read asks both servers.
  }

  want(slot: MovingSlot, db: number, name: Buffer, id: string, waiter: KeyWaiter): void {
    this.#queue.want(slot, db, name, id, waiter);
    this.#to.use(performance.now());
    this.#start();
  }

  prepare(): void {
    this.#isPreparing = true;
    this.#start();
  }

  cutUnsent(): void {
    this.#from.cutUnsent();
  }

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
    await this.#from.open();
    this.#events.onProgress();
    // One that doesn't answer would hold up the source.
    await this.#to.makeReady();
    this.#isPreparing = false;
    const batch = this.#queue.next(performance.now());
    if (batch.length === 0) {
      if (this.#queue.size > 0) await this.#rest(IDLE_MS);
      return;
    }
    if (this.method === FORWARD_METHOD.semiAsync) await this.#moveTogether(batch);
    else await this.#moveEach(batch.slice(0, SYNC_KEYS_MAX));
    this.#backoff.reset();
  }

  async #moveEach(batch: readonly WantedKey[]): Promise<void> {
    const { db } = batch[0] as WantedKey;
    const timeout = `${this.#settings.ioTimeoutMs}`;
    const orders = batch.map(({ name }) => ["SLOTSMGRTTAGONE", ...this.#targetAt, timeout, name]);
    // Each of them may take the bound for connecting, for sending and for the answer.
    const boundMs = this.#settings.ioTimeoutMs * 4 * batch.length;
    const replies = await this.#take(batch, db, orders, Math.max(boundMs, SYNC_ANSWER_MS));
    const failed: WantedKey[] = [];
    let error = "";
    for (const [i, key] of batch.entries()) {
      const reply = replies[i] as RespValue;
      if (reply.type === "integer") {
        this.#count(Number(reply.value));
        this.#settle([key]);
      } else {
        failed.push(key);
        error ||= errorOf(reply);
      }
    }
    const here = UNKNOWN_COMMAND.test(error) ? await this.#presentOf(failed) : failed;
    if (here.length > 0) this.#fail(here, error);
  }

  /** Of keys of one database: those that the source has; the others are sure. */
  async #presentOf(keys: readonly WantedKey[]): Promise<readonly WantedKey[]> {
    const { db } = keys[0] as WantedKey;
    const { value: isHere } = await this.#from.has(
      db,
      keys.map(({ name }) => name),
    );
    this.#settle(keys.filter((_key, i) => isHere[i] === false));
    return keys.filter((key, i) => isHere[i] === true && key.slot.isCurrent);
  }

  async #moveTogether(batch: readonly WantedKey[]): Promise<void> {
    const { db } = batch[0] as WantedKey;
    const here = await this.#presentOf(batch);
    if (here.length === 0) return;
    const bounds = [ASYNC_TIMEOUT_MS, ASYNC_MAX_BULKS, ASYNC_MAX_BYTES].map(String);
    const order = [
      "SLOTSMGRTTAGONE-ASYNC",
      ...this.#targetAt,
      ...bounds,
      ...here.map(({ name }) => name),
    ];
    // Until the answer says that all is well.
    for (const key of here) key.isOwed = true;
    const orders = [["SLOTSMGRT-ASYNC-FENCE"], order];
    const [, reply] = await this.#take(here, db, orders, ASYNC_ANSWER_MS);
    if (reply?.type !== "integer") {
      this.#fail(here, errorOf(reply as RespValue));
      return;
    }
    for (const key of here) key.isOwed = false;
    this.#count(Number(reply.value));
    // The next look shows that they are gone; what isn't, although nothing was moved, may rest.
    const untilMs = reply.value > 0n ? 0 : performance.now() + IDLE_MS;
    for (const key of here) this.#queue.postpone(key, untilMs);
  }

  async #take(
    keys: readonly WantedKey[],
    db: number,
    orders: readonly Argv[],
    timeoutMs: number,
  ): Promise<readonly RespValue[]> {
    this.#taken = keys;
    try {
      return await this.#from.order(db, orders, timeoutMs);
    } finally {
      this.#events.onProgress();
    }
  }

  #count(moved: number): void {
    this.#stats.countMigrate(moved > 0 ? "moved" : "nothing");
    this.#stats.keysMoved += moved;
    if (moved === 0) this.#stats.keysAbsent++;
  }

  #settle(keys: readonly WantedKey[]): void {
    for (const key of keys) {
      key.slot.noteSure(key.id);
      this.#queue.remove(key);
      for (const waiter of key.waiters) if (waiter.isWaiting) waiter.onKeySure();
    }
  }

  /** The keys are at the source. Throws when trying again at once makes no sense. */
  #fail(keys: readonly WantedKey[], text: string): void {
    if (text.includes("is being migrated")) {
      for (const key of keys) {
        key.isOwed = false;
        this.#queue.postpone(key, performance.now() + BUSY_REST_MS);
      }
      return;
    }
    const refusal = this.#refusalOf(text);
    const outcome = refusal?.outcome ?? "no-commands";
    this.#stats.countMigrate(outcome === "no-commands" ? "failed" : outcome);
    if (refusal === undefined) {
      for (const key of keys) {
        for (const waiter of key.waiters) waiter.onKeyFailed(`${this.source} answers: ${text}`);
      }
      throw new ServerRefused(`${this.source} answers: ${text}`);
    }
    for (const key of keys) {
      const { waiters } = key;
      key.waiters = [];
      // A source that doesn't know the command has done nothing.
      if (UNKNOWN_COMMAND.test(text)) key.isOwed = false;
      if (key.isOwed) this.#queue.postpone(key, performance.now() + REST_MAX_MS);
      else this.#queue.remove(key);
      for (const waiter of waiters) if (waiter.isWaiting) waiter.onKeyRefused(refusal);
    }
  }

  /** The key can't go for now; undefined: something else is wrong. */
  #refusalOf(text: string): Refusal | undefined {
    if (!text.includes("unknown command")) return refusalOf(text);
    return {
      outcome: "no-commands",
      text:
        `TRYAGAIN the slot is being moved with forward_method ${this.method}, but ${this.source} or ` +
        `${this.target} doesn't have the slot commands of codis-server`,
    };
  }

  #setTrouble(trouble: string | undefined): void {
    if (this.#trouble === trouble) return;
    this.#trouble = trouble;
    this.#events.onTrouble(this, trouble);
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

/** The source's own error; one of the target's has other words before it. */
const UNKNOWN_COMMAND = /^ERR unknown command/;
/** Shortest wait for answers of a source that is held up by what it was asked. */
const SYNC_ANSWER_MS = 15_000;

function errorOf(reply: RespValue): string {
  return reply.type === "error" ? reply.text : `an unexpected reply (${reply.type})`;
}

/** The target doesn't take the key; undefined: something else is wrong. */
function refusalOf(text: string): Refusal | undefined {
  const full = /\bOOM\b.*/.exec(text);
  if (full !== null) return { outcome: "target-full", text: full[0] };
  return /dump payload version|bad data format|invalid payload/i.test(text)
    ? { outcome: "payload-unknown", text }
    : undefined;
}
