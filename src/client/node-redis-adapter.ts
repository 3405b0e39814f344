/**
 * The discovery on node-redis (4 to 6). The application makes the client itself, with the library that it has:
 *
 *   nodeRedisAdapter((options) => createClient({ ...options, password: "…" }))
 *
 * `options` hold the address and switch off what the discovery does instead: reconnecting and the queue for
 * commands that can't be sent yet. Whoever sets more of `socket` spreads `options.socket` there.
 */
import { CodisError } from "../base/error.ts";
import type { ClientAdapter, ProxyTarget } from "./adapter.ts";

/** Settings to spread into the options of `createClient(…)`, before those of the application. */
export interface NodeRedisOptions {
  readonly disableOfflineQueue: true;
  readonly socket: {
    readonly host?: string;
    readonly port?: number;
    readonly path?: string;
    /** Milliseconds. */
    readonly connectTimeout: number;
    readonly reconnectStrategy: false;
  };
}

/** What the adapter uses of a client of node-redis. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  readonly options?: unknown;
  connect(): Promise<unknown>;
  ping(): Promise<unknown>;
  /** From version 5 on. */
  destroy?(): void;
  /** Of version 4. */
  disconnect?(): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
}

/** An adapter for clients that `create` makes. */
export function nodeRedisAdapter<C extends NodeRedisClient>(
  create: (options: NodeRedisOptions) => C,
): ClientAdapter<C> {
  return {
    create: (target, connectTimeoutMs) => {
      const client = create(optionsFor(target, connectTimeoutMs));
      // Without a listener an error of the connection would end the process. `onEnd` adds the real one.
      client.on("error", () => undefined);
      if (!keepsContract(client)) {
        throw new CodisError(
          "ARGUMENT_INVALID",
          "nodeRedisAdapter: spread the given options into those of createClient(…), and don't " +
            "change disableOfflineQueue or socket.reconnectStrategy",
        );
      }
      return client;
    },
    connect: (client) => client.connect(),
    isReady: (client) => client.isReady,
    onEnd: (client, ended) => {
      client.on("error", (error) => {
        if (!client.isReady) ended(error.message);
      });
      client.on("end", () => ended("the connection was closed"));
    },
    ping: (client) => client.ping(),
    destroy,
  };
}

function optionsFor(target: ProxyTarget, connectTimeoutMs: number): NodeRedisOptions {
  return {
    disableOfflineQueue: true,
    socket: { ...target, connectTimeout: connectTimeoutMs, reconnectStrategy: false },
  };
}

function keepsContract(client: NodeRedisClient): boolean {
  const { options } = client;
  if (typeof options !== "object" || options === null) {
    return true; // A version that doesn't show its options.
  }
  const socket: unknown = Reflect.get(options, "socket");
  const strategy: unknown =
    typeof socket === "object" && socket !== null
      ? Reflect.get(socket, "reconnectStrategy")
      : undefined;
  return Reflect.get(options, "disableOfflineQueue") === true && strategy === false;
}

function destroy(client: NodeRedisClient): void {
  try {
    if (client.destroy !== undefined) {
      client.destroy();
    } else {
      // It rejects when the client is closed already, which is what was asked for.
      client.disconnect?.().catch(() => undefined);
    }
  } catch {
    // Closed already.
  }
}
