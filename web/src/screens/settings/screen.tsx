/**
 * What each user chooses for themselves: theme, language, time zone, density, and whether single keys are
 * shortcuts. Everything acts at once and can be chosen back.
 */
import { useState } from "preact/hooks";
import {
  DENSITIES,
  density,
  hasShortcuts,
  isTimeZone,
  THEMES,
  theme,
} from "../../data/preferences.ts";
import { session } from "../../data/session.ts";
import { formatTime, timeZone } from "../../i18n/format.ts";
import { type Language, language, t } from "../../i18n/text.ts";
import { Card } from "../../ui/card.tsx";
import { Checkbox, RadioGroup, TextInput } from "../../ui/field.tsx";
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
