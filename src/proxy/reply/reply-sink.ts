/**
 * Whoever waits for a reply of a backend: the last stage of a request's way, known to all others.
 *
 * A backend keeps, for each request in flight, a sink and a tag (a session's sequence number, a part's
 * index). Replies come back in the order of the requests of that backend.
 */

/** Knows what a session has written; see `mayRepeat`. */
export interface RepeatGuard {
  /** Whether nothing that the session sent after the request with this number may have written to the slot. */
  mayRepeat(tag: number, slot: number): boolean;
}

/** Receives replies; see `SessionOutput` for the one that the hot path knows. */
export abstract class ReplySink {
  /** True for `SessionOutput`: backends then treat runs of replies in one step. */
  readonly isSession: boolean;

  constructor(isSession: boolean) {
    this.isSession = isSession;
  }

  /**
   * One whole reply: [start, end) of `chunk`. The chunk may be kept, nobody writes to it.
   * Called exactly once for each request, failures included (then it is an error reply of the proxy).
   */
  abstract onReply(tag: number, chunk: Buffer, start: number, end: number): void;

  /** Whether a read with this tag of a key of the slot may be sent again now, behind what was sent since. */
  mayRepeat(_tag: number, _slot: number): boolean {
    return false;
  }

  /** As `onReply`, with an error of the proxy: the request wasn't sent, or its connection was lost. */
  onFailure(tag: number, error: Buffer): void {
    this.onReply(tag, error, 0, error.length);
  }
}

/** Drops replies: keep-alive pings and scripts loaded ahead. */
class IgnoredReply extends ReplySink {
  constructor() {
    super(false);
  }

  override onReply(): void {
    // Nothing waits for it; the backend has already looked at an error.
  }
}

/** The sink of requests that the proxy sends for itself. */
export const ignoredReply = new IgnoredReply();

/** One reply as a callback, for the rare commands that await. */
export class CallbackReply extends ReplySink {
  readonly #callback: (reply: Buffer) => void;

  constructor(callback: (reply: Buffer) => void) {
    super(false);
    this.#callback = callback;
  }

  override onReply(_tag: number, chunk: Buffer, start: number, end: number): void {
    this.#callback(chunk.subarray(start, end));
  }
}
