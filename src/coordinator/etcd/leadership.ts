/**
 * The leadership of a product in etcd. The lock is a key with a lease; the epoch is a key beside it. Every
 * fenced write is a transaction that demands that the lock is still the one that was made here, and that the
 * epoch key was written last by this leadership, and that writes the epoch key anew with the same text.
 *
 * So the version of the epoch key numbers the writes. One that got no answer is simply sent again: if it was
 * carried out the first time, the number has moved on, which nobody else can have done without taking the
 * epoch. And one that arrives late, after a newer one, fits nowhere any more.
 */
import { CodisError, isCodisError } from "../../base/error.ts";
import type { Leadership, LeadershipRequest, NodeVersion, NodeWrite } from "../coordinator.ts";
import { checkWrites } from "../node-check.ts";
import type { Gateway } from "./gateway.ts";
import type { Lease } from "./lease.ts";
import { monotonicMs, sleepIdle } from "./wait.ts";
import { type EtcdNode, isMadeAt, isWrittenAt, putOf, rangeOf, type WireTxn } from "./wire.ts";
import {
  conditionsOf,
  conflictOf,
  cutIntoChunks,
  looksOf,
  nodesOf,
  stepsOf,
  versionsAt,
} from "./write-chunk.ts";

/** A lock that was just taken. */
export interface TakenLock {
  readonly request: LeadershipRequest;
  readonly epoch: number;
  /** Revision of the transaction that made the lock and wrote the epoch. */
  readonly revision: string;
  readonly lease: Lease;
}

type LockNodes = ReadonlyMap<string, EtcdNode>;

/** Pause after a sign of life that failed, while the lease isn't over. */
const RETRY_MS = 200;

/** A leadership from the moment when the lock was taken. */
export class EtcdLeadership implements Leadership {
  readonly epoch: number;
  readonly lost: Promise<string>;
  readonly #gateway: Gateway;
  readonly #lock: TakenLock;
  readonly #ending = new AbortController();
  #tellLost: (line: string) => void = () => undefined;
  #lostBecause: string | undefined;
  #isReleased = false;
  /** Revision of the last fenced transaction that is known to have been carried out. */
  #fence: string;
  /** Whether one that isn't known to have been carried out may still be. */
  #isInDoubt = false;
  /** Fenced writes go one after the other; this is the end of the last one. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #onEnd: () => void;

  /** `onEnd` is called once, when the leadership is lost or released. */
  constructor(gateway: Gateway, lock: TakenLock, onEnd: () => void) {
    this.#gateway = gateway;
    this.#lock = lock;
    this.#fence = lock.revision;
    this.#onEnd = onEnd;
    this.epoch = lock.epoch;
    this.lost = new Promise((resolve) => {
      this.#tellLost = resolve;
    });
  }

  /** Begins to give signs of life; called once. */
  start(): void {
    void this.#keepAlive();
  }

  isHeld(): boolean {
    return this.#lostBecause === undefined && !this.#isReleased && this.#lock.lease.isAlive();
  }

  async confirm(): Promise<void> {
    this.#mustBeHeld();
    try {
      this.#check(await this.#readLock(monotonicMs() + this.#gateway.operationMs));
    } catch (thrown) {
      // What was lost while there was no answer is lost.
      throw this.isHeld() ? thrown : this.#lostError();
    }
    this.#mustBeHeld();
  }

  async write(writes: readonly NodeWrite[]): Promise<readonly (NodeVersion | undefined)[]> {
    checkWrites(writes);
    const versions: (NodeVersion | undefined)[] = [];
    let endsAt = monotonicMs() + this.#gateway.operationMs;
    for (const chunk of cutIntoChunks(writes)) {
      versions.push(...(await this.#inTurn(() => this.#writeChunk(chunk, endsAt))));
      endsAt = monotonicMs() + this.#gateway.operationMs;
    }
    return versions;
  }

  async release(): Promise<void> {
    if (this.#isReleased || this.#lostBecause !== undefined) {
      return;
    }
    this.#isReleased = true;
    this.#ending.abort();
    this.#onEnd();
    await this.#lock.lease.revoke(`release ${this.#lock.request.lockPath}`);
  }

  /** The answer of an order that waits until the ones before are through. */
  #inTurn<T>(order: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(order);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #writeChunk(
    chunk: readonly NodeWrite[],
    endsAt: number,
  ): Promise<readonly (NodeVersion | undefined)[]> {
    if (this.#isInDoubt) {
      await this.#commit([], endsAt);
    }
    return versionsAt(chunk, await this.#commit(chunk, endsAt));
  }

  /**
   * Carries out a chunk exactly once and gives the revision. An empty one only moves the fence on, so that
   * nothing which is still on its way fits any more. After COORDINATOR_UNREACHABLE the next one must be empty.
   */
  async #commit(chunk: readonly NodeWrite[], endsAt: number): Promise<string> {
    this.#mustBeHeld();
    const { lockPath, epochPath } = this.#lock.request;
    const wasInDoubt = this.#isInDoubt;
    let isRepeated = false;
    const call = this.#gateway.call<WireTxn>({
      what: chunk.length === 0 ? `write ${epochPath}` : `write ${chunk[0]?.path}`,
      path: "/v3/kv/txn",
      body: {
        compare: [
          isMadeAt(lockPath, this.#lock.revision),
          isWrittenAt(epochPath, this.#fence),
          ...conditionsOf(chunk),
        ],
        success: [putOf(epochPath, String(this.epoch)), ...stepsOf(chunk)],
        failure: [rangeOf(lockPath), rangeOf(epochPath), ...looksOf(chunk)],
      },
      mayRepeat: true,
      endsAt,
      onDoubt: () => {
        isRepeated = true;
        this.#isInDoubt = true;
      },
    });
    const answer = await call.catch((thrown: unknown) => {
      if (isCodisError(thrown, "COORDINATOR_FULL")) {
        return thrown;
      }
      throw thrown;
    });
    if (answer instanceof CodisError) {
      return this.#lookAfterFull(chunk, answer, endsAt);
    }
    if (answer.succeeded === true) {
      this.#isInDoubt = false;
      this.#fence = answer.header?.revision ?? "0";
      return this.#fence;
    }
    const nodes = nodesOf(answer);
    const fence = nodes.get(epochPath)?.modRevision ?? "0";
    const hasMoved = fence !== this.#fence;
    const problem =
      this.#findLoss(nodes) ??
      (hasMoved && !isRepeated && !wasInDoubt ? `${epochPath} was written by another` : undefined);
    if (problem !== undefined) {
      this.#lose(problem);
      throw isRepeated ? this.#unknown(chunk) : this.#lostError();
    }
    if (hasMoved) {
      this.#isInDoubt = false;
      this.#fence = fence;
      return fence;
    }
    throw isRepeated ? this.#unknown(chunk) : conflictOf(chunk, nodes);
  }

  /**
   * "No space" doesn't mean that nothing was done: a server that runs out of its quota with this very
   * transaction carries it out and says so all the same. The fence tells.
   */
  async #lookAfterFull(
    chunk: readonly NodeWrite[],
    full: CodisError,
    endsAt: number,
  ): Promise<string> {
    const wasInDoubt = this.#isInDoubt;
    this.#isInDoubt = true;
    const nodes = await this.#readLock(endsAt).catch(() => undefined);
    const fence = nodes?.get(this.#lock.request.epochPath)?.modRevision;
    if (nodes === undefined || fence === undefined || this.#findLoss(nodes) !== undefined) {
      throw this.#unknown(chunk);
    }
    if (fence !== this.#fence) {
      this.#isInDoubt = false;
      this.#fence = fence;
      return fence;
    }
    this.#isInDoubt = wasInDoubt;
    throw wasInDoubt ? this.#unknown(chunk) : full;
  }

  /** Gives signs of life, and looks whether the lock is still there, until the leadership ends. */
  async #keepAlive(): Promise<void> {
    const { lease, request } = this.#lock;
    const { signal } = this.#ending;
    let reason = "";
    while (!signal.aborted) {
      if (!lease.isAlive()) {
        this.#lose(`no sign of life was confirmed for ${lease.lifeMs} ms${reason}`);
        return;
      }
      try {
        if (await lease.beat(`keep ${request.lockPath}`, signal)) {
          this.#check(await this.#readLock(lease.aliveUntil, signal));
          await sleepIdle(lease.beatMs, signal);
        } else {
          this.#lose("the lease has run out");
        }
      } catch (thrown) {
        if (!isCodisError(thrown)) {
          throw thrown;
        }
        reason = `: ${thrown.message}`;
        await sleepIdle(Math.min(RETRY_MS, lease.aliveUntil - monotonicMs()), signal);
      }
    }
  }

  async #readLock(endsAt: number, signal = this.#gateway.closed): Promise<LockNodes> {
    const { lockPath, epochPath } = this.#lock.request;
    const success = [rangeOf(lockPath), rangeOf(epochPath)];
    const answer = await this.#gateway.call<WireTxn>({
      what: `read ${lockPath}`,
      path: "/v3/kv/txn",
      body: { compare: [], success, failure: [] },
      mayRepeat: true,
      endsAt,
      signal,
    });
    return nodesOf(answer);
  }

  /** Throws LEADERSHIP_LOST unless what was read shows that it is held. */
  #check(nodes: LockNodes): void {
    const problem = this.#findLoss(nodes);
    if (problem !== undefined) {
      this.#lose(problem);
      throw this.#lostError();
    }
  }

  #findLoss(nodes: LockNodes): string | undefined {
    const { request, revision, lease, epoch } = this.#lock;
    const lock = nodes.get(request.lockPath);
    if (lock === undefined) {
      return `${request.lockPath} was removed, or its lease has run out`;
    }
    if (lock.createRevision !== revision || lock.lease !== lease.id) {
      return `${request.lockPath} belongs to another now`;
    }
    return nodes.get(request.epochPath)?.data === String(epoch)
      ? undefined
      : `${request.epochPath} was changed by another`;
  }

  #mustBeHeld(): void {
    if (!this.isHeld()) {
      this.#lose(`no sign of life was confirmed for ${this.#lock.lease.lifeMs} ms`);
      throw this.#lostError();
    }
  }

  #lose(because: string): void {
    if (this.#isReleased || this.#lostBecause !== undefined) {
      return;
    }
    this.#lostBecause = because;
    this.#ending.abort();
    this.#onEnd();
    this.#tellLost(because);
    // The lock may be there still: the next leader needn't wait for the end of its lease.
    void this.#lock.lease.revoke(`release ${this.#lock.request.lockPath}`);
  }

  #lostError(): CodisError {
    const because = this.#lostBecause ?? "it was given back";
    return new CodisError(
      "LEADERSHIP_LOST",
      `the leadership with epoch ${this.epoch} is over: ${because}; nothing was written`,
    );
  }

  #unknown(chunk: readonly NodeWrite[]): CodisError {
    const what = chunk[0]?.path ?? this.#lock.request.epochPath;
    return new CodisError(
      "COORDINATOR_UNREACHABLE",
      `${this.#gateway.label}: write ${what}: the first try got no answer; it may have been done or not`,
    );
  }
}
