/**
 * Start of every program: `codis COMMAND …`. Looks at the first argument only and hands the others to
 * the command, which is loaded when it is asked for, so that none pays for another's modules.
 *
 * Each command takes its arguments and resolves with an exit code, or rejects with a `CodisError`, which
 * becomes one line and an exit code here.
 */
import { CodisError } from "./base/error.ts";
import { oldProgramName, takeProgramName, WORKER_COMMAND } from "./base/program-place.ts";
import { RUNTIME, VERSION } from "./base/version.ts";
import { describeFailure, EXIT, exitCodeOf } from "./cli/exit-code.ts";
import { describeUnknown, describeUsage, SUBCOMMANDS } from "./cli/subcommand.ts";

async function run(name: string | undefined, argv: string[]): Promise<number> {
  switch (name) {
    case "proxy":
      // The proxy itself takes only flags, so a word is a verb, or a slip.
      return argv[0] === undefined || argv[0].startsWith("-")
        ? (await import("./proxy/main.ts")).runProxy(argv)
        : runNounNamed(name, argv);
    case "server":
      return runServer(argv);
    case "ha":
      // As the original, the daemon takes only flags.
      return argv[0] === undefined || argv[0].startsWith("-")
        ? (await import("./cli/ha/main.ts")).runHa(argv)
        : runNounNamed(name, argv);
    case "fe":
      return (await import("./fe/main.ts")).runFe(argv);
    case "dashboard":
      return (await import("./dashboard/main.ts")).runDashboard(argv);
    case "admin":
      return (await import("./cli/admin/main.ts")).runAdmin(argv);
    case "config":
      return (await import("./cli/config/main.ts")).runConfig(argv, async (start) =>
        (await import("./dashboard/main.ts")).runDashboard(start.argv, start.readConfig),
      );
    case "up":
      return (await import("./up/main.ts")).runUp(argv);
    case "down":
      return (await import("./up/main.ts")).runDown(argv);
    case "status":
      return (await import("./up/main.ts")).runStatus(argv);
    case WORKER_COMMAND:
      return runWorker();
    case "version":
    case "--version":
    case "-V":
      return printVersion();
    case "completion":
      return (await import("./cli/completion/main.ts")).runCompletion(argv);
    case "help":
      if (argv[0] !== undefined) {
        return runHelp(argv[0], argv.slice(1));
      }
      process.stdout.write(describeUsage());
      return EXIT.done;
    case "--help":
    case "-h":
      process.stdout.write(describeUsage());
      return EXIT.done;
    case undefined:
      process.stderr.write(describeUsage());
      return EXIT.usage;
    case "rebalance": {
      const { LONE_REBALANCE } = await import("./cli/noun/rebalance.ts");
      return (await import("./cli/noun/program.ts")).runLoneVerb(LONE_REBALANCE, argv);
    }
    case "product":
    case "group":
    case "slot":
    case "plan":
    case "operation":
    case "sentinel":
    case "user":
    case "audit":
      return runNounNamed(name, argv);
    default:
      throw SUBCOMMANDS.some((command) => command.name === name)
        ? new CodisError("NOT_SUPPORTED", `codis ${name} arrives with a later release`)
        : new CodisError("USAGE", describeUnknown(name));
  }
}

/** `codis help NAME [VERB]`: what `codis NAME [VERB] --help` prints; for a noun, that of its verbs. */
async function runHelp(name: string, words: readonly string[]): Promise<number> {
  const { findNoun } = await import("./cli/noun/noun.ts");
  const argv = [...words, "--help"];
  return findNoun(name) === undefined ? run(name, argv) : runNounNamed(name, argv);
}

async function runNounNamed(name: string, argv: string[]): Promise<number> {
  const { findNoun } = await import("./cli/noun/noun.ts");
  const noun = findNoun(name);
  if (noun === undefined) {
    throw new CodisError("INTERNAL", `no noun ${name}`);
  }
  return (await import("./cli/noun/program.ts")).runNoun(noun, argv);
}

function printVersion(): number {
  process.stdout.write(`codis ${VERSION}\n${RUNTIME}\n`);
  return EXIT.done;
}

/** A worker process, which ends itself. */
async function runWorker(): Promise<never> {
  takeProgramName();
  await import("./proxy/worker/child-main.ts");
  return new Promise(() => undefined);
}

/** With a file or flags: a Redis with the slot commands, as codis-server of Codis; else verbs. */
async function runServer(argv: string[]): Promise<number> {
  const isHelp = argv[0] === "--help" || argv[0] === "-h";
  const program = await import("./up/server-program.ts");
  return !isHelp && program.isServerArgument(argv[0])
    ? program.runServer(argv)
    : runNounNamed("server", argv);
}

/** The command and its arguments; the name by which the program was started may be the command. */
function words(): string[] {
  const given = process.argv.slice(2);
  const program = oldProgramName();
  // What follows are no verbs of `codis server`.
  const first = program === "server" ? [program, "--"] : [program ?? []].flat();
  return [...first, ...given];
}

async function main(): Promise<number> {
  const [name, ...argv] = words();
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
