/**
 * Processes of the benchmark: what they use is read from /proc for the whole family, and they end with
 * their descendants.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { type Child, findProgram, runChild, startChild } from "../../../bench/macro/child.ts";
import {
  cpuBetween,
  findDescendants,
  type ProcessUsage,
  readRssBytes,
  readStartTicks,
  readUsage,
} from "../../../bench/macro/process-usage.ts";
import { waitFor } from "../../support/deadline.ts";

const started: Child[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((child) => child.stop()));
});

function start(...command: readonly string[]): Child {
  const child = startChild(command);
  started.push(child);
  return child;
}

/** A shell that waits for a sleep of its own; resolves when both are there. */
async function startFamily(script: string): Promise<{ child: Child; descendant: number }> {
  const child = start("sh", "-c", script);
  const descendant = await waitFor(
    "child of the shell",
    10_000,
    () => findDescendants(child.pid)[0],
  );
  return { child, descendant };
}

describe("usage", () => {
  const usage = (parts: Partial<ProcessUsage>): ProcessUsage => ({
    schedNs: 0n,
    ticks: 0,
    threads: new Set(["1/1"]),
    pids: [1],
    ...parts,
  });

  test("counts descendants", async () => {
    const { child, descendant } = await startFamily("sleep 60 & wait");
    expect(readUsage(child.pid).pids).toEqual([child.pid, descendant]);
    expect(readRssBytes(child.pid)).toBeGreaterThan(readRssBytes(descendant));
  });

  test("grows with work, and both sources agree on this machine", () => {
    const before = readUsage(process.pid);
    const endsAt = performance.now() + 100;
    let sum = 0;
    while (performance.now() < endsAt) {
      sum += Math.sqrt(sum + 1);
    }
    expect(sum).toBeGreaterThan(0);
    expect(cpuBetween(before, readUsage(process.pid)).us).toBeGreaterThan(10_000);
  });

  test("takes nanoseconds when they agree with the ticks", () => {
    const after = usage({ schedNs: 1_234_567_000n, ticks: 122 });
    expect(cpuBetween(usage({}), after)).toEqual({ us: 1_234_567, source: "schedstat" });
  });

  test("takes ticks when a thread has gone, when the two disagree, and without schedstat", () => {
    const ticks = { us: 1_220_000, source: "stat" } as const;
    const gone = usage({ schedNs: 1_234_567_000n, ticks: 122 });
    expect(cpuBetween(usage({ threads: new Set(["1/1", "1/2"]) }), gone)).toEqual(ticks);
    const less = usage({ schedNs: 1_100_000_000n, ticks: 122 });
    expect(cpuBetween(usage({}), less)).toEqual(ticks);
    expect(cpuBetween(usage({}), usage({ schedNs: undefined, ticks: 122 }))).toEqual(ticks);
  });

  test("throws for a process that is gone", async () => {
    const child = start("sleep", "60");
    await child.stop();
    expect(() => readUsage(child.pid)).toThrow("is gone");
    expect(() => readRssBytes(child.pid)).toThrow("is gone");
  });
});

describe("a child", () => {
  test("ends with its descendants", async () => {
    const { child, descendant } = await startFamily("sleep 60 & wait");
    await child.stop();
    expect(child.isAlive).toBe(false);
    expect(readStartTicks(child.pid)).toBeUndefined();
    // It was killed; whoever takes in processes without a parent may be slow.
    await waitFor("the end of the descendant", 30_000, async () =>
      readStartTicks(descendant) === undefined ? true : undefined,
    );
  }, 60_000);

  test("tells its output and its end", async () => {
    const child = start("sh", "-c", "echo out; echo err >&2; exit 3");
    await child.ended;
    expect(child.isAlive).toBe(false);
    expect(child.output().trim().split("\n").sort()).toEqual(["err", "out"]);
  });

  test("that doesn't exist has ended with the reason", async () => {
    const child = start("/no/such/program");
    await child.ended;
    expect(child.isAlive).toBe(false);
    expect(child.output()).toContain("ENOENT");
  });

  test("gets lines", async () => {
    const lines: string[] = [];
    const child = startChild(["sed", "-u", "s/^/got /"], (line) => lines.push(line));
    started.push(child);
    child.send("one");
    await waitFor("line of the child", 10_000, () => (lines.length > 0 ? true : undefined));
    expect(lines).toEqual(["got one"]);
  });

  test("that runs to its end gives code and output", async () => {
    const finished = await runChild(["sh", "-c", "echo out; echo err >&2; exit 3"], 10_000);
    expect(finished).toEqual({ code: 3, stdout: "out\n", stderr: "err\n" });
  });

  test("that takes too long is ended", async () => {
    await expect(runChild(["sleep", "60"], 50)).rejects.toThrow("no end of sleep within 50 ms");
    await waitFor("end of sleep", 10_000, () =>
      findDescendants(process.pid).length === 0 ? true : undefined,
    );
  });
});

test("programs are found in PATH and in the folders for servers", () => {
  expect(findProgram("sh")).toEndWith("/sh");
  expect(findProgram("nutcracker")).toEndWith("/nutcracker");
  expect(() => findProgram("no-such-program")).toThrow("no-such-program isn't installed");
});
