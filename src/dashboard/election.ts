/**
 * The life of a dashboard process as a candidate: waits for the coordinator, takes the lock or stands by,
 * leads until the lock is lost, and begins again. Whatever goes wrong with the coordinator is waited out;
 * only `close` ends it.
 *
 *   starting --lock taken--> leader --lost--> starting
 *      |  ^                                      ^
 *      |  +---- coordinator silent               |
 *      +--lock held by another--> standby -------+ (its holder is gone)
 */
import { Backoff } from "../base/backoff.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { type CodisError, isCodisError, messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { Coordinator, Leadership } from "../coordinator/coordinator.ts";
import { coordinatorPath } from "../model/coordinator-path.ts";
import {
  type DashboardModel,
  dashboardModelToJson,
  decodeDashboardModel,
} from "../model/dashboard-model.ts";
import type { DashboardState } from "./control.ts";

/** Pause between two tries while the coordinator doesn't answer. */
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 5_000;
/** A standby looks at the lock at least so often, should a watch not tell. */
const STANDBY_POLL_MS = 1_000;

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
  /** Called with every leadership; a failure gives the lock back and is tried again after a pause. */
  readonly begin: (leadership: Leadership) => Promise<R>;
}

/** A candidate for the leadership of one product. */
export class Election<R extends Reign> {
  readonly #options: ElectionOptions<R>;
  readonly #clock: Clock;
  readonly #backoff = new Backoff({ minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS });
  readonly #closing = Promise.withResolvers<void>();
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

  /** Begins to stand for election. */
  start(): void {
    this.#running = this.#run();
  }

  /** Steps down, gives the lock back and ends. */
  async close(): Promise<void> {
    this.#state = "closed";
    this.#closing.resolve();
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
    const leadership = await coordinator.lead({
      lockPath: coordinatorPath.lock(product),
      data: JSON.stringify(dashboardModelToJson(model), undefined, 4),
      epochPath: coordinatorPath.epoch(product),
      leaseMs,
    });
    let why = "the dashboard ends";
    try {
      this.#reign = await this.#options.begin(leadership);
      if (!this.#isClosed()) {
        this.#state = "leader";
        this.#waitingFor = undefined;
        this.#leaderAddr = model.adminAddr;
        this.#lastComplaint = "";
        log.info("leader.elected", `leads ${product} with epoch ${leadership.epoch}`, {
          epoch: leadership.epoch,
        });
        const closing = this.#closing.promise.then(() => why);
        why = await Promise.race([leadership.lost, closing]);
      }
    } finally {
      await this.#stepDown(leadership);
    }
    if (!this.#isClosed()) {
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
    await reign?.close();
    await leadership.release();
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
    this.#complain(`${messageOf(thrown)}; tries again`, thrown);
    await this.#pause(this.#backoff.nextMs());
  }

  /** Waits until the lock is free, or until it is worth another look. */
  async #standBy(conflict: CodisError): Promise<void> {
    const { coordinator, product, log } = this.#options;
    const { holder, isForeign } = conflict.context;
    const leader = readHolder(holder);
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
    const changed = Promise.withResolvers<void>();
    const watch = coordinator.watch(coordinatorPath.lock(product), () => changed.resolve());
    try {
      await Promise.race([changed.promise, this.#pause(STANDBY_POLL_MS)]);
    } finally {
      watch.close();
    }
  }

  /** One line for each new complaint, not for each try. */
  #complain(line: string, error: unknown): void {
    this.#waitingFor = line;
    if (line !== this.#lastComplaint) {
      this.#lastComplaint = line;
      this.#options.log.warn("leader.waiting", line, { error });
    }
  }

  #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(delayMs, resolve);
    return Promise.race([promise, this.#closing.promise]).finally(() => timer.cancel());
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }
}

function readHolder(text: unknown): DashboardModel | undefined {
  if (typeof text !== "string") {
    return undefined;
  }
  try {
    return decodeDashboardModel(JSON.parse(text), "lock");
  } catch {
    // Somebody else's text: the lock is held all the same, only nobody can be named.
    return undefined;
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
