/**
 * What the processes of the proxy use of the machine: processor, memory, threads. The figures of
 * workers come with the snapshot; this process adds itself when it isn't a worker. The share of
 * processors is measured between two looks that are at least a second apart.
 */
import { readFileSync } from "node:fs";
import type { UsageJson } from "../../api/proxy-stats.ts";
import type { Clock } from "../../base/clock.ts";
import { formatGoTime } from "../../base/go-time.ts";
import type { ProxySnapshot } from "../control.ts";

/** Use of one process since it started. */
export interface ProcessUsage {
  readonly pid: number;
  readonly residentBytes: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
}

/** Shorter windows than this give no figure worth showing. */
const WINDOW_MS_MIN = 1000;
const NS_PER_SECOND = 1e9;

/** All processes of the proxy: its workers, and this process if it isn't one of them. */
export function allProcesses(snapshot: ProxySnapshot): readonly ProcessUsage[] {
  if (snapshot.workers.some((worker) => worker.pid === process.pid)) {
    return snapshot.workers;
  }
  const cpu = process.cpuUsage();
  const self: ProcessUsage = {
    pid: process.pid,
    residentBytes: process.memoryUsage.rss(),
    cpuUserSeconds: cpu.user / 1e6,
    cpuSystemSeconds: cpu.system / 1e6,
  };
  return [self, ...snapshot.workers];
}

/** Makes `rusage`; remembers the last look for the share of processors. */
export class UsageMeter {
  readonly #clock: Clock;
  #windowStartMs: number;
  #windowStartCpuSeconds: number;
  #cpu = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#windowStartMs = clock.monotonicMs();
    this.#windowStartCpuSeconds = 0;
  }

  measure(snapshot: ProxySnapshot): UsageJson {
    const processes = allProcesses(snapshot);
    const userSeconds = sum(processes, (usage) => usage.cpuUserSeconds);
    const systemSeconds = sum(processes, (usage) => usage.cpuSystemSeconds);
    const residentBytes = sum(processes, (usage) => usage.residentBytes);
    const system = processes.map((usage) => readProcStatus(usage.pid));
    return {
      now: formatGoTime(this.#clock.nowMs(), this.#clock.monotonicMs() / 1000),
      cpu: this.#share(userSeconds + systemSeconds),
      mem: residentBytes,
      raw: {
        utime: Math.round(userSeconds * NS_PER_SECOND),
        stime: Math.round(systemSeconds * NS_PER_SECOND),
        cutime: 0,
        cstime: 0,
        num_threads: sum(system, (status) => status.threads),
        vm_size: sum(system, (status) => status.virtualBytes),
        vm_rss: residentBytes,
      },
    };
  }

  #share(cpuSeconds: number): number {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = nowMs - this.#windowStartMs;
    if (elapsedMs >= WINDOW_MS_MIN) {
      // A worker that was replaced takes its seconds with it: never below zero.
      const used = Math.max(0, cpuSeconds - this.#windowStartCpuSeconds);
      this.#cpu = used / (elapsedMs / 1000);
      this.#windowStartMs = nowMs;
      this.#windowStartCpuSeconds = cpuSeconds;
    }
    return this.#cpu;
  }
}

function readProcStatus(pid: number): { threads: number; virtualBytes: number } {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    const figure = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]);
    return { threads: figure("Threads") || 0, virtualBytes: (figure("VmSize") || 0) * 1024 };
  } catch {
    return { threads: 0, virtualBytes: 0 }; // The process ended just now, or there is no /proc.
  }
}

function sum<T>(items: readonly T[], figureOf: (item: T) => number): number {
  return items.reduce((total, item) => total + figureOf(item), 0);
}
