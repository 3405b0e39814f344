/**
 * Writes through a proxy, each key once with a value of its own, at a steady rate over a few connections; remembers
 * what was acknowledged, what was refused, and how long the slowest answer took. For tests that ask afterwards
 * whether every acknowledged write is still there.
 */
import { RedisClient } from "../../src/redis/client.ts";
import { itemsOf, textOf } from "../../src/redis/reply.ts";
import { waitFor } from "./deadline.ts";
import { PATIENT } from "./patience.ts";

/** What to write. */
export interface WriteLoadOptions {
  /** Of a proxy, on loopback. */
  readonly port: number;
  readonly perSecond: number;
  readonly connections: number;
  /** Begins every key; may have a hash tag. */
  readonly prefix: string;
}

/** Between two batches of one connection, milliseconds. */
const TICK_MS = 2;
const MGET_KEYS = 500;
/** Longer than anything but a machine that stands still. */
const STALL_MS = 1_000;
const WAIT_MS = 30_000;

/** See the file head. */
export class WriteLoad {
  readonly #options: WriteLoadOptions;
  readonly #clients: readonly RedisClient[];
  readonly #loops: readonly Promise<void>[];
  readonly acknowledged = new Set<string>();
  readonly errors: string[] = [];
  slowestMs = 0;
  /** The machine stood still for so long at most, as far as was seen here. */
  longestStallMs = 0;
  #count = 0;
  #isOver = false;

  static async start(options: WriteLoadOptions): Promise<WriteLoad> {
    const addr = `127.0.0.1:${options.port}`;
    const clients = await Promise.all(
      Array.from({ length: options.connections }, () => RedisClient.connect({ ...PATIENT, addr })),
    );
    return new WriteLoad(options, clients);
  }

  private constructor(options: WriteLoadOptions, clients: readonly RedisClient[]) {
    this.#options = options;
    this.#clients = clients;
    this.#loops = clients.map((client) => this.#write(client));
  }

  /** Ends it; resolves when all answers are in. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
    for (const client of this.#clients) {
      client.close();
    }
  }

  /**
   * Errors that no client should have seen. A proxy says TRYAGAIN to what has waited for several seconds: so a change
   * that holds requests for a part of that is to blame, unless the machine stood still meanwhile.
   */
  get faults(): readonly string[] {
    return this.longestStallMs < STALL_MS
      ? this.errors
      : this.errors.filter((text) => !text.includes("TRYAGAIN"));
  }

  /** Resolves when so many writes were acknowledged. */
  async whenAcknowledged(count: number): Promise<void> {
    await waitFor(`${count} writes`, WAIT_MS, () =>
      this.acknowledged.size >= count ? true : undefined,
    );
  }

  /** Acknowledged keys that the server at this address doesn't have with their value. */
  async missingAt(addr: string): Promise<readonly string[]> {
    const client = await RedisClient.connect({ ...PATIENT, addr });
    try {
      const keys = [...this.acknowledged];
      const missing: string[] = [];
      for (let start = 0; start < keys.length; start += MGET_KEYS) {
        const part = keys.slice(start, start + MGET_KEYS);
        const values = itemsOf(await client.call(["MGET", ...part])) ?? [];
        missing.push(...part.filter((key, index) => textOf(values[index]) !== `value of ${key}`));
      }
      return missing;
    } finally {
      client.close();
    }
  }

  async #write(client: RedisClient): Promise<void> {
    const startedMs = performance.now();
    const pending = new Set<Promise<void>>();
    let sent = 0;
    let lookedMs = startedMs;
    while (!this.#isOver) {
      const nowMs = performance.now();
      this.longestStallMs = Math.max(this.longestStallMs, nowMs - lookedMs);
      lookedMs = nowMs;
      const dueMs = nowMs - startedMs;
      const due = (dueMs / 1_000) * (this.#options.perSecond / this.#options.connections);
      for (; sent < due && pending.size < 1_000; sent += 1) {
        const done = this.#writeOne(client).finally(() => pending.delete(done));
        pending.add(done);
      }
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    await Promise.all(pending);
  }

  async #writeOne(client: RedisClient): Promise<void> {
    this.#count += 1;
    const key = `${this.#options.prefix}:${this.#count}`;
    const startedMs = performance.now();
    try {
      await client.call(["SET", key, `value of ${key}`]);
      this.acknowledged.add(key);
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedMs);
    } catch (thrown) {
      this.errors.push(String(thrown));
    }
  }
}
