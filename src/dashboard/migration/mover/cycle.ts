/**
 * One full SCAN cycle over every database of the source: finds the keys of wanted slots, sizes them, and moves them in
 * batches over the lanes, two in flight (`BatchSpacing`). A slot of which it has met nothing is empty (`SlotLedger`).
 *
 * One database at a time: all links select it, and what was found in it has been moved before the next one. A cycle
 * that fails or is stopped proves nothing.
 */
import { CodisError } from "../../../base/error.ts";
import { expectedStallMs } from "../../../migrate/stall.ts";
import type { Trouble } from "../../../model/operation/trouble-code.ts";
import { PACE_ASK_MS } from "../contract.ts";
import { BigKeys } from "./big-keys.ts";
import type { FoundKey } from "./found-key.ts";
import { KeyFinder } from "./key-finder.ts";
import { type Batch, KeyQueue } from "./key-queue.ts";
import type { Pacer } from "./pacer.ts";
import { CycleStopped, pauseUnless } from "./pause.ts";
import type { ScanStride } from "./scan-stride.ts";
import type { SlotLedger } from "./slot-ledger.ts";
import { LANES } from "./source.ts";
import type { Transfer, TransferParts } from "./transfer.ts";

/** What a cycle works with; all of one mover. */
export interface CycleParts extends TransferParts {
  readonly ledger: SlotLedger;
  readonly pacer: Pacer;
  readonly stride: ScanStride;
  readonly transfer: Transfer;
}

/** How a cycle ended. */
export interface CycleResult {
  readonly emptied: readonly number[];
  /** A key can't be moved, and a person has to act. */
  readonly keyTrouble: Trouble | undefined;
}

/** A page holds so many times the keys that all lanes take at once. */
const PAGE_MARGIN = 1.5;

/** See the file head. */
export class Cycle {
  readonly #parts: CycleParts;
  readonly #big = new BigKeys();
  readonly #stop: AbortSignal;
  readonly #isWanted: (slotId: number) => boolean;
  #refused: Trouble | undefined;
  /** Of the keys that were found last: what MIGRATE of a small one takes, until there were any. */
  #workUsPerKey = expectedStallMs("", 0, 0) * 1_000;
  /** Held by who makes up and sends the next batch. */
  #gate: Promise<void> = Promise.resolve();

  /** The signal stops it; what is under way is waited for. */
  constructor(parts: CycleParts, stop: AbortSignal) {
    this.#parts = parts;
    this.#stop = stop;
    this.#isWanted = (slotId) => parts.ledger.isWanted(slotId);
  }

  /** Once. Throws what it fails with, and `CycleStopped`. */
  async run(): Promise<CycleResult> {
    const { source, ledger, doubt } = this.#parts;
    const before = await source.facts();
    ledger.beginCycle();
    try {
      for (const { db } of before.keyspace) {
        await this.#moveDatabase(db);
      }
      for (const { db, key } of this.#big.readyAtEnd()) {
        await this.#useDb(db);
        await this.#moveAlone(db, key);
      }
      const after = await source.facts();
      doubt.observe(await source.ioErrors());
      if (after.identity !== before.identity || doubt.isRaised) {
        ledger.abandonCycle();
      }
      return { emptied: ledger.endCycle(), keyTrouble: this.#big.trouble ?? this.#refused };
    } finally {
      ledger.abandonCycle();
    }
  }

  async #moveDatabase(db: number): Promise<void> {
    await this.#useDb(db);
    const queue = new KeyQueue();
    const stop = (): void => queue.drop();
    this.#stop.addEventListener("abort", stop, { once: true });
    const attempt = async (work: Promise<void>): Promise<void> => {
      try {
        await work;
      } catch (thrown) {
        queue.drop();
        throw thrown;
      }
    };
    const lanes = Array.from({ length: LANES }, (_, lane) => this.#drain(lane, db, queue));
    const ends = await Promise.allSettled([this.#fill(db, queue), ...lanes].map(attempt));
    this.#stop.removeEventListener("abort", stop);
    const finished = await Promise.allSettled([this.#parts.transfer.finish()]);
    for (const end of [...ends, ...finished]) {
      if (end.status === "rejected") {
        throw end.reason;
      }
    }
    this.#throwIfStopped();
  }

  /** Finds what is to be moved and puts it into the queue. */
  async #fill(db: number, queue: KeyQueue): Promise<void> {
    const { options, source, ledger, stride, underWay, pacer } = this.#parts;
    const finder = new KeyFinder({
      link: source.control,
      slotCount: options.slotCount,
      isWanted: this.#isWanted,
      onMeet: (slotId) => ledger.meet(slotId),
      stride,
      maxStallMs: () => options.limits().maxStallMs,
      keysWanted: () => this.#keysAtOnce() * LANES * PAGE_MARGIN,
      isQuiet: () => underWay.batches === 0,
      isSlow: () => pacer.isLimited,
      inTurn: (step) => this.#aloneIfSlow(step),
      pause: (ms) => pauseUnless(this.#stop, ms),
    });
    for await (const found of finder.find()) {
      const { maxStallMs, bigKeyRule } = options.limits();
      const small: FoundKey[] = [];
      this.#noteWork(found);
      for (const key of found) {
        if (key.workUs <= maxStallMs * 1_000) {
          this.#big.noteSmall(key.slotId);
          small.push(key);
        } else if (this.#big.decide(db, key, bigKeyRule) === "now") {
          await this.#moveAlone(db, key);
        }
      }
      queue.push(small);
      await queue.room();
      if (queue.isEnded) {
        return;
      }
    }
    queue.end();
  }

  /** One lane: moves batches until nothing comes any more. */
  async #drain(lane: number, db: number, queue: KeyQueue): Promise<void> {
    while (await queue.hasKeys()) {
      const open = await this.#closeGate();
      let moved: Promise<void> | undefined;
      try {
        await this.#parts.transfer.whenNext();
        const batch = await this.#nextBatch(queue);
        moved = batch && this.#move(lane, db, batch);
        if (this.#parts.pacer.isLimited) {
          await moved;
        }
      } finally {
        open();
      }
      await moved;
    }
  }

  /** At a limited speed clients get their turn between any two of its steps: nothing else of it is in flight. */
  async #aloneIfSlow<T>(step: () => Promise<T>): Promise<T> {
    if (!this.#parts.pacer.isLimited) {
      return await step();
    }
    const open = await this.#closeGate();
    try {
      return await step();
    } finally {
      open();
    }
  }

  /** Keys of a usual batch of these days. */
  #keysAtOnce(): number {
    const { budget, pacer, options } = this.#parts;
    const fitting = budget.workUsMax(options.limits().maxStallMs) / this.#workUsPerKey;
    return Math.min(budget.keysMax, pacer.keysMax, fitting);
  }

  #noteWork(keys: readonly FoundKey[]): void {
    const sumUs = keys.reduce((sum, { workUs }) => sum + workUs, 0);
    this.#workUsPerKey = sumUs / keys.length;
  }

  /** The next batch, when it may go; undefined when the other lane took the last one. */
  async #nextBatch(queue: KeyQueue): Promise<Batch | undefined> {
    const { options, budget, pacer } = this.#parts;
    const keysMax = Math.min(budget.keysMax, pacer.keysMax);
    const workUsMax = budget.workUsMax(options.limits().maxStallMs);
    const batch = queue.take(keysMax, workUsMax, this.#isWanted);
    return batch === undefined ? undefined : await this.#prepare(batch);
  }

  /** Waits for the speed limit and for the target; what isn't wanted any more is left out. */
  async #prepare(batch: Batch): Promise<Batch | undefined> {
    const { options, pacer, target, doubt, transfer } = this.#parts;
    for (;;) {
      const waitMs = pacer.ask(batch.keys.length, batch.bytes);
      if (waitMs === 0) {
        break;
      }
      if (waitMs >= PACE_ASK_MS) {
        transfer.tellMoved();
      }
      await pauseUnless(this.#stop, waitMs);
    }
    await target.prepare(options.limits().ioTimeoutMs);
    this.#throwIfStopped();
    if (doubt.isRaised) {
      throw new CodisError(
        "SERVER_UNREACHABLE",
        `a transfer from server ${options.source.addr} broke off; it is made sure that nothing of it comes later`,
      );
    }
    const keys = batch.keys.filter(({ slotId }) => this.#isWanted(slotId));
    return keys.length === 0 ? undefined : { ...batch, keys };
  }

  /** A key that gets a MIGRATE of its own, with nothing else in flight. */
  async #moveAlone(db: number, key: FoundKey): Promise<void> {
    const { underWay, transfer } = this.#parts;
    const open = await this.#closeGate();
    try {
      while (underWay.batches > 0) {
        await underWay.changed;
      }
      const { bytes, workUs } = key;
      const batch = await this.#prepare({ keys: [key], bytes, workUs });
      if (batch !== undefined) {
        await this.#move(0, db, batch);
        await transfer.finish();
      }
    } finally {
      open();
    }
  }

  async #move(lane: number, db: number, batch: Batch): Promise<void> {
    await this.#parts.transfer.move(lane, db, batch, (trouble) => {
      this.#refused ??= trouble;
    });
  }

  async #useDb(db: number): Promise<void> {
    this.#throwIfStopped();
    await this.#parts.source.useDb(db);
    await this.#parts.target.useDb(db);
  }

  /** Resolves when nobody else makes up a batch; the caller opens again with what it gets. */
  async #closeGate(): Promise<() => void> {
    const before = this.#gate;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    await before;
    return resolve;
  }

  #throwIfStopped(): void {
    if (this.#stop.aborted) {
      throw new CycleStopped();
    }
  }
}
