/**
 * The fuzzer of the receiving side, short: thousands of frames at a server that checks payloads deeply, as one
 * that takes them from anywhere should; the server lives and its counts are right. `restore-fuzz.long.test.ts` does
 * it for longer and on the module with sanitizers.
 */
import { expect, test } from "bun:test";
import { fuzzRestore } from "../support/restore-fuzz.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";
import { startSlotsServer } from "../support/slots-module.ts";

printSeed("restore fuzz");

const PIPELINES = 600;

test("frames at random don't bring the server down", async () => {
  const args = ["--sanitize-dump-payload", "clients", "--enable-debug-command", "yes"];
  const server = await startSlotsServer({ args });
  const met = await fuzzRestore(server, new Random(SEED), PIPELINES);
  expect(met.good).toBeGreaterThan(PIPELINES / 2);
  expect(met.refused).toBeGreaterThan(PIPELINES / 10);
  await server.stop();
}, 120_000);
