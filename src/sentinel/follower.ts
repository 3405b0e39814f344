/**
 * Follows the sentinels of a product: knows at any time which servers they hold for masters, and tells whoever asked
 * for it as soon as that may have changed. Used by proxies, which go on when no dashboard runs, and by the dashboard.
 *
 *     +switch-master of a group of the product, or a new connection to a sentinel
 *         -> all sentinels are asked at once, and every second for a while, until the last of them has followed
 *     nothing for `askPeriodMs`
 *         -> all sentinels are asked
 *
 * The event only says that something has happened; what counts is what a majority answers (`agreement.ts`). The view
 * is told as soon as a majority has answered, and again with each later answer: a sentinel that hangs delays nobody.
 */
import { type Clock, type ClockTimer, systemClock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { agreeOnMasters, majorityOf, type SentinelAnswer, type SentinelView } from "./agreement.ts";
import { groupIdOf } from "./master-name.ts";
import { withSentinel } from "./sentinel-client.ts";
import { Subscription, type SubscriptionTiming, type SwitchEvent } from "./subscription.ts";

/** How long things take, milliseconds. */
export interface FollowerTiming extends SubscriptionTiming {
  /** Between two questions while nothing happens. */
  readonly askPeriodMs: number;
  /** Between two questions after an event, and for how long. */
  readonly settlePeriodMs: number;
  readonly settleMs: number;
}

/** The times of the product. */
const FOLLOWER_TIMING: FollowerTiming = {
  askPeriodMs: 10_000,
  settlePeriodMs: 1_000,
  settleMs: 8_000,
  timeoutMs: 2_000,
  pingPeriodMs: 3_000,
  reconnectMinMs: 500,
  reconnectMaxMs: 5_000,
};

/** Whom to follow, and whom to tell. */
export interface FollowerOptions {
  readonly product: string;
  /** `host:port` of each configured sentinel, those that are down too: they count for the majority. */
  readonly servers: readonly string[];
  /** `product_auth`, see `sentinel-client.ts`. */
  readonly password: string;
  readonly log: Log;
  /** What a majority says, also when it is what it said before. Must not throw. */
  readonly onMasters: (view: SentinelView) => void;
  /** A sentinel says that it has switched a group's master; before anybody is asked. Must not throw. */
  readonly onSwitch?: ((groupId: number, sentinel: string) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** Replaces single times (tests). */
  readonly timing?: Partial<FollowerTiming> | undefined;
}

/** See the file head. Begins at once; ends with `close`. */
export class SentinelFollower {
  readonly servers: readonly string[];
  readonly #options: FollowerOptions;
  readonly #clock: Clock;
  readonly #timing: FollowerTiming;
  readonly #subscriptions: readonly Subscription[];
  readonly #closing = new AbortController();
  #asking: Promise<void> | undefined;
  /** Somebody wants an answer that is newer than the question under way. */
  #isAskedAgain = false;
  #settlesUntilMs = Number.NEGATIVE_INFINITY;
  #timer: ClockTimer | undefined;
  #answers: readonly SentinelAnswer[] = [];
  #hadMajority = true;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#timing = { ...FOLLOWER_TIMING, ...options.timing };
    this.servers = options.servers;
    this.#subscriptions = options.servers.map(
      (addr) =>
        new Subscription({
          addr,
          password: options.password,
          timing: this.#timing,
          log: options.log,
          onOpen: () => this.askNow(),
          onSwitch: (event) => this.#onSwitch(event),
        }),
    );
    this.askNow();
  }

  /** Each sentinel with its answer to the last question; empty before the first answers. */
  get answers(): readonly SentinelAnswer[] {
    return this.#answers;
  }

  /** Asks all sentinels now; the view is told as always. */
  askNow(): void {
    if (this.#asking !== undefined) {
      this.#isAskedAgain = true;
      return;
    }
    if (this.#closing.signal.aborted) {
      return;
    }
    this.#timer?.cancel();
    this.#asking = this.#ask().finally(() => {
      this.#asking = undefined;
      this.#arm();
    });
  }

  /** Asks again and again for a while: something is happening. */
  settle(): void {
    this.#settlesUntilMs = this.#clock.monotonicMs() + this.#timing.settleMs;
    this.askNow();
  }

  /** Resolves when nothing runs any more; nobody is told anything from the call on. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.cancel();
    await Promise.all([...this.#subscriptions.map((one) => one.close()), this.#asking]);
  }

  #arm(): void {
    if (this.#closing.signal.aborted) {
      return;
    }
    if (this.#isAskedAgain) {
      this.#isAskedAgain = false;
      this.askNow();
      return;
    }
    const { settlePeriodMs, askPeriodMs } = this.#timing;
    const isSettling = this.#clock.monotonicMs() < this.#settlesUntilMs;
    this.#timer = this.#clock.after(isSettling ? settlePeriodMs : askPeriodMs, () => this.askNow());
  }

  #onSwitch({ sentinel, name }: SwitchEvent): void {
    const groupId = groupIdOf(this.#options.product, name);
    if (groupId === undefined || this.#closing.signal.aborted) {
      return;
    }
    this.#options.log.info("sentinel.switch", `sentinel ${sentinel} has switched ${name}`);
    this.#options.onSwitch?.(groupId, sentinel);
    this.settle();
  }

  async #ask(): Promise<void> {
    // Until a sentinel has answered this time, what it said last time stands: a majority that happens to be faster
    // must not take back what a slower one has told already.
    const answers: SentinelAnswer[] = this.servers.map(
      (addr, index) => this.#answers[index] ?? { addr, masters: undefined },
    );
    const majority = majorityOf(this.servers.length);
    let count = 0;
    const asked = this.servers.map(async (addr, index) => {
      const answer = await this.#askOne(addr);
      answers[index] = answer;
      count += answer.masters === undefined ? 0 : 1;
      if (answer.masters !== undefined && count >= majority) {
        this.#tell(answers);
      }
    });
    await Promise.all(asked);
    this.#answers = answers;
    this.#noteMajority(count >= majority);
  }

  async #askOne(addr: string): Promise<SentinelAnswer> {
    const { password } = this.#options;
    const { timeoutMs } = this.#timing;
    const { signal } = this.#closing;
    try {
      const masters = await withSentinel({ addr, password, timeoutMs, signal }, (sentinel) =>
        sentinel.masters(),
      );
      return { addr, masters };
    } catch (thrown) {
      return { addr, masters: undefined, error: messageOf(thrown) };
    }
  }

  #tell(answers: readonly SentinelAnswer[]): void {
    if (!this.#closing.signal.aborted) {
      this.#options.onMasters(agreeOnMasters(this.#options.product, answers));
    }
  }

  /** One line when the majority is lost, one when it is back. */
  #noteMajority(hasMajority: boolean): void {
    if (hasMajority === this.#hadMajority || this.#closing.signal.aborted) {
      return;
    }
    this.#hadMajority = hasMajority;
    const { log } = this.#options;
    if (hasMajority) {
      log.info("sentinel.majority", "a majority of the sentinels answers again");
    } else {
      log.warn("sentinel.no_majority", "fewer than a majority of the sentinels answer", {
        sentinels: this.#answers.map(({ addr, error }) => (error === undefined ? addr : error)),
      });
    }
  }
}
