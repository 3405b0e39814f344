/**
 * `codis admin` with moves of slots, as a program against the HTTP port of a dashboard with a leader in memory: what
 * each order asks for, prints and ends with. As codis-admin of Codis 3, an order that is done prints nothing.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { EXIT } from "../../src/cli/exit-code.ts";
import { runCodis } from "../support/codis-program.ts";
import { MovingPort } from "../support/moving-port.ts";

const TEST_MS = 120_000;

let port: MovingPort;

beforeEach(async () => {
  port = await new MovingPort().start();
});

afterEach(() => port.close());

/** Exit code, stdout and stderr. */
async function admin(line: string): Promise<readonly [number | null, string, string]> {
  const args = ["admin", `--dashboard=${port.addr}`, ...line.split(" ")];
  const { code, stdout, stderr } = await runCodis(args, { env: { ...process.env } });
  return [code, stdout, stderr];
}

test(
  "orders to move slots, and to take them back",
  async () => {
    const done = [EXIT.done, "", ""] as const;
    expect(await admin("--slot-action --create --sid=1 --gid=2")).toEqual(done);
    expect(
      await admin("--slot-action --create-some --gid-from=1 --gid-to=2 --num-slots=2"),
    ).toEqual(done);
    expect(await admin("--slot-action --create-range --beg=5 --end=6 --gid=2")).toEqual(done);
    expect(await admin("--slot-action --remove --sid=1")).toEqual(done);
    expect(await admin("--slot-action --interval=250")).toEqual(done);
    expect(await admin("--slot-action --disabled=1")).toEqual(done);
    expect(await admin("--slot-action --disabled=0")).toEqual(done);
    expect(port.leader.orders).toEqual([
      "createSlotActions 1:2",
      "createSlotActions 0:2 2:2",
      "createSlotActions 5:2 6:2",
      "removeSlotActions 1",
      "setInterval 250",
      "setDisabled true",
      "setDisabled false",
    ]);
  },
  TEST_MS,
);

test(
  "refusals have the texts of Codis",
  async () => {
    await admin("--slot-action --create --sid=1 --gid=2");
    const refusals: readonly (readonly [string, number, string])[] = [
      ["--slot-action --create --sid=1 --gid=2", EXIT.failed, "slot-[1] action already exists"],
      ["--slot-action --create --sid=12 --gid=2", EXIT.failed, "slot-[12] already in group-[2]"],
      ["--slot-action --create --sid=3 --gid=9", EXIT.failed, "group-[9] doesn't exist"],
      ["--slot-action --create --sid=3 --gid=3", EXIT.failed, "group-[3] is empty"],
      ["--slot-action --create --sid=2000 --gid=2", EXIT.failed, "slot-[2000] doesn't exist"],
      ["--slot-action --remove --sid=3", EXIT.failed, "slot-[3] action doesn't exist"],
      ["--slot-action --create --sid=3", EXIT.usage, "--slot-action --create needs --gid=ID"],
      [
        "--slot-action --disabled=2",
        EXIT.usage,
        "invalid --disabled=2: expected a whole number from 0 to 1",
      ],
      [
        "--slot-action --interval=1000001",
        EXIT.usage,
        "invalid --interval=1000001: expected a whole number from 0 to 1000000",
      ],
    ];
    for (const [line, code, text] of refusals) {
      expect([line, ...(await admin(line))]).toEqual([line, code, "", `codis admin: ${text}\n`]);
    }
  },
  TEST_MS,
);

test(
  "rebalance prints the moves as ranges, and orders them with --confirm",
  async () => {
    // All others are offline: they go one by one to the smaller group, which has fewer at first.
    const slots = port.leader.topology().slots.map((slot) => ({
      ...slot,
      groupId: slot.id < 600 ? 1 : slot.id < 1000 ? 2 : 0,
    }));
    port.leader.change({ slots });
    const moves = "[0512,0599] => 2\n[1000,1023] => 2\ndone\n";
    expect(await admin("--rebalance")).toEqual([
      EXIT.done,
      moves,
      "codis admin: nothing was ordered; --confirm does it\n",
    ]);
    expect(port.leader.orders).toEqual([]);
    expect(await admin("--rebalance --confirm")).toEqual([EXIT.done, moves, ""]);
    expect(port.leader.orders).toEqual(["createSlotActions 112 from 512:2"]);
    expect(await admin("--rebalance --confirm")).toEqual([EXIT.done, "nothing changes\n", ""]);
  },
  TEST_MS,
);
