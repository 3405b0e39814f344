/**
 * Stands between everybody and a redis-server, and can do to the transfers of MIGRATE what a network does:
 * delay them, also past the end of the connection that sent them, or cut them before or after they arrived. It
 * tells them by the RESTORE in what is sent; everything else passes.
 */
import { connect, createServer, type Socket } from "node:net";
import { freePort } from "../../support/free-port.ts";

/** What to do to a transfer. */
export type TransferFault =
  /** The connection ends and nothing arrives. */
  | { readonly kind: "lose" }
  /** Everything arrives and the answer is lost. */
  | { readonly kind: "lose-answer" }
  /** Half of what was sent arrives. */
  | { readonly kind: "halve" }
  /** Arrives so much later, whether the sender still waits or not. */
  | { readonly kind: "delay"; readonly ms: number };

/** A running relay. */
export interface MigrateRelay {
  /** `127.0.0.1:port`. */
  readonly addr: string;
  /**
   * Does this to the next transfers; resolves when it was done, with the first keys of the last. Redis sends a
   * transfer whose connection ended once more by itself, so only two faults in a row make MIGRATE fail.
   */
  faultNext(fault: TransferFault, times: number): Promise<readonly string[]>;
  /** Forgets a fault that hasn't met a transfer. */
  forget(): void;
  /** Every transfer is this much slower from now on; 0: as fast as it comes. */
  slow(ms: number): void;
  /** Ends all connections, and every new one at once, until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

const RESTORE = /\r\n\$(?:7\r\nRESTORE|12\r\nSLOTSRESTORE|18\r\nSLOTSRESTORE-ASYNC)\r\n/i;

interface Pending {
  readonly fault: TransferFault;
  readonly done: (keys: readonly string[]) => void;
}

/** Listens on a free port and passes everything on to `127.0.0.1:port`. */
export async function startMigrateRelay(port: number): Promise<MigrateRelay> {
  const ownPort = await freePort();
  const relay = new Relay(port);
  const server = createServer((client) => relay.accept(client));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(ownPort, "127.0.0.1", resolve);
  });
  return {
    addr: `127.0.0.1:${ownPort}`,
    faultNext: (fault, times) =>
      new Promise((done) => {
        for (let left = times - 1; left >= 0; left -= 1) {
          relay.add({ fault, done: left === 0 ? done : () => undefined });
        }
      }),
    forget: () => relay.forget(),
    slow: (ms) => relay.slow(ms),
    cut: () => relay.cut(true),
    mend: () => relay.cut(false),
    async close() {
      relay.cut(true);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Relay {
  readonly #port: number;
  readonly #open = new Set<Socket>();
  #pending: Pending[] = [];
  #isCut = false;
  #slowMs = 0;

  constructor(port: number) {
    this.#port = port;
  }

  add(pending: Pending): void {
    this.#pending.push(pending);
  }

  forget(): void {
    for (const { done } of this.#pending.splice(0)) {
      done([]);
    }
  }

  slow(ms: number): void {
    this.#slowMs = ms;
  }

  cut(isCut: boolean): void {
    this.#isCut = isCut;
    if (isCut) {
      for (const socket of this.#open) {
        socket.destroy();
      }
    }
  }

  accept(client: Socket): void {
    if (this.#isCut) {
      client.destroy();
      return;
    }
    const upstream = connect({ port: this.#port, host: "127.0.0.1" });
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    const link = new Link(client, upstream);
    for (const socket of [client, upstream]) {
      this.#open.add(socket);
      // Why a side went away doesn't matter here: the other side goes as well.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => this.#open.delete(socket));
    }
    client.on("data", (chunk: Buffer) => this.#onData(link, chunk));
    upstream.on("data", (chunk: Buffer) => link.answer(chunk));
    client.on("close", () => link.clientClosed());
    upstream.on("close", () => client.destroy());
  }

  #onData(link: Link, chunk: Buffer): void {
    link.isTransfer ||= RESTORE.test(chunk.toString("latin1"));
    if (!link.isTransfer) {
      link.pass(chunk, 0);
      return;
    }
    const pending = this.#pending.shift();
    if (pending === undefined) {
      link.pass(chunk, this.#slowMs);
      return;
    }
    carryOut(pending.fault, link, chunk);
    pending.done(keysOf(chunk));
  }
}

/** Keys of the RESTOREs that begin in these bytes. */
function keysOf(chunk: Buffer): readonly string[] {
  const text = chunk.toString("latin1");
  return [...text.matchAll(/\r\n\$7\r\nRESTORE\r\n\$\d+\r\n([^\r]*)\r\n/gi)].map(
    (match) => match[1] ?? "",
  );
}

function carryOut(fault: TransferFault, link: Link, chunk: Buffer): void {
  switch (fault.kind) {
    case "lose":
      link.destroy();
      return;
    case "halve":
      link.pass(chunk.subarray(0, Math.floor(chunk.length / 2)), 0);
      link.endAfterSent();
      return;
    case "lose-answer":
      link.isMute = true;
      link.pass(chunk, 0);
      link.endAfterSent();
      return;
    case "delay":
      link.pass(chunk, fault.ms);
      return;
  }
}

/** The server has this long to carry out what arrived before its connection ends. */
const LINGER_MS = 50;

/** One connection and its other side. What is delayed keeps its order. */
class Link {
  readonly #client: Socket;
  readonly #upstream: Socket;
  isTransfer = false;
  /** Answers aren't passed on. */
  isMute = false;
  #sendAt = 0;
  #waiting = 0;
  #isClientGone = false;

  constructor(client: Socket, upstream: Socket) {
    this.#client = client;
    this.#upstream = upstream;
  }

  pass(chunk: Buffer, delayMs: number): void {
    const now = performance.now();
    this.#sendAt = Math.max(this.#sendAt, now + delayMs);
    if (this.#sendAt <= now && this.#waiting === 0) {
      this.#upstream.write(chunk);
      return;
    }
    const bytes = Buffer.from(chunk);
    this.#waiting += 1;
    setTimeout(() => {
      this.#waiting -= 1;
      this.#upstream.write(bytes);
      this.#endWhenEmpty();
    }, this.#sendAt - now);
  }

  answer(chunk: Buffer): void {
    if (!this.isMute && !this.#isClientGone) {
      this.#client.write(chunk);
    }
  }

  /** As a network: what the client sent before it went still arrives. */
  clientClosed(): void {
    this.#isClientGone = true;
    this.#endWhenEmpty();
  }

  endAfterSent(): void {
    setTimeout(() => this.destroy(), LINGER_MS);
  }

  destroy(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  #endWhenEmpty(): void {
    if (this.#isClientGone && this.#waiting === 0) {
      this.#upstream.end();
    }
  }
}
