/**
 * What the HTTP port keeps for one leader: its users, its audit log, the readers of its events, and counts. Made when
 * the dashboard begins to lead and closed when it doesn't any longer, so nothing of an old leadership is ever
 * believed under a new one.
 */
import type { Clock } from "../../../base/clock.ts";
import type { Log } from "../../../base/log.ts";
import type { LeaderControl } from "../../control.ts";
import { AuditLog } from "./audit-log.ts";
import { EventHub } from "./event-hub.ts";
import { MoveCount } from "./move-count.ts";
import { UserStore } from "./user-store.ts";

/** What reigns are made with. */
export interface ReignOptions {
  /** The leader of now, if this dashboard leads. */
  readonly leader: () => LeaderControl | undefined;
  readonly product: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly auditSegmentsMax?: number | undefined;
}

/** One leadership. */
export class Reign {
  readonly leader: LeaderControl;
  readonly events: EventHub;
  readonly moves: MoveCount;
  readonly #options: ReignOptions;
  #isOpenTold = false;
  #users: Promise<UserStore> | undefined;
  #audit: Promise<AuditLog> | undefined;

  constructor(leader: LeaderControl, options: ReignOptions) {
    this.leader = leader;
    this.#options = options;
    this.events = new EventHub(leader, options.clock);
    this.moves = new MoveCount(leader);
  }

  /**
   * The users, read at the first call and again after a write whose outcome isn't known. Rejects with the
   * coordinator's codes while they can't be read: then nobody is let in, rather than everybody.
   */
  async users(): Promise<UserStore> {
    const { product, clock, log } = this.#options;
    this.#users ??= UserStore.load({ storage: this.leader.storage, product, clock, log });
    const loading = this.#users;
    try {
      const store = await loading;
      this.#warnWhileOpen(store);
      if (!store.isStale()) {
        return store;
      }
    } catch (thrown) {
      this.#forgetUsers(loading);
      throw thrown;
    }
    this.#forgetUsers(loading);
    return this.users();
  }

  /** Whether the users were read, or are being read. */
  hasUsers(): boolean {
    return this.#users !== undefined;
  }

  /** Has the users read again at the next call. */
  reloadUsers(): void {
    this.#users = undefined;
  }

  /** The audit log. Rejects with the coordinator's codes while its end can't be read. */
  async audit(): Promise<AuditLog> {
    const { product, clock, log, auditSegmentsMax } = this.#options;
    this.#audit ??= AuditLog.load({
      storage: this.leader.storage,
      product,
      epoch: this.leader.epoch,
      clock,
      log,
      segmentsMax: auditSegmentsMax,
    });
    const loading = this.#audit;
    try {
      return await loading;
    } catch (thrown) {
      if (this.#audit === loading) {
        this.#audit = undefined;
      }
      throw thrown;
    }
  }

  /** Ends the streams of events, the counting and the writing of the audit log. */
  close(): void {
    this.events.close();
    this.moves.close();
    this.#audit?.then(
      (audit) => audit.close(),
      () => undefined, // It was never read, so there is nothing to close.
    );
  }

  #warnWhileOpen(store: UserStore): void {
    if (store.isOpen() && !this.#isOpenTold) {
      this.#isOpenTold = true;
      this.#options.log.warn(
        "access.open",
        "the API is open to everybody who can reach this port: no user was made yet",
      );
    }
  }

  #forgetUsers(loading: Promise<UserStore>): void {
    if (this.#users === loading) {
      this.#users = undefined;
    }
  }
}

/** Finds the reign of now. */
export class Reigns {
  readonly #options: ReignOptions;
  #current: Reign | undefined;

  constructor(options: ReignOptions) {
    this.#options = options;
  }

  /** undefined while this dashboard doesn't lead. */
  now(): Reign | undefined {
    const leader = this.#options.leader();
    if (leader !== this.#current?.leader) {
      this.#current?.close();
      this.#current = leader === undefined ? undefined : new Reign(leader, this.#options);
    }
    return this.#current;
  }

  close(): void {
    this.#current?.close();
    this.#current = undefined;
  }
}
