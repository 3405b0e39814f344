/** Processes are seen, told apart from later ones with the same pid, and ended for sure. */
import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { lockDirectory } from "../../../src/up/directory-lock.ts";
import {
  endProcesses,
  findProcess,
  isAlive,
  listProcesses,
  signalProcess,
} from "../../../src/up/process-table.ts";
import { waitFor } from "../../support/deadline.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function startShell(script: string): number {
  return spawn("sh", ["-c", script], { stdio: "ignore" }).pid ?? 0;
}

test("a process is listed with its command line, and this one is not", async () => {
  const pid = startShell("sleep 30; true");
  // Between fork and exec a process has no command line yet.
  const found = await waitFor("the command line of the shell", 10_000, () =>
    listProcesses().find((one) => one.pid === pid && one.args[0] !== ""),
  );
  expect(found.args).toEqual(["sh", "-c", "sleep 30; true"]);
  expect(listProcesses().some((one) => one.pid === process.pid)).toBe(false);
  process.kill(pid, "SIGKILL");
});

test("a pid with another start time is another process, and gets no signal", async () => {
  const pid = startShell("exec sleep 30");
  const id = findProcess(pid);
  expect(id).toBeDefined();
  const other = { pid, startTicks: (id?.startTicks ?? 0) - 1 };
  expect(isAlive(other)).toBe(false);
  expect(signalProcess(other, "SIGKILL")).toBe(false);
  expect(id !== undefined && isAlive(id)).toBe(true);
  if (id !== undefined) {
    expect(await endProcesses([id], 5_000)).toEqual([]);
    expect(isAlive(id)).toBe(false);
  }
});

test("a process that ignores SIGTERM is killed after the grace, and named", async () => {
  const folder = temporaryFolder();
  const pid = startShell(`trap '' TERM; touch ${folder.path}/ready; while :; do sleep 1; done`);
  await waitFor("trap", 10_000, () => existsSync(folder.join("ready")) || undefined);
  const id = findProcess(pid);
  expect(await endProcesses(id === undefined ? [] : [id], 100)).toEqual([pid]);
  expect(findProcess(pid)).toBeUndefined();
  folder.remove();
});

test("a process that refuses the first SIGTERM and forgets it is asked again", async () => {
  const folder = temporaryFolder();
  const refuseOnce = `trap 'trap - TERM' TERM; touch ${folder.path}/ready; while :; do sleep 0.05; done`;
  const pid = startShell(refuseOnce);
  await waitFor("trap", 10_000, () => existsSync(folder.join("ready")) || undefined);
  const id = findProcess(pid);
  expect(await endProcesses(id === undefined ? [] : [id], 5_000, 200)).toEqual([]);
  expect(findProcess(pid)).toBeUndefined();
  folder.remove();
});

test("a stopped process can be ended", async () => {
  const pid = startShell("exec sleep 30");
  process.kill(pid, "SIGSTOP");
  const id = findProcess(pid);
  expect(await endProcesses(id === undefined ? [] : [id], 5_000)).toEqual([]);
});

test("a folder is locked once, and can be locked again after its release", async () => {
  const folder = temporaryFolder();
  const lock = await lockDirectory(folder.path);
  expect(lock).toBeDefined();
  expect(await lockDirectory(folder.path)).toBeUndefined();
  await lock?.release();
  const again = await lockDirectory(folder.path);
  expect(again).toBeDefined();
  await again?.release();
  folder.remove();
});
