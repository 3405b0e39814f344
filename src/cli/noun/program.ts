/**
 * The frame of the everyday command lines, `codis NOUN VERB …`: flags that all of them have, help, errors
 * as one line, the question before something is taken away, and the output for people or for programs.
 */
import { createInterface } from "node:readline/promises";
import { Command, CommanderError, Option } from "commander";
import { V1Client } from "../../api/v1-client.ts";
import { CodisError } from "../../base/error.ts";
import { parseServerAddr } from "../../model/address.ts";
import { EXIT } from "../exit-code.ts";

/** Where a dashboard is when nobody says: where `codis up` has its own. */
export const DEFAULT_DASHBOARD = "127.0.0.1:18080";

/** Flags of every verb. */
export interface VerbFlags {
  readonly dashboard: string;
  readonly apiToken?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** What a verb answers: JSON for programs, and a text for people. */
export interface Answer {
  readonly json: unknown;
  readonly text: string;
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
  /** More for `--help`: what it does to data, an example. */
  readonly details?: string;
  /** The question before it is done; without it nothing is asked. */
  readonly confirm?: (call: VerbCall<Flags>) => string;
  readonly run: (call: VerbCall<Flags>) => Promise<Answer>;
}

/** A noun and its verbs. */
export interface Noun {
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly Verb<never>[];
}

/** Runs `codis NOUN ARGV`; resolves with the exit code, or throws a `CodisError`. */
export async function runNoun(noun: Noun, argv: readonly string[]): Promise<number> {
  const printed: string[] = [];
  const program = createProgram(noun, (text) => printed.push(text));
  try {
    // Without a verb the help is what is wanted.
    await program.parseAsync(argv.length === 0 ? ["--help"] : [...argv], { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) {
      throw thrown;
    }
    if (thrown.exitCode !== 0) {
      throw new CodisError("USAGE", `${oneLine(thrown.message)}; see codis ${noun.name} --help`, {
        cause: thrown,
      });
    }
    process.stdout.write(printed.join(""));
  }
  return EXIT.done;
}

/** The noun as a program of the library, for running and for shell completion. */
export function createProgram(noun: Noun, print: (text: string) => void): Command {
  const output = { writeOut: print, writeErr: () => undefined };
  const program = new Command(`codis ${noun.name}`)
    .description(noun.summary)
    .exitOverride()
    .configureOutput(output);
  for (const verb of noun.verbs as readonly Verb[]) {
    const command = program
      .command(verb.use)
      .description(verb.summary)
      .exitOverride()
      .configureOutput(output)
      .allowExcessArguments(false)
      .addOption(
        new Option("--dashboard <addr>", "dashboard to ask; also in CODIS_DASHBOARD")
          .default(process.env["CODIS_DASHBOARD"] ?? DEFAULT_DASHBOARD)
          .argParser(readAddr),
      )
      .option("--api-token <secret>", "token of a user; better in CODIS_TOKEN");
    for (const [flag, help] of verb.options ?? []) {
      command.option(flag, help);
    }
    command.option("--json", "for programs");
    if (verb.confirm !== undefined) {
      command.option("--yes", "don't ask");
    }
    if (verb.details !== undefined) {
      command.addHelpText("after", `\n${verb.details}`);
    }
    command.action((...given: readonly unknown[]) => runVerb(noun, verb, command, given));
  }
  return program;
}

async function runVerb(
  noun: Noun,
  verb: Verb,
  command: Command,
  given: readonly unknown[],
): Promise<void> {
  const flags: VerbFlags = command.opts();
  // The library gives the arguments, then the flags, then the command itself.
  const args = given
    .slice(0, -2)
    .flat()
    .filter((arg): arg is string => typeof arg === "string");
  const token = flags.apiToken ?? process.env["CODIS_TOKEN"];
  const client = new V1Client({ addr: flags.dashboard, ...(token === undefined ? {} : { token }) });
  const call = { client, args, flags };
  if (verb.confirm !== undefined && flags.yes !== true) {
    await ask(verb.confirm(call), `codis ${noun.name} ${command.name()}`);
  }
  const answer = await verb.run(call);
  process.stdout.write(
    flags.json === true ? `${JSON.stringify(answer.json, undefined, 2)}\n` : answer.text,
  );
}

/** Asks at a terminal; elsewhere nobody could answer, so the flag is needed. */
async function ask(question: string, command: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CodisError("USAGE", `${question} To do it, run ${command} with --yes`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const reply = await terminal.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(reply.trim())) {
      throw new CodisError("USAGE", "nothing was changed");
    }
  } finally {
    terminal.close();
  }
}

function readAddr(text: string): string {
  // A browser's address is what `codis up` prints.
  const addr = text.replace(/^http:\/\//, "").replace(/\/+$/, "");
  if (parseServerAddr(addr) === undefined) {
    throw new CodisError("USAGE", `invalid --dashboard ${text}: expected host:port`);
  }
  return addr;
}

function oneLine(message: string): string {
  return message
    .replace(/^error: /, "")
    .replaceAll(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
}
