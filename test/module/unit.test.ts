/**
 * The module's own tests in C, of what needs no server: the slot of a key, the set of names, the counts.
 */
import { expect, test } from "bun:test";
import { makeModule } from "../support/slots-module.ts";

test("the units of the module in C", () => {
  expect(makeModule("test")).toContain("unit tests passed");
}, 60_000);
