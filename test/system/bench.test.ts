/**
 * Every benchmark runs once with tiny counts, so that none can rot: against real redis-servers,
 * nutcracker and our proxy. What they measure isn't looked at, only that it is there; nothing is timed.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Finished, runChild } from "../../bench/macro/child.ts";
import { findDescendants, readStartTicks } from "../../bench/macro/process-usage.ts";
import { WORKLOADS } from "../../bench/macro/workload.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MAIN = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "bench", "main.ts");
const BENCH_MS = 240_000;
const TEST_MS = 300_000;
const folder = temporaryFolder();

afterAll(() => folder.remove());

/** Runs a benchmark to its end; the output goes into the failure when it ends otherwise. */
async function bench(exitCode: number, ...args: readonly string[]): Promise<Finished> {
  const finished = await runChild([process.execPath, "--no-env-file", MAIN, ...args], BENCH_MS);
  if (finished.code !== exitCode) {
    throw new Error(`exit code ${finished.code}:\n${finished.stdout}\n${finished.stderr}`);
  }
  return finished;
}

/** Cells of the rows of all tables in a report. */
function rowsOf(report: string): readonly (readonly string[])[] {
  return report
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

describe("proxy", () => {
  test(
    "measures every workload on nutcracker, codis and redis",
    async () => {
      const jsonFile = folder.join("proxy.json");
      const { stdout } = await bench(0, "proxy", "--quick", "--json", jsonFile);
      const rows = rowsOf(stdout).map(([workload, target]) => `${workload}: ${target}`);
      for (const { name } of WORKLOADS) {
        for (const target of ["nutcracker", "codis", "redis"]) {
          expect(rows).toContain(`${name}: ${target}`);
        }
      }
      const record = JSON.parse(readFileSync(jsonFile, "utf8"));
      expect(record.failures).toEqual([]);
      expect(record.runs).toHaveLength(WORKLOADS.length * 3);
      for (const run of record.runs) {
        const { requestsPerSecond, cpuUsPerRequest, p50Ms, p99Ms, p999Ms, rssBytes } = run;
        const figures = [requestsPerSecond, p50Ms, p99Ms, p999Ms, rssBytes];
        expect(figures.every((figure) => figure > 0)).toBe(true);
        // Where a thread has ended it is counted in ticks of 10 ms: few requests may take none.
        expect(cpuUsPerRequest).toBeGreaterThanOrEqual(0);
      }
      expect(record.bars.codis.every((bar: { isMet: unknown }) => bar.isMet !== undefined)).toBe(
        true,
      );
    },
    TEST_MS,
  );

  test(
    "measures what a given command starts",
    async () => {
      const only = ["--only", "GET, 50 clients, no pipeline, 64"];
      const prototype = `ours=${join(dirname(MAIN), "..", "bin", "codis")} proxy -c {config} --fillslots {slots}`;
      const { stdout } = await bench(0, "proxy", "--quick", ...only, "--proxy-command", prototype);
      expect(rowsOf(stdout).map(([, target]) => target)).toContain("ours");
    },
    TEST_MS,
  );

  test(
    "tells when requests don't come to the servers",
    async () => {
      const only = ["--only", "GET, 50 clients, no pipeline, 64", "--target", "stray"];
      const stray = `stray=redis-server --port {port} --bind 127.0.0.1 --save "" --appendonly no`;
      const { stdout } = await bench(1, "proxy", "--quick", ...only, "--proxy-command", stray);
      expect(stdout).toMatch(/^Failed: GET, .*: stray: the servers got 1 and 1 of 1000 requests$/m);
    },
    TEST_MS,
  );

  test(
    "tells why a target didn't start",
    async () => {
      const args = ["--target", "broken", "--proxy-command", "broken=no-such-program"];
      const { stderr } = await bench(1, "proxy", "--quick", ...args);
      expect(stderr).toContain("broken didn't start");
      expect(stderr).toContain("no-such-program");
    },
    TEST_MS,
  );

  test(
    "ends all that it has started on SIGINT",
    async () => {
      const args = ["proxy", "--only", "1000 clients", "--target", "nutcracker,redis"];
      const child = spawn(process.execPath, ["--no-env-file", MAIN, ...args], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      try {
        const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
        let progress = "";
        child.stderr.on("data", (chunk: Buffer) => {
          progress += chunk.toString();
        });
        await waitFor("first run", 60_000, () => (progress.includes("warming") ? true : undefined));
        const pid = child.pid ?? 0;
        const family = findDescendants(pid).map((each) => ({ each, start: readStartTicks(each) }));
        expect(family.length).toBeGreaterThanOrEqual(3);
        child.kill("SIGINT");
        expect(await withDeadline("end of the benchmark", 30_000, ended)).toBe(130);
        await waitFor("end of what it has started", 30_000, () =>
          family.every(({ each, start }) => readStartTicks(each) !== start) ? true : undefined,
        );
      } finally {
        child.kill("SIGKILL");
      }
    },
    TEST_MS,
  );
});

describe("memory", () => {
  test(
    "holds our proxy against every bar",
    async () => {
      const { stdout } = await bench(0, "memory", "--quick");
      const verdicts = rowsOf(stdout).filter((cells) => cells.length === 4);
      // The head, its rule and four bars.
      expect(verdicts).toHaveLength(6);
      expect(stdout).toContain("all are served");
      expect(stdout).toContain("60 answered");
    },
    TEST_MS,
  );
});

describe("workers", () => {
  test(
    "compares one worker with two",
    async () => {
      const { stdout } = await bench(0, "workers", "--quick");
      const workers = rowsOf(stdout).map((cells) => cells[1]);
      expect(workers.filter((count) => count === "1")).toHaveLength(3);
      expect(workers.filter((count) => count === "2")).toHaveLength(3);
    },
    TEST_MS,
  );
});

describe("dashboard", () => {
  test(
    "measures a dashboard with simulated peers",
    async () => {
      const { stdout } = await bench(0, "dashboard", "--quick");
      const rows = rowsOf(stdout);
      for (const what of ["push of all slots", "overview, median", "CPU at rest", "resident"]) {
        expect(rows.some(([name, figure]) => name?.startsWith(what) && figure !== "")).toBe(true);
      }
    },
    TEST_MS,
  );
});

describe("module", () => {
  test(
    "moves a large key and small keys, and writes beside a stock server",
    async () => {
      const jsonFile = folder.join("module.json");
      const { stdout } = await bench(0, "module", "--quick", "--json", jsonFile);
      const rows = rowsOf(stdout);
      for (const way of ["nothing moves", "module", "MIGRATE"]) {
        expect(rows.filter(([name]) => name === way)).toHaveLength(2);
      }
      const record = JSON.parse(readFileSync(jsonFile, "utf8"));
      expect(record.smallKeys).toHaveLength(4);
      for (const { keys, keysPerSecond } of record.smallKeys) {
        expect(keys).toBeGreaterThan(0);
        expect(keysPerSecond).toBeGreaterThan(0);
      }
      for (const { servers } of record.cost.writes) {
        const figures = Object.values<{ rate: number; cpuUs: number }>(servers);
        expect(figures).toHaveLength(5);
        expect(figures.every(({ rate, cpuUs }) => rate > 0 && cpuUs >= 0)).toBe(true);
      }
      // All bars were measured.
      expect(rows.filter((cells) => /^(ok|MISSED)$/.test(cells[3] ?? ""))).toHaveLength(11);
    },
    TEST_MS,
  );
});

describe("micro", () => {
  test(
    "runs every micro-benchmark",
    async () => {
      const { stdout } = await bench(0, "micro", "--quick");
      const files = rowsOf(stdout).map(([file]) => file);
      expect(files).toContain("command-lookup");
      expect(files).toContain("command-hash");
    },
    TEST_MS,
  );
});

test("a wrong command line is told, with exit code 64 for an unknown benchmark", async () => {
  expect((await bench(64)).stdout).toContain("usage:");
  expect((await bench(64, "nonsense")).stderr).toContain("no benchmark nonsense");
  expect((await bench(1, "proxy", "--rounds", "0")).stderr).toContain("--rounds must be");
  expect((await bench(1, "proxy", "--only", "nothing")).stderr).toContain("no workload has");
  expect((await bench(1, "proxy", "--nonsense")).stderr).toContain("--nonsense");
});
