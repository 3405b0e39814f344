/**
 * Runs a client program (an interpreter with a workload, redis-cli, redis-benchmark) as a child process
 * of a test: with input, with all of its output in the error when it fails, and never longer than its
 * deadline. A program of a Debian package that isn't installed fails by the name of the package.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { withDeadline } from "../../support/deadline.ts";

/** What a workload prints when it wants the proxy to be restarted. */
const RESTART_LINE = "please restart the proxy\n";
const RUN_MS = 90_000;
const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});

/** What a program is run with. */
export interface ClientProcessOptions {
  /** Written to its standard input, which is then closed. */
  readonly input?: string | Buffer;
  /** Called when the program asks for a restart of the proxy; afterwards it is told to go on. */
  readonly restartProxy?: () => Promise<void>;
  readonly ms?: number;
}

/** Runs the program to its end; resolves with its output, rejects when the exit code isn't 0. */
export async function runClient(
  command: readonly string[],
  options: ClientProcessOptions = {},
): Promise<string> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  running.add(child);
  const output = { text: "", hasRestarted: false };
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const collect = (chunk: Buffer): void => {
    output.text += chunk.toString();
    if (options.restartProxy !== undefined && !output.hasRestarted) {
      if (output.text.includes(RESTART_LINE)) {
        output.hasRestarted = true;
        options.restartProxy().then(() => child.stdin.end("\n"), reject);
      }
    }
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  // A program that ends without reading its input is judged by its exit code.
  child.stdin.on("error", () => child.stdin.destroy());
  if (options.input !== undefined) child.stdin.end(options.input);
  const ended = new Promise<number | null>((resolve, refuse) => {
    child.once("error", refuse);
    child.once("close", resolve);
  });
  const name = command.join(" ");
  try {
    const end = Promise.race([ended, failed]);
    const code = await withDeadline(`end of ${name}`, options.ms ?? RUN_MS, end);
    if (code !== 0) throw new Error(`${name} ended with ${code}`);
  } catch (cause) {
    throw new Error(`${(cause as Error).message}; its output:\n${output.text}`, { cause });
  } finally {
    child.kill("SIGKILL");
    running.delete(child);
  }
  return output.text;
}

/** Throws with the name of the first Debian package that isn't installed. */
export function requireDebianPackages(...names: readonly string[]): void {
  for (const name of names) {
    const query = spawnSync("dpkg-query", ["-W", "-f", `\${Status}`, name], { encoding: "utf8" });
    if (query.stdout !== "install ok installed") {
      throw new Error(
        `the Debian package ${name} isn't installed (set-up reads scripts/debian-packages.txt)`,
      );
    }
  }
}

/** Path of a workload in this folder. */
export function workload(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
