/**
 * Keeps a worker that was frozen from serving by an old table: what it knew may have changed meanwhile, as nobody waits
 * for ever for a proxy that doesn't answer. It serves nothing until a dashboard has confirmed the table, or given a
 * newer one and confirmed that; requests wait meanwhile, for `slot_hold_timeout`.
 *
 * Not needed, and not done, for a proxy with a login of its own: servers have cut it off if anybody went on without it.
 * A table that no dashboard gave is confirmed at once.
 */
import type { Log } from "../../base/log.ts";
import { onFreeze } from "../../net/freeze.ts";
import type { Router } from "../router/router.ts";
import type { WorkerHost } from "./contract.ts";

/** A longer pause is a freeze: well below `proxy_dead_after` and `slot_hold_timeout` as they are by default. */
const FREEZE_MS = 2_000;
/** From one question that nobody could answer to the next. */
const RETRY_MS = 100;

/** What the guard needs. */
export interface FreezeGuardParts {
  readonly router: Router;
  readonly host: Pick<WorkerHost, "isTableConfirmed">;
  /** Servers can cut this proxy off. */
  readonly isRevocable: () => boolean;
  readonly log: Log;
}

/** See the file head. One for each process with a worker. */
export class FreezeGuard {
  readonly #parts: FreezeGuardParts;
  /** Freezes so far. */
  #count = 0;
  #isClosed = false;

  /** Guards from now on. */
  constructor(parts: FreezeGuardParts, freezeMs = FREEZE_MS) {
    this.#parts = parts;
    onFreeze(freezeMs, (pauseMs) => this.#onPause(pauseMs));
  }

  /** Asks no more. */
  close(): void {
    this.#isClosed = true;
  }

  #onPause(pauseMs: number): void {
    const { router, isRevocable, log } = this.#parts;
    if (this.#isClosed || isRevocable()) return;
    this.#count++;
    router.suspend("the proxy was frozen");
    log.warn(
      "worker.frozen",
      "this process didn't run for a while: its slots have to be confirmed",
      {
        pause_ms: Math.round(pauseMs),
      },
    );
    void this.#confirm(this.#count);
  }

  /** Ends without a word when another freeze came meanwhile: that one asks by itself. */
  async #confirm(count: number): Promise<void> {
    const { router, host, log } = this.#parts;
    while (!(await host.isTableConfirmed())) {
      if (this.#isClosed || count !== this.#count) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    if (this.#isClosed || count !== this.#count) return;
    router.resume();
    log.info("worker.confirmed", "the slots are confirmed, requests go on");
  }
}
