/**
 * Runs everything that must hold: types, format and lint, import rules, and all test files, each file in
 * a process of its own, so that a crash or a hang of one is told by its name and touches no other.
 *
 * `npm test -- PART…` runs only the test files whose path contains one of the parts.
 * `CODIS_TEST_LONG=1` (npm run test:long) adds the `*.long.test.ts` files and loosens the bounds.
 *
 * The last line is `N passed, N failed`: every test and every check counts one. A skipped test counts
 * as failed, because set-up installs what tests need.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { endAll, type Finished, runProgram } from "./test-process.ts";
import { readReport } from "./test-report.ts";

/** What one step or file gave. */
interface Outcome {
  readonly passed: number;
  /** One line for each failure. */
  readonly failures: readonly string[];
  /** Shown only when something failed. */
  readonly output: string;
}

const isLong = process.env["CODIS_TEST_LONG"] === "1";
const MINUTE_MS = 60_000;
/** For tests that don't give a bound of their own. */
const TEST_MS = isLong ? 10 * MINUTE_MS : 20_000;
const FILE_MS = isLong ? 60 * MINUTE_MS : 5 * MINUTE_MS;
const TOTAL_MS = isLong ? 240 * MINUTE_MS : 40 * MINUTE_MS;
/** What runs a whole product keeps a processor busy: as many at a time as there are processors, and no more. */
const BUSY_FOLDERS = ["test/system/", "test/chaos/", "test/module/", "test/web/"];
/** All others mostly wait, for leases, deadlines and servers. */
const WAITING_LANES = availableParallelism() + 1;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const reports = mkdtempSync(join(tmpdir(), "codis-report-"));
const startedAt = performance.now();

const CHECKS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ["types (tsc)", [process.execPath, "--bun", "node_modules/typescript/bin/tsc", "--noEmit"]],
  [
    "types of the console (tsc -p web)",
    [process.execPath, "--bun", "node_modules/typescript/bin/tsc", "--noEmit", "-p", "web"],
  ],
  ["format and lint (biome)", ["node_modules/.bin/biome", "check", "--error-on-warnings", "."]],
  ["import rules", [process.execPath, "scripts/check-imports.ts"]],
];

async function runCheck(name: string, command: readonly string[]): Promise<Outcome> {
  const result = await runProgram(command, root, Math.min(FILE_MS, leftMs()));
  return result.code === 0
    ? { passed: 1, failures: [], output: "" }
    : { passed: 0, failures: [`${name}${describeEnd(result)}`], output: result.output };
}

async function runFile(file: string, index: number): Promise<Outcome> {
  const reportPath = join(reports, `${index}.xml`);
  const limits = [`--timeout=${TEST_MS}`];
  const report = ["--reporter=junit", `--reporter-outfile=${reportPath}`];
  const command = [process.execPath, "test", ...limits, ...report, `./${file}`];
  const result = await runProgram(command, root, Math.min(FILE_MS, leftMs()));
  for (const line of result.leftovers) {
    print(`${file} left running, ended now: ${line.slice(0, 200)}`);
  }
  const counted = readReport(reportPath);
  const failures = (counted?.failed ?? []).map((name) => `${file}: ${name}`);
  if (failures.length === 0 && (result.code !== 0 || counted === undefined)) {
    failures.push(`${file}${describeEnd(result)}`);
  }
  return { passed: counted?.passed ?? 0, failures, output: result.output };
}

function describeEnd(result: Finished): string {
  if (result.isTimedOut) {
    return ` hangs: ended after ${Math.round(result.durationMs / 1000)} s`;
  }
  return result.code === null ? `: ended by ${result.signal}` : `: exit code ${result.code}`;
}

function leftMs(): number {
  return Math.max(1, TOTAL_MS - (performance.now() - startedAt));
}

function findTestFiles(parts: readonly string[]): readonly string[] {
  return readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .map((name) => `test/${name}`)
    .filter((file) => file.endsWith(".test.ts"))
    .filter((file) => isLong || !file.endsWith(".long.test.ts"))
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
    .sort();
}

/** Runs the jobs in order, at most `width` at a time. */
async function runJobs(
  jobs: readonly (() => Promise<Outcome>)[],
  width: number,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) {
      outcomes.push(await job());
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return outcomes;
}

async function shown(name: string, running: Promise<Outcome>): Promise<Outcome> {
  const begunAt = performance.now();
  const outcome = await running;
  const seconds = ((performance.now() - begunAt) / 1000).toFixed(1);
  const isGood = outcome.failures.length === 0;
  if (!isGood) {
    print(outcome.output);
  }
  print(`${isGood ? "ok    " : "FAILED"} ${name} (${outcome.passed} passed, ${seconds} s)`);
  return outcome;
}

function print(line: string): void {
  process.stdout.write(line.endsWith("\n") ? line : `${line}\n`);
}

async function main(): Promise<number> {
  const parts = process.argv.slice(2);
  const files = findTestFiles(parts);
  if (files.length === 0) {
    print(`no test file has ${parts.join(" or ")} in its path`);
  }
  const checks = CHECKS.map(
    ([name, command]) =>
      () =>
        shown(name, runCheck(name, command)),
  );
  const jobs = files.map((file, index) => ({ file, run: () => shown(file, runFile(file, index)) }));
  const isBusy = (file: string): boolean => BUSY_FOLDERS.some((f) => file.startsWith(f));
  const waiting = jobs.filter((job) => !isBusy(job.file)).map((job) => job.run);
  const busy = jobs.filter((job) => isBusy(job.file)).map((job) => job.run);
  const outcomes = [
    ...(await runJobs([...checks, ...waiting], WAITING_LANES)),
    ...(await runJobs(busy, isLong ? 1 : availableParallelism())),
  ];

  const failures = outcomes.flatMap((outcome) => outcome.failures);
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  for (const failure of failures) {
    print(`failed: ${failure}`);
  }
  print(`${passed} passed, ${failures.length} failed`);
  return failures.length === 0 && files.length > 0 ? 0 : 1;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    endAll();
    rmSync(reports, { recursive: true, force: true });
    process.exit(1);
  });
}
process.exitCode = await main();
rmSync(reports, { recursive: true, force: true });
