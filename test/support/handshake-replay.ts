/**
 * Plays a client's handshake against a server and judges the replies as the client would. Used by tests
 * that ask whether stock clients can connect, where the clients themselves can't be run.
 *
 * Invariant: resolves only when the client would now be ready; what would make it fail, a closed
 * connection first of all, rejects with the client, the request and the reply in the message.
 */
import { encodeCommand } from "../../src/resp/encode.ts";
import { decodeReply, type RespValue } from "../../src/resp/value.ts";
import type { ClientHandshake, HandshakeStep, HandshakeWrite } from "./handshake-step.ts";
import { RespConnection } from "./resp-connection.ts";

/** How it went. */
export interface ReplayOutcome {
  /** Whether the client fell back to RESP2 after an error on HELLO. */
  readonly hasFallenBack: boolean;
  /** Errors that the client ignored, with their requests. */
  readonly ignored: readonly string[];
}

/** Runs the handshake against a server on 127.0.0.1. */
export async function replayHandshake(
  port: number,
  handshake: ClientHandshake,
): Promise<ReplayOutcome> {
  const connection = await RespConnection.open(port);
  try {
    return await play(connection, handshake);
  } finally {
    connection.destroy();
  }
}

async function play(
  connection: RespConnection,
  handshake: ClientHandshake,
): Promise<ReplayOutcome> {
  const name = `${handshake.client} ${handshake.version}`;
  const { fallback } = handshake;
  const ignored: string[] = [];
  const [first = [], ...rest] = handshake.writes;
  const replies = await exchange(connection, name, first);
  const helloError = fallback === undefined ? undefined : errorOf(replies[0]);
  if (fallback !== undefined && helloError !== undefined) {
    if (!fallback.tolerates(helloError)) {
      throw new Error(`${name} doesn't fall back to RESP2 after: ${helloError}`);
    }
    for (const write of fallback.writes) {
      judge(name, write, await exchange(connection, name, write), ignored);
    }
    return { hasFallenBack: true, ignored };
  }
  judge(name, first, replies, ignored);
  for (const write of rest) {
    judge(name, write, await exchange(connection, name, write), ignored);
  }
  return { hasFallenBack: false, ignored };
}

/** Sends the requests in one write and reads a reply for each. */
async function exchange(
  connection: RespConnection,
  name: string,
  write: HandshakeWrite,
): Promise<readonly RespValue[]> {
  if (write.length > 0) {
    connection.write(Buffer.concat(write.map((step) => encodeCommand(step.argv))));
  }
  const replies: RespValue[] = [];
  for (const step of write) {
    const raw = await connection.next(`reply to ${textOf(step)} of ${name}`).catch((cause) => {
      throw new Error(`${name}: no reply to ${textOf(step)}: ${(cause as Error).message}`, {
        cause,
      });
    });
    const reply = decodeReply(raw);
    if (reply === undefined) {
      throw new Error(`${name}: ${textOf(step)} was answered with bytes that aren't RESP`);
    }
    replies.push(reply);
  }
  return replies;
}

function judge(
  name: string,
  write: HandshakeWrite,
  replies: readonly RespValue[],
  ignored: string[],
): void {
  for (const [index, step] of write.entries()) {
    const reply = replies[index];
    if (reply === undefined || !step.demand.accepts(reply)) {
      const shown = errorOf(reply) ?? JSON.stringify(reply, bigintAsText);
      throw new Error(
        `${name} can't connect: ${textOf(step)} wants ${step.demand.name}, got ${shown}`,
      );
    }
    const error = errorOf(reply);
    if (error !== undefined) {
      ignored.push(`${textOf(step)}: ${error}`);
    }
  }
}

function errorOf(reply: RespValue | undefined): string | undefined {
  return reply?.type === "error" ? reply.text : undefined;
}

function textOf(step: HandshakeStep): string {
  return step.argv.map((arg) => (typeof arg === "string" ? arg : arg.toString("hex"))).join(" ");
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}
