/** The runner of micro-benchmarks: operations are counted, modules without benches are named. */
import { afterAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { timeBench } from "../../../bench/micro/bench.ts";
import { loadBenches } from "../../../bench/micro/runner.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";

const folders: TemporaryFolder[] = [];

afterAll(() => {
  for (const folder of folders) {
    folder.remove();
  }
});

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(folder.join(name), text);
  }
  return folder.path;
}

describe("timeBench", () => {
  test("divides the time of a round by its operations", () => {
    const counts: number[] = [];
    const run = (n: number): number => counts.push(n);
    const result = timeBench({ name: "count", run }, { rounds: 3, roundMs: 0.001 });
    expect(result.name).toBe("count");
    expect(counts.slice(-3)).toEqual([result.n, result.n, result.n]);
    expect(result.nsPerOp.median).toBeGreaterThan(0);
    expect(result.megabytesPerSecond).toBeUndefined();
  });

  test("computes bytes a second from the median", () => {
    const run = (n: number): string => "x".repeat(n);
    const result = timeBench({ name: "fill", run, bytesPerOp: 50 }, { rounds: 1, roundMs: 0.001 });
    expect(result.megabytesPerSecond).toBeCloseTo(50_000 / result.nsPerOp.median, 6);
  });
});

describe("loadBenches", () => {
  test("finds the benches of all files in the order of their names", async () => {
    const bench = (name: string): string =>
      `export const benches = [{ name: "${name}", run: (n) => n }];`;
    const folder = folderWith({
      "b.bench.ts": bench("second"),
      "a.bench.ts": bench("first"),
      "a.ts": "throw new Error('not a bench');",
    });
    const loaded = await loadBenches(folder);
    expect(loaded.map(({ file, bench: { name } }) => `${file}: ${name}`)).toEqual([
      "a: first",
      "b: second",
    ]);
  });

  test("names a file without benches", async () => {
    const folder = folderWith({ "odd.bench.ts": "export const other = 1;" });
    await expect(loadBenches(folder)).rejects.toThrow("odd.bench.ts must export benches");
  });

  test("names a file with something else among its benches", async () => {
    const folder = folderWith({ "odd.bench.ts": "export const benches = [{ name: 'x' }];" });
    await expect(loadBenches(folder)).rejects.toThrow("odd.bench.ts must export benches");
  });
});
