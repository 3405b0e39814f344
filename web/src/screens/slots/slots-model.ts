/**
 * What the parts of the slot screen share: the map as it is now, what is chosen, and what the pointer is over. Made
 * once for a screen; drawing follows the signals.
 */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { V1LiveGroup } from "../../../../src/api/v1-live-schema.ts";
import type { SlotKeys } from "../../../../src/model/slot-keys.ts";
import { live } from "../../data/live.ts";
import { t } from "../../i18n/text.ts";
import { announce } from "../../ui/toast.ts";
import type { GridMode } from "./slot-cell.ts";
import {
  NO_SLOTS,
  type PackedSlots,
  type SlotMap,
  type SlotState,
  unpackSlots,
} from "./slot-map.ts";
import { chosenOf, NO_SELECTION, type SlotSelection } from "./slot-selection.ts";
import { writeFewSlots } from "./slot-text.ts";

/** See the file head. */
export interface SlotsModel {
  readonly map: ReadonlySignal<SlotMap>;
  readonly groups: ReadonlySignal<readonly V1LiveGroup[]>;
  readonly selection: ReadonlySignal<SlotSelection>;
  /** Chosen slots, ascending. */
  readonly chosen: ReadonlySignal<readonly number[]>;
  readonly hovered: Signal<number | undefined>;
  readonly mode: Signal<GridMode>;
  readonly faintGroups: Signal<ReadonlySet<number>>;
  readonly faintStates: Signal<ReadonlySet<SlotState>>;
  /** Keys of slots, as servers count them. */
  readonly keys: Signal<SlotKeys>;
  readonly faintLevels: Signal<ReadonlySet<number>>;
  /** Changes the choice; says so to screen readers when other slots are chosen. */
  select(next: SlotSelection): void;
  /** Where the cursor is to be focused next; the grid sets it back. */
  readonly wantedFocus: Signal<number | undefined>;
}

/** Ranges that are read out. */
const SPANS_TOLD = 4;

/** A model of the open product. */
export function createSlotsModel(): SlotsModel {
  const packed = live.value<PackedSlots>("slots");
  const selection = signal<SlotSelection>(NO_SELECTION);
  const chosen = computed(() => chosenOf(selection.value));
  return {
    map: computed(() => (packed.value === undefined ? NO_SLOTS : unpackSlots(packed.value))),
    groups: live.list<V1LiveGroup>("group:"),
    selection,
    chosen,
    hovered: signal(undefined),
    mode: signal("owner"),
    faintGroups: signal(new Set()),
    faintStates: signal(new Set()),
    keys: signal([]),
    faintLevels: signal(new Set()),
    wantedFocus: signal(undefined),
    select(next) {
      const isOther = next.chosen !== selection.peek().chosen;
      selection.value = next;
      if (isOther) {
        announce(
          t("slots.chosen.told", {
            count: next.chosen.size,
            slots: writeFewSlots(chosen.peek(), SPANS_TOLD),
          }),
        );
      }
    },
  };
}
