/**
 * Command lines of the daemons: flags in both forms (`--name=VALUE`, `--name VALUE`), read by a library
 * and handed on as texts by name. A wrong line becomes a `CodisError` `USAGE` with one line; a request for
 * help becomes a text to print. Prints and exits nothing itself.
 */
import { type Command, CommanderError } from "commander";
import { CodisError } from "../base/error.ts";
import { LOG_LEVELS, type LogLevel, parseLogLevel } from "../base/log-level.ts";
import { parseServerAddr } from "../model/address.ts";

/** Flags that were given, by their long names without `--`; one that takes no value is an empty text. */
export type Flags = ReadonlyMap<string, string>;

/** What a command line turned out to be. */
export type ParsedFlags =
  | { readonly kind: "flags"; readonly flags: Flags }
  /** Help was asked for. */
  | { readonly kind: "print"; readonly text: string };

/**
 * Reads the arguments. `emptyAllowed` names flags whose value may be an empty text. Throws `USAGE`.
 */
export function parseFlags(
  command: Command,
  argv: readonly string[],
  emptyAllowed: readonly string[],
): ParsedFlags {
  const printed: string[] = [];
  const print = (text: string): void => {
    printed.push(text);
  };
  try {
    command.exitOverride().configureOutput({ writeOut: print, writeErr: print });
    command.parse([...argv], { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) {
      throw thrown;
    }
    if (thrown.exitCode === 0) {
      return { kind: "print", text: printed.join("") };
    }
    const message = oneLine(thrown.message).replace(/\.$/, "");
    throw new CodisError("USAGE", `${message}; see ${command.name()} --help`, { cause: thrown });
  }
  const flags = new Map<string, string>();
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    const name = option.name();
    if (value === true) {
      flags.set(name, "");
    } else if (typeof value === "string") {
      if (value === "" && !emptyAllowed.includes(name)) {
        throw new CodisError("USAGE", `--${name} needs a value`);
      }
      flags.set(name, value);
    }
  }
  return { kind: "flags", flags };
}

/** A whole number, 1 or more; undefined when the flag wasn't given. Throws `USAGE`. */
export function readCount(flags: Flags, name: string): number | undefined {
  const text = flags.get(name);
  if (text === undefined) {
    return undefined;
  }
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) {
    throw new CodisError("USAGE", `invalid --${name}=${text}: expected a whole number, 1 or more`);
  }
  return Number(text);
}

/** `host:port`; undefined when the flag wasn't given. Throws `USAGE`. */
export function readAddr(flags: Flags, name: string): string | undefined {
  const text = flags.get(name);
  if (text !== undefined && parseServerAddr(text) === undefined) {
    throw new CodisError(
      "USAGE",
      `invalid --${name}=${text}: expected host:port as others reach it`,
    );
  }
  return text;
}

/** The level of `--log-level`, INFO when it wasn't given. Throws `USAGE`. */
export function readLogLevel(flags: Flags): LogLevel {
  const text = flags.get("log-level");
  const level = text === undefined ? "info" : parseLogLevel(text);
  if (level === undefined) {
    throw new CodisError(
      "USAGE",
      `invalid --log-level=${text}: expected one of ${LOG_LEVELS.join(", ").toUpperCase()}`,
    );
  }
  return level;
}

/** Throws `USAGE` when more than one of the flags was given; `why` ends the line. */
export function refuseSeveral(
  flags: Flags,
  names: readonly string[],
  why: string,
): string | undefined {
  const given = names.filter((name) => flags.has(name));
  if (given.length > 1) {
    const list = given.map((name) => `--${name}`).join(" and ");
    throw new CodisError("USAGE", `${list} exclude each other: ${why}`);
  }
  return given[0];
}

/** Throws `USAGE` for a login to a store that isn't the one that the flags name. */
export function refuseStrayLogin(flags: Flags): void {
  for (const store of ["zookeeper", "etcd"]) {
    if (flags.has(`${store}-auth`) && !flags.has(store)) {
      throw new CodisError("USAGE", `--${store}-auth has a meaning only with --${store}`);
    }
  }
}

function oneLine(message: string): string {
  return message.replace(/^error: /, "").replaceAll("\n", " ");
}
