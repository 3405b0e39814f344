/**
 * Keeps a mover from using what was moved while bytes of a broken transfer may still arrive at the target: the
 * protocol is in `src/migrate/doubt.ts`. One for each pair of servers.
 *
 * Others move keys to the same target, over connections that look like suspects. So a mover first looks whether
 * another one has made sure already (`src/migrate/vouch.ts`), gives the others a moment before it goes on
 * itself, and doesn't cut for ever: a target that answers has accepted by the second listing whatever waited
 * to be accepted at the first, so after `LISTINGS_MAX` what comes anew is the traffic of others.
 */
import { LISTING_PAUSE_MS, TRUSTED_UPTIME_SECONDS } from "../../migrate/doubt.ts";
import { isVouchedFor, vouchingName } from "../../migrate/vouch.ts";
import type { Source } from "./source.ts";
import type { Target } from "./target.ts";
import { ServerRefused } from "./trouble.ts";

/** Listings that end a doubt, though new suspects came each time (which were cut). */
const LISTINGS_MAX = 3;
/** Listings before it is given up for now, because the count doesn't stand still. */
const LISTINGS_LIMIT = 8;
/** Those that began a little later have made sure as well by then, and aren't disturbed. */
const SETTLE_MS = 100;

/** What the watch works with; all of one mover. */
export interface DoubtParts {
  readonly source: Source;
  readonly target: Target;
  readonly targetAddr: string;
  /** Plain name of the mover's connections. */
  readonly name: string;
  /** A doubt has begun. */
  readonly onRaised: () => void;
  /** Waits; rejects when the mover is closed. */
  readonly pause: (ms: number) => Promise<void>;
}

/** See the file head. */
export class DoubtWatch {
  readonly #parts: DoubtParts;
  /** The count at which it was last made sure, of one life of the source. */
  #sure: { readonly runId: string; readonly count: number } | undefined;
  #isRaised = false;
  /** This mover lost a command of its own: nobody else can vouch for that. */
  #isOwn = false;

  constructor(parts: DoubtParts) {
    this.#parts = parts;
  }

  /** Nothing that was moved may be used before `makeSure`. */
  get isRaised(): boolean {
    return this.#isRaised;
  }

  /** The mover itself doesn't know what became of its transfer. */
  raise(): void {
    this.#isOwn = true;
    this.#raise();
  }

  /** The count behind a command; another one than before, or none, raises the doubt. */
  observe(ioErrors: number): void {
    if (ioErrors !== this.#sure?.count) this.#raise();
  }

  /**
   * Resolves when nothing is in doubt, for the source as it is connected now; no command of the mover that takes
   * keys away may be under way. Rejects when a server doesn't answer, or when it can't be told.
   */
  async makeSure(): Promise<void> {
    const { source } = this.#parts;
    const { runId, uptimeSeconds } = source.server;
    if (this.#sure?.runId === runId && !this.#isRaised) return;
    const count = await source.ioErrorCount();
    this.#throwIfUntold(count);
    if (!this.#isRaised && count === 0 && uptimeSeconds >= TRUSTED_UPTIME_SECONDS) {
      this.#sure = { runId, count };
      return;
    }
    this.#raise();
    await this.#clean(runId);
  }

  async #clean(runId: string): Promise<void> {
    const { source, target, targetAddr, name, pause } = this.#parts;
    let listings = 0;
    let wasClean = false;
    let previous = Number.NaN;
    for (let all = 1; all <= LISTINGS_LIMIT; all++) {
      const count = await source.ioErrorCount();
      this.#throwIfUntold(count);
      if (!this.#isOwn && isVouchedFor(await source.clientList(), targetAddr, count)) {
        this.#end(runId, count);
        return;
      }
      const isClean = await target.killSuspects();
      listings = count === previous ? listings + 1 : 1;
      const isEnough = (isClean && wasClean) || listings >= LISTINGS_MAX;
      if (listings > 1 && isEnough && (await source.ioErrorCount()) === count) {
        this.#end(runId, count);
        await source.rename(vouchingName(name, targetAddr, count));
        await pause(SETTLE_MS);
        return;
      }
      wasClean = isClean;
      previous = count;
      await pause(LISTING_PAUSE_MS);
    }
    throw new ServerRefused("transfers between the servers break again and again");
  }

  #raise(): void {
    if (this.#isRaised) return;
    this.#isRaised = true;
    this.#parts.onRaised();
  }

  #end(runId: string, count: number): void {
    this.#sure = { runId, count };
    this.#isRaised = false;
    this.#isOwn = false;
  }

  #throwIfUntold(count: number): void {
    if (Number.isNaN(count)) {
      throw new ServerRefused("the source doesn't tell its IOERR replies, Redis 7.0 or later does");
    }
  }
}
