/**
 * The grid of all slots, by the grid pattern of ARIA: one stop for Tab, arrows inside. Cells are drawn by a painter
 * that follows the signals of the model, so this component is drawn once.
 */
import { effect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { language, t } from "../../i18n/text.ts";
import type { Children } from "../../ui/props.ts";
import { listenToGrid } from "./grid-input.ts";
import { columnsFor, GridPainter } from "./grid-painter.ts";
import { drawingOf } from "./slot-cell.ts";
import type { SlotsModel } from "./slots-model.ts";

/** See the file head. */
export function SlotGrid({ model }: { readonly model: SlotsModel }): Children {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const host = ref.current;
    return host === null ? undefined : paintInto(host, model);
  }, [model]);
  return (
    <div class="slot-grid-box">
      {/* biome-ignore lint/a11y/useSemanticElements: a table of the browser can't be a grid of cells to choose */}
      <div
        class="slot-grid"
        role="grid"
        aria-multiselectable="true"
        aria-label={t("slots.grid", { count: model.map.value.count })}
        aria-describedby="slot-grid-keys"
        ref={ref}
      />
      <p class="muted slot-grid-keys" id="slot-grid-keys">
        {t("slots.grid.keys")}
      </p>
    </div>
  );
}

function paintInto(host: HTMLElement, model: SlotsModel): () => void {
  const painter = new GridPainter(host);
  const focus = (slotId: number): void => painter.cell(slotId)?.focus({ preventScroll: false });
  const ends = [
    effect(() => {
      const [mode, groups, states] = [model.mode, model.faintGroups, model.faintStates];
      // Counts change all the time; they don't concern what the other modes draw.
      const heat = mode.value === "keys" ? model.keys.value : [];
      const shown = [
        language.value,
        mode.value,
        [...groups.value].join(),
        [...states.value].join(),
        [...model.faintLevels.value].join(),
        heat.join(),
      ].join(" ");
      const view = {
        map: model.map.value,
        mode: mode.value,
        faintGroups: groups.value,
        faintStates: states.value,
        keys: heat,
        faintLevels: model.faintLevels.value,
      };
      painter.paint(drawingOf(view), shown);
    }),
    effect(() => painter.choose(model.selection.value)),
    effect(() => {
      const wanted = model.wantedFocus.value;
      if (wanted !== undefined) {
        model.wantedFocus.value = undefined;
        focus(wanted);
      }
    }),
    listenToGrid({ host, model, focus, columns: () => columnsFor(model.map.peek().count) }),
  ];
  return () => {
    for (const end of ends) {
      end();
    }
  };
}
