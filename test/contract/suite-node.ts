/**
 * Contract: reading, and conditional writing of one node and of batches.
 */
import { describe, expect } from "bun:test";
import { ABSENT, ANY, type NodeWrite } from "../../src/coordinator/coordinator.ts";
import { failure, put, type SuiteContext } from "./suite-context.ts";

const BATCH = 1_100;
const LARGE_BATCH = 4_096;

/** Declares the tests of `get`, `list`, `readChildren` and `write`. */
export function testNodes(context: SuiteContext): void {
  describe("reading", () => {
    context.test("what isn't there is undefined or empty", async (scope) => {
      const coordinator = await scope.open();
      const path = scope.freshPath();
      expect(await coordinator.get(`${path}/nothing`)).toBeUndefined();
      expect(await coordinator.list(`${path}/nothing`)).toEqual([]);
      expect(await coordinator.readChildren(`${path}/nothing`)).toEqual([]);
    });

    context.test(
      "an inner node has no text, and its children come in order of their bytes",
      async (scope) => {
        const coordinator = await scope.open();
        const path = scope.freshPath();
        const names = ["slot-0010", "b", "a-1", "slot-0009", "B", "a", "_", "a.1", "é", "z"];
        await coordinator.write(
          names.map((name) => ({
            path: `${path}/in/${name}`,
            data: `text ${name}`,
            expected: ABSENT,
          })),
        );
        await put(coordinator, `${path}/in/deep/er/still`, "x");
        expect(await coordinator.get(`${path}/in`)).toBeUndefined();
        const sorted = [...names, "deep"].sort((a, b) =>
          Buffer.compare(Buffer.from(a), Buffer.from(b)),
        );
        expect(await coordinator.list(`${path}/in`)).toEqual(sorted);
        const children = await coordinator.readChildren(`${path}/in`);
        const withText = sorted.filter((name) => name !== "deep");
        expect(children.map((node) => node.path)).toEqual(
          withText.map((name) => `${path}/in/${name}`),
        );
        expect(children.map((node) => node.data)).toEqual(withText.map((name) => `text ${name}`));
        const single = await coordinator.get(`${path}/in/slot-0009`);
        expect(children.find((node) => node.path.endsWith("slot-0009"))).toEqual(single);
        expect(await coordinator.list(`${path}/in/a`)).toEqual([]);
        expect(await coordinator.list(path)).toEqual(["in"]);
      },
    );

    context.test("a node is gone after it was deleted, and so is its name", async (scope) => {
      const coordinator = await scope.open();
      const path = scope.freshPath();
      await put(coordinator, `${path}/dir/one`, "1");
      await coordinator.write([{ path: `${path}/dir/one`, data: undefined, expected: ANY }]);
      expect(await coordinator.get(`${path}/dir/one`)).toBeUndefined();
      expect(await coordinator.list(`${path}/dir`)).toEqual([]);
      expect(await coordinator.get(`${path}/dir`)).toBeUndefined();
      await put(coordinator, `${path}/dir/one`, "2");
      expect((await coordinator.get(`${path}/dir/one`))?.data).toBe("2");
    });

    context.test("another connection sees a write as soon as it is acknowledged", async (scope) => {
      const writer = await scope.open();
      const reader = await scope.open();
      const path = scope.freshPath();
      for (let round = 0; round < 20; round += 1) {
        await put(writer, `${path}/x`, `${round}`);
        expect((await reader.get(`${path}/x`))?.data).toBe(`${round}`);
      }
    });
  });

  testVersions(context);
  testBatches(context);
}

function testVersions(context: SuiteContext): void {
  describe("versions", () => {
    context.test("ABSENT makes a node only where there is none", async (scope) => {
      const coordinator = await scope.open();
      const path = `${scope.freshPath()}/x`;
      await coordinator.write([{ path, data: "first", expected: ABSENT }]);
      await failure(
        "COORDINATOR_CONFLICT",
        coordinator.write([{ path, data: "second", expected: ABSENT }]),
      );
      expect((await coordinator.get(path))?.data).toBe("first");
    });

    context.test(
      "a version fits until the node is written, deleted or made again",
      async (scope) => {
        const coordinator = await scope.open();
        const path = `${scope.freshPath()}/x`;
        const [made] = await coordinator.write([{ path, data: "1", expected: ABSENT }]);
        expect((await coordinator.get(path))?.version).toBe(made ?? "");
        const [changed] = await coordinator.write([{ path, data: "2", expected: made ?? "" }]);
        expect(changed).not.toBe(made);
        for (const data of ["3", undefined]) {
          const late = coordinator.write([{ path, data, expected: made ?? "" }]);
          await failure("COORDINATOR_CONFLICT", late);
        }
        expect((await coordinator.get(path))?.data).toBe("2");
        expect(
          await coordinator.write([{ path, data: undefined, expected: changed ?? "" }]),
        ).toEqual([undefined]);
        expect(await coordinator.get(path)).toBeUndefined();
        const gone = coordinator.write([{ path, data: "4", expected: changed ?? "" }]);
        await failure("COORDINATOR_CONFLICT", gone);
        expect(await coordinator.get(path)).toBeUndefined();
      },
    );

    context.test("ANY writes and deletes whatever is there, also nothing", async (scope) => {
      const coordinator = await scope.open();
      const path = `${scope.freshPath()}/x`;
      await coordinator.write([{ path, data: undefined, expected: ANY }]);
      await coordinator.write([{ path, data: "1", expected: ANY }]);
      await coordinator.write([{ path, data: "2", expected: ANY }]);
      expect((await coordinator.get(path))?.data).toBe("2");
      await coordinator.write([{ path, data: undefined, expected: ANY }]);
      expect(await coordinator.get(path)).toBeUndefined();
    });

    context.test("of two that race for a version exactly one wins, every time", async (scope) => {
      const racers = [await scope.open(), await scope.open()];
      const path = `${scope.freshPath()}/x`;
      let version = ABSENT;
      for (let round = 0; round < 15; round += 1) {
        const outcomes = await Promise.allSettled(
          racers.map((racer, index) =>
            racer.write([{ path, data: `${round} by ${index}`, expected: version }]),
          ),
        );
        const won = outcomes.flatMap((one, index) => (one.status === "fulfilled" ? [index] : []));
        expect(won.length).toBe(1);
        const lost = outcomes.find((one) => one.status === "rejected");
        await failure("COORDINATOR_CONFLICT", Promise.reject(lost?.reason));
        const node = await racers[0]?.get(path);
        expect(node?.data).toBe(`${round} by ${won[0]}`);
        version = node?.version ?? ABSENT;
      }
    });
  });
}

function testBatches(context: SuiteContext): void {
  describe("batches", () => {
    context.test("an empty batch is nothing", async (scope) => {
      expect(await (await scope.open()).write([])).toEqual([]);
    });

    context.test("writes of one node in one batch happen in their order", async (scope) => {
      const coordinator = await scope.open();
      const path = `${scope.freshPath()}/x`;
      const versions = await coordinator.write([
        { path, data: "1", expected: ANY },
        { path, data: undefined, expected: ANY },
        { path, data: "2", expected: ABSENT },
      ]);
      expect(versions.length).toBe(3);
      expect(versions[1]).toBeUndefined();
      expect(await coordinator.get(path)).toEqual({ path, data: "2", version: versions[2] ?? "" });
    });

    context.test(
      "a conflict leaves nothing of its chunk: what was written before is a beginning",
      async (scope) => {
        const coordinator = await scope.open();
        const path = scope.freshPath();
        await put(coordinator, `${path}/n5`, "old");
        const writes: NodeWrite[] = Array.from({ length: 10 }, (_, index) => ({
          path: `${path}/n${index}`,
          data: `new ${index}`,
          expected: ABSENT,
        }));
        await failure("COORDINATOR_CONFLICT", coordinator.write(writes));
        const nodes = await coordinator.readChildren(path);
        const isNew = writes.map((write) =>
          nodes.some((node) => node.path === write.path && node.data === write.data),
        );
        expect(isNew.slice(5)).toEqual([false, false, false, false, false]);
        expect(isNew.lastIndexOf(true) + 1).toBe(isNew.filter(Boolean).length);
        expect((await coordinator.get(`${path}/n5`))?.data).toBe("old");
      },
    );

    context.test(`${BATCH} writes, then as many deletes`, async (scope) => {
      const coordinator = await scope.open();
      const path = scope.freshPath();
      const all = Array.from({ length: BATCH }, (_, index) => index);
      const data = (index: number): string => `{\n    "id": ${index},\n    "group_id": 7\n}`;
      const versions = await coordinator.write(
        all.map((index) => ({ path: nameOf(path, index), data: data(index), expected: ABSENT })),
      );
      const nodes = await coordinator.readChildren(path);
      expect(nodes.map((node) => node.data)).toEqual(all.map(data));
      expect(nodes.map((node) => node.version)).toEqual(versions.map((version) => version ?? ""));
      await coordinator.write(
        nodes.map((node) => ({ path: node.path, data: undefined, expected: node.version })),
      );
      expect(await coordinator.list(path)).toEqual([]);
    });

    context.test(
      `${LARGE_BATCH} slots are written and read back by another connection`,
      async (scope) => {
        const coordinator = await scope.open();
        const path = scope.freshPath();
        const all = Array.from({ length: LARGE_BATCH }, (_, index) => index);
        await coordinator.write(
          all.map((index) => ({ path: nameOf(path, index), data: `${index}`, expected: ANY })),
        );
        const nodes = await (await scope.open()).readChildren(path);
        expect(nodes.map((node) => node.data)).toEqual(all.map(String));
      },
    );
  });
}

function nameOf(path: string, index: number): string {
  return `${path}/slot-${String(index).padStart(4, "0")}`;
}
