/**
 * Keeps a mover from going on while bytes of a broken transfer may still arrive at the target; the protocol is in
 * `src/migrate/doubt.ts`. One for each pair: compares the source's count of IOERR replies behind every MIGRATE, and
 * cleans the target when it changed, whoever was in doubt, unless another mover has done so (`vouch.ts`).
 *
 * Several sources may move to one target, and their connections look like suspects as well. They are cut, but not for
 * ever: what was under way at the first listing is gone with the second, as a target that answers has accepted by then
 * whatever waited to be accepted, so after `LISTINGS_MAX` the rest is others' traffic.
 */
import { CodisError } from "../../../base/error.ts";
import { LISTING_PAUSE_MS, TRUSTED_UPTIME_SECONDS } from "../../../migrate/doubt.ts";

/** What it asks the source; see `Source`. */
export interface DoubtSource {
  readonly addr: string;
  readonly control: { readonly runId: string; readonly uptimeSeconds: number };
  ioErrors(): Promise<number>;
  isVouchedFor(count: number): Promise<boolean>;
  vouch(count: number): Promise<void>;
}

/** What it asks the target; see `Target`. */
export interface DoubtTarget {
  readonly addr: string;
  killSuspects(): Promise<number>;
}

/** Listings, each with suspects that were killed, after which those that come anew aren't the doubt's. */
const LISTINGS_MAX = 3;
/** Listings before it is given up for now, because the count doesn't stand still. */
const LISTINGS_LIMIT = 12;
/** Movers that began a little later have made sure as well by then, and aren't disturbed. */
const COURTESY_MS = 100;

/** See the file head. */
export class DoubtWatch {
  #trusted: { readonly runId: string; readonly count: number } | undefined;
  #isRaised = false;
  /** The mover's own transfer was in doubt: nobody else can vouch for that. */
  #isOwn = false;

  /** Something isn't certain: `settle` has to be called before the next MIGRATE. */
  get isRaised(): boolean {
    return this.#isRaised;
  }

  /** This mover was in doubt itself. */
  raise(): void {
    this.#isRaised = true;
    this.#isOwn = true;
  }

  /** The count that was read behind a MIGRATE; NaN as well as a changed one raise the doubt. */
  observe(count: number): void {
    if (count !== this.#trusted?.count) {
      this.#isRaised = true;
    }
  }

  /**
   * Resolves when nothing is in doubt; no MIGRATE of this mover may be under way. `pause` waits, and throws when
   * the mover is closed. Throws when a server doesn't answer or the doubt doesn't end.
   */
  async settle(
    source: DoubtSource,
    target: DoubtTarget,
    pause: (ms: number) => Promise<void>,
  ): Promise<void> {
    const { runId, uptimeSeconds } = source.control;
    const count = await source.ioErrors();
    const isFirstLook = this.#trusted?.runId !== runId;
    const isFine = isFirstLook
      ? count === 0 && uptimeSeconds >= TRUSTED_UPTIME_SECONDS
      : count === this.#trusted?.count;
    if (!isFine || this.#isRaised) {
      this.#isRaised = true;
      const cleanCount = await clean({ source, target, pause, mayBeVouchedFor: !this.#isOwn });
      this.#trusted = { runId, count: cleanCount };
      this.#isRaised = false;
      this.#isOwn = false;
    } else if (isFirstLook) {
      this.#trusted = { runId, count };
    }
  }
}

interface Cleaning {
  readonly source: DoubtSource;
  readonly target: DoubtTarget;
  readonly pause: (ms: number) => Promise<void>;
  readonly mayBeVouchedFor: boolean;
}

/** The count that holds now that the target is clean. */
async function clean({ source, target, pause, mayBeVouchedFor }: Cleaning): Promise<number> {
  let listings = 0;
  let wasClean = false;
  let previousCount = Number.NaN;
  for (let all = 1; all <= LISTINGS_LIMIT; all += 1) {
    const count = await source.ioErrors();
    if (mayBeVouchedFor && (await source.isVouchedFor(count))) {
      return count;
    }
    const isClean = (await target.killSuspects()) === 0;
    // Was somebody in doubt again since the listing before, that one doesn't count.
    listings = count === previousCount ? listings + 1 : 1;
    const isEnough = listings > 1 && ((isClean && wasClean) || listings >= LISTINGS_MAX);
    if (isEnough && (await source.ioErrors()) === count) {
      await source.vouch(count);
      await pause(COURTESY_MS);
      return count;
    }
    wasClean = isClean;
    previousCount = count;
    await pause(LISTING_PAUSE_MS);
  }
  throw new CodisError(
    "SERVER_UNREACHABLE",
    `transfers from server ${source.addr} to ${target.addr} break again and again; ` +
      "is the connection between them well?",
  );
}
