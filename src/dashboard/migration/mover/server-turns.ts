/**
 * Who of a leader's `codis` movers may use which servers: a server that moves keys by itself does one such job at a
 * time in a database, and one that receives keys refuses to be a source meanwhile. So a server is the source of one
 * mover at a time, and of none while it is a target; it may be the target of many.
 *
 * Those who wait are served in their order, but for those that can't go on yet.
 */

interface Waiting {
  readonly source: string;
  readonly target: string;
  readonly start: () => void;
}

/** See the file head. Addresses name the servers. */
export class ServerTurns {
  readonly #sources = new Set<string>();
  readonly #targets = new Map<string, number>();
  #waiting: Waiting[] = [];

  /** Resolves when both may be used; the result ends that, and may be called twice. The signal gives up waiting. */
  async take(source: string, target: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry: Waiting = { source, target, start: resolve };
    const abort = (): void => {
      this.#waiting = this.#waiting.filter((one) => one !== entry);
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    this.#waiting.push(entry);
    this.#serve();
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
    let isOver = false;
    return () => {
      if (!isOver) {
        isOver = true;
        this.#sources.delete(source);
        this.#targets.set(target, (this.#targets.get(target) ?? 1) - 1);
        this.#serve();
      }
    };
  }

  #serve(): void {
    for (const entry of this.#waiting) {
      const { source, target, start } = entry;
      const isBusy = this.#sources.has(source) || this.#isTarget(source);
      if (!isBusy && !this.#sources.has(target)) {
        this.#sources.add(source);
        this.#targets.set(target, (this.#targets.get(target) ?? 0) + 1);
        this.#waiting = this.#waiting.filter((one) => one !== entry);
        start();
      }
    }
  }

  #isTarget(addr: string): boolean {
    return (this.#targets.get(addr) ?? 0) > 0;
  }
}
