/**
 * The frame of `codis config`: flags that all commands have, help, and what is printed. Answers are JSON as
 * the command line of Codis 2.0 prints it: indented by two, fields in the order of their names, and
 * `{"msg": "OK", "ret": 0}` for a change. What else there is to say goes to stderr.
 */
import { Command, CommanderError } from "commander";
import { CodisError, isCodisError } from "../../base/error.ts";
import type { LegacyFile } from "../../config/legacy-config.ts";
import { describeExitCodes, EXIT } from "../exit-code.ts";
import { printOut } from "../output.ts";
import { type ConfigTarget, findFile, reachDashboard } from "./target.ts";

/** Flags before the command. */
export interface GlobalFlags {
  readonly config?: string;
  readonly log?: string;
  readonly logLevel?: string;
}

/** What one command works with. */
export interface ConfigCall<Flags> {
  readonly args: readonly string[];
  readonly flags: Flags & GlobalFlags;
  readonly file: LegacyFile | undefined;
  /** The dashboard; rejects when it doesn't answer. */
  readonly dashboard: () => Promise<ConfigTarget>;
  /** One line for people. */
  readonly note: (line: string) => void;
}

/** One command. */
export interface ConfigVerb<Flags = object> {
  /** With its arguments as commander writes them: `info <id>`. */
  readonly use: string;
  readonly summary: string;
  readonly options?: readonly (readonly [flag: string, help: string])[];
  /** Resolves with what to print; a number is the exit code of a program that ran and printed for itself. */
  readonly run: (call: ConfigCall<Flags>) => Promise<unknown>;
}

/** Commands about one thing. */
export interface ConfigNoun {
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly ConfigVerb<never>[];
}

/** What a change answers. */
export const OK = { msg: "OK", ret: 0 } as const;

/** Runs `codis config ARGV`; resolves with the exit code, or rejects with a `CodisError`. */
export async function runProgram(
  nouns: readonly ConfigNoun[],
  verbs: readonly ConfigVerb<never>[],
  argv: readonly string[],
): Promise<number> {
  const printed: string[] = [];
  const program = new Run(nouns, verbs, (text) => printed.push(text));
  try {
    return await program.start(argv.length === 0 ? ["--help"] : argv);
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) {
      throw withoutCall(thrown);
    }
    if (thrown.exitCode !== 0) {
      const line = thrown.code === "commander.help" ? "a command is missing" : thrown.message;
      const noun = nouns.find(({ name }) => argv.includes(name));
      const help = noun === undefined ? "codis config" : `codis config ${noun.name}`;
      throw new CodisError("USAGE", `${oneLine(line)}; see ${help} --help`, { cause: thrown });
    }
    await printOut(printed.join(""));
    return EXIT.done;
  }
}

/** JSON as Codis 2.0 prints it. */
export function formatAnswer(value: unknown): string {
  return `${JSON.stringify(sortFields(value), undefined, 2)}\n`;
}

/** One command line. */
class Run {
  readonly #program: Command;
  #exitCode: number = EXIT.done;

  constructor(
    nouns: readonly ConfigNoun[],
    verbs: readonly ConfigVerb<never>[],
    print: (text: string) => void,
  ) {
    const quiet = (command: Command): Command =>
      command.exitOverride().configureOutput({ writeOut: print, writeErr: () => undefined });
    this.#program = quiet(new Command("codis config"))
      .description("The command line of Codis 1.9 and 2.0.")
      .option("-c, --config <file>", "configuration file; without it config.ini, if it is there")
      .option("-L, --log <file>", "log of the dashboard; other commands have none")
      .option("--log-level <level>", "its level: INFO, WARN, DEBUG, ERROR")
      .addHelpText("after", HELP_END);
    for (const noun of nouns) {
      const parent = quiet(this.#program.command(noun.name)).description(noun.summary);
      for (const verb of noun.verbs as readonly ConfigVerb[]) {
        this.#add(quiet(parent.command(verb.use)), verb);
      }
    }
    for (const verb of verbs as readonly ConfigVerb[]) {
      this.#add(quiet(this.#program.command(verb.use)), verb);
    }
  }

  async start(argv: readonly string[]): Promise<number> {
    await this.#program.parseAsync([...argv], { from: "user" });
    return this.#exitCode;
  }

  #add(command: Command, verb: ConfigVerb): void {
    command.description(verb.summary).allowExcessArguments(false);
    for (const [flag, help] of verb.options ?? []) {
      command.option(flag, help);
    }
    command.action(async (...given: readonly unknown[]) => {
      const answer = await verb.run(this.#callOf(command, given));
      if (typeof answer === "number") {
        this.#exitCode = answer;
      } else {
        await printOut(formatAnswer(answer));
      }
    });
  }

  #callOf(command: Command, given: readonly unknown[]): ConfigCall<object> {
    const flags: GlobalFlags = command.optsWithGlobals();
    const note = (line: string): void => {
      process.stderr.write(`codis config: ${line}\n`);
    };
    const file = findFile(flags.config);
    for (const warning of file?.warnings ?? []) {
      note(warning);
    }
    return {
      // The library gives the arguments, then the flags, then the command itself.
      args: given.slice(0, -2).filter((arg): arg is string => typeof arg === "string"),
      flags,
      file,
      dashboard: () => reachDashboard(file),
      note,
    };
  }
}

const HELP_END = `
Each command has --help as well. CODIS_TOKEN in the environment is the secret of a user of /api/v1, for a
product that has users. Today's form of all this: codis group|server|slot|proxy|product.

Exit codes:
${describeExitCodes()}`;

/** What the dashboard says is what counts; by which call it came to say so is for logs. */
function withoutCall(thrown: unknown): unknown {
  const reason = isCodisError(thrown) ? thrown.context["reason"] : undefined;
  return isCodisError(thrown) && typeof reason === "string"
    ? new CodisError(thrown.code, reason, { cause: thrown })
    : thrown;
}

function sortFields(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sortFields);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const fields = Object.entries(value).map(([name, field]) => [name, sortFields(field)] as const);
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function oneLine(message: string): string {
  return message
    .replace(/^error: /, "")
    .replaceAll(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
}
