/**
 * One process of a local cluster that this program has started: a server, the dashboard or a proxy. It runs in a
 * session of its own, so that Ctrl-C in the terminal reaches only `codis up`, which then ends all in
 * order. Its output goes to its log file.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from "node:fs";
import { CodisError, systemCodeOf } from "../base/error.ts";
import type { Member } from "./member.ts";
import { findMemberReadiness, type Readiness } from "./probe.ts";
import { findProcess, type ProcessId } from "./process-table.ts";

/** Bound for the first PONG of a process that isn't loading data. */
const READY_MS = 20_000;
const READY_POLL_MS = 25;
/** A log longer than this is put aside at a start; one older log is kept. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;
const TAIL_BYTES_MAX = 4_096;
const TAIL_LINES = 6;
/** What the programs of a cluster say when their port is another's: etcd and redis-server, java, ours. */
const PORT_TAKEN = /address already in use|EADDRINUSE|another program uses the port/i;

/** The end of a process that couldn't log anything about it. */
export const KILLED = "signal SIGKILL";

/** How a process ended: `exit code 1`, `signal SIGKILL`. */
export type ExitReason = string;

/** A started process. */
export class Child {
  readonly member: Member;
  /** Resolves when the process is gone; never rejects. */
  readonly gone: Promise<ExitReason>;
  readonly #process: ChildProcess;
  readonly #id: ProcessId | undefined;
  #exitReason: ExitReason | undefined;

  /** Starts the process; its folder and files must be there. A failure shows in `gone`. */
  constructor(member: Member) {
    this.member = member;
    const log = openLog(member.logPath);
    const [program = "", ...args] = member.command;
    this.#process = spawn(program, args, {
      cwd: member.folder,
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    const { pid } = this.#process;
    this.#id = pid === undefined ? undefined : findProcess(pid);
    this.gone = new Promise((resolve) => {
      const finish = (reason: ExitReason): void => {
        this.#exitReason ??= reason;
        resolve(this.#exitReason);
      };
      this.#process.once("exit", (code, signal) =>
        finish(signal === null ? `exit code ${code}` : `signal ${signal}`),
      );
      this.#process.once("error", (error) =>
        finish(systemCodeOf(error) === "ENOENT" ? `${program} isn't installed` : error.message),
      );
    });
  }

  /** undefined when it is gone. */
  get id(): ProcessId | undefined {
    return this.#exitReason === undefined ? this.#id : undefined;
  }

  /**
   * Resolves when the process serves, and a replica has its master's data. Reading data may take as long
   * as it needs; `onLoading` is called once. `enough` is taken for serving as well. Throws
   * `SERVER_START_FAILED` when the process ends or says nothing.
   */
  async waitUntilReady(onLoading: () => void, enough: Readiness = "yes"): Promise<void> {
    let endsAt = performance.now() + READY_MS;
    let hasReported = false;
    for (;;) {
      const readiness = await findMemberReadiness(this.member, this.#id?.pid);
      // In this order: the PONG may have come from another program on the same port.
      if (this.#exitReason !== undefined) {
        throw this.#startFailure(`ended at start (${this.#exitReason})`);
      }
      if (readiness === "yes" || readiness === enough) {
        return;
      }
      if (readiness === "loading") {
        endsAt = performance.now() + READY_MS;
        if (!hasReported) {
          hasReported = true;
          onLoading();
        }
      }
      if (performance.now() > endsAt) {
        throw this.#startFailure(`wasn't ready within ${READY_MS / 1000} s`);
      }
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
  }

  /** The last lines of the log, on one line, of our own logs the texts only; empty when there are none. */
  logTail(): string {
    return readTail(this.member.logPath);
  }

  #startFailure(problem: string): CodisError {
    const { name, port, logPath } = this.member;
    const tail = this.logTail();
    const last = tail === "" ? "" : `: ${tail}`;
    const isPortTaken = PORT_TAKEN.test(tail);
    return new CodisError(
      "SERVER_START_FAILED",
      `${name} (127.0.0.1:${port}) ${problem}; see ${logPath}${last}`,
      { context: { isPortTaken } },
    );
  }
}

function openLog(path: string): number {
  try {
    if (statSync(path).size > LOG_BYTES_MAX) {
      renameSync(path, `${path}.1`);
    }
  } catch (thrown) {
    if (systemCodeOf(thrown) !== "ENOENT") {
      throw thrown;
    }
  }
  return openSync(path, "a", 0o600);
}

function readTail(path: string): string {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES_MAX));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes.toString("utf8").split("\n");
    return lines
      .map((line) => showLogLine(line.trim()))
      .filter((line) => line !== "")
      .slice(-TAIL_LINES)
      .join(" | ");
  } finally {
    closeSync(file);
  }
}

/** Of a line of our own logs, which are JSON, what it says to people; any other line as it is. */
function showLogLine(line: string): string {
  if (!line.startsWith("{")) {
    return line;
  }
  try {
    const { msg }: { readonly msg?: unknown } = JSON.parse(line);
    return typeof msg === "string" ? msg : line;
  } catch {
    // Half a line, from the middle of the log, or another program's.
    return line;
  }
}
