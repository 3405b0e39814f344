/**
 * What a program on a port is, judged by its INFO: codis-server, Redis or Valkey, which version, and whether
 * it can serve in a group at all. Pure; the one question that needs the server (does it know SLOTSINFO?) is
 * asked by the caller.
 */
import { CodisError, type ErrorCode } from "../../base/error.ts";
import { infoNumber, isVersionAtLeast, parseVersion, type ServerInfo } from "../../redis/info.ts";
import { type ReplicationFacts, replicationOf } from "../../redis/replication.ts";

/** `codis-server`: knows SLOTSINFO and its family, Redis with our module included. */
export type ServerKind = "codis-server" | "redis" | "valkey";

const CODIS_VERSION_MIN = [3, 2] as const;
const REDIS_VERSION_MIN = [6, 2] as const;

/** A server that can serve in a group. */
export interface ServerIdentity {
  readonly kind: ServerKind;
  /** As the server writes it; Valkey's own, not the Redis version that it imitates. */
  readonly version: string;
  /** Random name of this run of the process. */
  readonly runId: string;
  readonly replication: ReplicationFacts;
  /** Whether it can have FUNCTION libraries. */
  readonly hasFunctions: boolean;
}

/**
 * Reads INFO. Throws SERVER_LOADING, SERVER_VERSION_UNSUPPORTED (too old, cluster mode, a sentinel, a
 * proxy) or SERVER_UNREACHABLE (no Redis at all).
 */
export function identifyServer(
  addr: string,
  info: ServerInfo,
  knowsSlots: boolean,
): ServerIdentity {
  const redisVersion = info["redis_version"];
  const version = parseVersion(redisVersion);
  if (redisVersion === undefined || version === undefined) {
    throw wrong(
      "SERVER_UNREACHABLE",
      addr,
      "answers INFO without a version; is it a Redis server?",
    );
  }
  refuseMode(addr, info);
  const replication = replicationOf(info);
  const runId = info["run_id"] ?? "";
  // A proxy, ours or another's, puts INFO together from many servers, and has no run of its own.
  if (runId === "" || replication === undefined) {
    throw wrong(
      "SERVER_VERSION_UNSUPPORTED",
      addr,
      "is no Redis server but something in front of one, such as a proxy; give the server's own address",
    );
  }
  const [major, minor] = knowsSlots ? CODIS_VERSION_MIN : REDIS_VERSION_MIN;
  if (!isVersionAtLeast(version, major, minor)) {
    const needed = knowsSlots ? "codis-server 3.2" : "Redis 6.2, Valkey 7.2 or codis-server 3.2";
    throw wrong(
      "SERVER_VERSION_UNSUPPORTED",
      addr,
      `has version ${redisVersion}, which is too old: at least ${needed} is needed`,
    );
  }
  const valkeyVersion = info["valkey_version"];
  return {
    kind: knowsSlots ? "codis-server" : valkeyVersion === undefined ? "redis" : "valkey",
    version: valkeyVersion ?? redisVersion,
    runId,
    replication,
    hasFunctions: isVersionAtLeast(version, 7, 0),
  };
}

function refuseMode(addr: string, info: ServerInfo): void {
  if (info["redis_mode"] === "sentinel") {
    throw wrong(
      "SERVER_VERSION_UNSUPPORTED",
      addr,
      "is a sentinel; add it with the sentinels, not as a server of a group",
    );
  }
  if (info["cluster_enabled"] === "1" || info["redis_mode"] === "cluster") {
    throw wrong(
      "SERVER_VERSION_UNSUPPORTED",
      addr,
      "is in cluster mode; start it with cluster-enabled no",
    );
  }
  if (info["loading"] === "1") {
    const etaSeconds = infoNumber(info, "loading_eta_seconds");
    const eta = etaSeconds === undefined ? "" : `, about ${etaSeconds} s`;
    throw wrong(
      "SERVER_LOADING",
      addr,
      `still reads its data from disk; try again when it is done${eta}`,
    );
  }
}

function wrong(code: ErrorCode, addr: string, problem: string): CodisError {
  return new CodisError(code, `server ${addr} ${problem}`, { context: { addr } });
}
