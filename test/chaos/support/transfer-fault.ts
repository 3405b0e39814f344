/**
 * Faults of the network between servers: what happens to one MIGRATE under way, or to all connections of a
 * server.
 */
import type { Fault, FaultContext } from "./fault.ts";
import { sleep } from "./fault.ts";
import type { TransferFault } from "./migrate-relay.ts";

/** So long a fault waits for a transfer. */
const WAIT_MS = 3_000;
/** How slow transfers get, and for how long. */
const SLOW_MS = 40;
const SLOW_FOR_MS = 3_000;
const CUT_MS = 1_500;
const KEYS_SHOWN = 5;
/** Keys of a transfer under way that clients delete. */
const KEYS_DELETED = 20;
/** Past `migration_io_timeout` and the first retries. */
const LATE_MS = { least: 700, range: 3_000 };

async function faultTransfer(
  context: FaultContext,
  make: (context: FaultContext) => TransferFault,
): Promise<void> {
  const { product, random, timeline, deleteKeys } = context;
  const fault = make(context);
  const times = 1 + random.below(2);
  const shown = `${JSON.stringify(fault)}, ${times} times`;
  // Whichever server gets keys next.
  const server = await Promise.race([
    ...product.servers.map(async (one) => {
      const keys = await one.relay.faultNext(fault, times);
      return { groupId: one.groupId, keys };
    }),
    sleep(WAIT_MS),
  ]);
  for (const one of product.servers) {
    one.relay.forget();
  }
  if (server === undefined) {
    timeline.note(`no transfer came for ${shown}`);
    return;
  }
  const { groupId, keys } = server;
  const names = keys.slice(0, KEYS_SHOWN).join(" ");
  timeline.note(`transfer of ${keys.length} keys (${names} …) to group ${groupId}: ${shown}`);
  if (fault.kind === "delay" || random.chance(0.5)) {
    // What is deleted while it is on its way must not come back.
    await deleteKeys(keys.slice(0, KEYS_DELETED));
  }
  await sleep(fault.kind === "delay" ? fault.ms : random.below(500));
}

async function slowTransfers({ product, random, timeline }: FaultContext): Promise<void> {
  const server = random.pick(product.servers);
  timeline.note(`transfers to group ${server.groupId} take ${SLOW_MS} ms more`);
  server.relay.slow(SLOW_MS);
  await sleep(SLOW_FOR_MS);
  server.relay.slow(0);
  timeline.note(`transfers to group ${server.groupId} are as fast as before`);
}

async function cutServer({ product, random, timeline }: FaultContext): Promise<void> {
  const server = random.pick(product.servers);
  timeline.note(`network of group ${server.groupId} is cut`);
  server.relay.cut();
  await sleep(200 + random.below(CUT_MS));
  server.relay.mend();
  timeline.note(`network of group ${server.groupId} works`);
}

/** Faults of the network. */
export const TRANSFER_FAULTS: readonly Fault[] = [
  { name: "lose a transfer", run: (context) => faultTransfer(context, () => ({ kind: "lose" })) },
  {
    name: "lose the answer of a transfer",
    run: (context) => faultTransfer(context, () => ({ kind: "lose-answer" })),
  },
  { name: "halve a transfer", run: (context) => faultTransfer(context, () => ({ kind: "halve" })) },
  {
    name: "deliver a transfer late",
    run: (context) =>
      faultTransfer(context, ({ random }) => ({
        kind: "delay",
        ms: LATE_MS.least + random.below(LATE_MS.range),
      })),
  },
  { name: "slow transfers", run: slowTransfers },
  { name: "cut the network of a server", run: cutServer },
];
