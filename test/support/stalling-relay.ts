/**
 * Stands between two servers on TCP and can stall: connections stay open and nothing passes in either direction
 * until it flows again, and then all of it does, in order. What a replica sees when its network is very slow.
 */
import { connect, createServer, type Socket } from "node:net";
import { freePort } from "./free-port.ts";

/** A running relay. */
export interface StallingRelay {
  readonly port: number;
  /** `127.0.0.1:port`. */
  readonly addr: string;
  stall(): void;
  flow(): void;
  /** Ends all connections; new ones wait, as in a stall, until `flow`. */
  cut(): void;
  close(): Promise<void>;
}

/** Listens on a free port and passes everything on to `127.0.0.1:port`. */
export async function startStallingRelay(port: number): Promise<StallingRelay> {
  const ownPort = await freePort();
  const open = new Set<Socket>();
  let isStalled = false;
  const keep = (socket: Socket, other: Socket): void => {
    open.add(socket);
    if (isStalled) socket.pause();
    socket.on("data", (chunk: Buffer) => other.write(chunk));
    // Why a side went away doesn't matter here: the other side goes as well.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      open.delete(socket);
      other.destroy();
    });
  };
  const server = createServer((client) => {
    const upstream = connect({ port, host: "127.0.0.1" });
    keep(client, upstream);
    keep(upstream, client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(ownPort, "127.0.0.1", resolve);
  });
  const endAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: ownPort,
    addr: `127.0.0.1:${ownPort}`,
    stall() {
      isStalled = true;
      for (const socket of open) socket.pause();
    },
    flow() {
      isStalled = false;
      for (const socket of open) socket.resume();
    },
    cut() {
      isStalled = true;
      endAll();
    },
    async close() {
      endAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
