/**
 * The engine of migration when something fails, in memory: writes of which nobody knows what became, masters that
 * change, pairs that can't go on beside others that can, pauses, and slots that are given away by force meanwhile.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { CodisError } from "../../../src/base/error.ts";
import { addServer, createGroup } from "../../../src/model/change/group.ts";
import { assignSlots } from "../../../src/model/change/slot.ts";
import type { Topology } from "../../../src/model/topology/topology.ts";
import { waitFor } from "../../support/deadline.ts";
import { EngineProduct, type StartedEngine } from "../../support/engine-product.ts";
import { addrOf } from "../../support/topology-sample.ts";

const WAIT_MS = 8_000;
const NEVER = new Promise<never>(() => undefined);

let lives: StartedEngine[] = [];

afterEach(async () => {
  await Promise.all(lives.map((life) => life.engine.close()));
  lives = [];
});

function start(product: EngineProduct): StartedEngine {
  const life = product.start();
  lives.push(life);
  return life;
}

function when(what: string, isTrue: () => boolean): Promise<true> {
  return waitFor(what, WAIT_MS, () => (isTrue() ? true : undefined));
}

function arrived(product: EngineProduct, ids: readonly number[], groupId: number): Promise<true> {
  return when("arrival", () =>
    ids.every((id) => product.ownerOf(id) === groupId && product.stateOf(id) === ""),
  );
}

/** Throws so often at steps whose text ends so. */
function failAt(product: EngineProduct, endings: readonly string[]): void {
  const left = [...endings];
  product.onStep = (text) => {
    const at = left.findIndex((ending) => text.endsWith(ending));
    if (at >= 0) {
      left.splice(at, 1);
      throw new CodisError("COORDINATOR_UNREACHABLE", "nobody knows what became of the write");
    }
  };
}

/** The group's other server is its master now. */
function failOver(topology: Topology, groupId: number): Topology {
  const group = topology.groups.get(groupId);
  if (group === undefined) {
    throw new Error(`no group ${groupId}`);
  }
  const groups = new Map(topology.groups);
  groups.set(groupId, { ...group, servers: group.servers.toReversed() });
  return { ...topology, groups, revision: topology.revision + 1 };
}

async function halfMoved(ids: readonly number[]): Promise<{
  readonly product: EngineProduct;
  readonly life: StartedEngine;
}> {
  const product = new EngineProduct();
  product.isMoverQuick = false;
  product.order(ids, 2);
  const life = start(product);
  await when("mover", () => product.movers[0]?.slots.size === ids.length);
  return { product, life };
}

describe("a write that fails while slots are held", () => {
  test("is followed by one that makes it impossible, and only then are they served", async () => {
    const product = new EngineProduct();
    product.order([1, 2], 2);
    const before = product.topology.slots[1]?.action.index;
    failAt(product, [": prepared"]);
    start(product);
    await when("trouble", () => product.troubles.some((text) => text?.includes("nobody knows")));
    expect(product.topology.handover.size).toBe(0);
    // The nodes were written, so the older write's condition can't hold any more.
    expect(product.topology.slots[1]?.action.index).not.toBe(before);
    expect(product.stateOf(1)).toBe("preparing");
    await arrived(product, [1, 2], 2);
    expect(product.violations).toEqual([]);
  });

  test("leaves them held when that one fails as well, until it succeeds", async () => {
    const product = new EngineProduct();
    product.order([1, 2], 2);
    failAt(product, [": prepared", "served again", "served again"]);
    start(product);
    await when("trouble", () => product.troubles.some((text) => text?.includes("stay held")));
    await arrived(product, [1, 2], 2);
    expect(product.topology.handover.size).toBe(0);
    expect(product.violations).toEqual([]);
  });

  test("while they are to go back: they go on as they were", async () => {
    const { product, life } = await halfMoved([1, 2]);
    failAt(product, [": go back"]);
    await expect(life.engine.reverse([1, 2])).rejects.toThrow("nobody knows");
    expect(product.topology.handover.size).toBe(0);
    await when("mover", () => product.movers.at(-1)?.slots.size === 2);
    product.isMoverQuick = true;
    await life.engine.reverse([1, 2]);
    await arrived(product, [1, 2], 1);
    expect(product.violations).toEqual([]);
  });
});

test("any other write that fails is made again", async () => {
  const product = new EngineProduct();
  product.order([1, 2], 2);
  failAt(product, [": preparing", "left add 1", ": hold", ": migrating", ": finished"]);
  const later = [": arrived", "left remove 2"];
  const fail = product.onStep;
  product.onStep = (text) => {
    fail(text);
    if (text.endsWith(later[0] ?? "nothing")) {
      later.shift();
      throw new CodisError("COORDINATOR_UNREACHABLE", "nobody knows what became of the write");
    }
  };
  start(product);
  await arrived(product, [1, 2], 2);
  expect(product.violations).toEqual([]);
  expect(product.arrived).toEqual([1, 2]);
});

test("a mover of a master that was replaced isn't believed; the new one gets a mover", async () => {
  const { product, life } = await halfMoved([1, 2]);
  const [old] = product.movers;
  product.topology = failOver(product.topology, 1);
  life.engine.wake();
  await when("new mover", () => product.movers[1]?.slots.size === 2);
  expect(old?.isClosed).toBe(true);
  old?.sayEmpty([1, 2]);
  await Bun.sleep(50);
  expect(product.stateOf(1)).toBe("migrating");
  expect(product.movers[1]?.pair).not.toBe(old?.pair);
  product.movers[1]?.empty();
  await arrived(product, [1, 2], 2);
  expect(product.violations).toEqual([]);
});

test("slots that were reported as empty of a master that is replaced before that is stored move on", async () => {
  const { product, life } = await halfMoved([1, 2]);
  product.movers[0]?.empty();
  product.topology = failOver(product.topology, 1);
  life.engine.wake();
  await when("new mover", () => product.movers[1]?.slots.size === 2);
  expect(product.stateOf(1)).toBe("migrating");
});

describe("pairs of groups", () => {
  function productOfThree(): EngineProduct {
    const product = new EngineProduct();
    product.topology = addServer(createGroup(product.topology, 3), 3, addrOf(3, 0));
    return product;
  }

  test("don't wait for one another: one is searched for long, the other moves", async () => {
    const product = productOfThree();
    product.order([1], 2);
    product.order([600], 3);
    product.onCheck = ({ source }) => (source.groupId === 1 ? NEVER : Promise.resolve());
    start(product);
    await arrived(product, [600], 3);
    expect(product.stateOf(1)).toBe("pending");
  });

  test("that can't begin leave their place in the window to others", async () => {
    const product = productOfThree();
    product.parallelSlots = 1;
    product.order([1], 2);
    product.order([600], 3);
    product.onCheck = ({ source }) =>
      source.groupId === 1 ? Promise.reject(new Error("no way")) : Promise.resolve();
    start(product);
    await arrived(product, [600], 3);
    expect(product.stateOf(1)).toBe("pending");
    expect(product.troubles).toContain("no way");
  });
});

describe("paused slots", () => {
  test("take no place in the window", async () => {
    const product = new EngineProduct();
    product.parallelSlots = 2;
    product.isMoverQuick = false;
    product.order([1, 2, 3], 2);
    const life = start(product);
    await when("mover", () => product.movers[0]?.slots.size === 2);
    product.paused.add(1).add(2);
    life.engine.wake();
    await when("the third", () => product.movers.some(({ slots }) => slots.has(3)));
    expect([1, 2].map((id) => product.stateOf(id))).toEqual(["migrating", "migrating"]);
  });

  test("aren't left held", async () => {
    const product = new EngineProduct();
    product.order([1], 2);
    product.onStep = (text) => {
      if (text.endsWith(": prepared")) {
        product.silent.add("proxy-2");
        product.paused.add(1);
      }
    };
    start(product);
    await when("trouble", () => product.troubles.length > 0);
    product.onStep = () => undefined;
    product.silent.clear();
    await when("opening", () => product.stateOf(1) === "migrating");
    expect(product.movers.flatMap(({ slots }) => [...slots])).toEqual([]);
    product.paused.clear();
    await arrived(product, [1], 2);
    expect(product.violations).toEqual([]);
  });

  test("that wait for a look aren't begun after it", async () => {
    const product = new EngineProduct();
    product.order([1], 2);
    const look = Promise.withResolvers<void>();
    product.onCheck = () => look.promise;
    const life = start(product);
    await when("look", () => product.steps.includes("check"));
    product.paused.add(1);
    look.resolve();
    await Bun.sleep(50);
    life.engine.wake();
    expect(product.stateOf(1)).toBe("pending");
    expect(product.steps).toEqual(["check"]);
  });
});

describe("going back", () => {
  test("searches again when a transfer was in doubt while the slots were held", async () => {
    const { product, life } = await halfMoved([1, 2]);
    product.doubts = 1;
    product.isMoverQuick = true;
    product.steps.length = 0;
    await life.engine.reverse([1, 2]);
    expect(product.steps.filter((text) => text.includes("duplicates"))).toHaveLength(2);
    expect(product.steps.filter((text) => text.endsWith("served again"))).toHaveLength(1);
    await arrived(product, [1, 2], 1);
    expect(product.violations).toEqual([]);
  });

  test("gives up when the source doesn't come to rest; the slots move on", async () => {
    const { product, life } = await halfMoved([1, 2]);
    product.doubts = 10;
    await expect(life.engine.reverse([1, 2])).rejects.toThrow("again and again");
    await when("mover", () => product.movers.at(-1)?.slots.size === 2);
    expect(product.violations).toEqual([]);
  });

  test("of many slots holds all of a pair together, so that keys never go both ways", async () => {
    const ids = Array.from({ length: 20 }, (_, id) => id);
    const { product, life } = await halfMoved(ids);
    product.holds.length = 0;
    product.isMoverQuick = true;
    await life.engine.reverse(ids);
    expect(product.holds.map((held) => held.length)).toEqual([20]);
    await arrived(product, ids, 1);
    expect(product.violations).toEqual([]);
  });

  test("ends at once for slots that are given away by force, before that is done", async () => {
    const { product, life } = await halfMoved([1, 2]);
    product.duplicateSearch = NEVER;
    const outcome = life.engine.reverse([1, 2]).catch(String);
    await when("search", () => product.steps.some((text) => text.includes("duplicates")));
    await life.engine.release([1, 2]);
    expect(await outcome).toContain("the mover was closed");
    expect(product.stateOf(1)).toBe("migrating");
  });
});

describe("slots that are given away by force", () => {
  test("are let go of while their target is searched, at once", async () => {
    const product = new EngineProduct();
    product.order([1, 2], 2);
    let look: AbortSignal | undefined;
    product.onCheck = (_pair, signal) => {
      const isFirst = look === undefined;
      look ??= signal;
      return isFirst ? NEVER : Promise.resolve();
    };
    const life = start(product);
    await when("look", () => product.steps.includes("check"));
    await life.engine.release([1]);
    expect(look?.aborted).toBe(true);
    expect(product.troubles).toEqual([]);
    expect(product.stateOf(1)).toBe("pending");
    life.change((now) => assignSlots(now, [{ id: 1, groupId: 2 }]));
    await arrived(product, [2], 2);
  });

  test("may be ordered to move right after it", async () => {
    const { product, life } = await halfMoved([1]);
    await life.engine.release([1]);
    product.isMoverQuick = true;
    life.change((now) => assignSlots(now, [{ id: 1, groupId: 2 }]));
    product.order([1], 1);
    life.engine.wake();
    await arrived(product, [1], 1);
    expect(product.violations).toEqual([]);
  });
});
