/**
 * A registration on files: a node that this process owns (`ownership.ts`), looked after by the keeper. The
 * first time it replaces whatever is there; later it is made again only where there is nothing, so that two
 * processes never take a node from each other by turns.
 */
import type { Registration } from "../coordinator.ts";
import { replaceFile } from "./durable-file.ts";
import type { Keeper, KeeperScope, Kept } from "./keeper.ts";
import { digestOf } from "./node-file.ts";
import { isOwnedBy, readNode, removeOwned, writeRecord } from "./ownership.ts";

/** What is registered. */
export interface RegistrationRequest {
  readonly path: string;
  readonly data: string;
  readonly ttlMs: number;
  readonly onProblem?: (line: string) => void;
}

/** Keeps one node until it is closed. */
export class FileRegistration implements Registration, Kept {
  readonly ttlMs: number;
  readonly #scope: KeeperScope & { readonly keeper: Keeper };
  readonly #request: RegistrationRequest;
  /** Until when others count the owner as living, on the monotonic clock. */
  #registeredUntilMs = Number.NEGATIVE_INFINITY;
  #wasMade = false;
  #isClosed = false;

  constructor(scope: KeeperScope & { readonly keeper: Keeper }, request: RegistrationRequest) {
    this.#scope = scope;
    this.#request = request;
    this.ttlMs = request.ttlMs;
  }

  isRegistered(): boolean {
    return this.#scope.clock.monotonicMs() < this.#registeredUntilMs;
  }

  async close(): Promise<void> {
    this.markClosed();
    await this.#scope.keeper.lookSoon();
  }

  /** As `close`, without waiting: the next look removes the node. */
  markClosed(): void {
    this.#isClosed = true;
    this.#registeredUntilMs = Number.NEGATIVE_INFINITY;
  }

  look(): boolean {
    if (this.#isClosed) {
      removeOwned(this.#scope.layout, this.#request.path, this.#scope.life.id);
    }
    return !this.#isClosed;
  }

  renewed(sentAtMs: number): void {
    const { layout, life } = this.#scope;
    const { path, data, ttlMs } = this.#request;
    if (!isOwnedBy(layout, path, life)) {
      if (this.#wasMade && readNode(layout, path) !== undefined) {
        this.failed(`${path} was replaced by another program; waiting until its node is gone`);
        return;
      }
      writeRecord(layout, path, life, { digest: digestOf(data), ttlMs });
      replaceFile(life.tempName(), layout.fileOf(path), data);
      this.#wasMade = true;
    }
    this.#registeredUntilMs = sentAtMs + ttlMs;
  }

  failed(reason: string): void {
    this.#registeredUntilMs = Number.NEGATIVE_INFINITY;
    this.#request.onProblem?.(reason);
  }
}
