/** The frame of `codis config`: the form of answers, and one line for a slip on the command line. */
import { describe, expect, test } from "bun:test";
import { runConfig } from "../../../../src/cli/config/main.ts";
import { formatAnswer, OK } from "../../../../src/cli/config/program.ts";
import { catchRejection } from "../../../support/caught-error.ts";

const refuseDashboard = (): Promise<number> =>
  Promise.reject(new Error("no dashboard was asked for"));

describe("answers", () => {
  test("of a change are those of Codis 2.0", () => {
    expect(formatAnswer(OK)).toBe('{\n  "msg": "OK",\n  "ret": 0\n}\n');
  });

  test("have their fields in the order of the names, at every depth", () => {
    const value = [{ id: 1, addr: "a", state: { to: null, from: -1 } }];
    expect(formatAnswer(value).replaceAll(/\s/g, "")).toBe(
      '[{"addr":"a","id":1,"state":{"from":-1,"to":null}}]',
    );
  });
});

describe("slips", () => {
  test.each([
    [["foo"], "unknown command 'foo'; see codis config --help"],
    [["slot"], "a command is missing; see codis config slot --help"],
    [["slot", "inf"], "unknown command 'inf' (Did you mean info?); see codis config slot --help"],
    [["slot", "info"], "missing required argument 'slot_id'; see codis config slot --help"],
    [["slot", "info", "x"], "invalid slot x: expected a whole number from 0 to 4095"],
    [["slot", "info", "1", "2"], "too many arguments for 'info'. Expected 1 argument but got 2"],
    [["slot", "range-set", "5", "1", "1", "online"], "invalid slots 5 to 1: the first is after"],
    [["slot", "range-set", "0", "1", "0", "online"], "invalid group 0: expected a whole number"],
    [["slot", "set", "1", "1", "onlin"], "invalid status onlin: expected online or offline"],
    [["slot", "migrate", "1", "2", "3", "--delay=x"], "invalid --delay x: expected a whole"],
    [["server", "add", "1", "a:1", "slaev"], "invalid role slaev: expected master or slave"],
    [["server", "add", "1", "6379", "master"], "invalid address 6379: expected host:port"],
    [["server", "add-group", "10000"], "invalid group 10000: expected a whole number"],
    [["action", "gc", "-n", "1", "-s", "2"], "-n and -s exclude each other"],
    [["action", "gc", "-n", "few"], "invalid -n few: expected a whole number"],
    [["action", "remove-lock"], "the coordinator isn't known: name the file that has it with -c"],
    [["dashboard"], "a dashboard needs a config.ini: name it with -c FILE"],
    [["--conf", "x"], "unknown option '--conf'"],
  ])("%p is one line", async (argv, start) => {
    const error = await catchRejection(runConfig(argv, refuseDashboard));
    expect(error.code).toBe("USAGE");
    expect(error.message).toStartWith(start);
    expect(error.message).not.toContain("\n");
  });

  test("a file that isn't there is named", async () => {
    const argv = ["-c", "no-such-folder/config.ini", "slot", "info", "1"];
    const error = await catchRejection(runConfig(argv, refuseDashboard));
    expect([error.code, error.message]).toEqual([
      "CONFIG_UNREADABLE",
      "can't read the config file no-such-folder/config.ini: there is no such file",
    ]);
  });
});
