/**
 * Which slots each group of a local cluster owns now, as its dashboard says: the operator may have changed
 * what `codis up` has assigned at first.
 */
import { callHttp } from "../api/http-call.ts";
import type { SlotMappingJson } from "../model/slot-mapping.ts";
import { spansOf } from "../model/slot-range.ts";
import type { ClusterLayout, SlotRange } from "./layout.ts";

const CALL_MS = 5_000;

/** Ranges by group id, in order; undefined when the dashboard doesn't answer. */
export async function findSlotOwners(
  layout: ClusterLayout,
): Promise<ReadonlyMap<number, readonly SlotRange[]> | undefined> {
  const path = "/topom/stats";
  const addr = `127.0.0.1:${layout.dashboard.port}`;
  try {
    const text = await callHttp({ addr, method: "GET", path, shownPath: path, timeoutMs: CALL_MS });
    const stats: { readonly slots?: readonly SlotMappingJson[] } = JSON.parse(text);
    return toRanges(stats.slots ?? []);
  } catch {
    // It isn't there, or has no leader now: shown as unknown.
    return undefined;
  }
}

/** Slots in a row, by owner; offline ones are left out. */
function toRanges(
  slots: readonly Pick<SlotMappingJson, "id" | "group_id">[],
): ReadonlyMap<number, readonly SlotRange[]> {
  const idsByOwner = new Map<number, number[]>();
  for (const slot of slots) {
    if (slot.group_id !== 0) {
      const ids = idsByOwner.get(slot.group_id) ?? [];
      ids.push(slot.id);
      idsByOwner.set(slot.group_id, ids);
    }
  }
  return new Map(
    [...idsByOwner].map(([groupId, ids]) => [
      groupId,
      spansOf(ids).map(({ from, to }) => ({ first: from, last: to })),
    ]),
  );
}

/** Like `0-511,600`; `none` when there are none, `unknown` when nobody can say. */
export function formatRanges(ranges: readonly SlotRange[] | undefined): string {
  if (ranges === undefined) {
    return "unknown";
  }
  const texts = ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  return texts.length === 0 ? "none" : texts.join(",");
}
