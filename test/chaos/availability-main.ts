/**
 * One run of the chaos of availability by hand: `bun test/chaos/availability-main.ts --seed N [--minutes M]
 * [--planned]`; with `--planned` no master is replaced but by order, and nothing may be lost. The exit code is 0 when
 * nothing was wrong.
 */
import { parseArgs } from "node:util";
import { runAvailabilityChaos } from "./support/availability-chaos.ts";

const MINUTE_MS = 60_000;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    minutes: { type: "string", default: "5" },
    planned: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 27));
process.stdout.write(`availability chaos: seed ${seed}\n`);
const { problems, timeline, ...figures } = await runAvailabilityChaos({
  seed,
  durationMs: Number(values.minutes) * MINUTE_MS,
  replacesMasters: !values.planned,
});
process.stdout.write(`${JSON.stringify(figures)}\n`);
for (const line of problems.length === 0 ? [] : [...problems, ...timeline]) {
  process.stdout.write(`${line}\n`);
}
process.exit(problems.length === 0 ? 0 : 1);
