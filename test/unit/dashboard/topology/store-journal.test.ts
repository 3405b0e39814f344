/** What the store does with journals that somebody else has left, and what command lines see of them. */

import { describe, expect, test } from "bun:test";
import { ABSENT } from "../../../../src/coordinator/coordinator.ts";
import { createMemoryStore } from "../../../../src/coordinator/memory/memory-store.ts";
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

describe("journals of others", () => {
  const change = (before: string | undefined, data: string | undefined, path: string): string => {
    const writes = [{ path, before: digestOfText(before), data }];
    return encodeJournal({ id: "x", name: "test", epoch: 1, writes });
  };

  test("a node that was changed since is left alone, with a warning", async () => {
    const memory = createMemoryStore();
    await fillProduct(memory.open(), sampleTopology());
    const path = coordinatorPath.slot("demo", 0);
    const data = encodeSlotNode({
      id: 0,
      groupId: 2,
      action: { index: 0, state: "", targetId: 0 },
    });
    const journal = change("older", data, path);
    await memory.open().write([{ path: JOURNAL, data: journal, expected: ABSENT }]);
    const { log, lines } = warningLog();
    const store = await openStore(memory.open(), { log });
    expect(store.snapshot().slots[0]?.groupId).toBe(1);
    expect(lines[0]).toStartWith(`topology.journal-foreign: ${path}: changed by somebody else`);
    expect(memory.get(JOURNAL)).toBeUndefined();
  });

  test("one that would leave slots of nobody isn't finished", async () => {
    const memory = createMemoryStore();
    await fillProduct(memory.open(), sampleTopology());
    const path = coordinatorPath.slot("demo", 0);
    const data = encodeSlotNode({
      id: 0,
      groupId: 9,
      action: { index: 0, state: "", targetId: 0 },
    });
    const journal = change(memory.get(path)?.data, data, path);
    await memory.open().write([{ path: JOURNAL, data: journal, expected: ABSENT }]);
    const { log, lines } = warningLog();
    const store = await openStore(memory.open(), { log });
    expect(store.snapshot().slots[0]?.groupId).toBe(1);
    expect(lines[0]).toContain("slot-[0] belongs to group-[9]");
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
    const memory = createMemoryStore();
    await fillProduct(memory.open(), sampleTopology());
    const path = coordinatorPath.slot("demo", 0);
    const data = encodeSlotNode({
      id: 0,
      groupId: 2,
      action: { index: 0, state: "", targetId: 0 },
    });
    const journal = change(memory.get(path)?.data, data, path);
    await memory.open().write([{ path: JOURNAL, data: journal, expected: ABSENT }]);
    expect((await readTopology(memory.open(), "demo")).slots[0]?.groupId).toBe(2);
  });

  test("the coordinator's word for no node is ours", () => {
    expect(ABSENT_VERSION).toBe(ABSENT);
  });
});
