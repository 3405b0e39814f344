/**
 * The record of slots that have left a group: kept for later moves, and forgotten when somebody decides by force what
 * belongs where, so that no key is taken for a leftover that is none.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { silentLog } from "../../../src/base/log.ts";
import type { Coordinator } from "../../../src/coordinator/coordinator.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../src/coordinator/memory/memory-store.ts";
import { defaultDashboardConfig } from "../../../src/dashboard/config/load.ts";
import { Leader } from "../../../src/dashboard/leader.ts";
import { LeftSlots } from "../../../src/dashboard/migration/left-slots.ts";
import { coordinatorPath } from "../../../src/model/coordinator-path.ts";
import { waitFor } from "../../support/deadline.ts";
import { triedAgain } from "../../support/late-answer.ts";
import { startRedis } from "../../support/redis-server.ts";

const PRODUCT = "demo";
const WAIT_MS = 20_000;

let memory: MemoryStore;
let coordinator: Coordinator;
let left: LeftSlots;

beforeEach(() => {
  memory = createMemoryStore();
  coordinator = memory.open();
  left = new LeftSlots(
    {
      get: (path) => coordinator.get(path),
      readChildren: (path) => coordinator.readChildren(path),
      write: async (writes) => {
        await coordinator.write(writes);
      },
    },
    PRODUCT,
  );
});

afterEach(() => coordinator.close());

describe("the record", () => {
  test("is kept and taken back, each change in one write, and none without a change", async () => {
    await Promise.all([left.add(1, [5, 3]), left.add(1, [4]), left.add(2, [9])]);
    const path = coordinatorPath.leftSlots(PRODUCT, 1);
    expect(memory.snapshot().get(path)).toBe('{"slots":[3,4,5]}');
    const writes = memory.writeCount();
    await left.add(1, [3, 5]);
    await left.remove(3, [1]);
    expect(memory.writeCount()).toBe(writes);
    await left.remove(1, [4, 800]);
    expect(await left.of(1)).toEqual(new Set([3, 5]));
    await left.clear(1);
    expect(await left.of(1)).toEqual(new Set());
    expect(await left.of(2)).toEqual(new Set([9]));
  });

  test("isn't changed when it is garbage", async () => {
    const path = coordinatorPath.leftSlots(PRODUCT, 1);
    await left.add(1, [3]);
    const node = await coordinator.get(path);
    await coordinator.write([{ path, data: '{"slots":[1,1]}', expected: node?.version ?? "" }]);
    await expect(left.of(1)).rejects.toThrow(/a slot is there twice/);
    await expect(left.add(1, [7])).rejects.toThrow(/a slot is there twice/);
    expect(memory.snapshot().get(path)).toBe('{"slots":[1,1]}');
  });
});

test("is written by moves, and forgotten for slots given by force and for a group's first server", async () => {
  const servers = await Promise.all([startRedis(), startRedis(), startRedis()]);
  const own = memory.open();
  const leadership = await own.lead({
    lockPath: coordinatorPath.lock(PRODUCT),
    epochPath: coordinatorPath.epoch(PRODUCT),
    data: "{}",
    leaseMs: 20_000,
  });
  const config = { ...defaultDashboardConfig(), productName: PRODUCT };
  const leader = await Leader.begin({ coordinator: own, leadership, config, log: silentLog });
  const add = (groupId: number): Promise<void> =>
    triedAgain(() =>
      leader.addServer(groupId, servers[groupId - 1]?.addr ?? "", {
        datacenter: "",
        asReplica: false,
      }),
    );
  try {
    for (const id of [1, 2, 3]) {
      await leader.createGroup(id);
    }
    await add(1);
    await add(2);
    await leader.assignSlots(Array.from({ length: 1024 }, (_, id) => ({ id, groupId: 1 })));
    await leader.migration.createSlotActions([1, 2, 3].map((id) => ({ id, groupId: 2 })));
    await waitFor("arrival", WAIT_MS, () =>
      [1, 2, 3].every((id) => leader.topology().slots[id]?.groupId === 2) ? true : undefined,
    );
    expect(await left.of(1)).toEqual(new Set([1, 2, 3]));

    await leader.assignSlots([{ id: 2, groupId: 1 }]);
    expect(await left.of(1)).toEqual(new Set([1, 3]));

    await leader.migration.createSlotActions([{ id: 3, groupId: 1 }]);
    await waitFor("return", WAIT_MS, () =>
      leader.topology().slots[3]?.groupId === 1 ? true : undefined,
    );
    expect(await left.of(1)).toEqual(new Set([1]));
    expect(await left.of(2)).toEqual(new Set([3]));

    await left.add(3, [700]);
    await add(3);
    expect(await left.of(3)).toEqual(new Set());
  } finally {
    await leader.close();
    await leadership.release();
    await own.close();
    await Promise.all(servers.map((server) => server.stop()));
  }
}, 60_000);
