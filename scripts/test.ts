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
import { runInRoom } from "./job-room.ts";
import { isFarOff, testLoadOf } from "./test-load.ts";
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
const TEST_MS = isLong ? 10 * MINUTE_MS : MINUTE_MS;
const FILE_MS = isLong ? 180 * MINUTE_MS : 10 * MINUTE_MS;
const TOTAL_MS = isLong ? 240 * MINUTE_MS : 40 * MINUTE_MS;
/** In long form, what runs a whole product runs alone: it has bounds of its own on how fast it must be. */
const ALONE_FOLDERS = ["test/system/", "test/chaos/", "test/module/", "test/web/"];
/** The processors are to be busy, but a test that waits must find one soon when it goes on. */
const ROOM = { load: 0.85 * availableParallelism(), jobs: 3 * availableParallelism() };
/** A check keeps about one processor busy. */
const CHECK_LOAD = 1;

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

async function shown(name: string, running: Promise<Outcome>): Promise<Outcome> {
  const begunAt = performance.now();
  const outcome = await running;
  const seconds = (performance.now() - begunAt) / 1000;
  const isGood = outcome.failures.length === 0;
  if (!isGood) {
    print(outcome.output);
  }
  print(
    `${isGood ? "ok    " : "FAILED"} ${name} (${outcome.passed} passed, ${seconds.toFixed(1)} s)`,
  );
  if (!isLong && name.startsWith("test/") && isFarOff(name, seconds)) {
    print(`note: scripts/test-load.ts says ${testLoadOf(name).seconds} s of ${name}`);
  }
  return outcome;
}

function print(line: string): void {
  process.stdout.write(line.endsWith("\n") ? line : `${line}\n`);
}

/** Whether a file runs beside others. */
function isBeside({ file }: { readonly file: string }): boolean {
  return !isLong || !ALONE_FOLDERS.some((folder) => file.startsWith(folder));
}

async function main(): Promise<number> {
  const parts = process.argv.slice(2);
  const files = findTestFiles(parts);
  if (files.length === 0) {
    print(`no test file has ${parts.join(" or ")} in its path`);
  }
  const checks = CHECKS.map(([name, command]) => ({
    load: CHECK_LOAD,
    run: () => shown(name, runCheck(name, command)),
  }));
  const jobs = files
    .map((file, index) => ({ file, index, ...testLoadOf(file) }))
    .sort((one, other) => other.seconds * other.load - one.seconds * one.load)
    .map(({ file, index, load }) => ({ file, load, run: () => shown(file, runFile(file, index)) }));
  const alone = jobs.filter((job) => !isBeside(job));
  const outcomes = [
    ...(await runInRoom([...checks, ...jobs.filter(isBeside)], ROOM)),
    ...(await runInRoom(alone, { ...ROOM, jobs: 1 })),
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
