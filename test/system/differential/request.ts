/**
 * Random requests: a command of the corpus with its arguments, now and then broken (an argument too few or
 * too many, nonsense in place of one, another spelling of the name).
 */
import { COMMANDS } from "../../../src/command/table.ts";
import { LIST_AND_HASH_CORPUS, SET_CORPUS, STREAM_CORPUS, STRING_CORPUS } from "./data-corpus.ts";
import { type Argument, type Argv, Template, type Vocabulary } from "./grammar.ts";
import type { Random } from "./random.ts";
import {
  KEY_CORPUS,
  SCRIPT_CORPUS,
  SERVER_CORPUS,
  SESSION_CORPUS,
  UNKNOWN_CORPUS,
} from "./server-corpus.ts";
import { Words } from "./vocabulary.ts";

/** One command for both servers. */
export interface Request {
  /** Name as in the command table. */
  readonly command: string;
  readonly argv: Argv;
}

/** How often commands come, in relation to one another. */
const WEIGHTS: readonly (readonly [corpus: string, weight: number])[] = [
  [STRING_CORPUS, 8],
  [LIST_AND_HASH_CORPUS, 8],
  [SET_CORPUS, 7],
  [STREAM_CORPUS, 8],
  [KEY_CORPUS, 8],
  [SCRIPT_CORPUS, 3],
  [SERVER_CORPUS, 1.5],
  [SESSION_CORPUS, 1],
  [UNKNOWN_CORPUS, 3],
];
/** Commands that others need to find something, and those that take it away. */
const WEIGHT_FACTORS: Readonly<Record<string, number>> = {
  xadd: 4,
  "xgroup|create": 4,
  "xgroup|createconsumer": 2,
  xreadgroup: 3,
  "function|load": 6,
  "function|flush": 0.1,
  "function|delete": 0.3,
  "function|restore": 0.3,
  "script|flush": 0.1,
  fcall: 2,
  rpush: 3,
  zadd: 2,
  del: 0.3,
  unlink: 0.3,
};
/** What empties the data, or takes long, comes as often as it must, at the end. */
const RARE = new Set(["flushall", "flushdb", "pfselftest", "quit", "wait"]);
/** Nonsense could make them wait, write as much as it says, or ask for a range that chance decides. */
const NO_JUNK = /^(wait|client\|pause|client\|reply|restore|pfdebug|zrange|zlexcount|z.*bylex)$/;
const BROKEN_SHARE = 0.06;

const TEMPLATES = new Map<string, Template[]>();
const WEIGHT_OF = new Map<string, number>();
for (const [corpus, weight] of WEIGHTS) readCorpus(corpus, weight);
const WEIGHT_SUM = [...WEIGHT_OF.values()].reduce((sum, weight) => sum + weight, 0);

function readCorpus(corpus: string, weight: number): void {
  for (const line of corpus.trim().replaceAll("\n  ", " ").split("\n")) {
    const at = line.indexOf(": ");
    const command = line.slice(0, at);
    TEMPLATES.set(command, [...(TEMPLATES.get(command) ?? []), new Template(line.slice(at + 2))]);
    WEIGHT_OF.set(command, RARE.has(command) ? 0 : weight * (WEIGHT_FACTORS[command] ?? 1));
  }
}

/** Commands of the table that the corpus knows. */
export const CORPUS_COMMANDS: ReadonlySet<string> = new Set(
  [...TEMPLATES.keys()].filter((command) => command !== "unknown"),
);

/** Makes requests, all from one seed. */
export class RequestMaker {
  readonly words = new Words();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A random request; of the given command, if one is given. */
  next(command: string = this.#pickCommand()): Request {
    const random = this.#random;
    const argv = this.#sound(command);
    if (random.chance(BROKEN_SHARE)) this.#spoil(command, argv);
    if (random.chance(0.05)) argv[0] = `${argv[0]}`.toLowerCase();
    return { command, argv };
  }

  #sound(command: string): Argument[] {
    const templates = TEMPLATES.get(command);
    if (templates === undefined) throw new Error(`the corpus has no ${command}`);
    this.words.begin(this.#random);
    return this.#random.pick(templates).fill(this.#random, this.#fill);
  }

  readonly #fill: Vocabulary = (name, random) => {
    if (name === "command") return random.pick(COMMANDS).name;
    if (name !== "request") return this.words.fill(name, random);
    const command = this.#pickCommand();
    // A request in a request in a request says nothing new.
    return command.startsWith("command") ? ["GET", "a"] : this.#sound(command);
  };

  #spoil(command: string, argv: Argument[]): void {
    const random = this.#random;
    const way = random.between(0, 3);
    // COMMAND without its subcommand is another command.
    const lengthMin = command.includes("|") ? 2 : 1;
    if (way === 0 && argv.length > lengthMin) argv.pop();
    else if (way === 1) argv.push(this.words.junk(random));
    else if (way === 2 && argv.length > 1) argv.push(argv.at(-1) as Argument);
    else if (!NO_JUNK.test(command) && argv.length > lengthMin) {
      argv[random.between(lengthMin, argv.length - 1)] = this.words.junk(random);
    }
  }

  #pickCommand(): string {
    let left = this.#random.next() * WEIGHT_SUM;
    for (const [command, weight] of WEIGHT_OF) {
      left -= weight;
      if (left < 0) return command;
    }
    return "get";
  }
}

/** A request as a line for people. */
export function describeRequest(argv: Argv): string {
  return argv
    .map((argument) => {
      const text = Buffer.from(argument as string).toString("latin1");
      const shown = text.length > 120 ? `${text.slice(0, 100)}… (${text.length} bytes)` : text;
      return /^[\x21-\x7e]+$/.test(shown) ? shown : JSON.stringify(shown);
    })
    .join(" ");
}
