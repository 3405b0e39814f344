/**
 * Leadership on files: the lock is the node itself, owned by this process (`ownership.ts`), and the epoch
 * is a node beside it. A lock left by a process of ours that is gone is replaced; one without a record, or
 * with another text than the record says, is a foreign program's and stays.
 */
import { unlinkSync } from "node:fs";
import { CodisError } from "../../base/error.ts";
import type { Leadership, LeadershipRequest, NodeVersion, NodeWrite } from "../coordinator.ts";
import { HeldLease } from "../held-lease.ts";
import { replaceFile } from "./durable-file.ts";
import type { Keeper, KeeperScope, Kept } from "./keeper.ts";
import { digestOf, readNodeFile } from "./node-file.ts";
import { isOwnedBy, removeOwned, stateOf, writeRecord } from "./ownership.ts";

/** Runs something under the lock within the bound of an operation, with errors as the contract has them. */
export type Locked = <T>(doing: string, change: () => T) => Promise<T>;

/** Writes a batch; `guard` is called under the lock before each round. */
export type GuardedWrite = (
  writes: readonly NodeWrite[],
  guard: () => void,
) => Promise<readonly (NodeVersion | undefined)[]>;

/** What a leadership does its work with. */
export interface LeadershipScope extends KeeperScope {
  readonly keeper: Keeper;
  readonly locked: Locked;
  readonly writeGuarded: GuardedWrite;
}

/** Takes the lock; under the lock of the data. Throws LEADER_EXISTS, MODEL_INVALID and system errors. */
export function takeLeadership(scope: LeadershipScope, request: LeadershipRequest): FileLeadership {
  const { layout, life, clock } = scope;
  // What this process has lost itself must go before it is asked who leads.
  scope.keeper.lookNow();
  const sentAtMs = clock.monotonicMs();
  const node = readNodeFile(layout, request.lockPath);
  if (node !== undefined) {
    const state = stateOf(layout, node);
    if (state !== "gone") {
      throw new CodisError("LEADER_EXISTS", describeHolder(request.lockPath, state === "plain"), {
        context: { holder: node.data, isForeign: state === "plain" },
      });
    }
    // Before the new record is there, which doesn't fit the old text: it would look foreign.
    unlinkSync(layout.fileOf(request.lockPath));
  }
  const epoch = readEpoch(scope, request.epochPath) + 1;
  const digest = digestOf(request.data);
  replaceFile(life.tempName(), layout.fileOf(request.epochPath), `${epoch}`);
  writeRecord(layout, request.lockPath, life, { digest, ttlMs: request.leaseMs });
  replaceFile(life.tempName(), layout.fileOf(request.lockPath), request.data);
  life.beat();
  return new FileLeadership(scope, request, epoch, new HeldLease(clock, request.leaseMs, sentAtMs));
}

function describeHolder(lockPath: string, isForeign: boolean): string {
  return isForeign
    ? `${lockPath} is held by a program that isn't one of ours or was written by hand; once you are ` +
        "sure that it has ended, delete the node (--remove-lock)"
    : `another dashboard holds ${lockPath}`;
}

function readEpoch(scope: LeadershipScope, epochPath: string): number {
  const text = readNodeFile(scope.layout, epochPath)?.data.trim() ?? "0";
  const epoch = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(epoch + 1)) {
    const file = scope.layout.fileOf(epochPath);
    throw new CodisError("MODEL_INVALID", `${file} must hold the last epoch, a whole number`);
  }
  return epoch;
}

/** A leadership; the keeper renews it. */
export class FileLeadership implements Leadership, Kept {
  readonly epoch: number;
  readonly lost: Promise<string>;
  readonly ttlMs: number;
  readonly #scope: LeadershipScope;
  readonly #request: LeadershipRequest;
  readonly #held: HeldLease;

  constructor(scope: LeadershipScope, request: LeadershipRequest, epoch: number, held: HeldLease) {
    this.#scope = scope;
    this.#request = request;
    this.epoch = epoch;
    this.ttlMs = request.leaseMs;
    this.#held = held;
    this.lost = held.lost;
  }

  isHeld(): boolean {
    return this.#held.isHeld();
  }

  async confirm(): Promise<void> {
    this.#throwUnlessHeld();
    try {
      await this.#scope.locked(`confirm the lock ${this.#request.lockPath}`, () => this.#guard());
    } catch (thrown) {
      // The lease may have run out while the lock of the data was waited for.
      this.#throwUnlessHeld();
      throw thrown;
    }
  }

  async write(writes: readonly NodeWrite[]): Promise<readonly (NodeVersion | undefined)[]> {
    this.#throwUnlessHeld();
    try {
      return await this.#scope.writeGuarded(writes, () => this.#guard());
    } catch (thrown) {
      this.#throwUnlessHeld();
      throw thrown;
    }
  }

  async release(): Promise<void> {
    this.markReleased();
    await this.#scope.keeper.lookSoon();
  }

  /** As `release`, without waiting: the next look removes the lock. */
  markReleased(): void {
    this.#held.release();
  }

  look(): boolean {
    if (this.#held.isHeld()) {
      this.#checkFiles();
    }
    if (!this.#held.isHeld()) {
      removeOwned(this.#scope.layout, this.#request.lockPath, this.#scope.life.id);
      return false;
    }
    return true;
  }

  renewed(sentAtMs: number): void {
    this.#held.renew(sentAtMs);
  }

  /** The lease runs out by itself when looks keep failing. */
  failed(): void {
    this.#held.isHeld();
  }

  /** Under the lock of the data: from here on nobody else can take the lead until the lock is given back. */
  #guard(): void {
    this.#throwUnlessHeld();
    this.#checkFiles();
    this.#throwUnlessHeld();
  }

  #checkFiles(): void {
    const { layout, life } = this.#scope;
    if (!isOwnedBy(layout, this.#request.lockPath, life)) {
      this.#held.lose("the lock was deleted, or taken by another program");
    } else if (readNodeFile(layout, this.#request.epochPath)?.data !== `${this.epoch}`) {
      this.#held.lose("the node with the epoch was changed by somebody else");
    }
  }

  #throwUnlessHeld(): void {
    if (!this.#held.isHeld()) {
      const line = `no longer leads ${this.#request.lockPath}: ${this.#held.reason()}`;
      throw new CodisError("LEADERSHIP_LOST", line);
    }
  }
}
