/**
 * Finds out that a client takes no bytes: output waits, and nothing of it leaves between two looks.
 *
 * The session looks about once a second and closes when that lasts longer than `session_send_timeout`. A client
 * that reads slowly but steadily is never closed for it.
 */

/** One for each session; looked at about once a second. */
export class SendWatch {
  #sinceMs = 0;
  #bytesOut = 0;

  /** Milliseconds without progress; 0 while nothing waits. `bytesOut` is all that ever left. */
  stuckMs(pendingBytes: number, bytesOut: number, nowMs: number): number {
    if (pendingBytes === 0) {
      this.#sinceMs = 0;
      return 0;
    }
    if (this.#sinceMs === 0 || bytesOut !== this.#bytesOut) {
      this.#sinceMs = nowMs;
      this.#bytesOut = bytesOut;
    }
    return nowMs - this.#sinceMs;
  }
}
