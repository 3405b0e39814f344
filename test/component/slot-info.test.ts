/**
 * `codis slot info` for ranges, as a program against the HTTP port of a dashboard with a leader in memory: with keys,
 * and at a dashboard of an older release that has no path for them.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { type CodisExit, runCodis } from "../support/codis-program.ts";
import { DashboardPort } from "../support/dashboard-port.ts";
import { fillSample } from "../support/dashboard-sample.ts";
import { type HttpRelay, startHttpRelay } from "../support/http-relay.ts";

const TEST_MS = 120_000;

let port: DashboardPort;
let relay: HttpRelay;

beforeEach(async () => {
  port = await new DashboardPort().start();
  fillSample(port.leader);
  relay = await startHttpRelay(Number(port.addr.split(":").at(-1)));
});

afterEach(async () => {
  await relay.close();
  await port.close();
});

function run(line: string): Promise<CodisExit> {
  return runCodis(line.split(" "), { env: { ...process.env, CODIS_DASHBOARD: relay.addr } });
}

/** The next question for keys is answered with this status instead. */
function answerKeys(status: number): void {
  const body = JSON.stringify({ code: "NO_SUCH_PATH", detail: "no such path on the admin port" });
  relay.answerInstead("GET /api/v1/slot-keys", status, body);
}

/** Lines of a table as cells. */
function cellsOf(text: string): readonly (readonly string[])[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));
}

test(
  "ranges have the keys that servers count, and a dash where nobody counts",
  async () => {
    const exit = await run("slot info 1-2,602,1000");
    expect([exit.code, exit.stderr]).toEqual([0, ""]);
    expect(cellsOf(exit.stdout)).toEqual([
      ["SLOTS", "COUNT", "GROUP", "KEYS", "ACTION"],
      ["1-2", "2", "1", "3"],
      ["602", "1", "1", "602"],
      ["1000", "1", "offline", "-"],
    ]);
  },
  TEST_MS,
);

test(
  "an older dashboard: the ranges without keys, and a line that says why",
  async () => {
    answerKeys(404);
    const exit = await run("slot info 1-2,1000");
    expect([exit.code, exit.stderr]).toEqual([0, ""]);
    const cells = cellsOf(exit.stdout);
    expect(cells.slice(1, 3)).toEqual([
      ["1-2", "2", "1", "?"],
      ["1000", "1", "offline", "?"],
    ]);
    expect(cells.at(-1)?.[0]).toStartWith(
      "! keys aren't shown: this dashboard is of an older release",
    );
    answerKeys(404);
    const { stdout } = await run("slot info --all --json");
    const { ranges } = JSON.parse(stdout) as { ranges: readonly { keys: number | null }[] };
    expect(ranges.length).toBeGreaterThan(2);
    expect(ranges.every(({ keys }) => keys === null)).toBe(true);
    expect(relay.countOf("GET /api/v1/slot-keys")).toBe(2);
  },
  TEST_MS,
);

test(
  "any other failure of that question fails the command",
  async () => {
    answerKeys(503);
    const exit = await run("slot info --all");
    expect([exit.code === 0, exit.stdout]).toEqual([false, ""]);
    expect(exit.stderr).toBe("codis slot: no such path on the admin port\n");
  },
  TEST_MS,
);
