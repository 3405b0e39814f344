/**
 * A plan on the map of all slots: what moves, or everything before and after. By the grid pattern of ARIA, as the
 * slot map: one stop for Tab, arrows inside; Space goes on to the next slot that moves. Its equivalent in words are
 * the names of cells and rows, and the table of moves below it.
 */
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { V1Plan } from "../../../../src/api/v1-operation-schema.ts";
import { live } from "../../data/live.ts";
import { formatBytes, formatCount } from "../../i18n/format.ts";
import { shownLanguage, t } from "../../i18n/text.ts";
import { useQuery } from "../../route.ts";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { columnsFor, GridPainter } from "../slots/grid-painter.ts";
import { lookClasses } from "../slots/group-look.ts";
import { type PackedSlots, unpackSlots } from "../slots/slot-map.ts";
import { NO_SELECTION, stepCursor } from "../slots/slot-selection.ts";
import {
  labelOfPlanRow,
  lookOfPlanCell,
  nextMoved,
  ownersOf,
  PLAN_VIEWS,
  type PlanSlots,
  type PlanView,
  planSlotsOf,
} from "./plan-slots.ts";
import "../slots/slots.css";

/** See the file head. */
export function PlanMap({ plan }: { readonly plan: V1Plan }): Children {
  const packed = live.value<PackedSlots>("slots").value;
  const slots = useMemo(
    () => (packed === undefined ? undefined : planSlotsOf(plan, unpackSlots(packed))),
    [packed, plan],
  );
  const [chosen, setView] = useQuery("map");
  const view = PLAN_VIEWS.find((each) => each === chosen) ?? "moves";
  return (
    <Card title={t("plans.map.title")}>
      {slots === undefined ? (
        <Skeleton lines={8} />
      ) : (
        <Tabs
          label={t("plans.map.view")}
          tabs={PLAN_VIEWS.map((key) => ({ key, title: t(`plans.map.view.${key}`) }))}
          open={view}
          onChange={(key) => setView(key === "moves" ? "" : key)}
        >
          <KnownMap slots={slots} view={view} />
        </Tabs>
      )}
    </Card>
  );
}

function KnownMap({
  slots,
  view,
}: {
  readonly slots: PlanSlots;
  readonly view: PlanView;
}): Children {
  const [slotId, setSlotId] = useState<number | undefined>(undefined);
  return (
    <div class="plan-map">
      <PlanGrid slots={slots} view={view} onLook={setSlotId} />
      <p class="plan-map-told" aria-hidden="true">
        {slotId === undefined ? t("plans.map.hint") : tellSlot(slots, view, slotId)}
      </p>
      <ul class="slot-legend" aria-label={t("plans.map.legend")}>
        <li class="slot-legend-entry plan-legend-entry">
          <span class="slot-cell slot-swatch plan-moved" aria-hidden="true" />
          {t("plans.map.legend.moves", { count: formatCount(slots.movedIds.length) })}
        </li>
        {shownGroups(slots, view).map((groupId) => (
          <li key={groupId} class="slot-legend-entry plan-legend-entry">
            <span
              class={`slot-cell slot-swatch ${groupId === 0 ? "state-offline" : lookClasses(groupId)}`}
              aria-hidden="true"
            >
              {groupId === 0 ? "" : groupId}
            </span>
            {groupId === 0 ? t("plans.offline") : t("plans.group", { group: groupId })}
          </li>
        ))}
      </ul>
    </div>
  );
}

function PlanGrid(props: {
  readonly slots: PlanSlots;
  readonly view: PlanView;
  readonly onLook: (slotId: number) => void;
}): Children {
  const { slots, view, onLook } = props;
  const ref = useRef<HTMLDivElement>(null);
  const painter = useRef<GridPainter | undefined>(undefined);
  const cursor = useRef(slots.movedIds[0] ?? 0);
  const spoken = shownLanguage();
  useLayoutEffect(() => {
    if (ref.current === null) {
      return;
    }
    painter.current ??= new GridPainter(ref.current);
    painter.current.choose({ ...NO_SELECTION, cursor: cursor.current });
    const drawing = {
      map: slots.map,
      lookOf: (id: number) => lookOfPlanCell(slots, view, id),
      labelOfRow: (from: number, to: number) => labelOfPlanRow(slots, from, to),
    };
    painter.current.paint(drawing, `${spoken} ${view} ${slots.movedIds.join()}`);
  }, [slots, view, spoken]);
  const look = (target: EventTarget | null): void => {
    const slotId = slotAt(target);
    if (slotId !== undefined) {
      onLook(slotId);
    }
  };
  const goTo = (slotId: number): void => {
    cursor.current = slotId;
    painter.current?.choose({ ...NO_SELECTION, cursor: slotId });
    painter.current?.cell(slotId)?.focus();
  };
  const press = (event: KeyboardEvent): void => {
    const { count } = slots.map;
    const isFar = event.ctrlKey || event.metaKey;
    const to =
      event.key === " "
        ? nextMoved(slots, cursor.current, event.shiftKey ? -1 : 1)
        : stepCursor(cursor.current, { key: event.key, isFar }, columnsFor(count), count);
    if (to !== undefined && !event.altKey) {
      goTo(to);
      event.preventDefault();
      event.stopPropagation();
    }
  };
  return (
    <div class="slot-grid-box">
      {/* biome-ignore lint/a11y/useSemanticElements: a table of the browser can't be a grid of cells to go through */}
      <div
        class="slot-grid plan-grid"
        role="grid"
        tabIndex={-1}
        aria-label={t("plans.map.grid", { count: slots.map.count, moved: slots.movedIds.length })}
        aria-describedby="plan-grid-keys"
        ref={ref}
        onKeyDown={press}
        onPointerDown={(event) => {
          const slotId = slotAt(event.target);
          if (slotId !== undefined) {
            event.preventDefault();
            goTo(slotId);
          }
        }}
        onPointerOver={(event) => look(event.target)}
        onFocusIn={(event) => {
          const slotId = slotAt(event.target);
          cursor.current = slotId ?? cursor.current;
          look(event.target);
        }}
      />
      <p class="muted slot-grid-keys" id="plan-grid-keys">
        {t("plans.map.keys")}
      </p>
    </div>
  );
}

/** The slot in words, with its size when it moves. */
function tellSlot(slots: PlanSlots, view: PlanView, slotId: number): string {
  const { label } = lookOfPlanCell(slots, view, slotId);
  const move = slots.moves.get(slotId);
  return move === undefined
    ? label
    : t("plans.map.told", {
        slot: label,
        keys: formatCount(move.keys),
        bytes: formatBytes(move.bytes),
      });
}

/** Groups whose colours are in the view, ascending; offline slots (0) at the end. */
function shownGroups(slots: PlanSlots, view: PlanView): readonly number[] {
  const ids = new Set<number>();
  const all = view === "moves" ? slots.movedIds : slots.map.owners.keys();
  for (const id of all) {
    const { before, after } = ownersOf(slots, id);
    ids.add(view === "before" ? before : after);
  }
  const order = (id: number): number => (id === 0 ? Number.MAX_SAFE_INTEGER : id);
  return [...ids].sort((one, other) => order(one) - order(other));
}

function slotAt(target: EventTarget | null): number | undefined {
  const cell = target instanceof Element ? target.closest<HTMLElement>("[data-slot]") : null;
  return cell === null ? undefined : Number(cell.dataset["slot"]);
}
