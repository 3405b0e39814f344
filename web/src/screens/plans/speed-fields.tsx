/**
 * The fields of a limit of speed and of the p99 guard. What is wrong in one is said under it.
 */
import { t } from "../../i18n/text.ts";
import { TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { readSpeed, type SpeedTexts } from "./speed-text.ts";

/** The three fields. */
export function SpeedFields(props: {
  readonly texts: SpeedTexts;
  readonly onChange: (texts: SpeedTexts) => void;
}): Children {
  const { texts, onChange } = props;
  const read = readSpeed(texts);
  return (
    <div class="speed-fields">
      <TextInput
        label={t("plans.speed.keys")}
        placeholder={t("plans.speed.none")}
        value={texts.keys}
        onChange={(keys) => onChange({ ...texts, keys })}
        error={read.keysPerSecond === undefined ? t("plans.speed.keys.wrong") : undefined}
        isCode
      />
      <TextInput
        label={t("plans.speed.bytes")}
        placeholder={t("plans.speed.none")}
        value={texts.bytes}
        onChange={(bytes) => onChange({ ...texts, bytes })}
        error={read.bytesPerSecond === undefined ? t("plans.speed.bytes.wrong") : undefined}
        isCode
      />
      <TextInput
        label={t("plans.speed.guard")}
        placeholder={t("plans.speed.off")}
        value={texts.guard}
        onChange={(guard) => onChange({ ...texts, guard })}
        error={read.p99GuardMs === undefined ? t("plans.speed.guard.wrong") : undefined}
        isCode
      />
    </div>
  );
}
