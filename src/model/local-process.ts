/**
 * What tells one process from every other, before and after it, so that another program on the machine can say
 * whether it is still there: the boot of the machine, the namespace in which its process id counts, and when it
 * started (process ids are used again). Linux only: read from /proc.
 *
 *     0f3c…-boot-id/4026531836/8123456        boot / namespace / clock ticks after boot
 */
import { readFileSync, readlinkSync } from "node:fs";

/** Where and when a process was started; together with its process id it names it for ever. */
export interface ProcessBirth {
  /** Another one after each boot, the same in all containers of a machine. */
  readonly bootId: string;
  /** Inode of the namespace of process ids. */
  readonly pidNamespace: string;
  /** Clock ticks after boot. */
  readonly startTicks: number;
}

const BIRTH = /^([0-9a-f-]{8,64})\/(\d{1,20})\/(\d{1,15})$/;

/** Of this process; undefined where the system doesn't tell. */
export function birthOfThisProcess(): ProcessBirth | undefined {
  try {
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const pidNamespace = /\[(\d+)\]/.exec(readlinkSync("/proc/self/ns/pid"))?.[1] ?? "";
    const startTicks = startTicksOf(readFileSync("/proc/self/stat", "utf8"));
    return startTicks === undefined
      ? undefined
      : parseProcessBirth(formatProcessBirth({ bootId, pidNamespace, startTicks }));
  } catch {
    // No /proc, or a part of it is hidden: then nobody can be told.
    return undefined;
  }
}

/** One word for a model. */
export function formatProcessBirth(birth: ProcessBirth): string {
  return `${birth.bootId}/${birth.pidNamespace}/${birth.startTicks}`;
}

/** Undefined: the text tells nothing, as that of an original proxy. */
export function parseProcessBirth(text: string): ProcessBirth | undefined {
  const [, bootId, pidNamespace, startTicks] = BIRTH.exec(text) ?? [];
  return bootId === undefined || pidNamespace === undefined
    ? undefined
    : { bootId, pidNamespace, startTicks: Number(startTicks) };
}

/** When the process of this /proc/PID/stat started; undefined when only its remains are there (a zombie). */
export function startTicksOf(stat: string): number | undefined {
  // Fields after the name in brackets, which may contain anything: state is the first, start the 20th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTicks = Number(fields[19]);
  return fields[0] === "Z" || fields[0] === "X" || !Number.isSafeInteger(startTicks)
    ? undefined
    : startTicks;
}

/** Argument in the command line of every worker process of a proxy, by which it can be found. */
export function workerMark(token: string): string {
  return `--of-proxy=${token}`;
}
