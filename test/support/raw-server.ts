/**
 * A TCP server on a free port of 127.0.0.1 that does with each connection what the test says: keeps silent,
 * greets and leaves, sends garbage. For what no Redis does.
 */
import { createServer, type Socket } from "node:net";

/** A running server. */
export interface RawServer {
  readonly addr: string;
  readonly port: number;
  /** Connections accepted so far. */
  connectionCount(): number;
  openCount(): number;
  /** Ends all connections and the server. */
  close(): Promise<void>;
}

/** Listens; `serve` gets each connection, which is closed by `close` at the latest. */
export async function startRawServer(serve: (socket: Socket) => void): Promise<RawServer> {
  const open = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    // The other side may go away at any time; what it says of that is looked at there.
    socket.on("error", () => socket.destroy());
    serve(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    addr: `127.0.0.1:${port}`,
    port,
    connectionCount: () => accepted,
    openCount: () => open.size,
    async close() {
      for (const socket of open) {
        socket.destroy();
      }
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Takes everything and says nothing. */
export function keepSilent(socket: Socket): void {
  socket.resume();
}
