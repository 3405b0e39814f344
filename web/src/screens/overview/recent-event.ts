/**
 * What happened last, from three sources: changes of masters, operations, and the audit log, as far as the user
 * may read it. Pure.
 */
import type { V1AuditEntry } from "../../../../src/api/v1-access-schema.ts";
import type { V1FailoverSummary } from "../../../../src/api/v1-availability-schema.ts";
import type { V1LiveOperation } from "../../../../src/api/v1-live-schema.ts";
import type { ProductScreen } from "../../route.ts";
import type { Tone } from "../../ui/badge.tsx";

/** What a line is about. */
export type EventSource =
  | { readonly kind: "failover"; readonly failover: V1FailoverSummary }
  | { readonly kind: "operation"; readonly operation: V1LiveOperation }
  | { readonly kind: "audit"; readonly entry: V1AuditEntry };

/** One line. */
export interface RecentEvent {
  readonly source: EventSource;
  readonly id: string;
  /** RFC 3339. */
  readonly at: string;
  readonly tone: Tone;
  readonly screen: ProductScreen;
  /** Of the thing on that screen; undefined: a query leads there. */
  readonly itemId: string | undefined;
  readonly query: Readonly<Record<string, string>> | undefined;
}

const FAILOVER_TONES: Readonly<Record<V1FailoverSummary["outcome"], Tone>> = {
  running: "busy",
  done: "ok",
  refused: "idle",
  undone: "warn",
  failed: "bad",
};

/** The newest `max` of all, the newest first. */
export function recentEvents(
  failovers: readonly V1FailoverSummary[],
  operations: readonly V1LiveOperation[],
  audit: readonly V1AuditEntry[],
  max: number,
): readonly RecentEvent[] {
  return [
    ...failovers.map(failoverEvent),
    ...operations.map(operationEvent),
    ...audit.map(auditEvent),
  ]
    .sort((one, other) => Date.parse(other.at) - Date.parse(one.at))
    .slice(0, max);
}

function failoverEvent(failover: V1FailoverSummary): RecentEvent {
  const { id, began_at, outcome } = failover;
  return {
    source: { kind: "failover", failover },
    id,
    at: began_at,
    tone: FAILOVER_TONES[outcome],
    screen: "ha",
    itemId: id,
    query: undefined,
  };
}

function operationEvent(operation: V1LiveOperation): RecentEvent {
  const { id, state, created_at, started_at, ended_at } = operation;
  const tone = state === "done" ? "ok" : state === "paused" ? "warn" : "busy";
  return {
    source: { kind: "operation", operation },
    id,
    at: ended_at ?? started_at ?? created_at,
    tone: state === "cancelled" ? "idle" : tone,
    screen: "operations",
    itemId: id,
    query: undefined,
  };
}

function auditEvent(entry: V1AuditEntry): RecentEvent {
  const { seq, at, state } = entry;
  return {
    source: { kind: "audit", entry },
    id: String(seq),
    at,
    tone: state === "done" ? "ok" : state === "failed" ? "bad" : "busy",
    screen: "audit",
    itemId: undefined,
    query: { change: String(seq) },
  };
}
