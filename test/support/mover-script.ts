/**
 * A mover in a process of its own, for tests that kill it: `bun mover-script.ts SOURCE TARGET EPOCH KEYS_PER_SECOND`.
 * Moves all slots; writes `moved N` to stdout now and then and `emptied` at its end, and then waits to be killed.
 */
import { ALL_SLOTS, paceOf, recordMover, serverAt } from "./mover-pair.ts";

const [source = "", target = "", epoch = "1", speed = "1000"] = process.argv.slice(2);
const { mover, log, emptied } = recordMover({
  source: serverAt(source, 1),
  target: serverAt(target, 2),
  epoch: Number(epoch),
  pace: paceOf(Number(speed)),
});
setInterval(() => process.stdout.write(`moved ${log.movedKeys}\n`), 20);
mover.add(ALL_SLOTS);
await emptied(ALL_SLOTS, 60_000);
process.stdout.write("emptied\n");
