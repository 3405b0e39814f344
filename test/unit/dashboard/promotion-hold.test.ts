/**
 * Slots of a group that is held, because its master is changed: the engine finishes or undoes what is under way, begins
 * nothing, and goes on with the new master afterwards. Slots of other groups move on meanwhile.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { HeldGroups } from "../../../src/dashboard/migration/held-groups.ts";
import { assignSlots } from "../../../src/model/change/slot.ts";
import { NO_SLOT_ACTION } from "../../../src/model/slot-mapping.ts";
import type { Topology } from "../../../src/model/topology/topology.ts";
import { waitFor } from "../../support/deadline.ts";
import { EngineProduct, type StartedEngine } from "../../support/engine-product.ts";
import { addrOf, withGroups } from "../../support/topology-sample.ts";

const WAIT_MS = 8_000;

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

function arrived(product: EngineProduct, id: number, groupId: number): Promise<true> {
  return when("arrival", () => product.ownerOf(id) === groupId && product.stateOf(id) === "");
}

/** The group's other server is its master now. */
function withOtherMaster(topology: Topology, groupId: number): Topology {
  const groups = new Map(topology.groups);
  const group = groups.get(groupId);
  if (group !== undefined) {
    groups.set(groupId, { ...group, servers: group.servers.toReversed() });
  }
  return { ...topology, groups };
}

describe("a group that is held", () => {
  test("has no movers, and its half-moved slots go on with the new master", async () => {
    const product = new EngineProduct();
    product.isMoverQuick = false;
    product.order([1], 2);
    const life = start(product);
    await when("mover", () => product.movers[0]?.slots.has(1) === true);

    const letGo = await life.engine.hold(2);
    expect(product.movers[0]?.isClosed).toBe(true);
    product.steps.length = 0;
    life.engine.wake();
    await Bun.sleep(30);
    expect(product.steps).toEqual([]);
    // Nobody believes what a closed mover says.
    product.movers[0]?.sayEmpty([1]);
    expect(product.stateOf(1)).toBe("migrating");

    life.change((now) => withOtherMaster(now, 2));
    letGo();
    await when("another mover", () => product.movers[1]?.slots.has(1) === true);
    expect(product.movers[1]?.pair).toBe(`${addrOf(1, 0)}>${addrOf(2, 1)}`);
    product.movers[1]?.empty();
    await arrived(product, 1, 2);
    expect(product.violations).toEqual([]);
  });

  test("is held only when a hand-over under way has ended", async () => {
    const product = new EngineProduct();
    product.isMoverQuick = false;
    product.order([1], 2);
    const life = start(product);
    let held: Promise<() => void> | undefined;
    product.onStep = (text) => {
      if (text.endsWith(": hold")) {
        held ??= life.engine.hold(1).then((letGo) => {
          product.steps.push("held");
          return letGo;
        });
      }
    };
    await when("hold", () => product.steps.includes("held"));
    const last = product.steps.findLastIndex((text) => text.endsWith(": migrating"));
    expect(last).toBeGreaterThan(0);
    expect(product.steps.indexOf("held")).toBeGreaterThan(last);
    expect(product.movers.flatMap(({ slots }) => [...slots])).toEqual([]);
    (await held)?.();
    await when("mover", () => product.movers.at(-1)?.slots.has(1) === true);
    expect(product.violations).toEqual([]);
  });

  test("ends looks that are under way, and lets others move", async () => {
    const product = new EngineProduct();
    product.topology = withThirdGroup(product.topology);
    product.order([1], 2);
    let look: AbortSignal | undefined;
    product.onCheck = (pair, signal) => {
      if (pair.source.groupId !== 1 || look !== undefined) {
        return Promise.resolve();
      }
      look = signal;
      return new Promise(() => undefined);
    };
    const life = start(product);
    await when("look", () => look !== undefined);
    const letGo = await life.engine.hold(1);
    expect(look?.aborted).toBe(true);
    expect(product.troubles).toEqual([]);
    product.order([1_000], 3);
    life.engine.wake();
    await arrived(product, 1_000, 3);
    expect(product.stateOf(1)).toBe("pending");
    letGo();
    await arrived(product, 1, 2);
    expect(product.violations).toEqual([]);
  });

  test("turns no slot round, and stops what is being turned", async () => {
    const product = new EngineProduct();
    product.isMoverQuick = false;
    product.order([1], 2);
    const life = start(product);
    await when("mover", () => product.movers[0]?.slots.has(1) === true);
    product.duplicateSearch = new Promise(() => undefined);
    const turned = life.engine.reverse([1]).catch(String);
    await when("search", () => product.steps.some((text) => text.includes("duplicates")));
    const letGo = await life.engine.hold(2);
    expect(await turned).toContain("closed");
    await expect(life.engine.reverse([1])).rejects.toThrow("is changed");
    expect(product.stateOf(1)).toBe("migrating");
    product.duplicateSearch = Promise.resolve();
    product.isMoverQuick = true;
    letGo();
    await arrived(product, 1, 2);
    expect(product.violations).toEqual([]);
  });
});

test("a group that two hold is free when both have let go", () => {
  const held = new HeldGroups();
  const [first, second] = [held.add(1), held.add(1)];
  const moving = { id: 7, groupId: 2, action: { ...NO_SLOT_ACTION, targetId: 1 } };
  first();
  first();
  expect(held.concerns(moving)).toBe(true);
  second();
  expect(held.concerns(moving)).toBe(false);
  expect(held.concerns(undefined)).toBe(false);
});

/** One more group, with slots 1000 to 1023 still in group 2. */
function withThirdGroup(topology: Topology): Topology {
  const groups = withGroups({ ...topology, groups: new Map() }, 3, 2).groups;
  return assignSlots({ ...topology, groups }, []);
}
