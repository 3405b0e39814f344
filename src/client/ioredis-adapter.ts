/**
 * The discovery on ioredis (5 and 6). The application makes the client itself, with the library that it has:
 *
 *   ioredisAdapter((options) => new Redis({ ...options, password: "…" }))
 *
 * `options` hold the address and switch off what the discovery does instead: reconnecting and the queue for
 * commands that can't be sent yet.
 */
import { Socket } from "node:net";
import { CodisError, messageOf } from "../base/error.ts";
import type { ClientAdapter, ProxyTarget } from "./adapter.ts";

/** Settings to spread into the options of `new Redis(…)`, before those of the application. */
export interface IoredisOptions {
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  /** Milliseconds. */
  readonly connectTimeout: number;
  readonly lazyConnect: true;
  readonly enableOfflineQueue: false;
  readonly enableReadyCheck: false;
  readonly autoResendUnfulfilledCommands: false;
  readonly retryStrategy: () => null;
}

/** What the adapter uses of `Redis` of ioredis. */
export interface IoredisClient {
  readonly status: string;
  readonly options: {
    readonly enableOfflineQueue?: boolean | undefined;
    readonly lazyConnect?: boolean | undefined;
  };
  connect(): Promise<unknown>;
  disconnect(): void;
  ping(): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "close" | "end", listener: () => void): unknown;
}

/** An adapter for clients that `create` makes. */
export function ioredisAdapter<C extends IoredisClient>(
  create: (options: IoredisOptions) => C,
): ClientAdapter<C> {
  const lastErrors = new WeakMap<C, string>();
  return {
    create: (target, connectTimeoutMs) => {
      const client = create(optionsFor(target, connectTimeoutMs));
      // Without a listener the library writes its errors to the terminal.
      client.on("error", (error) => lastErrors.set(client, error.message));
      const { enableOfflineQueue, lazyConnect } = client.options;
      if (enableOfflineQueue !== false || lazyConnect !== true) {
        client.disconnect();
        throw new CodisError(
          "ARGUMENT_INVALID",
          "ioredisAdapter: spread the given options into those of new Redis(…), and don't change " +
            "enableOfflineQueue, lazyConnect or retryStrategy",
        );
      }
      return client;
    },
    connect: async (client) => {
      try {
        await client.connect();
      } catch (cause) {
        // The library rejects with "Connection is closed."; why, like a wrong password, it tells by an event.
        const why = lastErrors.get(client) ?? messageOf(cause);
        throw new CodisError("REMOTE_UNREACHABLE", why, { cause });
      }
    },
    isReady: (client) => client.status === "ready" && isWritable(client),
    onEnd: (client, ended) => {
      const end = (): void => ended(lastErrors.get(client) ?? "the connection was closed");
      client.on("close", end);
      client.on("end", end);
    },
    ping: (client) => client.ping(),
    destroy: (client) => {
      client.disconnect();
      // The library would give a proxy that hangs two more seconds to close its side.
      socketOf(client)?.destroy();
    },
  };
}

function optionsFor(target: ProxyTarget, connectTimeoutMs: number): IoredisOptions {
  return {
    ...target,
    connectTimeout: connectTimeoutMs,
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => null,
  };
}

/** The library looks at its socket too before it sends: the other side may have closed it just now. */
function isWritable(client: object): boolean {
  return socketOf(client)?.writable === true;
}

/** Not in the library's types; a client that isn't connected has none. */
function socketOf(client: object): Socket | undefined {
  const stream: unknown = Reflect.get(client, "stream");
  return stream instanceof Socket ? stream : undefined;
}
