/** The reference pages in docs/ are those that the code's tables give. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { findOutdatedDocs, generateDocs } from "../../../scripts/generate-docs.ts";

test("the pages are current (else: bun scripts/generate-docs.ts)", () => {
  expect(findOutdatedDocs(join(import.meta.dirname, "../../.."))).toEqual([]);
});

test("a missing page counts as outdated", () => {
  expect(findOutdatedDocs("/nonexistent")).toEqual([...generateDocs().keys()]);
});
