/**
 * `/api/v1/events` of a dashboard: what readers are told of the topology and of operations, and that neither their
 * number nor their slowness nor the end of a leadership does harm. Over bare sockets.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  HEARTBEAT_MS,
  READERS_MAX,
  STALL_MS,
} from "../../../src/dashboard/admin/reign/event-hub.ts";
import { PROGRESS_MS } from "../../../src/dashboard/admin/reign/operation-news.ts";
import { bearer, codeOf, DashboardPort } from "../../support/dashboard-port.ts";
import { waitFor } from "../../support/deadline.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { RawHttp } from "../../support/raw-http.ts";

const WAIT_MS = 20_000;
/** Some megabytes have to be written meanwhile. */
const FILL_MS = 60_000;

setDefaultTimeout(120_000);

let port: DashboardPort;
let clock: FakeClock;
let readers: RawHttp[];

beforeEach(async () => {
  clock = new FakeClock();
  readers = [];
  port = await new DashboardPort({ clock }).start();
});

afterEach(async () => {
  for (const reader of readers) {
    reader.close();
  }
  await port.close();
});

interface Event {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

function listen(secret?: string): RawHttp {
  const reader = new RawHttp(port.addr);
  readers.push(reader);
  const token = secret === undefined ? "" : `Authorization: Bearer ${secret}\r\n`;
  reader.send(
    `GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${token}\r\n`,
  );
  return reader;
}

/** Events that came so far. */
function eventsOf(reader: RawHttp): readonly Event[] {
  const text = reader.received.toString();
  return [...text.matchAll(/event: (\w+)\n(?:id: .*\n)?data: (.*)\n/g)].map(
    ([, event = "", data = ""]) => ({
      event,
      data: JSON.parse(data) as Event["data"],
    }),
  );
}

function waitForEvents(reader: RawHttp, count: number): Promise<readonly Event[]> {
  return waitFor(`${count} events`, WAIT_MS, () => {
    const events = eventsOf(reader);
    return events.length >= count ? events : undefined;
  });
}

describe("a reader", () => {
  test("is told where the topology stands, and then what changed", async () => {
    const reader = listen();
    await waitForEvents(reader, 1);
    expect(reader.received.toString()).toContain("content-type: text/event-stream; charset=utf-8");
    port.leader.setGroup(1, ["10.0.0.1:6379"]);
    await port.leader.assignSlots([3, 4, 9].map((id) => ({ id, groupId: 1 })));
    await port.leader.addSentinel("10.0.2.1:26379");
    await port.leader.createProxy("10.0.1.1:11080");
    const events = await waitForEvents(reader, 5);
    expect(events.map(({ event }) => event)).toEqual(Array(5).fill("topology"));
    const [token] = port.leader.topology().proxies.keys();
    const none = { groups: [], proxies: [], slots: "", sentinels: false };
    expect(events.map(({ data }) => data)).toEqual([
      { epoch: 3, revision: 0, ...none },
      { epoch: 3, revision: 1, ...none, groups: [1] },
      { epoch: 3, revision: 2, ...none, slots: "3-4,9" },
      { epoch: 3, revision: 3, ...none, sentinels: true },
      { epoch: 3, revision: 4, ...none, proxies: [token] },
    ]);
  });

  test("gets a comment at times, and is let out when the token was revoked", async () => {
    const root = bearer(await port.createUser("root", "admin"));
    const secret = await port.createUser("vera", "viewer", root);
    const reader = listen(secret);
    await waitForEvents(reader, 1);
    clock.advance(HEARTBEAT_MS);
    await waitFor("comment", WAIT_MS, () =>
      reader.received.toString().includes("\n:\n") ? true : undefined,
    );
    await port.call("DELETE", "/api/v1/users/vera", undefined, root);
    clock.advance(HEARTBEAT_MS);
    const text = (await reader.ended()).toString();
    expect(text).toContain('event: end\ndata: {"reason":"the token was revoked or has expired"}');
  });

  test("is told the end when the leadership ends, also when nobody calls", async () => {
    const reader = listen();
    await waitForEvents(reader, 1);
    port.control.stateNow = "standby";
    clock.advance(1000);
    expect((await reader.ended()).toString()).toContain("event: end\n");
    expect(port.leader.listenerCount).toBe(0);
  });

  test("doesn't keep the port from closing", async () => {
    const reader = listen();
    await waitForEvents(reader, 1);
    await port.close();
    expect((await reader.ended()).toString()).toContain("event: end\n");
  });
});

describe("operations", () => {
  const move = { slotId: 3, fromGroupId: 1, toGroupId: 2, keys: 10, bytes: 100 };

  /** Of the events `operation`: id, state and keys that have moved. */
  function told(reader: RawHttp): readonly string[] {
    return eventsOf(reader)
      .filter(({ event }) => event === "operation")
      .map(({ data }) => {
        const { keys_moved: keys } = data["progress"] as { keys_moved: number };
        return `${data["id"]} ${data["state"]} ${keys}`;
      });
  }

  async function waitForTold(reader: RawHttp, lines: readonly string[]): Promise<void> {
    await waitFor(`operations ${lines.join(", ")}`, WAIT_MS, () =>
      told(reader).length >= lines.length ? true : undefined,
    );
    expect(told(reader)).toEqual(lines);
  }

  test("that haven't ended are told at once, as a summary", async () => {
    const { migration } = port.leader;
    migration.add([move], { state: "done" });
    migration.add([move]);
    migration.add([move], { state: "waiting" });
    const reader = listen();
    await waitForTold(reader, ["op-2 running 0", "op-3 waiting 0"]);
    const [, first] = eventsOf(reader);
    const shown = (await port.get("/api/v1/operations?limit=1&after=op-3")).json() as {
      items: unknown[];
    };
    expect(first?.data).toEqual(shown.items[0] as Event["data"]);
  });

  test("changes are told at once, progress about once a second", async () => {
    const { migration } = port.leader;
    const reader = listen();
    await waitForEvents(reader, 1);
    migration.add([move]);
    for (let keys = 1; keys <= 5; keys++) {
      migration.setProgress("op-1", { keysMoved: keys });
    }
    await waitForTold(reader, ["op-1 running 0"]);
    clock.advance(PROGRESS_MS);
    await waitForTold(reader, ["op-1 running 0", "op-1 running 5"]);
    migration.setProgress("op-1", { keysMoved: 6 });
    await migration.pause("op-1");
    migration.set({ ...migration.getOperation("op-1"), state: "done" });
    const lines = ["op-1 running 0", "op-1 running 5", "op-1 paused 6", "op-1 done 6"];
    await waitForTold(reader, lines);
    clock.advance(PROGRESS_MS);
    port.leader.setGroup(9, []);
    await waitFor("the topology", WAIT_MS, () =>
      eventsOf(reader).at(-1)?.event === "topology" ? true : undefined,
    );
    expect(told(reader)).toEqual(lines);
  });

  test("a slow reader is told how each stands when it reads again", async () => {
    const { migration } = port.leader;
    const reader = listen();
    await waitForEvents(reader, 1);
    reader.pause();
    migration.add([move]);
    migration.add([move]);
    const rounds = 20_000;
    // The kernel takes megabytes before the connection is full, on some machines tens of them; these are more. A
    // roll-back is told at once.
    for (let round = 0; round < rounds; round++) {
      const operation = migration.setProgress(`op-${1 + (round % 2)}`, { keysMoved: round });
      const reason = "a long reason ".repeat(200);
      migration.set({ ...operation, reason, isRollback: !operation.isRollback });
      if (round % 200 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    migration.set({ ...migration.getOperation("op-2"), state: "done" });
    reader.resume();
    await waitFor("the last of both", WAIT_MS, () => {
      const text = reader.received.toString().slice(-10_000);
      return /"keys_moved":19998\b/.test(text) && text.includes('"state":"done"')
        ? true
        : undefined;
    });
    const lines = told(reader);
    expect(lines.slice(-2)).toEqual(["op-1 running 19998", "op-2 done 19999"]);
    expect(lines.length).toBeLessThan(rounds);
  });

  test("are told no more when the leadership ends", async () => {
    const reader = listen();
    await waitForEvents(reader, 1);
    port.control.stateNow = "standby";
    clock.advance(1000);
    await reader.ended();
    expect(port.leader.migration.listenerCount).toBe(0);
  });
});

describe("bounds", () => {
  test("more readers than the limit are refused", async () => {
    for (let index = 0; index < READERS_MAX; index++) {
      listen();
    }
    await waitFor("readers", WAIT_MS, async () => {
      const metrics = (await port.get("/metrics")).text;
      return metrics.includes(`codis_dashboard_event_readers ${READERS_MAX}\n`) ? true : undefined;
    });
    const refused = await port.get("/api/v1/events");
    expect([refused.status, codeOf(refused)]).toEqual([429, "TOO_BUSY"]);
    readers[0]?.close();
    const next = await waitFor("place", WAIT_MS, async () => {
      const reader = listen();
      // Either is certain to come: one that was let in mustn't be given up, as it has the place then.
      const isLetIn = await waitFor("answer", WAIT_MS, () => {
        const isRefused = reader.received.toString().startsWith("HTTP/1.1 429");
        return eventsOf(reader).length > 0 ? true : isRefused ? false : undefined;
      });
      return isLetIn ? reader : undefined;
    });
    expect(eventsOf(next)).toHaveLength(1);
  });

  /** Some three kilobytes of event: every second slot changes. */
  function changeManySlots(): void {
    const slots = [...port.leader.topology().slots];
    for (let id = 0; id < slots.length; id += 2) {
      slots[id] = { id, groupId: 0, action: { index: 0, state: "", targetId: 0 } };
    }
    port.leader.change({ slots });
  }

  test("one event tells a slow reader of many changes, and all of them", async () => {
    const reader = listen();
    await waitForEvents(reader, 1);
    for (let id = 1; id <= 2000; id++) {
      changeManySlots();
      port.leader.setGroup(id, []);
    }
    const events = await waitFor("last revision", WAIT_MS, () => {
      const came = eventsOf(reader);
      return came.at(-1)?.data["revision"] === 4000 ? came : undefined;
    });
    expect(events.length).toBeLessThan(2000);
    const groups = events.flatMap(({ data }) => data["groups"] as number[]);
    expect(groups).toEqual(Array.from({ length: 2000 }, (_, index) => index + 1));
  });

  test("a reader that doesn't read at all is closed, and the others go on", async () => {
    const dead = listen();
    const live = listen();
    await waitForEvents(dead, 1);
    await waitForEvents(live, 1);
    dead.pause();
    // The kernel takes megabytes before the connection is full.
    const { migration } = port.leader;
    migration.add([{ slotId: 3, fromGroupId: 1, toGroupId: 2, keys: 10, bytes: 100 }]);
    const reason = "a long reason ".repeat(10_000);
    const fill = async () => {
      for (let round = 0; round < 40; round++) {
        const operation = migration.getOperation("op-1");
        // A roll-back is told at once.
        migration.set({ ...operation, reason, isRollback: !operation.isRollback });
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await waitFor("end of the dead reader", FILL_MS, async () => {
      await fill();
      port.leader.setGroup(9998, []);
      const { epoch } = port.leader;
      const { revision: told } = port.leader.topology();
      // One that is behind just now would be taken for dead as well.
      await waitFor("the living reader", FILL_MS, () =>
        live.received.includes(`id: ${epoch}.${told}\n`) ? true : undefined,
      );
      clock.advance(STALL_MS + HEARTBEAT_MS);
      const metrics = (await port.get("/metrics")).text;
      return metrics.includes("codis_dashboard_event_readers 1\n") ? true : undefined;
    });
    port.leader.setGroup(9999, []);
    const { revision } = port.leader.topology();
    await waitFor("last revision", WAIT_MS, () =>
      eventsOf(live).at(-1)?.data["revision"] === revision ? true : undefined,
    );
  });
});
