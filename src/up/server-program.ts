/**
 * `codis server FILE.conf`, `codis server --port 6379`, and the program codis-server of Codis: a real redis-server
 * with the slot commands. All arguments are redis-server's own; this process becomes it, so its pid and the signals
 * that are sent to it are the server's.
 */
import { accessSync, constants, readFileSync } from "node:fs";
import { join } from "node:path";
import { CodisError, messageOf } from "../base/error.ts";
import { findSlotsModule, MODULE_FILE } from "./slots-module.ts";

/** What CLIENT programs and `ps` see. */
const TITLE = "codis-server";
/** Programs that do, in the order in which they are looked for. */
const PROGRAMS = ["redis-server", "valkey-server"] as const;
/** Arguments with which redis-server doesn't begin to serve. */
const ASKS = new Set(["--version", "-v", "--help", "-h", "--test-memory", "--check-system"]);

/** Whether the word can be an argument of codis-server: a file or a flag, but no verb of `codis server`. */
export function isServerArgument(word: string | undefined): boolean {
  return word !== undefined && /^-|[./]/.test(word);
}

/** Becomes the server. Throws SERVER_START_FAILED; never returns otherwise. */
export function runServer(argv: readonly string[]): never {
  // What stands before it is for `codis` alone.
  const args = argv[0] === "--" ? argv.slice(1) : argv;
  const program = findProgram();
  const all = [TITLE, ...args, ...moduleArguments(args), ...sanitizeArguments(args)];
  try {
    process.execve?.(program, all, environment());
  } catch (cause) {
    throw new CodisError("SERVER_START_FAILED", `${program}: ${messageOf(cause)}`, { cause });
  }
  throw new CodisError("NOT_SUPPORTED", "codis server needs Linux or another POSIX system");
}

/** What is to be added to redis-server's arguments; nothing when the file loads the module itself. */
export function moduleArguments(args: readonly string[]): readonly string[] {
  const [first] = args;
  const isSentinel = args.includes("--sentinel");
  // CONFIG REWRITE writes modules into the file, and none can be loaded twice.
  const isLoaded =
    args.some((arg) => arg.includes(MODULE_FILE)) ||
    linesOf(first).some((line) => /^\s*loadmodule\s/i.test(line) && line.includes(MODULE_FILE));
  return isSentinel || isLoaded || ASKS.has(first ?? "") ? [] : ["--loadmodule", findSlotsModule()];
}

/**
 * What comes from other servers and from clients (RESTORE) is looked into, so that no payload ends the server; an RDB
 * and the stream of a master aren't. Nothing when somebody has decided otherwise, or may have in another file.
 */
export function sanitizeArguments(args: readonly string[]): readonly string[] {
  const [first = ""] = args;
  const decided = /^\s*(?:--)?(?:sanitize-dump-payload|include)\b/i;
  const isDecided = [...args, ...linesOf(first)].some((line) => decided.test(line));
  const isNone = args.includes("--sentinel") || ASKS.has(first);
  return isDecided || isNone ? [] : ["--sanitize-dump-payload", "clients"];
}

/** Of the file that it begins with, if there is one. */
function linesOf(file: string | undefined): readonly string[] {
  if (file === undefined || file.startsWith("-")) {
    return [];
  }
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    // redis-server says what is wrong with it.
    return [];
  }
}

function findProgram(): string {
  const folders = (process.env["PATH"] ?? "").split(":").filter((folder) => folder !== "");
  for (const name of PROGRAMS) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not in this one.
      }
    }
  }
  throw new CodisError(
    "SERVER_START_FAILED",
    "redis-server isn't installed or not in PATH; on Debian run: apt-get install redis-server",
  );
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}
