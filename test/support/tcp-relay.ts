/**
 * Stands between a client and a server on TCP and can be cut: connections end and new ones fail, as when a
 * network breaks, while both processes live. What is inside is passed on unread.
 */
import { connect, createServer, type Socket } from "node:net";
import { freePort } from "./free-port.ts";

/** A running relay. */
export interface TcpRelay {
  /** `127.0.0.1:port`. */
  readonly addr: string;
  /** Ends all connections, and every new one at once, until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** Listens on a free port and passes everything on to `127.0.0.1:port`. */
export async function startTcpRelay(port: number): Promise<TcpRelay> {
  const ownPort = await freePort();
  const open = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket, other: Socket): void => {
    open.add(socket);
    // Why a side went away doesn't matter here: the other side goes as well.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      open.delete(socket);
      other.destroy();
    });
    socket.on("data", (chunk: Buffer) => other.write(chunk));
  };
  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = connect({ port, host: "127.0.0.1" });
    keep(client, upstream);
    keep(upstream, client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(ownPort, "127.0.0.1", resolve);
  });
  const endAll = (): void => {
    for (const socket of open) {
      socket.destroy();
    }
  };
  return {
    addr: `127.0.0.1:${ownPort}`,
    cut() {
      isCut = true;
      endAll();
    },
    mend() {
      isCut = false;
    },
    async close() {
      endAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
