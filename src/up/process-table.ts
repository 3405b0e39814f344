/**
 * Looks at other processes through /proc, and ends them. A process is named by its pid and its start
 * time together, because pids are used again: nothing is ever sent to a pid whose start time differs
 * from the one seen before.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { systemCodeOf } from "../base/error.ts";

/** One process, for as long as it lives. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks after boot, from /proc/PID/stat. */
  readonly startTicks: number;
}

/** A process that was found, with its command line. */
export interface FoundProcess extends ProcessId {
  readonly args: readonly string[];
}

/** How often a process that was told to end is looked at. */
const POLL_MS = 20;

/** The process with this pid now; undefined when there is none, or only its remains (a zombie). */
export function findProcess(pid: number): ProcessId | undefined {
  const stat = readProc(pid, "stat");
  // Fields after the name in brackets, which may contain anything: state is the first, start the 20th.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined || fields[0] === "Z" || fields[0] === "X") {
    return undefined;
  }
  return { pid, startTicks: Number(fields[19]) };
}

/** Whether the very same process is still there. */
export function isAlive(id: ProcessId): boolean {
  return findProcess(id.pid)?.startTicks === id.startTicks;
}

/** All processes of this user, without this one. */
export function listProcesses(): readonly FoundProcess[] {
  const uid = process.getuid?.();
  const found: FoundProcess[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || ownerOf(pid) !== uid) {
      continue;
    }
    const args = readProc(pid, "cmdline")?.replace(/\0+$/, "").split("\0");
    const id = findProcess(pid);
    if (args !== undefined && id !== undefined) {
      found.push({ ...id, args });
    }
  }
  return found;
}

/** Sends a signal to exactly this process; false when it is gone. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isAlive(id)) {
    return false;
  }
  try {
    process.kill(id.pid, signal);
    return true;
  } catch (thrown) {
    if (systemCodeOf(thrown) === "ESRCH") {
      return false;
    }
    throw thrown;
  }
}

/**
 * SIGTERM to all, and SIGKILL to those that are still there after `graceMs`. Resolves when all are gone,
 * with the pids that had to be killed. `repeatMs`: SIGTERM is sent again and again, for programs that may
 * refuse it for a while and then forget it, as a redis-server does that writes its first append-only file.
 */
export async function endProcesses(
  ids: readonly ProcessId[],
  graceMs: number,
  repeatMs = graceMs,
): Promise<readonly number[]> {
  const endsAt = performance.now() + graceMs;
  let left = ids;
  do {
    for (const id of left) {
      signalProcess(id, "SIGTERM");
      // One that was stopped (SIGSTOP) would not see it.
      signalProcess(id, "SIGCONT");
    }
    left = await waitUntilGone(left, Math.min(repeatMs, endsAt - performance.now()));
  } while (left.length > 0 && performance.now() < endsAt);
  const killed = left.filter((id) => signalProcess(id, "SIGKILL"));
  await waitUntilGone(killed, graceMs);
  return killed.map((id) => id.pid);
}

/** Resolves when all are gone or the time is over, with those that are still there. */
async function waitUntilGone(
  ids: readonly ProcessId[],
  limitMs: number,
): Promise<readonly ProcessId[]> {
  const endsAt = performance.now() + limitMs;
  let left = ids.filter(isAlive);
  while (left.length > 0 && performance.now() < endsAt) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    left = left.filter(isAlive);
  }
  return left;
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // The process ended between two looks.
    return undefined;
  }
}

function ownerOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch {
    // As above.
    return undefined;
  }
}
