/** A long chaos run of one seed in a process of its own, for tests that run one after another. */
import { expect } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { ROOT } from "../../support/source-tree.ts";

/** `CODIS_CHAOS_MINUTES`, or ten. */
export const MINUTES = Number(process.env["CODIS_CHAOS_MINUTES"] ?? "10");
/** Beside the time under faults: the start, the rest, the check. */
const AROUND_MS = 10 * 60_000;
/** Longest time that a run takes. */
export const SEED_MS = MINUTES * 60_000 + AROUND_MS;

/** `CODIS_CHAOS_SEEDS` (numbers with commas), or these. */
export function seedsOr(seeds: readonly number[]): readonly number[] {
  const given = process.env["CODIS_CHAOS_SEEDS"];
  return given === undefined ? seeds : given.split(",").map(Number);
}

/** Runs it and passes on what it prints; fails when something was wrong. */
export async function runSeed(seed: number, ...flags: readonly string[]): Promise<void> {
  const main = join(ROOT, "test/chaos/run-main.ts");
  const args = [main, "--seed", `${seed}`, "--minutes", `${MINUTES}`, ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (part) => {
    text += String(part);
  });
  try {
    const [code] = await once(child, "close");
    process.stdout.write(text);
    expect(code).toBe(0);
  } finally {
    child.kill("SIGTERM");
  }
}
