/** When a dead master is replaced and when not, on a clock that stands still between the steps. */
import { afterEach, describe, expect, test } from "bun:test";
import { CodisError } from "../../../../src/base/error.ts";
import type { Failover } from "../../../../src/model/availability/failover.ts";
import { beginPromoting } from "../../../../src/model/change/master.ts";
import { parseInfo } from "../../../../src/redis/info.ts";
import {
  DOWN_AFTER_MS,
  FailoverDesk,
  replicaInfo,
  SERVER,
  STREAM,
  WINDOW_MS,
} from "../../../support/failover-desk.ts";

let desk: FailoverDesk;

async function open(): Promise<FailoverDesk> {
  desk = await FailoverDesk.open();
  await desk.pass(1_000);
  return desk;
}

afterEach(async () => {
  await desk.detector.close();
  await desk.book.close();
});

function story(): Failover {
  const [newest] = desk.book.all();
  if (newest === undefined) {
    throw new Error("no story was written");
  }
  return newest;
}

function outcomes(): readonly string[] {
  return desk.book.all().map(({ outcome }) => outcome);
}

/** Time in which a dead master would have been replaced, whatever the detector waits for. */
const LONG_MS = DOWN_AFTER_MS + 5_000;

describe("a dead master", () => {
  test("is replaced by the replica with the most data, in the right order", async () => {
    await open();
    desk.silence(SERVER.a);
    await desk.pass(DOWN_AFTER_MS + 200);
    expect(desk.master).toBe(SERVER.c);
    expect(desk.done).toEqual([
      "confirm",
      `fence ${SERVER.a}`,
      "confirm",
      `promote ${SERVER.c}`,
      `failover of group 1: ${SERVER.a} -> ${SERVER.c}`,
      "follow 1",
    ]);
  });

  test("has a story: seen, voted, decided, done", async () => {
    await open();
    desk.silence(SERVER.a);
    await desk.pass(DOWN_AFTER_MS + 200);
    expect(story()).toMatchObject({
      groupId: 1,
      kind: "detector",
      from: SERVER.a,
      to: SERVER.c,
      outcome: "done",
      reason: "",
      lostBytes: 50,
    });
    expect(story().pauseMs).toBeGreaterThanOrEqual(DOWN_AFTER_MS);
    const steps = story().events.map(({ step, about }) => `${step} ${about}`);
    expect(steps).toEqual([
      `detected ${SERVER.a}`,
      "vote p1",
      "vote p2",
      "vote p3",
      `note ${SERVER.a}`,
      `fenced ${SERVER.a}`,
      `decided ${SERVER.c}`,
      `promoted ${SERVER.c}`,
      `stored ${SERVER.c}`,
      "switched p1",
      "switched p2",
      "switched p3",
      `served ${SERVER.c}`,
    ]);
  });

  test("isn't dead before its time, and not when it answers again", async () => {
    await open();
    desk.silence(SERVER.a);
    await desk.pass(DOWN_AFTER_MS - 100);
    expect(desk.done).toEqual([]);
    desk.revive(SERVER.a);
    await desk.pass(LONG_MS);
    expect(desk.done).toEqual([]);
    expect(outcomes()).toEqual([]);
  });

  test("is replaced as soon as the proxies agree", async () => {
    await open();
    desk.silence(SERVER.a);
    const late = { silentMs: () => desk.silenceOf(SERVER.a) - 400 };
    desk.proxies.set("p1", late).set("p2", late);
    await desk.pass(DOWN_AFTER_MS + 300);
    expect(desk.done).toEqual([]);
    await desk.pass(200);
    expect(desk.master).toBe(SERVER.c);
  });

  test("the next replica is tried when the best refuses", async () => {
    await open();
    desk.refusing.add(SERVER.c);
    desk.silence(SERVER.a);
    await desk.pass(DOWN_AFTER_MS + 200);
    expect(desk.master).toBe(SERVER.b);
    expect(story()).toMatchObject({ to: SERVER.b, outcome: "done", lostBytes: 100 });
  });
});

describe("nothing is done", () => {
  test("while most proxies reach the master", async () => {
    await open();
    desk.silence(SERVER.a);
    desk.proxies.set("p1", { silentMs: () => 100 }).set("p2", { silentMs: () => 100 });
    await desk.pass(LONG_MS);
    expect(desk.done).toEqual([]);
    expect(desk.detector.describe().text).toMatch(/only 1 of 3 proxies with a vote/);
  });

  test("while no proxy answers", async () => {
    await open();
    desk.silence(SERVER.a);
    for (const token of desk.proxies.keys()) {
      desk.proxies.set(token, undefined);
    }
    await desk.pass(LONG_MS);
    expect(desk.done).toEqual([]);
    expect(desk.detector.describe().text).toMatch(/may be cut off/);
  });

  test("while the dashboard reaches neither most proxies nor half of the other servers", async () => {
    await open();
    for (const addr of [SERVER.a, SERVER.d]) {
      desk.silence(addr);
    }
    desk.reached.clear();
    desk.proxies.set("p1", undefined).set("p2", undefined);
    await desk.pass(LONG_MS);
    expect(desk.done).toEqual([]);
    desk.reached.add(SERVER.b).add(SERVER.c);
    await desk.pass(1_500);
    expect(desk.master).toBe(SERVER.c);
  });

  test("with proxies of Codis 3.2 only", async () => {
    await open();
    desk.silence(SERVER.a);
    for (const token of desk.proxies.keys()) {
      desk.proxies.set(token, "original");
    }
    await desk.pass(LONG_MS);
    expect(desk.done).toEqual([]);
  });

  test("in groups that sentinels watch, until they don't any more", async () => {
    await open();
    desk.watchedGroups.add(1);
    desk.silence(SERVER.a);
    await desk.pass(LONG_MS);
    expect(desk.done).toEqual([]);
    expect(desk.detector.describe().text).toMatch(/groups 1 are left to their sentinels/);
    desk.watchedGroups.clear();
    await desk.pass(200);
    expect(desk.master).toBe(SERVER.c);
  });

  test("when this dashboard doesn't lead any more", async () => {
    await open();
    desk.confirmFailure = new CodisError("LEADERSHIP_LOST", "another one leads");
    desk.silence(SERVER.a);
    await desk.pass(LONG_MS);
    expect(new Set(desk.done)).toEqual(new Set(["confirm"]));
    expect(outcomes()).toEqual([]);
    expect(desk.master).toBe(SERVER.a);
  });

  test("while a planned change is in its last state, or in its turn", async () => {
    await open();
    const begun = beginPromoting(desk.topology, 1, SERVER.b);
    const group = begun.groups.get(1);
    if (group === undefined) {
      throw new Error("group 1 is gone");
    }
    const finished = { ...group, promoting: { index: 0, state: "finished" } as const };
    desk.topology = { ...begun, groups: new Map([...begun.groups, [1, finished]]) };
    desk.silence(SERVER.a);
    await desk.pass(LONG_MS);
    expect(desk.done).toEqual([]);
    const planned = Promise.withResolvers<void>();
    const turn = desk.turns.run(1, () => planned.promise);
    desk.topology = begun;
    await desk.pass(LONG_MS);
    expect(desk.done).toEqual([]);
    planned.resolve();
    await turn;
    await desk.pass(200);
    expect(desk.master).toBe(SERVER.c);
    expect(desk.topology.groups.get(1)?.promoting.state).toBe("");
  });

  test("when it answers before the turn has come", async () => {
    await open();
    const planned = Promise.withResolvers<void>();
    const turn = desk.turns.run(1, () => planned.promise);
    desk.silence(SERVER.a);
    await desk.pass(LONG_MS);
    desk.revive(SERVER.a);
    planned.resolve();
    await turn;
    await desk.pass(LONG_MS);
    expect(desk.done).toEqual([]);
  });
});

describe("two cases in which the leader decides alone", () => {
  test("no proxy is registered", async () => {
    await open();
    desk.proxies.clear();
    desk.silence(SERVER.a);
    await desk.pass(DOWN_AFTER_MS + 200);
    expect(desk.master).toBe(SERVER.c);
  });

  test("no proxies, and no other server: it may be cut off", async () => {
    await open();
    desk.proxies.clear();
    desk.reached.clear();
    desk.silence(SERVER.a);
    desk.silence(SERVER.d);
    await desk.pass(LONG_MS);
    expect(desk.done).toEqual([]);
  });
});

describe("refused", () => {
  test("without a usable replica: told once, then done as soon as there is one", async () => {
    await open();
    desk.looks.clear();
    desk.silence(SERVER.a);
    await desk.pass(LONG_MS * 3);
    expect(outcomes()).toEqual(["refused"]);
    expect(story().reason).toMatch(/no replica can become master: 10.0.0.2:6379 doesn't answer/);
    expect(desk.errors).toHaveLength(1);
    expect(desk.done.filter((line) => line !== "confirm")).toEqual([]);
    desk.looks.set(SERVER.b, replicaInfo());
    await desk.pass(1_500);
    expect(desk.master).toBe(SERVER.b);
    expect(outcomes()).toEqual(["done", "refused"]);
  });

  test("the next incident is told again; the next leader doesn't tell the same one again", async () => {
    await open();
    desk.looks.clear();
    desk.silence(SERVER.a);
    await desk.pass(LONG_MS);
    await desk.detector.close();
    desk.unheard.add(SERVER.a);
    await desk.begin(2);
    await desk.pass(LONG_MS);
    expect(outcomes()).toEqual(["refused"]);
    desk.unheard.clear();
    desk.revive(SERVER.a);
    await desk.pass(1_000);
    desk.silence(SERVER.a);
    await desk.pass(LONG_MS);
    expect(outcomes()).toEqual(["refused", "refused"]);
  });

  test("a second failover within the window, also by the next leader; after it it is done", async () => {
    await open();
    desk.silence(SERVER.a);
    await desk.pass(DOWN_AFTER_MS + 200);
    expect(desk.master).toBe(SERVER.c);
    await desk.detector.close();
    await desk.book.close();
    await desk.begin(2);
    for (const token of desk.proxies.keys()) {
      desk.proxies.delete(token);
    }
    desk.looks.set(SERVER.b, replicaInfo({ master_replid: "new", master_replid2: STREAM }));
    desk.silence(SERVER.c);
    await desk.pass(LONG_MS);
    expect(desk.master).toBe(SERVER.c);
    expect(outcomes()).toEqual(["refused", "done"]);
    expect(story().reason).toMatch(/only one failover within ha_failover_window \(60s\)/);
    await desk.pass(WINDOW_MS);
    expect(desk.master).toBe(SERVER.b);
    expect(outcomes()).toEqual(["done", "refused", "done"]);
  });
});

describe("what was begun is ended", () => {
  test("a new master that couldn't be stored is chosen again, before better ones", async () => {
    await open();
    desk.commitFailure = new CodisError("COORDINATOR_UNREACHABLE", "no answer");
    desk.looks.delete(SERVER.c);
    desk.silence(SERVER.a);
    await desk.pass(DOWN_AFTER_MS + 200);
    expect(story()).toMatchObject({ to: SERVER.b, outcome: "failed" });
    expect(story().reason).toMatch(/is a master, but that couldn't be stored/);
    desk.looks.set(SERVER.c, replicaInfo({ slave_repl_offset: 5_000 }));
    desk.commitFailure = undefined;
    await desk.pass(1_500);
    expect(desk.master).toBe(SERVER.b);
    expect(story()).toMatchObject({ to: SERVER.b, outcome: "done" });
  });

  test("by the next leader, which never saw the old master", async () => {
    await open();
    await desk.detector.close();
    desk.looks.set(
      SERVER.b,
      parseInfo(`role:master\nmaster_replid:new\nmaster_replid2:${STREAM}\nmaster_repl_offset:900`),
    );
    desk.unheard.add(SERVER.a);
    desk.silence(SERVER.a);
    await desk.begin(2);
    await desk.pass(DOWN_AFTER_MS + 200);
    expect(desk.master).toBe(SERVER.b);
    expect(story().lostBytes).toBeUndefined();
  });

  test("no replica could be made master: failed, tried again, not every second", async () => {
    await open();
    desk.refusing.add(SERVER.b).add(SERVER.c);
    desk.silence(SERVER.a);
    await desk.pass(DOWN_AFTER_MS + 5_000);
    expect(outcomes()).toEqual(["failed"]);
    desk.refusing.clear();
    await desk.pass(10_000);
    expect(desk.master).toBe(SERVER.c);
  });
});

describe("what it says of itself", () => {
  test("on", async () => {
    await open();
    expect(desk.detector.describe()).toEqual({
      isEnabled: true,
      text: "on: a master that is silent for 3000 ms is replaced if most proxies agree",
    });
  });

  test("off: nothing is watched, nothing is done", async () => {
    desk = await FailoverDesk.open(undefined, 1, { haEnabled: false });
    expect(desk.detector.describe().isEnabled).toBe(false);
    expect(desk.detector.describe().text).toMatch(/^off: ha_enabled isn't set/);
    desk.silence(SERVER.a);
    await desk.pass(LONG_MS);
    expect(desk.done).toEqual([]);
  });
});
