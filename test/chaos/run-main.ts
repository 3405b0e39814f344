/**
 * One chaos run by hand: `bun test/chaos/run-main.ts --seed N [--minutes M] [--short]`. Prints how it ended; the
 * exit code is 0 when nothing was wrong.
 */
import { parseArgs } from "node:util";
import { runChaos } from "./support/chaos-run.ts";
import { longRun, shortRun } from "./support/run-options.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    minutes: { type: "string", default: "10" },
    short: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 27));
process.stdout.write(`chaos: seed ${seed}\n`);
const options = values.short ? shortRun(seed) : longRun(seed, Number(values.minutes));
const { problems, ...figures } = await runChaos(options);
process.stdout.write(`chaos: ${JSON.stringify(figures)}\n`);
for (const problem of problems) {
  process.stdout.write(`${problem}\n`);
}
process.exit(problems.length === 0 ? 0 : 1);
