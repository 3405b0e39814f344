/**
 * Ten minutes of chaos for each of ten seeds, every run in a process of its own. `CODIS_CHAOS_SEEDS` (numbers
 * with commas) and `CODIS_CHAOS_MINUTES` change that.
 */
import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { ROOT } from "../support/source-tree.ts";

const SEEDS = (process.env["CODIS_CHAOS_SEEDS"] ?? "101,102,103,104,105,106,107,108,109,110")
  .split(",")
  .map(Number);
const MINUTES = Number(process.env["CODIS_CHAOS_MINUTES"] ?? "10");
/** Beside the time under faults: the start, the rest, the check. */
const AROUND_MS = 10 * 60_000;

test.each(SEEDS)(
  "nothing is lost, doubled or stuck in minutes of chaos with seed %d",
  async (seed) => {
    const args = [
      join(ROOT, "test/chaos/run-main.ts"),
      "--seed",
      `${seed}`,
      "--minutes",
      `${MINUTES}`,
    ];
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
  },
  MINUTES * 60_000 + AROUND_MS,
);
