/**
 * What a path and a text of the coordinator may be. That every implementation asks is in the contract suite.
 */
import { expect, test } from "bun:test";
import { isCodisError } from "../../../src/base/error.ts";
import {
  checkData,
  checkPath,
  checkWrites,
  compareNames,
  parentsOf,
} from "../../../src/coordinator/node-check.ts";

function problemOf(check: () => void): string {
  try {
    check();
  } catch (thrown) {
    return isCodisError(thrown, "ARGUMENT_INVALID") ? thrown.message : String(thrown);
  }
  return "";
}

test("every path of the layout is fine", () => {
  for (const path of [
    "/codis3/demo/topom",
    "/codis3/demo/slots/slot-1023",
    "/zk/codis/db_demo/proxy/proxy-1",
    "/codis-ext/demo/users/数据 x",
    `/${"x".repeat(255)}`,
  ]) {
    expect(problemOf(() => checkPath(path))).toBe("");
  }
});

test("a refusal names the path on one line and says what would be right", () => {
  expect(problemOf(() => checkPath("a/b"))).toContain("begins with /");
  expect(problemOf(() => checkPath("/a/../b"))).toContain('"/a/../b"');
  expect(problemOf(() => checkPath("/a\nb"))).toContain('"/a\\nb"');
  expect(problemOf(() => checkPath("/\u{1f600}"))).toContain("U+FFF0");
  expect(problemOf(() => checkPath(`/${"é".repeat(128)}`))).toContain("255");
  expect(problemOf(() => checkPath("/ab".repeat(400)))).toContain("1024");
});

test("texts are measured in bytes of UTF-8", () => {
  expect(problemOf(() => checkData("/a", "é".repeat(500_000)))).toBe("");
  expect(problemOf(() => checkData("/a", "é".repeat(500_001)))).toContain("1000002 bytes");
  expect(problemOf(() => checkData("/a", "\udc00"))).toContain("Unicode");
});

test("deleting where nothing may be makes no sense", () => {
  const write = { path: "/a", data: undefined, expected: "absent" };
  expect(problemOf(() => checkWrites([write]))).toContain("absent");
  expect(problemOf(() => checkWrites([{ ...write, expected: "any" }]))).toBe("");
});

test("names are ordered by bytes, and parents are all inner nodes", () => {
  expect(["é", "z", "a", "B", "\u{10000}", "\uffee"].sort(compareNames)).toEqual([
    "B",
    "a",
    "z",
    "é",
    "\uffee",
    "\u{10000}",
  ]);
  expect(parentsOf("/a/b/c")).toEqual(["/a", "/a/b"]);
  expect(parentsOf("/a")).toEqual([]);
});
