/** Session counts in shared memory: two mappings of one descriptor stand for two processes. */
import { expect, test } from "bun:test";
import { closeSync, existsSync, openSync, readlinkSync } from "node:fs";
import { dirname } from "node:path";
import { SessionCounts } from "../../../../src/proxy/worker/session-count.ts";

test("each process sees what the others have written, and not its own", () => {
  const { counts, fd } = SessionCounts.create(3);
  const child = SessionCounts.inherit(openSync(`/proc/self/fd/${fd}`, "r+"));
  closeSync(fd);
  expect(child.sumWithout(0)).toBe(0);
  counts.set(0, 5);
  counts.set(1, 70);
  child.set(2, 900);
  expect(counts.sumWithout(0)).toBe(970);
  expect(child.sumWithout(2)).toBe(75);
  counts.set(1, 0);
  expect(child.sumWithout(2)).toBe(5);
});

test("nothing of it is left in the file system", () => {
  const { fd } = SessionCounts.create(256);
  const path = readlinkSync(`/proc/self/fd/${fd}`);
  expect(path).toEndWith("/numbers (deleted)");
  expect(existsSync(dirname(path))).toBe(false);
  closeSync(fd);
});
