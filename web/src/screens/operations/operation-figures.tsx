/**
 * The figures of an operation: shares with bars, rates, the time that is left, and what servers and clients feel.
 */
import type { V1OperationSummary } from "../../../../src/api/v1-operation-schema.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatTime,
} from "../../i18n/format.ts";
import { saidText } from "../../i18n/said.ts";
import { t } from "../../i18n/text.ts";
import { Card } from "../../ui/card.tsx";
import { Meter } from "../../ui/meter.tsx";
import type { Children } from "../../ui/props.ts";
import { isOpen, sharesOf } from "./operation-progress.ts";
import type { Watched } from "./operation-watch.ts";
import { etaText, limitText, rateText } from "./operation-words.tsx";

/** See the file head. */
export function OperationFigures(props: {
  readonly operation: V1OperationSummary;
  readonly watched: Watched;
}): Children {
  const { operation, watched } = props;
  const { progress, state } = operation;
  const shares = sharesOf(operation);
  const tone = state === "done" ? "ok" : state === "running" ? "busy" : "warn";
  const bars = [
    ["keys", shares.keys, formatCount(progress.keys_moved), formatCount(progress.keys_total)],
    ["bytes", shares.bytes, formatBytes(progress.bytes_moved), formatBytes(progress.bytes_total)],
    ["slots", shares.slots, formatCount(progress.slots_done), formatCount(progress.slots_total)],
  ] as const;
  return (
    <Card title={t("operations.figures")}>
      <div class="operation-bars">
        {bars
          // Of a cancelled one slots are at their end that never moved, or went back.
          .filter(([name]) => name !== "slots" || state !== "cancelled")
          .map(([name, share, part, whole]) => (
            <div class="operation-bar" key={name}>
              <span>{t(`operations.bar.${name}`)}</span>
              <Meter
                value={share}
                max={1}
                tone={tone}
                label={t(`operations.bar.${name}`)}
                text={t("operations.bar.text", { percent: formatPercent(share), part, whole })}
              />
            </div>
          ))}
      </div>
      <dl class="figures">
        {factsOf(operation, watched).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function factsOf(
  operation: V1OperationSummary,
  watched: Watched,
): readonly (readonly [string, string])[] {
  const { progress, speed, started_at: started, ended_at: ended } = operation;
  const now = isOpen(operation)
    ? [
        [t("operations.fact.left"), etaText(watched.eta)] as const,
        [
          t("operations.fact.rate"),
          rateText(progress.keys_per_second, progress.bytes_per_second),
        ] as const,
        [t("operations.fact.limit"), limitText(speed) ?? t("operations.limit.none")] as const,
        ...limitNow(operation),
        [t("operations.fact.moving"), formatCount(progress.slots_moving)] as const,
        [t("operations.fact.pending"), formatCount(progress.slots_pending)] as const,
      ]
    : [];
  const took =
    started === null || ended === null
      ? []
      : [
          [
            t("operations.fact.took"),
            formatDuration(Date.parse(ended) - Date.parse(started)),
          ] as const,
        ];
  return [
    ...now,
    [t("operations.fact.stall"), formatDuration(progress.longest_stall_ms)],
    [t("operations.fact.hold"), formatDuration(progress.longest_hold_ms)],
    [t("operations.fact.retries"), formatCount(progress.retries)],
    [t("operations.fact.stale"), formatCount(progress.stale_keys)],
    [t("operations.fact.bigKey"), t(`plans.bigKey.${operation.big_key}`)],
    [t("operations.fact.created"), formatTime(operation.created_at)],
    [t("operations.fact.started"), formatTime(started)],
    ...took,
  ];
}

/** What the p99 guard makes of the limit, and why. A dashboard of an older release has none. */
function limitNow({
  speed_in_force: now,
}: Partial<V1OperationSummary>): readonly (readonly [string, string])[] {
  if (now === undefined || now.reason === null) {
    return [];
  }
  const limit = limitText(now) ?? t("operations.limit.none");
  return [[t("operations.fact.limitNow"), `${limit} · ${saidText(now.reason, now.said)}`]];
}
