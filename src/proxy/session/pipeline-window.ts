/**
 * How many requests of a session may be in flight: `session_max_pipeline` at most, and no more than a small
 * multiple of `session_soft_output_size` in bytes of replies.
 *
 * How long replies will be is not known when a request is read, so a burst begins with a small window. Each time
 * the window was full and half of it is answered, it doubles, or it shrinks to what the replies of that half
 * suggest. A client may so ask for ten thousand large values in one go, read them slowly, and is neither
 * disconnected nor able to fill the memory of the proxy.
 */

/** Requests of a burst before any reply is seen. */
const WINDOW_INITIAL = 128;
/** Replies in flight may be about so many times the soft limit of output. */
const BUDGET_FACTOR = 4;

/** One for each session. */
export class PipelineWindow {
  /** Requests that may be in flight now. */
  limit: number;
  readonly #initial: number;
  readonly #max: number;
  readonly #budgetBytes: number;
  #markBytes = 0;
  #markSeq = 0;

  constructor(maxPipeline: number, softOutputBytes: number) {
    this.#initial = Math.min(WINDOW_INITIAL, maxPipeline);
    this.#max = maxPipeline;
    this.#budgetBytes = softOutputBytes * BUDGET_FACTOR;
    this.limit = this.#initial;
  }

  /** Whether the window isn't that of a new burst. */
  get hasChanged(): boolean {
    return this.limit !== this.#initial;
  }

  /** Nothing is in flight: the next burst is a new one. */
  restart(): void {
    this.limit = this.#initial;
  }

  /** The window is full. `bytes` is all that was ever answered, `seq` the number of the next reply. */
  mark(bytes: number, seq: number): void {
    this.#markBytes = bytes;
    this.#markSeq = seq;
  }

  /** Enough of it is answered: the window of the next requests. */
  adapt(bytes: number, seq: number): void {
    const count = (seq - this.#markSeq) | 0;
    if (count <= 0) return;
    const replyBytes = Math.max(1, (bytes - this.#markBytes) / count);
    const fitting = Math.max(1, Math.floor(this.#budgetBytes / replyBytes));
    this.limit = Math.min(this.#max, this.limit * 2, fitting);
  }
}
