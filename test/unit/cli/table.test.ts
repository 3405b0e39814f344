/** Tables and figures for people. */
import { expect, test } from "bun:test";
import {
  formatBytes,
  formatCount,
  formatErrors,
  formatFacts,
  formatSpan,
  formatTable,
} from "../../../src/cli/table.ts";

test("columns are as wide as their widest cell, and no line ends with blanks", () => {
  expect(
    formatTable([
      ["GROUP", "MASTER", ""],
      [1, "127.0.0.1:6379", ""],
      [1000, null, true],
    ]),
  ).toBe("GROUP  MASTER\n1      127.0.0.1:6379\n1000   -               yes\n");
  expect(
    formatFacts([
      ["a", 1],
      ["long name", undefined],
    ]),
  ).toBe("a          1\nlong name  -\n");
});

test("errors stand below the table, each with its row", () => {
  expect(
    formatErrors([
      ["proxy 1", null],
      ["proxy 2", "no answer within 300 ms"],
      ["10.0.0.1:6379", "server 10.0.0.1:6379 can't be reached"],
    ]),
  ).toBe("! proxy 2: no answer within 300 ms\n! server 10.0.0.1:6379 can't be reached\n");
});

test("bytes, counts and ranges", () => {
  expect([0, 1023, 1024, 1_572_864, 3 * 1024 ** 4, null].map(formatBytes)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KB",
    "1.5 MB",
    "3.0 TB",
    null,
  ]);
  expect([formatCount(1, "slot", "slots"), formatCount(0, "slot", "slots")]).toEqual([
    "1 slot",
    "0 slots",
  ]);
  expect([formatSpan(3, 3), formatSpan(0, 511)]).toEqual(["3", "0-511"]);
});
