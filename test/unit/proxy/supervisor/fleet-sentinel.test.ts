/** Masters that sentinels switch, at all workers of a proxy: what is pushed, what is served, what the version names. */
import { afterEach, expect, test } from "bun:test";
import { CodisError } from "../../../../src/base/error.ts";
import { silentLog } from "../../../../src/base/log.ts";
import { offlineSlot, type SlotRecord } from "../../../../src/model/slot.ts";
import { defaultProxyConfig } from "../../../../src/proxy/config.ts";
import { Fleet } from "../../../../src/proxy/supervisor/fleet.ts";
import { WorkerAccount } from "../../../../src/proxy/supervisor/worker-account.ts";
import type { WorkerHandle } from "../../../../src/proxy/worker/contract.ts";
import { catchRejection } from "../../../support/caught-error.ts";

const [OLD, NEW, LATER, OTHER] = ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1", "10.0.1.1:1"] as const;
const VERSION = { epoch: 3, revision: 7 };

const fleets: Fleet[] = [];

afterEach(async () => {
  for (const fleet of fleets.splice(0)) await fleet.close();
});

/** A worker that keeps the slots that it is given. */
class FakeWorker implements WorkerHandle {
  readonly index = 0;
  readonly records = new Map<number, SlotRecord>();
  fills = 0;
  refusal: CodisError | undefined;
  readonly #account = new WorkerAccount(0);

  async fillSlots(records: readonly SlotRecord[]): Promise<void> {
    this.fills += 1;
    for (const record of records) this.records.set(record.id, record);
    if (this.refusal !== undefined) throw this.refusal;
  }

  masterOf(id: number): string {
    return this.records.get(id)?.backendAddr ?? "";
  }

  setLogin = async () => undefined;
  setOnline = async () => undefined;
  shutdown = async () => undefined;
  opsTotal = async () => this.#account.opsTotal();
  snapshot = async () => this.#account.snapshot();
  resetStats = async () => undefined;
  forceGc = async () => undefined;
  setLogLevel = async () => undefined;
  listClients = async () => [];
  killClients = async () => 0;
  addScript = async () => undefined;
  clearScripts = async () => undefined;
}

const OF_GROUP_1 = [served(1, OLD, 1), served(2, OLD, 1)];
const ALL = [...OF_GROUP_1, served(3, OTHER, 2), moving(4, OTHER, OLD)];

/** A proxy that was filled, with one worker. */
async function filled(): Promise<{ readonly fleet: Fleet; readonly worker: FakeWorker }> {
  const fleet = new Fleet(defaultProxyConfig(), silentLog);
  fleets.push(fleet);
  const worker = new FakeWorker();
  await fleet.add(worker);
  await fleet.fillSlots(ALL, VERSION);
  return { fleet, worker };
}

function served(id: number, backendAddr: string, backendAddrGroupId: number): SlotRecord {
  return { ...offlineSlot(id), backendAddr, backendAddrGroupId };
}

function moving(id: number, target: string, source: string): SlotRecord {
  return { ...served(id, target, 2), migrateFrom: source, migrateFromGroupId: 1 };
}

function switchTo(fleet: Fleet, addr: string, epoch: number): Promise<void> {
  return fleet.switchMasters(new Map([[1, { addr, epoch }]]));
}

test("a switch re-points the group's slots, also as a source, and nothing else; the version stays", async () => {
  const { fleet, worker } = await filled();
  await switchTo(fleet, NEW, 1);
  expect([1, 2, 3].map((id) => worker.masterOf(id))).toEqual([NEW, NEW, OTHER]);
  expect(worker.records.get(4)).toEqual(moving(4, OTHER, NEW));
  expect(fleet.slots()[1]?.backendAddr).toBe(NEW);
  expect(fleet.tableVersion()).toEqual(VERSION);
  expect(fleet.isSwitched()).toBe(true);
  expect([fleet.pushedMaster(1), fleet.currentMaster(1)]).toEqual([OLD, NEW]);
});

test("the same word again costs the workers nothing", async () => {
  const { fleet, worker } = await filled();
  await switchTo(fleet, NEW, 1);
  const { fills } = worker;
  await switchTo(fleet, NEW, 1);
  expect(worker.fills).toBe(fills);
});

test("a push that still names the old master doesn't flap; one that names the new one ends the deviation", async () => {
  const { fleet, worker } = await filled();
  await switchTo(fleet, NEW, 1);
  await fleet.fillSlots([{ ...served(1, OLD, 1), locked: true }], { epoch: 3, revision: 8 });
  expect(worker.records.get(1)).toEqual({ ...served(1, NEW, 1), locked: true });
  expect(fleet.tableVersion()).toEqual({ epoch: 3, revision: 8 });
  expect(fleet.isSwitched()).toBe(true);
  await fleet.fillSlots(
    OF_GROUP_1.map(({ id }) => served(id, NEW, 1)),
    { epoch: 3, revision: 9 },
  );
  expect(worker.masterOf(1)).toBe(NEW);
  expect(fleet.isSwitched()).toBe(false);
});

test("a push of another master wins for all slots of the group, also those that it doesn't name", async () => {
  const { fleet, worker } = await filled();
  await switchTo(fleet, NEW, 1);
  await fleet.fillSlots([served(1, LATER, 1)], { epoch: 3, revision: 8 });
  await switchTo(fleet, NEW, 1);
  expect(worker.masterOf(1)).toBe(LATER);
  // What wasn't pushed is as it was pushed before: the sentinels' word counts no more.
  expect(worker.masterOf(2)).toBe(OLD);
  expect(fleet.isSwitched()).toBe(false);
});

test("a worker that comes later has the switched masters", async () => {
  const { fleet } = await filled();
  await switchTo(fleet, NEW, 1);
  const later = new FakeWorker();
  await fleet.add(later);
  expect(later.masterOf(2)).toBe(NEW);
});

test("a switch that can't be acknowledged holds all the same", async () => {
  const { fleet, worker } = await filled();
  worker.refusal = new CodisError("MOVE_UNSETTLED", "a source may still move keys");
  expect(await catchRejection(switchTo(fleet, NEW, 1))).toMatchObject({ code: "MOVE_UNSETTLED" });
  expect(worker.masterOf(1)).toBe(NEW);
  expect(fleet.slots()[1]?.backendAddr).toBe(NEW);
  expect(fleet.tableVersion()).toEqual(VERSION);
});
