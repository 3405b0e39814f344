/**
 * What the discovery needs of a Redis library: how to make a client for one proxy, and to know whether it is
 * connected. `ioredis-adapter.ts` and `node-redis-adapter.ts` are two; an application may bring its own.
 *
 * The contract that makes retries safe: a client doesn't queue commands while it isn't connected, and doesn't
 * connect again by itself. So a command that was given to a client that wasn't ready was surely not sent.
 */

/** Where clients connect: the address of a proxy as its registration has it. */
export type ProxyTarget =
  | { readonly host: string; readonly port: number }
  /** A unix socket. */
  | { readonly path: string };

/** One Redis library. `C` is its client. */
export interface ClientAdapter<C extends object> {
  /** Makes a client that isn't connected yet. Throws when its settings break the contract. */
  create(target: ProxyTarget, connectTimeoutMs: number): C;
  /** Connects a new client; resolves when commands can be sent, rejects when that failed for good. */
  connect(client: C): Promise<unknown>;
  /** Whether a command given now would be sent. False means: it surely would not. */
  isReady(client: C): boolean;
  /** Calls back, once or more often, after a connection that was ready has ended. */
  onEnd(client: C, ended: (reason: string) => void): void;
  /** A command that any proxy answers, also one that has nothing behind it. */
  ping(client: C): Promise<unknown>;
  /** Ends the connection at once; calls that wait for replies fail. Never throws; may be called twice. */
  destroy(client: C): void;
}
