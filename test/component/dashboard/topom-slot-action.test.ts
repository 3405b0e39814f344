/**
 * Moving slots over the API of Codis 3.2: which slots are chosen and in which order, the texts of refusals, and what
 * the overview shows of it. Over real HTTP with a leader in memory.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ERROR_CODE_HEADER } from "../../../src/api/error-form.ts";
import { CodisError } from "../../../src/base/error.ts";
import { causeOf } from "../../support/admin-port.ts";
import { bearer, FROM_ELSEWHERE } from "../../support/dashboard-port.ts";
import { MovingPort } from "../../support/moving-port.ts";

let port: MovingPort;

beforeEach(async () => {
  port = await new MovingPort().start();
});

afterEach(() => port.close());

/** Slots that have an action, as `index: slot>group state`, in the order of their orders. */
function actions(): readonly string[] {
  return port.leader
    .topology()
    .slots.filter(({ action }) => action.state !== "")
    .sort((one, other) => one.action.index - other.action.index)
    .map(({ id, action }) => `${action.index}: ${id}>${action.targetId} ${action.state}`);
}

async function order(path: string): Promise<string> {
  const answer = await port.change(`slots/action/${path}`);
  return answer.status === 200 ? answer.text : `${answer.status} ${causeOf(answer)}`;
}

describe("create", () => {
  test("one slot after another gets the next index", async () => {
    expect(await order("create/:xauth/5/2")).toBe('"OK"');
    expect(await order("create/:xauth/3/2")).toBe('"OK"');
    expect(await order("create/:xauth/1000/1")).toBe('"OK"');
    expect(actions()).toEqual(["1: 5>2 pending", "2: 3>2 pending", "3: 1000>1 pending"]);
  });

  test("is refused with the texts of Codis, the group first", async () => {
    await order("create/:xauth/5/2");
    for (const [path, cause] of [
      ["5000/2", "slot-[5000] doesn't exist"],
      ["5/9", "group-[9] doesn't exist"],
      ["5000/9", "group-[9] doesn't exist"],
      ["5/0", "group-[0] doesn't exist"],
      ["5/3", "group-[3] is empty"],
      ["5/1", "slot-[5] action already exists"],
      ["6/1", "slot-[6] already in group-[1]"],
      ["-1/1", "slot-[-1] doesn't exist"],
    ] as const) {
      expect([path, await order(`create/:xauth/${path}`)]).toEqual([path, `800 ${cause}`]);
    }
    expect(actions()).toEqual(["1: 5>2 pending"]);
  });

  test("what the leader refuses comes through with its code and is audited as failed", async () => {
    port.leader.failure = new CodisError("TOO_BUSY", "20 operations haven't ended yet");
    const answer = await port.change("slots/action/create/:xauth/5/2");
    expect([answer.status, causeOf(answer)]).toEqual([800, "20 operations haven't ended yet"]);
    expect(answer.headers[ERROR_CODE_HEADER]).toBe("TOO_BUSY");
    const audit = (await port.get("/api/v1/audit")).json() as { items: unknown[] };
    expect(audit.items).toMatchObject([
      {
        operation: "createSlotAction",
        api: "topom",
        arguments: { sid: 5, gid: 2 },
        state: "failed",
        error_code: "TOO_BUSY",
      },
    ]);
  });
});

describe("create-some", () => {
  test("takes the lowest free slots of the source", async () => {
    await order("create/:xauth/1/2");
    expect(await order("create-some/:xauth/1/2/3")).toBe('"OK"');
    expect(actions().slice(1)).toEqual(["2: 0>2 pending", "3: 2>2 pending", "4: 3>2 pending"]);
  });

  test("takes offline slots as those of group 0, and all there are when there are fewer", async () => {
    expect(await order("create-some/:xauth/0/1/2")).toBe('"OK"');
    expect(actions()).toEqual(["1: 14>1 pending", "2: 15>1 pending"]);
    expect(await order("create-some/:xauth/2/1/100")).toBe('"OK"');
    expect(actions()).toHaveLength(6);
  });

  test("finds nothing and is content", async () => {
    for (const path of ["9/2/5", "2/2/5", "1/2/0", "1/2/-4"]) {
      expect([path, await order(`create-some/:xauth/${path}`)]).toEqual([path, '"OK"']);
    }
    expect(port.leader.orders).toEqual([]);
    expect(await order("create-some/:xauth/1/9/5")).toBe("800 group-[9] doesn't exist");
    expect(await order("create-some/:xauth/1/3/5")).toBe("800 group-[3] is empty");
  });
});

describe("create-range", () => {
  test("orders all slots from one to the other in order", async () => {
    expect(await order("create-range/:xauth/3/5/2")).toBe('"OK"');
    expect(actions()).toEqual(["1: 3>2 pending", "2: 4>2 pending", "3: 5>2 pending"]);
  });

  test("orders none when one isn't free", async () => {
    await order("create/:xauth/5/2");
    for (const [path, cause] of [
      ["3/6/2", "slot-[5] action already exists"],
      ["8/11/2", "slot-[10] already in group-[2]"],
      ["3/4/9", "group-[9] doesn't exist"],
      ["3/4/3", "group-[3] is empty"],
    ] as const) {
      expect([path, await order(`create-range/:xauth/${path}`)]).toEqual([path, `800 ${cause}`]);
    }
    for (const path of ["6/3/2", "-1/3/2", "3/1024/2", "6/3/9"]) {
      const [beg, end] = path.split("/");
      expect(await order(`create-range/:xauth/${path}`)).toStartWith(
        `800 invalid slot range [${beg},${end}]`,
      );
    }
    expect(actions()).toEqual(["1: 5>2 pending"]);
  });
});

describe("remove", () => {
  test("takes an order back while it waits", async () => {
    await order("create-range/:xauth/3/4/2");
    expect(await order("remove/:xauth/3")).toBe('"OK"');
    expect(actions()).toEqual(["2: 4>2 pending"]);
    port.setSlot(4, "preparing");
    expect(await order("remove/:xauth/4")).toBe("800 slot-[4] action isn't pending");
    expect(await order("remove/:xauth/3")).toBe("800 slot-[3] action doesn't exist");
    expect(await order("remove/:xauth/1024")).toBe("800 slot-[1024] doesn't exist");
  });
});

describe("rebalance", () => {
  test("without confirm only tells, with it orders the same in order of the slots", async () => {
    const told = await port.change("slots/rebalance/:xauth/0");
    expect(port.leader.orders).toEqual([]);
    const plan = told.json() as Record<string, number>;
    expect(Object.keys(plan)).toHaveLength(1024 - 14);
    const done = await port.change("slots/rebalance/:xauth/1");
    expect([done.status, done.text]).toEqual([200, told.text]);
    const expected = Object.entries(plan).map(
      ([id, groupId], index) => `${index + 1}: ${id}>${groupId} pending`,
    );
    expect(actions()).toEqual(expected);
  });

  test("that changes nothing orders nothing", async () => {
    await port.change("slots/rebalance/:xauth/1");
    const again = await port.change("slots/rebalance/:xauth/1");
    expect([again.status, again.text]).toEqual([200, "{}"]);
    expect(port.leader.orders).toHaveLength(1);
  });

  test("without a group that could take slots is refused", async () => {
    port.leader.change({ groups: new Map() });
    for (const confirm of [0, 1]) {
      const answer = await port.change(`slots/rebalance/:xauth/${confirm}`);
      expect([answer.status, causeOf(answer)]).toEqual([800, "no valid group could be found"]);
    }
  });
});

describe("the overview", () => {
  async function slotAction(): Promise<string> {
    const text = (await port.get("/topom/stats")).text;
    return text.slice(text.indexOf('"slot_action"'), text.indexOf('"sentinels"'));
  }

  test("shows what is switched and how far the move is, in the form of Codis", async () => {
    expect(await slotAction()).toBe(
      [
        '"slot_action": {',
        '        "interval": 0,',
        '        "disabled": false,',
        '        "progress": {',
        '            "status": ""',
        "        },",
        '        "executor": 0',
        "    },",
        "    ",
      ].join("\n"),
    );
    expect(await order("interval/:xauth/1500")).toBe('"OK"');
    expect(await order("disabled/:xauth/2")).toBe('"OK"');
    const { migration } = port.leader;
    migration.switched = { ...migration.switched, progress: "[OK] Slot[0005]=12", executor: 3 };
    expect(JSON.parse(`{${(await slotAction()).trim().replace(/,$/, "")}}`)).toEqual({
      slot_action: {
        interval: 1500,
        disabled: true,
        progress: { status: "[OK] Slot[0005]=12" },
        executor: 3,
      },
    });
    expect(await order("disabled/:xauth/0")).toBe('"OK"');
    expect(port.leader.orders).toEqual([
      "setInterval 1500",
      "setDisabled true",
      "setDisabled false",
    ]);
  });
});

describe("who may", () => {
  test("with users, from elsewhere: a token of an operator", async () => {
    const root = bearer(await port.createUser("root", "admin"));
    const operator = bearer(await port.createUser("olga", "operator", root));
    const viewer = bearer(await port.createUser("vera", "viewer", root));
    const path = "slots/action/create/:xauth/5/2";
    for (const [headers, code] of [
      [{}, "FORBIDDEN"],
      [viewer, "FORBIDDEN"],
      [operator, undefined],
    ] as const) {
      const answer = await port.change(path, undefined, { ...FROM_ELSEWHERE, ...headers });
      expect(answer.headers[ERROR_CODE_HEADER]).toBe(code as string);
    }
    // A plan changes nothing, so it is a read.
    const plan = await port.change("slots/rebalance/:xauth/0", undefined, FROM_ELSEWHERE);
    expect(plan.status).toBe(200);
    const confirmed = await port.change("slots/rebalance/:xauth/1", undefined, FROM_ELSEWHERE);
    expect(confirmed.headers[ERROR_CODE_HEADER]).toBe("FORBIDDEN");
    expect(actions()).toEqual(["1: 5>2 pending"]);
  });
});
