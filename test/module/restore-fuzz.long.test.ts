/**
 * The fuzzer of the receiving side, long: on the module as it is shipped, and on the one that is built with
 * AddressSanitizer and UndefinedBehaviorSanitizer, which end the server at the first wrong access.
 */
import { expect, test } from "bun:test";
import { fuzzRestore } from "../support/restore-fuzz.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";
import { startSanitizedServer, startSlotsServer } from "../support/slots-module.ts";

printSeed("restore fuzz, long");

const PIPELINES = 30_000;
const ARGS = ["--sanitize-dump-payload", "clients", "--enable-debug-command", "yes"];

for (const [name, start] of [
  ["as shipped", startSlotsServer],
  ["with sanitizers", startSanitizedServer],
] as const) {
  test(name, async () => {
    const server = await start({ args: ARGS });
    const met = await fuzzRestore(server, new Random(SEED), PIPELINES);
    expect(met.good).toBeGreaterThan(PIPELINES / 2);
    expect(met.refused).toBeGreaterThan(PIPELINES / 10);
    await server.stop();
  }, 1_800_000);
}
