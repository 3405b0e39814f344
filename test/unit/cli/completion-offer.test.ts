/**
 * What the program offers for a command line as it is typed, for zsh and fish; and that it is what bash offers by its
 * own script's words.
 */
import { describe, expect, test } from "bun:test";
import { fishScript } from "../../../src/cli/completion/fish.ts";
import { FILES, offersFor } from "../../../src/cli/completion/offer.ts";
import { describeWords } from "../../../src/cli/completion/word-table.ts";
import { zshScript } from "../../../src/cli/completion/zsh.ts";

const TABLE = describeWords();

/** The last word of the line is the one at the cursor; after a blank it is empty. */
function offers(line: string): readonly string[] {
  return offersFor(TABLE, line.split(" "));
}

describe("words", () => {
  test("of commands, verbs and arguments", () => {
    expect(offers("codis gr")).toEqual(["group"]);
    expect(offers("codis ")).toContain("proxy");
    expect(offers("codis ")).toContain("--version");
    expect(offers("codis group re")).toEqual(["remove", "resync", "repair"]);
    expect(offers("codis group ")).toContain("help");
    expect(offers("codis reb")).toEqual(["rebalance"]);
    expect(offers("codis user add bob ")).toEqual(["viewer", "operator", "admin"]);
    expect(offers("codis user add bob a")).toEqual(["admin"]);
    expect(offers("codis help gro")).toEqual(["group"]);
    expect(offers("codis help group s")).toEqual(["show"]);
    expect(offers("codis help group show ")).toEqual([]);
    expect(offers("codis completion ")).toEqual(["bash", "zsh", "fish"]);
    expect(offers("codis nonsense ")).toEqual([]);
    expect(offers("codis up ")).toEqual([]);
  });

  test("of flags and their values", () => {
    expect(offers("codis slot assign --d")).toEqual(["--dry-run", "--dashboard"]);
    expect(offers("codis slot assign --dashboard ")).toEqual([]);
    expect(offers("codis rebalance --ma")).toEqual(["--max-slots"]);
    expect(offers("codis rebalance --strategy ")).toEqual(["slots", "memory", "weight"]);
    expect(offers("codis rebalance --strategy=me")).toEqual(["--strategy=memory"]);
    expect(offers("codis slot migrate 0-5 --big-key r")).toEqual(["refuse"]);
    expect(offers("codis slot migrate --strategy ")).toEqual([]);
  });

  test("of the command lines of old, under both names of the program", () => {
    for (const program of ["codis admin", "codis-admin", "./bin/codis-admin"]) {
      expect(offers(`${program} --create-g`)).toEqual(["--create-group"]);
      expect(offers(`${program} --gi`)).toEqual(["--gid=", "--gid-from=", "--gid-to="]);
      expect(offers(`${program} --gid=`)).toEqual([]);
      expect(offers(`${program} --config-restore=du`)).toEqual([FILES]);
      expect(offers(`${program} --proxy=a:1 mo`)).toEqual(["model"]);
    }
    expect(offers("codis config s")).toEqual(["server", "slot"]);
    expect(offers("codis config slot r")).toEqual(["range-set", "rebalance"]);
    expect(offers("codis config -c file server l")).toEqual([]);
  });
});

test("the scripts ask for words in the way in which they are answered", () => {
  for (const script of [zshScript(), fishScript()]) {
    expect(script).toContain("codis completion offer");
    expect(script).toContain(FILES);
    expect(script).toContain("codis-admin");
  }
});
