/**
 * Runs `bin/codis` for tests on a terminal of its own, as a person would: what it draws, keys that are typed, and
 * its exit code. Needs `script` of util-linux. Programs end when the test process exits.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { CODIS } from "./codis-program.ts";
import { waitFor, withDeadline } from "./deadline.ts";
import { screenRows } from "./terminal-screen.ts";

const WAIT_MS = 20_000;

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});

/** A program on a terminal. */
export interface TerminalProgram {
  /** Types. `\u0003` is Ctrl+C. */
  type(text: string): void;
  /** Rows that the terminal shows now, stdout and stderr together. */
  rows(): readonly string[];
  /** Resolves when they have this text. */
  sees(text: string): Promise<void>;
  /** Resolves with the exit code. */
  ended(): Promise<number | null>;
}

/** Starts `codis LINE`, with the arguments at its blanks, on a terminal that is so wide. */
export function startAtTerminal(
  line: string,
  env: Readonly<Record<string, string | undefined>>,
  columns = 80,
): TerminalProgram {
  const command = `stty cols ${columns} -echo; exec ${CODIS} ${line}`;
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  running.add(child);
  const ended = once(child, "close").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const rows = (): readonly string[] => screenRows(output);
  return {
    type: (text) => void child.stdin.write(text),
    rows,
    async sees(text) {
      await waitFor(`${JSON.stringify(text)} of codis ${line}`, WAIT_MS, async () =>
        rows().some((row) => row.includes(text)) ? true : undefined,
      ).catch((thrown: unknown) => {
        throw new Error(`${String(thrown)}; it shows:\n${rows().join("\n")}`);
      });
    },
    ended: () => withDeadline(`end of codis ${line}`, WAIT_MS, ended),
  };
}
