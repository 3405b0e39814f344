/**
 * What high availability adds to the health of a product: faults of replication that nobody else tells, changes of
 * masters that failed, sentinels that know or decided something else, and proxies about which an operator has to say
 * a word.
 */
import type { ProblemKind, V1Health } from "../../../api/v1-state-schema.ts";
import type { Failover } from "../../../model/availability/failover.ts";
import type {
  ReplicationFault,
  ReplicationFaultCode,
} from "../../../model/availability/replication.ts";
import { say } from "../../../model/phrase/phrase.ts";
import type { LeaderControl } from "../../control.ts";

type Finding = Omit<V1Health["problems"][number], "code" | "since" | "said">;

/** Faults that `state-view.ts` doesn't see by itself in the last looks at servers. */
const KINDS: Readonly<Partial<Record<ReplicationFaultCode, ProblemKind>>> = {
  LAGGING: "replica_lagging",
  SPLIT_BRAIN: "split_brain",
  NO_REPLICA: "no_replica",
};

/** See the file head. */
export function availabilityProblems(leader: LeaderControl): readonly Finding[] {
  return [
    ...faultProblems(leader),
    ...failoverProblems(leader),
    ...sentinelProblems(leader),
    ...fenceProblems(leader),
  ];
}

function faultProblems(leader: LeaderControl): readonly Finding[] {
  const faults = leader.availability.replicationFaults();
  const down = new Set(
    faults.filter(({ code }) => code === "MASTER_DOWN").map(({ groupId }) => groupId),
  );
  // A product without any replica is as its operator wants it, as long as its masters live.
  const expectsReplicas =
    leader.availability.detector().isEnabled || leader.topology().sentinel.servers.length > 0;
  return faults.flatMap((fault) => {
    const kind = KINDS[fault.code];
    return kind === undefined ||
      (fault.code === "NO_REPLICA" && !expectsReplicas && !down.has(fault.groupId))
      ? []
      : [problemOf(kind, fault)];
  });
}

function problemOf(kind: ProblemKind, fault: ReplicationFault): Finding {
  const subject = kind === "no_replica" ? `group ${fault.groupId}` : `server ${fault.addr}`;
  return { kind, is_critical: false, subject, message: fault.text };
}

/** Of each group the newest story counts: a later one that went well has mended what was left. */
function failoverProblems(leader: LeaderControl): readonly Finding[] {
  const newest = new Map<number, Failover>();
  for (const failover of leader.availability.failovers()) {
    if (!newest.has(failover.groupId) && failover.outcome !== "refused") {
      newest.set(failover.groupId, failover);
    }
  }
  return [...newest.values()]
    .filter(({ outcome, groupId }) => outcome === "failed" && leader.topology().groups.has(groupId))
    .map(({ id, groupId, reason }) => ({
      kind: "failover_failed",
      is_critical: false,
      subject: `group ${groupId}`,
      message: say("failover.unfinished", { id, why: reason }),
    }));
}

function sentinelProblems(leader: LeaderControl): readonly Finding[] {
  return leader.availability.sentinelProblems().map((message) => ({
    kind: "sentinel_trouble",
    is_critical: false,
    subject: "sentinels",
    message,
  }));
}

function fenceProblems(leader: LeaderControl): readonly Finding[] {
  return [...leader.availability.fences()]
    .filter(([token, { state }]) => state === "unprovable" && leader.topology().proxies.has(token))
    .map(([token, { text }]) => ({
      kind: "proxy_unprovable",
      is_critical: false,
      subject: `proxy ${token}`,
      message: text,
    }));
}
