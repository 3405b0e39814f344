/** Jobs run side by side as far as there is room, in their order, and none is lost. */
import { describe, expect, test } from "bun:test";
import { type Job, type Room, runInRoom } from "../../../scripts/job-room.ts";

/** Jobs that end when the test says so. */
class Stage {
  /** Names of the jobs that run. */
  readonly running = new Set<string>();
  readonly #ends = new Map<string, (thrown?: Error) => void>();

  job(name: string, load: number): Job<string> {
    const run = (): Promise<string> => {
      this.running.add(name);
      return new Promise((resolve, reject) => {
        this.#ends.set(name, (thrown) => {
          this.running.delete(name);
          if (thrown === undefined) {
            resolve(name);
          } else {
            reject(thrown);
          }
        });
      });
    };
    return { load, run };
  }

  /** Ends a job; gives the names of those that run then. */
  async end(name: string, thrown?: Error): Promise<readonly string[]> {
    this.#ends.get(name)?.(thrown);
    await Bun.sleep(0);
    return [...this.running];
  }
}

function runAll(
  stage: Stage,
  loads: Readonly<Record<string, number>>,
  room: Room,
): Promise<readonly string[]> {
  return runInRoom(
    Object.entries(loads).map(([name, load]) => stage.job(name, load)),
    room,
  );
}

const TWO: Room = { load: 2, jobs: 5 };

describe("jobs side by side", () => {
  test("as many as fit; one that fits goes before one that doesn't", async () => {
    const stage = new Stage();
    const all = runAll(stage, { a: 1, b: 0.8, c: 1, d: 0.2, e: 0.1 }, TWO);
    expect([...stage.running]).toEqual(["a", "b", "d"]);
    expect(await stage.end("b")).toEqual(["a", "d", "e"]);
    expect(await stage.end("d")).toEqual(["a", "e"]);
    expect(await stage.end("e")).toEqual(["a", "c"]);
    expect(await stage.end("a")).toEqual(["c"]);
    await stage.end("c");
    expect(await all).toEqual(["b", "d", "e", "a", "c"]);
  });

  test("never more than the bound of their number, however small they are", async () => {
    const stage = new Stage();
    const all = runAll(stage, { a: 0.1, b: 0.1, c: 0.1 }, { load: 2, jobs: 2 });
    expect([...stage.running]).toEqual(["a", "b"]);
    expect(await stage.end("a")).toEqual(["b", "c"]);
    await stage.end("b");
    await stage.end("c");
    expect(await all).toHaveLength(3);
  });

  test("one that never fits runs alone", async () => {
    const stage = new Stage();
    const all = runAll(stage, { small: 0.5, large: 3, last: 1.5 }, TWO);
    expect([...stage.running]).toEqual(["small", "last"]);
    expect(await stage.end("small")).toEqual(["last"]);
    expect(await stage.end("last")).toEqual(["large"]);
    await stage.end("large");
    expect(await all).toEqual(["small", "last", "large"]);
  });

  test("tenths add up to a whole", async () => {
    const stage = new Stage();
    const loads = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`j${at}`, 0.1]));
    const all = runAll(stage, loads, { load: 1, jobs: 10 });
    expect(stage.running.size).toBe(10);
    for (const name of Object.keys(loads)) {
      await stage.end(name);
    }
    expect(await all).toHaveLength(10);
  });

  test("after a failure nothing begins, what runs is waited for, and the failure is told", async () => {
    const stage = new Stage();
    const all = runAll(stage, { a: 1, b: 1, c: 1 }, TWO);
    const seen = all.then(
      () => "fine",
      (thrown: unknown) => String(thrown),
    );
    expect(await stage.end("a", new Error("broken"))).toEqual(["b"]);
    await stage.end("b");
    expect(await seen).toBe("Error: broken");
  });

  test("nothing to do is done at once", async () => {
    expect(await runInRoom([], TWO)).toEqual([]);
  });
});
