/**
 * A Redis library that a test plays: proxies that are up or down, connections that it can cut, commands that
 * it answers when it likes.
 */
import type { ClientAdapter, ProxyTarget } from "../../src/client/adapter.ts";

/** A client of the made-up library. */
export class FakeClient {
  readonly addr: string;
  isConnected = false;
  isDestroyed = false;
  /** Commands that reached the proxy. */
  readonly sent: string[] = [];
  readonly #library: FakeClientAdapter;
  readonly #waiting = new Set<(error: Error) => void>();
  readonly #ends: ((reason: string) => void)[] = [];

  constructor(addr: string, library: FakeClientAdapter) {
    this.addr = addr;
    this.#library = library;
  }

  /** One command; answered at once unless the proxy hangs. */
  command(name: string): Promise<string> {
    if (!this.isConnected) return Promise.reject(new Error("not connected"));
    this.sent.push(name);
    this.#library.sent.push(`${this.addr} ${name}`);
    if (!this.#library.hanging.has(this.addr)) return Promise.resolve(`${this.addr} ${name}`);
    return new Promise((_resolve, reject) => this.#waiting.add(reject));
  }

  connect(): Promise<void> {
    if (!this.#library.up.has(this.addr)) return Promise.reject(new Error("ECONNREFUSED"));
    this.isConnected = true;
    this.#library.open.add(this);
    return Promise.resolve();
  }

  onEnd(ended: (reason: string) => void): void {
    this.#ends.push(ended);
  }

  /** The connection ends: what waits for an answer fails. `isTold` false: the library hasn't noticed yet. */
  cut(isTold = true): void {
    this.isConnected = false;
    this.#library.open.delete(this);
    for (const reject of this.#waiting) reject(new Error("the connection was lost"));
    this.#waiting.clear();
    if (isTold) for (const ended of this.#ends) ended("the connection was lost");
  }
}

/** See the file head. */
export class FakeClientAdapter implements ClientAdapter<FakeClient> {
  /** Addresses that accept connections. */
  readonly up = new Set<string>();
  /** Addresses that answer nothing. */
  readonly hanging = new Set<string>();
  readonly open = new Set<FakeClient>();
  /** Commands of applications in their order, `ADDR NAME`. */
  readonly sent: string[] = [];
  /** Connections that were tried. */
  connects = 0;

  create(target: ProxyTarget): FakeClient {
    return new FakeClient("path" in target ? target.path : `${target.host}:${target.port}`, this);
  }

  connect(client: FakeClient): Promise<void> {
    this.connects += 1;
    return client.connect();
  }

  isReady(client: FakeClient): boolean {
    return client.isConnected;
  }

  onEnd(client: FakeClient, ended: (reason: string) => void): void {
    client.onEnd(ended);
  }

  ping(client: FakeClient): Promise<unknown> {
    if (this.hanging.has(client.addr)) return new Promise(() => undefined);
    return client.isConnected ? Promise.resolve("PONG") : Promise.reject(new Error("closed"));
  }

  destroy(client: FakeClient): void {
    client.isDestroyed = true;
    if (client.isConnected) client.cut();
  }

  /** As kill -9 of a proxy. */
  kill(addr: string, isTold = true): void {
    this.up.delete(addr);
    for (const client of [...this.open]) if (client.addr === addr) client.cut(isTold);
  }
}
