/**
 * Keeps the chosen slots, and what the legend has switched off, in the address, and takes them from there at the
 * start. The address follows a moment later: a drag is one change and not a hundred.
 */
import { effect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { LIVE_SLOT_STATES } from "../../../../src/api/live-slot-state.ts";
import { useQuery } from "../../route.ts";
import type { SlotState } from "./slot-map.ts";
import { chooseSlots } from "./slot-selection.ts";
import { readSlots, writeSlots } from "./slot-text.ts";
import type { SlotsModel } from "./slots-model.ts";

/** The address follows after so long, milliseconds. */
const SETTLE_MS = 400;
/** Longer lists aren't kept: addresses have limits. */
const TEXT_CHARS_MAX = 1500;

/** See the file head. The map has to be known. */
export function useSlotsAddress(model: SlotsModel): void {
  const [slots, setSlots] = useQuery("slots");
  const [faint, setFaint] = useQuery("faint");
  useEffect(() => {
    const read = readSlots(slots, model.map.peek().count);
    if (read.kind === "slots") {
      model.select(chooseSlots(model.selection.peek(), read.ids));
    }
    const parts = faint.split(",").filter((part) => part !== "");
    model.faintGroups.value = new Set(parts.filter((part) => /^\d+$/.test(part)).map(Number));
    model.faintStates.value = new Set(parts.filter(isState));
  }, [model]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let told = "";
    const end = effect(() => {
      const text = writeSlots(model.chosen.value);
      const faintText = [...model.faintGroups.value, ...model.faintStates.value].join(",");
      const now = `${text} ${faintText}`;
      if (told === "") {
        told = now;
        return;
      }
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (now !== told) {
          told = now;
          setSlots(text.length > TEXT_CHARS_MAX ? undefined : text);
          setFaint(faintText);
        }
      }, SETTLE_MS);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [model]);
}

function isState(text: string): text is SlotState {
  return LIVE_SLOT_STATES.some((state) => state === text);
}
