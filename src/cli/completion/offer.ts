/**
 * What can stand at the end of a command line: for the shells whose scripts ask the program itself
 * (`codis completion offer WORDS…`, zsh and fish), so that all of it is decided here. Bash has the same words in a
 * script of its own (`bash.ts`), which starts no program.
 */
import type { VerbWords, WordTable } from "./word-table.ts";

/** In place of words: a file or a folder is meant, the part behind the `=`. */
export const FILES = ":files";

/** Shells that there is a script for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/**
 * Words for the last of `line`, whole, also those with a `=` inside; `[FILES]`, or none. `line` begins with the name of
 * the program, and its last word is the one at the cursor, which may be empty.
 */
export function offersFor(table: WordTable, line: readonly string[]): readonly string[] {
  const program = line[0]?.split("/").at(-1);
  const before = program === "codis-admin" ? ["admin", ...line.slice(1, -1)] : line.slice(1, -1);
  const current = line.at(-1) ?? "";
  return wordsAfter(table, before, current).filter(
    (word) => word === FILES || word.startsWith(current),
  );
}

function wordsAfter(
  table: WordTable,
  before: readonly string[],
  current: string,
): readonly string[] {
  const [command, second] = before;
  const previous = before.at(-1) ?? "";
  if (command === undefined) {
    return ["help", "--help", "--version", ...table.commands];
  }
  switch (command) {
    case "admin":
      return adminWords(table, current);
    case "config":
      return configWords(table, before);
    case "help":
      return before.length === 1
        ? table.commands
        : before.length === 2
          ? verbsOf(table, second)
          : [];
    case "completion":
      return before.length === 1 ? SHELLS : [];
  }
  const verb = table.verbs.find(
    (one) => one.noun === command && (one.verb === "" || one.verb === second),
  );
  if (verb !== undefined) {
    return verbWords(verb, previous, current);
  }
  const isNoun = before.length === 1 && table.nouns.includes(command);
  return isNoun ? [...verbsOf(table, command), "help"] : [];
}

function verbsOf(table: WordTable, noun: string | undefined): readonly string[] {
  return table.verbs.filter((one) => one.noun === noun && one.verb !== "").map(({ verb }) => verb);
}

/** The value of a flag, a flag, or an argument. */
function verbWords(verb: VerbWords, previous: string, current: string): readonly string[] {
  const [flag = ""] = current.split("=", 1);
  if (flag !== current) {
    return (verb.flagChoices.get(flag) ?? []).map((word) => `${flag}=${word}`);
  }
  if (verb.valueFlags.includes(previous)) {
    return verb.flagChoices.get(previous) ?? [];
  }
  return current.startsWith("-") ? [...verb.flags, "--help"] : verb.choices;
}

function adminWords({ admin }: WordTable, current: string): readonly string[] {
  const [flag = ""] = current.split("=", 1);
  if (flag !== current) {
    return admin.pathFlags.includes(flag) ? [FILES] : [];
  }
  return [...admin.flags, ...admin.words];
}

/** Flags before the noun aren't counted: `codis config -c FILE server list`. */
function configWords({ configVerbs }: WordTable, before: readonly string[]): readonly string[] {
  if (before.length === 1) {
    return [...configVerbs.keys(), "dashboard"];
  }
  return before.length === 2 ? (configVerbs.get(before[1] ?? "") ?? []) : [];
}
