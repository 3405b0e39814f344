/**
 * The engine of migration against a product in memory: the order of its steps, what a silent proxy does, pauses,
 * going back, letting go, and a dashboard that is killed at every step of a move.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { assignSlots } from "../../../src/model/change/slot.ts";
import { waitFor } from "../../support/deadline.ts";
import { EngineProduct, type StartedEngine } from "../../support/engine-product.ts";

const WAIT_MS = 10_000;

let lives: StartedEngine[] = [];

afterEach(async () => {
  await Promise.all(lives.filter((life) => !life.isDead).map((life) => life.engine.close()));
  lives = [];
});

function start(product: EngineProduct, dieAt?: number): StartedEngine {
  const life = product.start(dieAt);
  lives.push(life);
  return life;
}

async function arrived(
  product: EngineProduct,
  ids: readonly number[],
  groupId: number,
): Promise<void> {
  await waitFor(
    "arrival",
    WAIT_MS,
    () =>
      ids.every((id) => product.ownerOf(id) === groupId && product.stateOf(id) === "") || undefined,
  );
}

describe("a move", () => {
  test("takes its slots through the states, each stored before it is acted on", async () => {
    const product = new EngineProduct();
    product.order([1, 2], 2);
    start(product);
    await arrived(product, [1, 2], 2);
    expect(product.violations).toEqual([]);
    expect(product.steps).toEqual([
      "check",
      "commit slots 1,2: preparing",
      "left add 1",
      "commit slots 1,2: hold",
      "push",
      "commit slots 1,2: prepared",
      "push",
      "commit slots 1,2: migrating",
      "mover add 1,2",
      "commit slots 1,2: finished",
      "push",
      "left remove 2",
      "commit slots 1,2: arrived",
    ]);
    expect(product.arrived).toEqual([1, 2]);
    expect(product.left.get(1)).toEqual(new Set([1, 2]));
  });

  test("holds at most eight slots together, and moves all that fit its window", async () => {
    const product = new EngineProduct();
    const ids = Array.from({ length: 20 }, (_, id) => id);
    product.order(ids, 2);
    start(product);
    await arrived(product, ids, 2);
    expect(product.violations).toEqual([]);
    expect(product.holds.map((held) => held.length)).toEqual([8, 8, 4]);
  });

  test("back between the same groups waits until all that go there have arrived", async () => {
    const product = new EngineProduct();
    product.order([1, 2], 2);
    product.order([600, 601], 1);
    product.isMoverQuick = false;
    start(product);
    await waitFor("a mover", WAIT_MS, () => product.movers[0]?.slots.size === 2 || undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([600, 601].map((id) => product.stateOf(id))).toEqual(["pending", "pending"]);
    await waitFor("who waits", WAIT_MS, () => product.waits.at(-1)?.length === 2 || undefined);
    expect(product.waits.at(-1)?.map(({ slotId }) => slotId)).toEqual([600, 601]);
    product.isMoverQuick = true;
    product.movers[0]?.empty();
    await arrived(product, [600, 601], 1);
    expect([1, 2].map((id) => product.ownerOf(id))).toEqual([2, 2]);
    await waitFor("nobody waits", WAIT_MS, () => product.waits.at(-1)?.length === 0 || undefined);
    expect(product.violations).toEqual([]);
  });

  test("of many slots looks at its servers once for some parts, and stores one step of each part alone", async () => {
    const product = new EngineProduct();
    const ids = Array.from({ length: 18 }, (_, id) => id);
    product.order(ids, 2);
    product.isMoverQuick = false;
    start(product);
    const isMoving = (): boolean => ids.every((id) => product.stateOf(id) === "migrating");
    await waitFor("migration", WAIT_MS, () => isMoving() || undefined);
    const [one, two, three] = [ids.slice(0, 8), ids.slice(8, 16), ids.slice(16)];
    expect(product.steps.slice(0, 16)).toEqual([
      "check",
      `commit slots ${ids}: preparing`,
      "left add 1",
      ...[one, two, three].flatMap((part) => [
        `commit slots ${part}: hold`,
        "push",
        `commit slots ${part}: prepared`,
        "push",
      ]),
      `commit slots ${ids}: migrating`,
    ]);
    expect(product.violations).toEqual([]);
  });

  test("looks again when a server was started again between two parts", async () => {
    const product = new EngineProduct();
    const ids = Array.from({ length: 20 }, (_, id) => id);
    product.order(ids, 2);
    product.onStep = (text) => {
      product.serverRuns += Number(text.endsWith(": prepared") && product.serverRuns === 1);
    };
    start(product);
    await arrived(product, ids, 2);
    expect(product.steps.filter((step) => step === "check")).toHaveLength(2);
    expect(product.holds.map((held) => held.length)).toEqual([8, 8, 4]);
    expect(product.violations).toEqual([]);
  });

  test("tells its mover as long as more slots are about to come", async () => {
    const product = new EngineProduct();
    product.isMoverQuick = false;
    product.parallelSlots = 40;
    const ids = Array.from({ length: 64 }, (_, id) => id);
    product.order(ids, 2);
    const told: boolean[] = [];
    product.onStep = () => {
      told.push(product.movers.some((mover) => mover.isMoreExpected));
    };
    start(product);
    const moving = (): number => ids.filter((id) => product.stateOf(id) === "migrating").length;
    await waitFor("a full window", WAIT_MS, () => moving() === 40 || undefined);
    await waitFor(
      "the end of waiting",
      WAIT_MS,
      () => product.movers.every((mover) => !mover.isMoreExpected) || undefined,
    );
    expect(told).toContain(true);
    expect(product.violations).toEqual([]);
  });

  test("of an offline slot needs no mover", async () => {
    const product = new EngineProduct();
    product.topology = assignSlots(product.topology, [{ id: 7, groupId: 0 }]);
    product.order([7], 2);
    start(product);
    await arrived(product, [7], 2);
    expect(product.movers).toHaveLength(0);
    expect(product.violations).toEqual([]);
  });

  test("waits, unlocked, while its servers can't be looked at, and says why", async () => {
    const product = new EngineProduct();
    product.order([1], 2);
    product.pairProblem = "server is too old";
    start(product);
    await waitFor(
      "trouble",
      WAIT_MS,
      () => product.troubles.includes("server is too old") || undefined,
    );
    expect(product.stateOf(1)).toBe("pending");
    product.pairProblem = undefined;
    await arrived(product, [1], 2);
    expect(product.troubles.at(-1)).toBeUndefined();
  });
});

describe("a proxy that is silent", () => {
  test("while slots are to be held: the hold is undone for the others, and tried again", async () => {
    const product = new EngineProduct();
    product.order([1], 2);
    product.silent.add("proxy-2");
    start(product);
    await waitFor("trouble", WAIT_MS, () => product.troubles.length >= 2 || undefined);
    expect(product.stateOf(1)).toBe("preparing");
    expect(product.topology.handover.size).toBe(0);
    product.silent.clear();
    await arrived(product, [1], 2);
    expect(product.violations).toEqual([]);
  });

  test("while slots are opened: the others serve, no mover begins, and it is told until it answers", async () => {
    const product = new EngineProduct();
    product.order([1], 2);
    product.onStep = (text) => {
      if (text.endsWith(": prepared")) {
        product.silent.add("proxy-2");
      }
    };
    const life = start(product);
    await waitFor("trouble", WAIT_MS, () => product.troubles.length >= 2 || undefined);
    expect(product.stateOf(1)).toBe("prepared");
    expect(product.tables.get("proxy-1")?.get(1)?.locked).toBe(false);
    expect(product.movers).toHaveLength(0);
    product.onStep = () => undefined;
    product.silent.clear();
    await arrived(product, [1], 2);
    expect(product.violations).toEqual([]);
    expect(life.isDead).toBe(false);
  });
});

test("a paused slot is taken from its mover, and goes on", async () => {
  const product = new EngineProduct();
  product.isMoverQuick = false;
  product.order([1, 2], 2);
  const life = start(product);
  await waitFor("mover", WAIT_MS, () => product.movers[0]?.slots.size === 2 || undefined);
  product.paused.add(1);
  life.engine.wake();
  await waitFor("removal", WAIT_MS, () => product.movers[0]?.slots.has(1) === false || undefined);
  expect(product.movers[0]?.slots.has(2)).toBe(true);
  expect(product.stateOf(1)).toBe("migrating");
  product.paused.clear();
  life.engine.wake();
  await waitFor("return", WAIT_MS, () => product.movers[0]?.slots.has(1) || undefined);
  product.movers[0]?.empty();
  await arrived(product, [1, 2], 2);
});

describe("going back", () => {
  async function halfMoved(): Promise<{ product: EngineProduct; life: StartedEngine }> {
    const product = new EngineProduct();
    product.isMoverQuick = false;
    product.order([1, 2], 2);
    const life = start(product);
    await waitFor("mover", WAIT_MS, () => product.movers[0]?.slots.size === 2 || undefined);
    return { product, life };
  }

  test("changes owner and target while all proxies hold the slots, after duplicates are gone", async () => {
    const { product, life } = await halfMoved();
    product.steps.length = 0;
    product.isMoverQuick = true;
    await life.engine.reverse([1, 2]);
    await arrived(product, [1, 2], 1);
    expect(product.steps.slice(0, 9)).toEqual([
      "mover remove 1,2",
      "check return",
      "mover unlink duplicates 1,2",
      "left add 2",
      "commit slots 1,2: hold to go back",
      "push",
      "is it unchanged",
      "commit slots 1,2: go back",
      "push",
    ]);
    expect(product.violations).toEqual([]);
    expect(product.left.get(1)).toEqual(new Set());
    expect(product.left.get(2)).toEqual(new Set([1, 2]));
  });

  test("searches again when the source was restarted meanwhile", async () => {
    const { product, life } = await halfMoved();
    product.isMoverQuick = true;
    const turned = life.engine.reverse([1, 2]);
    await waitFor(
      "search",
      WAIT_MS,
      () => product.steps.includes("mover unlink duplicates 1,2") || undefined,
    );
    product.runId = "run-2";
    await turned;
    const searches = product.steps.filter((step) => step === "mover unlink duplicates 1,2");
    expect(searches.length).toBeGreaterThanOrEqual(1);
    await arrived(product, [1, 2], 1);
    expect(product.violations).toEqual([]);
  });

  test("is refused for a slot that isn't half-moved", async () => {
    const { product, life } = await halfMoved();
    expect(life.engine.reverse([3])).rejects.toThrow("slot 3 isn't migrating");
    expect(product.stateOf(1)).toBe("migrating");
  });

  test("undoes its hold when a proxy is silent; the slots go on as they were", async () => {
    const { product, life } = await halfMoved();
    product.silent.add("proxy-1");
    expect(life.engine.reverse([1, 2])).rejects.toThrow("proxy-1 doesn't answer");
    await waitFor(
      "undo",
      WAIT_MS,
      () => product.steps.some((step) => step.endsWith("served again")) || undefined,
    );
    product.silent.clear();
    await waitFor("mover", WAIT_MS, () => product.movers.at(-1)?.slots.size === 2 || undefined);
    expect(product.violations).toEqual([]);
  });
});

test("slots that are let go are left alone, so that they can be assigned by force", async () => {
  const product = new EngineProduct();
  product.isMoverQuick = false;
  product.order([1, 2], 2);
  const life = start(product);
  await waitFor("mover", WAIT_MS, () => product.movers[0]?.slots.size === 2 || undefined);
  await life.engine.release([1]);
  expect(product.movers[0]?.slots).toEqual(new Set([2]));
  product.topology = assignSlots(product.topology, [{ id: 1, groupId: 2 }]);
  life.engine.wake();
  product.movers[0]?.empty();
  await arrived(product, [2], 2);
  expect(product.ownerOf(1)).toBe(2);
  expect(product.violations).toEqual([]);
});

describe("a dashboard that is killed", () => {
  test("at any step of a move is followed by one that ends it", async () => {
    let dieAt = 1;
    for (; ; dieAt += 1) {
      const product = new EngineProduct();
      product.order([1, 2], 2);
      const first = start(product, dieAt);
      await waitFor(
        "death or end",
        WAIT_MS,
        () => first.isDead || product.ownerOf(2) === 2 || undefined,
      );
      if (!first.isDead) {
        break;
      }
      start(product);
      await arrived(product, [1, 2], 2);
      expect({ dieAt, violations: product.violations }).toEqual({ dieAt, violations: [] });
    }
    // All of the steps of the first test, and not one more.
    expect(dieAt).toBe(13);
  });

  test("at any step of going back is followed by one that ends the move either way", async () => {
    let dieAt = 1;
    for (let isDone = false; !isDone; dieAt += 1) {
      const product = new EngineProduct();
      product.isMoverQuick = false;
      product.order([1, 2], 2);
      const first = start(product, 10 + dieAt);
      const isHalfMoved = await waitFor(
        "mover",
        WAIT_MS,
        () => first.isDead || product.movers[0]?.slots.size === 2 || undefined,
      );
      expect(isHalfMoved).toBe(true);
      product.isMoverQuick = true;
      const turned = first.engine.reverse([1, 2]).then(() => true);
      await Promise.race([
        turned.then(() => arrived(product, [1, 2], 1)),
        waitFor("death", WAIT_MS, () => first.isDead || undefined),
      ]);
      isDone = !first.isDead;
      if (first.isDead) {
        start(product);
        await waitFor(
          "end",
          WAIT_MS,
          () => [1, 2].every((id) => product.stateOf(id) === "") || undefined,
        );
      }
      expect(product.ownerOf(1)).toBe(product.ownerOf(2));
      expect({ dieAt, violations: product.violations }).toEqual({ dieAt, violations: [] });
    }
    expect(dieAt).toBeGreaterThan(8);
  });
});
