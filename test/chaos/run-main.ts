/**
 * One chaos run by hand: `bun test/chaos/run-main.ts --seed N [--minutes M] [--short] [--codis-server]`. Prints how it
 * ended; the exit code is 0 when nothing was wrong. With --codis-server the servers have the slot commands, and move
 * keys by themselves.
 */
import { parseArgs } from "node:util";
import { slotsModule } from "../support/slots-module.ts";
import { runChaos } from "./support/chaos-run.ts";
import { loadModule } from "./support/durable-redis.ts";
import { longRun, shortRun } from "./support/run-options.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    minutes: { type: "string", default: "10" },
    short: { type: "boolean", default: false },
    "codis-server": { type: "boolean", default: false },
  },
});
if (values["codis-server"]) {
  loadModule(slotsModule());
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 27));
process.stdout.write(`chaos: seed ${seed}\n`);
const options = values.short ? shortRun(seed) : longRun(seed, Number(values.minutes));
const { problems, ...figures } = await runChaos(options);
process.stdout.write(`chaos: ${JSON.stringify(figures)}\n`);
for (const problem of problems) {
  process.stdout.write(`${problem}\n`);
}
process.exit(problems.length === 0 ? 0 : 1);
