/**
 * A leader with a failure detector in a process of its own, that dies (SIGKILL) right before it stores a failover: the
 * new master is made, and nobody knows. `failover-child.ts ROOT DOWN_AFTER_MS`; prints `leads` when it watches.
 */
import type { Leadership } from "../../src/coordinator/coordinator.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { FailoverLeader, PRODUCT } from "./failover-leader.ts";

const [root = "", downAfterMs = ""] = process.argv.slice(2);
const groupPath = coordinatorPath.group(PRODUCT, 1);

function dieAtGroup(leadership: Leadership): Leadership {
  return {
    epoch: leadership.epoch,
    lost: leadership.lost,
    isHeld: () => leadership.isHeld(),
    confirm: () => leadership.confirm(),
    release: () => leadership.release(),
    write: async (writes) => {
      if (writes.some(({ path }) => path === groupPath)) {
        process.kill(process.pid, "SIGKILL");
        await new Promise(() => undefined);
      }
      return leadership.write(writes);
    },
  };
}

await FailoverLeader.open(root, {
  config: { haEnabled: true, haDownAfterMs: Number(downAfterMs) },
  wrap: dieAtGroup,
});
process.stdout.write("leads\n");
