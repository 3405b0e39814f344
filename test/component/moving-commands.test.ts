/**
 * Command lines that move slots, as programs against the HTTP port of a dashboard with a leader in memory: plans,
 * questions, watching at a terminal and for programs, steering, and how all of that ends.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import type { V1Operation, V1Plan } from "../../src/api/v1-operation-schema.ts";
import { endOperation, hinderOperation } from "../../src/model/change/operation.ts";
import type { Operation, OperationProgress } from "../../src/model/operation/operation.ts";
import {
  type CodisExit,
  type CodisProgram,
  runCodis,
  startCodis,
} from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { ORDERED_AT_MS } from "../support/fake-migration-control.ts";
import { MovingPort } from "../support/moving-port.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startAtTerminal } from "../support/terminal-program.ts";

const TEST_MS = 120_000;
const WAIT_MS = 30_000;

let port: MovingPort;

beforeEach(async () => {
  port = await new MovingPort().start();
});

afterEach(() => port.close());

function env() {
  return { ...process.env, CODIS_DASHBOARD: port.addr };
}

function run(line: string): Promise<CodisExit> {
  return runCodis(line.split(" "), { env: env() });
}

function start(line: string): CodisProgram {
  return startCodis(line.split(" "), { env: env() });
}

/** Resolves when the leader has so many operations. */
async function operationNumber(count: number): Promise<Operation> {
  return waitFor(`operation ${count}`, WAIT_MS, async () => port.leader.migration.operations()[0]);
}

/** As if the engine had come so far. */
function progress(parts: Partial<OperationProgress>): void {
  port.leader.migration.setProgress("op-1", parts);
}

function end(state: "done" | "cancelled", text: string): void {
  const { migration } = port.leader;
  const operation = migration.getOperation("op-1");
  migration.set(endOperation(operation, state, ORDERED_AT_MS + 21_000, text));
}

type Line = { readonly plan?: V1Plan; readonly operation?: V1Operation };

function linesOf(stdout: string): readonly Line[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

describe("a plan", () => {
  test("--dry-run shows it and starts nothing", async () => {
    const exit = await run("slot migrate 3-5,7 --to 2 --dry-run");
    expect([exit.code, exit.stderr]).toEqual([0, ""]);
    expect(exit.stdout).toStartWith(
      "plan p-3-1 (slots as named): 4 moves, 40 keys, 3.9 KB, in 30 ms",
    );
    expect(exit.stdout).toContain("1     2   4      40    3.9 KB  3-5,7\n");
    expect(exit.stdout).toContain("1      10 -> 6 ");
    expect(port.leader.orders).toEqual(["plan move"]);
    const shown = await run("plan show p-3-1");
    expect(shown.stdout).toBe(exit.stdout);
    const json = JSON.parse((await run("plan show p-3-1 --json")).stdout) as V1Plan;
    expect(json.moves).toHaveLength(4);
  });

  test("all flags of rebalance reach the dashboard", async () => {
    const requestOf = async (flags: string): Promise<unknown> => {
      const exit = await run(`rebalance ${flags} --dry-run --json`);
      expect([flags, exit.stderr]).toEqual([flags, ""]);
      return (JSON.parse(exit.stdout) as V1Plan).request;
    };
    expect(await requestOf("--max-slots 3 --big-key last")).toEqual({
      strategy: "slots",
      max_slots: 3,
      big_key: "last",
    });
    expect(await requestOf("--weight 1=2 2=0.5 --except 3")).toEqual({
      strategy: "weight",
      weights: { "1": 2, "2": 0.5 },
      except_group_ids: [3],
    });
    expect(await requestOf("--drain 1")).toEqual({ strategy: "drain", drain_group_id: 1 });
    expect(await requestOf("--fill")).toEqual({ strategy: "fill" });
    const alias = await run("slot rebalance --strategy slots --dry-run");
    expect(alias.stdout).toContain("(equal numbers of slots)");
  });

  test("is kept as a file, which makes the same plan again, or is refused when it isn't true", async () => {
    const folder = memoryFolder();
    const path = folder.join("plan.json");
    await run("slot migrate 3-5,7 --to 2 --dry-run --big-key last");
    writeFileSync(path, (await run("plan show p-3-1 --json")).stdout);
    const again = await run(`plan import ${path} --dry-run --json`);
    expect([again.code, again.stderr]).toEqual([0, ""]);
    const plan = JSON.parse(again.stdout) as V1Plan;
    expect(plan.moves).toEqual((JSON.parse(readFileSync(path, "utf8")) as V1Plan).moves);
    expect(plan.request).toMatchObject({ strategy: "move", big_key: "last" });
    expect(plan.request.moves?.[0]).toEqual({ slot_id: 3, group_id: 2, from_group_id: 1 });
    const done = await run(`plan import ${path} --yes --no-wait`);
    expect(done.stdout).toContain("operation op-1 is started");
    writeFileSync(path, `{"moves": [{"slot_id": 3, "from_group_id": 2, "to_group_id": 1}]}`);
    const refused = await run(`plan import ${path} --dry-run`);
    expect([refused.code, refused.stdout]).toEqual([1, ""]);
    expect(refused.stderr).toContain("slot 3 belongs to group 1, the plan has it with group 2");
    const asks = await run(`plan import ${path}`);
    expect([asks.code, asks.stderr]).toMatchObject([64, expect.stringContaining("say --yes")]);
    writeFileSync(
      path,
      `{"moves": [{"slot_id": 3, "group_id": 2}, {"slot_id": "4", "group_id": 2}]}`,
    );
    const faulty = await run(`plan import ${path} --dry-run`);
    expect([faulty.code, faulty.stderr]).toEqual([
      64,
      `codis plan: ${path} is no plan: moves[1]: expected slot_id, to_group_id and perhaps from_group_id, as numbers\n`,
    ]);
    const gone = await run(`plan import ${folder.join("none.json")} --dry-run`);
    expect([gone.code, gone.stderr]).toMatchObject([
      64,
      expect.stringContaining("can't be read: there is no such file"),
    ]);
  });

  test("with problems is shown, has exit code 1, and isn't started", async () => {
    port.leader.migration.planParts = { problems: ["group 2 is promoting"] };
    const line = "codis slot: plan p-3-1 can't be started: group 2 is promoting\n";
    const dry = await run("slot migrate 3 --to 2 --dry-run");
    expect([dry.code, dry.stderr]).toEqual([1, line]);
    expect(dry.stdout).toEndWith("\n! group 2 is promoting\n");
    const real = await run("slot migrate 3 --to 2 --yes --no-wait --json");
    expect([real.code, real.stderr]).toEqual([1, line.replace("p-3-1", "p-3-2")]);
    expect(JSON.parse(real.stdout)).toMatchObject({ problems: ["group 2 is promoting"] });
    expect(port.leader.migration.operations()).toEqual([]);
  });

  test("that moves nothing is no failure and asks nothing", async () => {
    const exit = await run("slot migrate 10-13 --to 2 --yes");
    expect([exit.code, exit.stderr]).toEqual([0, ""]);
    expect(linesOf(exit.stdout)).toMatchObject([{ plan: { moves: [] } }]);
    const text = await run("slot migrate 10-13 --to 2 --yes --no-wait");
    expect(text.stdout).toStartWith("plan p-3-2: nothing has to move; codis group list");
    expect(port.leader.migration.operations()).toEqual([]);
  });

  test("that the dashboard refuses is one line", async () => {
    const refused = async (line: string) => {
      const { code, stdout, stderr } = await run(line);
      return [code, stdout, stderr];
    };
    expect(await refused("rebalance --drain 9 --dry-run")).toEqual([
      1,
      "",
      "codis rebalance: group-[9] doesn't exist; codis group list shows the groups\n",
    ]);
    expect(await refused("plan start p-1-1 --yes")).toEqual([
      1,
      "",
      "codis plan: plan p-1-1 doesn't exist (any more); codis rebalance --dry-run makes a new one\n",
    ]);
    expect(await refused("operation show 5")).toEqual([
      1,
      "",
      "codis operation: operation op-5 doesn't exist; codis operation list shows all\n",
    ]);
    expect(await refused("operation watch")).toEqual([
      1,
      "",
      "codis operation: nothing moves; codis operation list shows what has ended\n",
    ]);
  });
});

describe("watching, for programs", () => {
  test(
    "the plan, each change, and the end",
    async () => {
      const program = start(
        "rebalance --max-slots 4 --yes --keys-per-second 500 --bytes-per-second 1mb",
      );
      await operationNumber(1);
      expect(port.leader.orders).toEqual(["plan slots", "startPlan p-3-1 500 1048576"]);
      await program.sees(/"operation"/);
      progress({ keysMoved: 20, keysTotal: 40, slotsDone: 2, slotsTotal: 4 });
      await program.sees(/"keys_moved":20,/);
      progress({ keysMoved: 40, slotsDone: 4 });
      end("done", "done: 4 of 4 slots arrived");
      const exit = await program.ended();
      expect([exit.code, exit.stderr]).toEqual([0, ""]);
      const lines = linesOf(exit.stdout);
      expect(lines[0]?.plan?.moves).toHaveLength(4);
      const operations = lines.slice(1).map((line) => line.operation);
      expect(operations.at(-1)).toMatchObject({ id: "op-1", state: "done" });
      // A line for each change only, and none has the list of slots.
      expect(new Set(operations.map((one) => JSON.stringify(one))).size).toBe(operations.length);
      expect(exit.stdout).not.toContain('"events"');
    },
    TEST_MS,
  );

  test(
    "an operation that was cancelled, or ended with trouble, has exit code 1",
    async () => {
      await port.startMoves([1, 2]);
      const cancelled = start("operation watch 1 --json");
      await cancelled.sees(/"running"/);
      end("cancelled", "ended: 1 of 2 slots arrived");
      const exit = await cancelled.ended();
      expect([exit.code, exit.stderr]).toEqual([
        1,
        "codis operation: operation op-1 was cancelled (ended: 1 of 2 slots arrived); codis operation show op-1 " +
          "tells more\n",
      ]);
      const { migration } = port.leader;
      migration.set({ ...migration.getOperation("op-1"), state: "done", reason: "slot 2 is lost" });
      // One that has ended is told as it ended.
      const again = await run("operation watch op-1");
      expect([again.code, linesOf(again.stdout).length]).toEqual([1, 1]);
      expect(again.stderr).toContain("has ended with trouble (slot 2 is lost)");
    },
    TEST_MS,
  );

  test(
    "Ctrl+C and --timeout end the watching alone",
    async () => {
      await port.startMoves([1, 2]);
      const interrupted = start("operation watch");
      await interrupted.sees(/"running"/);
      interrupted.signal("SIGINT");
      const exit = await interrupted.ended();
      const next =
        "operation op-1 goes on; codis operation watch op-1 shows how far it is, codis operation cancel op-1 " +
        "ends it\n";
      expect([exit.code, exit.stderr]).toEqual([130, next]);
      const late = await run("operation watch op-1 --timeout 200ms");
      expect([late.code, late.stderr]).toEqual([1, `codis operation: the time is up: ${next}`]);
      expect(port.leader.migration.getOperation("op-1").state).toBe("running");
    },
    TEST_MS,
  );

  test(
    "a dashboard that is away for a while is waited for",
    async () => {
      await port.startMoves([1, 2]);
      const program = start("operation watch op-1");
      await program.sees(/"running"/);
      port.control.stateNow = "standby";
      await program.sees(/no answer, asking again: /);
      progress({ keysMoved: 7 });
      port.control.stateNow = "leader";
      await program.sees(/"keys_moved":7,/);
      end("done", "done: 2 of 2 slots arrived");
      expect((await program.ended()).code).toBe(0);
    },
    TEST_MS,
  );
});

describe("at a terminal", () => {
  test(
    "shows the plan, asks, draws how far it is in place, and sums up",
    async () => {
      const program = startAtTerminal("rebalance --max-slots 4", env(), 90);
      await program.sees("4 slots with 40 keys will move, while clients work. Go on? [y/N]");
      expect(program.rows()[0]).toStartWith("plan p-3-1 (equal numbers of slots): 4 moves,");
      expect(port.leader.migration.operations()).toEqual([]);
      program.type("y\n");
      await operationNumber(1);
      progress({ slotsTotal: 4, keysTotal: 40, slotsDone: 1, keysMoved: 10, etaMs: 80_000 });
      await program.sees("]  25%  running, 1m20s to go");
      const { migration } = port.leader;
      migration.set(
        hinderOperation(
          migration.getOperation("op-1"),
          { text: "group 2 is full", code: "target_memory" },
          ORDERED_AT_MS,
        ),
      );
      await program.sees("! group 2 is full");
      migration.set({ ...migration.getOperation("op-1"), reason: "" });
      progress({ slotsDone: 4, keysMoved: 40, bytesMoved: 4_000, bytesTotal: 4_000 });
      end("done", "done: 4 of 4 slots arrived");
      expect(await program.ended()).toBe(0);
      const rows = program.rows().filter((row) => row !== "");
      expect(rows.filter((row) => row.includes("]  25%"))).toEqual([]);
      expect(rows.slice(-4)).toEqual([
        expect.stringMatching(/^\[#+\] 100% {2}done$/),
        "slots 4 of 4, keys 40 of 40, 3.9 KB of 3.9 KB",
        expect.stringContaining("keys/s, 0 B/s; longest stall 0 ms, longest hold 0 ms"),
        "operation op-1 is done: 4 slots, 40 keys, 3.9 KB in 20 s (2 keys/s, 200 B/s); longest stall 0 ms, " +
          "longest hold 0 ms",
      ]);
    },
    TEST_MS,
  );

  test(
    "no means no, and Ctrl+C leaves the operation running",
    async () => {
      const declined = startAtTerminal("slot migrate 1-2 --to 2", env());
      await declined.sees("[y/N]");
      declined.type("n\n");
      expect(await declined.ended()).toBe(1);
      expect(declined.rows().join("\n")).toContain("nothing was changed");
      expect(port.leader.migration.operations()).toEqual([]);

      const left = startAtTerminal("slot migrate 1-2 --to 2 --yes", env(), 40);
      await operationNumber(1);
      await left.sees("%  running");
      left.type("\u0003");
      expect(await left.ended()).toBe(130);
      expect(left.rows().join("\n")).toContain(
        "operation op-1 goes on; codis operation watch op-1",
      );
      expect(port.leader.migration.getOperation("op-1").state).toBe("running");
    },
    TEST_MS,
  );
});

describe("operations", () => {
  test(
    "list, show and steering",
    async () => {
      expect((await run("operation list")).stdout).toBe("no slots move, and none have moved\n");
      await port.planMoves([1, 2]);
      const started = await run(
        "plan start p-3-1 --yes --no-wait --keys-per-second 9 --p99-guard-ms 8",
      );
      expect(started.stdout).toEndWith(
        "operation op-1 is started; codis operation watch op-1 shows how far it is\n",
      );
      expect((await run("operation list --open")).stdout).toMatch(/^op-1 +running +move +0% /m);
      const shown = (await run("operation show 1")).stdout;
      expect(shown).toContain(
        "limit                     9 keys/s\np99 guard                 8 ms\n",
      );
      expect(shown).toContain("FROM  TO  SLOTS");
      const steps: readonly (readonly [string, string])[] = [
        ["pause op-1", "operation op-1 is paused; its state: paused\n"],
        ["resume 1", "operation op-1 goes on; its state: waiting for its turn\n"],
        ["speed op-1 --bytes-per-second 2kb", "operation op-1 has its new speed; its state: "],
        ["speed op-1 --unlimited", "operation op-1 has its new speed; its state: "],
        ["cancel op-1", "operation op-1 is being cancelled; its state: cancelling\n"],
        [
          "cancel op-1 --rollback",
          "operation op-1 is being cancelled; its state: cancelling, slots go back\n",
        ],
      ];
      for (const [line, text] of steps) {
        const exit = await run(`operation ${line}`);
        expect([line, exit.code, exit.stderr]).toEqual([line, 0, ""]);
        expect(exit.stdout).toStartWith(text);
      }
      expect(port.leader.orders.slice(1)).toEqual([
        "startPlan p-3-1 9 0 p99 8",
        "pause op-1",
        "resume op-1",
        "setSpeed op-1 9 2048 p99 8",
        "setSpeed op-1 0 0",
        "cancel op-1 false",
        "cancel op-1 true",
      ]);
      const refused = await run("operation pause op-1");
      expect([refused.code, refused.stdout]).toEqual([1, ""]);
      expect(refused.stderr).toStartWith("codis operation: operation op-1 ");
    },
    TEST_MS,
  );
});
