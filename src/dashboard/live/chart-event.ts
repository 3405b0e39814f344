/**
 * What charts mark: changes of masters and moves of slots, as far as the leader remembers them. They are most of the
 * reasons for a bend in a curve.
 */
import type { V1ChartEvent } from "../../api/v1-live-schema.ts";
import type { Failover } from "../../model/availability/failover.ts";
import type { Operation } from "../../model/operation/operation.ts";
import type { LeaderControl } from "../control.ts";

interface Dated {
  readonly atMs: number;
  readonly event: V1ChartEvent;
}

/** Events that lie in this time at least in part, the oldest first. Milliseconds since 1970. */
export function chartEvents(
  leader: Pick<LeaderControl, "availability" | "migration">,
  fromMs: number,
  untilMs: number,
): readonly V1ChartEvent[] {
  return [
    ...leader.availability.failovers().map(failoverEvent),
    ...leader.migration.operations().map(operationEvent),
  ]
    .filter(({ atMs, event }) => {
      const endMs = event.until === null ? Number.POSITIVE_INFINITY : Date.parse(event.until);
      return atMs > 0 && atMs < untilMs && endMs >= fromMs;
    })
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ event }) => event);
}

function failoverEvent({ id, groupId, from, to, beganAtMs, endedAtMs, outcome }: Failover): Dated {
  const where = to === "" ? from : `${from} -> ${to}`;
  return {
    atMs: beganAtMs,
    event: {
      kind: "failover",
      id,
      at: timeOf(beganAtMs),
      until: endedAtMs === undefined ? null : timeOf(endedAtMs),
      text: `group ${groupId}: ${where} (${outcome})`,
      failover: { group_id: groupId, from, to: to === "" ? null : to, outcome },
    },
  };
}

function operationEvent(operation: Operation): Dated {
  const { id, origin, strategy, moves, state, startedAtMs, endedAtMs } = operation;
  return {
    atMs: startedAtMs,
    event: {
      kind: "operation",
      id,
      at: timeOf(startedAtMs),
      until: endedAtMs === 0 ? null : timeOf(endedAtMs),
      text: `${id}: ${strategy}, ${moves.length} ${moves.length === 1 ? "slot" : "slots"} (${state})`,
      operation: {
        origin,
        strategy,
        state,
        self_paused: operation.isSelfPaused,
        rollback: operation.isRollback,
        slots: moves.length,
      },
    },
  };
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
