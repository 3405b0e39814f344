/**
 * Ports for the servers of a local cluster: chosen once, kept in the cluster's folder, and below the
 * range from which the system takes ports for outgoing connections, so that they are still free at the
 * next start.
 */
import { createServer } from "node:net";

const FIRST_PORT = 20_000;
const PORT_COUNT = 10_000;

/** Hands out ports that nobody listens on, each once. */
export class PortFinder {
  readonly #taken = new Set<number>();
  /** Two clusters that start at the same moment should not try the same ports. */
  #next = Math.floor(Math.random() * PORT_COUNT);

  /** Never hands out this port. */
  avoid(port: number): void {
    this.#taken.add(port);
  }

  /** Like `avoid`; false when the port was taken before. */
  take(port: number): boolean {
    const isNew = !this.#taken.has(port);
    this.#taken.add(port);
    return isNew;
  }

  /** A free port of 127.0.0.1. */
  async find(): Promise<number> {
    for (let tries = 0; tries < PORT_COUNT; tries += 1) {
      const port = FIRST_PORT + (this.#next % PORT_COUNT);
      this.#next += 1;
      if (!this.#taken.has(port) && (await isPortFree(port))) {
        this.#taken.add(port);
        return port;
      }
    }
    throw new Error(`no free port from ${FIRST_PORT} to ${FIRST_PORT + PORT_COUNT - 1}`);
  }
}

/** Whether this process could listen on the port of 127.0.0.1 now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}
