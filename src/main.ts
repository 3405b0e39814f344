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
      return (await isVerbOf(name, argv[0]))
        ? runNounNamed(name, argv)
        : (await import("./proxy/main.ts")).runProxy(argv);
    case "server":
      return argv[0] === undefined || isHelp(argv[0]) || (await isVerbOf(name, argv[0]))
        ? runNounNamed(name, argv)
        : refuseServer();
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
    case "product":
    case "group":
    case "slot":
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

/** Whether `codis NAME WORD …` is a verb of an everyday command line, not the program of that name. */
async function isVerbOf(name: string, word: string | undefined): Promise<boolean> {
  // Most starts of a proxy end here without loading the command lines.
  if (word === undefined || word.startsWith("-")) {
    return false;
  }
  const { findNoun, isVerb } = await import("./cli/noun/noun.ts");
  const noun = findNoun(name);
  return noun !== undefined && isVerb(noun, word);
}

async function runNounNamed(name: string, argv: string[]): Promise<number> {
  const { findNoun } = await import("./cli/noun/noun.ts");
  const noun = findNoun(name);
  if (noun === undefined) {
    throw new CodisError("INTERNAL", `no noun ${name}`);
  }
  return (await import("./cli/noun/program.ts")).runNoun(noun, argv);
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

/** What codis-server of Codis does: a Redis with the slot commands. */
function refuseServer(): never {
  throw new CodisError(
    "NOT_SUPPORTED",
    "codis-server FILE.conf arrives with a later release, stock redis-server works as well; " +
      "for the servers of a product see codis server --help",
  );
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
