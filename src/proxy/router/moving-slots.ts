/**
 * The slots whose keys come from another server, and the requests that wait for these keys.
 *
 * A request goes to the target when none of its keys is at the source any more. Until then it waits, in a queue
 * for each session and slot: what one session asks of one slot keeps its order, and nobody else is held up. The
 * wait is bounded by `migration_hold_timeout`; then the request gets TRYAGAIN and is never sent anywhere. A read waits
 * for no key: both servers are asked (`moving-reads.ts`), within the same bound.
 * When the slot stops moving this way, what waits is given back in the order in which it came.
 *
 * Of slots that are wrapped (semi-async of Codis) the source is asked to carry a request out, and only one whose key
 * isn't there goes to the target. What is at the source when such a slot stops moving comes back later (`isLeaving`,
 * `onLeft`), ahead of all others.
 */
import type { SlotRecord } from "../../model/slot.ts";
import { memoryGauge } from "../../net/buffer-pool.ts";
import type { Backend } from "../backend/backend.ts";
import type { MoveFigures } from "../control.ts";
import { KeyMovers } from "../mover/key-movers.ts";
import type { MovingSlot } from "../mover/moving-slot.ts";
import type { MoverEvents, MoverSettings } from "../mover/slot-mover.ts";
import type { ReplySink } from "../reply/reply-sink.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import { MoveStats } from "../stats/move-stats.ts";
import { CONN_RESET, type HeldRequest, isTaking, sendHeld } from "./held-request.ts";
import { KeyWait, type WaitOrigin } from "./key-wait.ts";
import type { MovingEntry as Entry } from "./moving-entry.ts";
import { MovingReads } from "./moving-reads.ts";
import { CANNOT_NAME, refusalReply, tryAgainReply } from "./moving-reply.ts";
import { MovingRequest } from "./moving-request.ts";
import { isPlainRead } from "./read-if-there.ts";
import {
  askWrapped,
  isFullSource,
  isWrappable,
  retryDelayMs,
  type WrappedAnswer,
} from "./wrapped-request.ts";

/** What movers tell the worker. */
export type MoveEvents = Omit<MoverEvents, "onProgress">;

/** Settings of moves on access. */
export interface MoveOptions {
  readonly holdTimeoutMs: number;
  readonly mover: MoverSettings;
  readonly events: MoveEvents;
}

/** Where a router finds the backends of a server. */
export type FindBackend = (addr: string, db: number, proto: 2 | 3, lane: number) => Backend;

/** Keys of one slot that a request needs. */
export interface SlotKeys {
  readonly slot: MovingSlot;
  readonly names: readonly Buffer[];
}

/** Requests of a worker that may wait here, and their bytes; further ones wait in their sessions. */
const REQUESTS_MAX = 65_536;
const BYTES_MAX = 64 * 1024 * 1024;

/** What waited at the source of a slot has its answers, but for these: in order, and ahead of all others. */
export type OnLeft = (slotId: number, comeBack: readonly HeldRequest[]) => void;

/** See the file head. One for each worker. */
export class MovingSlots {
  readonly stats = new MoveStats();
  readonly #holdTimeoutMs: number;
  readonly #movers: KeyMovers;
  readonly #findBackend: FindBackend;
  readonly #commandStats: CommandStats;
  readonly #entries = new Map<number, Entry>();
  /** Slots that stopped moving as they did while the source was asked to carry out requests. */
  readonly #leaving = new Map<number, Entry>();
  readonly #onLeft: OnLeft;
  readonly #reads: MovingReads;
  readonly #waits = new Set<KeyWait>();
  #nextOrder = 0;
  #requestCount = 0;
  #requestBytes = 0;

  constructor(
    options: MoveOptions,
    findBackend: FindBackend,
    commandStats: CommandStats,
    onLeft: OnLeft,
  ) {
    this.#onLeft = onLeft;
    this.#holdTimeoutMs = options.holdTimeoutMs;
    this.#movers = new KeyMovers(options.mover, this.stats, options.events);
    this.#findBackend = findBackend;
    this.#commandStats = commandStats;
    this.#reads = new MovingReads({
      stats: this.stats,
      commandStats,
      want: (entry, request) => this.#want(entry.slot, request),
      advance: (entry, sink) => this.#advance(entry, sink),
      finish: (request) => this.#finish(request),
    });
  }

  /** What was counted so far. */
  figures(): MoveFigures {
    return this.stats.figures(this.#requestCount + this.#waits.size);
  }

  /**
   * The source is still asked to carry out requests of the slot, by a table that doesn't hold any more: until
   * `onLeft` no other request of the slot may go anywhere.
   */
  isLeaving(slotId: number): boolean {
    return this.#leaving.has(slotId);
  }

  /** The slot as it moves now; undefined when it doesn't. */
  slot(slotId: number): MovingSlot | undefined {
    return this.#entries.get(slotId)?.slot;
  }

  /** Addresses that requests of moving slots may go to. */
  *addresses(): Iterable<string> {
    for (const entries of [this.#entries, this.#leaving]) {
      for (const { record } of entries.values()) {
        yield record.backendAddr;
        yield record.migrateFrom;
      }
    }
  }

  /** Where requests of a moving slot go once their keys are there. */
  targetOf(slot: MovingSlot, db: number, proto: 2 | 3, lane: number): Backend {
    const backend = this.#findBackend(slot.mover.target, db, proto, lane);
    const entry = this.#entries.get(slot.id);
    if (entry !== undefined) backend.groupId = entry.record.backendAddrGroupId;
    return backend;
  }

  /**
   * The table says something about a slot. `isMigrating`: it moves, neither locked nor served. Gives back the
   * requests that waited when it doesn't move the same way any more, in order.
   */
  update(record: SlotRecord, isMigrating: boolean): readonly HeldRequest[] {
    const entry = this.#entries.get(record.id);
    if (entry !== undefined && isMigrating && isSameMove(entry.slot, record)) {
      entry.record = record;
      return [];
    }
    const left = entry === undefined ? [] : this.#end(entry);
    if (isMigrating) {
      const { id, forwardMethod, migrateFrom, backendAddr } = record;
      const slot = this.#movers.begin(id, forwardMethod, migrateFrom, backendAddr);
      this.#entries.set(id, { record, slot, queues: new Map(), asked: 0, comeBack: [] });
    }
    return left;
  }

  /** See `KeyMovers`. */
  cutUnsent(): void {
    this.#movers.cutUnsent();
  }

  /** See `KeyMovers.settled`. */
  settled(timeoutMs: number): Promise<void> {
    return this.#movers.settled(timeoutMs);
  }

  /** Whether an earlier request of the session waits for the slot. */
  isQueued(slot: MovingSlot, sink: ReplySink): boolean {
    return this.#entries.get(slot.id)?.queues.has(sink) === true;
  }

  /** Whether so many bytes more may wait here. */
  hasRoom(bytes: number): boolean {
    return this.#requestCount < REQUESTS_MAX && this.#requestBytes + bytes <= BYTES_MAX;
  }

  /**
   * The request goes to the target when its keys are there, behind what its session asked of the slot before;
   * perhaps at once. The slot moves now.
   */
  add(slot: MovingSlot, held: HeldRequest, names: readonly Buffer[]): void {
    const entry = this.#entries.get(slot.id) as Entry;
    const onSettled = (settled: MovingRequest): void => this.#advance(entry, settled.held.sink);
    const order = this.#nextOrder++;
    const request = new MovingRequest(held, names, performance.now(), order, onSettled);
    this.#requestCount++;
    this.#requestBytes += held.frame.length;
    memoryGauge.usedBytes += held.frame.length;
    const queue = entry.queues.get(held.sink);
    if (queue === undefined) entry.queues.set(held.sink, [request]);
    else queue.push(request);
    if (slot.isWrapped && isWrappable(held.commandId, names)) request.state = "unasked";
    else if (queue !== undefined || !this.#readUnmoved(entry, request)) this.#want(slot, request);
    if (request.state === "waiting") this.stats.waits++;
    else this.#advance(entry, held.sink);
  }

  /**
   * Has keys moved for a request that waits elsewhere. Undefined: none of them is at its source. Its `wake` is
   * called once later, also when a slot doesn't move as it did any more.
   */
  waitForKeys(wanted: readonly SlotKeys[], db: number, origin: WaitOrigin): KeyWait | undefined {
    const missing = wanted.flatMap(({ slot, names }) =>
      names.filter((name) => !slot.isSure(db, name)).map((name) => ({ slot, name })),
    );
    if (missing.length === 0) return undefined;
    const slots = new Set(wanted.map(({ slot }) => slot));
    const wake = (): void => {
      this.#waits.delete(wait);
      this.stats.noteWait(performance.now() - origin.sinceMs);
      origin.wake();
    };
    const wait = new KeyWait(slots, missing.length, { ...origin, wake });
    this.#waits.add(wait);
    this.stats.waits++;
    for (const { slot, name } of missing) slot.want(db, name, wait);
    return wait;
  }

  /**
   * The source answers a read of keys in several slots, none of which could be moved; `error` when it can't. All
   * slots have this one source.
   */
  readFromSource(
    slot: MovingSlot,
    held: HeldRequest,
    names: readonly Buffer[],
    error: Buffer,
  ): void {
    const { sink, tag } = held;
    const reader = this.#findBackend(slot.mover.source, held.db, held.proto, held.lane);
    if (!isTaking(reader)) {
      sink.onFailure(tag, CONN_RESET);
      return;
    }
    this.#reads.ofNoSlot(reader, held, names, error);
  }

  /** The reply to a request that has waited for too long. Counts it. */
  tryAgain(trouble: string | undefined): Buffer {
    this.stats.tryAgains++;
    return tryAgainReply(trouble);
  }

  /** The reply to a request that may touch keys that it doesn't name. Counts it. */
  cannotName(): Buffer {
    this.stats.tryAgains++;
    return CANNOT_NAME;
  }

  /** About ten times a second: those that waited for too long; `isSecond` once a second: movers. */
  tick(nowMs: number, isSecond: boolean): void {
    for (const entry of this.#entries.values()) {
      for (const sink of [...entry.queues.keys()]) this.#expire(entry, sink, nowMs);
    }
    for (const wait of this.#waits) {
      if (!wait.isCurrent || nowMs - wait.sinceMs >= this.#holdTimeoutMs) wait.expire();
    }
    if (isSecond) this.#movers.tick(nowMs);
  }

  close(): void {
    this.#movers.close();
  }

  /** Asks for the keys that aren't known to have left. */
  #want(slot: MovingSlot, request: MovingRequest): void {
    const { db } = request.held;
    const missing = request.names.filter((name) => !slot.isSure(db, name));
    request.expect(missing.length);
    for (const name of missing) slot.want(db, name, request);
  }

  /** Sends or answers what can be, from the front of a session's queue. */
  #advance(entry: Entry, sink: ReplySink): void {
    const queue = entry.queues.get(sink);
    while (queue !== undefined) {
      const request = queue[0];
      if (request === undefined) {
        if (entry.queues.get(sink) === queue) entry.queues.delete(sink);
        return;
      }
      const { state } = request;
      if (state === "unasked") this.#askSource(entry, request);
      if (state !== "ready" && state !== "refused" && state !== "done") return;
      const reader = state === "refused" ? this.#readerOf(entry, request) : undefined;
      if (reader !== undefined && isTaking(reader)) {
        this.#reads.fromSource(entry, request, reader);
        return;
      }
      queue.shift();
      if (queue.length === 0) entry.queues.delete(sink);
      this.#finish(request);
      if (state === "ready") this.#send(entry, request);
      else if (state === "refused") {
        this.#fail(request, reader === undefined ? refusalReply(request.refusal) : CONN_RESET);
      }
    }
  }

  #send(entry: Entry, request: MovingRequest): void {
    const { db, proto, lane } = request.held;
    sendHeld(this.targetOf(entry.slot, db, proto, lane), request.held);
  }

  #fail(request: MovingRequest, error: Buffer): void {
    const { sink, tag, commandId } = request.held;
    this.#commandStats.recordFail(commandId);
    sink.onFailure(tag, error);
  }

  /** The request waits no more. */
  #finish(request: MovingRequest): void {
    if (request.state === "done") return;
    request.state = "done";
    const bytes = request.held.frame.length;
    this.#requestCount--;
    this.#requestBytes -= bytes;
    memoryGauge.usedBytes -= bytes;
    this.stats.noteWait(performance.now() - request.sinceMs);
  }

  /** The source's backend for a request that it may answer itself. */
  #readerOf(entry: Entry, { held }: MovingRequest): Backend | undefined {
    if (!isPlainRead(held.commandId)) return undefined;
    return this.#findBackend(entry.slot.mover.source, held.db, held.proto, held.lane);
  }

  /** A read is answered by whichever server has its keys. False: it wasn't sent. */
  #readUnmoved(entry: Entry, request: MovingRequest): boolean {
    const { mover, isWrapped } = entry.slot;
    const { commandId, db, proto, lane } = request.held;
    // In trouble nothing that was moved is used before it is made sure of.
    if (!mover.isReadAnywhere || isWrapped || mover.trouble !== undefined) return false;
    if (!isPlainRead(commandId)) return false;
    const target = this.targetOf(entry.slot, db, proto, lane);
    const source = this.#findBackend(mover.source, db, proto, lane);
    if (!isTaking(target) || !isTaking(source)) return false;
    this.#reads.fromBoth(entry, request, target, source);
    return true;
  }

  #expire(entry: Entry, sink: ReplySink, nowMs: number): void {
    for (const request of [...(entry.queues.get(sink) ?? [])]) {
      if (nowMs - request.sinceMs < this.#holdTimeoutMs) break;
      if (!request.isIdle || request.state === "refused") continue;
      this.#finish(request);
      this.#fail(request, this.tryAgain(entry.slot.mover.trouble ?? request.failure));
    }
    this.#advance(entry, sink);
  }

  /** The slot doesn't move this way any more; its requests, in order, but for those that the source answers. */
  #end(entry: Entry): readonly HeldRequest[] {
    this.#movers.end(entry.slot, performance.now());
    this.#entries.delete(entry.slot.id);
    const left: MovingRequest[] = [];
    for (const queue of entry.queues.values()) {
      for (const request of queue) {
        if (!request.isIdle) continue;
        this.#finish(request);
        left.push(request);
      }
    }
    entry.queues.clear();
    // A slot may begin to move anew while something of the move before is still at its source.
    if (entry.asked > 0) this.#leaving.set(entry.slot.id, entry);
    return inOrder(left);
  }

  /** Has the source carry out the request at the front of its queue, if its key is there. */
  #askSource(entry: Entry, request: MovingRequest): void {
    const { held, names } = request;
    const { db, proto, lane } = held;
    const backend = this.#findBackend(entry.slot.mover.source, db, proto, lane);
    if (!isTaking(backend)) {
      this.#finish(request);
      this.#fail(request, CONN_RESET);
      this.#advance(entry, held.sink);
      return;
    }
    request.state = "asking";
    request.tries++;
    entry.asked++;
    askWrapped(backend, held, names[0] as Buffer, {
      onAnswer: (answer) => this.#onAnswer(entry, request, { ...answer, backend }),
      onWrapFailure: (error) => this.#answer(entry, request, () => this.#fail(request, error)),
    });
  }

  #onAnswer(entry: Entry, request: MovingRequest, answer: SourceAnswer): void {
    const { held } = request;
    const { outcome, backend, chunk, start, end } = answer;
    if (outcome === "absent" || outcome === "moving") {
      this.#comeBack(entry, request, outcome);
    } else if (entry.slot.isCurrent && isFullRead(held, answer)) {
      // The command that asks is one that a full server may refuse, although the read itself isn't.
      entry.asked--;
      this.#reads.fromSource(entry, request, backend);
      this.#checkLeft(entry);
    } else {
      this.#answer(entry, request, () => {
        if (outcome === "done") held.writer?.noteWrite(backend);
        this.#commandStats.record(held.commandId, performance.now() - held.startMs);
        held.sink.onReply(held.tag, chunk, start, end);
      });
    }
  }

  /** The source has answered for good. */
  #answer(entry: Entry, request: MovingRequest, deliver: () => void): void {
    entry.asked--;
    this.#finish(request);
    deliver();
    this.#advance(entry, request.held.sink);
    this.#checkLeft(entry);
  }

  /** The source hasn't carried it out. */
  #comeBack(entry: Entry, request: MovingRequest, outcome: "absent" | "moving"): void {
    entry.asked--;
    if (!entry.slot.isCurrent) {
      this.#finish(request);
      entry.comeBack.push(request);
      this.#checkLeft(entry);
    } else if (outcome === "absent") {
      request.state = "ready";
      this.#advance(entry, request.held.sink);
    } else this.#tryLater(entry, request);
  }

  /** Its key is on its way. */
  #tryLater(entry: Entry, request: MovingRequest): void {
    if (request.tries === 1) this.stats.waits++;
    request.state = "retrying";
    request.failure = `a key of the request is on its way from ${entry.slot.mover.source}`;
    const again = (): void => {
      if (request.state !== "retrying" || !entry.slot.isCurrent) return;
      request.state = "unasked";
      this.#advance(entry, request.held.sink);
    };
    const delayMs = retryDelayMs(request.tries);
    if (delayMs > 0) setTimeout(again, delayMs);
    else again();
  }

  #checkLeft({ slot, asked, comeBack }: Entry): void {
    if (asked > 0 || this.#leaving.get(slot.id)?.slot !== slot) return;
    this.#leaving.delete(slot.id);
    this.#onLeft(slot.id, inOrder(comeBack));
  }
}

/** What a source said to a request that it was asked to carry out. */
interface SourceAnswer extends WrappedAnswer {
  readonly backend: Backend;
}

/** A read that the source has refused because it is full. */
function isFullRead({ commandId }: HeldRequest, { outcome, chunk, start }: SourceAnswer): boolean {
  return outcome === "refused" && isFullSource(chunk, start) && isPlainRead(commandId);
}

function inOrder(requests: readonly MovingRequest[]): readonly HeldRequest[] {
  return requests.toSorted((a, b) => a.order - b.order).map(({ held }) => held);
}

function isSameMove({ mover }: MovingSlot, record: SlotRecord): boolean {
  return (
    mover.method === record.forwardMethod &&
    mover.source === record.migrateFrom &&
    mover.target === record.backendAddr
  );
}
