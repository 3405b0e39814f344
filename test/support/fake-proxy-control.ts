/**
 * A data plane in memory: keeps the slots it is given, remembers the orders it got, and answers with
 * the figures that a test sets.
 */
import { CodisError } from "../../src/base/error.ts";
import { BUCKET_COUNT, bucketOf } from "../../src/base/latency-histogram.ts";
import { offlineSlot, type SlotRecord } from "../../src/model/slot.ts";
import type {
  ProxyControl,
  ProxySnapshot,
  ProxyState,
  PushVersion,
} from "../../src/proxy/control.ts";
import { NO_MOVES } from "../../src/proxy/stats/move-stats.ts";

/** Counts of the given durations. */
export function bucketsOf(...durationsUs: readonly number[]): Uint32Array {
  const buckets = new Uint32Array(BUCKET_COUNT);
  for (const us of durationsUs) {
    const index = bucketOf(us);
    buckets[index] = (buckets[index] ?? 0) + 1;
  }
  return buckets;
}

/** A snapshot of an idle proxy with one worker, this process; `changes` replace parts. */
export function snapshotOf(changes: Partial<ProxySnapshot> = {}): ProxySnapshot {
  return {
    online: true,
    closed: false,
    startedAtMs: Date.UTC(2026, 0, 1),
    workers: [
      {
        index: 0,
        pid: process.pid,
        residentBytes: 1000,
        cpuUserSeconds: 0.5,
        cpuSystemSeconds: 0.25,
        sessionsAlive: 2,
      },
    ],
    ops: { total: 0, fails: 0, redisErrors: 0, qps: 0 },
    sessions: { total: 0, alive: 0, rejected: 0, closed: {} },
    bytes: { received: 0, sent: 0, buffered: 0 },
    commands: [],
    backends: [],
    moves: NO_MOVES,
    replicas: [],
    ...changes,
  };
}

/** `ProxyControl` for tests. */
export class FakeProxyControl implements ProxyControl {
  /** Orders in the order they came, as `name` or `name value`. */
  readonly orders: string[] = [];
  readonly versions: (PushVersion | undefined)[] = [];
  snapshot: ProxySnapshot = snapshotOf();
  /** The next order fails with this. */
  failure: Error | undefined;
  /** Of `tableQuestion`. */
  question: number | undefined;
  #state: ProxyState = "waiting";
  readonly #slots: SlotRecord[];

  constructor(slotCount = 1024) {
    this.#slots = Array.from({ length: slotCount }, (_, id) => offlineSlot(id));
  }

  state(): ProxyState {
    return this.#state;
  }

  slots(): readonly SlotRecord[] {
    return this.#slots;
  }

  tableVersion(): PushVersion | undefined {
    return this.versions.at(-1);
  }

  async start(): Promise<void> {
    this.#take("start");
    this.#state = "online";
  }

  async shutdown(): Promise<void> {
    this.#take("shutdown");
    this.#state = "closed";
  }

  async fillSlots(slots: readonly SlotRecord[], version: PushVersion | undefined): Promise<void> {
    this.#take(`fillSlots ${slots.length}`);
    this.versions.push(version);
    for (const slot of slots) {
      if (slot.id >= this.#slots.length) {
        throw new CodisError("INTERNAL", `slot ${slot.id} should have been refused before`);
      }
      this.#slots[slot.id] = slot;
    }
  }

  async resetStats(): Promise<void> {
    this.#take("resetStats");
  }

  async forceGc(): Promise<void> {
    this.#take("forceGc");
  }

  tableQuestion(): number | undefined {
    return this.question;
  }

  confirmTable(question: number, { epoch, revision }: PushVersion): void {
    this.#take(`confirmTable ${question} ${epoch}.${revision}`);
  }

  async setLogin(user: string): Promise<void> {
    this.#take(`setLogin ${user}`);
  }

  async setLogLevel(level: string): Promise<void> {
    this.#take(`setLogLevel ${level}`);
  }

  async collect(): Promise<ProxySnapshot> {
    return this.snapshot;
  }

  #take(order: string): void {
    const failure = this.failure;
    this.failure = undefined;
    if (failure !== undefined) {
      throw failure;
    }
    this.orders.push(order);
  }
}
