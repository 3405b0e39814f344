/**
 * `--config-dump` and `--config-restore` on the memory coordinator: what is refused, and a crash at every
 * write, after which the next dashboard finds nothing or the whole dump.
 */
import { describe, expect, test } from "bun:test";
import { dumpOldTree, dumpProduct } from "../../../src/cli/admin/dump.ts";
import { type Dump, decodeDump, encodeDump } from "../../../src/cli/admin/dump-form.ts";
import { planRestore, restoreDump } from "../../../src/cli/admin/restore.ts";
import { ANY } from "../../../src/coordinator/coordinator.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../src/coordinator/memory/memory-store.ts";
import { coordinatorPath } from "../../../src/model/coordinator-path.ts";
import type { SlotCount } from "../../../src/model/slot.ts";
import { readTopology } from "../../../src/model/topology/reader.ts";
import { catchError, catchRejection } from "../../support/caught-error.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { sampleTopology } from "../../support/topology-sample.ts";
import { fillProduct, openStore } from "../../support/topology-store.ts";

const FILE = "demo.json";

async function dumpOfSample(slotCount: SlotCount = 1024): Promise<string> {
  const memory = createMemoryStore();
  await fillProduct(memory.open(), sampleTopology(slotCount));
  return dumpProduct(memory.open(), "demo");
}

function planned(text: string, product = "demo"): Dump {
  return planRestore(decodeDump(text, FILE), product, FILE).dump;
}

/** The dump with other fields. */
async function changed(change: (json: DumpJson) => void): Promise<string> {
  const json = JSON.parse(await dumpOfSample()) as DumpJson;
  change(json);
  return JSON.stringify(json);
}

interface DumpJson {
  slots: { id: number; group_id: number; action: object }[];
  group: { id: number; servers: { server: string }[]; promoting: object }[];
  proxy: { token: string; product_name: string }[];
}

async function write(memory: MemoryStore, path: string, data: string): Promise<void> {
  await memory.open().write([{ path, data, expected: ANY }]);
}

describe("dump", () => {
  test("what is dumped and restored is the same product, without its sentinels", async () => {
    const text = await dumpOfSample();
    expect(Object.keys(JSON.parse(text))).toEqual(["slots", "group", "proxy"]);
    const memory = createMemoryStore();
    await restoreDump(memory.open(), "demo", planned(text));
    expect(await dumpProduct(memory.open(), "demo")).toBe(text);
    const restored = await readTopology(memory.open(), "demo");
    expect(restored.sentinel.servers).toEqual([]);
    // The lock was given back, and nothing of the restore is left but the epoch.
    const own = [...memory.snapshot().keys()].filter((path) => !path.startsWith("/codis3/demo/s"));
    expect(own.filter((path) => path.startsWith("/codis-ext"))).toEqual(["/codis-ext/demo/epoch"]);
    // Above any that the product's proxies can have heard of where it comes from.
    const epoch = await memory.open().get(coordinatorPath.epoch("demo"));
    expect(Number(epoch?.data)).toBeGreaterThan(1_700_000_000);
    expect(own).not.toContain(coordinatorPath.lock("demo"));
  });

  test("a product that isn't there, and one with a garbage node, are refused", async () => {
    const memory = createMemoryStore();
    expect((await catchRejection(dumpProduct(memory.open(), "nix"))).code).toBe("NOT_FOUND");
    await fillProduct(memory.open(), sampleTopology());
    await write(memory, coordinatorPath.group("demo", 2), "{");
    const { code, message } = await catchRejection(dumpProduct(memory.open(), "demo"));
    expect(code).toBe("MODEL_INVALID");
    expect(message).toContain("/codis3/demo/group/group-0002");
  });

  test("-1 gives the old tree: inner nodes as objects, empty ones as null", async () => {
    const memory = createMemoryStore();
    expect((await catchRejection(dumpOldTree(memory.open(), "old"))).code).toBe("NOT_FOUND");
    await write(memory, "/zk/codis/db_old/slots/slot_0", '{"id": 0, "name": "<a&b>"}');
    await write(memory, "/zk/codis/db_old/fence/h:1", "");
    await write(memory, "/zk/codis/db_old/dashboard", '{"addr": "h:1"}');
    expect(JSON.parse(await dumpOldTree(memory.open(), "old"))).toEqual({
      dashboard: { addr: "h:1" },
      fence: { "h:1": null },
      slots: { slot_0: { id: 0, name: "<a&b>" } },
    });
    await write(memory, "/zk/codis/db_old/LOCK", "garbage");
    const { code, message } = await catchRejection(dumpOldTree(memory.open(), "old"));
    expect(code).toBe("MODEL_INVALID");
    expect(message).toStartWith("/zk/codis/db_old/LOCK: isn't JSON");
  });
});

describe("a dump that doesn't fit", () => {
  async function refused(change: (json: DumpJson) => void): Promise<string> {
    const text = await changed(change);
    return catchError(() => planned(text)).message;
  }

  test("parts that contradict each other are named", async () => {
    expect(await refused((json) => json.slots.push({ id: 5, group_id: 1, action: {} }))).toBe(
      "demo.json: slot 5 is there twice",
    );
    expect(await refused((json) => json.group.splice(1, 1))).toContain(
      "slot 512 belongs to group 2, which doesn't exist or is empty; and 511 more",
    );
    expect(
      await refused(({ group: [one, other] }) => {
        other?.servers.push(...(one?.servers ?? []));
      }),
    ).toContain("is in group 1 and in group 2");
    expect(await refused((json) => json.proxy.push(...json.proxy))).toContain("is there twice");
  });

  test("one that was taken in the middle of something is refused", async () => {
    expect(
      await refused(({ slots: [slot] }) => {
        Object.assign(slot ?? {}, { action: { index: 1, state: "migrating", target_id: 2 } });
      }),
    ).toStartWith("demo.json: slot 0 was moving (migrating)");
    expect(
      await refused(({ group: [group] }) => {
        Object.assign(group ?? {}, { promoting: { index: 1, state: "prepared" } });
      }),
    ).toStartWith("demo.json: group 1 was promoting");
  });

  test("garbage is named by its place", () => {
    const read = (value: unknown): string =>
      catchError(() => decodeDump(JSON.stringify(value), FILE)).message;
    expect(read([])).toBe("demo.json: expected an object, not []");
    expect(read({})).toBe("demo.json: expected slots, group, proxy, as --config-dump writes them");
    expect(read({ slots: {} })).toBe("demo.json: slots: expected a list");
    expect(read({ slots: [{ id: 1, group_id: "x" }] })).toContain("demo.json: slots[0]: group_id");
    expect(read({ group: [{ id: 0 }] })).toContain("demo.json: group[0]: id");
    expect(catchError(() => decodeDump("", FILE)).message).toContain("is empty");
  });

  test("proxies of another product are left out", async () => {
    const { dump, strangers } = planRestore(decodeDump(await dumpOfSample(), FILE), "other", FILE);
    expect(dump.proxies).toEqual([]);
    expect(strangers.map((proxy) => proxy.productName)).toEqual(["demo"]);
    expect(JSON.parse(encodeDump(dump))).not.toHaveProperty("proxy");
  });

  test("offline slots may be in it, as the original writes them, or be left out", async () => {
    const text = await changed((json) => {
      json.slots = json.slots.map((slot) => (slot.id < 8 ? { ...slot, group_id: 0 } : slot));
      json.slots.splice(100, 1);
    });
    const memory = createMemoryStore();
    await restoreDump(memory.open(), "demo", planned(text));
    const { slots } = await readTopology(memory.open(), "demo");
    expect(slots.map((slot) => slot.groupId).slice(0, 10)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    expect(slots[100]?.groupId).toBe(0);
    expect(slots).toHaveLength(1024);
  });
});

describe("a product that can't take it", () => {
  test("one that isn't empty, has another number of slots, or is led", async () => {
    const dump = planned(await dumpOfSample());
    const memory = createMemoryStore();
    await write(memory, coordinatorPath.settings("demo"), '{"slot_count": 4096}');
    const other = await catchRejection(restoreDump(memory.open(), "demo", dump));
    expect([other.code, other.message]).toEqual([
      "STATE_CONFLICT",
      "product demo was made with 4096 slots, and the dump is of one with 1024",
    ]);
    await write(memory, coordinatorPath.settings("demo"), '{"slot_count": 1024}');
    await restoreDump(memory.open(), "demo", dump);
    const before = memory.snapshot();
    const full = await catchRejection(restoreDump(memory.open(), "demo", dump));
    expect(full.message).toContain("product demo is not empty in memory");

    const led = createMemoryStore();
    await openStore(led.open());
    const leads = await catchRejection(restoreDump(led.open(), "demo", dump));
    expect(leads.code).toBe("LEADER_EXISTS");
    expect(leads.message).toStartWith("product demo has a dashboard: ");
    const without = (nodes: ReadonlyMap<string, string>) =>
      [...nodes].filter(([path]) => path !== coordinatorPath.epoch("demo"));
    expect(without(memory.snapshot())).toEqual(without(before));
  });

  test("slots that were there before go offline unless the dump has them", async () => {
    const memory = createMemoryStore();
    await write(memory, coordinatorPath.slot("demo", 700), '{"id": 700, "group_id": 3}');
    const text = await changed((json) => {
      json.slots = json.slots.filter((slot) => slot.id < 512);
    });
    await restoreDump(memory.open(), "demo", planned(text));
    const { slots } = await readTopology(memory.open(), "demo");
    expect(slots[700]?.groupId).toBe(0);
  });

  test("the number of slots comes along, also when the last ones are offline", async () => {
    const memory = createMemoryStore();
    const json = JSON.parse(await dumpOfSample(4096)) as DumpJson;
    json.slots = json.slots.map((slot) => (slot.id < 100 ? slot : { ...slot, group_id: 0 }));
    await restoreDump(memory.open(), "demo", planned(JSON.stringify(json)));
    expect((await readTopology(memory.open(), "demo")).slotCount).toBe(4096);
  });
});

test("a crash at any write leaves nothing or everything, once the next dashboard has led", async () => {
  const text = await changed((json) => {
    json.slots = json.slots.filter((slot) => slot.id % 128 === 0);
  });
  const dump = planned(text);
  const outcomes = new Set<string>();
  for (let writes = 0; ; writes++) {
    const clock = new FakeClock();
    const memory = createMemoryStore({ clock });
    const dying = memory.open();
    dying.crashAfterWrites(writes);
    const isDone = await restoreDump(dying, "demo", dump).then(
      () => true,
      () => false,
    );
    clock.advance(60_000);
    // Even before that, whoever reads sees nothing or everything.
    const seen = await readTopology(memory.open(), "demo");
    expect([0, 2]).toContain(seen.groups.size);
    const store = await openStore(memory.open(), { clock });
    const { groups, proxies, slots, faults } = store.snapshot();
    const owned = slots.filter((slot) => slot.groupId !== 0).length;
    expect(faults).toEqual([]);
    outcomes.add(`${groups.size} ${proxies.size} ${owned}`);
    expect(groups.size).toBe(seen.groups.size);
    expect(memory.snapshot().has(coordinatorPath.journal("demo"))).toBe(false);
    if (isDone) {
      expect(writes).toBeGreaterThan(10);
      break;
    }
  }
  expect([...outcomes].sort()).toEqual(["0 0 0", "2 1 8"]);
});
