/**
 * Which slots would move where so that groups have slots in proportion to their weights. Each group's share is
 * rounded down, and what is left over goes first to groups that have more already, so that no slot moves for
 * the sake of rounding; then to the largest fractions. Groups above their share give their highest slots.
 */
import { CodisError } from "../../base/error.ts";
import { countOf, type Holdings } from "./holdings.ts";

/**
 * Target group by slot, in order of usefulness: slots that nobody serves first. `weightOf` gives a whole
 * number from 1 to a million. Throws NOT_FOUND when there is no group.
 */
export function levelWeights(
  holdings: Holdings,
  weightOf: (groupId: number) => number,
  movesMax = Number.POSITIVE_INFINITY,
): ReadonlyMap<number, number> {
  const { groupIds, arriving, own, loose } = holdings;
  if (groupIds.length === 0) {
    throw new CodisError("NOT_FOUND", "no valid group could be found");
  }
  const shares = sharesOf(holdings, weightOf);
  const missing = new Map<number, number>();
  const given: number[][] = [];
  for (const id of groupIds) {
    const share = shares.get(id) ?? 0;
    missing.set(id, share - countOf(holdings, id));
    const kept = Math.max(0, share - (arriving.get(id)?.length ?? 0));
    given.push((own.get(id) ?? []).slice(kept).reverse());
  }
  const targets = new Map<number, number>();
  for (const slotId of [...loose, ...inTurn(given)]) {
    const taker = groupIds.reduce((best, id) =>
      (missing.get(id) ?? 0) > (missing.get(best) ?? 0) ? id : best,
    );
    if (targets.size >= movesMax || (missing.get(taker) ?? 0) <= 0) {
      break;
    }
    targets.set(slotId, taker);
    missing.set(taker, (missing.get(taker) ?? 0) - 1);
  }
  return targets;
}

/** Slots that each group is to have; their sum is the number of all slots that are shared. */
export function sharesOf(
  holdings: Holdings,
  weightOf: (groupId: number) => number,
): ReadonlyMap<number, number> {
  const { groupIds, total } = holdings;
  const sum = groupIds.reduce((all, id) => all + weightOf(id), 0);
  const parts = groupIds.map((id) => {
    // In whole numbers: sums of fractions wouldn't be exact.
    const part = total * weightOf(id);
    const whole = Math.floor(part / sum);
    return { id, whole, rest: part - whole * sum, hasMore: countOf(holdings, id) > whole };
  });
  const shares = new Map(parts.map(({ id, whole }) => [id, whole]));
  const left = total - parts.reduce((all, { whole }) => all + whole, 0);
  // A share that came out whole gets nothing more: rounding up would take it out of proportion.
  const byClaim = parts
    .filter(({ rest }) => rest > 0)
    .sort(
      (one, other) =>
        Number(other.hasMore) - Number(one.hasMore) || other.rest - one.rest || one.id - other.id,
    );
  for (const { id, whole } of byClaim.slice(0, left)) {
    shares.set(id, whole + 1);
  }
  return shares;
}

/** The lists' entries, one of each in turn. */
function inTurn(lists: readonly (readonly number[])[]): readonly number[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, at) => at).flatMap((at) =>
    lists.flatMap((list) => list[at] ?? []),
  );
}
