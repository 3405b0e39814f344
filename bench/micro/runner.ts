/**
 * `bun bench/main.ts micro [FILTER]`: imports every `*.bench.ts` of this folder, times what they export,
 * and prints one table. Files run one after the other in one process, in the order of their names.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeMachine, machineLine } from "../macro/machine.ts";
import { markdownTable, spreadText, wholeNumber } from "../macro/markdown.ts";
import { type Bench, type BenchResult, type TimingOptions, timeBench } from "./bench.ts";

/** What the command line says. */
export interface MicroBenchOptions {
  /** Parts of `FILE: NAME`; empty for all. */
  readonly filters: readonly string[];
  readonly rounds: number | undefined;
  readonly jsonFile: string | undefined;
  readonly isQuick: boolean;
  readonly print: (text: string) => void;
  readonly progress: (line: string) => void;
}

const FULL: TimingOptions = { rounds: 11, roundMs: 15 };
const QUICK: TimingOptions = { rounds: 1, roundMs: 0.01 };
const SUFFIX = ".bench.ts";

/** Times the benches; the exit code is 0 when none threw and there was at least one. */
export async function benchMicro(options: MicroBenchOptions): Promise<number> {
  const timing = options.isQuick ? QUICK : FULL;
  const rounds = options.rounds ?? timing.rounds;
  const results: (BenchResult & { readonly file: string })[] = [];
  for (const { file, bench } of await loadBenches(dirname(fileURLToPath(import.meta.url)))) {
    const label = `${file}: ${bench.name}`;
    if (options.filters.length === 0 || options.filters.some((part) => label.includes(part))) {
      options.progress(label);
      results.push({ file, ...timeBench(bench, { ...timing, rounds }) });
    }
  }
  if (results.length === 0) {
    throw new Error(`no micro-benchmark has ${options.filters.join(" or ")} in its name`);
  }
  const machine = await describeMachine();
  options.print(`${machineLine(machine)}\n\n${resultTable(results)}\n`);
  if (options.jsonFile !== undefined) {
    writeFileSync(options.jsonFile, `${JSON.stringify({ machine, results }, null, 1)}\n`);
  }
  return 0;
}

/** Imports the benches of a folder. Throws with the file's name when one has not the right form. */
export async function loadBenches(
  folder: string,
): Promise<readonly { readonly file: string; readonly bench: Bench }[]> {
  const files = readdirSync(folder).filter((name) => name.endsWith(SUFFIX));
  const loaded: { file: string; bench: Bench }[] = [];
  for (const file of files.sort()) {
    const module: unknown = await import(join(folder, file));
    for (const bench of readBenches(file, module)) {
      loaded.push({ file: file.slice(0, -SUFFIX.length), bench });
    }
  }
  return loaded;
}

function readBenches(file: string, module: unknown): readonly Bench[] {
  const isModule = typeof module === "object" && module !== null && "benches" in module;
  const benches: unknown = isModule ? module.benches : undefined;
  if (!Array.isArray(benches) || benches.length === 0 || !benches.every(isBench)) {
    throw new Error(`${file} must export benches: readonly Bench[] (bench/micro/bench.ts)`);
  }
  return benches;
}

function isBench(value: unknown): value is Bench {
  return (
    typeof value === "object" &&
    value !== null &&
    "name" in value &&
    typeof value.name === "string" &&
    "run" in value &&
    typeof value.run === "function"
  );
}

function resultTable(results: readonly (BenchResult & { readonly file: string })[]): string {
  return markdownTable(
    ["file", "operation", "ns/op:", "MB/s:"],
    results.map((result) => [
      result.file,
      result.name,
      spreadText(result.nsPerOp, (ns) => ns.toFixed(ns < 100 ? 2 : 0)),
      result.megabytesPerSecond === undefined ? "–" : wholeNumber(result.megabytesPerSecond),
    ]),
  );
}
