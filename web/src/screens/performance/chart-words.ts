/**
 * Names and units of metrics, and names of what lines and marks stand for.
 */
import type {
  PerformanceMetric,
  V1ChartEvent,
  V1LiveProxy,
} from "../../../../src/api/v1-live-schema.ts";
import { live } from "../../data/live.ts";
import {
  type Figure,
  formatByteRate,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
  formatShort,
} from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { stateText, strategyText } from "../operations/operation-text.ts";

const FORMATS: Readonly<Record<PerformanceMetric, (figure: Figure) => string>> = {
  ops: formatRate,
  failures: formatRate,
  reply_errors: formatRate,
  sessions: formatShort,
  bytes_in: formatByteRate,
  bytes_out: formatByteRate,
  p50: formatDuration,
  p99: formatDuration,
  p999: formatDuration,
  max: formatDuration,
  time: formatShort,
  cpu: formatPercent,
  proxies: formatShort,
  servers: formatShort,
  memory: formatBytes,
  keys: formatShort,
  clients: formatShort,
  hit_ratio: formatPercent,
};

/** Writes a figure of a metric with its unit. */
export function formatMetric(metric: PerformanceMetric, figure: Figure): string {
  return FORMATS[metric](figure);
}

/** Name of a metric. */
export function metricText(metric: PerformanceMetric): string {
  return t(`performance.metric.${metric}`);
}

/** What an upright line stands for, in the words of the pages that tell all of it. Reads signals. */
export function eventText({ id, text, failover, operation }: V1ChartEvent): string {
  if (failover !== undefined) {
    const { group_id: group, from, to, outcome } = failover;
    const masters = `${from} → ${to ?? t("ha.nobody")}`;
    const params = { group, masters, outcome: textOf("ha.outcome", outcome) };
    return t("performance.event.failoverText", params);
  }
  return operation === undefined
    ? text
    : t("performance.event.operationText", {
        id,
        what: strategyText(operation),
        slots: formatCount(operation.slots),
        state: stateText(operation),
      });
}

/** Name of a proxy, command, server or group. Reads signals. */
export function subjectText(by: string, of: string | null): string {
  if (of === null) {
    return t("performance.by.total");
  }
  if (by === "group") {
    return t("performance.group", { id: of });
  }
  return by === "proxy" ? (live.value<V1LiveProxy>(`proxy:${of}`).value?.proxy_addr ?? of) : of;
}
