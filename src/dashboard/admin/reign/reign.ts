/**
 * What the HTTP port keeps for one leader: its users, its audit log, the readers of its events, and counts. Made when
 * the dashboard begins to lead and closed when it doesn't any longer, so nothing of an old leadership is ever
 * believed under a new one.
 */
import type { Clock } from "../../../base/clock.ts";
import type { Log } from "../../../base/log.ts";
import { isSameText } from "../../../console/session-cookie.ts";
import type { LeaderControl } from "../../control.ts";
import type { LiveHub } from "../../live/live-hub.ts";
import { Sampler } from "../../live/sampler.ts";
import { AuditLog } from "./audit-log.ts";
import { EventHub } from "./event-hub.ts";
import { HealthWatch } from "./health-watch.ts";
import { MoveCount } from "./move-count.ts";
import { createSecret } from "./user-record.ts";
import { UserStore } from "./user-store.ts";

/** What reigns are made with. */
export interface ReignOptions {
  /** The leader of now, if this dashboard leads. */
  readonly leader: () => LeaderControl | undefined;
  readonly product: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly auditSegmentsMax?: number | undefined;
  /** `api_open`: without users everybody is an admin, from wherever they call. */
  readonly isApiOpen: boolean;
  /** Address of the page where the secret of the set-up makes the first admin. */
  readonly setupLink: (secret: string) => string;
}

/** One leadership. */
export class Reign {
  readonly leader: LeaderControl;
  readonly events: EventHub;
  readonly moves: MoveCount;
  /** Figures of the past; begins empty with each leadership. */
  readonly sampler: Sampler;
  readonly health: HealthWatch;
  readonly isApiOpen: boolean;
  /** When this leadership began, milliseconds since 1970. */
  readonly sinceMs: number;
  readonly #options: ReignOptions;
  /** Good while there is no user, and until another dashboard leads. */
  #setupSecret: string | undefined;
  #live: LiveHub | undefined;
  #users: Promise<UserStore> | undefined;
  #audit: Promise<AuditLog> | undefined;

  constructor(leader: LeaderControl, options: ReignOptions) {
    this.leader = leader;
    this.#options = options;
    this.isApiOpen = options.isApiOpen;
    this.sinceMs = options.clock.nowMs();
    this.events = new EventHub(leader, options.clock);
    this.moves = new MoveCount(leader);
    this.sampler = new Sampler(leader, options.clock);
    this.health = new HealthWatch(leader, options.clock);
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
      this.#prepareSetup(store);
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

  /** The live document and its readers, made by the first who asks. */
  live(make: () => LiveHub): LiveHub {
    this.#live ??= make();
    return this.#live;
  }

  /** Ends the streams of events, the counting and the writing of the audit log. */
  close(): void {
    this.events.close();
    this.moves.close();
    this.sampler.close();
    this.health.close();
    this.#live?.close();
    this.#audit?.then(
      (audit) => audit.close(),
      () => undefined, // It was never read, so there is nothing to close.
    );
  }

  /** Whether it is the secret of the set-up. Whether there are users by now is the store's to say. */
  isSetupSecret(secret: string): boolean {
    return this.#setupSecret !== undefined && isSameText(this.#setupSecret, secret);
  }

  /** The link for the first admin; undefined once there are users. */
  async setupLink(): Promise<string | undefined> {
    const isOpen = (await this.users()).isOpen();
    const secret = this.#setupSecret;
    return isOpen && secret !== undefined ? this.#options.setupLink(secret) : undefined;
  }

  /** Makes the secret of the set-up and prints its link, once for each time that there is no user. */
  #prepareSetup(store: UserStore): void {
    const { log, setupLink } = this.#options;
    if (!store.isOpen()) {
      this.#setupSecret = undefined;
      return;
    }
    if (this.#setupSecret !== undefined) {
      return;
    }
    this.#setupSecret = createSecret();
    if (this.isApiOpen) {
      log.warn(
        "access.open",
        "the API is open to everybody who can reach this port: no user was made yet, and api_open is set",
      );
    }
    log.warn(
      "access.setup",
      `no user was made yet; the first admin is made with ${setupLink(this.#setupSecret)}`,
    );
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
