/**
 * A leader that dies at the n-th write of the coordinator, n through all, on the memory coordinator: the
 * next one finds the product as it was before the change or as it is after it, never in between. The same
 * with real processes: `test/system/topology-crash.test.ts`.
 */
import { describe, expect, test } from "bun:test";
import { ANY } from "../../../../src/coordinator/coordinator.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../../src/coordinator/memory/memory-store.ts";
import type { TopologyStore } from "../../../../src/dashboard/topology/store.ts";
import { coordinatorPath } from "../../../../src/model/coordinator-path.ts";
import { diffTopology } from "../../../../src/model/topology/diff.ts";
import { emptyTopology, type Topology } from "../../../../src/model/topology/topology.ts";
import {
  ASSIGN_ALL,
  OPERATIONS,
  operationBase,
  type TopologyOperation,
} from "../../../support/topology-operation.ts";
import { openStore } from "../../../support/topology-store.ts";

const JOURNAL = coordinatorPath.journal("demo");
const base = operationBase();
const baseNodes = diffTopology(emptyTopology("demo", 1024), base);

async function filledMemory(chunkSize: number): Promise<MemoryStore> {
  const memory = createMemoryStore({ chunkSize });
  await memory.open().write(baseNodes.map((node) => ({ ...node, expected: ANY })));
  return memory;
}

/** The next leader, once the lock of the dead one is gone. */
async function takeOver(memory: MemoryStore): Promise<TopologyStore> {
  memory.apply([{ path: coordinatorPath.lock("demo"), data: undefined, expected: ANY }]);
  return openStore(memory.open());
}

function withoutRevision(topology: Topology): Topology {
  return { ...topology, revision: 0 };
}

/** Runs the change until its leader dies after `writes` writes; gives the coordinator as it was left. */
async function crash(
  operation: TopologyOperation,
  writes: number,
  options: { readonly chunkSize: number; readonly isLastApplied: boolean },
): Promise<{ readonly memory: MemoryStore; readonly isDone: boolean }> {
  const memory = await filledMemory(options.chunkSize);
  const coordinator = memory.open();
  const store = await openStore(coordinator);
  coordinator.crashAfterWrites(writes, { isLastApplied: options.isLastApplied });
  const isDone = await store.commit(operation.name, operation.change).then(
    () => true,
    () => false,
  );
  return { memory, isDone };
}

/** The topology that the next leader finds, and that a third one finds again. */
async function survivors(memory: MemoryStore): Promise<Topology> {
  const next = await takeOver(memory);
  expect(memory.get(JOURNAL)).toBeUndefined();
  const third = await takeOver(memory);
  expect(third.snapshot()).toEqual(next.snapshot());
  return withoutRevision(next.snapshot());
}

describe.each([
  { chunkSize: 1, isLastApplied: false },
  { chunkSize: 1, isLastApplied: true },
  { chunkSize: 4, isLastApplied: false },
])("chunks of $chunkSize, the last one applied: $isLastApplied", (options) => {
  test.each(OPERATIONS.map((operation) => [operation.name, operation] as const))(
    "%s",
    async (_name, operation) => {
      const after = operation.change(base);
      const all = operation.nodes === 1 ? 1 : operation.nodes + 2;
      for (let writes = 0; writes <= all; writes++) {
        const { memory, isDone } = await crash(operation, writes, options);
        const found = await survivors(memory);
        // The journal, or the only node, is the first write; a chunk with it stays whole.
        const first = operation.nodes === 1 ? 1 : Math.min(options.chunkSize, operation.nodes + 1);
        const isAfter = writes >= first || options.isLastApplied;
        expect({ writes, found }).toEqual({ writes, found: isAfter ? after : base });
        expect(isDone && !isAfter).toBe(false);
      }
    },
  );
});

test("an operation writes as many nodes as it says", () => {
  for (const operation of [...OPERATIONS, ASSIGN_ALL]) {
    expect([operation.name, diffTopology(base, operation.change(base)).length]).toEqual([
      operation.name,
      operation.nodes,
    ]);
  }
});

test("all slots of a product, at the border of each chunk", async () => {
  const chunkSize = 64;
  const after = ASSIGN_ALL.change(base);
  const last = Math.ceil((ASSIGN_ALL.nodes + 1) / chunkSize);
  for (let chunks = 0; chunks <= last; chunks++) {
    const { memory } = await crash(ASSIGN_ALL, chunks * chunkSize, {
      chunkSize,
      isLastApplied: false,
    });
    expect(await survivors(memory)).toEqual(chunks === 0 ? base : after);
  }
});

test("leaders that die one after another while they repair", async () => {
  const operation = OPERATIONS.find((one) => one.name === "assign slots");
  if (operation === undefined) {
    throw new Error("no such operation");
  }
  const after = operation.change(base);
  for (let writes = 1; writes < operation.nodes + 2; writes += 3) {
    const { memory } = await crash(operation, writes, { chunkSize: 1, isLastApplied: false });
    for (let deaths = 0; deaths <= operation.nodes; deaths++) {
      memory.apply([{ path: coordinatorPath.lock("demo"), data: undefined, expected: ANY }]);
      const coordinator = memory.open();
      coordinator.crashAfterWrites(1);
      await openStore(coordinator).catch(() => undefined);
    }
    expect(await survivors(memory)).toEqual(after);
  }
});

test("a new product, at each write of its first opening", async () => {
  for (const isLastApplied of [false, true]) {
    for (let writes = 0; writes <= 1; writes++) {
      const memory = createMemoryStore();
      const coordinator = memory.open();
      coordinator.crashAfterWrites(writes, { isLastApplied });
      await openStore(coordinator).catch(() => undefined);
      expect(await survivors(memory)).toEqual(emptyTopology("demo", 1024));
    }
  }
});
