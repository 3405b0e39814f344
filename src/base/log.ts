/**
 * The log of every program: JSON lines to stdout or to a file of the day, readable lines on a terminal.
 * For changes of state only; what happens with each request is counted, not logged.
 *
 * Fields: `ts` (RFC 3339, UTC), `level`, `component`, `pid`, `event` (a stable dotted name to search
 * for), `msg`, then the facts of the event. Never values of keys, passwords, or tokens of the API.
 *
 * Invariant: logging never throws and never stops the program. A full disk or a reader that doesn't
 * read costs lines, and the number of lines lost is told when writing works again.
 */
import { type Logger, pino } from "pino";
import { CodisError } from "./error.ts";
import type { LogLevel } from "./log-level.ts";
import { createFileSink, createStdoutSink, type LineSink } from "./log-sink.ts";

/** Facts of an event. `error` may be anything caught. */
export type LogFields = Readonly<Record<string, unknown>> & { readonly error?: unknown };

/** Writes lines of one component. */
export interface Log {
  debug(event: string, message: string, fields?: LogFields): void;
  info(event: string, message: string, fields?: LogFields): void;
  warn(event: string, message: string, fields?: LogFields): void;
  error(event: string, message: string, fields?: LogFields): void;
  /** The level of now; changes for this log and all its children. */
  level(): LogLevel;
  setLevel(level: LogLevel): void;
  /** A log whose lines also have these fields. */
  child(fields: LogFields): Log;
  /** Resolves when what was logged is handed to the system; lines after that are lost. */
  close(): Promise<void>;
}

/** What a log is made of. */
export interface LogOptions {
  /** `proxy`, `dashboard`, …: the field `component`. */
  readonly component: string;
  readonly level: LogLevel;
  /** Path of the log file without the date; undefined: stdout. */
  readonly file?: string | undefined;
  /** Fields of every line (product, worker). */
  readonly fields?: LogFields;
  /** Where lines go instead of to a file or stdout (tests). */
  readonly sink?: LineSink;
}

/**
 * Opens a log. Loads the pretty printer only when stdout is a terminal and there is no file. Throws
 * `CONFIG_UNREADABLE` when the log file can't be opened.
 */
export async function createLog(options: LogOptions): Promise<Log> {
  const sink = options.sink ?? (await openSink(options.file));
  const logger = pino(
    {
      level: toPinoLevel(options.level),
      base: { component: options.component, pid: process.pid, ...options.fields },
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => sink.write(line) },
  );
  return new PinoLog(logger, { level: options.level }, sink, {});
}

/** A log that writes nothing, for tests and for parts that run without one. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  level: () => "none",
  setLevel: () => undefined,
  child: () => silentLog,
  close: () => Promise.resolve(),
};

async function openSink(file: string | undefined): Promise<LineSink> {
  if (file !== undefined) {
    return createFileSink(file);
  }
  const stdout = createStdoutSink();
  if (!process.stdout.isTTY) {
    return stdout;
  }
  const { prettyFactory } = await import("pino-pretty");
  const pretty = prettyFactory({
    colorize: process.env["NO_COLOR"] === undefined,
    timestampKey: "ts",
    ignore: "pid,component,event",
    singleLine: true,
    translateTime: "SYS:HH:MM:ss.l",
  });
  return {
    write: (line) => stdout.write(pretty(line) ?? line),
    close: () => stdout.close(),
  };
}

/** The level, shared by a log and its children. */
interface SharedLevel {
  level: LogLevel;
}

/**
 * A child is this class with more fields on one pino logger, not a child of pino: those keep a level
 * of their own, and would have to be remembered to change it.
 */
class PinoLog implements Log {
  readonly #logger: Logger;
  readonly #shared: SharedLevel;
  readonly #sink: LineSink;
  readonly #fields: LogFields;

  constructor(logger: Logger, shared: SharedLevel, sink: LineSink, fields: LogFields) {
    this.#logger = logger;
    this.#shared = shared;
    this.#sink = sink;
    this.#fields = fields;
  }

  debug(event: string, message: string, fields?: LogFields): void {
    this.#logger.debug(prepare(event, this.#fields, fields, false), message);
  }

  info(event: string, message: string, fields?: LogFields): void {
    this.#logger.info(prepare(event, this.#fields, fields, false), message);
  }

  warn(event: string, message: string, fields?: LogFields): void {
    this.#logger.warn(prepare(event, this.#fields, fields, false), message);
  }

  error(event: string, message: string, fields?: LogFields): void {
    this.#logger.error(prepare(event, this.#fields, fields, true), message);
  }

  level(): LogLevel {
    return this.#shared.level;
  }

  setLevel(level: LogLevel): void {
    this.#shared.level = level;
    this.#logger.level = toPinoLevel(level);
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.#logger, this.#shared, this.#sink, { ...this.#fields, ...fields });
  }

  close(): Promise<void> {
    return this.#sink.close();
  }
}

function toPinoLevel(level: LogLevel): string {
  return level === "none" ? "silent" : level;
}

function prepare(
  event: string,
  own: LogFields,
  fields: LogFields | undefined,
  withStack: boolean,
): LogFields {
  const prepared: LogFields = { event, ...own, ...fields };
  return prepared.error === undefined
    ? prepared
    : { ...prepared, error: describeError(prepared.error, withStack) };
}

function describeError(thrown: unknown, withStack: boolean): Record<string, unknown> {
  if (!(thrown instanceof Error)) {
    return { message: String(thrown) };
  }
  const code = "code" in thrown ? String(thrown.code) : undefined;
  const context = thrown instanceof CodisError ? thrown.context : {};
  return {
    ...(code === undefined ? {} : { code }),
    message: thrown.message,
    ...context,
    // The stack of an expected failure tells the operator nothing.
    ...(withStack && !(thrown instanceof CodisError) ? { stack: thrown.stack } : {}),
  };
}
