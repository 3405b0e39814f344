/**
 * Stands between a dashboard and those that it calls (proxies, etcd), passes everything on, and kills the
 * dashboard (SIGKILL) at the n-th request of a kind: right before it arrives, or when it has arrived and its
 * answer is on the way.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "../../support/free-port.ts";

/** What a dashboard dies of. */
export interface Trap {
  /** The request lines that count. */
  readonly pattern: RegExp;
  /** Of those, from 1. */
  readonly at: number;
  readonly phase: "before" | "after";
  /** Called once. Must kill at once. */
  readonly kill: () => void;
}

/** Relays with one trap for all of them. */
export class KillTraps {
  readonly #servers: Server[] = [];
  readonly #open = new Set<Socket>();
  #trap: Trap | undefined;
  #count = 0;

  /** Sets the trap; requests are counted from now on. */
  set(trap: Trap): void {
    this.#trap = trap;
    this.#count = 0;
  }

  /** Takes it away; gives whether it was still set, so nothing was killed. */
  clear(): boolean {
    const isSet = this.#trap !== undefined;
    this.#trap = undefined;
    return isSet;
  }

  /** Gives the address of a new relay to a port of 127.0.0.1. */
  async relayTo(port: number): Promise<string> {
    const ownPort = await freePort();
    const server = createServer((client) => this.#accept(client, port));
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(ownPort, "127.0.0.1", resolve);
    });
    return `127.0.0.1:${ownPort}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#open) {
      socket.destroy();
    }
    await Promise.all(
      this.#servers.map((server) => new Promise((resolve) => server.close(resolve))),
    );
  }

  #accept(client: Socket, port: number): void {
    const upstream = connect({ port, host: "127.0.0.1" });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#open.add(socket);
      // Why a side went away doesn't matter here: the other side goes as well.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.#open.delete(socket);
        other.end();
      });
    }
    upstream.on("data", (chunk: Buffer) => client.write(chunk));
    client.on("data", (chunk: Buffer) => {
      const trap = this.#trap;
      if (trap?.pattern.test(chunk.toString("latin1")) !== true) {
        upstream.write(chunk);
        return;
      }
      this.#count += 1;
      if (this.#count < trap.at) {
        upstream.write(chunk);
        return;
      }
      this.#trap = undefined;
      trap.kill();
      if (trap.phase === "after") {
        upstream.write(chunk);
      } else {
        upstream.destroy();
      }
    });
  }
}
