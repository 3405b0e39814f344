/**
 * Runs `bin/codis` for tests as a user would: as a process with arguments, output, signals and an exit
 * code. Every program started here is ended when the test process exits.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { withDeadline } from "./deadline.ts";

/** Absolute path of the launcher. */
export const CODIS = fileURLToPath(new URL("../../bin/codis", import.meta.url));

/** How a program ended. */
export interface CodisExit {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running program. */
export interface CodisProgram {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves when stdout and stderr together contain the pattern; rejects when the program ends first. */
  sees(pattern: RegExp, ms?: number): Promise<RegExpExecArray>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when the program has ended. */
  ended(ms?: number): Promise<CodisExit>;
}

/** More for `startCodis`. */
export interface CodisOptions {
  /** Instead of this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Another launcher: `bin/codis-proxy`. */
  readonly launcher?: string;
}

const RUN_MS = 90_000;

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});

/** Starts `codis` with the arguments. */
export function startCodis(args: readonly string[], options: CodisOptions = {}): CodisProgram {
  const child = spawn(options.launcher ?? CODIS, args, {
    env: { ...(options.env ?? process.env) },
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  running.add(child);
  const output = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  const collect = (name: "stdout" | "stderr") => (chunk: Buffer) => {
    output[name] += chunk.toString();
    for (const listener of listeners) {
      listener();
    }
  };
  child.stdout.on("data", collect("stdout"));
  child.stderr.on("data", collect("stderr"));
  const exit = new Promise<CodisExit>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      running.delete(child);
      resolve({ code, ...output });
    });
  });
  exit.catch(() => undefined);

  const name = `codis ${args.join(" ")}`;
  return {
    pid: child.pid ?? 0,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    sees(pattern, ms = RUN_MS) {
      const found = new Promise<RegExpExecArray>((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(output.stdout + output.stderr);
          if (match !== null) {
            listeners.delete(look);
            resolve(match);
          }
        };
        listeners.add(look);
        exit.then(({ code }) => {
          look();
          reject(new Error(`${name} ended (${code}) without ${pattern}:\n${show(output)}`));
        }, reject);
        look();
      });
      return withDeadline(`${pattern} from ${name}`, ms, found);
    },
    signal: (signal) => child.kill(signal),
    ended: (ms = RUN_MS) => withDeadline(`end of ${name}`, ms, exit),
  };
}

/** Runs `codis` to its end. */
export function runCodis(
  args: readonly string[],
  options: CodisOptions = {},
  ms = RUN_MS,
): Promise<CodisExit> {
  return startCodis(args, options).ended(ms);
}

function show(output: { readonly stdout: string; readonly stderr: string }): string {
  return `${output.stdout}${output.stderr}`;
}
