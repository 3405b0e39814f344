/**
 * Keeps programs on processors of their own, so that two servers that are compared have the same conditions: neither
 * shares its processor with the load, and none is moved to another one in the middle of a run.
 */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { findProgram } from "./child.ts";

/** Processors for what is measured and for the load; undefined where there is only one, or no taskset. */
export interface Cores {
  readonly server: number;
  readonly load: number;
}

const SET_MS = 5_000;

/** Which processors to use. */
export function chooseCores(): Cores | undefined {
  try {
    findProgram("taskset");
  } catch {
    return undefined;
  }
  return availableParallelism() < 2 ? undefined : { server: 0, load: 1 };
}

/** The command that runs this one on a processor; the same where none is given. */
export function onCore(core: number | undefined, command: readonly string[]): readonly string[] {
  return core === undefined ? command : [findProgram("taskset"), "-c", `${core}`, ...command];
}

/** Moves all threads of a running process to a processor. Throws when that can't be done. */
export function moveToCore(core: number, pid: number): void {
  const { status, stderr } = spawnSync(
    findProgram("taskset"),
    ["-a", "-c", "-p", `${core}`, `${pid}`],
    {
      encoding: "utf8",
      timeout: SET_MS,
    },
  );
  if (status !== 0) {
    throw new Error(`taskset ended with ${status}: ${stderr}`);
  }
}
