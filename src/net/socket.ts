/**
 * Opens connections: listening for clients and dialling servers, TCP and unix sockets alike.
 *
 * The handlers are one object for all sockets of a kind; the connection travels as the socket's data, so
 * there is no closure for each socket.
 */
import { lstatSync, unlinkSync } from "node:fs";
import { connect as probeConnect } from "node:net";
import type { Socket, SocketHandler } from "bun";
import { CodisError } from "../base/error.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";

/** Where to listen or to connect: a host and port, or the path of a unix socket. */
export type SocketAddr =
  | { readonly host: string; readonly port: number; readonly isIpv6Only?: boolean }
  | { readonly path: string };

/** Options of accepted and dialled TCP connections. */
export interface SocketOptions {
  /** TCP keep-alive period in milliseconds; 0 is off. */
  readonly keepAliveMs: number;
}

/** A listening socket. */
export interface Listener {
  readonly port: number;
  /** Stops accepting; open connections stay. */
  close(): void;
}

function setUp(socket: Socket<Connection>, options: SocketOptions): void {
  socket.setNoDelay(true);
  if (options.keepAliveMs > 0) socket.setKeepAlive(true, options.keepAliveMs);
}

const EVENTS = {
  data(socket: Socket<Connection>, chunk: Buffer): void {
    socket.data.handleData(chunk);
  },
  drain(socket: Socket<Connection>): void {
    socket.data.handleDrain();
  },
  end(socket: Socket<Connection>): void {
    socket.data.handleEnd();
  },
  close(socket: Socket<Connection>, error?: Error): void {
    socket.data?.handleClose(error === undefined ? "" : describe(error));
  },
  error(_socket: Socket<Connection>, error: Error): void {
    // A throw inside a callback is a programming error: end the process, the supervisor starts a new one.
    throw error;
  },
} satisfies SocketHandler<Connection>;

/**
 * Listens. `accept` gets each new connection and attaches an owner before it returns; with
 * `isPortShared` several processes may listen on one port (SO_REUSEPORT).
 * Throws CodisError PORT_IN_USE.
 */
export async function listen(
  addr: SocketAddr,
  options: SocketOptions & { readonly isPortShared: boolean },
  accept: (connection: Connection) => void,
): Promise<Listener> {
  const socket: SocketHandler<Connection> = {
    ...EVENTS,
    open(opened) {
      if (!("path" in addr)) setUp(opened, options);
      const connection = new Connection(opened);
      opened.data = connection;
      accept(connection);
    },
  };
  try {
    if ("path" in addr) {
      await removeStaleSocket(addr.path);
      const server = Bun.listen<Connection>({ unix: addr.path, allowHalfOpen: true, socket });
      return {
        port: 0,
        close: () => server.stop(false),
      };
    }
    const listenOptions = {
      hostname: addr.host,
      port: addr.port,
      // Without `exclusive` the option alone shares the port; Bun's types know it for connect only.
      reusePort: options.isPortShared,
      exclusive: !options.isPortShared,
      ipv6Only: addr.isIpv6Only === true,
      allowHalfOpen: true,
      socket,
    };
    const server = Bun.listen<Connection>(listenOptions);
    return { port: server.port, close: () => server.stop(false) };
  } catch (error) {
    throw listenError(addr, error);
  }
}

/**
 * Dials. Resolves with an open connection whose owner is attached, or rejects with an Error whose message is
 * the cause (`connection refused`, `timed out`, …). Bounded by `timeoutMs`.
 */
export async function dial(
  addr: SocketAddr,
  options: SocketOptions & { readonly timeoutMs: number },
  owner: ConnectionOwner,
): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  let isSettled = false;
  const socket: SocketHandler<Connection> = {
    ...EVENTS,
    open(opened) {
      if (isSettled) {
        opened.terminate();
        return;
      }
      isSettled = true;
      if (!("path" in addr)) setUp(opened, options);
      const connection = new Connection(opened);
      opened.data = connection;
      connection.attach(owner);
      resolve(connection);
    },
    connectError(_failed, error) {
      isSettled = true;
      reject(new Error(describe(error)));
    },
  };
  const timer = setTimeout(() => {
    isSettled = true;
    reject(new Error("connect timed out"));
  }, options.timeoutMs);
  const connecting =
    "path" in addr
      ? Bun.connect<Connection>({ unix: addr.path, socket })
      : Bun.connect<Connection>({ hostname: addr.host, port: addr.port, socket });
  // The promise of Bun.connect rejects after connectError was called; the cause is told there.
  connecting.catch((error: unknown) => {
    isSettled = true;
    reject(new Error(describe(error as Error)));
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** A socket file that nobody listens on is left from a crash and is removed; a live one is an error. */
async function removeStaleSocket(path: string): Promise<void> {
  const outcome = await new Promise<string>((resolve) => {
    const probe = probeConnect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve("live");
    });
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
  });
  if (outcome === "live") {
    throw new CodisError("PORT_IN_USE", `${path} is in use by another process`);
  }
  if (outcome !== "ECONNREFUSED") return;
  // The kernel refuses connections to any file; only a socket file is anybody's to remove.
  if (!lstatSync(path).isSocket()) {
    throw new CodisError("PORT_IN_USE", `${path} is a file and not a socket; it is left as it is`);
  }
  unlinkSync(path);
}

function listenError(addr: SocketAddr, error: unknown): CodisError {
  if (error instanceof CodisError) return error;
  const where = "path" in addr ? addr.path : `${addr.host}:${addr.port}`;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "EADDRINUSE") {
    return new CodisError("PORT_IN_USE", `${where} is in use by another process`, {
      cause: error,
    });
  }
  return new CodisError("PORT_IN_USE", `can't listen on ${where}: ${describe(error as Error)}`, {
    cause: error,
  });
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  ETIMEDOUT: "connection timed out",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  EPIPE: "broken pipe",
};

function describe(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  return (code === undefined ? undefined : CAUSES[code]) ?? error.message;
}
