/**
 * A leader in a process of its own, on a filesystem coordinator, that can be killed at any write:
 * `leader-child.ts ROOT PRODUCT`. First it lets everything end that a dead leader left, and prints `rested`. Then it
 * takes lines: `move N GROUP SLOT…` orders these moves and kills itself (SIGKILL) right before its N-th write from
 * then on, or prints `moved` when all is done before; 0 is never. `return N GROUP SLOT…` moves them half, and counts
 * from the order to cancel that with roll-back. Either prints `ordered` first and waits for a line `go`, so that who
 * counts pushes counts all of them.
 */
import { createInterface } from "node:readline";
import { silentLog } from "../../src/base/log.ts";
import type { Leadership } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import { Leader } from "../../src/dashboard/leader.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import type { Operation } from "../../src/model/operation/operation.ts";
import { waitFor } from "./deadline.ts";
import { writeOneByOne } from "./topology-store.ts";

const [root = "", product = ""] = process.argv.slice(2);
const REST_MS = 30_000;
/** Keys a second, so slow that a move doesn't end before it is cancelled. */
const SLOW = 10;
let writesLeft = 0;

function dieAtWrite(leadership: Leadership): Leadership {
  return writeOneByOne(leadership, async () => {
    writesLeft -= 1;
    if (writesLeft === 0) {
      process.kill(process.pid, "SIGKILL");
      await new Promise(() => undefined);
    }
  });
}

const coordinator = await openCoordinator({ kind: "filesystem", addr: root, auth: "" });
const leadership = await coordinator.lead({
  lockPath: coordinatorPath.lock(product),
  epochPath: coordinatorPath.epoch(product),
  data: "{}",
  leaseMs: 20_000,
});
const leader = await Leader.begin({
  coordinator,
  leadership: dieAtWrite(leadership),
  config: { ...defaultDashboardConfig(), productName: product },
  log: silentLog,
});

function rest(): Promise<true> {
  return waitFor("end of all moves", REST_MS, () => {
    const isMoving = leader.topology().slots.some(({ action }) => action.state !== "");
    const open = leader.migration.operations().filter(({ state }) => isOpen(state));
    if (isMoving || open.length > 0) {
      throw new Error(open.map(({ reason }) => reason).join("; "));
    }
    return true;
  });
}

function openOperation(): Operation {
  const open = leader.migration.operations().find(({ state }) => isOpen(state));
  if (open === undefined) {
    throw new Error("no operation is open");
  }
  return open;
}

function isOpen(state: Operation["state"]): boolean {
  return state !== "done" && state !== "cancelled";
}

async function moveHalf(slotIds: readonly number[]): Promise<void> {
  const { id } = openOperation();
  await leader.migration.setSpeed(id, { keysPerSecond: SLOW, bytesPerSecond: 0 });
  await waitFor("half-moved slots", REST_MS, () =>
    slotIds.every((slotId) => leader.topology().slots[slotId]?.action.state === "migrating")
      ? true
      : undefined,
  );
}

await rest();
process.stdout.write("rested\n");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** The next line; undefined at the end. */
async function nextLine(): Promise<string | undefined> {
  const { value, done } = await lines.next();
  return done === true ? undefined : value;
}

async function tellOrdered(): Promise<void> {
  process.stdout.write("ordered\n");
  await nextLine();
}

for (let line = await nextLine(); line !== undefined; line = await nextLine()) {
  const [command, ...numbers] = line.split(" ");
  const [count = 0, groupId = 0, ...slotIds] = numbers.map(Number);
  if (command === "move") {
    await tellOrdered();
    writesLeft = count;
  }
  await leader.migration.createSlotActions(slotIds.map((id) => ({ id, groupId })));
  if (command === "return") {
    await moveHalf(slotIds);
    await tellOrdered();
    writesLeft = count;
    await leader.migration.cancel(openOperation().id, { isRollback: true });
  }
  await rest();
  writesLeft = 0;
  process.stdout.write("moved\n");
}
