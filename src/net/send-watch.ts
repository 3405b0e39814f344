/**
 * Finds out that a peer takes no bytes: output waits, and nothing of it leaves between two looks.
 *
 * Sessions and backends look about once a second and close when that lasts longer than their send timeout. A peer
 * that reads slowly but steadily is never closed for it.
 */

/** One for each connection. */
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
