/**
 * The `migrate` mover: empties slots of one master into another with stock Redis's MIGRATE, within the rules of design
 * section 8. One loop: connect, settle what is in doubt, run a SCAN cycle, report the slots that it proved empty;
 * whatever fails ends the cycle, and it goes on after a rest. Without work it sleeps.
 *
 *     migrate-mover -> cycle -> key-finder            finds and sizes keys
 *                        |----> transfer              moves a batch, and tidies up behind it
 *                        '----> pacer, batch-budget   how fast, how much at once
 *     source, target, doubt-watch: what the two servers are asked
 */
import { Backoff } from "../../../base/backoff.ts";
import { CodisError } from "../../../base/error.ts";
import { MOVER_NAME_PREFIX } from "../../../migrate/doubt.ts";
import { type Trouble, toTrouble } from "../../../model/operation/trouble-code.ts";
import type { Mover, MoverOptions } from "../contract.ts";
import { BatchBudget } from "./batch-budget.ts";
import { Cycle, type CycleParts } from "./cycle.ts";
import { DoubtWatch } from "./doubt-watch.ts";
import { unlinkDuplicates } from "./duplicates.ts";
import { Pacer } from "./pacer.ts";
import { CycleStopped, pauseUnless } from "./pause.ts";
import { ScanStride } from "./scan-stride.ts";
import { SlotLedger } from "./slot-ledger.ts";
import { Source } from "./source.ts";
import { Target } from "./target.ts";
import { isForPeople, Transfer } from "./transfer.ts";
import { UnderWay } from "./under-way.ts";

/** Rests after failures, milliseconds. */
const REST = { minMs: 100, maxMs: 5_000 };
/** Rest after a cycle that left keys which a person has to look at. */
const KEY_TROUBLE_REST_MS = 5_000;
/** It goes on when keys move again so long after a failure. */
const RECOVERED_MS = 1_000;
/** Longest wait for more slots before a cycle begins, and the part of it for each key that the cycle passes. */
const GATHER_MS_MAX = 5_000;
const GATHER_MS_PER_KEY = 0.002;
/** `remove` waits so long, and some times the bound of a step of MIGRATE. */
const REMOVE_WAIT_MS = 15_000;
const REMOVE_STEPS = 16;

/** A search for duplicates that somebody waits for. */
interface Job {
  readonly slotIds: ReadonlySet<number>;
  readonly resolve: (found: { readonly keys: number; readonly runId: string }) => void;
  readonly reject: (thrown: unknown) => void;
}

/** Makes a mover; it connects with its first slots. Throws ADDRESS_INVALID. */
export function createMigrateMover(options: MoverOptions): Mover {
  return new MigrateMover(options);
}

class MigrateMover implements Mover {
  readonly #options: MoverOptions;
  readonly #parts: CycleParts;
  readonly #backoff = new Backoff(REST);
  readonly #closing = new AbortController();
  /** Ends the present cycle. */
  #cycleStop = new AbortController();
  #jobs: Job[] = [];
  #woken = Promise.withResolvers<void>();
  #isMoreExpected = false;
  #trouble = "";
  /** Of what `#trouble` tells; Infinity: a cycle ended well since. */
  #failedAtMs = Number.POSITIVE_INFINITY;
  readonly #loop: Promise<void>;

  constructor(given: MoverOptions) {
    const { events } = given;
    const options: MoverOptions = {
      ...given,
      events: {
        onEmptied: (slotIds) => events.onEmptied(slotIds),
        onMoved: (slotId, keys, bytes) => {
          this.#noteProgress();
          events.onMoved(slotId, keys, bytes);
        },
        onTrouble: (trouble, forPeople) => events.onTrouble(trouble, forPeople),
        onStall: (ms) => events.onStall(ms),
        onRetry: () => events.onRetry(),
      },
    };
    const name = `${MOVER_NAME_PREFIX}${options.epoch}`;
    const { signal } = this.#closing;
    const base = {
      options,
      source: new Source(options, name, signal),
      target: new Target(options, name, signal),
      doubt: new DoubtWatch(),
      budget: new BatchBudget(),
      underWay: new UnderWay(),
    };
    this.#options = options;
    this.#parts = {
      ...base,
      ledger: new SlotLedger(options.slotCount),
      pacer: new Pacer(options.pace),
      stride: new ScanStride(),
      transfer: new Transfer(base),
    };
    this.#loop = this.#run();
  }

  add(slotIds: readonly number[]): void {
    this.#parts.ledger.add(slotIds);
    this.#wake();
  }

  expectMore(isMore: boolean): void {
    if (this.#isMoreExpected !== isMore) {
      this.#isMoreExpected = isMore;
      this.#wake();
    }
  }

  async remove(slotIds: readonly number[]): Promise<void> {
    const { ledger, underWay } = this.#parts;
    ledger.remove(slotIds);
    if (ledger.size === 0) {
      this.#cycleStop.abort();
    }
    const { ioTimeoutMs } = this.#options.limits();
    const endsAtMs = performance.now() + REMOVE_WAIT_MS + ioTimeoutMs * REMOVE_STEPS;
    while (slotIds.some((id) => underWay.has(id))) {
      const leftMs = endsAtMs - performance.now();
      if (leftMs <= 0) {
        const { source, target } = this.#options;
        throw new CodisError(
          "SERVER_UNREACHABLE",
          `it can't be told whether keys are still on their way from server ${source.addr} to ${target.addr}: ` +
            (this.#trouble || "a transfer takes very long"),
        );
      }
      const timer = new AbortController();
      const late = pauseUnless(timer.signal, leftMs).catch(() => undefined);
      await Promise.race([underWay.changed, late]);
      timer.abort();
    }
  }

  async unlinkDuplicates(
    slotIds: readonly number[],
  ): Promise<{ readonly keys: number; readonly runId: string }> {
    if (this.#closing.signal.aborted) {
      throw new CodisError("DASHBOARD_CLOSED", "the mover is closed");
    }
    const { promise, resolve, reject } = Promise.withResolvers<{ keys: number; runId: string }>();
    this.#jobs.push({ slotIds: new Set(slotIds), resolve, reject });
    this.#cycleStop.abort();
    this.#wake();
    return await promise;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#cycleStop.abort();
    this.#wake();
    await this.#loop;
  }

  #wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers<void>();
  }

  get #hasWork(): boolean {
    const { ledger, underWay, source } = this.#parts;
    const hasLoose = underWay.hasUncertain || source.hasOrphans;
    return ledger.size > 0 || this.#jobs.length > 0 || hasLoose;
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
    this.#failJobs(new CodisError("DASHBOARD_CLOSED", "the mover was closed"));
    this.#parts.source.close();
    this.#parts.target.close();
  }

  /** Connects, settles doubts, and does one piece of work. */
  async #step(): Promise<void> {
    const { source, target, doubt, underWay, ledger } = this.#parts;
    const pause = (ms: number): Promise<void> => pauseUnless(this.#closing.signal, ms);
    if (await source.ensure()) {
      doubt.raise();
    }
    await target.ensure();
    await doubt.settle(source, target, pause);
    underWay.clearUncertain();
    this.#cycleStop = new AbortController();
    const stop = AbortSignal.any([this.#cycleStop.signal, this.#closing.signal]);
    const job = this.#jobs[0];
    if (job !== undefined) {
      const { slotCount, limits } = this.#options;
      const search = { ...this.#parts, slotCount, limits, stop: this.#closing.signal };
      job.resolve(await unlinkDuplicates(search, job.slotIds));
      this.#jobs.shift();
      return;
    }
    if (ledger.size > 0) {
      await this.#gather(stop);
      const { emptied, keyTrouble } = await new Cycle(this.#parts, stop).run();
      this.#failedAtMs = Number.POSITIVE_INFINITY;
      this.#tellTrouble(keyTrouble, true);
      this.#backoff.reset();
      if (emptied.length > 0) {
        this.#options.events.onEmptied(emptied);
      }
      if (keyTrouble !== undefined && this.#hasWork) {
        this.#options.events.onRetry();
        await Promise.race([pauseUnless(stop, KEY_TROUBLE_REST_MS), this.#woken.promise]);
      }
    }
  }

  /** Waits for slots that are about to come, at most about as long as the cycle that they would need otherwise. */
  async #gather(stop: AbortSignal): Promise<void> {
    if (!this.#isMoreExpected) {
      return;
    }
    const { keyspace } = await this.#parts.source.facts();
    const keyCount = keyspace.reduce((sum, { keys }) => sum + keys, 0);
    const endsAtMs = performance.now() + Math.min(GATHER_MS_MAX, keyCount * GATHER_MS_PER_KEY);
    for (let leftMs = 1; this.#isMoreExpected && leftMs > 0; ) {
      leftMs = endsAtMs - performance.now();
      await Promise.race([pauseUnless(stop, Math.max(0, leftMs)), this.#woken.promise]);
    }
  }

  /** Something failed: says so, and rests. */
  async #recover(thrown: unknown): Promise<void> {
    if (thrown instanceof CycleStopped || this.#closing.signal.aborted) {
      return;
    }
    this.#failedAtMs = performance.now();
    this.#failJobs(thrown);
    this.#tellTrouble(toTrouble(thrown), isForPeople(thrown));
    this.#options.events.onRetry();
    await pauseUnless(this.#closing.signal, this.#backoff.nextMs()).catch((stopped: unknown) => {
      if (!(stopped instanceof CycleStopped)) {
        throw stopped;
      }
    });
  }

  /** Whoever waits for a search hears of the failure, and may ask again. */
  #failJobs(thrown: unknown): void {
    for (const job of this.#jobs.splice(0)) {
      job.reject(thrown);
    }
  }

  /** Keys move: what failed before is over. */
  #noteProgress(): void {
    if (this.#trouble !== "" && performance.now() - this.#failedAtMs > RECOVERED_MS) {
      this.#tellTrouble(undefined, false);
      this.#backoff.reset();
    }
  }

  #tellTrouble(trouble: Trouble | undefined, forPeople: boolean): void {
    if ((trouble?.text ?? "") !== this.#trouble) {
      this.#trouble = trouble?.text ?? "";
      this.#options.events.onTrouble(trouble, forPeople);
    }
  }
}
