/**
 * The module with AddressSanitizer and UndefinedBehaviorSanitizer, short: its own tests in C, and the fuzzer at a
 * real server. `sanitized.long.test.ts` runs every test of this folder with it.
 */
import { expect, test } from "bun:test";
import { fuzzRestore } from "../support/restore-fuzz.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";
import { makeModule, startSanitizedServer } from "../support/slots-module.ts";

printSeed("sanitized");

const PIPELINES = 200;

test("the units of the module in C", () => {
  expect(makeModule("sanitize")).toContain("unit tests passed");
}, 120_000);

test("frames at random", async () => {
  const args = ["--sanitize-dump-payload", "clients", "--enable-debug-command", "yes"];
  const server = await startSanitizedServer({ args });
  const met = await fuzzRestore(server, new Random(SEED), PIPELINES);
  expect(met.good).toBeGreaterThan(PIPELINES / 2);
  expect(met.refused).toBeGreaterThan(PIPELINES / 10);
  await server.stop();
  expect(server.log()).not.toMatch(/AddressSanitizer|runtime error/);
}, 120_000);
