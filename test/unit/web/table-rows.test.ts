/**
 * What a table draws: filter, order, and the window of a long list; the palette's search; the path of a
 * sparkline.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ENTRIES_MAX, searchEntries } from "../../../web/src/shell/palette-search.ts";
import { sparkPath } from "../../../web/src/ui/spark-path.ts";
import { filterRows, sortRows, windowOf } from "../../../web/src/ui/table-rows.ts";

describe("filterRows", () => {
  test("asks for all words, in any order and case", () => {
    const rows = ["group 1 10.0.0.1", "group 2 10.0.0.2", "proxy 10.0.0.1"];
    const filter = (text: string) => filterRows(rows, (row) => row, text);
    expect(filter("")).toEqual(rows);
    expect(filter("0.1 GROUP")).toEqual(["group 1 10.0.0.1"]);
    expect(filter("nothing")).toEqual([]);
  });
});

describe("sortRows", () => {
  test("knows numbers in texts, and puts the unknown last in both directions", () => {
    const rows = ["g10", null, "g9", "g1"];
    const sort = (row: string | null) => row;
    expect(sortRows(rows, { sort, isDescending: false })).toEqual(["g1", "g9", "g10", null]);
    expect(sortRows(rows, { sort, isDescending: true })).toEqual(["g10", "g9", "g1", null]);
    expect(sortRows(rows, undefined)).toEqual(rows);
  });

  test("leaves rows that are equal in their order", () => {
    const rows = [
      { key: 1, at: "a" },
      { key: 0, at: "b" },
      { key: 1, at: "c" },
    ];
    const sorted = sortRows(rows, { sort: (row) => row.key, isDescending: true });
    expect(sorted.map((row) => row.at).join("")).toBe("acb");
  });
});

describe("windowOf", () => {
  test("always has what is in sight, and never more than a bounded part", () => {
    const number = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50_000 }), number, (count, scrollTop) => {
        const { from, to } = windowOf(count, 36, scrollTop, 720);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeLessThanOrEqual(count);
        expect(to - from).toBeLessThanOrEqual(20 + 2 * 12 + 1);
        const first = Math.floor(scrollTop / 36);
        if (first < count) {
          expect(from).toBeLessThanOrEqual(first);
          expect(to).toBeGreaterThanOrEqual(Math.min(count, first + 20));
        }
      }),
    );
  });
});

describe("searchEntries", () => {
  const entry = (title: string, kind = "Page", words = "") => ({
    id: title,
    title,
    kind,
    words,
    run: () => undefined,
  });

  test("puts titles that begin with the text first", () => {
    const entries = [
      entry("Users", "Page"),
      entry("10.0.0.7", "Server", "server"),
      entry("Servers"),
    ];
    expect(searchEntries(entries, "server").map((each) => each.title)).toEqual([
      "Servers",
      "10.0.0.7",
    ]);
    expect(searchEntries(entries, "7 server").map((each) => each.title)).toEqual(["10.0.0.7"]);
  });

  test("shows a bounded number", () => {
    const many = Array.from({ length: 500 }, (_, index) => entry(`Group ${index}`));
    expect(searchEntries(many, "").length).toBe(ENTRIES_MAX);
    expect(searchEntries(many, "group").length).toBe(ENTRIES_MAX);
  });
});

describe("sparkPath", () => {
  test("begins at zero, and leaves gaps where nobody knows", () => {
    expect(sparkPath([], 100, 20)).toBe("");
    expect(sparkPath([0, 0], 100, 20)).toBe("M0 19l0 0L100 19");
    expect(sparkPath([1, null, 2], 100, 22)).toBe("M0 11l0 0M100 1l0 0");
  });
});
