/**
 * High availability in the words of the command lines: plans of promotions, stories of changed masters in lines with
 * their distance from the beginning, faults of replication.
 */
import type {
  V1Failover,
  V1FailoverSummary,
  V1PromotionPlan,
  V1ReplicationFault,
} from "../../api/v1-availability-schema.ts";
import { formatTimeSpan } from "../figure.ts";
import { formatBytes, formatCount, formatFacts, formatTable } from "../table.ts";

/** Pauses below this are shown to the millisecond. */
const EXACT_MS = 10_000;

/** What a promotion would mean. */
export function describePromotion(plan: V1PromotionPlan): string {
  const facts = formatFacts([
    ["group", plan.group_id],
    ["master now", describeServer(plan.from, plan.from_version, plan.from_keys)],
    ["master then", describeServer(plan.to, plan.to_version, plan.to_keys)],
    ["lag", plan.lag_bytes === null ? "unknown" : formatBytes(plan.lag_bytes)],
    ["writes wait", plan.pause_ms === null ? "unknown" : `about ${formatTimeSpan(plan.pause_ms)}`],
    ["followers", plan.others.length === 0 ? null : plan.others.join(" ")],
    ["sentinels", plan.watched_by_sentinels ? "are told before and after" : "don't watch it"],
    ["moving slots", plan.moving_slots === 0 ? null : `${plan.moving_slots}, they rest meanwhile`],
  ]);
  const warnings = plan.warnings.map((line) => `- ${line}\n`);
  const problems = plan.problems.map((line) => `! ${line}\n`);
  return [facts, ...warnings, ...problems].join("");
}

function describeServer(addr: string, version: string | null, keys: number | null): string {
  const facts = [
    ...(version === null ? [] : [`version ${version}`]),
    ...(keys === null ? [] : [formatCount(keys, "key", "keys")]),
  ];
  return facts.length === 0 ? addr : `${addr} (${facts.join(", ")})`;
}

/** A pause of clients: milliseconds matter up to some seconds. */
export function formatPause(ms: number): string {
  return ms < EXACT_MS ? `${Math.round(ms)} ms` : formatTimeSpan(ms);
}

/** Stories as a table, in the order given. */
export function failoverTable(failovers: readonly V1FailoverSummary[]): string {
  const rows = failovers.map((failover) => [
    failover.id,
    failover.began_at,
    failover.group_id,
    failover.kind,
    failover.from,
    failover.to,
    failover.outcome,
    failover.pause_ms === null ? null : formatPause(failover.pause_ms),
    formatBytes(failover.lost_bytes),
  ]);
  const head = ["ID", "BEGAN", "GROUP", "KIND", "FROM", "TO", "OUTCOME", "PAUSE", "LOST AT MOST"];
  return formatTable([head, ...rows]);
}

/** One story, line by line. */
export function describeFailover(failover: V1Failover): string {
  const to = failover.to ?? "nobody";
  const head =
    `failover ${failover.id} of group ${failover.group_id} (${failover.kind}): ` +
    `${failover.from} -> ${to}, ${failover.outcome}, began ${failover.began_at}\n`;
  const offsets = failover.events.map(({ after_ms: ms }) => `${ms < 0 ? "" : "+"}${ms} ms`);
  const width = (texts: readonly string[]): number =>
    Math.max(0, ...texts.map((text) => text.length));
  const offsetWidth = width(offsets);
  const stepWidth = width(failover.events.map(({ step }) => step));
  const lines = failover.events.map(({ step, about, text }, index) => {
    const offset = (offsets[index] ?? "").padStart(offsetWidth);
    const subject = about === null || text.includes(about) ? "" : `${about}: `;
    return `  ${offset}  ${step.padEnd(stepWidth)}  ${subject}${text}\n`;
  });
  const reason = failover.reason === null ? [] : [`${failover.outcome}: ${failover.reason}\n`];
  return [head, ...lines, ...reason, describeCost(failover)].join("");
}

function describeCost({ pause_ms: pause, lost_bytes: lost }: V1FailoverSummary): string {
  const parts = [
    ...(pause === null ? [] : [`clients of the group waited ${formatPause(pause)}`]),
    ...(lost === null
      ? []
      : [lost === 0 ? "nothing was lost" : `at most ${formatBytes(lost)} of writes were lost`]),
  ];
  return parts.length === 0 ? "" : `${parts.join(", ")}\n`;
}

/** Faults as a table, with what to do about each below it. */
export function describeFaults(faults: readonly V1ReplicationFault[]): string {
  if (faults.length === 0) {
    return "all servers do what is stored\n";
  }
  const rows = faults.map((fault) => [
    fault.group_id,
    fault.addr,
    fault.code,
    fault.stored,
    fault.real,
    fault.since,
    fault.mendable,
  ]);
  const head = ["GROUP", "SERVER", "FAULT", "STORED", "REAL", "SINCE", "MENDABLE"];
  const texts = faults.map(({ text, mendable }) => `${mendable ? "-" : "!"} ${text}\n`);
  return [formatTable([head, ...rows]), ...texts].join("");
}
