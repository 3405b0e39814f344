/**
 * The life of a dashboard process as a candidate: waits for the coordinator, takes the lock or stands by,
 * leads until the lock is lost, and begins again. Whatever goes wrong with the coordinator is waited out;
 * only `close` ends it, or a configuration that doesn't fit the product.
 *
 *   starting --lock taken--> leader --lost--> starting
 *      |  ^                                      ^
 *      |  +---- coordinator silent               |
 *      +--lock held by another--> standby -------+ (its holder is gone)
 */

import { Backoff } from "../base/backoff.ts";
import { LATE, within } from "../base/bounded-wait.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { type CodisError, isCodisError, messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { Coordinator, Leadership } from "../coordinator/coordinator.ts";
import { coordinatorPath } from "../model/coordinator-path.ts";
import {
  type DashboardModel,
  dashboardModelToJson,
  readLockText,
} from "../model/dashboard-model.ts";
import type { DashboardState } from "./control.ts";

/** Pause between two tries while the coordinator doesn't answer. */
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 5_000;
/** A standby looks at the lock at least so often, should a watch not tell. */
const STANDBY_POLL_MS = 1_000;

/** A reign that doesn't end within this is left behind: the lock isn't kept from others for it. */
const REIGN_END_MS = 5_000;

/** What leading means: begins with the lock in hand; `close` ends it before the lock is given back. */
export interface Reign {
  close(): Promise<void>;
}

/** What an election is made of. */
export interface ElectionOptions<R extends Reign> {
  readonly coordinator: Coordinator;
  readonly product: string;
  readonly model: DashboardModel;
  readonly leaseMs: number;
  readonly log: Log;
  readonly clock?: Clock;
  /**
   * Called with every leadership; a failure gives the lock back and is tried again after a pause, but
   * CONFIG_INVALID ends the election (`failed`).
   */
  readonly begin: (leadership: Leadership) => Promise<R>;
}

/** A candidate for the leadership of one product. */
export class Election<R extends Reign> {
  readonly #options: ElectionOptions<R>;
  readonly #clock: Clock;
  readonly #backoff = new Backoff({ minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS });
  readonly #failed = Promise.withResolvers<CodisError>();
  /** Called by `close`. A set, because what waits for one promise again and again would pile up on it. */
  readonly #onClose = new Set<() => void>();
  #state: DashboardState = "starting";
  #waitingFor: string | undefined = "the coordinator";
  #leaderAddr: string | undefined;
  #reign: R | undefined;
  #lastComplaint = "";
  #running: Promise<void> = Promise.resolve();

  constructor(options: ElectionOptions<R>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Where it stands. */
  state(): DashboardState {
    return this.#state;
  }

  /** One line for people while it waits. */
  waitingFor(): string | undefined {
    return this.#waitingFor;
  }

  /** Admin address of the leader, as far as it is known. */
  leaderAddr(): string | undefined {
    return this.#leaderAddr;
  }

  /** What `begin` gave, while this process leads. */
  reign(): R | undefined {
    return this.#reign;
  }

  /** Resolves when it is of no use to go on: this dashboard's configuration doesn't fit the product. */
  get failed(): Promise<CodisError> {
    return this.#failed.promise;
  }

  /** Begins to stand for election. */
  start(): void {
    this.#running = this.#run();
  }

  /** Steps down, gives the lock back and ends. Doesn't wait for a coordinator that doesn't answer. */
  async close(): Promise<void> {
    this.#state = "closed";
    for (const wake of [...this.#onClose]) {
      wake();
    }
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed()) {
      try {
        await this.#stand();
        this.#backoff.reset();
      } catch (thrown) {
        await this.#onFailure(thrown);
      }
    }
  }

  /** One try for the lock, and everything that follows when it is taken. */
  async #stand(): Promise<void> {
    const { coordinator, product, model, leaseMs, log } = this.#options;
    const leadership = await this.#unlessClosed(
      coordinator.lead({
        lockPath: coordinatorPath.lock(product),
        data: JSON.stringify(dashboardModelToJson(model), undefined, 4),
        epochPath: coordinatorPath.epoch(product),
        leaseMs,
      }),
      (late) => late.release(),
    );
    if (leadership === undefined) {
      return;
    }
    let why: string | undefined;
    try {
      this.#reign = await this.#unlessClosed(this.#options.begin(leadership), (late) =>
        this.#end(late),
      );
      if (this.#reign !== undefined) {
        this.#state = "leader";
        this.#waitingFor = undefined;
        this.#leaderAddr = model.adminAddr;
        this.#lastComplaint = "";
        log.info("leader.elected", `leads ${product} with epoch ${leadership.epoch}`, {
          epoch: leadership.epoch,
        });
        why = await this.#unlessClosed(leadership.lost);
      }
    } finally {
      await this.#stepDown(leadership);
    }
    if (why !== undefined && !this.#isClosed()) {
      log.warn("leader.lost", `no longer leads ${product}: ${why}`, { epoch: leadership.epoch });
    }
  }

  async #stepDown(leadership: Leadership): Promise<void> {
    const reign = this.#reign;
    this.#reign = undefined;
    this.#leaderAddr = undefined;
    if (!this.#isClosed()) {
      this.#state = "starting";
      this.#waitingFor = "the lock of the product";
    }
    if (reign !== undefined) {
      await this.#end(reign);
    }
    await leadership.release();
  }

  /** Ends a reign, within a bound. What is left of it can't harm: it holds no lock, and asks before it acts. */
  async #end(reign: R): Promise<void> {
    const ended = reign.close().catch((error: unknown) => {
      this.#options.log.error("leader.end-failed", "a reign didn't end well", { error });
    });
    if ((await within(REIGN_END_MS, ended, this.#clock)) === LATE) {
      this.#options.log.warn(
        "leader.end-late",
        `a reign didn't end within ${REIGN_END_MS} ms; the lock is given back all the same`,
      );
    }
  }

  async #onFailure(thrown: unknown): Promise<void> {
    if (this.#isClosed()) {
      return;
    }
    if (isCodisError(thrown, "LEADER_EXISTS")) {
      await this.#standBy(thrown);
      return;
    }
    this.#state = "starting";
    this.#leaderAddr = undefined;
    if (isCodisError(thrown, "CONFIG_INVALID")) {
      this.#waitingFor = thrown.message;
      this.#failed.resolve(thrown);
      await this.#unlessClosed(new Promise<never>(() => undefined));
      return;
    }
    this.#complain(`${messageOf(thrown)}; tries again`, thrown);
    await this.#pause(this.#backoff.nextMs());
  }

  /** Waits until the lock is free, or until it is worth another look. */
  async #standBy(conflict: CodisError): Promise<void> {
    const { coordinator, product, log } = this.#options;
    const { holder, isForeign } = conflict.context;
    const leader = readLockText(holder);
    if (leader?.adminAddr === this.#options.model.adminAddr) {
      await this.#waitForFormer(leader, conflict);
      return;
    }
    const wasStandby = this.#state === "standby" && this.#leaderAddr === leader?.adminAddr;
    this.#state = "standby";
    this.#leaderAddr = leader?.adminAddr;
    this.#backoff.reset();
    if (isForeign === true) {
      this.#complain(describeForeign(leader, coordinator.label), conflict);
    } else if (!wasStandby) {
      this.#waitingFor = `the leader at ${leader?.adminAddr ?? "an unknown address"} to end`;
      this.#lastComplaint = "";
      log.info("leader.standby", `stands by: ${product} is led by ${leader?.adminAddr ?? "?"}`);
    }
    await this.#waitForLock();
  }

  /**
   * The lock is that of a dashboard that ran at this very address: killed just now, and its lease isn't over,
   * or an original one, whose lock stays. Nobody can be reached there but this process, so this is no standby.
   */
  async #waitForFormer(former: DashboardModel, conflict: CodisError): Promise<void> {
    const { coordinator, leaseMs } = this.#options;
    this.#state = "starting";
    this.#leaderAddr = undefined;
    this.#backoff.reset();
    this.#complain(
      conflict.context["isForeign"] === true
        ? describeForeign(former, coordinator.label)
        : `the lock of the dashboard that ran at ${former.adminAddr} before (pid ${former.pid}) ends with its ` +
            `lease, within ${leaseMs} ms after its last sign of life; if it is alive, both tell the same address`,
    );
    await this.#waitForLock();
  }

  /** Until the lock has changed, or for a while. */
  async #waitForLock(): Promise<void> {
    const { coordinator, product } = this.#options;
    const changed = Promise.withResolvers<void>();
    const watch = coordinator.watch(coordinatorPath.lock(product), () => changed.resolve());
    try {
      await this.#pause(STANDBY_POLL_MS, changed.promise);
    } finally {
      watch.close();
    }
  }

  /** One line for each new complaint, not for each try. */
  #complain(line: string, error?: unknown): void {
    this.#waitingFor = line;
    if (line !== this.#lastComplaint) {
      this.#lastComplaint = line;
      this.#options.log.warn("leader.waiting", line, error === undefined ? {} : { error });
    }
  }

  /** Waits so long, or until `sooner` settles or `close` is called. */
  async #pause(delayMs: number, sooner?: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(delayMs, resolve);
    sooner?.then(resolve, resolve);
    await this.#unlessClosed(promise);
    timer.cancel();
  }

  /**
   * Settles as the promise does; with undefined as soon as `close` is called. What comes later is given to
   * `discard`; a late failure is of no interest.
   */
  async #unlessClosed<T>(
    promise: Promise<T>,
    discard: (late: T) => unknown = () => undefined,
  ): Promise<T | undefined> {
    const { promise: closed, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => resolve(undefined);
    this.#onClose.add(wake);
    if (this.#isClosed()) {
      wake();
    }
    let isLate = false;
    const watched = promise.then(async (value) => {
      if (isLate || this.#isClosed()) {
        await discard(value);
        return undefined;
      }
      return value;
    });
    watched.catch(() => undefined);
    try {
      return await Promise.race([watched, closed]);
    } finally {
      isLate = true;
      this.#onClose.delete(wake);
    }
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }
}

function describeForeign(leader: DashboardModel | undefined, label: string): string {
  const who =
    leader === undefined
      ? "an unknown program"
      : `${leader.adminAddr} (pid ${leader.pid}, since ${leader.startTime})`;
  return (
    `the lock in ${label} belongs to ${who}, whose lock doesn't end with its life, as that of an original ` +
    "dashboard; end it, or, if it is gone for sure, delete the lock with codis admin --remove-lock"
  );
}
