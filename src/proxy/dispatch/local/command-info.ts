/**
 * COMMAND, COMMAND COUNT, INFO, LIST and DOCS: what this proxy serves, from the command table. Refused
 * commands, and those that a later release brings, are not in it; a client that asks before it uses a
 * command must not be told of them.
 *
 * INFO has the form of Redis 7 (ten elements). Its tips are the policies only. DOCS tells in its summary
 * where a command runs, since what the command does is Redis's own documentation.
 */
import type { CommandEntry, FlagName, RouteName } from "../../../command/entry.ts";
import { FLAG_NAMES } from "../../../command/route.ts";
import { COMMANDS, findCommandId } from "../../../command/table.ts";
import type { Argv, ClientState } from "../context.ts";
import { shown, wordOf } from "./argument.ts";
import { CATEGORIES, categoriesOf } from "./command-category.ts";
import { keySpecsOf, legacyRangeOf } from "./command-key-spec.ts";
import { matchesGlob } from "./glob.ts";
import { encodeReply, errorReply, type ReplyValue, SYNTAX_ERROR_REPLY } from "./reply.ts";

/** Where a command runs; undefined for routes that serve nothing. */
const SUMMARIES: Readonly<Record<RouteName, string | undefined>> = {
  forward: "Runs on the server that owns the keys.",
  "multi-shard": "Split by group, the replies are joined by the proxy.",
  shards: "Asked of the masters of the groups, joined by the proxy.",
  local: "Answered by the proxy.",
  script: "Runs on the server that owns the keys of the call.",
  refused: undefined,
  "not-yet": undefined,
};

const SERVED = COMMANDS.filter((entry) => SUMMARIES[entry.route] !== undefined);
const SERVED_TOP = SERVED.filter((entry) => !entry.name.includes("|"));
const SUBCOMMANDS: ReadonlyMap<string, readonly CommandEntry[]> = new Map(
  SERVED_TOP.map((top) => [
    top.name,
    SERVED.filter((entry) => entry.name.startsWith(`${top.name}|`)),
  ]),
);

/** The entry of a name as a client writes it (`GET`, `client|id`); undefined when it isn't served. */
export function findServed(name: Buffer): CommandEntry | undefined {
  const entry = COMMANDS[findCommandId(wordOf(name))];
  return entry === undefined || SUMMARIES[entry.route] === undefined ? undefined : entry;
}

/** COMMAND without a subcommand. */
export function describeAll(client: ClientState): Buffer {
  return encodeReply(SERVED_TOP.map(describe), client.proto);
}

/** COMMAND COUNT: without subcommands. */
export function count(client: ClientState): Buffer {
  return encodeReply(SERVED_TOP.length, client.proto);
}

/** COMMAND INFO [name …]: null for a name that isn't served; all without a name. */
export function describeSome(client: ClientState, argv: Argv): Buffer {
  if (argv.length === 2) {
    return describeAll(client);
  }
  const infos = argv.slice(2).map((name) => {
    const entry = findServed(name);
    return entry === undefined ? null : describe(entry);
  });
  return encodeReply(infos, client.proto);
}

/** COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN glob]. */
export function listNames(client: ClientState, argv: Argv): Buffer {
  const names = argv.length === 2 ? namesOf(SERVED) : filteredNames(argv);
  return names === undefined ? SYNTAX_ERROR_REPLY : encodeReply(names, client.proto);
}

/** COMMAND DOCS [name …]: names that aren't served are left out; all without a name. */
export function docs(client: ClientState, argv: Argv): Buffer {
  const entries =
    argv.length === 2 ? SERVED_TOP : argv.slice(2).flatMap((name) => findServed(name) ?? []);
  return encodeReply({ map: entries.map(document) }, client.proto);
}

/** ACL CAT [category]: the categories, or the commands of one. */
export function aclCategories(client: ClientState, argv: Argv): Buffer {
  if (argv.length > 3) {
    return errorReply(
      "ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.",
    );
  }
  const given = argv[2];
  if (given === undefined) {
    return encodeReply(CATEGORIES, client.proto);
  }
  const names = namesInCategory(wordOf(given));
  if (names === undefined) {
    return errorReply(`ERR Unknown category '${shown(given)}'`);
  }
  return encodeReply(names, client.proto);
}

function filteredNames(argv: Argv): readonly string[] | undefined {
  const [, , option, kind, value] = argv;
  if (wordOf(option) !== "filterby" || value === undefined || argv.length > 5) {
    return undefined;
  }
  switch (wordOf(kind)) {
    case "aclcat":
      return namesInCategory(wordOf(value)) ?? [];
    case "pattern": {
      const pattern = value.toString("latin1", 0, 1024);
      return namesOf(SERVED).filter((name) => matchesGlob(pattern, name));
    }
    case "module":
      return [];
    default:
      return undefined;
  }
}

function namesInCategory(word: string): readonly string[] | undefined {
  const category = CATEGORIES.find((one) => one === word);
  return category === undefined
    ? undefined
    : namesOf(SERVED.filter((entry) => categoriesOf(entry).includes(category)));
}

function namesOf(entries: readonly CommandEntry[]): readonly string[] {
  return entries.map((entry) => entry.name);
}

/** The ten elements of one command in COMMAND INFO. */
function describe(entry: CommandEntry): ReplyValue {
  const subcommands = SUBCOMMANDS.get(entry.name) ?? [];
  return [
    entry.name,
    entry.arity,
    { set: flagsOf(entry).map((flag) => ({ simple: flag })) },
    ...legacyRangeOf(entry.keys),
    { set: categoriesOf(entry).map((category) => ({ simple: `@${category}` })) },
    { set: tipsOf(entry) },
    { set: keySpecsOf(entry) },
    // Redis writes "no subcommands" as an empty set, and some as an array.
    subcommands.length === 0 ? { set: [] } : subcommands.map(describe),
  ];
}

/** In the order of Redis; the table sorts them by letter. */
function flagsOf(entry: CommandEntry): readonly FlagName[] {
  return FLAG_NAMES.filter((flag) => entry.flags.includes(flag));
}

function tipsOf(entry: CommandEntry): readonly string[] {
  const tips: string[] = [];
  if (entry.requestPolicy !== "") {
    tips.push(`request_policy:${entry.requestPolicy}`);
  }
  if (entry.responsePolicy !== "") {
    tips.push(`response_policy:${entry.responsePolicy}`);
  }
  return tips;
}

function document(entry: CommandEntry): readonly [ReplyValue, ReplyValue] {
  const facts: [ReplyValue, ReplyValue][] = [
    ["summary", SUMMARIES[entry.route] ?? ""],
    ["since", entry.since],
    ["group", entry.group],
  ];
  const subcommands = SUBCOMMANDS.get(entry.name) ?? [];
  if (subcommands.length > 0) {
    facts.push(["subcommands", { map: subcommands.map(document) }]);
  }
  return [entry.name, { map: facts }];
}
