/**
 * Reads from /proc what a program has used: CPU time and resident memory of a process, all its threads
 * and all its descendants (workers). Used before and after each measured run.
 *
 * CPU time comes from `schedstat` (nanoseconds, one file for each thread). A thread that ended takes its
 * figure with it (Bun's compiler threads come and go), so the sum is checked against utime + stime of
 * `stat`, which counts ended threads as well, and exactly, but in ticks of 10 ms. The ticks are taken
 * where a thread has gone, where the two disagree, and where the kernel has no schedstat.
 */
import { readdirSync, readFileSync } from "node:fs";

/** What one process and its descendants have used since they started. */
export interface ProcessUsage {
  /** Sum of `schedstat` over all threads; undefined when the kernel doesn't count it. */
  readonly schedNs: bigint | undefined;
  /** Sum of utime and stime in clock ticks of 10 ms. */
  readonly ticks: number;
  /** `PID/TID` of each thread. */
  readonly threads: ReadonlySet<string>;
  /** Process ids: the program first, then its descendants. */
  readonly pids: readonly number[];
}

/** CPU time between two readings. */
export interface CpuTime {
  readonly us: number;
  /** Where the figure is from; `stat` has a grain of 10 ms for each process. */
  readonly source: "schedstat" | "stat";
}

/** USER_HZ: 100 on every architecture that Bun runs on. */
export const TICK_US = 10_000;
/** utime and stime of each process are cut down to whole ticks. */
const CUT_TICKS = 2;

/** Reads the CPU time of a process with its descendants. Throws when the process is gone. */
export function readUsage(pid: number): ProcessUsage {
  const pids = [pid, ...findDescendants(pid)];
  let schedNs = 0n;
  let ticks = 0;
  const threads = new Set<string>();
  for (const each of pids) {
    const stat = readStat(each);
    if (stat === undefined) {
      if (each === pid) {
        throw new Error(`process ${pid} is gone`);
      }
      continue;
    }
    ticks += stat.ticks;
    for (const thread of readThreads(each)) {
      threads.add(`${each}/${thread}`);
      const ns = readText(`/proc/${each}/task/${thread}/schedstat`)?.split(" ")[0];
      schedNs += BigInt(ns ?? 0);
    }
  }
  return { schedNs: schedNs === 0n ? undefined : schedNs, ticks, threads, pids };
}

/** CPU time from one reading to the next of the same process. */
export function cpuBetween(before: ProcessUsage, after: ProcessUsage): CpuTime {
  const tickUs = (after.ticks - before.ticks) * TICK_US;
  const isThreadGone = [...before.threads].some((thread) => !after.threads.has(thread));
  if (before.schedNs === undefined || after.schedNs === undefined || isThreadGone) {
    return { us: tickUs, source: "stat" };
  }
  const us = Number(after.schedNs - before.schedNs) / 1_000;
  return Math.abs(us - tickUs) <= CUT_TICKS * TICK_US * after.pids.length
    ? { us, source: "schedstat" }
    : { us: tickUs, source: "stat" };
}

/** Resident memory of a process with its descendants, in bytes: shared pages count once for each. */
export function readRssBytes(pid: number): number {
  let total = 0;
  for (const each of [pid, ...findDescendants(pid)]) {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readText(`/proc/${each}/status`) ?? "")?.[1];
    total += Number(kilobytes ?? 0) * 1_024;
  }
  if (total === 0) {
    throw new Error(`process ${pid} is gone`);
  }
  return total;
}

/** CPU time of all children of this process that have ended and were reaped, in microseconds. */
export function readEndedChildrenUs(): number {
  const fields = statFields(readText("/proc/self/stat") ?? "");
  return (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) * TICK_US;
}

/** All processes that descend from this one, parents first. */
export function findDescendants(pid: number): readonly number[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const child = Number(name);
    if (!Number.isInteger(child)) {
      continue;
    }
    const parent = readStat(child)?.parent;
    if (parent !== undefined) {
      childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), child]);
    }
  }
  const found: number[] = [];
  const queue = [pid];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const children = childrenOf.get(next) ?? [];
    found.push(...children);
    queue.push(...children);
  }
  return found;
}

/** When a process started, in ticks since boot: with its pid it names one process for ever. */
export function readStartTicks(pid: number): number | undefined {
  return readStat(pid)?.startTicks;
}

interface Stat {
  readonly parent: number;
  /** utime + stime. */
  readonly ticks: number;
  readonly startTicks: number;
}

/** Undefined when the process is gone, or only waits to be reaped. */
function readStat(pid: number): Stat | undefined {
  const text = readText(`/proc/${pid}/stat`);
  const fields = statFields(text ?? "");
  if (text === undefined || fields[0] === "Z" || fields[0] === "X") {
    return undefined;
  }
  return {
    parent: Number(fields[1]),
    ticks: Number(fields[11]) + Number(fields[12]),
    startTicks: Number(fields[19]),
  };
}

/** Fields of `stat` from the state on (proc(5) field 3): the name before may hold spaces and brackets. */
function statFields(text: string): readonly string[] {
  return text
    .slice(text.lastIndexOf(")") + 2)
    .trim()
    .split(" ");
}

function readThreads(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // The process ended in between.
  }
}

/** The text of a file of /proc; undefined when its process or thread is gone. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
