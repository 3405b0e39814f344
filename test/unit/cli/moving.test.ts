/** Command lines that move slots, without a dashboard: what is asked for, slips, and the texts of plans. */
import { describe, expect, test } from "bun:test";
import { NOUNS } from "../../../src/cli/noun/noun.ts";
import {
  describeList,
  describeOperation,
  readOperationId,
} from "../../../src/cli/noun/operation.ts";
import { describePlan, findProblem } from "../../../src/cli/noun/plan-text.ts";
import { runLoneVerb, runNoun } from "../../../src/cli/noun/program.ts";
import { LONE_REBALANCE, readRequest } from "../../../src/cli/noun/rebalance.ts";
import { readSpeed } from "../../../src/cli/noun/speed.ts";
import { catchError, catchRejection } from "../../support/caught-error.ts";
import { sampleOperation, samplePlan } from "../../support/operation-sample.ts";

async function slip(line: string): Promise<string> {
  const [name, ...argv] = line.split(" ");
  const noun = NOUNS.find((one) => one.name === name);
  const run = noun === undefined ? runLoneVerb(LONE_REBALANCE, argv) : runNoun(noun, argv);
  const { code, message } = await catchRejection(run);
  expect(code).toBe("USAGE");
  expect(message).not.toContain("\n");
  return message;
}

describe("what is asked of a plan", () => {
  test("the strategy follows from the flags", () => {
    expect(readRequest({})).toEqual({ strategy: "slots" });
    expect(readRequest({ strategy: "memory", maxSlots: "10", bigKey: "refuse" })).toEqual({
      strategy: "memory",
      max_slots: 10,
      big_key: "refuse",
    });
    expect(readRequest({ weight: ["1=2", "group-2=0.5,3=1"], except: ["4", "5,4"] })).toEqual({
      strategy: "weight",
      weights: { "1": 2, "2": 0.5, "3": 1 },
      except_group_ids: [4, 5],
    });
    expect(readRequest({ drain: "3" })).toEqual({ strategy: "drain", drain_group_id: 3 });
    expect(readRequest({ fill: true })).toEqual({ strategy: "fill" });
  });

  test("what contradicts itself is refused with a line", () => {
    const refused = (flags: Parameters<typeof readRequest>[0]): string =>
      catchError(() => readRequest(flags)).message;
    expect(refused({ drain: "1", fill: true })).toBe("--drain and --fill exclude each other");
    expect(refused({ strategy: "slots", drain: "1" })).toContain("--strategy and --drain exclude");
    expect(refused({ strategy: "memory", weight: ["1=2"] })).toBe(
      "--weight belongs to --strategy weight",
    );
    expect(refused({ fill: true, weight: ["1=2"] })).toContain("--weight belongs to");
    expect(refused({ strategy: "weight" })).toContain("which weights?");
    for (const bad of ["1", "1=", "1=x", "1=0", "1=-1", "1=1001", "1=1=1", "1=1e2", "1=0.0001"]) {
      expect(refused({ weight: [bad] })).toContain(`invalid --weight ${bad}: expected GID=N`);
    }
    expect(refused({ weight: ["x=1"] })).toContain("invalid group x");
    expect(refused({ weight: ["1=1", "1=2"] })).toContain("group 1 is there twice");
    expect(refused({ maxSlots: "0" })).toContain("invalid --max-slots 0");
  });

  test("speeds", () => {
    expect(readSpeed({})).toEqual({});
    expect(readSpeed({ keysPerSecond: "5000", bytesPerSecond: "20mb" })).toEqual({
      keys_per_second: 5_000,
      bytes_per_second: 20 * 2 ** 20,
    });
    expect(readSpeed({ bytesPerSecond: "0" })).toEqual({ bytes_per_second: 0 });
    expect(readSpeed({ p99GuardMs: "8" })).toEqual({ p99_guard_ms: 8 });
    for (const p99GuardMs of ["60001", "0.5", "-1", "8ms"]) {
      const { code, message } = catchError(() => readSpeed({ p99GuardMs }));
      expect(code).toBe("USAGE");
      expect(message).toContain("--p99-guard-ms");
    }
    for (const bytesPerSecond of ["x", "-1", "1zb", ""]) {
      expect(catchError(() => readSpeed({ bytesPerSecond })).message).toContain(
        "like 500kb or 20mb",
      );
    }
    expect(catchError(() => readSpeed({ keysPerSecond: "1.5" })).code).toBe("USAGE");
  });

  test("ids of operations", () => {
    expect([readOperationId("op-3"), readOperationId("12")]).toEqual(["op-3", "op-12"]);
    for (const bad of ["0", "op-", "op-0", "x", "p-1-2", "op-3 "]) {
      expect(catchError(() => readOperationId(bad)).message).toContain("expected a form like op-3");
    }
  });
});

test("slips", async () => {
  expect(await slip("rebalance --stratgy slots")).toBe(
    "unknown option '--stratgy'; see codis help rebalance",
  );
  expect(await slip("rebalance --strategy size")).toContain("choices are slots, memory, weight");
  expect(await slip("rebalance 1")).toContain("too many arguments");
  // Nobody can be asked: said before servers are measured.
  const line =
    "slots would move. Nothing was done: say --yes where nobody can be asked, or --dry-run to see the plan";
  expect(await slip("rebalance")).toBe(line);
  expect(await slip("slot rebalance")).toBe(line);
  expect(await slip("slot migrate 0-5 --to 2")).toBe(line);
  expect(await slip("plan start p-1-2")).toBe(line);
  expect(await slip("slot migrate 0-5")).toBe("to which group? Say --to GID");
  expect(await slip("slot migrate 5-0 --to 2")).toContain("the first is after the last");
  expect(await slip("slot migrate 0-5 --to x")).toContain("invalid group x");
  expect(await slip("plan show 3")).toContain("expected a form like p-1-3");
  expect(await slip("operation pause")).toContain("missing required argument 'id'");
  expect(await slip("operation speed 3")).toContain("--unlimited");
  expect(await slip("operation speed 3 --unlimited --keys-per-second 5")).toContain(
    "give it alone",
  );
  for (const timeout of ["x", "0s", "1000h"]) {
    expect(await slip(`operation watch --timeout ${timeout}`)).toContain("like 90s or 2h");
  }
});

describe("plans for people", () => {
  test("moves by pair, groups before and after", () => {
    expect(describePlan(samplePlan())).toBe(
      `plan p-1-2 (equal numbers of slots): 4 moves, 30 keys, 2.9 KB, in 2 s at best: idle servers, no limit of speed

FROM     TO  SLOTS  KEYS  SIZE    WHICH
1        2   3      30    2.9 KB  5-6,9
offline  2   1      0     0 B     1023

GROUP  SLOTS    KEYS       SIZE
1      10 -> 7  100 -> 70  10.0 KB -> 7.1 KB
2      2 -> 6   20.0k      1.0 KB -> 3.9 KB
`,
    );
  });

  test("big keys, estimates, problems and warnings", () => {
    const key = {
      slot_id: 5,
      db: 0,
      name: "a\u001b[31m",
      type: "hash",
      bytes: 2 ** 20,
      elements: 9_000,
      stall_ms: 35,
    };
    const plan = samplePlan({
      exact: false,
      big_keys: Array.from({ length: 12 }, () => key),
      big_key: "last",
      problems: ["group 2 is promoting", "proxy-[x] can't move keys"],
      warnings: ["group 2 has no replica"],
    });
    const text = describePlan(plan);
    expect(text).toContain("4 moves, about 30 keys, 2.9 KB,");
    expect(text).toContain('35 ms  1.0 MB  9000      hash  5     0   "a\\u001b[31m"\n');
    expect(text).toContain(
      "and 2 more, which --json shows\nbig_key = last: they move after all others",
    );
    expect(text).toEndWith(
      "\n! group 2 is promoting\n! proxy-[x] can't move keys\n- group 2 has no replica\n",
    );
    expect(findProblem(plan)?.message).toBe(
      "plan p-1-2 can't be started: group 2 is promoting (and 1 other)",
    );
    expect(findProblem(samplePlan())).toBeUndefined();
  });

  test("nothing to move", () => {
    const text = describePlan(samplePlan({ moves: [], warnings: ["3 slots are offline"] }));
    expect(text).toBe(
      "plan p-1-2: nothing has to move; codis group list shows slots and servers of each group\n\n" +
        "- 3 slots are offline\n",
    );
  });

  test("long lists of slots are cut", () => {
    const [move] = samplePlan().moves;
    const moves = Array.from({ length: 20 }, (_, at) => ({ ...move, slot_id: at * 2 }));
    const text = describePlan(
      samplePlan({ moves: moves as ReturnType<typeof samplePlan>["moves"] }),
    );
    expect(text).toContain("  0,2,4,6,8,10,…\n");
  });
});

test("operations for people", () => {
  expect(describeList([])).toBe("no slots move, and none have moved\n");
  const text = describeList([
    sampleOperation(),
    sampleOperation(
      { id: "op-2", state: "done" },
      { keys_moved: 5, keys_total: 5, slots_done: 128 },
    ),
  ]);
  expect(text.split("\n").slice(0, 3)).toEqual([
    "OPERATION  STATE    STRATEGY  DONE  SLOTS    KEYS        KEYS/S  TO GO  ORDERED                   REASON",
    "op-3       running  slots     50%   64/128   600k/1.20M  7500    1m20s  2026-11-27T10:00:00.000Z",
    "op-2       done     slots     100%  128/128  5/5         -       -      2026-11-27T10:00:00.000Z",
  ]);
  const one = describeOperation(sampleOperation({ reason: "group 2 is full" }));
  expect(one).toContain("state                     running, 1m20s to go (50%)\n");
  expect(one).toContain("reason                    group 2 is full\n");
  expect(one).toContain("limit                     -\n");
  expect(one).toContain("p99 guard                 -\n");
  const reason = "slowed by the p99 guard: p99 12.3 ms, bound 8 ms";
  const slowed = sampleOperation({
    speed: { keys_per_second: 9_000, bytes_per_second: 0, p99_guard_ms: 8 },
    speed_in_force: { keys_per_second: 4_500, bytes_per_second: 0, slowed: true, reason },
  });
  expect(describeOperation(slowed)).toContain(
    `limit                     9000 keys/s\np99 guard                 8 ms\n` +
      `limit now                 4500 keys/s (${reason})\n`,
  );
  expect(describeList([slowed])).toContain(`  ${reason}\n`);
  expect(one).toContain(
    "\nFROM  TO  SLOTS  KEYS  SIZE    WHICH\n1     2   1      10    1000 B  7\n",
  );
  expect(one).toEndWith("\n2026-11-27T10:00:01.000Z  runs\n");
});
