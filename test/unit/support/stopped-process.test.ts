/** A process that was stopped stands still when the call is over, and one that is gone is no trouble. */
import { expect, test } from "bun:test";
import { cleanupsAfterEach } from "../../support/cleanup.ts";
import { statesOf, stopProcess } from "../../support/stopped-process.ts";

const after = cleanupsAfterEach();
const BUSY = "console.log('begun'); for (;;) {}";

test("all threads of a process that is busy stand still, every time", async () => {
  const child = Bun.spawn([process.execPath, "-e", BUSY], { stdout: "pipe" });
  after(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  await child.stdout.getReader().read();
  for (let round = 0; round < 20; round += 1) {
    stopProcess(child.pid);
    expect(new Set(statesOf(child.pid))).toEqual(new Set(["T"]));
    child.kill("SIGCONT");
  }
}, 20_000);

test("a process that is gone is as good as one that stands still", async () => {
  const child = Bun.spawn([process.execPath, "-e", ""]);
  await child.exited;
  stopProcess(child.pid);
  expect(statesOf(child.pid)).toEqual([]);
});
