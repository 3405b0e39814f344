/**
 * Whom a replica follows. It says so with the address that REPLICAOF got, which may be another name of the server that
 * the topology knows: a host name, or 127.0.0.1 where both run on one machine. Compared by address first, then by the
 * run id of whatever answers under that name. What can't be told is `undefined`, never a guess.
 */
import { formatHostPort, parseServerAddr } from "../../../model/address.ts";
import { serverKey, type Topology } from "../../../model/topology/topology.ts";

/** What answers under a name that the topology doesn't have: its run id, undefined when nothing is known. */
export type RunIdByName = (name: string) => string | undefined;

/** What `findMaster` knows. */
export interface KnownServers {
  readonly topology: Topology;
  /** Servers of the topology that answer, by their run ids. */
  readonly addrByRunId: ReadonlyMap<string, string>;
  readonly runIdByName: RunIdByName;
}

/** A server of no group is followed. */
export const OUTSIDE = "outside";

/** Servers of a topology by the forms in which they may be named. */
interface ServerIndex {
  readonly count: number;
  readonly byKey: ReadonlyMap<string, string>;
  readonly byPlace: ReadonlyMap<string, string>;
}

/** Made once for each state of the groups: every replica of every look asks. */
const indexes = new WeakMap<Topology["groups"], ServerIndex>();

/**
 * The server of the topology, in its spelling, that `replicaAddr` follows under the name `masterAddr`; `OUTSIDE` when
 * it is surely none of them; undefined when it can't be told.
 */
export function findMaster(
  replicaAddr: string,
  masterAddr: string,
  known: KnownServers,
): string | undefined {
  const index = indexOf(known.topology);
  const named =
    index.byKey.get(serverKey(masterAddr)) ?? index.byPlace.get(seenFrom(replicaAddr, masterAddr));
  if (named !== undefined) {
    return named;
  }
  const runId = known.runIdByName(masterAddr);
  if (runId === undefined) {
    return undefined;
  }
  // A server of the topology that doesn't answer may be it.
  const isSure = known.addrByRunId.size >= index.count;
  return known.addrByRunId.get(runId) ?? (isSure ? OUTSIDE : undefined);
}

/** Whether the name means something else on the replica's machine than here, so that asking here proves nothing. */
export function isNameOfElsewhere(replicaAddr: string, masterAddr: string): boolean {
  return isLoopback(masterAddr) && !isLoopback(replicaAddr);
}

function indexOf({ groups }: Topology): ServerIndex {
  const known = indexes.get(groups);
  if (known !== undefined) {
    return known;
  }
  const addrs = [...groups.values()].flatMap(({ servers }) => servers.map(({ addr }) => addr));
  const index = {
    count: addrs.length,
    byKey: new Map(addrs.map((addr) => [serverKey(addr), addr])),
    byPlace: new Map(addrs.map((addr) => [placeOf(addr), addr])),
  };
  indexes.set(groups, index);
  return index;
}

/** The place that a replica means by a name: its own machine for a loopback address. */
function seenFrom(replicaAddr: string, masterAddr: string): string {
  const [replica, master] = [parseServerAddr(replicaAddr), parseServerAddr(masterAddr)];
  return replica !== undefined && master !== undefined && isLoopback(masterAddr)
    ? placeOf(formatHostPort({ host: replica.host, port: master.port }))
    : placeOf(masterAddr);
}

/** All names of this machine's loopback are one place. */
function placeOf(addr: string): string {
  const parsed = parseServerAddr(addr);
  return parsed !== undefined && isLoopback(addr) ? `loopback:${parsed.port}` : serverKey(addr);
}

function isLoopback(addr: string): boolean {
  const host = parseServerAddr(addr)?.host.toLowerCase() ?? "";
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
