/**
 * A dashboard's store in a process of its own, on a filesystem coordinator, that kills itself (SIGKILL)
 * right before its n-th write: `topology-child.ts ROOT OPERATION N`. Without a death it prints `done`.
 *
 * `open` opens the store only. `flip` changes all slots back and forth until somebody kills the process.
 */
import type { Leadership } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { assignSlots, slotRange } from "../../src/model/change/slot.ts";
import { ASSIGN_ALL, OPERATIONS } from "./topology-operation.ts";
import { openStore, writeOneByOne } from "./topology-store.ts";

const [root = "", name = "", count = ""] = process.argv.slice(2);
let writesLeft = Number(count);

function dieAtWrite(leadership: Leadership): Leadership {
  return writeOneByOne(leadership, async () => {
    writesLeft -= 1;
    if (writesLeft < 0) {
      process.kill(process.pid, "SIGKILL");
      await new Promise(() => undefined);
    }
  });
}

const coordinator = await openCoordinator({ kind: "filesystem", addr: root, auth: "" });
const store = await openStore(coordinator, name === "flip" ? {} : { wrap: dieAtWrite });
if (name === "flip") {
  for (let groupId = 1; ; groupId = 3 - groupId) {
    await store.commit("flip", (topology) =>
      assignSlots(
        topology,
        slotRange(topology, 0, 63).map((id) => ({ id, groupId })),
      ),
    );
    process.stdout.write("flipped\n");
  }
}
const operation = [...OPERATIONS, ASSIGN_ALL].find((one) => one.name === name);
if (operation !== undefined) {
  await store.commit(operation.name, operation.change);
}
await coordinator.close();
process.stdout.write("done\n");
