/**
 * Says on what a benchmark ran: processor, cores, kernel, versions, date. Goes under every table,
 * because figures without it mean nothing a month later.
 */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { VERSION } from "../../src/base/version.ts";
import { findProgram, runChild } from "./child.ts";

/** The machine and the programs of a run. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  readonly system: string;
  /** Version by program. */
  readonly versions: Readonly<Record<string, string>>;
  /** UTC, ISO 8601, to the second. */
  readonly date: string;
}

const VERSION_MS = 5_000;

/** Looks at this machine and asks the installed programs for their versions. */
export async function describeMachine(): Promise<Machine> {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 1_024 ** 3),
    kernel: `Linux ${release()}`,
    system: readSystemName(),
    versions: {
      codis: VERSION,
      bun: process.versions["bun"] ?? "none",
      redis: await askVersion("redis-server", "--version", /v=(\S+)/),
      "redis-benchmark": await askVersion("redis-benchmark", "--version", /(\d[\d.]+)/),
      nutcracker: await askVersion("nutcracker", "-V", /nutcracker-(\S+)/),
    },
    date: `${new Date().toISOString().slice(0, 19)}Z`,
  };
}

/** One line for people. */
export function machineLine(machine: Machine): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${machine.date}: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGigabytes} GB`,
    machine.kernel,
    machine.system,
    ...versions,
  ].join("; ");
}

async function askVersion(program: string, flag: string, pattern: RegExp): Promise<string> {
  try {
    const { stdout, stderr } = await runChild([findProgram(program), flag], VERSION_MS);
    return pattern.exec(`${stdout}${stderr}`)?.[1] ?? "unknown";
  } catch {
    return "not installed";
  }
}

function readSystemName(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}
