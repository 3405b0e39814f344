/**
 * Starts the programs of a benchmark (proxies, load generators, client scripts) and ends them: each by
 * its own pid together with its descendants, at the latest when the benchmark itself ends.
 *
 * Invariant: nothing is signalled that wasn't started from here. A pid is only signalled while the
 * program behind it hasn't been reaped, and a descendant only while it still descends from it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { withDeadline } from "../../test/support/deadline.ts";
import { findDescendants, readStartTicks } from "./process-usage.ts";

/** A program that runs until it is stopped. */
export interface Child {
  readonly pid: number;
  readonly isAlive: boolean;
  /** Resolves when it has ended and its output is read; what it leaves running may hold that up. */
  readonly ended: Promise<void>;
  /** The last of what it has written to stdout and stderr. */
  output(): string;
  /** Writes a line to its stdin. */
  send(line: string): void;
  /**
   * SIGTERM, after 5 seconds SIGKILL; descendants that outlive it by a second are killed as well. May
   * be called twice.
   */
  stop(): Promise<void>;
}

/** How a program that ends by itself has ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const OUTPUT_CHARS_MAX = 1_000_000;
const STOP_MS = 5_000;
/** Workers notice within this time that their supervisor has ended. */
const LEFT_ALONE_MS = 1_000;
const POLL_MS = 10;

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) {
    killTree(child);
  }
});

/** Makes Ctrl-C, SIGTERM and the time limit end the benchmark and all that it has started. */
export function endOnSignalOrAfter(limitMs: number): void {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.on(signal, () => process.exit(code));
  }
  setTimeout(() => {
    process.stderr.write(`bench: ended by its time limit of ${Math.round(limitMs / 1_000)} s\n`);
    process.exit(124);
  }, limitMs).unref();
}

/** Starts a program that runs on, like a server; `onLine` gets what it writes to stdout. */
export function startChild(command: readonly string[], onLine?: (line: string) => void): Child {
  const child = spawnPiped(command);
  // A child that dies while it is written to is told by its end.
  child.stdin?.on("error", () => undefined);
  if (child.stdout !== null && onLine !== undefined) {
    createInterface({ input: child.stdout }).on("line", onLine);
  }
  let output = "";
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARS_MAX);
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const ended = whenClosed(child).then(
    () => undefined,
    (thrown: unknown) => {
      output += `${thrown instanceof Error ? thrown.message : String(thrown)}\n`;
    },
  );
  return {
    pid: child.pid ?? 0,
    get isAlive() {
      return running.has(child);
    },
    ended,
    output: () => output,
    send: (line) => {
      child.stdin?.write(`${line}\n`);
    },
    async stop() {
      const family = familyOf(child);
      child.kill("SIGTERM");
      await withDeadline(`end of process ${child.pid}`, STOP_MS, gone).catch(() => undefined);
      await allGone(family, LEFT_ALONE_MS);
      killFamily(family);
      await withDeadline(`end of process ${child.pid} after SIGKILL`, STOP_MS, ended);
    },
  };
}

/** Runs a program to its end; rejects when it takes longer than `limitMs`, and ends it. */
export async function runChild(command: readonly string[], limitMs: number): Promise<Finished> {
  const child = spawnPiped(command);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout = (stdout + chunk.toString()).slice(-OUTPUT_CHARS_MAX);
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-OUTPUT_CHARS_MAX);
  });
  try {
    const code = await withDeadline(`end of ${command[0]}`, limitMs, whenClosed(child));
    return { code, stdout, stderr };
  } catch (thrown) {
    killTree(child);
    throw thrown;
  }
}

/** Path of a program in PATH or in the folders for servers; throws with its name when it isn't there. */
export function findProgram(name: string): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  for (const folder of [...folders, "/usr/sbin", "/sbin"]) {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK);
      return `${folder}/${name}`;
    } catch {
      // Not in this folder.
    }
  }
  throw new Error(`${name} isn't installed`);
}

function spawnPiped(command: readonly string[]): ChildProcess {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  running.add(child);
  return child;
}

/** Resolves with the exit code after the pipes are read to their ends; rejects when it didn't start. */
function whenClosed(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("exit", () => running.delete(child));
    child.once("close", (code) => resolve(code));
    child.once("error", (error) => {
      running.delete(child);
      reject(error);
    });
  });
}

/** One process: its pid may be given to another later, its start time with it not. */
interface Process {
  readonly pid: number;
  readonly startTicks: number;
}

/** A child that runs, with its descendants; to be asked before it ends, they have no parent later. */
function familyOf(child: ChildProcess): readonly Process[] {
  if (child.pid === undefined || !running.has(child)) {
    return [];
  }
  return [child.pid, ...findDescendants(child.pid)].flatMap((pid) => {
    const startTicks = readStartTicks(pid);
    return startTicks === undefined ? [] : [{ pid, startTicks }];
  });
}

function killTree(child: ChildProcess): void {
  killFamily(familyOf(child));
}

function killFamily(family: readonly Process[]): void {
  for (const one of family.filter(exists)) {
    try {
      process.kill(one.pid, "SIGKILL");
    } catch {
      // Ended by itself in between.
    }
  }
}

function exists(one: Process): boolean {
  return readStartTicks(one.pid) === one.startTicks;
}

/** Resolves when none of them exists, or after `ms`. */
async function allGone(family: readonly Process[], ms: number): Promise<void> {
  const endsAt = performance.now() + ms;
  while (family.some(exists) && performance.now() < endsAt) {
    await sleep(POLL_MS);
  }
}
