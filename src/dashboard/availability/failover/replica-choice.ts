/**
 * Which replica becomes the master of a dead one, from INFO of all replicas that answer now. Pure.
 *
 * Left out: replicas that don't answer, read their data from disk, take a copy of it just now, or never finished
 * taking one; those of another history than the master's; those of priority 0. Of the rest those that followed the
 * master's newest stream, of these the one with the most of it, of equal ones the first in the group. So a replica
 * that lost its link long ago is taken only when there is none with newer data.
 *
 * A stored replica that says it is a master, of the dead master's history, comes first: an earlier failover has
 * promoted it and ended before that was stored. A master of another history is somebody else's data, or none.
 */
import { infoMaster, infoNumber, type ServerInfo } from "../../../redis/info.ts";

/** One replica as it was seen just now. */
export interface ReplicaLook {
  readonly addr: string;
  /** Undefined: no answer, `problem` says why. */
  readonly info: ServerInfo | undefined;
  readonly problem: string;
}

/** What is known of the dead master from the time when it answered. */
export interface LastSeenMaster {
  readonly addr: string;
  /**
   * Names of its streams, the newest first: a restart begins a new one. Empty when this leader never saw it, or it is
   * older than Redis 4.
   */
  readonly streamIds: readonly string[];
  /** Bytes that it had written to its stream. */
  readonly offset: number | undefined;
  /** The replica that an earlier failover of this master was about to promote when it ended; undefined: none. */
  readonly intended?: string | undefined;
}

/** A replica that may become master. */
export interface Candidate {
  readonly addr: string;
  /** Bytes of the master's stream that it has. */
  readonly offset: number;
  /** It says that it is a master. */
  readonly isMaster: boolean;
  /** Which of the master's streams it followed, 0 is the newest; 0 too when none is known. */
  readonly streamAge: number;
  /** Seconds since its link to the master broke; undefined when it is up, or unknown. */
  readonly linkDownSeconds: number | undefined;
}

/** Outcome of a choice. */
export interface ReplicaChoice {
  /** The best first. */
  readonly candidates: readonly Candidate[];
  /** The others, each with the reason. */
  readonly rejected: readonly { readonly addr: string; readonly reason: string }[];
}

const NO_STREAM = /^0*$/;

/** See the file head. `looks` in the order of the group. */
export function chooseReplica(
  looks: readonly ReplicaLook[],
  master: LastSeenMaster,
): ReplicaChoice {
  const candidates: Candidate[] = [];
  const rejected: { addr: string; reason: string }[] = [];
  for (const look of looks) {
    const { addr, info } = look;
    const reason =
      info === undefined ? `doesn't answer: ${look.problem}` : findFault(addr, info, master);
    if (info === undefined || reason !== undefined) {
      rejected.push({ addr, reason: reason ?? "" });
    } else {
      candidates.push(candidateOf(addr, info, master));
    }
  }
  // Stable: of equal ones the first in the group stays first.
  candidates.sort(
    (one, other) =>
      Number(other.isMaster) - Number(one.isMaster) ||
      one.streamAge - other.streamAge ||
      other.offset - one.offset,
  );
  return { candidates, rejected };
}

/** Bytes of the dead master's stream that a candidate lacks, as far as it was seen; undefined: unknown. */
export function lostBytesOf(candidate: Candidate, master: LastSeenMaster): number | undefined {
  // One that was promoted has gone on with a stream of its own.
  const isComparable = !candidate.isMaster && candidate.streamAge === 0;
  return master.offset === undefined || !isComparable
    ? undefined
    : Math.max(0, master.offset - candidate.offset);
}

function candidateOf(addr: string, info: ServerInfo, master: LastSeenMaster): Candidate {
  const isMaster = info["role"] === "master";
  return {
    addr,
    isMaster,
    streamAge: Math.max(0, streamAgeOf(info, master)),
    offset: offsetOf(info) ?? 0,
    linkDownSeconds: isMaster ? undefined : infoNumber(info, "master_link_down_since_seconds"),
  };
}

function offsetOf(info: ServerInfo): number | undefined {
  return infoNumber(info, info["role"] === "master" ? "master_repl_offset" : "slave_repl_offset");
}

/** Why it can't become master; undefined when it can. */
function findFault(addr: string, info: ServerInfo, master: LastSeenMaster): string | undefined {
  const role = info["role"];
  if (role !== "slave" && role !== "master") {
    return `is no replica, but ${role ?? "something else"}`;
  }
  if (info["loading"] === "1" || info["async_loading"] === "1") {
    return "still reads its data";
  }
  if (!isOfHistory(addr, info, master)) {
    return role === "master"
      ? "says that it is a master, and isn't known to have followed the dead one"
      : `has data of another history than ${master.addr}`;
  }
  return role === "master" ? undefined : findReplicaFault(info);
}

function findReplicaFault(info: ServerInfo): string | undefined {
  if (info["slave_priority"] === "0") {
    return "has priority 0: it must never become master";
  }
  if (info["master_sync_in_progress"] === "1") {
    return "takes a copy of its master's data just now";
  }
  const offset = offsetOf(info) ?? 0;
  const isLinkUp = info["master_link_status"] === "up";
  // -1 for a link that has never been up since the replica was started, or was told whom to follow.
  const wasLinked = isLinkUp || infoNumber(info, "master_link_down_since_seconds") !== undefined;
  if (offset === 0 && !wasLinked) {
    return "has never finished taking its master's data";
  }
  // A link that begins anew with a whole copy forgets how far it was.
  const isCopyUnfinished =
    offset === 0 && !isLinkUp && (infoNumber(info, "master_repl_offset") ?? 0) > 0;
  return isCopyUnfinished ? "hasn't finished taking its master's data anew" : undefined;
}

/**
 * Whether its data come from the dead master. Where the name of the master's stream isn't known, a replica is taken
 * at its word, and a master only when it has followed somebody, and has data of that time or was to be promoted.
 */
function isOfHistory(addr: string, info: ServerInfo, master: LastSeenMaster): boolean {
  if (master.streamIds.length > 0 && info["master_replid"] !== undefined) {
    return streamAgeOf(info, master) >= 0;
  }
  if (info["role"] === "slave") {
    return infoMaster(info) === master.addr;
  }
  const earlier = info["master_replid2"] ?? "";
  return !NO_STREAM.test(earlier) && (addr === master.intended || (offsetOf(info) ?? 0) > 0);
}

/** Index of the newest stream of the master that the server knows; -1: none. */
function streamAgeOf(info: ServerInfo, master: LastSeenMaster): number {
  const own = [info["master_replid"], info["master_replid2"]];
  return master.streamIds.findIndex((streamId) => own.includes(streamId));
}
