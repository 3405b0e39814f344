/** The figures of the test runner are of files that are there, and in the form that it needs. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isFarOff, NAMED_FILES, testLoadOf } from "../../../scripts/test-load.ts";
import { ROOT } from "../../support/source-tree.ts";

describe("what test files take", () => {
  test("each named file is there, once, in order", () => {
    expect(NAMED_FILES.length).toBeGreaterThan(10);
    expect(NAMED_FILES.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    expect(NAMED_FILES).toEqual([...NAMED_FILES].sort());
  });

  test("each has seconds, and a load that two processors have room for", () => {
    for (const file of NAMED_FILES) {
      const { seconds, load } = testLoadOf(file);
      expect([file, seconds > 0, load > 0 && load < 2]).toEqual([file, true, true]);
    }
  });

  test("other files go by their folder", () => {
    const { load } = testLoadOf("test/system/none.test.ts");
    expect(testLoadOf("test/web/none.test.ts").load).toBeGreaterThan(load);
    expect(testLoadOf("test/component/proxy/none.test.ts").load).toBeLessThan(0.5);
    expect(testLoadOf("test/none.test.ts").seconds).toBeLessThan(1);
    expect(() => testLoadOf("src/none.ts")).toThrow("src/none.ts isn't below test/");
  });

  test("only what takes far longer than said is told", () => {
    const { seconds } = testLoadOf("test/system/up.test.ts");
    expect(isFarOff("test/system/up.test.ts", seconds * 1.5)).toBe(false);
    expect(isFarOff("test/system/up.test.ts", seconds * 2 + 11)).toBe(true);
    expect(isFarOff("test/unit/none.test.ts", 10)).toBe(false);
    expect(isFarOff("test/unit/none.test.ts", 12)).toBe(true);
  });
});
