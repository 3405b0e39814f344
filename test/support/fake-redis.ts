/**
 * A small Redis server under node:net whose replies come when and how a test wants: late, in pieces, not at
 * all, or torn by a close. It keeps a journal of every request, so a test can see what reached the server.
 *
 *   request -> journal -> reply of the store (or of the test) -> waits -> pieces, each after its pause
 *
 * Replies of one connection keep their order, as Redis's do. Everything random comes from the `random` that
 * the test gives. Invariant: no reply leaves while `isWithholding` is set.
 */
import { createServer, type Server, type Socket } from "node:net";
import { type FakeConnectionState, FakeStore } from "./fake-store.ts";

/** A request as it arrived. */
export interface JournalEntry {
  /** Number of the connection, from 0 in the order of their opening. */
  readonly connection: number;
  readonly db: number;
  readonly proto: 2 | 3;
  readonly argv: readonly Buffer[];
}

/** How one reply leaves. Nothing set: whole and at once. */
export interface Delivery {
  /** Milliseconds before the first piece; 0 is the next turn of the event loop. */
  readonly delayMs?: number;
  /** Where the reply is cut; each piece is written in a turn of its own. */
  readonly cuts?: readonly number[];
  /** Only so many bytes are sent, then the connection is closed. */
  readonly closeAfterBytes?: number;
}

/** What a test may decide. */
export interface FakeRedisOptions {
  /** The delivery of each reply; handshakes included. */
  readonly deliver?: (entry: JournalEntry, reply: Buffer) => Delivery;
  /** A reply instead of the store's. */
  readonly answer?: (entry: JournalEntry) => Buffer | undefined;
}

/** See the file head. */
export class FakeRedis {
  readonly journal: JournalEntry[] = [];
  readonly store = new FakeStore();
  /** Requests are taken and their replies kept back until `release`. */
  isWithholding = false;
  /** May be replaced at any time. */
  options: FakeRedisOptions;
  connectionCount = 0;
  readonly #server: Server;
  readonly #connections = new Set<FakeConnection>();
  #port = 0;

  private constructor(options: FakeRedisOptions) {
    this.options = options;
    this.#server = createServer((socket) => {
      const connection = new FakeConnection(this, socket, this.connectionCount++);
      this.#connections.add(connection);
      socket.on("close", () => this.#connections.delete(connection));
    });
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(options: FakeRedisOptions = {}): Promise<FakeRedis> {
    const fake = new FakeRedis(options);
    await new Promise<void>((resolve, reject) => {
      fake.#server.once("error", reject);
      fake.#server.listen(0, "127.0.0.1", resolve);
    });
    const address = fake.#server.address();
    fake.#port = typeof address === "object" && address !== null ? address.port : 0;
    return fake;
  }

  get addr(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  /** Requests of the journal by command name. */
  requests(name: string): readonly JournalEntry[] {
    return this.journal.filter((entry) => entry.argv[0]?.toString().toUpperCase() === name);
  }

  /** Replies that were kept back leave now, in their order. */
  release(): void {
    this.isWithholding = false;
    for (const connection of this.#connections) connection.pump();
  }

  /** Closes every open connection; the server goes on listening. */
  dropConnections(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.dropConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** One connection of the proxy to the fake. */
class FakeConnection implements FakeConnectionState {
  db = 0;
  proto: 2 | 3 = 2;
  name = "";
  readonly #fake: FakeRedis;
  readonly #socket: Socket;
  readonly #number: number;
  readonly #queue: { readonly bytes: Buffer; readonly delivery: Delivery }[] = [];
  #input: Buffer = Buffer.alloc(0);
  #isPumping = false;

  constructor(fake: FakeRedis, socket: Socket, number: number) {
    this.#fake = fake;
    this.#socket = socket;
    this.#number = number;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    // A proxy that drops the connection is an ordinary end here; the test looks at the proxy.
    socket.on("error", () => this.destroy());
  }

  destroy(): void {
    this.#queue.length = 0;
    this.#socket.destroy();
  }

  /** Sends what is queued, one reply after the other; at most one of these runs for a connection. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    void this.#run().finally(() => {
      this.#isPumping = false;
    });
  }

  async #run(): Promise<void> {
    while (!this.#fake.isWithholding) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      const { delayMs, cuts = [], closeAfterBytes } = next.delivery;
      if (delayMs !== undefined) await pause(delayMs);
      const end = closeAfterBytes ?? next.bytes.length;
      let start = 0;
      for (const cut of cuts) {
        if (cut <= start || cut >= end) continue;
        this.#socket.write(next.bytes.subarray(start, cut));
        start = cut;
        await pause(0);
      }
      this.#socket.write(next.bytes.subarray(start, end));
      if (closeAfterBytes !== undefined) {
        this.#socket.end();
        this.#queue.length = 0;
        return;
      }
    }
  }

  #onData(chunk: Buffer): void {
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    for (;;) {
      const parsed = parseRequest(this.#input);
      if (parsed === undefined) break;
      this.#input = this.#input.subarray(parsed.end);
      this.#onRequest(parsed.argv);
    }
    this.pump();
  }

  #onRequest(argv: readonly Buffer[]): void {
    const fake = this.#fake;
    const entry = { connection: this.#number, db: this.db, proto: this.proto, argv };
    fake.journal.push(entry);
    const bytes = fake.options.answer?.(entry) ?? fake.store.answer(argv, this);
    this.#queue.push({ bytes, delivery: fake.options.deliver?.(entry, bytes) ?? {} });
  }
}

/** The first whole request of array form; written apart from the product's scanner on purpose. */
export function parseRequest(input: Buffer): { argv: Buffer[]; end: number } | undefined {
  const header = readLine(input, 0);
  if (header === undefined) return undefined;
  if (!header.text.startsWith("*")) throw new Error(`no array: ${JSON.stringify(header.text)}`);
  const argv: Buffer[] = [];
  let pos = header.end;
  for (let left = Number(header.text.slice(1)); left > 0; left--) {
    const length = readLine(input, pos);
    if (length === undefined) return undefined;
    if (!/^\$\d+$/.test(length.text)) throw new Error(`no bulk: ${JSON.stringify(length.text)}`);
    const end = length.end + Number(length.text.slice(1));
    if (end + 2 > input.length) return undefined;
    if (input[end] !== 13 || input[end + 1] !== 10) throw new Error("a bulk without its line end");
    argv.push(Buffer.from(input.subarray(length.end, end)));
    pos = end + 2;
  }
  return { argv, end: pos };
}

function readLine(input: Buffer, start: number): { text: string; end: number } | undefined {
  const end = input.indexOf("\r\n", start, "latin1");
  if (end === -1) return undefined;
  return { text: input.toString("latin1", start, end), end: end + 2 };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms === 0) setImmediate(resolve);
    else setTimeout(resolve, ms);
  });
}
