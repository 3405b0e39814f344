/** What the store does with journals that somebody else has left, and what command lines see of them. */

import { describe, expect, test } from "bun:test";
import { ABSENT } from "../../../../src/coordinator/coordinator.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../../src/coordinator/memory/memory-store.ts";
import { coordinatorPath } from "../../../../src/model/coordinator-path.ts";
import {
  ABSENT_VERSION,
  digestOfText,
  encodeJournal,
} from "../../../../src/model/topology/journal.ts";
import { encodeSlotNode } from "../../../../src/model/topology/node.ts";
import { readTopology } from "../../../../src/model/topology/reader.ts";
import { sampleTopology } from "../../../support/topology-sample.ts";
import { fillProduct, openStore, warningLog } from "../../../support/topology-store.ts";

const JOURNAL = coordinatorPath.journal("demo");
const SLOT = coordinatorPath.slot("demo", 0);

describe("journals of others", () => {
  /** A product whose first slot was about to get another group; `before`: the node that the journal found. */
  const beginChange = async (groupId: number, before?: string): Promise<MemoryStore> => {
    const memory = createMemoryStore();
    await fillProduct(memory.open(), sampleTopology());
    const action = { index: 0, state: "", targetId: 0 } as const;
    const data = encodeSlotNode({ id: 0, groupId, action });
    const found = before ?? memory.get(SLOT)?.data;
    const writes = [{ path: SLOT, before: digestOfText(found), data }];
    const journal = encodeJournal({ id: "x", name: "test", epoch: 1, writes });
    await memory.open().write([{ path: JOURNAL, data: journal, expected: ABSENT }]);
    return memory;
  };

  test("a node that was changed since is left alone, with a warning", async () => {
    const memory = await beginChange(2, "older");
    const { log, lines } = warningLog();
    const store = await openStore(memory.open(), { log });
    expect(store.snapshot().slots[0]?.groupId).toBe(1);
    expect(lines[0]).toStartWith(`topology.journal-foreign: ${SLOT}: changed by somebody else`);
    expect(memory.get(JOURNAL)).toBeUndefined();
  });

  test("one that would leave slots of nobody isn't finished", async () => {
    const memory = await beginChange(9);
    const { log, lines } = warningLog();
    const store = await openStore(memory.open(), { log });
    expect(store.snapshot().slots[0]?.groupId).toBe(1);
    expect(lines[0]).toContain("slot 0 belongs to group 9");
    expect(memory.get(JOURNAL)).toBeUndefined();
  });

  test("garbage is dropped, with an error", async () => {
    const memory = createMemoryStore();
    await memory.open().write([{ path: JOURNAL, data: "{", expected: ABSENT }]);
    const { log, lines } = warningLog();
    await openStore(memory.open(), { log });
    expect(lines[0]).toStartWith(
      "topology.journal-invalid: dropped a journal: /codis-ext/demo/journal",
    );
    expect(memory.get(JOURNAL)).toBeUndefined();
  });

  test("command lines see the change that is under way as done", async () => {
    const memory = await beginChange(2);
    expect((await readTopology(memory.open(), "demo")).slots[0]?.groupId).toBe(2);
  });

  test("the coordinator's word for no node is ours", () => {
    expect(ABSENT_VERSION).toBe(ABSENT);
  });
});
