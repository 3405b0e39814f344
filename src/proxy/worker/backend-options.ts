/**
 * How a worker reaches its servers, out of the configuration: masters, and replicas where reads may go to them. What
 * both have in common is one object; what is said of replicas goes to the log.
 */
import type { Log } from "../../base/log.ts";
import type { ServerLogin } from "../backend/server-login.ts";
import type { ProxyConfig } from "../config.ts";
import type { ReplicaOptions } from "../replica/replica-reads.ts";
import type { BackendDefaults } from "../router/router.ts";

const DIAL_TIMEOUT_MS = 5000;

/** Settings of all backends; `name` is how servers see their connections. */
export function backendDefaults(
  config: ProxyConfig,
  name: string,
  login: ServerLogin,
): BackendDefaults {
  return {
    name,
    user: "",
    password: config.productAuth,
    login,
    dialTimeoutMs: DIAL_TIMEOUT_MS,
    recvTimeoutMs: config.backendRecvTimeoutMs,
    sendTimeoutMs: config.backendSendTimeoutMs,
    keepAliveMs: config.backendKeepalivePeriodMs,
    pingPeriodMs: config.backendPingPeriodMs,
    maxPipeline: config.backendMaxPipeline,
    maxQueueBytes: config.backendMaxQueueBytes,
    failLimit: config.backendFailLimit,
    maxRetryDelayMs: config.backendMaxRetryDelayMs,
  };
}

/** Undefined: reads go to masters only. Connections to replicas are logged as those to masters, by `events`. */
export function replicaOptions(
  config: ProxyConfig,
  backend: BackendDefaults,
  events: Omit<ReplicaOptions["events"], "onReplica">,
  log: Log,
): ReplicaOptions | undefined {
  if (config.backendPrimaryOnly) return undefined;
  return {
    slotCount: config.slotCount,
    laneCount: config.backendReplicaParallel,
    lagMaxMs: config.replicaMaxLagMs,
    backend,
    events: {
      onConnected: (connection) => events.onConnected(connection),
      onFailed: (connection, cause) => events.onFailed(connection, cause),
      onReplica: (replica, master, fault) => {
        if (fault === "") {
          log.info("replica.in_use", `reads may go to ${replica}`, { replica, master });
        } else {
          log.warn("replica.left_out", `reads don't go to ${replica}: ${fault}`, {
            replica,
            master,
          });
        }
      },
    },
  };
}
