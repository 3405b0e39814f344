/**
 * What the charts show: range, the period before, split, one of the split; and the ways out: the figures as CSV, the
 * call that reads them.
 */
import type { V1LiveGroup, V1LiveProxy, V1LiveServer } from "../../../../src/api/v1-live-schema.ts";
import { live } from "../../data/live.ts";
import { formatTime } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { Button } from "../../ui/button.tsx";
import { Select } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { saveFile } from "../audit/audit-export.ts";
import { exportLines, exportName } from "./chart-export.ts";
import { type Choice, isKept, type Lines, RANGE_NAMES, SPLITS } from "./chart-plan.ts";
import { subjectText } from "./chart-words.ts";

/** See the head of the file. */
export function ChoiceBar(props: {
  readonly product: string;
  readonly choice: Choice;
  readonly joined: Lines;
  /** Whether the period before is kept. */
  readonly canCompare: boolean;
  readonly onChange: (part: Partial<Choice>, isStep?: boolean) => void;
}): Children {
  const { choice, joined, onChange } = props;
  const save = (): void => {
    const name = exportName(props.product, choice.by, Date.now());
    saveFile(`${name}.csv`, exportLines(joined), "csv");
  };
  return (
    <div class="filters">
      <Ranges choice={choice} onChange={onChange} />
      <Button
        isPressed={choice.isCompared}
        isDisabled={!props.canCompare && !choice.isCompared}
        reason={t("performance.before.notKept")}
        onPress={() => onChange({ isCompared: !choice.isCompared })}
      >
        {t("performance.compare")}
      </Button>
      <Select
        label={t("performance.by")}
        value={choice.by}
        options={SPLITS.map((value) => ({ value, label: t(`performance.by.${value}`) }))}
        onChange={(by) => onChange({ by, of: "" })}
      />
      {choice.by !== "total" && (
        <Select
          label={t("performance.of")}
          value={choice.of}
          options={[
            { value: "", label: t("performance.of.all") },
            ...subjectsOf(choice, joined).map((value) => ({
              value,
              label: subjectText(choice.by, value),
            })),
          ]}
          onChange={(of) => onChange({ of })}
        />
      )}
      <Button isDisabled={joined.times.length === 0} reason={t("performance.none")} onPress={save}>
        {t("performance.csv")}
      </Button>
    </div>
  );
}

function Ranges(props: {
  readonly choice: Choice;
  readonly onChange: (part: Partial<Choice>) => void;
}): Children {
  const { choice, onChange } = props;
  const { zoom } = choice;
  return (
    <fieldset class="range-choice">
      <legend>{t("performance.range")}</legend>
      {RANGE_NAMES.map((range) => (
        <Button
          key={range}
          variant="quiet"
          isPressed={zoom === undefined && range === choice.range}
          isDisabled={!isKept(choice.by, range)}
          reason={t("performance.notKept")}
          onPress={() => onChange({ range, zoom: undefined })}
        >
          {t(`performance.range.${range}`)}
        </Button>
      ))}
      {zoom !== undefined && (
        <span class="range-zoom">
          {formatTime(zoom.from * 1000)} – {formatTime(zoom.to * 1000)}
          <Button variant="quiet" onPress={() => onChange({ zoom: undefined })}>
            {t("performance.unzoom")}
          </Button>
        </span>
      )}
    </fieldset>
  );
}

/** What can be chosen of a split. Reads signals. */
function subjectsOf({ by, of }: Choice, { lines }: Lines): readonly string[] {
  const names = (): readonly string[] => {
    switch (by) {
      case "proxy":
        return live.list<V1LiveProxy>("proxy:").value.map(({ token }) => token);
      case "server":
        return live.list<V1LiveServer>("server:").value.map(({ addr }) => addr);
      case "group":
        return live.list<V1LiveGroup>("group:").value.map(({ id }) => String(id));
      default:
        return lines.flatMap((line) => (line.of === null ? [] : [line.of]));
    }
  };
  // One that is gone, or of which nothing is known now, stays chosen.
  return [...new Set([...names(), ...(of === "" ? [] : [of])])];
}
