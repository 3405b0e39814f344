/**
 * What can stand where on a command line of `codis`, from the same tables that run the commands: for the
 * scripts that complete them in a shell.
 */

import { SWITCHES, VALUE_FLAGS } from "../admin/flag.ts";
import { WORDS } from "../admin/order.ts";
import { ACTION } from "../config/action.ts";
import { PROXY as CONFIG_PROXY } from "../config/proxy.ts";
import { SERVER as CONFIG_SERVER } from "../config/server.ts";
import { SLOT as CONFIG_SLOT } from "../config/slot.ts";
import { LONE_VERBS, NOUNS } from "../noun/noun.ts";
import { optionsOf, type Verb, verbName } from "../noun/program.ts";
import { SUBCOMMANDS } from "../subcommand.ts";

/** A verb of a noun, or one without. */
export interface VerbWords {
  /** For a verb without a noun its own name. */
  readonly noun: string;
  /** Empty for a verb without a noun. */
  readonly verb: string;
  /** Long flags. */
  readonly flags: readonly string[];
  /** Those of `flags` that take a value. */
  readonly valueFlags: readonly string[];
  /** Words that the value of a flag can be, for those that have such. */
  readonly flagChoices: ReadonlyMap<string, readonly string[]>;
  /** Words for its last argument. */
  readonly choices: readonly string[];
}

/** Everything that can be completed. */
export interface WordTable {
  readonly commands: readonly string[];
  readonly nouns: readonly string[];
  readonly loneVerbs: readonly string[];
  readonly verbs: readonly VerbWords[];
  /** Nouns of `codis config` and their verbs. */
  readonly configVerbs: ReadonlyMap<string, readonly string[]>;
  readonly admin: {
    /** Flags without a value, and those with one, which end with `=`. */
    readonly flags: readonly string[];
    readonly words: readonly string[];
    /** Flags whose value is a file or a folder, without `=`. */
    readonly pathFlags: readonly string[];
  };
}

/** Placeholders of flags whose value is something in the file system. */
const PATHS = ["FILE", "FOLDER"];

/** The table of this release. */
export function describeWords(): WordTable {
  const nouns = NOUNS.map((noun) => noun.name);
  const configNouns = [CONFIG_SERVER, CONFIG_SLOT, CONFIG_PROXY, ACTION];
  return {
    commands: SUBCOMMANDS.filter((command) => command.isHere).map((command) => command.name),
    nouns,
    loneVerbs: LONE_VERBS.map(({ verb }) => verbName(verb)),
    verbs: [
      ...NOUNS.flatMap((noun) =>
        noun.verbs.map((verb) => describeVerb(noun.name, verbName(verb), verb)),
      ),
      ...LONE_VERBS.map(({ verb }) => describeVerb(verbName(verb), "", verb)),
    ],
    configVerbs: new Map(
      configNouns.map((noun) => [
        noun.name,
        noun.verbs.map((verb: { readonly use: string }) => verb.use.split(" ")[0] ?? ""),
      ]),
    ),
    admin: {
      flags: [
        ...SWITCHES.map((name) => (name === "1" ? "-1" : `--${name}`)),
        ...Object.keys(VALUE_FLAGS).map((name) => `--${name}=`),
      ],
      words: WORDS,
      pathFlags: Object.entries(VALUE_FLAGS)
        .filter(([, value]) => PATHS.includes(value))
        .map(([name]) => `--${name}`),
    },
  };
}

function describeVerb(noun: string, name: string, verb: Verb<never>): VerbWords {
  const options = optionsOf(verb).map((option) => ({ ...option, long: option.long ?? "" }));
  return {
    noun,
    verb: name,
    flags: options.map(({ long }) => long),
    valueFlags: options.filter(({ required: hasValue }) => hasValue).map(({ long }) => long),
    flagChoices: new Map(
      options.flatMap(({ long, argChoices }) =>
        argChoices === undefined ? [] : [[long, argChoices]],
      ),
    ),
    choices: verb.choices ?? [],
  };
}
