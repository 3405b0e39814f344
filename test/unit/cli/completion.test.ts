/** The completion of bash, in a real bash: what it offers for a command line as it is typed. */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { bashScript } from "../../../src/cli/completion/bash.ts";
import { runCompletion } from "../../../src/cli/completion/main.ts";
import { describeWords } from "../../../src/cli/completion/word-table.ts";
import { NOUNS } from "../../../src/cli/noun/noun.ts";
import { verbName } from "../../../src/cli/noun/program.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const BASH_MS = 10_000;

/**
 * What bash offers when Tab is pressed at the end of each line. Bash makes words of a line at blanks and at
 * `=`, which is a word of its own.
 */
function complete(lines: readonly string[], cwd?: string): readonly (readonly string[])[] {
  const calls = lines.map((line) => {
    const words = line.split(/(=)| +/).filter((word) => word !== undefined && word !== "");
    if (/[ =]$/.test(line) && !line.endsWith("=")) {
      words.push("");
    }
    return `
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${words.length - 1}
COMPREPLY=()
_codis "\${COMP_WORDS[0]}"
echo "\${COMPREPLY[*]}"`;
  });
  const run = spawnSync("bash", ["--norc", "--noprofile"], {
    input: `${bashScript(describeWords())}\nset -eu\n${calls.join("\n")}\n`,
    encoding: "utf8",
    timeout: BASH_MS,
    ...(cwd === undefined ? {} : { cwd }),
  });
  expect(run.stderr).toBe("");
  expect(run.status).toBe(0);
  const offers = run.stdout.split("\n").slice(0, -1);
  expect(offers).toHaveLength(lines.length);
  return offers.map((offer) => offer.split(" ").filter((word) => word !== ""));
}

function completeOne(line: string, cwd?: string): readonly string[] {
  return complete([line], cwd)[0] ?? [];
}

test("commands, verbs, flags and the words that an argument can be", () => {
  expect(completeOne("codis gr")).toEqual(["group"]);
  expect(completeOne("codis ")).toContain("proxy");
  expect(completeOne("codis group ")).toEqual([
    "list",
    "show",
    "create",
    "remove",
    "resync",
    "promote",
    "repair",
    "faults",
    "help",
  ]);
  expect(completeOne("codis group re")).toEqual(["remove", "resync", "repair"]);
  expect(completeOne("codis slot assign --d")).toEqual(["--dry-run", "--dashboard"]);
  expect(completeOne("codis slot assign --dashboard ")).toEqual([]);
  expect(completeOne("codis user add bob ")).toEqual(["viewer", "operator", "admin"]);
  expect(completeOne("codis user add bob a")).toEqual(["admin"]);
  expect(completeOne("codis help gro")).toEqual(["group"]);
  expect(completeOne("codis help group s")).toEqual(["show"]);
  expect(completeOne("codis completion ")).toEqual(["bash", "zsh", "fish"]);
  expect(completeOne("codis config slot r")).toEqual(["range-set", "rebalance"]);
  expect(completeOne("codis config s")).toEqual(["server", "slot"]);
});

test("a verb without a noun, and the words that the value of a flag can be", () => {
  expect(completeOne("codis reb")).toEqual(["rebalance"]);
  expect(completeOne("codis rebalance --ma")).toEqual(["--max-slots"]);
  expect(completeOne("codis rebalance --strategy ")).toEqual(["slots", "memory", "weight"]);
  expect(completeOne("codis rebalance --strategy=me")).toEqual(["memory"]);
  expect(completeOne("codis rebalance --max-slots ")).toEqual([]);
  expect(completeOne("codis slot migrate 0-5 --big-key r")).toEqual(["refuse"]);
  expect(completeOne("codis slot rebalance --dr")).toEqual(["--drain", "--dry-run"]);
  expect(completeOne("codis slot migrate --strategy ")).toEqual([]);
  expect(completeOne("codis operation ca")).toEqual(["cancel"]);
  expect(completeOne("codis operation cancel --r")).toEqual(["--rollback", "--reason"]);
  expect(completeOne("codis operation speed --un")).toEqual(["--unlimited"]);
  expect(completeOne("codis plan s")).toEqual(["show", "start"]);
  expect(completeOne("codis help operation w")).toEqual(["watch"]);
});

test("flags of codis admin, under both names of the program", () => {
  for (const program of ["codis admin", "codis-admin", "./bin/codis-admin"]) {
    expect(completeOne(`${program} --create-g`)).toEqual(["--create-group"]);
    expect(completeOne(`${program} --dashboard=a:1 --slots`)).toEqual([
      "--slots-status",
      "--slots-assign",
    ]);
    expect(completeOne(`${program} --gi`)).toEqual(["--gid=", "--gid-from=", "--gid-to="]);
    expect(completeOne(`${program} --gid=`)).toEqual([]);
    expect(completeOne(`${program} --proxy=a:1 mo`)).toEqual(["model"]);
  }
});

test("files where a file is meant", () => {
  const folder = temporaryFolder();
  writeFileSync(folder.join("dump.json"), "");
  mkdirSync(folder.join("dumps"));
  const expected = ["dump.json", "dumps"];
  const offered = [
    ...complete(["codis admin --config-restore=", "codis admin --config-restore=du"], folder.path),
    ...complete(["codis admin --filesystem=d"], folder.path),
  ];
  for (const words of offered) {
    expect([...words].sort()).toEqual(expected);
  }
  folder.remove();
});

test("every verb of every noun is offered", () => {
  const lines = NOUNS.map((noun) => `codis ${noun.name} `);
  for (const [index, words] of complete(lines).entries()) {
    expect(words).toEqual([...(NOUNS[index]?.verbs ?? []).map(verbName), "help"]);
  }
});

test("another shell is refused by name", async () => {
  const { code, message } = await catchRejection(runCompletion(["tcsh"]));
  expect([code, message]).toEqual([
    "USAGE",
    'there is no completion for "tcsh"; expected codis completion bash, zsh, fish',
  ]);
});
