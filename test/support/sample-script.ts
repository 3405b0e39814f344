/**
 * The scripts of `deploy/sample`, run as an operator runs them, with settings in the environment.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { withDeadline } from "./deadline.ts";

/** Absolute path of the folder. */
export const SAMPLE_FOLDER = fileURLToPath(new URL("../../deploy/sample", import.meta.url));
const RUN_MS = 60_000;

/** Runs a script to its end; resolves with what it printed, or rejects with that when it fails. */
export function runSample(
  script: string,
  settings: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(`./${script}`, [], {
    cwd: SAMPLE_FOLDER,
    env: { ...process.env, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    // Not "close": programs that it started may have its output still.
    child.once("exit", (code) => {
      if (code === 0) {
        resolve(output);
      } else {
        reject(new Error(`${script} ended with ${code}:\n${output}`));
      }
    });
  });
  return withDeadline(`end of ${script}`, RUN_MS, ended).finally(() => child.kill("SIGKILL"));
}
