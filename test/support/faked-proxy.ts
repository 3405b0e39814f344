/**
 * A proxy worker over two fake servers, and its clients, for tests of what the proxy does with replies that come late,
 * broken or not at all. Whatever a session held was counted, and is given back: `close` fails otherwise.
 *
 * Invariant: everything that was opened here is closed by `close`, also after a failed test.
 */
import { expect } from "bun:test";
import { memoryGauge } from "../../src/net/buffer-pool.ts";
import type { ProxyConfig } from "../../src/proxy/config.ts";
import { FakeRedis } from "./fake-redis.ts";
import { type ProxyWorker, startProxyWorker } from "./proxy-worker.ts";
import { RawClient } from "./raw-client.ts";

/** The servers: masters of group 1 and group 2, which have half of the slots each. */
export type TwoFakes = readonly [FakeRedis, FakeRedis];

/** See the file head. May be opened again after `close`. */
export class FakedProxy {
  #fakes: readonly FakeRedis[] = [];
  #proxy: ProxyWorker | undefined;
  #clients: RawClient[] = [];

  /** Starts both servers. */
  async open(): Promise<TwoFakes> {
    const fakes = [await FakeRedis.start(), await FakeRedis.start()] as const;
    this.#fakes = fakes;
    return fakes;
  }

  /** Starts the proxy. */
  async start(changes: Partial<ProxyConfig> = {}): Promise<ProxyWorker> {
    const addrs = this.#fakes.map((fake) => fake.addr);
    this.#proxy = await startProxyWorker(addrs, changes);
    return this.#proxy;
  }

  /** A client of the proxy. */
  async connect(): Promise<RawClient> {
    const client = await RawClient.open(this.#proxy?.port ?? 0);
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) {
      client.destroy();
    }
    await this.#proxy?.close();
    await Promise.all(this.#fakes.map((fake) => fake.close()));
    this.#clients = [];
    this.#proxy = undefined;
    this.#fakes = [];
    expect(memoryGauge.usedBytes).toBe(0);
  }
}
