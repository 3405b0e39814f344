/**
 * Looks at the statistics of one proxy again and again, one look at a time: a look that takes longer than
 * the period delays the next one, and no look is made while this dashboard doesn't lead.
 */
import type { CallVersion } from "../../api/proxy-client.ts";
import type { Clock, ClockTimer } from "../../base/clock.ts";
import type { ProxyLink, StatsAnswer } from "./proxy-link.ts";
import type { FleetTiming } from "./timing.ts";

/** What a poller works with. */
export interface PollerParts {
  readonly link: ProxyLink;
  readonly clock: Clock;
  readonly timing: FleetTiming;
  /** Asked right before each look; undefined: no look now. */
  readonly begin: () => CallVersion | undefined;
  /** How the look ended that began last. */
  readonly onAnswer: (answer: StatsAnswer) => void;
  readonly onFailure: (thrown: unknown) => void;
}

/** See the file head. */
export class ProxyPoller {
  readonly #parts: PollerParts;
  #timer: ClockTimer | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;
  #isHurried = false;

  /** The first look is `delayMs` from now. */
  constructor(parts: PollerParts, delayMs: number) {
    this.#parts = parts;
    this.#schedule(delayMs);
  }

  /** The next look begins at once when the one under way has ended. */
  hurry(): void {
    this.#isHurried = true;
  }

  /** Resolves when nothing runs any more; nobody is called back from now on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#parts.clock.after(delayMs, () => {
      this.#running = this.#look();
    });
  }

  async #look(): Promise<void> {
    const { clock, timing, link } = this.#parts;
    const startedAtMs = clock.monotonicMs();
    const version = this.#parts.begin();
    if (version !== undefined) {
      let answer: StatsAnswer | undefined;
      let failure: unknown;
      try {
        answer = await link.stats(version);
      } catch (thrown) {
        failure = thrown;
      }
      if (this.#isClosed) {
        return;
      }
      if (answer === undefined) {
        this.#parts.onFailure(failure);
      } else {
        this.#parts.onAnswer(answer);
      }
    }
    const restMs = timing.pollPeriodMs - (clock.monotonicMs() - startedAtMs);
    this.#schedule(this.#isHurried ? 0 : Math.max(0, restMs));
    this.#isHurried = false;
  }
}
