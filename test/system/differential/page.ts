/**
 * `docs/differences.md` from the list of differences. Run as a program it writes the page; a test compares.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DIFFERENCES, type Difference } from "./difference.ts";
import { CROSS_SLOT_REPLY, SPLIT } from "./oracle.ts";

/** The page, from the root of the repository. */
export const PAGE_PATH = "docs/differences.md";

/** Text of the page. */
export function differencesPage(): string {
  const parts = [
    "# What differs from one Redis",
    "<!-- Made by test/system/differential/page.ts from difference.ts: change the list there. -->",
    "The differential test (`test/system/differential.test.ts`, at length `differential.long.test.ts`) sends " +
      "the same random commands to the proxy, which has two groups of redis-server 7.0.15, and to one bare " +
      "redis-server 7.0.15. The replies must be the same bytes, errors included, in RESP2 and RESP3, and the " +
      "data must be the same at the end. This is the whole list of exceptions. Commands that the proxy " +
      "refuses by name (`src/command/decision.ts`), or doesn't support yet, aren't compared.",
    "## Keys in several slots",
    `A command whose keys are in several slots is answered with \`${CROSS_SLOT_REPLY.trim()}\` and has no ` +
      `effect. Only ${listOf([...SPLIT])} are split and joined. The test asks the bare server for the keys of ` +
      "each request (COMMAND GETKEYS), computes their slots itself, and demands the error exactly then; a " +
      "request that is wrong in itself gets Redis's own error, where its keys can't be told.",
    "## Replies that differ",
    table(DIFFERENCES.filter((one) => one.refuses === undefined)),
    "## Requests that get another answer",
    "The bare server isn't sent these.",
    table(DIFFERENCES.filter((one) => one.refuses !== undefined)),
    "## What isn't asked",
    "- Ranges by name (ZRANGEBYLEX and the like) over members with different scores: what they find depends " +
      "on the levels of a skip list, which chance makes.\n" +
      "- Numbers beyond a double, such as 1e400, as scores: redis-server 7.0.15 keeps the ERANGE in its errno, " +
      "and a later SORT BY on that server may fail because of it. Behind the proxy only one group is hit.\n" +
      "- Keys that expire during a command. That they are gone afterwards is compared.\n" +
      "- A memory limit and an eviction policy.",
  ];
  return `${parts.join("\n\n")}\n`;
}

function table(differences: readonly Difference[]): string {
  const rows = differences.map(({ commands, what, checked }) => [
    commands.map((name) => `\`${name.toUpperCase().replace("|", " ")}\``).join(", "),
    what,
    checked,
  ]);
  const lines = [
    ["command", "what differs, and why", "still checked"],
    ["---", "---", "---"],
    ...rows,
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function listOf(names: readonly string[]): string {
  const words = names.map((name) => name.toUpperCase());
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** The page as it is on disk, "" when there is none. */
export function readPage(root: string): string {
  try {
    return readFileSync(join(root, PAGE_PATH), "utf8");
  } catch {
    return ""; // A page that isn't there is outdated.
  }
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, "../../..", PAGE_PATH), differencesPage());
}
