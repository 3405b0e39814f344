/**
 * Moving slots over the API of Codis 2.0: orders become operations, and are read back as the tasks and slots of
 * those days. Over real HTTP with a leader in memory.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ERROR_CODE_HEADER } from "../../../src/api/error-form.ts";
import type { Answer } from "../../support/admin-port.ts";
import { bearer, DashboardPort, FROM_ELSEWHERE } from "../../support/dashboard-port.ts";
import { MASTER_INFO, serverFigures } from "../../support/dashboard-sample.ts";
import { ORDERED_AT_MS } from "../../support/fake-migration-control.ts";

let port: DashboardPort;

/** Slots up to 599 in group 1, the others in group 2. */
beforeEach(async () => {
  port = await new DashboardPort().start();
  const { leader } = port;
  leader.setGroup(1, ["10.0.0.1:6379"]);
  leader.setGroup(2, ["10.0.0.2:6379"]);
  leader.setGroup(3, []);
  leader.change({
    slots: leader.topology().slots.map((slot) => ({ ...slot, groupId: slot.id < 600 ? 1 : 2 })),
  });
});

afterEach(() => port.close());

function post(path: string, body?: unknown): Promise<Answer> {
  return port.call("POST", path, body);
}

function textOf(answer: Answer): string {
  return `${answer.status} ${answer.text.trim()}`;
}

function setState(id: number, state: "preparing" | "migrating"): void {
  const slots = port.leader
    .topology()
    .slots.map((slot) => (slot.id === id ? { ...slot, action: { ...slot.action, state } } : slot));
  port.leader.change({ slots });
}

describe("POST /api/migrate", () => {
  test("orders the slots that aren't there yet, and is read back", async () => {
    const answer = await post("/api/migrate", { from: 598, to: 601, new_group: 2, delay: 0 });
    expect(textOf(answer)).toBe('200 {"msg":"OK","ret":0}');
    expect(port.leader.orders).toEqual(["createSlotActions 598:2 599:2"]);
    const createAt = String(ORDERED_AT_MS / 1000);
    const task = { new_group: 2, delay: 0, create_at: createAt, percent: 0 };
    expect((await port.get("/api/migrate/tasks")).json()).toEqual([
      { slot_id: 598, ...task, status: "pending" },
      { slot_id: 599, ...task, status: "pending" },
    ]);
    setState(598, "migrating");
    setState(599, "preparing");
    const status = (await port.get("/api/migrate/status")).json();
    const slot = {
      product_name: "demo",
      id: 598,
      group_id: 2,
      state: { status: "migrate", migrate_status: { from: 1, to: 2 }, last_op_ts: "0" },
    };
    expect(status).toEqual({
      migrate_slots: [slot],
      migrate_task: { slot_id: 598, ...task, status: "migrating" },
    });
    expect((await port.get("/api/slot/598")).json()).toEqual(slot);
    expect((await port.get("/api/migrate/tasks")).json()).toMatchObject([{ slot_id: 599 }]);
  });

  test("the delay between two keys becomes a limit of speed, and is told again", async () => {
    await post("/api/migrate", { from: 0, to: 1, new_group: 2, delay: 20 });
    expect(port.leader.orders).toEqual(["createSlotActions 0:2 1:2", "setSpeed op-1 50 0"]);
    expect((await port.get("/api/migrate/tasks")).json()).toMatchObject([
      { slot_id: 0, delay: 20 },
      { slot_id: 1, delay: 20 },
    ]);
  });

  test("slots that are on their way there are left out", async () => {
    await post("/api/migrate", { from: 3, to: 4, new_group: 2 });
    expect(textOf(await post("/api/migrate", { from: 2, to: 5, new_group: 2 }))).toStartWith("200");
    expect(textOf(await post("/api/migrate", { from: 2, to: 5, new_group: 2 }))).toStartWith("200");
    expect(port.leader.orders).toEqual(["createSlotActions 3:2 4:2", "createSlotActions 2:2 5:2"]);
  });

  test("is refused with status 500, a text and a code", async () => {
    await post("/api/migrate", { from: 3, to: 4, new_group: 2 });
    for (const [body, text, code] of [
      [{ from: 1, to: 2, new_group: 9 }, "group-[9] doesn't exist", "NOT_FOUND"],
      [{ from: 1, to: 2, new_group: 3 }, "group-[3] is empty", "STATE_CONFLICT"],
      [{ from: 2, to: 4, new_group: 1 }, "slot-[3] action already exists", "STATE_CONFLICT"],
      [{ from: 2, to: 1, new_group: 2 }, "invalid slot range [2,1]", "ARGUMENT_INVALID"],
      [{ from: 0, to: 1024, new_group: 2 }, "invalid slot range [0,1024]", "ARGUMENT_INVALID"],
      [{ to: 2, new_group: 2 }, "from: expected a whole number", "BODY_INVALID"],
      [{ from: 1, to: "2", new_group: 2 }, "to: expected a whole number", "BODY_INVALID"],
      [{ from: 1, to: 2 }, "new_group: expected a whole number", "BODY_INVALID"],
      [{ from: 1, to: 2, new_group: 2, delay: -1 }, "delay: expected 0 to", "BODY_INVALID"],
      [{ from: 1, to: 2, new_group: 2, delay: 5000 }, "delay: expected 0 to", "BODY_INVALID"],
      ["[1", "it must be JSON", "BODY_INVALID"],
    ] as const) {
      const answer = await post("/api/migrate", body);
      expect([body, answer.status, answer.text]).toEqual([
        body,
        500,
        expect.stringContaining(text),
      ]);
      expect(answer.headers[ERROR_CODE_HEADER]).toBe(code);
      expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
    }
    expect(port.leader.orders).toEqual(["createSlotActions 3:2 4:2"]);
  });
});

describe("POST /api/rebalance", () => {
  function setMemory(group: number, maxmemory: string): void {
    const addr = `10.0.0.${group}:6379`;
    port.leader.servers.set(addr, serverFigures(addr, { info: { ...MASTER_INFO, maxmemory } }));
  }

  function arriving(groupId: number): number {
    const { slots } = port.leader.topology();
    return slots.filter(({ action }) => action.targetId === groupId).length;
  }

  test("gives equal numbers of slots when a master has no maxmemory", async () => {
    setMemory(1, "1073741824");
    setMemory(2, "0");
    expect(textOf(await post("/api/rebalance"))).toBe('200 {"msg":"OK","ret":0}');
    expect([arriving(1), arriving(2)]).toEqual([0, 88]);
  });

  test("gives slots in proportion to maxmemory", async () => {
    setMemory(1, String(3 * 2 ** 30));
    setMemory(2, String(2 ** 30));
    await post("/api/rebalance", "{}");
    // Three quarters of 1024 are 768.
    expect([arriving(1), arriving(2)]).toEqual([168, 0]);
  });

  test("is refused while slots wait, and while some are offline", async () => {
    await post("/api/migrate", { from: 3, to: 3, new_group: 2 });
    expect(textOf(await post("/api/rebalance"))).toBe(
      "500 there are migration tasks running, you should wait them done",
    );
    port.leader.change({
      slots: port.leader.topology().slots.map(({ id }) => ({
        id,
        groupId: id === 7 ? 0 : 1,
        action: { index: 0, state: "", targetId: 0 },
      })),
    });
    expect(textOf(await post("/api/rebalance"))).toBe("500 not all slots are online");
  });
});

describe("who may, and what stays", () => {
  test("orders are audited", async () => {
    await post("/api/migrate", { from: 3, to: 4, new_group: 2 });
    await post("/api/rebalance");
    const audit = (await port.get("/api/v1/audit")).json() as { items: unknown[] };
    expect(audit.items).toMatchObject([
      { api: "legacy", operation: "rebalance", state: "failed", error_code: "STATE_CONFLICT" },
      {
        api: "legacy",
        who: "xauth",
        operation: "migrate",
        arguments: { from: 3, to: 4, newGroup: 2, delayMs: 0 },
        state: "done",
      },
    ]);
  });

  test("with users, from elsewhere: a token of an operator", async () => {
    const root = bearer(await port.createUser("root", "admin"));
    const body = { from: 3, to: 3, new_group: 2 };
    const refused = await port.call("POST", "/api/migrate", body, FROM_ELSEWHERE);
    expect([refused.status, refused.headers[ERROR_CODE_HEADER]]).toEqual([500, "FORBIDDEN"]);
    const done = await port.call("POST", "/api/migrate", body, { ...FROM_ELSEWHERE, ...root });
    expect(done.status).toBe(200);
  });

  test("a page of another site may not, and a wrong method is told", async () => {
    const evil = { Origin: "http://evil.example" };
    const answer = await port.call("POST", "/api/rebalance", undefined, evil);
    expect([answer.status, answer.headers[ERROR_CODE_HEADER]]).toEqual([500, "FORBIDDEN"]);
    const wrong = await port.get("/api/rebalance");
    expect([wrong.status, wrong.text]).toEqual([
      404,
      expect.stringContaining("takes POST, not GET"),
    ]);
    expect(port.leader.orders).toEqual([]);
  });

  test("read-only and off refuse them", async () => {
    for (const legacyApi of ["read-only", "off"] as const) {
      const other = await new DashboardPort({ legacyApi, leader: port.leader }).start();
      const answer = await other.call("POST", "/api/rebalance");
      expect([answer.status, answer.headers[ERROR_CODE_HEADER]]).toEqual([500, "FORBIDDEN"]);
      await other.close();
    }
    expect(port.leader.orders).toEqual([]);
  });
});
