/**
 * A target of the asynchronous migration that is none: it takes the commands of a source, remembers them, and
 * answers each as codis-server does, or as the test says. Bytes are given as latin1 text.
 */
import type { Socket } from "node:net";
import { type RawServer, startRawServer } from "./raw-server.ts";

/** What is answered to a command: bytes, or nothing at all. */
export type TargetAnswer = (command: readonly string[], connection: number) => string | undefined;

/** A running one. */
export interface FakeAsyncTarget {
  readonly port: number;
  /** All commands so far, without the questions what it knows, whom it sees, and whether it has replicas. */
  readonly commands: (readonly string[])[];
  /** `ip:port` of each connection, as this end sees it. */
  readonly peers: string[];
  readonly raw: RawServer;
  close(): Promise<void>;
}

/** An acknowledgement. */
export function ack(code: number, text: string): string {
  const name = "SLOTSRESTORE-ASYNC-ACK";
  return `*3\r\n$${name.length}\r\n${name}\r\n$${`${code}`.length}\r\n${code}\r\n$${text.length}\r\n${text}\r\n`;
}

/** As codis-server answers, which knows neither SLOTSRESTORE-ASYNC-FORMS nor CLIENT INFO. */
export function answerAsCodis(command: readonly string[]): string {
  if (command[0] === "SLOTSRESTORE-ASYNC-FORMS") {
    return "-ERR unknown command 'SLOTSRESTORE-ASYNC-FORMS'\r\n";
  }
  if (command[0] === "INFO") {
    return "$13\r\nrole:master\r\n\r\n";
  }
  if (asksWhoItIs(command)) {
    return "-ERR Syntax error, try CLIENT (LIST | KILL ip:port | GETNAME | SETNAME connection-name)\r\n";
  }
  return command[0] === "CLIENT" ? "-ERR No such client\r\n" : ack(0, "OK");
}

/** Whether a source asks under which address the target sees it. */
export function asksWhoItIs(command: readonly string[]): boolean {
  return command[0] === "CLIENT" && command[1] === "INFO";
}

/** What a source asks of its own accord: which forms the target knows, and whether it has replicas. */
const QUESTIONS: ReadonlySet<string | undefined> = new Set(["SLOTSRESTORE-ASYNC-FORMS", "INFO"]);

/** Listens on a free port. */
export async function startFakeAsyncTarget(
  answer: TargetAnswer = answerAsCodis,
): Promise<FakeAsyncTarget> {
  const commands: (readonly string[])[] = [];
  const peers: string[] = [];
  const raw = await startRawServer((socket: Socket) => {
    const connection = peers.push(`${socket.remoteAddress}:${socket.remotePort}`) - 1;
    let pending = "";
    // Answers come in order, so what follows a command without one has none either.
    let isSilent = false;
    socket.on("data", (chunk: Buffer) => {
      pending += chunk.toString("latin1");
      for (let taken = takeCommand(pending); taken !== undefined; taken = takeCommand(pending)) {
        pending = taken.rest;
        if (!QUESTIONS.has(taken.command[0]) && !asksWhoItIs(taken.command)) {
          commands.push(taken.command);
        }
        const bytes = answer(taken.command, connection);
        isSilent ||= bytes === undefined;
        if (bytes !== undefined && !isSilent) {
          socket.write(Buffer.from(bytes, "latin1"));
        }
      }
    });
  });
  return { port: raw.port, commands, peers, raw, close: () => raw.close() };
}

/** The first command of the text and what follows it; undefined while it isn't whole. */
function takeCommand(
  text: string,
): { readonly command: readonly string[]; readonly rest: string } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) {
    return undefined;
  }
  let at = head[0].length;
  const command: string[] = [];
  for (let i = 0; i < Number(head[1]); i += 1) {
    const lineEnd = text.indexOf("\r\n", at);
    const length = Number(text.slice(at + 1, lineEnd));
    const end = lineEnd + 2 + length;
    if (lineEnd < 0 || text.length < end + 2) {
      return undefined;
    }
    command.push(text.slice(lineEnd + 2, end));
    at = end + 2;
  }
  return { command, rest: text.slice(at) };
}
