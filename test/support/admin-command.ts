/**
 * `codis admin` as system tests run it: a target, flags in one text, and what it prints or how it fails.
 */
import { expect } from "bun:test";
import { type CodisExit, runCodis } from "./codis-program.ts";
import type { RunningDashboardOptions } from "./running-dashboard.ts";

/** A real coordinator. */
export type Coordinator = RunningDashboardOptions["coordinator"];

/** What a change without an answer prints. */
export const DONE: CodisExit = { code: 0, stdout: "", stderr: "" };

/** The flag that names a coordinator. */
export function flagOf({ name, addr }: Coordinator): string {
  return `--${name}=${addr}`;
}

/** Runs `codis admin` with the flags, which may not hold blanks. */
export function runAdmin(target: string, flags = ""): Promise<CodisExit> {
  return runCodis(["admin", target, ...flags.split(" ").filter((flag) => flag !== "")]);
}

/** A command line that must succeed; gives what it prints. */
export async function printed(target: string, flags = ""): Promise<string> {
  const { code, stdout, stderr } = await runAdmin(target, flags);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

/** A command line that must fail; gives its exit code and its line. */
export async function failed(
  target: string,
  flags: string,
): Promise<readonly [number | null, string]> {
  const { code, stdout, stderr } = await runAdmin(target, flags);
  expect(stdout).toBe("");
  expect(stderr).toStartWith("codis admin: ");
  return [code, stderr.slice("codis admin: ".length).trimEnd()];
}
