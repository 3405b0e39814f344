/**
 * A dashboard whose folder refuses: full, read-only from the start, not to be written under way. Changes are
 * refused with a code and a status, nothing is half done, the dashboard stays what it is, and goes on when
 * the folder does. The disks are real `tmpfs` mounts in a name space of the dashboard's own, which needs no
 * rights of root.
 */
import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  openSync,
  readdirSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { isCodisError, systemCodeOf } from "../../src/base/error.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { waitFor } from "../support/deadline.ts";
import { startRedis } from "../support/redis-server.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";

const TEST_MS = 120_000;
const TURN_MS = 40_000;
const PAGE = 4096;
const cleanup = cleanupsAfterEach();

/** A dashboard on a disk of its own; `inside` is that disk as this process can see it. */
interface DashboardOnDisk extends RunningDashboard {
  readonly folder: string;
  readonly inside: string;
}

async function startOnDisk(
  options: string,
  until: "leader" | "started" = "leader",
): Promise<DashboardOnDisk> {
  const folder = memoryFolder();
  const mount = `mount -t tmpfs -o ${options} tmpfs "$0" && exec "$@"`;
  const dashboard = await startDashboard({
    coordinator: { name: "filesystem", addr: folder.path },
    launcher: ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, folder.path],
    until,
  });
  cleanup(async () => {
    await dashboard.kill();
    folder.remove();
  });
  const inside = `/proc/${dashboard.pid}/root${folder.path}`;
  return { ...dashboard, folder: folder.path, inside };
}

/** Fills the disk with a file until so many pages are free. */
function fill(inside: string, freePages: number): void {
  const file = join(inside, "filler");
  const fd = openSync(file, "w");
  let bytes = 0;
  try {
    for (;;) {
      bytes += writeSync(fd, Buffer.alloc(PAGE));
    }
  } catch (thrown) {
    expect(systemCodeOf(thrown)).toBe("ENOSPC");
  } finally {
    closeSync(fd);
  }
  truncateSync(file, bytes - freePages * PAGE);
}

function clear(inside: string): void {
  unlinkSync(join(inside, "filler"));
}

/** Code and HTTP status of a failure. */
async function failureOf(promise: Promise<unknown>): Promise<readonly unknown[]> {
  return promise.then(
    () => ["done"],
    (thrown: unknown) =>
      isCodisError(thrown) ? [thrown.code, thrown.context["status"]] : [String(thrown)],
  );
}

/** Two groups with a server each; the first 100 slots are group 1's. */
async function build({ v1 }: RunningDashboard): Promise<void> {
  for (const id of [1, 2]) {
    const server = await startRedis();
    cleanup(() => server.stop());
    await v1.createGroup(id);
    await v1.addServer(id, { addr: server.addr });
  }
  await v1.assignSlots({ assignments: [{ from: 0, to: 99, group_id: 1 }] });
}

/** Everything that is stored of groups and slots. */
async function stateOf({ v1 }: RunningDashboard): Promise<unknown> {
  const groups = (await v1.groups()).map(({ id, servers }) => [
    id,
    servers.map(({ addr }) => addr),
  ]);
  return { groups, slots: (await v1.slots()).ranges, faults: (await v1.health()).faults };
}

describe("a full disk", () => {
  test(
    "refuses changes with COORDINATOR_FULL: 507 in v1, 800 in the old API; nothing is changed",
    async () => {
      const dashboard = await startOnDisk("size=8m");
      const { v1, topom, inside } = dashboard;
      await build(dashboard);
      const before = await stateOf(dashboard);
      const { epoch } = await v1.product();
      fill(inside, 0);
      expect(await failureOf(v1.createGroup(3))).toEqual(["COORDINATOR_FULL", 507]);
      expect(await failureOf(topom.createGroup(3))).toEqual(["COORDINATOR_FULL", 800]);
      const all = [{ from: 0, to: 1023, group_id: 2 }];
      expect(await failureOf(v1.assignSlots({ assignments: all }))).toEqual([
        "COORDINATOR_FULL",
        507,
      ]);
      expect(await failureOf(topom.assignSlots([{ id: 7, group_id: 2 }]))).toEqual([
        "COORDINATOR_FULL",
        800,
      ]);
      expect(await stateOf(dashboard)).toEqual(before);

      clear(inside);
      await v1.reload();
      expect(await stateOf(dashboard)).toEqual(before);
      await v1.createGroup(3);
      const result = await v1.assignSlots({ assignments: all });
      expect(result.slots_changed).toBe(1024);
      expect((await v1.product()).epoch).toBe(epoch);
      expect(dashboard.program.stdout()).not.toContain('"event":"leader.lost"');
    },
    TEST_MS,
  );

  test(
    "a change of many nodes with room for some of them is taken back",
    async () => {
      const dashboard = await startOnDisk("size=8m");
      const { v1, inside } = dashboard;
      await build(dashboard);
      const before = await stateOf(dashboard);
      const outcomes = new Set<unknown>();
      for (const freePages of [2, 10, 40, 120, 300, 500, 900]) {
        fill(inside, freePages);
        const all = [{ from: 0, to: 1023, group_id: 2 }];
        const [outcome] = await failureOf(v1.assignSlots({ assignments: all }));
        outcomes.add(outcome);
        clear(inside);
        // What the coordinator really holds, read again.
        await v1.reload();
        if (outcome !== "done") {
          expect([freePages, outcome, await stateOf(dashboard)]).toEqual([
            freePages,
            "COORDINATOR_FULL",
            before,
          ]);
        }
      }
      expect(outcomes).toContain("COORDINATOR_FULL");
      await v1.assignSlots({ assignments: [{ from: 0, to: 1023, group_id: 1 }] });
      expect((await v1.group(1)).slots.count).toBe(1024);
      expect((await v1.health()).faults).toEqual([]);
    },
    TEST_MS,
  );
});

describe("a folder that may not be written", () => {
  test(
    "from the start: the dashboard says so and waits, and leads when it may be written",
    async () => {
      const dashboard = await startOnDisk("size=8m,ro", "started");
      await dashboard.program.sees(/"event":"leader.waiting"[^\n]*EROFS/, TURN_MS);
      expect(await failureOf(dashboard.v1.product())).toEqual(["NOT_ONLINE", 503]);
      expect(await failureOf(dashboard.topom.createGroup(1))).toEqual(["NOT_ONLINE", 800]);
      const enter = [
        "--target",
        String(dashboard.pid),
        "--user",
        "--preserve-credentials",
        "--mount",
      ];
      const remount = ["mount", "-o", "remount,rw", dashboard.folder];
      const { status, stderr } = spawnSync("nsenter", [...enter, ...remount]);
      expect([status, stderr.toString()]).toEqual([0, ""]);
      await dashboard.program.sees(/"event":"leader.elected"/, TURN_MS);
      await dashboard.v1.createGroup(1);
    },
    TEST_MS,
  );

  test(
    "under way: changes are refused, everything can be read, and it goes on",
    async () => {
      const folder = memoryFolder();
      // Rights don't bind root unless it gives up those capabilities.
      const isRoot = process.getuid?.() === 0;
      const dashboard = await startDashboard({
        coordinator: { name: "filesystem", addr: folder.path },
        launcher: isRoot ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [],
      });
      cleanup(async () => {
        setRights(folder.path, 0o755);
        await dashboard.kill();
        folder.remove();
      });
      await build(dashboard);
      const before = await stateOf(dashboard);
      setRights(folder.path, 0o555);
      expect(await failureOf(dashboard.v1.createGroup(3))).toEqual(["COORDINATOR_REFUSED", 503]);
      expect(await failureOf(dashboard.topom.createGroup(3))).toEqual(["COORDINATOR_REFUSED", 800]);
      expect(await stateOf(dashboard)).toEqual(before);
      setRights(folder.path, 0o755);
      await waitFor("a change", TURN_MS, async () => {
        await dashboard.v1.createGroup(3);
        return true;
      });
      expect((await dashboard.v1.groups()).map(({ id }) => id)).toEqual([1, 2, 3]);
    },
    TEST_MS,
  );
});

/** Sets the rights of a folder and all folders in it. */
function setRights(folder: string, mode: number): void {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  for (const path of [folder, ...folders.map((entry) => join(entry.parentPath, entry.name))]) {
    chmodSync(path, mode);
  }
}
