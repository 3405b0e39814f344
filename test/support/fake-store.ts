/**
 * The data behind `FakeRedis`: a few commands of Redis on strings, with true replies in both protocols, so
 * that a test can predict what a client must see. No time, no sockets.
 *
 * `BLOB n` style sizes are asked for with GETRANGE (a bulk of any size), nested replies with HGETALL.
 * Invariant: the same requests in the same order give the same replies.
 */
import { createHash } from "node:crypto";

const NULLS = { 2: Buffer.from("$-1\r\n"), 3: Buffer.from("_\r\n") } as const;

/** What a connection to the fake has said of itself. */
export interface FakeConnectionState {
  db: number;
  proto: 2 | 3;
  name: string;
}

/** Text as a one-line reply, an error or an integer included. */
export function line(text: string): Buffer {
  return Buffer.from(`${text}\r\n`, "latin1");
}

/** A bulk string. */
export function bulk(content: Buffer | string): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")]);
}

/** An aggregate of replies that are encoded already; `count` is what the header says. */
export function aggregate(type: string, count: number, replies: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(`${type}${count}\r\n`), ...replies]);
}

/** Strings by database and key, and the scripts that were loaded. */
export class FakeStore {
  readonly #databases = new Map<number, Map<string, Buffer>>();
  readonly #scripts = new Set<string>();

  /** The reply to one request; changes the state of the connection for SELECT and HELLO. */
  answer(argv: readonly Buffer[], connection: FakeConnectionState): Buffer {
    const name = (argv[0] ?? Buffer.alloc(0)).toString("latin1").toUpperCase();
    const handshake = this.#handshake(name, argv, connection);
    if (handshake !== undefined) return handshake;
    const data = this.#database(connection.db);
    const key = text(argv[1]);
    const nothing = NULLS[connection.proto];
    switch (name) {
      case "SET":
        data.set(key, argv[2] ?? Buffer.alloc(0));
        return line("+OK");
      case "GET":
        return found(data, key, nothing);
      case "APPEND": {
        const whole = Buffer.concat([data.get(key) ?? Buffer.alloc(0), argv[2] as Buffer]);
        data.set(key, whole);
        return line(`:${whole.length}`);
      }
      case "INCR": {
        const old = text(data.get(key) ?? Buffer.from("0"));
        if (!/^-?\d{1,15}$/.test(old)) return line("-ERR value is not an integer or out of range");
        data.set(key, Buffer.from(`${Number(old) + 1}`));
        return line(`:${Number(old) + 1}`);
      }
      case "GETRANGE":
        return bulk(blob(Number(text(argv[3]))));
      case "HGETALL": {
        const value = found(data, key, nothing);
        const fields = [bulk("value"), value, bulk("list"), aggregate("*", 1, [value])];
        return aggregate(
          connection.proto === 3 ? "%" : "*",
          connection.proto === 3 ? 2 : 4,
          fields,
        );
      }
      case "LPUSH":
        return line("-WRONGTYPE Operation against a key holding the wrong kind of value");
      default:
        return this.#severalKeys(name, argv, data, nothing);
    }
  }

  /** Forgets all scripts, as SCRIPT FLUSH by somebody else. */
  flushScripts(): void {
    this.#scripts.clear();
  }

  #severalKeys(
    name: string,
    argv: readonly Buffer[],
    data: Map<string, Buffer>,
    nothing: Buffer,
  ): Buffer {
    const keys = argv.slice(1).map(text);
    switch (name) {
      case "MGET":
        return aggregate(
          "*",
          keys.length,
          keys.map((key) => found(data, key, nothing)),
        );
      case "MSET":
        for (let i = 1; i < argv.length; i += 2) data.set(text(argv[i]), argv[i + 1] as Buffer);
        return line("+OK");
      case "DEL":
      case "UNLINK":
        return line(`:${keys.filter((key) => data.delete(key)).length}`);
      case "EXISTS":
      case "TOUCH":
        return line(`:${keys.filter((key) => data.has(key)).length}`);
      case "DBSIZE":
        return line(`:${data.size}`);
      case "EVALSHA":
        return this.#scripts.has(text(argv[1]).toLowerCase())
          ? bulk(`ran ${text(argv[3])}`)
          : line("-NOSCRIPT No matching script. Please use EVAL.");
      case "EVAL":
        this.#scripts.add(sha1(argv[1] as Buffer));
        return bulk(`ran ${text(argv[3])}`);
      default:
        return line(`-ERR unknown command '${name}', with args beginning with: `);
    }
  }

  #handshake(
    name: string,
    argv: readonly Buffer[],
    connection: FakeConnectionState,
  ): Buffer | undefined {
    switch (name) {
      case "PING":
        return line("+PONG");
      case "AUTH":
        return line("+OK");
      case "HELLO":
        connection.proto = text(argv[1]) === "3" ? 3 : 2;
        return connection.proto === 3
          ? aggregate("%", 1, [bulk("proto"), line(":3")])
          : aggregate("*", 2, [bulk("proto"), line(":2")]);
      case "CLIENT":
        connection.name = text(argv[2]);
        return line("+OK");
      case "SELECT":
        connection.db = Number(text(argv[1]));
        return line("+OK");
      case "SCRIPT":
        this.#scripts.add(sha1(argv[2] as Buffer));
        return bulk(sha1(argv[2] as Buffer));
      default:
        return undefined;
    }
  }

  #database(db: number): Map<string, Buffer> {
    let data = this.#databases.get(db);
    if (data === undefined) {
      data = new Map();
      this.#databases.set(db, data);
    }
    return data;
  }
}

/** The content of a large value: every 16 bytes say where they stand. */
export function blob(length: number): Buffer {
  const bytes = Buffer.alloc(length, "-");
  for (let at = 0; at + 16 <= length; at += 16) bytes.write(`\r\n${at}`, at, "latin1");
  return bytes;
}

function found(data: Map<string, Buffer>, key: string, nothing: Buffer): Buffer {
  const value = data.get(key);
  return value === undefined ? nothing : bulk(value);
}

function text(argument: Buffer | undefined): string {
  return argument?.toString("latin1") ?? "";
}

function sha1(body: Buffer): string {
  return createHash("sha1").update(body).digest("hex");
}
