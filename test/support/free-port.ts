/**
 * Free TCP ports on loopback, for programs that can't be told to listen on port 0 (redis-server,
 * nutcracker). The kernel picks the port; it is free again when the caller gets it.
 *
 * Ports already handed out to this test process are not given twice. Another process may still take one
 * in between, so whoever starts a program on it must be ready to try again.
 */
import { createServer, type Server } from "node:net";

const handedOut = new Set<number>();

/** A port of 127.0.0.1 that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const server = createServer();
    const port = await listenAnywhere(server);
    await new Promise((resolve) => server.close(resolve));
    if (!handedOut.has(port)) {
      handedOut.add(port);
      return port;
    }
  }
  throw new Error("no free loopback port after 100 tries");
}

/** The first of two free ports in a row, for programs that count on from the one they are given. */
export async function freePortPair(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const first = await freePort();
    const server = createServer();
    const isFree = await listenAt(server, first + 1).then(
      () => !handedOut.has(first + 1),
      () => false,
    );
    await new Promise((resolve) => server.close(resolve));
    if (isFree) {
      handedOut.add(first + 1);
      return first;
    }
  }
  throw new Error("no two free loopback ports in a row after 100 tries");
}

function listenAnywhere(server: Server): Promise<number> {
  return listenAt(server, 0);
}

function listenAt(server: Server, wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(wanted, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") {
        reject(new Error("a TCP listener has no port"));
        return;
      }
      resolve(address.port);
    });
  });
}
