/**
 * For a move that is turned round: unlinks at the source every key of some slots that the target has as well. Such a
 * key is an interrupted move, and the target's copy is the newer one. One full cycle over the source.
 */

import { CodisError } from "../../../base/error.ts";
import { slotOf } from "../../../command/hash.ts";
import { unexpectedReply } from "../../../redis/server-error.ts";
import type { MoverLimits } from "../contract.ts";
import { readScanPage } from "./frame.ts";
import { pauseUnless } from "./pause.ts";
import type { ScanStride } from "./scan-stride.ts";
import { CALL_TIMEOUT_MS, type Source } from "./source.ts";
import type { Target } from "./target.ts";

/** What the search works with. */
export interface DuplicateSearch {
  readonly source: Source;
  readonly target: Target;
  readonly stride: ScanStride;
  readonly slotCount: number;
  readonly limits: () => MoverLimits;
  readonly stop: AbortSignal;
}

/**
 * The number of keys that were unlinked, and the source's run id, the same from begin to end. Throws when anything
 * fails or the source changed; keys may have been unlinked then, which is no harm.
 */
export async function unlinkDuplicates(
  search: DuplicateSearch,
  slotIds: ReadonlySet<number>,
): Promise<{ readonly keys: number; readonly runId: string }> {
  const { source, target } = search;
  const before = await source.facts();
  let keys = 0;
  for (const { db } of before.keyspace) {
    await source.useDb(db);
    await target.useDb(db);
    keys += await unlinkInDatabase(search, slotIds);
  }
  const after = await source.facts();
  if (after.identity !== before.identity) {
    throw new CodisError(
      "SERVER_UNREACHABLE",
      `server ${source.addr} was restarted or failed over while it was searched`,
    );
  }
  return { keys, runId: after.runId };
}

async function unlinkInDatabase(
  { source, target, stride, slotCount, limits, stop }: DuplicateSearch,
  slotIds: ReadonlySet<number>,
): Promise<number> {
  let unlinked = 0;
  let cursor = "0";
  do {
    const { maxStallMs } = limits();
    const count = stride.countFor({
      maxStallMs,
      isSlow: true,
      isAlone: false,
      keys: Number.POSITIVE_INFINITY,
    });
    const sentAtMs = performance.now();
    const [raw = Buffer.alloc(0)] = await source.control.send(
      "SCAN",
      stride.frame(cursor, count),
      1,
      CALL_TIMEOUT_MS,
    );
    const page = readScanPage(raw);
    if (page === undefined) {
      throw unexpectedReply(source.addr, "SCAN");
    }
    const keys = page.keys.filter((key) => slotIds.has(slotOf(key, 0, key.length, slotCount - 1)));
    const isThere = await target.exist(keys);
    const doubled = keys.filter((_, index) => isThere[index] === true);
    if (doubled.length > 0) {
      await target.prepare(limits().ioTimeoutMs);
      if (target.isReplicated) {
        await target.acknowledge(target.link);
      }
      unlinked += await source.unlink(doubled);
    }
    cursor = page.cursor;
    const restMs = stride.restMs(performance.now() - sentAtMs, false);
    if (restMs > 0) {
      await pauseUnless(stop, restMs);
    }
  } while (cursor !== "0");
  return unlinked;
}
