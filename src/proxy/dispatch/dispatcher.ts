/**
 * Decides about every request that isn't one key for one open backend: the slow half of the dispatch stage
 * (the fast half is the loop in `session/session.ts`).
 *
 * Order of the checks: known command, subcommand, arity, login, route. Then keys, slots and backend. A
 * request is either given away (its reply will come through the session's output), answered here, or handed
 * back with what it waits for; then the session offers it again. Nothing throws and nothing is done twice:
 * a request that is handed back has had no effect.
 */
import { lookupCommand, lookupSubcommand } from "../../command/lookup.ts";
import {
  FLAG_CONTAINER,
  FLAG_NO_AUTH,
  FLAG_WRITE,
  ROUTE_FORWARD,
  ROUTE_LOCAL,
  ROUTE_MULTI_SHARD,
  ROUTE_NOT_YET,
  ROUTE_REFUSED,
  ROUTE_SCRIPT,
} from "../../command/route.ts";
import { ARITY, COMMANDS, commandName, FLAGS, ROUTE } from "../../command/table.ts";
import type { RequestScanner } from "../../resp/request-scanner.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import { UNKNOWN_COMMAND_ID } from "../stats/command-stats.ts";
import type { CommandHandler, HandlerEnv } from "./context.ts";
import type { KeyedDispatcher } from "./keyed.ts";
import {
  notAllowed,
  notSupportedYet,
  REPLY_NOAUTH,
  unknownSubcommand,
  wrongArity,
} from "./reply-text.ts";
import { DISPATCHED, type SessionPort, WAIT_HANDLER, WAIT_IDLE } from "./session-port.ts";

/** Commands whose handler may run while earlier requests are in flight: they change and read nothing. */
const ANYTIME = new Set(["ping", "echo"]);

/** Handlers by lower-case name. */
export interface HandlerTables {
  readonly local: Readonly<Record<string, CommandHandler>>;
  readonly shards: Readonly<Record<string, CommandHandler>>;
  /** Answers a command that the table doesn't know: forwards it, or says so. */
  readonly unknown: CommandHandler;
}

/** See the file head. One for each worker. */
export class Dispatcher {
  readonly #keyed: KeyedDispatcher;
  readonly #stats: CommandStats;
  readonly #env: HandlerEnv;
  readonly #handlers: (CommandHandler | undefined)[] = [];
  readonly #isAnytime: boolean[] = [];
  readonly #unknown: CommandHandler;

  constructor(keyed: KeyedDispatcher, stats: CommandStats, env: HandlerEnv, tables: HandlerTables) {
    this.#keyed = keyed;
    this.#stats = stats;
    this.#env = env;
    this.#unknown = tables.unknown;
    for (const command of COMMANDS) {
      const table = ROUTE[command.id] === ROUTE_LOCAL ? tables.local : tables.shards;
      this.#handlers[command.id] = Object.hasOwn(table, command.name)
        ? table[command.name]
        : undefined;
      this.#isAnytime[command.id] = ANYTIME.has(command.name);
    }
  }

  /**
   * One request, [start, end) of `buffer` with the arguments where `scanner` found them: array form, regular,
   * at least the command name. Returns DISPATCHED or what it waits for (`session-port.ts`).
   */
  dispatch(
    session: SessionPort,
    buffer: Buffer,
    start: number,
    end: number,
    scanner: RequestScanner,
    nowMs: number,
  ): number {
    const offsets = scanner.argOffsets;
    let id = lookupCommand(buffer, offsets[0] as number, offsets[1] as number);
    if (id === -1) {
      if (!session.isAuthenticated) return this.#answer(session, REPLY_NOAUTH);
      return this.#runHandler(session, this.#unknown, buffer, scanner, UNKNOWN_COMMAND_ID);
    }
    if (((FLAGS[id] as number) & FLAG_CONTAINER) !== 0 && scanner.argCount > 1) {
      const sub = lookupSubcommand(id, buffer, offsets[2] as number, offsets[3] as number);
      if (sub !== -1) id = sub;
      else if (ROUTE[id] !== ROUTE_REFUSED && ROUTE[id] !== ROUTE_NOT_YET) {
        if (!session.isAuthenticated) return this.#answer(session, REPLY_NOAUTH);
        const given = buffer.toString("latin1", offsets[2] as number, offsets[3] as number);
        return this.#fail(session, id, unknownSubcommand(commandName(id), given));
      }
    }
    const arity = ARITY[id] as number;
    if (arity > 0 ? scanner.argCount !== arity : scanner.argCount < -arity) {
      return this.#fail(session, id, wrongArity((COMMANDS[id] as { name: string }).name));
    }
    if (!session.isAuthenticated && ((FLAGS[id] as number) & FLAG_NO_AUTH) === 0) {
      return this.#answer(session, REPLY_NOAUTH);
    }
    switch (ROUTE[id]) {
      case ROUTE_FORWARD:
        return this.#keyed.forward(session, id, buffer, start, end, scanner, nowMs);
      case ROUTE_MULTI_SHARD:
        return this.#keyed.multiShard(session, id, buffer, start, end, scanner, nowMs);
      case ROUTE_SCRIPT:
        return this.#keyed.script(session, id, buffer, start, end, scanner, nowMs);
      case ROUTE_REFUSED:
        return this.#fail(session, id, notAllowed(commandName(id).replace("|", " ")));
      case ROUTE_NOT_YET:
        return this.#fail(session, id, notSupportedYet(commandName(id).replace("|", " ")));
      default: {
        const handler = this.#handlers[id];
        if (handler === undefined) {
          return this.#fail(session, id, notAllowed(commandName(id).replace("|", " ")));
        }
        return this.#runHandler(session, handler, buffer, scanner, id);
      }
    }
  }

  #answer(session: SessionPort, reply: Uint8Array): number {
    const { output } = session;
    const seq = output.reserve();
    output.onReply(seq, toBuffer(reply), 0, reply.length);
    return DISPATCHED;
  }

  /** An error of the proxy about a request that was never sent. */
  #fail(session: SessionPort, id: number, reply: Buffer): number {
    this.#stats.recordFail(id);
    const { output } = session;
    output.onFailure(output.reserve(), reply);
    return DISPATCHED;
  }

  #runHandler(
    session: SessionPort,
    handler: CommandHandler,
    buffer: Buffer,
    scanner: RequestScanner,
    id: number,
  ): number {
    if (session.output.inFlightCount > 0 && this.#isAnytime[id] !== true) return WAIT_IDLE;
    const argv: Buffer[] = [];
    const offsets = scanner.argOffsets;
    for (let i = 0; i < scanner.argCount; i++) {
      argv.push(
        Buffer.from(buffer.subarray(offsets[i * 2] as number, offsets[i * 2 + 1] as number)),
      );
    }
    if (id === UNKNOWN_COMMAND_ID || ((FLAGS[id] as number) & FLAG_WRITE) !== 0) {
      session.route.reads?.noteWriteAnywhere();
    }
    const startMs = performance.now();
    session.lastCommand = id === UNKNOWN_COMMAND_ID ? "unknown" : (COMMANDS[id]?.name ?? "");
    const outcome = handler(session, argv, this.#env);
    if (!(outcome instanceof Promise)) {
      this.#finishHandler(session, outcome, id, startMs);
      return DISPATCHED;
    }
    const seq = session.output.reserve();
    outcome.then(
      (reply) => {
        this.#record(id, reply, startMs);
        session.output.onReply(seq, toBuffer(reply), 0, reply.length);
        session.onHandlerDone();
      },
      (error: unknown) => {
        // A handler that throws is a defect; the session must not hang on it.
        this.#stats.recordFail(id);
        session.closeNow(`handler of ${commandName(id)} failed: ${(error as Error).message}`);
      },
    );
    return WAIT_HANDLER;
  }

  #finishHandler(session: SessionPort, reply: Uint8Array, id: number, startMs: number): void {
    const seq = session.output.reserve();
    this.#record(id, reply, startMs);
    if (reply.length === 0) {
      // CLIENT REPLY OFF and SKIP answer nothing at all.
      session.output.onReply(seq, EMPTY, 0, 0);
      return;
    }
    session.output.onReply(seq, toBuffer(reply), 0, reply.length);
  }

  #record(id: number, reply: Uint8Array, startMs: number): void {
    this.#stats.record(id, performance.now() - startMs);
    if (reply[0] === 45) this.#stats.recordError(id);
  }
}

const EMPTY = Buffer.alloc(0);

function toBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
