/**
 * A server that gave all its slots away, lost what its disk got last, and gets the slots back: keys that had
 * left it are there again, and must not win over what was written meanwhile.
 */
import { waitFor } from "../../support/deadline.ts";
import { ask } from "../../support/running-product.ts";
import type { ChaosProduct } from "./chaos-product.ts";
import type { DurableRedis } from "./durable-redis.ts";
import { openOperations, startMoves } from "./orders.ts";
import type { Timeline } from "./timeline.ts";

/** A bound for what is stuck, not for what is slow: hundreds of slots, on a machine that others use as well. */
const MOVE_MS = 180_000;
/** The move away is slow enough to be interrupted in its middle. */
const KEYS_PER_SECOND = 2_000;

/** See the file head. Clients may work meanwhile; nothing else may move slots. */
export async function loseLastSecond(product: ChaosProduct, timeline: Timeline): Promise<void> {
  const { groupIds } = await product.owners();
  const [server, other] = product.servers;
  if (server === undefined || other === undefined) {
    throw new Error("a product of two groups is needed");
  }
  const slotIds = groupIds.flatMap((groupId, id) => (groupId === server.groupId ? [id] : []));
  const keysBefore = await keysAt(server);
  const leader = await product.leader();
  await startMoves(
    leader,
    slotIds.map((slotId) => ({ slotId, groupId: other.groupId })),
    KEYS_PER_SECOND,
  );
  let bytes = server.aofBytes();
  await waitFor("half of the keys to leave", MOVE_MS, async () => {
    bytes = server.aofBytes();
    return (await keysAt(server)) <= keysBefore / 2 ? true : undefined;
  });
  await whenMoved(product);
  if ((await keysAt(server)) !== 0) {
    throw new Error(`group ${server.groupId} has no slots and still keys`);
  }
  await server.kill();
  server.cutAof(bytes);
  await server.restart();
  const stale = await keysAt(server);
  timeline.note(
    `group ${server.groupId} gave ${slotIds.length} slots away, lost its last second ` +
      `and has ${stale} of ${keysBefore} keys again; its slots come back`,
  );
  timeline.count("stale keys made");
  await product.whenWell();
  // What the dashboard knows of the server may be a second old: that it still read its data.
  await waitFor("start of the moves back", MOVE_MS, async () => {
    const leading = await product.leader();
    const open = await openOperations(leading);
    const moves = slotIds.map((slotId) => ({ slotId, groupId: server.groupId }));
    return open.at(0) ?? (await startMoves(leading, moves, 0));
  });
  await whenMoved(product);
}

async function whenMoved(product: ChaosProduct): Promise<void> {
  await waitFor("end of the moves", MOVE_MS, async () => {
    const open = await openOperations(await product.leader());
    return open.length === 0 ? true : undefined;
  });
}

async function keysAt(server: DurableRedis): Promise<number> {
  const info = await ask(server.port, "INFO", "keyspace");
  return [...info.matchAll(/keys=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}
