/**
 * Planning of transactions, on a model of ZooKeeper's tree; the property at the end has others write between
 * the look and the transaction.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isCodisError } from "../../../../src/base/error.ts";
import { ABSENT, ANY, type NodeWrite } from "../../../../src/coordinator/coordinator.ts";
import { parentsOf } from "../../../../src/coordinator/node-check.ts";
import { type ChunkPlan, planChunk } from "../../../../src/coordinator/zookeeper/chunk-plan.ts";
import { printSeed, SEED } from "../../../support/seed.ts";
import { ZookeeperModel } from "../../../support/zookeeper-model.ts";

printSeed("chunk-plan");

function look(model: ZookeeperModel, writes: readonly NodeWrite[]): ChunkPlan {
  const paths = ["/", ...writes.flatMap(({ path }) => [...parentsOf(path), path])];
  return planChunk(writes, new Map(paths.map((path) => [path, model.seen(path)])));
}

/** Versions of the writes; undefined when the transaction didn't go through. */
function write(
  model: ZookeeperModel,
  ...writes: readonly NodeWrite[]
): readonly (string | undefined)[] | undefined {
  const plan = look(model, writes);
  const zxid = model.run(plan.steps);
  return zxid === undefined ? undefined : plan.versions(zxid);
}

describe("a plan", () => {
  test("makes missing parents without a text, each once", () => {
    const model = new ZookeeperModel();
    write(
      model,
      { path: "/a/b/x", data: "1", expected: ABSENT },
      { path: "/a/b/y", data: "2", expected: ANY },
      { path: "/a/z", data: "", expected: ABSENT },
    );
    expect(model.paths()).toEqual(["/", "/a", "/a/b", "/a/b/x", "/a/b/y", "/a/z"]);
    expect(model.text("/a/b")).toBeUndefined();
    expect(model.text("/a/z")?.data).toBe("");
  });

  test("names the node of a conflict", () => {
    const model = new ZookeeperModel();
    write(model, { path: "/a/x", data: "1", expected: ABSENT });
    const cases = [
      ["/a/x", ABSENT, "/a/x exists already"],
      ["/a/x", "ff", "/a/x was changed meanwhile"],
      ["/a/y", "ff", "/a/y is gone"],
    ] as const;
    for (const [path, expected, text] of cases) {
      expect(() => write(model, { path, data: "2", expected })).toThrow(text);
    }
  });

  test("gives a text that the same chunk replaces a version that nothing has", () => {
    const model = new ZookeeperModel();
    const versions = write(
      model,
      { path: "/x", data: "1", expected: ANY },
      { path: "/x", data: "2", expected: ANY },
    );
    expect(versions?.[1]).toBe(model.text("/x")?.version ?? "");
    expect(versions?.[0]).not.toBe(versions?.[1] ?? "");
  });

  test("keeps the children of a node that loses its text, and gives an inner node one", () => {
    const model = new ZookeeperModel();
    write(model, { path: "/a/x", data: "1", expected: ABSENT });
    const [version] = write(model, { path: "/a", data: "inner", expected: ABSENT }) ?? [];
    expect(model.text("/a")).toEqual({ data: "inner", version: version ?? "" });
    write(model, { path: "/a", data: undefined, expected: version ?? "" });
    expect(model.text("/a")).toBeUndefined();
    expect(model.text("/a/x")?.data).toBe("1");
  });

  test("deletes a node that isn't there only while it isn't there", () => {
    const model = new ZookeeperModel();
    const writes = [
      { path: "/a/b/x", data: undefined, expected: ANY },
      { path: "/y", data: "1", expected: ANY },
    ];
    const plan = look(model, writes);
    write(model, { path: "/a/b/x", data: "another's", expected: ABSENT });
    expect(model.run(plan.steps)).toBeUndefined();
    expect(write(model, ...writes)?.[0]).toBeUndefined();
    expect(model.text("/a/b/x")).toBeUndefined();
    write(model, { path: "/c/d", data: undefined, expected: ANY });
    expect(model.paths()).toEqual(["/", "/a", "/a/b", "/y"]);
  });

  test("tells the data version that the chunk leaves behind", () => {
    const model = new ZookeeperModel();
    const writes = [
      { path: "/lock", data: "1", expected: ABSENT, isEphemeral: true },
      { path: "/lock", data: "1", expected: ANY },
      { path: "/epoch", data: "1", expected: ABSENT },
    ];
    const plan = look(model, writes);
    model.run(plan.steps);
    expect(plan.dataVersionOf("/lock")).toBe(1);
    expect(plan.dataVersionOf("/epoch")).toBe(0);
    expect(plan.dataVersionOf("/other")).toBeUndefined();
    expect(model.seen("/lock")?.stat.ephemeralOwner).toBe(1n);
  });

  test("fails when the node was deleted and made again after the look, whatever its data version", () => {
    for (const data of ["mine", undefined]) {
      const model = new ZookeeperModel();
      write(model, { path: "/a/x", data: "1", expected: ABSENT });
      const plan = look(model, [
        { path: "/a/x", data, expected: model.text("/a/x")?.version ?? "" },
      ]);
      write(model, { path: "/a/x", data: undefined, expected: ANY });
      write(model, { path: "/a/x", data: "another's", expected: ABSENT });
      expect(model.run(plan.steps)).toBeUndefined();
      expect(model.text("/a/x")?.data).toBe("another's");
    }
  });
});

const PATHS = ["/x", "/a/x", "/a/y", "/b/c/x", "/b/c/y"];

/** `turn` picks the expected version among those that the path had, or ABSENT or ANY. */
const writeArbitrary = fc.record({
  path: fc.constantFrom(...PATHS),
  data: fc.option(fc.constantFrom("", "1", "2"), { nil: undefined }),
  turn: fc.nat(7),
});
const roundArbitrary = fc.record({
  own: fc.array(writeArbitrary, { minLength: 1, maxLength: 4 }),
  others: fc.array(writeArbitrary, { maxLength: 3 }),
});

test("a transaction that goes through is what the contract says, whatever others did meanwhile", () => {
  fc.assert(
    fc.property(fc.array(roundArbitrary, { minLength: 1, maxLength: 12 }), (rounds) => {
      const model = new ZookeeperModel();
      const past = new Map<string, string[]>(PATHS.map((path) => [path, []]));
      const note = (): void => {
        for (const path of PATHS) {
          const version = model.text(path)?.version;
          if (version !== undefined) {
            past.get(path)?.push(version);
          }
        }
      };
      const toWrite = ({ path, data, turn }: (typeof rounds)[0]["own"][0]): NodeWrite => {
        const versions = past.get(path) ?? [];
        const old = versions.at(-1 - Math.floor(turn / 2)) ?? ABSENT;
        return { path, data, expected: turn < 2 ? ANY : turn === 2 ? ABSENT : old };
      };
      for (const { own, others } of rounds) {
        const writes = own
          .map(toWrite)
          .filter((one) => one.data !== undefined || one.expected !== ABSENT);
        const plan = planOrUndefined(model, writes);
        for (const other of others) {
          write(model, { ...toWrite(other), expected: ANY });
          note();
        }
        const expected = outcomeOf(model, writes);
        const zxid = plan === undefined ? undefined : model.run(plan.steps);
        if (zxid !== undefined && plan !== undefined && plan.steps.length > 0) {
          expect(expected).toBeDefined();
          for (const [path, data] of expected ?? []) {
            expect(model.text(path)?.data).toBe(data);
          }
          const versions = plan.versions(zxid);
          for (const [index, { path, data }] of writes.entries()) {
            const isLast = writes.findLastIndex((one) => one.path === path) === index;
            if (isLast && data !== undefined) {
              expect(versions[index]).toBe(model.text(path)?.version ?? "");
            }
          }
        }
        if (others.length === 0) {
          // Alone, what the contract allows is done, and what it doesn't is refused.
          expect(plan !== undefined).toBe(expected !== undefined);
          expect(plan === undefined || zxid !== undefined).toBe(true);
        }
        note();
      }
    }),
    { seed: SEED, numRuns: 300 },
  );
});

function planOrUndefined(
  model: ZookeeperModel,
  writes: readonly NodeWrite[],
): ChunkPlan | undefined {
  try {
    return look(model, writes);
  } catch (thrown) {
    if (isCodisError(thrown, "COORDINATOR_CONFLICT")) {
      return undefined;
    }
    throw thrown;
  }
}

/** Texts after the writes by the words of the contract; undefined where they conflict. */
function outcomeOf(
  model: ZookeeperModel,
  writes: readonly NodeWrite[],
): ReadonlyMap<string, string | undefined> | undefined {
  const texts = new Map<string, string | undefined>();
  const versions = new Map<string, string>();
  for (const { path, data, expected } of writes) {
    const text = texts.has(path) ? texts.get(path) : model.text(path)?.data;
    const version = versions.get(path) ?? model.text(path)?.version ?? ABSENT;
    const current = text === undefined ? ABSENT : version;
    if (expected !== ANY && expected !== current) {
      return undefined;
    }
    texts.set(path, data);
    versions.set(path, "written by this chunk");
  }
  return texts;
}
