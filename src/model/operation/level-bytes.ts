/**
 * Which slots would move where so that groups hold about the same number of bytes, moving as few bytes as that
 * takes: again and again one slot goes from a group above the mean to one below it, the heaviest that takes
 * neither across the mean. What no slot is light enough for is then evened out by moves that leave the two groups
 * nearer to one another than they were. No slot moves twice, so a heavy one isn't sent back and forth.
 *
 * Slots that nobody serves hold nothing that anybody could measure and stay as they are (`fill` is for them).
 */
import type { Holdings } from "./holdings.ts";

/** A move across the mean must make the gap between its groups smaller by this share of the mean ... */
const GAIN_SHARE_MIN = 0.01;
/** ... and leave at most this share of the gap: else it moves many bytes for little. */
const LEFT_SHARE_MAX = 0.75;

/** What is moved, and what isn't. */
export interface BytesToLevel {
  readonly holdings: Holdings;
  readonly bytesOf: (slotId: number) => number;
  /** Slots that stay where they are. */
  readonly pinned?: ReadonlySet<number> | undefined;
  readonly movesMax?: number | undefined;
}

/** Target group by slot, in order of usefulness. */
export function levelBytes(options: BytesToLevel): ReadonlyMap<number, number> {
  const { movesMax = Number.POSITIVE_INFINITY } = options;
  const scales = new Scales(options);
  const targets = new Map<number, number>();
  while (targets.size < movesMax) {
    const move = scales.nextMove();
    if (move === undefined) {
      break;
    }
    targets.set(move.slotId, move.toGroupId);
  }
  return targets;
}

interface WeighedSlot {
  readonly slotId: number;
  readonly bytes: number;
}

interface Bin {
  readonly groupId: number;
  bytes: number;
  /** What may still leave it, lightest first, of equals the lower id. */
  readonly movable: WeighedSlot[];
}

/** The bytes of each group while the plan is made. */
class Scales {
  readonly #bins: readonly Bin[];
  readonly #mean: number;

  constructor({ holdings, bytesOf, pinned = new Set() }: BytesToLevel) {
    const { groupIds, arriving, own } = holdings;
    this.#bins = groupIds.map((groupId) => {
      const slotIds = [...(arriving.get(groupId) ?? []), ...(own.get(groupId) ?? [])];
      return {
        groupId,
        bytes: slotIds.reduce((sum, slotId) => sum + bytesOf(slotId), 0),
        movable: (own.get(groupId) ?? [])
          .filter((slotId) => !pinned.has(slotId))
          .map((slotId) => ({ slotId, bytes: bytesOf(slotId) }))
          .filter(({ bytes }) => bytes > 0)
          .sort((one, other) => one.bytes - other.bytes || one.slotId - other.slotId),
      };
    });
    const sum = this.#bins.reduce((all, bin) => all + bin.bytes, 0);
    this.#mean = sum / Math.max(1, this.#bins.length);
  }

  /** The best move now, already taken into account; undefined when none is worth it. */
  nextMove(): { readonly slotId: number; readonly toGroupId: number } | undefined {
    const bySize = [...this.#bins].sort(
      (one, other) => other.bytes - one.bytes || one.groupId - other.groupId,
    );
    const takers = bySize.toReversed();
    for (const pick of [pickWithin, pickAcross]) {
      for (const from of bySize) {
        for (const to of takers) {
          const at = pick(from, to, this.#mean);
          const [slot] = at === undefined ? [] : from.movable.splice(at, 1);
          if (slot !== undefined) {
            from.bytes -= slot.bytes;
            to.bytes += slot.bytes;
            return { slotId: slot.slotId, toGroupId: to.groupId };
          }
        }
      }
    }
    return undefined;
  }
}

/** Index of the heaviest slot that takes neither group across the mean. */
function pickWithin(from: Bin, to: Bin, mean: number): number | undefined {
  const most = Math.min(from.bytes - mean, mean - to.bytes);
  const at = countUpTo(from.movable, most) - 1;
  return most > 0 && at >= 0 ? at : undefined;
}

/** Index of the slot after whose move the two are nearest to one another, if that is much nearer than now. */
function pickAcross(from: Bin, to: Bin, mean: number): number | undefined {
  const gap = from.bytes - to.bytes;
  const middle = countUpTo(from.movable, gap / 2);
  let best: number | undefined;
  let bestGap = Math.min(gap - mean * GAIN_SHARE_MIN, gap * LEFT_SHARE_MAX);
  for (const at of [middle - 1, middle]) {
    const after = Math.abs(gap - 2 * (from.movable[at]?.bytes ?? gap));
    if (from.movable[at] !== undefined && after < bestGap) {
      best = at;
      bestGap = after;
    }
  }
  return best;
}

/** Slots at the list's beginning with at most so many bytes. */
function countUpTo(slots: readonly WeighedSlot[], bytes: number): number {
  let [low, high] = [0, slots.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slots[middle]?.bytes ?? 0) <= bytes) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
