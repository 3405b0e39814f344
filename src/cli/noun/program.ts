/**
 * The frame of the everyday command lines, `codis NOUN VERB …`: flags that all of them have, help, errors
 * as one line, the question before something is taken away, and the output for people or for programs.
 */
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { Command, CommanderError, Option } from "commander";
import { V1Client } from "../../api/v1-client.ts";
import { CodisError } from "../../base/error.ts";
import { nearestName } from "../../base/nearest-name.ts";
import { parseServerAddr } from "../../model/address.ts";
import { EXIT } from "../exit-code.ts";
import { printOut } from "../output.ts";
import { explainFailure } from "../remote-failure.ts";

/** Where a dashboard is when nobody says: where `codis up` has its own. */
export const DEFAULT_DASHBOARD = "127.0.0.1:18080";

/** Width of help texts, characters. */
const HELP_WIDTH = 100;

/** Flags of every verb. */
export interface VerbFlags {
  readonly dashboard?: string;
  readonly apiToken?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** What a verb answers: JSON for programs, and a text for people. */
export interface Answer {
  readonly json: unknown;
  readonly text: string;
  /** It was done, but not wholly: thrown after the answer is printed. */
  readonly failure?: CodisError | undefined;
}

/** What one verb works with. */
export interface VerbCall<Flags> {
  readonly client: V1Client;
  readonly args: readonly string[];
  readonly flags: Flags & VerbFlags;
}

/** One verb of a noun. */
export interface Verb<Flags = object> {
  /** With its arguments as commander writes them: `show <gid>`. */
  readonly use: string;
  readonly summary: string;
  readonly options?: readonly (readonly [flag: string, help: string])[];
  /** Words that the last argument can be, for completion. */
  readonly choices?: readonly string[];
  /** More for `--help`: what it does to data, an example. */
  readonly details?: string;
  /** The question before it is done; undefined: nothing is asked. Throws USAGE for wrong arguments. */
  readonly confirm?: (call: VerbCall<Flags>) => string | undefined;
  readonly run: (call: VerbCall<Flags>) => Promise<Answer>;
}

/** A noun and its verbs. */
export interface Noun {
  readonly name: string;
  readonly summary: string;
  /** Command lines that show what it is for, with what they do, for `--help` and the documents. */
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** End of the line when the dashboard knows no such thing. */
  readonly whenNotFound?: string;
  readonly verbs: readonly Verb<never>[];
}

/** Runs `codis NOUN ARGV`; resolves with the exit code, or throws a `CodisError`. */
export async function runNoun(noun: Noun, argv: readonly string[]): Promise<number> {
  const printed: string[] = [];
  let exitCode: number = EXIT.done;
  const program = createProgram(noun, {
    print: (text) => printed.push(text),
    onVerb: async (...call) => {
      exitCode = await runVerb(noun, ...call);
    },
  });
  try {
    // Without a verb the help is what is wanted.
    await program.parseAsync(argv.length === 0 ? ["--help"] : [...argv], { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) {
      throw thrown;
    }
    if (thrown.exitCode !== 0) {
      throw new CodisError("USAGE", describeSlip(noun, argv, thrown), { cause: thrown });
    }
    await printOut(printed.join(""));
  }
  return exitCode;
}

/** What a program of a noun does with its help texts and its verbs. */
interface ProgramHooks {
  readonly print: (text: string) => void;
  readonly onVerb: (verb: Verb, command: Command, given: readonly unknown[]) => Promise<void>;
}

/** The noun as a program of the library. */
function createProgram(noun: Noun, hooks: ProgramHooks): Command {
  const output = { writeOut: hooks.print, writeErr: () => undefined };
  const quiet = (command: Command): Command =>
    command
      .exitOverride()
      .configureOutput(output)
      .configureHelp({
        helpWidth: HELP_WIDTH,
        subcommandTerm: (verb) => [verb.name(), ...argumentsOf(verb)].join(" "),
      });
  const program = quiet(new Command(`codis ${noun.name}`))
    .description(noun.summary)
    .usage("VERB [ARGUMENTS] [FLAGS]")
    .helpCommand("help [verb]", "help for one verb, with its flags")
    .showSuggestionAfterError(false)
    .addHelpText("after", describeExamples(noun));
  for (const verb of noun.verbs as readonly Verb[]) {
    const command = quiet(program.command(verb.use))
      .description(verb.summary)
      .allowExcessArguments(false);
    for (const option of optionsOf(verb)) {
      command.addOption(option);
    }
    if (verb.details !== undefined) {
      command.addHelpText("after", `\n${verb.details}`);
    }
    command.action((...given: readonly unknown[]) => hooks.onVerb(verb, command, given));
  }
  return program;
}

/** All flags of a verb: its own, then those of every verb. */
export function optionsOf(verb: Verb<never>): readonly Option[] {
  return [
    ...(verb.options ?? []).map(([flag, help]) => new Option(flag, help)),
    ...(verb.confirm === undefined ? [] : [new Option("--yes", "don't ask")]),
    new Option("--json", "for programs"),
    new Option(
      "--dashboard <addr>",
      `dashboard to ask (default: CODIS_DASHBOARD, else ${DEFAULT_DASHBOARD})`,
    ).argParser((text: string) => readDashboard(text, "--dashboard")),
    new Option("--api-token <secret>", "token of a user; better in CODIS_TOKEN"),
  ];
}

function argumentsOf(command: Command): readonly string[] {
  return command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? "..." : "");
    return argument.required ? `<${name}>` : `[${name}]`;
  });
}

function describeExamples(noun: Noun): string {
  const width = Math.max(...noun.examples.map(([command]) => command.length));
  const lines = noun.examples.map(([command, what]) => `  ${command.padEnd(width)}  # ${what}\n`);
  return `\nExamples:\n${lines.join("")}\nMore about a verb: codis help ${noun.name} VERB`;
}

/** One line for a wrong command line, with the way to the right one. */
function describeSlip(noun: Noun, argv: readonly string[], error: CommanderError): string {
  const verbs = noun.verbs.map((verb) => verbName(verb));
  if (error.code === "commander.unknownCommand" || error.code === "commander.help") {
    const word = argv.find((arg) => !arg.startsWith("-")) ?? "";
    const nearest = nearestName(word, verbs);
    const hint =
      nearest === undefined ? `expected ${verbs.join(", ")}` : `did you mean ${nearest}?`;
    return `there is no verb ${JSON.stringify(word)}; ${hint}`;
  }
  const topic = verbs.some((name) => name === argv[0]) ? `${noun.name} ${argv[0]}` : noun.name;
  return `${oneLine(error.message)}; see codis help ${topic}`;
}

/** First word of `use`. */
export function verbName(verb: Verb<never>): string {
  return verb.use.split(" ")[0] ?? "";
}

async function runVerb(
  noun: Noun,
  verb: Verb,
  command: Command,
  given: readonly unknown[],
): Promise<number> {
  const flags: VerbFlags = command.opts();
  // The library gives the arguments, then the flags, then the command itself.
  const args = given
    .slice(0, -2)
    .flat()
    .filter((arg): arg is string => typeof arg === "string");
  const token = flags.apiToken ?? process.env["CODIS_TOKEN"];
  const addr = flags.dashboard ?? findDashboard();
  const call = { client: new V1Client({ addr, token }), args, flags };
  const question = verb.confirm?.(call);
  if (question !== undefined && flags.yes !== true && !(await agrees(question))) {
    process.stderr.write("nothing was changed\n");
    return EXIT.failed;
  }
  let answer: Answer;
  try {
    answer = await verb.run(call);
  } catch (thrown) {
    throw explainFailure(thrown, {
      kind: "dashboard",
      addr,
      whenAbsent: "start one with codis up, or name it with --dashboard or CODIS_DASHBOARD",
      whenOther: "name its admin address with --dashboard or CODIS_DASHBOARD",
      hasToken: token !== undefined,
      whenNotFound: noun.whenNotFound,
    });
  }
  await printOut(
    flags.json === true ? `${JSON.stringify(answer.json, undefined, 2)}\n` : answer.text,
  );
  if (answer.failure !== undefined) {
    throw answer.failure;
  }
  return EXIT.done;
}

/** Asks at a terminal. Elsewhere nobody could answer, so the flag is needed: throws USAGE. */
async function agrees(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
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

function findDashboard(): string {
  const text = process.env["CODIS_DASHBOARD"];
  return text === undefined || text === ""
    ? DEFAULT_DASHBOARD
    : readDashboard(text, "CODIS_DASHBOARD");
}

function readDashboard(text: string, what: string): string {
  // A browser's address is what `codis up` prints.
  const addr = text.replace(/^http:\/\//, "").replace(/\/+$/, "");
  if (parseServerAddr(addr) === undefined) {
    throw new CodisError("USAGE", `invalid ${what} ${text}: expected host:port`);
  }
  return addr;
}

function oneLine(message: string): string {
  return message
    .replace(/^error: /, "")
    .replaceAll(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
}
