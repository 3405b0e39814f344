/** The everyday command lines without a dashboard: arguments, slips, help, and the questions. */
import { describe, expect, test } from "bun:test";
import { readAddr, readGroupId, readSpans, readSwitch } from "../../../src/cli/noun/argument.ts";
import { NOUNS } from "../../../src/cli/noun/noun.ts";
import { runNoun, verbName } from "../../../src/cli/noun/program.ts";
import { SUBCOMMANDS } from "../../../src/cli/subcommand.ts";
import { catchError, catchRejection } from "../../support/caught-error.ts";

/** What a wrong command line is answered with. */
async function slip(line: string): Promise<string> {
  const [name, ...argv] = line.split(" ");
  const noun = NOUNS.find((one) => one.name === name);
  if (noun === undefined) {
    throw new Error(`no noun ${name}`);
  }
  const { code, message } = await catchRejection(runNoun(noun, argv));
  expect(code).toBe("USAGE");
  expect(message).not.toContain("\n");
  return message;
}

describe("arguments", () => {
  test("slots: one, a range, several", () => {
    expect(readSpans("7")).toEqual([{ from: 7, to: 7 }]);
    expect(readSpans("0-511,600")).toEqual([
      { from: 0, to: 511 },
      { from: 600, to: 600 },
    ]);
    for (const bad of ["", "-1", "1-", "a-b", "1-2-3", "5-1", "0-4096", "1,,2", "1 - 2"]) {
      expect(catchError(() => readSpans(bad)).code).toBe("USAGE");
    }
  });

  test("groups, addresses, switches", () => {
    expect(readGroupId("group-3")).toBe(3);
    expect(catchError(() => readGroupId("0")).message).toBe(
      "invalid group 0: expected a whole number from 1 to 9999",
    );
    expect(readAddr("[::1]:6379", "address")).toBe("[::1]:6379");
    expect(catchError(() => readAddr("6379", "address")).message).toBe(
      "invalid address 6379: expected host:port",
    );
    expect([readSwitch("on"), readSwitch("off")]).toEqual([true, false]);
    expect(catchError(() => readSwitch("yes")).message).toContain("on or off");
  });
});

describe("slips", () => {
  test("an unknown verb gets the nearest, or all", async () => {
    expect(await slip("group lst")).toBe('there is no verb "lst"; did you mean list?');
    expect(await slip("group qqqqqqqqq")).toBe(
      'there is no verb "qqqqqqqqq"; expected list, show, create, remove, resync, promote, repair, faults',
    );
    expect(await slip("slot --al")).toContain("unknown option '--al'; see codis help slot");
  });

  test("a missing, an extra and a wrong argument", async () => {
    expect(await slip("group show")).toBe(
      "missing required argument 'gid'; see codis help group show",
    );
    expect(await slip("group list 1")).toContain("too many arguments");
    expect(await slip("group list --gid 1")).toContain("unknown option '--gid'");
    expect(await slip("slot info")).toBe("which slots? For all of them: codis slot info --all");
    expect(await slip("user add bob king")).toBe(
      "invalid role king: expected viewer, operator, admin",
    );
    expect(await slip("audit list --limit 0")).toContain("invalid limit 0");
    expect(await slip("user add-token bob x --expires soon")).toContain("720h");
    expect(await slip("group list --dashboard nowhere")).toBe(
      "invalid --dashboard nowhere: expected host:port",
    );
    expect(await slip("product log-level loud")).toContain("expected one of");
  });

  test("what takes something away needs --yes where nobody can be asked", async () => {
    expect(await slip("slot assign 0-1023 1")).toBe(
      "Slots 0-1023 will belong to group 1, and no data moves. Nothing was done: say --yes where nobody can " +
        "be asked",
    );
    expect(await slip("slot offline 1")).toStartWith("Slot 1 will be offline: ");
    expect(await slip("slot offline 1,2")).toStartWith("Slots 1,2 will be offline: ");
    for (const line of [
      "group remove 1",
      "server remove 127.0.0.1:6379",
      "slot offline 1",
      "proxy remove 1",
      "sentinel remove 127.0.0.1:26379",
      "user remove bob",
      "product shutdown",
    ]) {
      expect(await slip(line)).toContain("--yes");
    }
    // A wrong argument is told before anything is asked.
    expect(await slip("slot assign x 1")).toContain("invalid slots x");
    expect(await slip("group remove x")).toContain("invalid group x");
  });
});

test("every noun is a subcommand with examples of its own verbs", () => {
  for (const noun of NOUNS) {
    expect(SUBCOMMANDS.map((command) => command.name)).toContain(noun.name);
    expect(noun.examples.length).toBeGreaterThan(0);
    for (const [command] of noun.examples) {
      const [, name, verb = ""] = command.split(" ");
      const known = NOUNS.find((one) => one.name === name);
      if (known !== undefined && !verb.startsWith("-")) {
        expect(known.verbs.map(verbName)).toContain(verb);
      }
    }
  }
});
