/**
 * The grammar in which the differential test writes down what a command looks like, and which it turns
 * into random commands: `SET <string> <value> [NX|XX] [GET]`.
 *
 * Words are separated by blanks. `<name>` is filled in by the vocabulary, `[x]` is there every other time,
 * `(x|y)` is one of its choices (so is `[x|y]`), `{x}` is repeated one to three times, the rest stands for
 * itself.
 */
import type { Random } from "./random.ts";

/** An argument as it is sent. */
export type Argument = string | Buffer;
/** A command as it is sent; the first argument is its name. */
export type Argv = readonly Argument[];
/** Fills in a placeholder: one argument or several. */
export type Vocabulary = (name: string, random: Random) => Argument | Argv;

type Node =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "hole"; readonly name: string }
  | {
      readonly kind: "group";
      readonly bracket: string;
      readonly choices: readonly (readonly Node[])[];
    };

const CLOSING: Readonly<Record<string, string>> = { "[": "]", "(": ")", "{": "}" };
const REPEATS_MAX = 3;

/** A template, read once. */
export class Template {
  readonly #nodes: readonly Node[];

  constructor(text: string) {
    const tokens = text.match(/<[^>]+>|[[\](){}|]|[^\s[\](){}|<>]+/g) ?? [];
    const choices = readChoices(tokens, "");
    if (tokens.length > 0 || choices.length !== 1) {
      throw new Error(`not a template: ${text}`);
    }
    this.#nodes = choices[0] as readonly Node[];
  }

  /** One random command. */
  fill(random: Random, vocabulary: Vocabulary): Argument[] {
    const argv: Argument[] = [];
    append(argv, this.#nodes, random, vocabulary);
    return argv;
  }
}

/** Reads up to the closing bracket and takes what it reads from `tokens`. */
function readChoices(tokens: string[], closing: string): (readonly Node[])[] {
  const choices: Node[][] = [[]];
  for (;;) {
    const token = tokens.shift();
    if (token === undefined || token === closing) {
      if ((token ?? "") !== closing) {
        throw new Error(`no ${closing}`);
      }
      return choices;
    }
    const current = choices.at(-1) as Node[];
    const close = CLOSING[token];
    if (token === "|") {
      choices.push([]);
    } else if (close !== undefined) {
      current.push({ kind: "group", bracket: token, choices: readChoices(tokens, close) });
    } else if (token.startsWith("<")) {
      current.push({ kind: "hole", name: token.slice(1, -1) });
    } else {
      current.push({ kind: "word", text: token });
    }
  }
}

function append(
  argv: Argument[],
  nodes: readonly Node[],
  random: Random,
  vocabulary: Vocabulary,
): void {
  for (const node of nodes) {
    if (node.kind === "word") {
      argv.push(node.text);
    } else if (node.kind === "hole") {
      const filled = vocabulary(node.name, random);
      argv.push(...(Array.isArray(filled) ? (filled as Argv) : [filled as Argument]));
    } else {
      const count = repeatsOf(node.bracket, random);
      for (let i = 0; i < count; i++) {
        append(argv, random.pick(node.choices), random, vocabulary);
      }
    }
  }
}

function repeatsOf(bracket: string, random: Random): number {
  if (bracket === "{") {
    return random.between(1, REPEATS_MAX);
  }
  return bracket === "[" && random.chance(0.5) ? 0 : 1;
}
