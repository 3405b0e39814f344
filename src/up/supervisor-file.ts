/**
 * `supervisor.json`: which process is the `codis up` of a folder and how far it is. `down` and `status`
 * read it, and so does `up --detach`, to see when the cluster is ready. It may be old: only a process
 * with the same pid and the same start time counts.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "./layout.ts";
import { findProcess, isAlive, type ProcessId } from "./process-table.ts";

/** How far `codis up` is. */
export type Phase = "starting" | "ready" | "ending";

/** The running `codis up`. */
export interface Supervisor extends ProcessId {
  readonly phase: Phase;
}

/** Says that this process is the supervisor now. */
export function writeSupervisor(dir: string, phase: Phase): void {
  const self = findProcess(process.pid);
  if (self !== undefined) {
    replaceFile(join(dir, "supervisor.json"), `${JSON.stringify({ ...self, phase })}\n`);
  }
}

/** Removes the file; after a crash it stays, which does no harm. */
export function removeSupervisor(dir: string): void {
  rmSync(join(dir, "supervisor.json"), { force: true });
}

/** The supervisor that is alive now; undefined when there is none. */
export function findSupervisor(dir: string): Supervisor | undefined {
  let value: Supervisor;
  try {
    value = JSON.parse(readFileSync(join(dir, "supervisor.json"), "utf8"));
  } catch {
    // No file, or not ours: nobody is there.
    return undefined;
  }
  return Number.isInteger(value?.pid) && isAlive(value) ? value : undefined;
}
