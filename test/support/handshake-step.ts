/**
 * The words in which client handshakes are written down: requests, the writes in which they leave, and what
 * a client demands of each reply. `client-handshake.ts` has the handshakes, `handshake-replay.ts` plays them.
 *
 * Invariant: what a client ignores is `TOLERATED`; only what makes its connect fail is demanded.
 */
import type { RespValue } from "../../src/resp/value.ts";

/** What a client demands of one reply. */
export interface Demand {
  /** For the error of a replay. */
  readonly name: string;
  accepts(reply: RespValue): boolean;
}

/** One request and the demand on its reply. */
export interface HandshakeStep {
  readonly argv: readonly (string | Buffer)[];
  readonly demand: Demand;
}

/** Requests that leave in one write; their replies are read before the next write. */
export type HandshakeWrite = readonly HandshakeStep[];

/** What a client does instead when its HELLO, the first request, is answered with an error. */
export interface HelloFallback {
  /** `text` is the error with its code. False: the connect fails. */
  tolerates(text: string): boolean;
  readonly writes: readonly HandshakeWrite[];
}

/** One client's way in. */
export interface ClientHandshake {
  readonly client: string;
  readonly version: string;
  /** Absent: an error on HELLO is fatal, or there is no HELLO. */
  readonly fallback?: HelloFallback;
  readonly writes: readonly HandshakeWrite[];
}

/** A handshake with the logins in it when the server has a password. */
export type HandshakeBuild = (password: string | undefined) => ClientHandshake;

/** Error or not, the client goes on. */
export const TOLERATED: Demand = { name: "any reply", accepts: () => true };

/** `+OK`. */
export const OK: Demand = { name: "OK", accepts: (reply) => isText(reply, "OK") };
/** `+PONG`. */
export const PONG: Demand = { name: "PONG", accepts: (reply) => isText(reply, "PONG") };
/** Anything but an error. */
export const NO_ERROR: Demand = { name: "no error", accepts: (reply) => reply.type !== "error" };
/** The RESP3 map of HELLO with all that clients read from it. */
export const HELLO_MAP: Demand = {
  name: "a map with proto 3, id, version, mode and role",
  accepts: (reply) => {
    const proto = fieldOf(reply, "proto");
    return (
      reply.type === "map" &&
      proto?.type === "integer" &&
      proto.value === 3n &&
      fieldOf(reply, "id")?.type === "integer" &&
      ["server", "version", "mode", "role"].every((key) => fieldOf(reply, key)?.type === "bulk")
    );
  },
};

/** INFO with a line, and not while a data set is loading. */
export function info(line: string): Demand {
  return {
    name: `text with ${line}`,
    accepts: (reply) => {
      const text = textOf(reply);
      return text?.includes(line) === true && !text.includes("loading:1");
    },
  };
}

/** A bulk string with exactly these bytes. */
export function echo(payload: Buffer): Demand {
  return {
    name: "the same bytes",
    accepts: (reply) => reply.type === "bulk" && reply.bytes.equals(payload),
  };
}

function isText(reply: RespValue, text: string): boolean {
  return reply.type === "simple" && reply.text === text;
}

function textOf(reply: RespValue): string | undefined {
  return reply.type === "bulk" || reply.type === "verbatim" ? reply.bytes.toString() : undefined;
}

function fieldOf(reply: RespValue, key: string): RespValue | undefined {
  return reply.type === "map"
    ? reply.entries.find(([name]) => textOf(name) === key)?.[1]
    : undefined;
}

/** One request with the demand on its reply. */
export function step(demand: Demand, ...argv: readonly (string | Buffer)[]): HandshakeStep {
  return { argv, demand };
}

/** Steps that only exist with a password. */
export function ifLocked(
  password: string | undefined,
  ...argv: readonly string[]
): HandshakeStep[] {
  return password === undefined ? [] : [step(OK, ...argv, password)];
}

/** The `AUTH default password` of a HELLO. */
export function helloAuth(password: string | undefined): readonly string[] {
  return password === undefined ? [] : ["AUTH", "default", password];
}

/** Each step in a write of its own: the client waits for a reply before it goes on. */
export function oneByOne(...steps: readonly HandshakeStep[]): readonly HandshakeWrite[] {
  return steps.map((one) => [one]);
}
