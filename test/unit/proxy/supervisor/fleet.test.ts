/**
 * The workers of a proxy as one, with workers that only note what they are told: who gets which table when,
 * and what becomes of orders and figures when one is replaced.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { CodisError } from "../../../../src/base/error.ts";
import { silentLog } from "../../../../src/base/log.ts";
import { offlineSlot, type SlotRecord } from "../../../../src/model/slot.ts";
import { defaultProxyConfig } from "../../../../src/proxy/config.ts";
import { UNKNOWN_COMMAND_ID } from "../../../../src/proxy/stats/command-stats.ts";
import { NO_MOVES } from "../../../../src/proxy/stats/move-stats.ts";
import { Fleet } from "../../../../src/proxy/supervisor/fleet.ts";
import { WorkerAccount } from "../../../../src/proxy/supervisor/worker-account.ts";
import type { WorkerHandle } from "../../../../src/proxy/worker/contract.ts";
import { catchRejection } from "../../../support/caught-error.ts";

const fleets: Fleet[] = [];

afterEach(async () => {
  for (const fleet of fleets.splice(0)) await fleet.close();
});

function createFleet(): Fleet {
  const fleet = new Fleet(defaultProxyConfig({ workers: 2 }), silentLog);
  fleets.push(fleet);
  return fleet;
}

/** A worker that notes its orders; slot tables are carried out when `release` is called, if it holds them. */
class FakeWorker implements WorkerHandle {
  readonly index: number;
  readonly account: WorkerAccount;
  readonly orders: string[] = [];
  readonly records = new Map<number, SlotRecord>();
  #held: Promise<void> = Promise.resolve();
  release: () => void = () => undefined;
  /** Slot tables are taken, and not acknowledged. */
  refusal: CodisError | undefined;

  constructor(index: number, account = new WorkerAccount(index)) {
    this.index = index;
    this.account = account;
  }

  hold(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    this.release = resolve;
  }

  async fillSlots(records: readonly SlotRecord[]): Promise<void> {
    await this.#held;
    for (const record of records) this.records.set(record.id, record);
    this.orders.push(`fill ${records.length}`);
    if (this.refusal !== undefined) throw this.refusal;
  }

  async setLogin(user: string, _password: string, isAnew: boolean): Promise<void> {
    this.orders.push(`login ${user}${isAnew ? " anew" : ""}`);
  }

  async setOnline(isOnline: boolean): Promise<void> {
    this.orders.push(`online ${isOnline}`);
  }

  async shutdown(timeoutMs: number): Promise<void> {
    this.orders.push(`shutdown ${timeoutMs}`);
  }

  opsTotal = async () => this.account.opsTotal();
  snapshot = async () => this.account.snapshot();
  resetStats = async () => this.account.resetCounts();
  forceGc = async () => undefined;
  setLogLevel = async () => undefined;
  listClients = async () => [];
  killClients = async () => this.index + 1;
  addScript = async () => undefined;
  clearScripts = async () => undefined;
}

function served(id: number, backendAddr: string): SlotRecord {
  return { ...offlineSlot(id), backendAddr, backendAddrGroupId: 1 };
}

/** The report of a process that called command 0 so often. */
function countCalls(account: WorkerAccount, calls: number, pid: number): void {
  account.add({
    index: account.index,
    pid,
    residentBytes: 1000,
    cpuUserSeconds: 1,
    cpuSystemSeconds: 1,
    sessionsAlive: 1,
    sessionsTotal: calls,
    sessionsRejected: 0,
    sessionsClosed: { idle: 1 },
    bytesReceived: 10,
    bytesSent: 20,
    bytesBuffered: 30,
    backends: [],
    moves: NO_MOVES,
    replicas: [],
    counts: Float64Array.of(0, calls, calls * 10, 0, 0, 1, 10, calls),
  });
}

test("an order is acknowledged when every worker has carried it out", async () => {
  const fleet = createFleet();
  const workers = [new FakeWorker(0), new FakeWorker(1)];
  for (const worker of workers) await fleet.add(worker);
  workers[1]?.hold();
  let isDone = false;
  const push = fleet.fillSlots([served(3, "1.1.1.1:1")], undefined).then(() => {
    isDone = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isDone).toBe(false);
  workers[1]?.release();
  await push;
  expect(workers.map((worker) => worker.records.get(3)?.backendAddr)).toEqual([
    "1.1.1.1:1",
    "1.1.1.1:1",
  ]);
});

test("a table that a worker can't acknowledge holds in all of them, under the version before", async () => {
  const fleet = createFleet();
  const workers = [new FakeWorker(0), new FakeWorker(1)];
  for (const worker of workers) await fleet.add(worker);
  const [first, second] = [1, 2].map((revision) => ({ epoch: 1, revision }));
  await fleet.fillSlots([served(3, "1.1.1.1:1")], first);
  const [refusing, holding] = workers;
  if (refusing === undefined || holding === undefined) throw new Error("there are two workers");
  refusing.refusal = new CodisError("MOVE_UNSETTLED", "not yet");
  holding.hold();
  const push = catchRejection(fleet.fillSlots([served(3, "2.2.2.2:2")], second));
  await new Promise((resolve) => setImmediate(resolve));
  // The next order must not overtake this one in any worker.
  expect(holding.records.get(3)?.backendAddr).toBe("1.1.1.1:1");
  holding.release();
  expect((await push).code).toBe("MOVE_UNSETTLED");
  expect(workers.map((worker) => worker.records.get(3)?.backendAddr)).toEqual([
    "2.2.2.2:2",
    "2.2.2.2:2",
  ]);
  expect(fleet.slots()[3]?.backendAddr).toBe("2.2.2.2:2");
  expect(fleet.tableVersion()).toEqual(first);
  refusing.refusal = undefined;
  await fleet.fillSlots([served(3, "2.2.2.2:2")], second);
  expect(fleet.tableVersion()).toEqual(second);
});

test("the version of the table is that of the last push that all workers have", async () => {
  const fleet = createFleet();
  const worker = new FakeWorker(0);
  await fleet.add(worker);
  expect(fleet.tableVersion()).toBeUndefined();
  const newest = { epoch: 2, revision: 7 };
  await fleet.fillSlots([served(3, "1.1.1.1:1")], newest);
  expect(fleet.tableVersion()).toBe(newest);

  worker.hold();
  const versioned = fleet.fillSlots([served(3, "2.2.2.2:2")], { epoch: 2, revision: 8 });
  await new Promise((resolve) => setImmediate(resolve));
  expect(fleet.tableVersion()).toBe(newest);
  worker.release();
  await versioned;
  expect(fleet.tableVersion()).toEqual({ epoch: 2, revision: 8 });

  worker.hold();
  const unversioned = fleet.fillSlots([served(3, "3.3.3.3:3")], undefined);
  await new Promise((resolve) => setImmediate(resolve));
  expect(fleet.tableVersion()).toBeUndefined();
  worker.release();
  await unversioned;
  expect(fleet.tableVersion()).toBeUndefined();
});

test("tells once that the proxy has gone online, after all workers were told", async () => {
  const fleet = createFleet();
  const worker = new FakeWorker(0);
  await fleet.add(worker);
  const seen: string[] = [];
  fleet.onOnline = () => seen.push(worker.orders.join());
  await fleet.start();
  await fleet.start();
  expect(seen).toEqual(["fill 1024,online false,online true"]);
});

test("a worker that comes during an order gets the table of that order, then the next", async () => {
  const fleet = createFleet();
  const slow = new FakeWorker(0);
  await fleet.add(slow);
  await fleet.start();
  slow.hold();
  const first = fleet.fillSlots([served(3, "1.1.1.1:1")], undefined);
  const late = new FakeWorker(1);
  const added = fleet.add(late);
  const second = fleet.fillSlots([served(4, "2.2.2.2:2")], undefined);
  slow.release();
  await Promise.all([first, added, second]);
  expect(late.records.get(3)?.backendAddr).toBe("1.1.1.1:1");
  expect(late.records.get(4)?.backendAddr).toBe("2.2.2.2:2");
  expect(late.orders).toEqual(["fill 1024", "online true", "fill 1"]);
});

test("a worker takes the place of the one with its index, and the figures go on", async () => {
  const fleet = createFleet();
  const account = new WorkerAccount(0);
  await fleet.add(new FakeWorker(0, account));
  await fleet.add(new FakeWorker(1));
  countCalls(account, 5, 100);
  account.close();
  const between = await fleet.collect();
  expect(between.ops.total).toBe(5);
  expect((await fleet.figures()).workerCount).toBe(0);

  await fleet.add(new FakeWorker(0, account));
  countCalls(account, 2, 101);
  const after = await fleet.collect();
  expect(after.ops.total).toBe(7);
  expect(after.sessions).toMatchObject({ total: 7, alive: 1, closed: { idle: 2 } });
  expect(after.workers.map((worker) => worker.pid)).toEqual([101, 0]);
  expect(after.commands).toHaveLength(1);
  expect(after.commands[0]).toMatchObject({ calls: 7, usecs: 70 });
  expect(await fleet.killClients({})).toBe(3);
});

test("names that the table doesn't know are counted as UNKNOWN", async () => {
  const fleet = createFleet();
  const worker = new FakeWorker(0);
  await fleet.add(worker);
  countCalls(worker.account, 1, 100);
  const counts = Float64Array.of(UNKNOWN_COMMAND_ID, 4, 0, 4, 0, 0);
  worker.account.add({ ...(await worker.snapshot()), counts });
  const { commands } = await fleet.collect();
  expect(commands.at(-1)).toMatchObject({ name: "UNKNOWN", calls: 4, fails: 4 });
});

test("closing tells all workers the bound, and a failure is told to whoever waits", async () => {
  const fleet = createFleet();
  const worker = new FakeWorker(0);
  await fleet.add(worker);
  fleet.fail(new Error("first"));
  fleet.fail(new Error("second"));
  expect(await fleet.failed).toEqual(new Error("first"));
  await fleet.close();
  expect(worker.orders.at(-1)).toBe("shutdown 10000");
  expect(fleet.state()).toBe("closed");
});

describe("a login at the servers", () => {
  const version = { epoch: 1, revision: 1 };

  test("comes before the first slots, and a worker that starts later gets it first of all", async () => {
    const fleet = createFleet();
    const [first, late] = [new FakeWorker(0), new FakeWorker(1)];
    await fleet.add(first);
    await fleet.setLogin("codis-proxy-t-1-1", "secret");
    await fleet.fillSlots([served(0, "a:1")], version);
    await fleet.add(late);
    expect(first.orders.filter((order) => /login|fill/.test(order))).toEqual([
      "fill 1024",
      "login codis-proxy-t-1-1",
      "fill 1",
    ]);
    expect(late.orders[0]).toBe("login codis-proxy-t-1-1");
  });

  test("is refused by a proxy that has served with the product's password", async () => {
    const fleet = createFleet();
    await fleet.fillSlots([served(0, "a:1")], version);
    const refusal = await fleet.setLogin("codis-proxy-t-1-1", "secret").catch(String);
    expect(refusal).toContain("it takes a login after a restart");
    await fleet.setLogin("", "");
    expect(fleet.tableVersion()).toEqual(version);
  });

  test("in place of another one holds all slots until they come again", async () => {
    const fleet = createFleet();
    const worker = new FakeWorker(0);
    await fleet.add(worker);
    await fleet.setLogin("codis-proxy-t-1-1", "secret");
    await fleet.fillSlots([served(0, "a:1")], version);
    await fleet.setLogin("codis-proxy-t-2-1", "other");
    expect(worker.orders.at(-1)).toBe("login codis-proxy-t-2-1 anew");
    expect(fleet.tableVersion()).toBeUndefined();
    const late = new FakeWorker(1);
    await fleet.add(late);
    expect(late.records.get(0)).toMatchObject({ backendAddr: "a:1", locked: true });
    expect(late.records.get(1)).toMatchObject({ backendAddr: "", locked: false });
  });

  test("is forgotten when an original dashboard, which knows none, pushes slots", async () => {
    const fleet = createFleet();
    const worker = new FakeWorker(0);
    await fleet.add(worker);
    await fleet.setLogin("codis-proxy-t-1-1", "secret");
    await fleet.fillSlots([served(0, "a:1")], version);
    await fleet.fillSlots([served(0, "b:1")], undefined);
    expect(worker.orders.slice(-2)).toEqual(["login ", "fill 1"]);
  });
});
