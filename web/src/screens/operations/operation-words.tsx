/**
 * Words about operations that list and page share: state, what it does, and the time that is left.
 */
import type { V1OperationSummary } from "../../../../src/api/v1-operation-schema.ts";
import { formatBytes, formatDuration, formatShort } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import type { Children } from "../../ui/props.ts";
import type { Eta } from "./eta-range.ts";
import { stateText } from "./operation-text.ts";

const TONES: Readonly<Record<V1OperationSummary["state"], Tone>> = {
  waiting: "idle",
  running: "busy",
  paused: "warn",
  cancelling: "warn",
  done: "ok",
  cancelled: "idle",
};

/** The state with its sign. */
export function StateBadge({ operation }: { readonly operation: V1OperationSummary }): Children {
  return <Badge tone={TONES[operation.state]}>{stateText(operation)}</Badge>;
}

/** The time that is left: a range, or why there is none. */
export function etaText(eta: Eta): string {
  if (eta.kind !== "range") {
    return t(`operations.eta.${eta.kind}`);
  }
  const from = formatDuration(roundTime(eta.fromMs));
  const to = formatDuration(roundTime(eta.toMs));
  return from === to
    ? t("operations.eta.about", { time: to })
    : t("operations.eta.range", { from, to });
}

/** Rates: `12.3 k keys/s, 4.5 MiB/s`. */
export function rateText(keysPerSecond: number, bytesPerSecond: number): string {
  return t("operations.rate", {
    keys: formatShort(keysPerSecond),
    bytes: formatBytes(bytesPerSecond),
  });
}

/** Limits of speed and the p99 guard; undefined without one. */
export function limitText(
  speed: Omit<V1OperationSummary["speed"], "p99_guard_ms"> & { readonly p99_guard_ms?: number },
): string | undefined {
  const { keys_per_second: keys, bytes_per_second: bytes, p99_guard_ms: ms = 0 } = speed;
  const parts = [
    ...(keys === 0 ? [] : [t("operations.limit.keys", { keys: formatShort(keys) })]),
    ...(bytes === 0 ? [] : [t("operations.limit.bytes", { bytes: formatBytes(bytes) })]),
    ...(ms === 0 ? [] : [t("operations.limit.guard", { ms })]),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}

/** Whole seconds below ten minutes, whole minutes below a day: more digits would be a lie. */
function roundTime(ms: number): number {
  const step = ms < 60_000 ? 1_000 : ms < 600_000 ? 10_000 : ms < 86_400_000 ? 60_000 : 3_600_000;
  return Math.max(step === 1_000 ? 0 : step, Math.round(ms / step) * step);
}
