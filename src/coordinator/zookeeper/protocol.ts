/**
 * The requests of ZooKeeper's client protocol that this program uses, each with the form of its answer.
 * All of them were there in 3.4 already. Bytes only; nothing here is sent.
 *
 * An answer's transaction number (zxid) is that of the last change which the server had applied when it
 * answered; for a write that is the write itself, since changes are applied one by one.
 */
import { ANSWER, AnswerError } from "./failure.ts";
import { JuteReader, JuteWriter } from "./jute.ts";

const OP = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getChildren: 8,
  sync: 9,
  ping: 11,
  check: 13,
  multi: 14,
  auth: 100,
  closeSession: -11,
  error: -1,
} as const;

/** Numbers of answers that belong to no request. */
export const XID = { event: -1, ping: -2, auth: -4 } as const;

const FLAG = { none: 0, ephemeral: 1, sequential: 2 } as const;
/** All rights: read, write, create, delete, admin. */
const ALL_RIGHTS = 31;
const PASSWORD_BYTES = 16;

/** What ZooKeeper tells about a node. */
export interface NodeStat {
  /** The change that made it. */
  readonly czxid: bigint;
  /** The change that gave it its text. Names this content: no two contents of any node share a number and a path. */
  readonly mzxid: bigint;
  /** Counts writes since the node was made; starts at 0 again when it is made anew. */
  readonly version: number;
  /** Counts children made and removed. */
  readonly cversion: number;
  /** Session that it lives with; 0n when it stays. */
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly childCount: number;
}

/** A node with its bytes; null: made without any. */
export interface NodeContent {
  readonly stat: NodeStat;
  readonly bytes: Buffer | null;
}

/** The head of an answer, and its content still to be read. */
export interface Answer {
  readonly code: number;
  readonly zxid: bigint;
  readonly body: JuteReader;
}

/** One request and how its answer is read. */
export interface Request<T> {
  /** For messages. */
  readonly path: string;
  /** Changes nothing: may be sent again when the connection broke before its answer. */
  readonly isRead: boolean;
  /** The whole frame. */
  encode(xid: number): Buffer;
  /** Throws AnswerError for an error that has no meaning of its own here. */
  decode(answer: Answer): T;
}

/** One step of a transaction. */
export type Step =
  | {
      readonly do: "create";
      readonly path: string;
      readonly bytes: Buffer | null;
      /** `sequential`: ZooKeeper appends the count of children ever made under the parent, ten digits. */
      readonly kind: "lasting" | "ephemeral" | "sequential";
    }
  | {
      readonly do: "set";
      readonly path: string;
      readonly bytes: Buffer | null;
      readonly version: number;
    }
  | { readonly do: "delete" | "check"; readonly path: string; readonly version: number };

/** As the version in a step: any. */
export const ANY_VERSION = -1;

/** Outcome of a transaction: all steps were done, or none. */
export interface MultiOutcome {
  readonly zxid: bigint;
  /** The step that stopped it; undefined when it was done. */
  readonly failure: { readonly index: number; readonly answer: number } | undefined;
}

/** Something happened to a node on which a watch was left. */
export interface NodeEvent {
  readonly kind: "created" | "deleted" | "changed" | "children";
  readonly path: string;
}

const EVENT_KINDS: Readonly<Record<number, NodeEvent["kind"]>> = {
  1: "created",
  2: "deleted",
  3: "changed",
  4: "children",
};

/** Greets a server: a new session (id 0n), or an old one on a new connection. */
export function encodeGreeting(greeting: {
  /** Newest change seen: a server that doesn't know it yet refuses, so that time never goes back. */
  readonly lastZxid: bigint;
  readonly timeoutMs: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
}): Buffer {
  return new JuteWriter()
    .int(0)
    .long(greeting.lastZxid)
    .int(greeting.timeoutMs)
    .long(greeting.sessionId)
    .bytes(greeting.password.length === 0 ? Buffer.alloc(PASSWORD_BYTES) : greeting.password)
    .bool(false)
    .finish();
}

/** A server's answer to a greeting. A timeout of 0: the session is no more. */
export function decodeWelcome(frame: Buffer): {
  readonly timeoutMs: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
} {
  const body = new JuteReader(frame);
  body.int();
  const timeoutMs = body.int();
  const sessionId = body.long();
  return { timeoutMs, sessionId, password: Buffer.from(body.bytes() ?? []) };
}

/** `user:password`, for the scheme "digest". */
export function encodeLogin(auth: string): Buffer {
  return new JuteWriter().int(XID.auth).int(OP.auth).int(0).text("digest").text(auth).finish();
}

/** A sign of life. */
export function encodePing(): Buffer {
  return new JuteWriter().int(XID.ping).int(OP.ping).finish();
}

/** Head of any frame after the welcome. */
export function decodeHead(frame: Buffer): Answer & { readonly xid: number } {
  const body = new JuteReader(frame);
  return { xid: body.int(), zxid: body.long(), code: body.int(), body };
}

/** Undefined for an event that isn't about a node. */
export function decodeEvent(body: JuteReader): NodeEvent | undefined {
  const kind = EVENT_KINDS[body.int()];
  body.int();
  return kind === undefined ? undefined : { kind, path: body.text() };
}

/** Undefined when there is no such node; a watch is left in both cases. */
export function existsRequest(path: string, isWatched: boolean): Request<NodeStat | undefined> {
  return {
    path,
    isRead: true,
    encode: (xid) => head(xid, OP.exists).text(path).bool(isWatched).finish(),
    decode: (answer) => (isFound(answer) ? decodeStat(answer.body) : undefined),
  };
}

/** Undefined when there is no such node; then no watch is left. */
export function getDataRequest(path: string, isWatched: boolean): Request<NodeContent | undefined> {
  return {
    path,
    isRead: true,
    encode: (xid) => head(xid, OP.getData).text(path).bool(isWatched).finish(),
    decode: (answer) => {
      if (!isFound(answer)) {
        return undefined;
      }
      const bytes = answer.body.bytes();
      return { bytes, stat: decodeStat(answer.body) };
    },
  };
}

/** Names in no order. Undefined when there is no such node; then no watch is left. */
export function getChildrenRequest(
  path: string,
  isWatched: boolean,
): Request<readonly string[] | undefined> {
  return {
    path,
    isRead: true,
    encode: (xid) => head(xid, OP.getChildren).text(path).bool(isWatched).finish(),
    decode: (answer) => {
      if (!isFound(answer)) {
        return undefined;
      }
      return Array.from({ length: answer.body.count() }, () => answer.body.text());
    },
  };
}

/**
 * What follows on this connection sees all that was acknowledged to anybody before this was answered.
 *
 * A `sync` isn't enough: the leader of the ensemble answers its own clients' without waiting for writes that
 * it has committed, told its followers and not yet applied (seen on 3.8: a read over the leader that missed
 * what a follower had acknowledged). A transaction goes through the ensemble's order and is applied in it,
 * whether it succeeds or not; so the answer doesn't matter, only that it came. `path` is for messages.
 */
export function barrierRequest(path: string): Request<void> {
  return {
    path,
    isRead: true,
    encode: (xid) => {
      const out = head(xid, OP.multi);
      encodeStep(out, { do: "check", path: "/", version: -1 }, false);
      return out.int(-1).bool(true).int(-1).finish();
    },
    decode: (answer) => {
      // With a body it is the outcome of the transaction, without one a refusal.
      if (answer.body.isAtEnd()) {
        isFound(answer);
      }
    },
  };
}

/** The leader of the ensemble is reached; what follows sees nearly all that was acknowledged before. */
export function syncRequest(path: string): Request<void> {
  return {
    path,
    isRead: true,
    encode: (xid) => head(xid, OP.sync).text(path).finish(),
    decode: (answer) => {
      isFound(answer);
    },
  };
}

/** All steps or none. `hasAuth`: new nodes belong to the login, else to everybody. */
export function multiRequest(steps: readonly Step[], hasAuth: boolean): Request<MultiOutcome> {
  return {
    path: steps[0]?.path ?? "/",
    isRead: false,
    encode: (xid) => {
      const out = head(xid, OP.multi);
      for (const step of steps) {
        encodeStep(out, step, hasAuth);
      }
      return out.int(-1).bool(true).int(-1).finish();
    },
    decode: decodeMulti,
  };
}

/** Ends the session: its ephemeral nodes are gone when the answer comes. */
export function closeRequest(): Request<void> {
  return {
    path: "/",
    isRead: true,
    encode: (xid) => head(xid, OP.closeSession).finish(),
    decode: () => undefined,
  };
}

function head(xid: number, op: number): JuteWriter {
  return new JuteWriter().int(xid).int(op);
}

function isFound(answer: Answer): boolean {
  if (answer.code !== ANSWER.ok && answer.code !== ANSWER.noNode) {
    throw new AnswerError(answer.code);
  }
  return answer.code === ANSWER.ok;
}

function encodeStep(out: JuteWriter, step: Step, hasAuth: boolean): void {
  const op = { create: OP.create, set: OP.setData, delete: OP.delete, check: OP.check }[step.do];
  out.int(op).bool(false).int(-1).text(step.path);
  if (step.do === "create") {
    out.bytes(step.bytes).int(1).int(ALL_RIGHTS);
    out.text(hasAuth ? "auth" : "world").text(hasAuth ? "" : "anyone");
    out.int(
      { lasting: FLAG.none, ephemeral: FLAG.ephemeral, sequential: FLAG.sequential }[step.kind],
    );
    return;
  }
  if (step.do === "set") {
    out.bytes(step.bytes);
  }
  out.int(step.version);
}

function decodeMulti({ code, zxid, body }: Answer): MultiOutcome {
  if (body.isAtEnd()) {
    throw new AnswerError(code);
  }
  // All are errors when one is: "ok" before the one that stopped it, "not tried" behind it.
  let failure: MultiOutcome["failure"];
  for (let index = 0; ; index += 1) {
    const op = body.int();
    const isLast = body.bool();
    const answer = body.int();
    if (isLast) {
      return { zxid, failure };
    }
    switch (op) {
      case OP.create:
        body.text();
        break;
      case OP.setData:
        decodeStat(body);
        break;
      case OP.error: {
        body.int();
        const isCause = answer !== ANSWER.ok && answer !== ANSWER.notTried;
        if (isCause) {
          return { zxid, failure: { index, answer } };
        }
        failure = { index, answer };
        break;
      }
      default:
        break;
    }
  }
}

function decodeStat(body: JuteReader): NodeStat {
  const czxid = body.long();
  const mzxid = body.long();
  body.long();
  body.long();
  const version = body.int();
  const cversion = body.int();
  body.int();
  const ephemeralOwner = body.long();
  const dataLength = body.int();
  const childCount = body.int();
  body.long();
  return { czxid, mzxid, version, cversion, ephemeralOwner, dataLength, childCount };
}
