/**
 * The leadership of a product on ZooKeeper. The lock is an ephemeral node on a session of its own, whose
 * timeout is the lease; the epoch grows in the transaction that makes the lock.
 *
 * Writes go over the main session, so that the leader reads what it has written, and every chunk checks the
 * data versions of epoch and lock. Ours is made and then written once in the same transaction (version 1): a
 * lock of an original dashboard, made after ours was removed by hand, has version 0 and doesn't pass.
 *
 * `isHeld` goes by beats: a `sync`, which the ensemble's leader answers. A follower that is cut off answers
 * pings for a while, so pings prove nothing. Followers report signs of life once in half a tick, and a
 * timeout has two ticks at least: hence a quarter of it is taken off.
 */
import { assert } from "../../base/assert.ts";
import { systemClock } from "../../base/clock.ts";
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import { ABSENT, ANY, type Leadership, type LeadershipRequest } from "../coordinator.ts";
import { HeldLease } from "../held-lease.ts";
import type { StoreWrite } from "./chunk-plan.ts";
import type { Fence, NodeStore, StoredNode } from "./node-store.ts";

const BEATS_PER_LEASE = 6;
const BEAT_MS_MIN = 300;
const SAFE_SHARE = 3 / 4;
const RACE_PAUSE_MS = 20;
const EPOCH_PATTERN = /^\d{1,15}$/;

/** What a leadership needs of its coordinator. */
export interface LeadershipEnv {
  /** On the main session. */
  readonly store: NodeStore;
  /** A store on a new session that isn't renewed. */
  openStore(timeoutMs: number, owner: LockSessionOwner): NodeStore;
  readonly label: string;
  readonly tell: (line: string) => void;
  /** Called when nothing is left of it. */
  readonly onClosed: (leadership: HeldLock) => void;
}

/** Hears about the session of the lock. */
export interface LockSessionOwner {
  onConnected(): void;
  /** Something happened to the node with this path. */
  onChange(path: string): void;
  onExpired(): void;
}

/** Takes the lock; see `Coordinator.lead`. */
export async function takeLock(
  request: LeadershipRequest,
  env: LeadershipEnv,
  onMade: (lock: HeldLock) => void,
): Promise<Leadership> {
  refuseHeld(request, env, await env.store.get(request.lockPath));
  const lock = new HeldLock(request, env);
  onMade(lock);
  try {
    await lock.take();
    return lock;
  } catch (thrown) {
    await lock.release();
    throw thrown;
  }
}

/** Throws LEADER_EXISTS when there is a lock. */
function refuseHeld(
  request: LeadershipRequest,
  env: LeadershipEnv,
  node: StoredNode | undefined,
): void {
  if (node === undefined) {
    return;
  }
  const isForeign = node.stat.ephemeralOwner === 0n;
  const hint = isForeign
    ? "it was made by a program that leaves its lock behind (an original dashboard) and has to be removed by hand"
    : "it ends with the life of its holder";
  throw new CodisError("LEADER_EXISTS", `${env.label} has a lock at ${request.lockPath}; ${hint}`, {
    context: { holder: node.data, isForeign },
  });
}

/** A lock that is being taken, is held, or was. */
export class HeldLock implements Leadership {
  readonly #request: LeadershipRequest;
  readonly #env: LeadershipEnv;
  /** On the session of the lock. */
  readonly #store: NodeStore;
  /** From the moment that the lock is made. */
  #lease: HeldLease | undefined;
  #epoch = 0;
  #fences: readonly Fence[] = [];
  #beatTimer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #mustLookAgain = false;
  #isClosed = false;

  constructor(request: LeadershipRequest, env: LeadershipEnv) {
    this.#request = request;
    this.#env = env;
    this.#store = env.openStore(request.leaseMs, {
      onConnected: () => this.#look(),
      onChange: (path) => {
        if (path === request.lockPath) {
          this.#look();
        }
      },
      onExpired: () =>
        this.#lease?.lose(`the ZooKeeper session of ${request.lockPath} has expired`),
    });
  }

  get epoch(): number {
    return this.#epoch;
  }

  get lost(): Promise<string> {
    assert(this.#lease !== undefined, "a leadership is handed out when its lock is made");
    return this.#lease.lost;
  }

  /** Makes the lock. Throws LEADER_EXISTS when another one was faster. */
  async take(): Promise<void> {
    const { lockPath } = this.#request;
    const deadline = this.#store.deadline();
    while (!(await this.#tryToTake())) {
      refuseHeld(this.#request, this.#env, await this.#store.get(lockPath));
      if (performance.now() >= deadline) {
        const text = `the lock ${lockPath} comes and goes all the time`;
        throw new CodisError("COORDINATOR_UNREACHABLE", `${this.#env.label}: ${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, RACE_PAUSE_MS));
    }
    this.#beat();
    this.#look();
    // A transaction on the main session: what leaders before have written is seen by its reads from here on.
    await this.confirm();
    if (!this.isHeld()) {
      const text = `the lock ${lockPath} was lost before everything was ready`;
      throw new CodisError("COORDINATOR_UNREACHABLE", `${this.#env.label}: ${text}`);
    }
    this.#tellLongLease();
  }

  isHeld(): boolean {
    return this.#lease?.isHeld() === true;
  }

  async confirm(): Promise<void> {
    await this.#fenced(() => this.#env.store.confirm(this.#fences));
  }

  async write(
    writes: Parameters<Leadership["write"]>[0],
  ): Promise<Awaited<ReturnType<Leadership["write"]>>> {
    const { versions } = await this.#fenced(() => this.#env.store.write(writes, this.#fences));
    return versions;
  }

  async release(): Promise<void> {
    this.#lease?.release();
    await this.#close();
  }

  /** Ends the session: where it lives on, the lock is free at once for the next leader. */
  async #close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#beatTimer);
    await this.#store.session.close();
    this.#env.onClosed(this);
  }

  /** False when another one was faster, or the epoch changed. */
  async #tryToTake(): Promise<boolean> {
    const { lockPath, epochPath, data } = this.#request;
    const before = await this.#store.get(epochPath);
    const epoch = epochOf(epochPath, before?.data) + 1;
    const writes: StoreWrite[] = [
      { path: lockPath, data, expected: ABSENT, isEphemeral: true },
      { path: lockPath, data, expected: ANY },
      { path: epochPath, data: String(epoch), expected: before?.version ?? ABSENT },
    ];
    const startedMs = systemClock.monotonicMs();
    try {
      const written = await this.#store.write(writes);
      this.#fences = [epochPath, lockPath].map((path) => ({
        path,
        dataVersion: written.dataVersionOf(path) ?? 0,
      }));
    } catch (thrown) {
      if (isCodisError(thrown, "COORDINATOR_CONFLICT")) {
        return false;
      }
      throw thrown;
    }
    this.#epoch = epoch;
    const leaseMs = Math.min(this.#request.leaseMs, this.#store.session.timeoutMs * SAFE_SHARE);
    this.#lease = new HeldLease(systemClock, leaseMs, startedMs);
    this.#lease.lost.then(() => this.#close());
    return true;
  }

  /** Throws LEADERSHIP_LOST unless it is held before, and when that is the reason for a failure. */
  async #fenced<T>(run: () => Promise<T>): Promise<T> {
    if (!this.isHeld()) {
      throw this.#lostError("nothing was written");
    }
    try {
      return await run();
    } catch (thrown) {
      if (isCodisError(thrown, "LEADERSHIP_LOST")) {
        this.#lease?.lose(thrown.message);
      } else if (!this.isHeld()) {
        // Whatever else went wrong: what the caller has to know is that it leads no more.
        throw this.#lostError(messageOf(thrown), thrown);
      }
      throw thrown;
    }
  }

  #lostError(outcome: string, cause?: unknown): CodisError {
    const reason = this.#lease?.reason() ?? "it was never held";
    const text = `${this.#request.lockPath} isn't held any more (${reason}); ${outcome}`;
    return new CodisError("LEADERSHIP_LOST", text, { cause });
  }

  /** Asks for a sign of life, now and then again. */
  #beat(): void {
    const sentMs = systemClock.monotonicMs();
    const everyMs =
      Math.min(this.#request.leaseMs, this.#store.session.timeoutMs) / BEATS_PER_LEASE;
    // Bounded, so that the next one is counted from a later moment.
    const withinMs = Math.max(BEAT_MS_MIN, 2 * everyMs);
    this.#store.sync(this.#request.lockPath, withinMs).then(
      () => {
        this.#lease?.renew(sentMs);
        this.#beatLater(everyMs - (systemClock.monotonicMs() - sentMs));
      },
      () => this.#beatLater(everyMs / 2),
    );
  }

  #beatLater(delayMs: number): void {
    if (!this.#isClosed) {
      this.#beatTimer = setTimeout(() => this.#beat(), Math.max(0, delayMs));
    }
  }

  /** Makes sure that the lock is there and ours, and leaves a watch on it. */
  #look(): void {
    if (this.#lease === undefined || this.#isClosed) {
      return;
    }
    if (this.#isLooking) {
      this.#mustLookAgain = true;
      return;
    }
    this.#isLooking = true;
    this.#mustLookAgain = false;
    const { lockPath } = this.#request;
    this.#store
      .get(lockPath, true)
      .then(
        (node) => {
          if (node === undefined) {
            this.#lease?.lose(`the lock ${lockPath} was removed by hand`);
          } else if (node.stat.ephemeralOwner !== this.#store.session.id) {
            this.#lease?.lose(`the lock ${lockPath} belongs to another program`);
          }
        },
        // No answer: the lease decides, and the next connection looks again.
        () => undefined,
      )
      .finally(() => {
        this.#isLooking = false;
        if (this.#mustLookAgain) {
          this.#look();
        }
      });
  }

  #tellLongLease(): void {
    const { timeoutMs } = this.#store.session;
    const { leaseMs } = this.#request;
    if (timeoutMs > leaseMs) {
      this.#env.tell(
        `${this.#env.label} frees the lock of a dead leader after ${timeoutMs} ms, not ${leaseMs}: ` +
          "its minSessionTimeout (twice tickTime unless it is set) is that long",
      );
    }
  }
}

function epochOf(path: string, text: string | undefined): number {
  if (text === undefined) {
    return 0;
  }
  if (!EPOCH_PATTERN.test(text)) {
    throw new CodisError(
      "MODEL_INVALID",
      `${path} holds ${JSON.stringify(text.slice(0, 40))}; it must be the number of the last leader`,
    );
  }
  return Number(text);
}
