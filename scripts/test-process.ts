/**
 * Runs one program for the test runner with a bound on its time, and ends it with everything that it has
 * started when the bound passes: the descendants are found in /proc, so that servers with sessions of
 * their own go too. Only processes started from here are ever ended.
 *
 * What a program leaves behind when it has ended is ended too: `bun test` doesn't tell its process that it
 * ends, so nobody else would. Orphans are known by their session, or by a variable of their environment;
 * some programs leave the one, some overwrite the other.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** How a program ended. */
export interface Finished {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** stdout and stderr as they came. */
  readonly output: string;
  readonly isTimedOut: boolean;
  readonly durationMs: number;
  /** Command lines of processes that it had left running; they were ended. */
  readonly leftovers: readonly string[];
}

/** In the environment of everything that is started from here: which program it belongs to. */
const MARK = "CODIS_TEST_PROGRAM";
/** More output than this loses its middle. */
const OUTPUT_BYTES_MAX = 2_000_000;
/** After the program's end its pipes may be held open by what it left running. */
const PIPE_MS = 2_000;

const running = new Set<ChildProcess>();
let programCount = 0;

/** Runs a program to its end, or for `limitMs`. Never rejects. */
export function runProgram(
  command: readonly string[],
  cwd: string,
  limitMs: number,
): Promise<Finished> {
  const [program = "", ...args] = command;
  const startedAt = performance.now();
  return new Promise((resolve) => {
    programCount += 1;
    const mark = `${process.pid}-${programCount}`;
    const env = { ...process.env, FORCE_COLOR: "0", NO_COLOR: "1", [MARK]: mark };
    const child = spawn(program, args, {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    running.add(child);
    let output = "";
    let isTimedOut = false;
    const collect = (chunk: Buffer): void => {
      if (output.length < OUTPUT_BYTES_MAX) {
        output += chunk.toString();
      }
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const timer = setTimeout(() => {
      isTimedOut = true;
      endTree(child);
    }, limitMs);
    const finish = (code: number | null, signal: string | null): void => {
      clearTimeout(timer);
      running.delete(child);
      const durationMs = performance.now() - startedAt;
      const leftovers = endOrphans(child.pid, `${MARK}=${mark}`);
      resolve({ code, signal, output, isTimedOut, durationMs, leftovers });
    };
    child.once("error", (error) => {
      output += `${error.message}\n`;
      finish(1, null);
    });
    child.once("exit", () => {
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, PIPE_MS).unref();
    });
    child.once("close", finish);
  });
}

/** Ends all programs that still run, with their descendants. */
export function endAll(): void {
  for (const child of running) {
    endTree(child);
  }
}

function endTree(child: ChildProcess): void {
  if (child.pid === undefined) {
    return;
  }
  for (const pid of [child.pid, ...findDescendants(child.pid)]) {
    endProcess(pid);
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime, which is what is wanted.
  }
}

/** Ends every process of this session, or with this in its environment; gives their command lines. */
function endOrphans(session: number | undefined, mark: string): readonly string[] {
  const orphans = readdirSync("/proc").filter((name) => {
    const stat = /^\d+$/.test(name) ? readStat(name) : undefined;
    // What has ended and only waits to be reaped isn't left running.
    if (stat === undefined || fieldsOf(stat)[0] === "Z") {
      return false;
    }
    const isOfSession = Number(fieldsOf(stat)[3]) === session;
    return isOfSession || readWords(name, "environ").includes(mark);
  });
  return orphans.map((name) => {
    const line = readWords(name, "cmdline").join(" ");
    endProcess(Number(name));
    return line;
  });
}

/** Children, their children and so on, from the parents' ids in /proc. */
function findDescendants(ancestor: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? readStat(name) : undefined;
    const parent = stat === undefined ? undefined : fieldsOf(stat)[1];
    if (parent !== undefined) {
      parents.set(Number(name), Number(parent));
    }
  }
  const isBelow = (pid: number): boolean => {
    for (let at = parents.get(pid); at !== undefined && at > 1; at = parents.get(at)) {
      if (at === ancestor) {
        return true;
      }
    }
    return false;
  };
  return [...parents.keys()].filter(isBelow);
}

/** `environ` or `cmdline` of a process; empty when it is gone, or another user's. */
function readWords(pid: string, file: "environ" | "cmdline"): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0");
  } catch {
    return [];
  }
}

/** The fields after the name in brackets, which may contain anything: state, parent, group, session, … */
function fieldsOf(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function readStat(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
}
