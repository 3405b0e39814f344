/**
 * One TCP connection to one ZooKeeper server: greeting and login within a deadline, then frames both ways.
 * What is sent in one turn of the event loop leaves in one write.
 *
 * It never comes back: when it ends, for whatever reason, `onEnd` is called exactly once and nothing after.
 */
import { connect, type Socket } from "node:net";
import { messageOf } from "../../base/error.ts";
import type { ZookeeperServer } from "./connect-string.ts";
import { ANSWER } from "./failure.ts";
import { decodeHead, decodeWelcome, encodeGreeting, encodeLogin, XID } from "./protocol.ts";

/** Longest answer that is taken, in bytes; servers send less than a few MB. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024;
const LENGTH_BYTES = 4;

/** What is said first on a connection. */
export interface Greeting {
  readonly lastZxid: bigint;
  /** Timeout asked for; the server may give another. */
  readonly timeoutMs: number;
  /** 0n: a new session. */
  readonly sessionId: bigint;
  readonly password: Buffer;
  /** `user:password`, or empty. */
  readonly auth: string;
}

/** The session that the server gave. */
export interface Welcome {
  readonly timeoutMs: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
}

/** `expired`: the server doesn't know the session any more. `refused`: the login. */
export interface LinkEnd {
  readonly kind: "lost" | "expired" | "refused";
  readonly reason: string;
}

/** Who uses a link. */
export interface LinkOwner {
  onReady(welcome: Welcome): void;
  /** The content of one frame, only after `onReady`. What it throws ends the link. */
  onFrame(frame: Buffer): void;
  onEnd(end: LinkEnd): void;
}

/** Connects at once. */
export class Link {
  readonly #owner: LinkOwner;
  readonly #auth: string;
  readonly #socket: Socket;
  #phase: "greeting" | "login" | "ready" | "ended" = "greeting";
  #welcome: Welcome | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes of frames that aren't whole yet. */
  #input: Buffer[] = [];
  #inputBytes = 0;
  #output: Buffer[] = [];

  constructor(server: ZookeeperServer, greeting: Greeting, timeoutMs: number, owner: LinkOwner) {
    this.#owner = owner;
    this.#auth = greeting.auth;
    this.#timer = setTimeout(
      () => this.end({ kind: "lost", reason: `${server.label} gave no answer in ${timeoutMs} ms` }),
      timeoutMs,
    );
    this.#socket = connect({ host: server.host, port: server.port, noDelay: true });
    this.#socket.on("connect", () => this.send(encodeGreeting(greeting)));
    this.#socket.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#socket.on("error", (error) => {
      const problem = messageOf(error) || ("code" in error ? String(error.code) : "failed");
      this.end({ kind: "lost", reason: `${server.label}: ${problem}` });
    });
    this.#socket.on("close", () =>
      this.end({ kind: "lost", reason: `${server.label} closed the connection` }),
    );
  }

  /** Does nothing once the link has ended. */
  send(frame: Buffer): void {
    if (this.#phase === "ended") {
      return;
    }
    if (this.#output.push(frame) === 1) {
      queueMicrotask(() => this.#flush());
    }
  }

  /** Ends it; `onEnd` is called before this returns, unless it was called already. */
  end(end: LinkEnd): void {
    if (this.#phase === "ended") {
      return;
    }
    this.#phase = "ended";
    clearTimeout(this.#timer);
    this.#input = [];
    this.#output = [];
    this.#socket.destroy();
    this.#owner.onEnd(end);
  }

  #flush(): void {
    const frames = this.#output;
    this.#output = [];
    if (this.#phase !== "ended" && frames.length > 0) {
      this.#socket.write(frames.length === 1 ? (frames[0] ?? "") : Buffer.concat(frames));
    }
  }

  #take(chunk: Buffer): void {
    this.#input.push(chunk);
    this.#inputBytes += chunk.length;
    try {
      this.#takeFrames();
    } catch (thrown) {
      this.end({ kind: "lost", reason: `an answer that can't be read: ${messageOf(thrown)}` });
    }
  }

  #takeFrames(): void {
    // A long answer comes in many chunks: they are joined once there is enough, not with each of them.
    if (this.#inputBytes < this.#neededBytes()) {
      return;
    }
    const buffer = this.#input.length === 1 ? this.#input[0] : Buffer.concat(this.#input);
    if (buffer === undefined) {
      return;
    }
    let start = 0;
    while (buffer.length - start >= LENGTH_BYTES) {
      const end = start + LENGTH_BYTES + frameLength(buffer, start);
      if (end > buffer.length) {
        break;
      }
      this.#handle(buffer.subarray(start + LENGTH_BYTES, end));
      if (this.#phase === "ended") {
        return;
      }
      start = end;
    }
    const rest = buffer.subarray(start);
    this.#input = rest.length === 0 ? [] : [rest];
    this.#inputBytes = rest.length;
  }

  /** Bytes until the first frame is whole, as far as its length is known. */
  #neededBytes(): number {
    const first = this.#input[0];
    return first === undefined || first.length < LENGTH_BYTES
      ? LENGTH_BYTES
      : LENGTH_BYTES + frameLength(first, 0);
  }

  #handle(frame: Buffer): void {
    switch (this.#phase) {
      case "greeting":
        this.#greeted(decodeWelcome(frame));
        break;
      case "login":
        this.#loggedIn(frame);
        break;
      case "ready":
        this.#owner.onFrame(frame);
        break;
      default:
        break;
    }
  }

  #greeted(welcome: Welcome): void {
    if (welcome.timeoutMs <= 0) {
      this.end({ kind: "expired", reason: "the session has expired" });
      return;
    }
    this.#welcome = welcome;
    if (this.#auth === "") {
      this.#ready(welcome);
      return;
    }
    this.#phase = "login";
    this.send(encodeLogin(this.#auth));
  }

  #loggedIn(frame: Buffer): void {
    const { xid, code } = decodeHead(frame);
    if (xid !== XID.auth || this.#welcome === undefined) {
      return;
    }
    if (code === ANSWER.ok) {
      this.#ready(this.#welcome);
    } else {
      this.end({ kind: "refused", reason: "the login was refused" });
    }
  }

  #ready(welcome: Welcome): void {
    this.#phase = "ready";
    clearTimeout(this.#timer);
    this.#owner.onReady(welcome);
  }
}

function frameLength(buffer: Buffer, offset: number): number {
  const length = buffer.readInt32BE(offset);
  if (length < 0 || length > FRAME_BYTES_MAX) {
    throw new RangeError(`${length} bytes of length; is it a ZooKeeper server?`);
  }
  return length;
}
