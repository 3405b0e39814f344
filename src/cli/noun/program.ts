/**
 * The frame of the everyday command lines, `codis NOUN VERB …` and `codis VERB …`: flags that all of them have,
 * help, errors as one line, the question before something is taken away, and the output for people or for
 * programs.
 */
import { Command, CommanderError, Option } from "commander";
import { V1Client } from "../../api/v1-client.ts";
import { CodisError } from "../../base/error.ts";
import { nearestName } from "../../base/nearest-name.ts";
import { parseServerAddr } from "../../model/address.ts";
import { EXIT } from "../exit-code.ts";
import { printOut } from "../output.ts";
import { explainFailure } from "../remote-failure.ts";
import { nextStepAfter } from "./next-step.ts";
import { agrees } from "./question.ts";

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
  readonly reason?: string;
}

/** What a verb answers: JSON for programs, and a text for people. */
export interface Answer {
  /** undefined: what there is to say to programs was printed already. */
  readonly json: unknown;
  readonly text: string;
  /** It was done, but not wholly: thrown after the answer is printed. */
  readonly failure?: CodisError | undefined;
  /** Instead of `EXIT.done`, where it is no failure either. */
  readonly exitCode?: number | undefined;
}

/** What one verb works with. */
export interface VerbCall<Flags> {
  readonly client: V1Client;
  readonly args: readonly string[];
  readonly flags: Flags & VerbFlags;
}

/** Flag, help, and the words that its value can be. */
export type VerbOption = readonly [flag: string, help: string, choices?: readonly string[]];

/** One verb of a noun. */
export interface Verb<Flags = object> {
  /** With its arguments as commander writes them: `show <gid>`. */
  readonly use: string;
  readonly summary: string;
  readonly options?: readonly VerbOption[];
  /** Words that the last argument can be, for completion. */
  readonly choices?: readonly string[];
  /** More for `--help`: what it does to data, an example. */
  readonly details?: string;
  /** The question before it is done; undefined: nothing is asked. Throws USAGE for wrong arguments. */
  readonly confirm?: (call: VerbCall<Flags>) => string | undefined;
  /** It asks by itself, in the midst of its work, unless `--yes` is there. */
  readonly asksItself?: boolean;
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

/** A verb that needs no noun: `codis rebalance`. */
export interface LoneVerb extends Pick<Noun, "examples" | "whenNotFound"> {
  /** Its `use` begins with its name. */
  readonly verb: Verb<never>;
}

/** Runs `codis NOUN ARGV`; resolves with the exit code, or throws a `CodisError`. */
export function runNoun(noun: Noun, argv: readonly string[]): Promise<number> {
  return runProgram({
    create: (hooks) => createProgram(noun, hooks),
    // Without a verb the help is what is wanted.
    argv: argv.length === 0 ? ["--help"] : argv,
    whenNotFound: noun.whenNotFound,
    describeSlip: (error) => describeSlip(noun, argv, error),
  });
}

/** Runs `codis VERB ARGV`; as `runNoun`. */
export function runLoneVerb(lone: LoneVerb, argv: readonly string[]): Promise<number> {
  const verb = lone.verb as Verb;
  return runProgram({
    create: (hooks) => createLoneProgram(lone, hooks),
    argv,
    whenNotFound: lone.whenNotFound,
    describeSlip: (error) => `${oneLine(error.message)}; see codis help ${verbName(verb)}`,
  });
}

/** One run of a program. */
interface ProgramRun {
  readonly create: (hooks: ProgramHooks) => Command;
  readonly argv: readonly string[];
  readonly whenNotFound: string | undefined;
  readonly describeSlip: (error: CommanderError) => string;
}

async function runProgram(run: ProgramRun): Promise<number> {
  const printed: string[] = [];
  let exitCode: number = EXIT.done;
  const program = run.create({
    print: (text) => printed.push(text),
    onVerb: async (...call) => {
      exitCode = await runVerb(run.whenNotFound, ...call);
    },
  });
  try {
    await program.parseAsync([...run.argv], { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) {
      throw thrown;
    }
    if (thrown.exitCode !== 0) {
      throw new CodisError("USAGE", run.describeSlip(thrown), { cause: thrown });
    }
    await printOut(printed.join(""));
  }
  return exitCode;
}

/** What a program does with its help texts and its verbs. */
interface ProgramHooks {
  readonly print: (text: string) => void;
  readonly onVerb: (verb: Verb, command: Command, given: readonly unknown[]) => Promise<void>;
}

/** The noun as a program of the library. */
function createProgram(noun: Noun, hooks: ProgramHooks): Command {
  const program = quieted(new Command(`codis ${noun.name}`), hooks)
    .description(noun.summary)
    .usage("VERB [ARGUMENTS] [FLAGS]")
    .helpCommand("help [verb]", "help for one verb, with its flags")
    .showSuggestionAfterError(false)
    .addHelpText(
      "after",
      `${describeExamples(noun)}\nMore about a verb: codis help ${noun.name} VERB`,
    );
  for (const verb of noun.verbs as readonly Verb[]) {
    fillCommand(quieted(program.command(verb.use), hooks), verb, hooks);
  }
  return program;
}

/** The verb as a program of the library. */
function createLoneProgram(lone: LoneVerb, hooks: ProgramHooks): Command {
  const verb = lone.verb as Verb;
  const program = quieted(new Command(`codis ${verbName(verb)}`), hooks);
  fillCommand(program.showSuggestionAfterError(false), verb, hooks);
  return program.addHelpText("after", describeExamples(lone).trimEnd());
}

/** Prints only where it is told to, and ends nothing. */
function quieted(command: Command, hooks: ProgramHooks): Command {
  return command
    .exitOverride()
    .configureOutput({ writeOut: hooks.print, writeErr: () => undefined })
    .configureHelp({
      helpWidth: HELP_WIDTH,
      subcommandTerm: (verb) => [verb.name(), ...argumentsOf(verb)].join(" "),
    });
}

function fillCommand(command: Command, verb: Verb, hooks: ProgramHooks): void {
  command.description(verb.summary).allowExcessArguments(false);
  for (const option of optionsOf(verb)) {
    command.addOption(option);
  }
  if (verb.details !== undefined) {
    command.addHelpText("after", `\n${verb.details}`);
  }
  command.action((...given: readonly unknown[]) => hooks.onVerb(verb, command, given));
}

/** All flags of a verb: its own, then those of every verb. */
export function optionsOf(verb: Verb<never>): readonly Option[] {
  return [
    ...(verb.options ?? []).map(([flag, help, choices]) => {
      const option = new Option(flag, help);
      return choices === undefined ? option : option.choices(choices);
    }),
    ...(isAsking(verb) ? [new Option("--yes", "don't ask")] : []),
    new Option("--reason <text>", "why, for the audit log, when something is changed"),
    new Option("--json", "for programs"),
    new Option(
      "--dashboard <addr>",
      `dashboard to ask (default: CODIS_DASHBOARD, else ${DEFAULT_DASHBOARD})`,
    ).argParser((text: string) => readDashboard(text, "--dashboard")),
    new Option("--api-token <secret>", "token of a user; better in CODIS_TOKEN"),
  ];
}

/** Whether somebody is asked before it is done. */
export function isAsking(verb: Verb<never>): boolean {
  return verb.confirm !== undefined || verb.asksItself === true;
}

function argumentsOf(command: Command): readonly string[] {
  return command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? "..." : "");
    return argument.required ? `<${name}>` : `[${name}]`;
  });
}

function describeExamples({ examples }: Pick<Noun, "examples">): string {
  const width = Math.max(...examples.map(([command]) => command.length));
  const lines = examples.map(([command, what]) => `  ${command.padEnd(width)}  # ${what}\n`);
  return `\nExamples:\n${lines.join("")}`;
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
  whenNotFound: string | undefined,
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
  const { reason } = flags;
  const call = { client: new V1Client({ addr, token, reason }), args, flags };
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
      whenNotFound,
      nextStepAfter,
    });
  }
  await printOut(flags.json === true ? showJson(answer.json) : answer.text);
  if (answer.failure !== undefined) {
    throw answer.failure;
  }
  return answer.exitCode ?? EXIT.done;
}

function showJson(json: unknown): string {
  return json === undefined ? "" : `${JSON.stringify(json, undefined, 2)}\n`;
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
