/** When a proxy's processes are gone, and all the ways in which that can't be known. */
import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import {
  localSight,
  lookForProcesses,
  type ProcessSight,
} from "../../../src/dashboard/availability/fence/process-look.ts";
import {
  birthOfThisProcess,
  formatProcessBirth,
  type ProcessBirth,
  parseProcessBirth,
  startTicksOf,
} from "../../../src/model/local-process.ts";

const BIRTH: ProcessBirth = { bootId: "0f3c1a2b-11", pidNamespace: "4026531836", startTicks: 500 };
const MODEL = {
  token: "abc",
  pid: 77,
  hostname: "host1",
  processBirth: formatProcessBirth(BIRTH),
};

/** /proc/PID/stat of a process with a name that looks like fields. */
function stat(state: string, startTicks: number): string {
  return `77 (a) b 1 (c) ${state} ${Array.from({ length: 18 }, () => "1").join(" ")} ${startTicks} 9 9`;
}

function sightOf(
  processes: Readonly<Record<number, { stat?: string; cmdline?: string }>>,
  changes: Partial<ProcessSight> = {},
): ProcessSight {
  return {
    birth: () => BIRTH,
    seesAll: () => true,
    processIds: () => Object.keys(processes).map(Number),
    read: (pid, file) => processes[pid]?.[file],
    ...changes,
  };
}

function stateOf(sight: ProcessSight, model = MODEL): string {
  return lookForProcesses(model, sight).state;
}

describe("gone", () => {
  test("there is no such process, and none with the proxy's mark", () => {
    expect(stateOf(sightOf({ 1: { cmdline: "init\0" } }))).toBe("gone");
  });

  test("its process id was used again", () => {
    expect(stateOf(sightOf({ 77: { stat: stat("S", 501), cmdline: "other\0" } }))).toBe("gone");
  });

  test("only its remains are there", () => {
    expect(stateOf(sightOf({ 77: { stat: stat("Z", 500), cmdline: "" } }))).toBe("gone");
  });

  test("a worker of another proxy isn't one of its own", () => {
    expect(stateOf(sightOf({ 80: { cmdline: "bun\0--of-proxy=abcd\0" } }))).toBe("gone");
  });
});

describe("alive", () => {
  test.each(["S", "R", "D", "T", "t"])("its process is in state %s", (state) => {
    const look = lookForProcesses(MODEL, sightOf({ 77: { stat: stat(state, 500) } }));
    expect(look).toEqual({ state: "alive", text: "its process 77 is still there" });
  });

  test("a worker is left", () => {
    const look = lookForProcesses(
      MODEL,
      sightOf({ 80: { cmdline: "bun\x001\0--of-proxy=abc\0" } }),
    );
    expect(look).toEqual({ state: "alive", text: "its worker, process 80, is still there" });
  });
});

describe("unknown", () => {
  const refuse = (): never => {
    throw Object.assign(new Error("no"), { code: "EACCES" });
  };

  test.each<[string, Partial<ProcessSight>, RegExp]>([
    ["another boot", { birth: () => ({ ...BIRTH, bootId: "0f3c1a2b-12" }) }, /another machine/],
    ["another namespace", { birth: () => ({ ...BIRTH, pidNamespace: "4" }) }, /another container/],
    ["no /proc", { birth: () => undefined }, /can't see processes/],
    ["hidden processes", { seesAll: () => false }, /hidden/],
    ["a file that may not be read", { read: refuse }, /EACCES/],
  ])("%s", (_name, changes, text) => {
    const look = lookForProcesses(MODEL, sightOf({}, changes));
    expect(look.state).toBe("unknown");
    expect(look.text).toMatch(text);
  });

  test("a proxy that doesn't say how its processes are known", () => {
    const { processBirth: _, ...model } = MODEL;
    expect(lookForProcesses(model, sightOf({})).state).toBe("unknown");
    expect(stateOf(sightOf({}), { ...MODEL, processBirth: "x" })).toBe("unknown");
  });
});

describe("this machine", () => {
  test("a real process is alive until it has ended", async () => {
    const child = spawn("sleep", ["60"]);
    const birth = birthOfThisProcess();
    const startTicks = startTicksOf(readFileSync(`/proc/${child.pid}/stat`, "utf8"));
    if (birth === undefined || startTicks === undefined) {
      throw new Error("this machine has no /proc");
    }
    const processBirth = formatProcessBirth({ ...birth, startTicks });
    const model = { ...MODEL, pid: child.pid ?? 0, processBirth };
    expect(lookForProcesses(model, localSight).state).toBe("alive");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    expect(lookForProcesses(model, localSight).state).toBe("gone");
  });

  test("a birth is read back as it was written", () => {
    expect(parseProcessBirth(formatProcessBirth(BIRTH))).toEqual(BIRTH);
  });
});
