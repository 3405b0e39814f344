/**
 * ACL categories of each command, as COMMAND INFO and ACL CAT show them. Redis derives most of them from
 * flags (setImplicitACLCategories) and gives the others by hand; so do we: by flags, by group, and by the
 * short list of commands that are in another category than their group says.
 */
import type { CommandEntry } from "../../../command/entry.ts";
import { FLAG_CONTAINER } from "../../../command/route.ts";
import { FLAGS } from "../../../command/table.ts";

/** All categories, in the order in which Redis lists them. */
export const CATEGORIES = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
] as const;

type Category = (typeof CATEGORIES)[number];

/** Category of a group of commands; groups without one (`server`, `cluster`) are absent. */
const BY_GROUP: Readonly<Record<string, Category>> = {
  bitmap: "bitmap",
  connection: "connection",
  generic: "keyspace",
  geo: "geo",
  hash: "hash",
  hyperloglog: "hyperloglog",
  list: "list",
  pubsub: "pubsub",
  scripting: "scripting",
  set: "set",
  "sorted-set": "sortedset",
  stream: "stream",
  string: "string",
  transactions: "transaction",
};

/** Instead of the category of the group. `command` and its subcommands are added below. */
const BY_NAME: Readonly<Record<string, readonly Category[]>> = {
  asking: ["connection"],
  dbsize: ["keyspace"],
  flushall: ["keyspace", "dangerous"],
  flushdb: ["keyspace", "dangerous"],
  info: ["dangerous"],
  keys: ["keyspace", "dangerous"],
  lastsave: ["admin", "dangerous"],
  readonly: ["connection"],
  readwrite: ["connection"],
  restore: ["keyspace", "dangerous"],
  role: ["admin", "dangerous"],
  sort: ["list", "set", "sortedset", "dangerous"],
  sort_ro: ["list", "set", "sortedset", "dangerous"],
  wait: ["connection"],
};

/** Categories of a command, in the order of `CATEGORIES`. */
export function categoriesOf(entry: CommandEntry): readonly Category[] {
  const all = new Set<Category>([...givenCategories(entry), ...impliedCategories(entry)]);
  return CATEGORIES.filter((category) => all.has(category));
}

function givenCategories(entry: CommandEntry): readonly Category[] {
  if (entry.name === "command" || entry.name.startsWith("command|")) {
    return ["connection"];
  }
  // A container is in no category of data: its subcommands are.
  if (((FLAGS[entry.id] ?? 0) & FLAG_CONTAINER) !== 0) {
    return [];
  }
  const byGroup = BY_GROUP[entry.group];
  return BY_NAME[entry.name] ?? (byGroup === undefined ? [] : [byGroup]);
}

function impliedCategories(entry: CommandEntry): readonly Category[] {
  const flags = new Set<string>(entry.flags);
  const implied: Category[] = [flags.has("fast") ? "fast" : "slow"];
  if (flags.has("write")) {
    implied.push("write");
  }
  if (flags.has("readonly") && entry.group !== "scripting") {
    implied.push("read");
  }
  if (flags.has("admin")) {
    implied.push("admin", "dangerous");
  }
  if (flags.has("pubsub")) {
    implied.push("pubsub");
  }
  if (flags.has("blocking")) {
    implied.push("blocking");
  }
  return implied;
}
