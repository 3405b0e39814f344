/**
 * Changes of the list of sentinels: each takes a topology and gives the next one, or throws a `CodisError`
 * with Codis's own text and changes nothing. The sentinels are told by a resync, which then marks them
 * synced.
 */
import { CodisError } from "../../base/error.ts";
import { coordinatorPath } from "../coordinator-path.ts";
import { SENTINELS_MAX } from "../sentinel.ts";
import { checkAddr, refuseFault } from "../topology/guard.ts";
import { serverKey, type Topology } from "../topology/topology.ts";

/** Adds a sentinel. */
export function addSentinel(topology: Topology, addr: string): Topology {
  const stored = checkAddr(addr, "sentinel");
  refuseSentinelFault(topology);
  const { servers } = topology.sentinel;
  if (servers.some((known) => serverKey(known) === serverKey(stored))) {
    throw new CodisError("ALREADY_EXISTS", `sentinel-[${addr}] already exists`);
  }
  if (servers.length >= SENTINELS_MAX) {
    throw new CodisError(
      "STATE_CONFLICT",
      `a product can have ${SENTINELS_MAX} sentinels, remove some`,
    );
  }
  return {
    ...topology,
    sentinel: { ...topology.sentinel, servers: [...servers, stored], outOfSync: true },
  };
}

/** Removes a sentinel. */
export function removeSentinel(topology: Topology, addr: string): Topology {
  checkAddr(addr, "sentinel");
  refuseSentinelFault(topology);
  const key = serverKey(addr);
  const servers = topology.sentinel.servers.filter((known) => serverKey(known) !== key);
  if (servers.length === topology.sentinel.servers.length) {
    throw new CodisError("NOT_FOUND", `sentinel-[${addr}] not found`);
  }
  return { ...topology, sentinel: { ...topology.sentinel, servers, outOfSync: true } };
}

/** Notes that sentinels and proxies were told everything. */
export function markSentinelsSynced(topology: Topology): Topology {
  refuseSentinelFault(topology);
  return topology.sentinel.outOfSync
    ? { ...topology, sentinel: { ...topology.sentinel, outOfSync: false } }
    : topology;
}

/** Notes that what the sentinels watch has changed; nothing when there are none. */
export function withSentinelsOutOfSync(topology: Topology): Topology {
  const { sentinel } = topology;
  return sentinel.servers.length === 0 || sentinel.outOfSync
    ? topology
    : { ...topology, sentinel: { ...sentinel, outOfSync: true } };
}

function refuseSentinelFault(topology: Topology): void {
  refuseFault(topology, coordinatorPath.sentinel(topology.product), "the list of sentinels");
}
