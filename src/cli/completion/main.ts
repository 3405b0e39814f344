/**
 * `codis completion SHELL`: prints the script that completes command lines of `codis` in a shell. It is made
 * anew each time, so it always fits the program that it comes from. The scripts of some shells ask back, with
 * `codis completion offer WORDS…`, what can stand at the end of a line.
 */
import { CodisError } from "../../base/error.ts";
import { EXIT } from "../exit-code.ts";
import { printOut } from "../output.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { offersFor, SHELLS } from "./offer.ts";
import { describeWords } from "./word-table.ts";
import { zshScript } from "./zsh.ts";

const HELP = `\
Prints a script that completes command lines of codis and codis-admin.

Usage: codis completion SHELL

bash, for this shell:  source <(codis completion bash)
  for every new one:   put that line into ~/.bashrc
zsh, for this shell:   source <(codis completion zsh)
  for every new one:   put that line into ~/.zshrc, behind compinit
fish, for this shell:  codis completion fish | source
  for every new one:   codis completion fish > ~/.config/fish/completions/codis.fish
`;

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], () => string>> = {
  bash: () => bashScript(describeWords()),
  zsh: zshScript,
  fish: fishScript,
};

/** `codis completion ARGV`; resolves with the exit code, or throws USAGE. */
export async function runCompletion(argv: readonly string[]): Promise<number> {
  const [first, ...more] = argv;
  if (first === undefined || first === "--help" || first === "-h") {
    await printOut(HELP);
    return EXIT.done;
  }
  if (first === "offer") {
    const offers = offersFor(describeWords(), more);
    await printOut(offers.map((word) => `${word}\n`).join(""));
    return EXIT.done;
  }
  const shell = SHELLS.find((name) => name === first);
  if (shell === undefined || more.length > 0) {
    throw new CodisError(
      "USAGE",
      `there is no completion for ${JSON.stringify(argv.join(" "))}; expected codis completion ` +
        SHELLS.join(", "),
    );
  }
  await printOut(SCRIPTS[shell]());
  return EXIT.done;
}
