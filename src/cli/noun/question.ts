/**
 * The question before something is done that can't be taken back, asked at a terminal. Where there is none,
 * nobody could answer, so the command line has to say `--yes` itself.
 */
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { CodisError } from "../../base/error.ts";

/** Whether somebody can be asked. */
export function hasSomebodyToAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks; true for yes. Throws USAGE where nobody can be asked. */
export async function agrees(question: string): Promise<boolean> {
  if (!hasSomebodyToAsk()) {
    throw new CodisError(
      "USAGE",
      `${question} Nothing was done: say --yes where nobody can be asked`,
    );
  }
  // The terminal's own line editing: Ctrl+C ends the program as everywhere else.
  const terminal = createInterface({
    input: process.stdin,
    output: process.stderr,
    terminal: false,
  });
  const ended = once(terminal, "close").then(() => "no");
  try {
    const reply = await Promise.race([terminal.question(`${question} [y/N] `), ended]);
    return /^y(es)?$/i.test(reply.trim());
  } finally {
    terminal.close();
  }
}
