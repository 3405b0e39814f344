/**
 * The slot table of a worker: views follow it at once, whatever their database and protocol, and backends
 * come and go with it. No server is connected to: backends sleep until the first request.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { offlineSlot, type SlotRecord } from "../../../../src/model/slot.ts";
import { Router } from "../../../../src/proxy/router/router.ts";
import { CommandStats } from "../../../../src/proxy/stats/command-stats.ts";

let router: Router;

beforeEach(() => {
  const backend = {
    name: "test",
    user: "",
    password: "",
    dialTimeoutMs: 1000,
    recvTimeoutMs: 1000,
    sendTimeoutMs: 1000,
    keepAliveMs: 0,
    pingPeriodMs: 0,
    maxPipeline: 10,
    maxQueueBytes: 1000,
    failLimit: 3,
    maxRetryDelayMs: 1000,
  };
  const events = {
    onConnected: () => undefined,
    onFailed: () => undefined,
    onNoResp3: () => undefined,
  };
  const options = {
    slotCount: 1024,
    laneCount: 2,
    slotHoldTimeoutMs: 100,
    drainTimeoutMs: 1000,
    backend,
    moves: {
      holdTimeoutMs: 100,
      mover: { name: "test", user: "", password: "", dialTimeoutMs: 1000, ioTimeoutMs: 100 },
      events: { onDoubt: () => undefined, onTrouble: () => undefined },
    },
  } as const;
  router = new Router(options, new CommandStats(), events);
});

afterEach(() => router.close());

function slot(id: number, addr: string, more: Partial<SlotRecord> = {}): SlotRecord {
  return {
    ...offlineSlot(id),
    backendAddr: addr,
    backendAddrGroupId: addr === "" ? 0 : 1,
    ...more,
  };
}

function addrOf(id: number, db = 0, proto: 2 | 3 = 2, lane = 0): string | undefined {
  return router.view(db, proto, lane).backends[id]?.settings.addr;
}

test("a view is one object for its database, protocol and lane, and no other's", () => {
  const views = new Set<unknown>();
  for (let db = 0; db < 16; db++) {
    for (const proto of [2, 3] as const) {
      for (const lane of [0, 1]) {
        const view = router.view(db, proto, lane);
        expect(router.view(db, proto, lane)).toBe(view);
        expect([view.db, view.proto, view.lane]).toEqual([db, proto, lane]);
        views.add(view);
      }
    }
  }
  expect(views.size).toBe(64);
});

test("every view, older or newer than the change, shows the table as it is", async () => {
  router.view(0, 2, 0);
  await router.fill([slot(3, "127.0.0.1:1"), slot(4, "127.0.0.1:2")]);
  expect([addrOf(3), addrOf(4), addrOf(5)]).toEqual(["127.0.0.1:1", "127.0.0.1:2", undefined]);
  expect(addrOf(3, 7, 3, 1)).toBe("127.0.0.1:1");
  await router.fill([slot(3, "127.0.0.1:2")]);
  expect([addrOf(3), addrOf(3, 7, 3, 1)]).toEqual(["127.0.0.1:2", "127.0.0.1:2"]);
});

test("slots of one server share a backend; databases, protocols and lanes don't", async () => {
  await router.fill([slot(1, "127.0.0.1:1"), slot(2, "127.0.0.1:1")]);
  const of = (db: number, proto: 2 | 3, lane: number, id: number) =>
    router.view(db, proto, lane).backends[id];
  expect(of(0, 2, 0, 1)).toBe(of(0, 2, 0, 2));
  const all = [of(0, 2, 0, 1), of(1, 2, 0, 1), of(0, 3, 0, 1), of(0, 2, 1, 1)];
  expect(new Set(all).size).toBe(4);
});

test("a slot that is locked, moving or offline has no backend in a view", async () => {
  await router.fill([
    slot(1, "127.0.0.1:1", { locked: true }),
    slot(2, "127.0.0.1:1", { migrateFrom: "127.0.0.1:2", migrateFromGroupId: 2 }),
    slot(3, ""),
    slot(4, "127.0.0.1:1"),
  ]);
  expect([1, 2, 3, 4].map((id) => addrOf(id))).toEqual([
    undefined,
    undefined,
    undefined,
    "127.0.0.1:1",
  ]);
  expect([1, 2, 3, 4].map((id) => router.moving.slot(id)?.mover.source)).toEqual([
    undefined,
    "127.0.0.1:2",
    undefined,
    undefined,
  ]);
});

test("a server without slots loses its backend; when it comes back it has a working one", async () => {
  await router.fill([slot(1, "127.0.0.1:1")]);
  const before = router.view(0, 2, 0).backends[1];
  await router.fill([slot(1, "127.0.0.1:2")]);
  expect(before?.state).toBe("closed");
  await router.fill([slot(1, "127.0.0.1:1")]);
  const after = router.view(0, 2, 0).backends[1];
  expect(after).not.toBe(before);
  expect(after?.state).toBe("idle");
});

test("a revision tells which groups received slots since", async () => {
  await router.fill([slot(1, "127.0.0.1:1")]);
  const { revision } = router;
  await router.fill([slot(2, "127.0.0.1:2", { backendAddrGroupId: 2 })]);
  expect(router.groupsThatReceivedSince(revision)).toEqual([2]);
  expect(router.groupsThatReceivedSince(0)).toEqual([1, 2]);
  expect(router.groupsThatReceivedSince(router.revision)).toEqual([]);
});

test("listeners hear of each change after the views show it", async () => {
  const seen: (string | undefined)[] = [];
  router.onChange(() => seen.push(addrOf(1)));
  await router.fill([slot(1, "127.0.0.1:1")]);
  await router.fill([slot(1, "")]);
  expect(seen).toEqual(["127.0.0.1:1", undefined]);
});
