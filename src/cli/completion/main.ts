/**
 * `codis completion bash`: prints the script that completes command lines of `codis` in a shell. It is made
 * anew each time, so it always fits the program that it comes from.
 */
import { CodisError } from "../../base/error.ts";
import { EXIT } from "../exit-code.ts";
import { printOut } from "../output.ts";
import { bashScript } from "./bash.ts";
import { describeWords } from "./word-table.ts";

const HELP = `\
Prints a script that completes command lines of codis and codis-admin.

Usage: codis completion bash

For this shell:      source <(codis completion bash)
For every new one:   put that line into ~/.bashrc
`;

/** `codis completion ARGV`; resolves with the exit code, or throws USAGE. */
export async function runCompletion(argv: readonly string[]): Promise<number> {
  const [shell, ...more] = argv;
  if (shell === undefined || shell === "--help" || shell === "-h") {
    await printOut(HELP);
    return EXIT.done;
  }
  if (shell !== "bash" || more.length > 0) {
    throw new CodisError(
      "USAGE",
      `there is no completion for ${JSON.stringify(argv.join(" "))}; expected codis completion bash`,
    );
  }
  await printOut(bashScript(describeWords()));
  return EXIT.done;
}
