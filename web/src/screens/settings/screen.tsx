/**
 * What each user chooses for themselves: theme, language, time zone, density, how figures are written,
 * the range of charts, and whether single keys are shortcuts. Everything acts at once and can be chosen back.
 */
import { useState } from "preact/hooks";
import {
  CHART_RANGES,
  chartRange,
  DENSITIES,
  density,
  hasShortcuts,
  isTimeZone,
  THEMES,
  theme,
} from "../../data/preferences.ts";
import { session } from "../../data/session.ts";
import {
  BYTE_UNITS,
  byteUnit,
  formatBytes,
  formatShort,
  formatTime,
  NUMBER_FORMS,
  numberForm,
  timeZone,
} from "../../i18n/format.ts";
import { type Language, language, t } from "../../i18n/text.ts";
import { Card } from "../../ui/card.tsx";
import { Checkbox, RadioGroup, Select, TextInput } from "../../ui/field.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { OwnPassword } from "./own-password.tsx";
import "./settings.css";

/** See the head of the file. */
export default function SettingsScreen(): Children {
  return (
    <Page title={t("settings.title")} lead={t("settings.lead")}>
      <div class="settings">
        <Card title={t("settings.look")}>
          <RadioGroup
            label={t("settings.theme")}
            value={theme.value}
            options={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
            onChange={(value) => {
              theme.value = value;
            }}
          />
          <RadioGroup
            label={t("settings.density")}
            value={density.value}
            options={DENSITIES.map((value) => ({ value, label: t(`settings.${value}`) }))}
            onChange={(value) => {
              density.value = value;
            }}
          />
        </Card>
        <Card title={t("settings.words")}>
          <RadioGroup<Language>
            label={t("settings.language")}
            value={language.value}
            options={[
              { value: "en", label: "English" },
              { value: "zh", label: "简体中文" },
            ]}
            onChange={(value) => {
              language.value = value;
            }}
          />
          <TimeZone />
        </Card>
        <Figures />
        <Card title={t("settings.keys")}>
          <Checkbox
            label={t("settings.shortcuts")}
            hint={t("settings.shortcutsHint")}
            isChecked={hasShortcuts.value}
            onChange={(isChecked) => {
              hasShortcuts.value = isChecked;
            }}
          />
        </Card>
        <OwnPassword />
        <About />
      </div>
    </Page>
  );
}

/** Sizes in the samples: another unit changes their digits too. */
const SAMPLE_COUNT = 1_234_567;
const SAMPLE_BYTES = 1.5e9;

function Figures(): Children {
  const count = formatShort(SAMPLE_COUNT);
  const bytes = formatBytes(SAMPLE_BYTES);
  return (
    <Card title={t("settings.figures")}>
      <Select
        label={t("settings.range")}
        hint={t("settings.rangeHint")}
        value={chartRange.value}
        options={CHART_RANGES.map((value) => ({ value, label: t(`performance.range.${value}`) }))}
        onChange={(value) => {
          chartRange.value = value;
        }}
      />
      <RadioGroup
        label={t("settings.numbers")}
        value={numberForm.value}
        options={NUMBER_FORMS.map((value) => ({ value, label: t(`settings.numbers.${value}`) }))}
        onChange={(value) => {
          numberForm.value = value;
        }}
      />
      <RadioGroup
        label={t("settings.bytes")}
        value={byteUnit.value}
        options={BYTE_UNITS.map((value) => ({ value, label: t(`settings.bytes.${value}`) }))}
        onChange={(value) => {
          byteUnit.value = value;
        }}
      />
      <p class="muted">{t("settings.sample", { count, bytes })}</p>
    </Card>
  );
}

function TimeZone(): Children {
  const [typed, setTyped] = useState(timeZone.value);
  const isRight = typed === "" || isTimeZone(typed);
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <>
      <TextInput
        label={t("settings.zone")}
        hint={t("settings.zoneHint", { zone: own })}
        error={isRight ? undefined : t("settings.zoneWrong")}
        value={typed}
        isCode
        onChange={(value) => {
          setTyped(value);
          if (value === "" || isTimeZone(value)) {
            timeZone.value = value;
          }
        }}
      />
      <p class="muted">{t("settings.now", { time: formatTime(Date.now()) })}</p>
    </>
  );
}

function About(): Children {
  const known = session.value;
  const role = known?.role;
  return (
    <Card title={t("settings.about")}>
      <dl class="figures">
        <div>
          <dt>{t("settings.version")}</dt>
          <dd>{known?.version}</dd>
        </div>
        <div>
          <dt>{t("settings.user")}</dt>
          <dd>{known?.user ?? t("settings.nobody")}</dd>
        </div>
        <div>
          <dt>{t("settings.role")}</dt>
          <dd>{role === undefined || role === null ? t("settings.nobody") : t(`role.${role}`)}</dd>
        </div>
      </dl>
    </Card>
  );
}
