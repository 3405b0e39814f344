/**
 * Keys of slots as five levels, each a fifth of the fullest slot: what a colour, a digit and an entry of the legend
 * stand for.
 */
import type { SlotKeys } from "../../../../src/model/slot-keys.ts";
import type { SlotMap } from "./slot-map.ts";

/** Nobody knows. */
export const LEVEL_UNKNOWN = -1;
/** Level 0 has no keys at all. */
export const LEVELS = 5;

/** 0 to `LEVELS`, or `LEVEL_UNKNOWN`. */
export function levelOf(keys: number | null | undefined, fullest: number): number {
  if (keys === null || keys === undefined) {
    return LEVEL_UNKNOWN;
  }
  return keys === 0 ? 0 : Math.min(LEVELS, Math.ceil((keys / Math.max(1, fullest)) * LEVELS));
}

/** Keys of the fullest slot; 0 when none is known. */
export function fullestOf(keys: SlotKeys): number {
  return keys.reduce<number>((most, each) => Math.max(most, each ?? 0), 0);
}

/** An entry of the legend. */
export interface LevelCount {
  readonly level: number;
  readonly slots: number;
  /** Fewest and most keys that this level can have; 0 for level 0 and for the unknown. */
  readonly from: number;
  readonly to: number;
}

/** Levels that some slot has, the emptiest first. */
export function countLevels({ count }: SlotMap, keys: SlotKeys): readonly LevelCount[] {
  const fullest = fullestOf(keys);
  const counts = new Map<number, number>();
  for (let id = 0; id < count; id++) {
    const level = levelOf(keys[id], fullest);
    counts.set(level, (counts.get(level) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([level, slots]) => ({
      level,
      slots,
      from: level <= 0 ? 0 : Math.floor(((level - 1) * fullest) / LEVELS) + 1,
      to: level <= 0 ? 0 : Math.floor((level * fullest) / LEVELS),
    }));
}
