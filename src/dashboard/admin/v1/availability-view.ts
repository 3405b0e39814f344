/**
 * High availability in the form of `/api/v1`: plans of promotions, stories of changed masters, faults of replication,
 * proxies that are gone. Pure, but for what the leader holds in memory.
 */
import type {
  V1Availability,
  V1Failover,
  V1FailoverNews,
  V1FailoverSummary,
  V1PromotionPlan,
  V1ProxyFence,
  V1ReplicationFault,
} from "../../../api/v1-availability-schema.ts";
import type { Failover, FailoverEvent } from "../../../model/availability/failover.ts";
import type { ProxyFence } from "../../../model/availability/fence.ts";
import type { PromotionPlan } from "../../../model/availability/promotion.ts";
import type { ReplicationFault } from "../../../model/availability/replication.ts";
import { phraseOf, saidOf, saidOfAll } from "../../../model/phrase/phrase.ts";
import type { LeaderControl } from "../../control.ts";

/** `GET /api/v1/availability`, without epoch and revision. */
export function viewAvailability(
  leader: LeaderControl,
): Omit<V1Availability, "epoch" | "revision"> {
  const { availability } = leader;
  const { isEnabled, text } = availability.detector();
  return {
    detector: { enabled: isEnabled, text, ...saidOf(text) },
    sentinels: [...leader.topology().sentinel.servers],
    faults: availability.replicationFaults().map(viewFault),
    fences: [...availability.fences()]
      .filter(([, { state }]) => state !== "present")
      .map(([token, fence]) => ({ token, ...viewFence(fence) })),
    running: availability
      .failovers()
      .filter(({ outcome }) => outcome === "running")
      .map(viewFailoverSummary),
  };
}

/** A plan of a promotion. */
export function viewPromotionPlan(plan: PromotionPlan): V1PromotionPlan {
  return {
    group_id: plan.groupId,
    from: plan.from,
    to: plan.to,
    lag_bytes: plan.lagBytes ?? null,
    from_version: orNull(plan.fromVersion),
    to_version: orNull(plan.toVersion),
    from_keys: plan.fromKeys ?? null,
    to_keys: plan.toKeys ?? null,
    pause_ms: plan.pauseMs ?? null,
    others: [...plan.others],
    watched_by_sentinels: plan.isWatched,
    moving_slots: plan.movingSlots,
    problems: [...plan.problems],
    warnings: [...plan.warnings],
    problems_said: saidOfAll(plan.problems),
    warnings_said: saidOfAll(plan.warnings),
  };
}

/** A story without its lines. */
export function viewFailoverSummary(failover: Failover): V1FailoverSummary {
  return {
    id: failover.id,
    group_id: failover.groupId,
    kind: failover.kind,
    from: failover.from,
    to: orNull(failover.to),
    began_at: timeOf(failover.beganAtMs),
    ended_at: failover.endedAtMs === undefined ? null : timeOf(failover.endedAtMs),
    outcome: failover.outcome,
    reason: orNull(failover.reason),
    ...saidOf(failover.reason),
    pause_ms: failover.pauseMs ?? null,
    lost_bytes: failover.lostBytes ?? null,
  };
}

/** A story. */
export function viewFailover(failover: Failover): V1Failover {
  const events = failover.events.map((event) => viewEvent(failover, event));
  return { ...viewFailoverSummary(failover), events };
}

/** Data of the event `failover`. */
export function viewFailoverNews(failover: Failover): V1FailoverNews {
  const last = failover.events.at(-1);
  const newest = last === undefined ? null : viewEvent(failover, last);
  return { ...viewFailoverSummary(failover), newest };
}

function viewEvent(
  { beganAtMs }: Failover,
  { atMs, step, about, text }: FailoverEvent,
): V1Failover["events"][number] {
  return {
    at: timeOf(atMs),
    after_ms: Math.round(atMs - beganAtMs),
    step,
    about: orNull(about),
    text,
    ...saidOf(text),
  };
}

/** A fault of replication. */
export function viewFault(fault: ReplicationFault): V1ReplicationFault {
  return {
    code: fault.code,
    group_id: fault.groupId,
    addr: fault.addr,
    stored: fault.stored,
    stored_said: phraseOf(fault.stored),
    real: fault.real,
    real_said: phraseOf(fault.real),
    since: timeOf(fault.sinceMs),
    mendable: fault.isMendable,
    text: fault.text,
    ...saidOf(fault.text),
  };
}

/** What is known of a proxy that may be gone. */
export function viewFence(fence: ProxyFence): V1ProxyFence {
  return {
    state: fence.state,
    since: timeOf(fence.sinceMs),
    proof: fence.proof ?? null,
    text: fence.text,
    ...saidOf(fence.text),
  };
}

function orNull(text: string): string | null {
  return text === "" ? null : text;
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
