/**
 * The little of Redis's protocol that the benchmark speaks itself: fill a target with keys, look whether
 * it answers as it should, read counters of a server. Everything measured goes through redis-benchmark
 * or the client scripts, never through here.
 */
import { connect, type Socket } from "node:net";
import { withDeadline } from "../../test/support/deadline.ts";

const ANSWER_MS = 10_000;
/** SETs in flight while filling: well below every proxy's pipeline limit. */
const FILL_BATCH = 500;

/** The request in Redis's array form. */
export function encodeRequest(args: readonly string[]): string {
  const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
  return `*${args.length}\r\n${parts.join("")}`;
}

/** Key number `index` as redis-benchmark spells it. */
export function benchmarkKey(index: number): string {
  return `key:${index.toString().padStart(12, "0")}`;
}

/** A connection that sends bytes and waits for as many bytes as the answer must have. */
export class WireClient {
  readonly #socket: Socket;
  readonly #port: number;
  #received = "";
  #check: () => void = () => undefined;
  #failure: Error | undefined;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    const fail = (reason: string): void => {
      this.#failure ??= new Error(`127.0.0.1:${port}: ${reason}`);
      this.#check();
    };
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      this.#received += chunk.toString();
      this.#check();
    });
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("closed the connection"));
  }

  /** Connects to a port of 127.0.0.1. */
  static async connect(port: number): Promise<WireClient> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await withDeadline(
      `connection to port ${port}`,
      ANSWER_MS,
      new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      }),
    );
    return new WireClient(socket, port);
  }

  /**
   * Sends and resolves with the answer once `isWhole` says so; an error reply (`-…`) rejects. One
   * exchange at a time.
   */
  async exchange(request: string, isWhole: (received: string) => boolean): Promise<string> {
    this.#received = "";
    const answered = new Promise<string>((resolve, reject) => {
      this.#check = () => {
        if (this.#received.startsWith("-")) {
          reject(new Error(`port ${this.#port} answered ${this.#received.split("\r\n")[0]}`));
        } else if (isWhole(this.#received)) {
          resolve(this.#received);
        } else if (this.#failure !== undefined) {
          reject(this.#failure);
        }
      };
    });
    this.#socket.write(request);
    this.#check();
    return await withDeadline(`answer from port ${this.#port}`, ANSWER_MS, answered);
  }

  /** Ends the connection. */
  close(): void {
    this.#socket.destroy();
  }
}

/** True when PING is answered with PONG and a key can be read; undefined for anything else. */
export async function answersKeys(port: number): Promise<true | undefined> {
  const client = await WireClient.connect(port);
  try {
    await client.exchange(encodeRequest(["PING"]), (text) => text === "+PONG\r\n");
    await client.exchange(encodeRequest(["GET", "key:absent"]), (text) => text === "$-1\r\n");
    return true;
  } finally {
    client.close();
  }
}

/** Writes all keys of a workload through a target, so that every read finds its key. */
export async function fillKeys(port: number, keyCount: number, valueBytes: number): Promise<void> {
  const client = await WireClient.connect(port);
  const value = "x".repeat(valueBytes);
  try {
    for (let first = 0; first < keyCount; first += FILL_BATCH) {
      const count = Math.min(FILL_BATCH, keyCount - first);
      const requests = Array.from({ length: count }, (_, index) =>
        encodeRequest(["SET", benchmarkKey(first + index), value]),
      );
      const expected = "+OK\r\n".repeat(count);
      const answer = await client.exchange(requests.join(""), (t) => t.length >= expected.length);
      if (answer !== expected) {
        throw new Error(`port ${port} answered SET with ${answer.slice(0, 200)}`);
      }
    }
  } finally {
    client.close();
  }
}

/** Writes one key through a target. */
export async function storeKey(port: number, key: string, value: string): Promise<void> {
  const client = await WireClient.connect(port);
  try {
    await client.exchange(encodeRequest(["SET", key, value]), (text) => text === "+OK\r\n");
  } finally {
    client.close();
  }
}

/** Keys of database 0 of a server. */
export async function countKeys(port: number): Promise<number> {
  const client = await WireClient.connect(port);
  try {
    const answer = await client.exchange(encodeRequest(["DBSIZE"]), (text) =>
      text.endsWith("\r\n"),
    );
    return Number(answer.slice(1));
  } finally {
    client.close();
  }
}

/** Counters of a redis-server that show where requests went and whether keys were there. */
export interface ServerCounters {
  readonly commands: number;
  readonly hits: number;
  readonly misses: number;
}

/** Reads the counters of a redis-server. */
export async function readServerCounters(port: number): Promise<ServerCounters> {
  const client = await WireClient.connect(port);
  try {
    const text = await client.exchange(encodeRequest(["INFO", "stats"]), isWholeBulk);
    return {
      commands: readField(text, "total_commands_processed"),
      hits: readField(text, "keyspace_hits"),
      misses: readField(text, "keyspace_misses"),
    };
  } finally {
    client.close();
  }
}

function isWholeBulk(text: string): boolean {
  const head = /^\$(\d+)\r\n/.exec(text);
  return head !== null && text.length >= head[0].length + Number(head[1]) + 2;
}

function readField(info: string, name: string): number {
  const value = new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1];
  if (value === undefined) {
    throw new Error(`INFO has no ${name}`);
  }
  return Number(value);
}
