/** Markdown tables and the texts of their cells. */
import { expect, test } from "bun:test";
import {
  markdownTable,
  megabytes,
  spreadText,
  wholeNumber,
} from "../../../bench/macro/markdown.ts";

test("columns are padded, and those with a colon are aligned to the right", () => {
  const table = markdownTable(
    ["name", "ns:"],
    [
      ["a", "1"],
      ["longer", "12345"],
    ],
  );
  expect(table.split("\n")).toEqual([
    "| name   |    ns |",
    "| ------ | ----: |",
    "| a      |     1 |",
    "| longer | 12345 |",
  ]);
});

test("a spread shows its range only when there is one", () => {
  expect(spreadText({ median: 2, min: 1, max: 3 }, wholeNumber)).toBe("2 (1–3)");
  expect(spreadText({ median: 2, min: 1.9, max: 2.1 }, wholeNumber)).toBe("2");
  expect(spreadText(undefined, wholeNumber)).toBe("–");
});

test("numbers are written for people", () => {
  expect(wholeNumber(1_234_567.8)).toBe("1,234,568");
  expect(megabytes(3 * 1_024 ** 2)).toBe("3.0");
});
