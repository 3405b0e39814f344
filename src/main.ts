/**
 * Start of every program: `codis COMMAND …`. Looks at the first argument only and hands the others to
 * the command, which is loaded when it is asked for, so that none pays for another's modules.
 *
 * Each command takes its arguments and resolves with an exit code, or rejects with a `CodisError`, which
 * becomes one line and an exit code here.
 */
import { CodisError } from "./base/error.ts";
import { RUNTIME, VERSION } from "./base/version.ts";
import { describeFailure, EXIT, exitCodeOf } from "./cli/exit-code.ts";
import { describeUnknown, describeUsage, SUBCOMMANDS } from "./cli/subcommand.ts";

async function run(name: string | undefined, argv: string[]): Promise<number> {
  switch (name) {
    case "proxy":
      return (await import("./proxy/main.ts")).runProxy(argv);
    case "up":
      return (await import("./up/main.ts")).runUp(argv);
    case "down":
      return (await import("./up/main.ts")).runDown(argv);
    case "status":
      return (await import("./up/main.ts")).runStatus(argv);
    case "--version":
    case "-V":
      process.stdout.write(`codis ${VERSION}\n${RUNTIME}\n`);
      return EXIT.done;
    case "--help":
    case "-h":
    case "help":
      process.stdout.write(describeUsage());
      return EXIT.done;
    case undefined:
      process.stderr.write(describeUsage());
      return EXIT.usage;
    default:
      throw SUBCOMMANDS.some((command) => command.name === name)
        ? new CodisError("NOT_SUPPORTED", `codis ${name} arrives with a later release`)
        : new CodisError("USAGE", describeUnknown(name));
  }
}

async function main(): Promise<number> {
  const [name, ...argv] = process.argv.slice(2);
  try {
    return await run(name, argv);
  } catch (thrown) {
    const isKnown = SUBCOMMANDS.some((command) => command.name === name && command.isHere);
    process.stderr.write(describeFailure(isKnown ? `codis ${name}` : "codis", thrown));
    return exitCodeOf(thrown);
  }
}

// Whatever a command left open (an idle connection, a timer) must not keep the program alive.
process.exit(await main());
