/**
 * Brings one proxy to the desired state, one call at a time:
 *
 *     the proxy has                                  calls
 *     an unknown table, or none                      model, xping, fillslots (all), start, sentinels
 *     the table of an older revision                 fillslots (what changed since)
 *     other sentinels                                sentinels
 *     a table that it doesn't tell (an original)     slots, when it is time to compare
 *
 * What is desired may change at any moment; each call takes the newest, so revisions that were overtaken
 * are never sent. After a failure it rests, longer each time, and begins with what is lacking then.
 */
import type { CallVersion } from "../../api/proxy-client.ts";
import { Backoff } from "../../base/backoff.ts";
import type { Clock, ClockTimer } from "../../base/clock.ts";
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { type ProxyModel, processOf } from "../../model/proxy-model.ts";
import type { SentinelRecord } from "../../model/sentinel.ts";
import type { DesiredTable } from "./desired-table.ts";
import { giveLogin, type LetIn } from "./let-in.ts";
import type { ProxyLink } from "./proxy-link.ts";
import { findSlotDifference } from "./slot-comparison.ts";
import { ERROR_CHARS_MAX, type FleetTiming } from "./timing.ts";

/** What a proxy should have. */
export interface DesiredState {
  /** Of the topology. */
  readonly revision: number;
  readonly table: DesiredTable;
  readonly sentinels: SentinelRecord;
}

/** What a pusher works with. */
export interface PusherParts {
  readonly link: ProxyLink;
  readonly token: string;
  readonly productName: string;
  readonly epoch: number;
  /** Asked right before every call. */
  readonly isLeader: () => boolean;
  readonly clock: Clock;
  readonly timing: FleetTiming;
  readonly log: Log;
  /** The proxy has heard a newer leader. */
  readonly onOutdated: () => void;
  /** Something that the getters tell has changed. */
  readonly onChange: () => void;
  /** Asked before all slots are pushed. */
  readonly beforeFill: LetIn;
}

/** The table that the proxy is known to have. */
interface ConfirmedTable {
  readonly table: DesiredTable;
  readonly revision: number;
  /** As the proxy tells it, if it does. */
  readonly version: string;
  /** `#distrusted` when it was filled. */
  readonly distrusted: number;
  /** The process that was filled. */
  readonly process: string;
  /** `ProxyLink.connectionCount` while that process answered. */
  readonly connections: number;
}

/** A look at the slots that is to come. */
interface ComparisonOrder {
  readonly isPrimaryOnly: boolean;
}

/** Waits for a fill that begins after a moment. */
interface FillWaiter {
  readonly distrusted: number;
  readonly resolve: () => void;
  readonly reject: (error: CodisError) => void;
}

/** See the file head. */
export class ProxyPusher {
  readonly #parts: PusherParts;
  readonly #backoff: Backoff;
  #desired: DesiredState;
  #confirmed: ConfirmedTable | undefined;
  #sentinels: SentinelRecord | undefined;
  #confirmedRevision: number | undefined;
  #model: ProxyModel | undefined;
  #isOriginal = false;
  /** A fill is under way that hasn't pushed the slots yet. */
  #isFillBeginning = false;
  /** Grows whenever the table of the proxy turns out to be another than the one confirmed. */
  #distrusted = 0;
  #comparison: ComparisonOrder | undefined;
  #running: Promise<void> | undefined;
  #sentRevision: number;
  #runCount = 0;
  #failure: CodisError | undefined;
  /** Not reset by `resume`, so that the log tells one story. */
  #isFailing = false;
  #pause: ClockTimer | undefined;
  #succeededAtMs = Number.NEGATIVE_INFINITY;
  readonly #fillWaiters = new Set<FillWaiter>();
  #isClosed = false;

  constructor(parts: PusherParts, desired: DesiredState) {
    this.#parts = parts;
    this.#desired = desired;
    this.#sentRevision = desired.revision;
    const { backoffMinMs, backoffMaxMs } = parts.timing;
    this.#backoff = new Backoff({ minMs: backoffMinMs, maxMs: backoffMaxMs });
  }

  /** Takes effect with the next call. */
  setDesired(desired: DesiredState): void {
    this.#desired = desired;
    this.#advance();
    this.#kick();
  }

  /** The table isn't what it should be: all is pushed again. `why` is for the log. */
  distrust(why: string): void {
    if (this.#knownTable() !== undefined) {
      this.#parts.log.warn("proxy.refill", `a proxy is filled again: ${why}`);
    }
    this.#distrusted += 1;
    this.#kick();
  }

  /** The proxy lost its sentinels, or has others. */
  distrustSentinels(): void {
    this.#sentinels = undefined;
    this.#kick();
  }

  /** Reads all slots of the proxy soon, and compares them. */
  compareSoon(order: ComparisonOrder): void {
    this.#comparison = order;
    this.#kick();
  }

  /** Ends the rest after a failure: the proxy answers again. */
  resume(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
    this.#backoff.reset();
    this.#failure = undefined;
    this.#kick();
  }

  /** Pushes everything now, whatever is known; rejects with the first failure. Goes on trying also then. */
  refill(): Promise<void> {
    if (this.#isClosed) {
      return Promise.reject(this.#closedError());
    }
    if (!this.#isFillBeginning) {
      this.#distrusted += 1;
    }
    const done = new Promise<void>((resolve, reject) => {
      this.#fillWaiters.add({ distrusted: this.#distrusted, resolve, reject });
    });
    this.resume();
    return done;
  }

  /** Whether the proxy doesn't tell the version of its table, as far as pushes have shown. */
  get isOriginal(): boolean {
    return this.#isOriginal;
  }

  /** Whether calls are under way. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** Grows with every time that calls begin. */
  get runCount(): number {
    return this.#runCount;
  }

  /** What a look at the proxy carries now: never older than the calls under way, never newer. */
  get version(): CallVersion {
    const revision = this.isBusy ? this.#sentRevision : this.#desired.revision;
    return { epoch: this.#parts.epoch, revision };
  }

  /** Why the last try failed; undefined as soon as slots were taken, and while a new beginning is made. */
  get failure(): CodisError | undefined {
    return this.#failure;
  }

  /** When calls ended well last, on the monotonic clock; -Infinity before the first time. */
  get succeededAtMs(): number {
    return this.#succeededAtMs;
  }

  /** The version that the proxy should tell; undefined when its table isn't known. */
  get tableVersion(): string | undefined {
    return this.#knownTable()?.version;
  }

  /** Revision of the slots that it has; undefined when its table isn't known. */
  get revision(): number | undefined {
    return this.#knownTable()?.revision;
  }

  /** Revision of the slots that it confirmed last, also if it has lost them since. */
  get confirmedRevision(): number | undefined {
    return this.#confirmedRevision;
  }

  /** The sentinels that it has; undefined when that isn't known. */
  get sentinels(): SentinelRecord | undefined {
    return this.#sentinels;
  }

  /** The model as the proxy said it last. */
  get model(): ProxyModel | undefined {
    return this.#model;
  }

  /** Resolves when nothing runs any more. Calls under way must have been given up (`ProxyLink.close`). */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pause?.cancel();
    this.#settleFills(this.#distrusted, (waiter) => waiter.reject(this.#closedError()));
    await this.#running;
  }

  #knownTable(): ConfirmedTable | undefined {
    return this.#confirmed?.distrusted === this.#distrusted ? this.#confirmed : undefined;
  }

  /** A newer revision in which none of the proxy's slots changed is confirmed without a call. */
  #advance(): void {
    const known = this.#knownTable();
    const { table, revision } = this.#desired;
    if (known !== undefined && table.bodySince(known.table) === undefined) {
      this.#confirmed = { ...known, table, revision };
    }
    this.#confirmedRevision = this.#knownTable()?.revision ?? this.#confirmedRevision;
  }

  #confirm(confirmed: ConfirmedTable): void {
    this.#confirmed = confirmed;
    this.#advance();
  }

  #kick(): void {
    if (this.#isClosed || this.isBusy || this.#pause !== undefined) {
      return;
    }
    if (this.#nextStep() !== undefined) {
      this.#runCount += 1;
      this.#sentRevision = this.#desired.revision;
      this.#running = this.#run();
    }
  }

  async #run(): Promise<void> {
    const distrusted = this.#distrusted;
    let failure: CodisError | undefined;
    try {
      for (let step = this.#nextStep(); step !== undefined; step = this.#nextStep()) {
        await step();
        this.#parts.onChange();
      }
    } catch (thrown) {
      failure = this.#toFailure(thrown);
    }
    this.#running = undefined;
    this.#isFillBeginning = false;
    if (!this.#isClosed) {
      this.#end(failure, distrusted);
      this.#parts.onChange();
    }
  }

  /** `distrusted`: its value when the calls began; fills that were asked for later aren't over. */
  #end(failure: CodisError | undefined, distrusted: number): void {
    this.#failure = failure;
    this.#logEnd(failure);
    if (failure === undefined) {
      this.#succeededAtMs = this.#parts.clock.monotonicMs();
      this.#backoff.reset();
      this.#kick();
      return;
    }
    this.#settleFills(distrusted, (waiter) => waiter.reject(failure));
    if (this.#fillWaiters.size > 0) {
      this.#kick();
      return;
    }
    this.#pause = this.#parts.clock.after(this.#backoff.nextMs(), () => {
      this.#pause = undefined;
      this.#kick();
    });
  }

  /** One line when the failures begin, one when they end. */
  #logEnd(failure: CodisError | undefined): void {
    const { log } = this.#parts;
    if (failure !== undefined && !this.#isFailing) {
      log.warn("proxy.push_failed", "a push to a proxy failed; it is tried again", {
        error: failure,
      });
    } else if (failure === undefined && this.#isFailing) {
      log.info("proxy.push_done", "pushes to a proxy succeed again");
    }
    this.#isFailing = failure !== undefined;
  }

  #toFailure(thrown: unknown): CodisError {
    if (isCodisError(thrown)) {
      if (isCodisError(thrown.cause, "PUSH_OUTDATED")) {
        // What the newer leader pushed isn't known here.
        this.#distrusted += 1;
        this.#parts.onOutdated();
      }
      return thrown;
    }
    this.#parts.log.error("proxy.defect", "a defect while a proxy was filled", { error: thrown });
    return new CodisError("INTERNAL", messageOf(thrown), { cause: thrown });
  }

  #nextStep(): (() => Promise<void>) | undefined {
    if (this.#isClosed) {
      return undefined;
    }
    const known = this.#knownTable();
    if (known === undefined) {
      return () => this.#fill();
    }
    const body = this.#desired.table.bodySince(known.table);
    if (body !== undefined) {
      return () => this.#pushChanges(known, body);
    }
    if (this.#sentinels !== this.#desired.sentinels) {
      return () => this.#pushSentinels();
    }
    const comparison = this.#comparison;
    return comparison === undefined ? undefined : () => this.#compare(known, comparison);
  }

  async #fill(): Promise<void> {
    const { link, log } = this.#parts;
    const distrusted = this.#distrusted;
    this.#isFillBeginning = true;
    const model = await this.#readModel();
    const connections = link.connectionCount();
    await this.#call("check xauth", (version) => link.ping(version));
    this.#isFillBeginning = false;
    await this.#letIn(model);
    const pushed = await this.#pushSlots(this.#desired.table.wholeBody());
    await this.#call("start", (version) => link.start(version));
    await this.#pushSentinels();
    if (link.connectionCount() !== connections) {
      // A call went over a new connection: to the same process, or to one that was started meanwhile?
      const again = await this.#readModel();
      if (processOf(again) !== processOf(model)) {
        return;
      }
    }
    this.#confirm({
      ...pushed,
      distrusted,
      process: processOf(model),
      connections: link.connectionCount(),
    });
    this.#settleFills(distrusted, (waiter) => waiter.resolve());
    log.info("proxy.filled", "a proxy got all slots and is online", {
      revision: pushed.revision,
      pid: model.pid,
      start_time: model.startTime,
    });
  }

  async #pushChanges(known: ConfirmedTable, body: Uint8Array): Promise<void> {
    const { link } = this.#parts;
    const pushed = await this.#pushSlots(body);
    let { connections } = known;
    if (link.connectionCount() !== connections) {
      const model = await this.#readModel();
      if (processOf(model) !== known.process) {
        this.distrust(`it was started again at ${model.startTime}`);
        return;
      }
      connections = link.connectionCount();
    }
    this.#confirm({ ...known, ...pushed, connections });
  }

  /** Pushes slots of the desired table of now. */
  async #pushSlots(
    body: Uint8Array,
  ): Promise<Pick<ConfirmedTable, "table" | "revision" | "version">> {
    const { link, epoch } = this.#parts;
    // What is desired may go on before the proxy has answered.
    const { table, revision } = this.#desired;
    const expected = `${epoch}.${revision}`;
    let told: string | undefined;
    try {
      told = await this.#call("fillslots", (version) => link.fillSlots(body, version));
    } catch (thrown) {
      // The proxy may have taken them all the same, or one of its workers may.
      this.#distrusted += 1;
      throw thrown;
    }
    this.#isOriginal = told === undefined;
    if (told !== undefined && told !== expected) {
      this.#distrusted += 1;
      throw this.#error(`fillslots failed: it answered OK but has the table ${told.slice(0, 40)}`);
    }
    this.#failure = undefined;
    return { table, revision, version: expected };
  }

  async #pushSentinels(): Promise<void> {
    const { sentinels } = this.#desired;
    this.#sentinels = undefined;
    await this.#call("set sentinels", (version) =>
      this.#parts.link.setSentinels(sentinels, version),
    );
    this.#sentinels = sentinels;
  }

  async #compare(known: ConfirmedTable, { isPrimaryOnly }: ComparisonOrder): Promise<void> {
    const { link } = this.#parts;
    this.#comparison = undefined;
    const value = await this.#call("read slots", (version) => link.slots(version));
    const difference = findSlotDifference(known.table.slots, value, {
      addr: link.addr,
      isPrimaryOnly,
    });
    if (difference !== undefined) {
      this.distrust(difference);
    }
  }

  async #readModel(): Promise<ProxyModel> {
    const { link, token, productName } = this.#parts;
    const model = await this.#call("fetch model", (version) => link.model(version));
    if (model.token !== token || model.productName !== productName) {
      throw this.#error(
        `fill refused: at ${link.addr} answers proxy-[${model.token}] of product ` +
          `${model.productName}; start the right one, or remove this one`,
      );
    }
    this.#model = model;
    return model;
  }

  async #letIn(model: ProxyModel): Promise<void> {
    const { link, token, beforeFill } = this.#parts;
    const order = await beforeFill(token, model).catch((cause: unknown) => {
      throw this.#error(`can't be let in yet: ${messageOf(cause)}`, cause);
    });
    if (order !== undefined) {
      await giveLogin(order, (user, password) =>
        this.#call("login", (version) => link.login(user, password, version)),
      );
    }
  }

  /** One call with the newest revision. `what` is Codis's word for it. */
  async #call<T>(what: string, run: (version: CallVersion) => Promise<T>): Promise<T> {
    if (this.#isClosed) {
      throw this.#closedError();
    }
    if (!this.#parts.isLeader()) {
      throw this.#error(`${what} failed: this dashboard doesn't lead the product now`);
    }
    this.#sentRevision = this.#desired.revision;
    try {
      return await run({ epoch: this.#parts.epoch, revision: this.#sentRevision });
    } catch (cause) {
      throw this.#error(`${what} failed: ${messageOf(cause)}`, cause);
    }
  }

  #error(problem: string, cause?: unknown): CodisError {
    const message = `proxy-[${this.#parts.token}] ${problem}`.slice(0, ERROR_CHARS_MAX);
    return new CodisError("PROXY_CALL_FAILED", message, { cause });
  }

  #closedError(): CodisError {
    return this.#error("is removed, or the dashboard no longer leads");
  }

  /** Settles and forgets those that waited for a fill with this value of `#distrusted`, or a lower one. */
  #settleFills(distrusted: number, settle: (waiter: FillWaiter) => void): void {
    for (const waiter of [...this.#fillWaiters]) {
      if (waiter.distrusted <= distrusted) {
        this.#fillWaiters.delete(waiter);
        settle(waiter);
      }
    }
  }
}
