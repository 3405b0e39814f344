/**
 * Limits of speed as two fields; sizes are written as on the command line, `20mb`. Empty or 0: no limit.
 */
import { formatByteSize, parseByteSize } from "../../../../src/base/byte-size.ts";
import { t } from "../../i18n/text.ts";
import { TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import type { SpeedLimit } from "./plan-command.ts";

/** What is written in the fields. */
export interface SpeedTexts {
  readonly keys: string;
  readonly bytes: string;
}

/** No limit. */
export const NO_SPEED: SpeedTexts = { keys: "", bytes: "" };

/** What the fields of a limit show. */
export function textsOfSpeed({ keysPerSecond, bytesPerSecond }: SpeedLimit): SpeedTexts {
  return {
    keys: keysPerSecond === 0 ? "" : String(keysPerSecond),
    bytes: bytesPerSecond === 0 ? "" : formatByteSize(bytesPerSecond),
  };
}

/** The limit; undefined in a field that can't be read. */
export function readSpeed({ keys, bytes }: SpeedTexts): {
  readonly keysPerSecond: number | undefined;
  readonly bytesPerSecond: number | undefined;
} {
  const size = bytes.trim() === "" ? 0 : parseByteSize(bytes);
  return {
    keysPerSecond:
      keys.trim() === "" ? 0 : /^\d{1,9}$/.test(keys.trim()) ? Number(keys) : undefined,
    bytesPerSecond: size !== undefined && size >= 0 ? size : undefined,
  };
}

/** The limit of fields without faults; undefined when there is one. */
export function speedOf(texts: SpeedTexts): SpeedLimit | undefined {
  const { keysPerSecond, bytesPerSecond } = readSpeed(texts);
  return keysPerSecond === undefined || bytesPerSecond === undefined
    ? undefined
    : { keysPerSecond, bytesPerSecond };
}

/** The two fields. */
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
    </div>
  );
}
