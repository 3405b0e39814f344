/**
 * Stops a process so that it really stands still. SIGSTOP is sent at once, but on a busy machine the threads of a
 * server run on for a while, and answer one more request; a test that counts on no answer would fail then.
 */
import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const STOP_MS = 10_000;
const LOOK_MS = 1;
/** Of a thread that runs no more: stopped, held by a debugger, ended. */
const STILL = new Set(["T", "t", "Z", "X"]);

/** Sends SIGSTOP and waits, at most 5 seconds, until all threads stand still; fine when the process is gone. */
export function stopChild(child: ChildProcess | undefined): void {
  if (child?.pid !== undefined && child.kill("SIGSTOP")) {
    waitUntilStill(child.pid);
  }
}

/** The same for any process. */
export function stopProcess(pid: number): void {
  try {
    process.kill(pid, "SIGSTOP");
  } catch {
    return; // It has ended, and so answers nothing either.
  }
  waitUntilStill(pid);
}

function waitUntilStill(pid: number): void {
  const endsAtMs = performance.now() + STOP_MS;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  while (!statesOf(pid).every((state) => STILL.has(state))) {
    if (performance.now() > endsAtMs) {
      throw new Error(`process ${pid} doesn't stand still ${STOP_MS} ms after SIGSTOP`);
    }
    Atomics.wait(sleeper, 0, 0, LOOK_MS);
  }
}

/** State of each thread, as in proc(5); none of a process that is gone. */
export function statesOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
      // Behind the name in brackets, which may contain anything.
      return stat.charAt(stat.lastIndexOf(")") + 2);
    });
  } catch {
    return isGone(pid) ? [] : ["?"]; // Or just a thread has ended meanwhile: look again.
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
