/**
 * When the second of two MIGRATEs goes. A server takes what has come in its order: were the next batch waiting at the
 * source all the time, whoever comes would wait for the rest of one batch and for the whole other one. So the next one
 * goes as late as may be without the source waiting for it: a round trip before the expected end of the one that is
 * under way. To a source that is near it goes with the answer; what is left of that way the source spends on SCAN.
 */

/** Timers are no finer. */
const TIMER_MS = 1;

interface Sent {
  readonly usualMs: number;
}

/** See the file head. One for each pair of servers. */
export class BatchSpacing {
  readonly #roundTripMs: () => number;
  readonly #nowMs: () => number;
  /** In the order in which they were sent. */
  #underWay: readonly Sent[] = [];
  /** When the source could begin with the first of them. */
  #beganAtMs = 0;
  /** Ends a wait. */
  #go: () => void = () => undefined;

  /** `roundTripMs`: to the source and back, without what it has to do. `nowMs` is a monotonic clock. */
  constructor(roundTripMs: () => number, nowMs: () => number = () => performance.now()) {
    this.#roundTripMs = roundTripMs;
    this.#nowMs = nowMs;
  }

  /** A batch goes that usually takes so long. What is returned is called once, when it was answered or lost. */
  begin(usualMs: number): () => void {
    const sent = { usualMs };
    if (this.#underWay.length === 0) {
      this.#beganAtMs = this.#nowMs();
    }
    this.#underWay = [...this.#underWay, sent];
    return () => {
      this.#underWay = this.#underWay.filter((one) => one !== sent);
      this.#beganAtMs = this.#nowMs();
      this.#go();
    };
  }

  /** Milliseconds until the next one may go; 0: now, Infinity: with the next answer. */
  get waitMs(): number {
    const [first] = this.#underWay;
    if (first === undefined) {
      return 0;
    }
    const roundTripMs = this.#roundTripMs();
    if (roundTripMs < TIMER_MS) {
      return Number.POSITIVE_INFINITY;
    }
    const leftMs = this.#beganAtMs + first.usualMs - roundTripMs - this.#nowMs();
    return leftMs < TIMER_MS ? 0 : Math.floor(leftMs);
  }

  /** Resolves when the next one may go: with the next answer at the latest. One waits at a time. */
  async whenNext(): Promise<void> {
    const { waitMs } = this;
    if (waitMs === 0) {
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#go = resolve;
    const timer = waitMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(resolve, waitMs);
    await promise;
    clearTimeout(timer);
  }
}
