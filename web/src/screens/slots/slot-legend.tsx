/**
 * What the looks of cells mean, with how many slots each has. An entry is a button that makes its slots faint, or
 * strong again; another way to choose slots is in the bar below the grid.
 */
import { formatCount, formatShare } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import type { Children } from "../../ui/props.ts";
import { lookClasses } from "./group-look.ts";
import { heatClass, heatSign, STATE_SIGNS } from "./slot-cell.ts";
import { countLevels, LEVEL_UNKNOWN } from "./slot-heat.ts";
import { countOwners, countStates, type SlotMap } from "./slot-map.ts";
import type { SlotsModel } from "./slots-model.ts";

/** See the file head. */
export function SlotLegend({ model }: { readonly model: SlotsModel }): Children {
  const map = model.map.value;
  const mode = model.mode.value;
  return (
    <ul class="slot-legend" aria-label={t("slots.legend")}>
      {mode === "keys" && <Levels model={model} />}
      {mode === "owner"
        ? countOwners(map).map(({ groupId, slots }) => (
            <Entry
              key={groupId}
              swatch={groupId === 0 ? "state-offline" : lookClasses(groupId)}
              sign={groupId === 0 ? STATE_SIGNS.offline : String(groupId)}
              name={groupId === 0 ? t("slots.state.offline") : t("slots.group", { group: groupId })}
              slots={slots}
              count={map.count}
              isFaint={model.faintGroups.value.has(groupId)}
              onPress={() => {
                model.faintGroups.value = toggled(model.faintGroups.peek(), groupId);
              }}
            />
          ))
        : mode === "state" &&
          countStates(map)
            .filter(({ slots }) => slots > 0)
            .map(({ state, slots }) => (
              <Entry
                key={state}
                swatch={`state-${state} tone-${state}`}
                sign={STATE_SIGNS[state]}
                name={t(`slots.state.${state}`)}
                slots={slots}
                count={map.count}
                isFaint={model.faintStates.value.has(state)}
                onPress={() => {
                  model.faintStates.value = toggled(model.faintStates.peek(), state);
                }}
              />
            ))}
      {mode === "owner" && <Moves map={map} />}
    </ul>
  );
}

/** What the patterns over the colours of groups mean: where a slot that moves is. */
function Moves({ map }: { readonly map: SlotMap }): Children {
  return countStates(map)
    .filter(({ state, slots }) => slots > 0 && state !== "online" && state !== "offline")
    .map(({ state, slots }) => (
      <li key={state} class="slot-legend-entry slot-legend-told">
        <span class={`slot-cell slot-swatch state-${state}`} aria-hidden="true" />
        <span>{t(`slots.state.${state}`)}</span>
        <span class="slot-legend-count">{formatCount(slots)}</span>
      </li>
    ));
}

function Levels({ model }: { readonly model: SlotsModel }): Children {
  const map = model.map.value;
  return countLevels(map, model.keys.value).map(({ level, slots, from, to }) => (
    <Entry
      key={level}
      swatch={heatClass(level)}
      sign={heatSign(level)}
      name={
        level === LEVEL_UNKNOWN
          ? t("slots.heat.unknown")
          : level === 0
            ? t("slots.heat.none")
            : t("slots.heat.range", { from: formatCount(from), to: formatCount(to) })
      }
      slots={slots}
      count={map.count}
      isFaint={model.faintLevels.value.has(level)}
      onPress={() => {
        model.faintLevels.value = toggled(model.faintLevels.peek(), level);
      }}
    />
  ));
}

function Entry(props: {
  readonly swatch: string;
  readonly sign: string;
  readonly name: string;
  readonly slots: number;
  readonly count: number;
  readonly isFaint: boolean;
  readonly onPress: () => void;
}): Children {
  return (
    <li>
      <button
        type="button"
        class="slot-legend-entry"
        aria-pressed={!props.isFaint}
        onClick={props.onPress}
      >
        <span class={`slot-cell slot-swatch ${props.swatch}`} aria-hidden="true">
          {props.sign}
        </span>
        <span>{props.name}</span>
        <span class="slot-legend-count">
          {formatCount(props.slots)} · {formatShare(props.slots / Math.max(1, props.count))}
        </span>
      </button>
    </li>
  );
}

function toggled<T>(set: ReadonlySet<T>, value: T): ReadonlySet<T> {
  const next = new Set(set);
  if (!next.delete(value)) {
    next.add(value);
  }
  return next;
}
