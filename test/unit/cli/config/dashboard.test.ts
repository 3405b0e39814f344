/** `codis config dashboard`: a `config.ini` becomes the configuration and flags of the dashboard of today. */
import { describe, expect, test } from "bun:test";
import { type DashboardFlags, describeStart } from "../../../../src/cli/config/dashboard.ts";
import type { GlobalFlags } from "../../../../src/cli/config/program.ts";
import { parseIni } from "../../../../src/config/ini-file.ts";
import { checkLegacyFile } from "../../../../src/config/legacy-config.ts";
import { parseDashboardArgs } from "../../../../src/dashboard/config/args.ts";
import { catchError } from "../../../support/caught-error.ts";

const FILE = "coordinator=etcd\nzk=http://e:2379\nproduct=shop\npassword=s3cret\n";

function startOf(flags: DashboardFlags & GlobalFlags, text = FILE) {
  const notes: string[] = [];
  const file = checkLegacyFile(parseIni(text, "config.ini"));
  const start = describeStart({ flags, file, note: (line) => notes.push(line) });
  return { start, notes };
}

/** What the dashboard makes of it. */
function orderOf(flags: DashboardFlags & GlobalFlags, text?: string) {
  const { argv, readConfig } = startOf(flags, text).start;
  const order = parseDashboardArgs(argv, readConfig);
  if (order.kind !== "run") {
    throw new Error(`expected a run, not ${JSON.stringify(order)}`);
  }
  return order;
}

describe("a dashboard of config.ini", () => {
  test("has the coordinator, the product and the password of the file", () => {
    const { config, options, warnings } = orderOf({ log: "d.log", logLevel: "debug" });
    expect({ ...config }).toMatchObject({
      coordinatorName: "etcd",
      coordinatorAddr: "http://e:2379",
      coordinatorAuth: "",
      productName: "shop",
      productAuth: "s3cret",
      adminAddr: "0.0.0.0:18087",
    });
    expect(options).toMatchObject({ logFile: "d.log", logLevel: "debug", removeLock: false });
    expect(warnings).toEqual([]);
  });

  test.each([
    [":18087", "", "0.0.0.0:18087", 0],
    ["10.0.0.1:18087", "", "10.0.0.1:18087", 0],
    ["[::1]:18087", "", "[::1]:18087", 0],
    [undefined, "dashboard_addr=here:8087\n", "0.0.0.0:8087", 0],
    [":18087", "dashboard_addr=here:8087\n", "0.0.0.0:18087", 1],
  ])("--addr=%p, %p in the file: listens at %s", (addr, line, listen, notes) => {
    const flags = addr === undefined ? {} : { addr };
    expect(orderOf(flags, FILE + line).config.adminAddr).toBe(listen);
    expect(startOf(flags, FILE + line).notes.length).toBe(notes);
  });

  test("--http-log is accepted, with a word", () => {
    expect(startOf({ httpLog: "request.log" }).notes).toEqual([
      "--http-log is accepted, but without effect: requests are in the log",
    ]);
  });

  test("a wrong --addr is one line", () => {
    const error = catchError(() => startOf({ addr: "18087" }));
    expect([error.code, error.message]).toEqual([
      "USAGE",
      "invalid --addr=18087: expected host:port or :port",
    ]);
  });
});
