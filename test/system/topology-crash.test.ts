/**
 * Dashboards' stores as real processes on a real folder, killed (SIGKILL) at their n-th write and at random
 * moments: the next one finds the product as before the change or as after it, and no journal. All writes
 * of all operations, on the memory coordinator: `test/unit/dashboard/topology/store-crash.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { diffTopology } from "../../src/model/topology/diff.ts";
import { emptyTopology, type Topology } from "../../src/model/topology/topology.ts";
import { withDeadline } from "../support/deadline.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";
import { ROOT } from "../support/source-tree.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import {
  ASSIGN_ALL,
  OPERATIONS,
  operationBase,
  type TopologyOperation,
} from "../support/topology-operation.ts";
import { openStore } from "../support/topology-store.ts";

printSeed("topology-crash");

const CHILD = join(ROOT, "test/support/topology-child.ts");
const CHILD_MS = 30_000;

const folder = memoryFolder();
const base = operationBase();
let copies = 0;

function openFolder(root: string): Promise<Coordinator> {
  return openCoordinator({ kind: "filesystem", addr: root, auth: "" });
}

beforeAll(async () => {
  const coordinator = await openFolder(folder.join("base"));
  const store = await openStore(coordinator);
  await store.commit("build", () => base);
  await coordinator.close();
});

afterAll(() => folder.remove(), 30_000);

/** A folder with the product on which operations are made. */
function copyOfBase(): string {
  const root = folder.join(`copy-${copies++}`);
  cpSync(folder.join("base"), root, { recursive: true });
  return root;
}

function startChild(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [CHILD, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs the child until it ends; gives what it printed, and the signal if it was one. */
async function runChild(
  ...args: readonly string[]
): Promise<{ readonly text: string; readonly signal: unknown }> {
  const child = startChild(...args);
  let text = "";
  child.stdout?.on("data", (part) => {
    text += String(part);
  });
  child.stderr?.on("data", (part) => {
    text += String(part);
  });
  try {
    const [, signal] = await withDeadline(
      `end of ${args.join(" ")}`,
      CHILD_MS,
      once(child, "close"),
    );
    return { text, signal };
  } finally {
    child.kill("SIGKILL");
  }
}

/** The topology that the next leader finds; there is no journal afterwards. */
async function takeOver(root: string): Promise<Topology> {
  const coordinator = await openFolder(root);
  try {
    const store = await openStore(coordinator);
    expect(await coordinator.get(coordinatorPath.journal("demo"))).toBeUndefined();
    return { ...store.snapshot(), revision: 0 };
  } finally {
    await coordinator.close();
  }
}

async function crashAt(operation: TopologyOperation, writes: number): Promise<void> {
  const root = copyOfBase();
  const { text, signal } = await runChild(root, operation.name, String(writes));
  const all = operation.nodes === 1 ? 1 : operation.nodes + 2;
  expect({ writes, signal, text }).toEqual({
    writes,
    signal: writes < all ? "SIGKILL" : null,
    text: writes < all ? "" : "done\n",
  });
  const found = await takeOver(root);
  expect({ writes, found }).toEqual({
    writes,
    found: writes === 0 ? base : operation.change(base),
  });
  rmSync(root, { recursive: true });
}

test.each(OPERATIONS.map((operation) => [operation.name, operation] as const))(
  "killed at each write of: %s",
  async (_name, operation) => {
    const all = operation.nodes === 1 ? 1 : operation.nodes + 2;
    for (let writes = 0; writes <= all; writes++) {
      await crashAt(operation, writes);
    }
  },
  120_000,
);

test("killed while all slots of a product are assigned", async () => {
  const { nodes } = ASSIGN_ALL;
  const points = [0, 1, 2, 513, nodes + 1, nodes + 2];
  for (const writes of points) {
    await crashAt(ASSIGN_ALL, writes);
  }
}, 120_000);

test("killed at each write of the first opening of a product", async () => {
  for (const writes of [0, 1]) {
    const root = folder.join(`new-${writes}`);
    const { signal } = await runChild(root, "open", String(writes));
    expect(signal).toBe(writes === 0 ? "SIGKILL" : null);
    expect(await takeOver(root)).toEqual(emptyTopology("demo", 1024));
  }
}, 60_000);

test("killed at any moment, again and again, in the same folder", async () => {
  const random = new Random(SEED);
  const root = copyOfBase();
  for (let round = 0; round < 12; round++) {
    const child = startChild(root, "flip", "0");
    const end = once(child, "close");
    try {
      if (child.stdout !== null) {
        await withDeadline("ready", CHILD_MS, once(child.stdout, "data"));
      }
      await new Promise((resolve) => setTimeout(resolve, random.below(80)));
    } finally {
      child.kill("SIGKILL");
    }
    await withDeadline("end of the child", CHILD_MS, end);
    const found = await takeOver(root);
    const owners = new Set(found.slots.slice(0, 64).map((slot) => slot.groupId));
    expect(owners.size).toBe(1);
    const changed = diffTopology(base, found).map(({ path }) => path);
    const allowed = [1, 2].map((id) => coordinatorPath.group("demo", id));
    expect(changed.filter((path) => !path.includes("/slots/") && !allowed.includes(path))).toEqual(
      [],
    );
  }
}, 120_000);
