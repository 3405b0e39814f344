/**
 * What a sentinel is to watch for one group, and how that differs from what it watches now. Pure, but for the names
 * of servers that have to be resolved: sentinels take IPs only, unless they are configured to do otherwise.
 */
import { CodisError } from "../../../base/error.ts";
import { type GroupRecord, masterAddrOf } from "../../../model/group.ts";
import { masterName } from "../../../sentinel/master-name.ts";
import { resolveAddr } from "../../../sentinel/same-server.ts";
import type { WatchedMaster } from "../../../sentinel/sentinel-client.ts";
import type { DashboardConfig } from "../../config/key.ts";

/** One option of SENTINEL SET. */
export interface WatchSetting {
  readonly option: string;
  readonly value: string;
  /** SENTINEL MASTERS never shows it, so it can't be compared. */
  readonly isSecret: boolean;
}

/** See the file head. */
export interface WatchOrder {
  readonly groupId: number;
  readonly name: string;
  /** The master as stored. */
  readonly masterAddr: string;
  /** Its IPs with the port; the first is told. */
  readonly masterIps: readonly string[];
  /** IPs of all servers of the group; undefined when a name among them can't be resolved now. */
  readonly serverIps: ReadonlySet<string> | undefined;
  readonly quorum: number;
  readonly settings: readonly WatchSetting[];
}

/** The order for a group with a server. Throws ADDRESS_INVALID when the master's name can't be resolved. */
export async function orderOf(group: GroupRecord, config: DashboardConfig): Promise<WatchOrder> {
  const masterAddr = masterAddrOf(group);
  const masterIps = await resolveMaster(masterAddr);
  return {
    groupId: group.id,
    name: masterName(config.productName, group.id),
    masterAddr,
    masterIps,
    serverIps: await resolveAll(group.servers.map(({ addr }) => addr)),
    quorum: config.sentinelQuorum,
    settings: settingsOf(config),
  };
}

/** Settings that differ, in the order in which they are told. */
export function differingSettings(
  order: WatchOrder,
  watched: WatchedMaster,
): readonly WatchSetting[] {
  const quorum = { option: "quorum", value: `${order.quorum}`, isSecret: false };
  return [quorum, ...order.settings].filter(
    ({ option, value, isSecret }) => !isSecret && (watched.fields[option] ?? "") !== value,
  );
}

/** Login first, or the sentinel couldn't see the master; scripts last, as a sentinel may refuse to take them. */
function settingsOf(config: DashboardConfig): readonly WatchSetting[] {
  const shown = (option: string, value: string): WatchSetting => ({
    option,
    value,
    isSecret: false,
  });
  return [
    { option: "auth-pass", value: config.productAuth, isSecret: true },
    shown("parallel-syncs", `${config.sentinelParallelSyncs}`),
    shown("down-after-milliseconds", `${config.sentinelDownAfterMs}`),
    shown("failover-timeout", `${config.sentinelFailoverTimeoutMs}`),
    shown("notification-script", config.sentinelNotificationScript),
    shown("client-reconfig-script", config.sentinelClientReconfigScript),
  ];
}

/** IPs of all these addresses; undefined when one of them can't be resolved. */
export async function resolveAll(
  addrs: readonly string[],
): Promise<ReadonlySet<string> | undefined> {
  const lists = await Promise.all(
    addrs.map((addr) => resolveAddr(addr).catch((): readonly string[] => [])),
  );
  return lists.some((list) => list.length === 0) ? undefined : new Set(lists.flat());
}

async function resolveMaster(addr: string): Promise<readonly string[]> {
  const problem = `the name in ${addr} can't be resolved, and sentinels take IP addresses only`;
  try {
    const ips = await resolveAddr(addr);
    if (ips.length > 0) {
      return ips;
    }
  } catch (cause) {
    throw new CodisError("ADDRESS_INVALID", problem, { cause });
  }
  throw new CodisError("ADDRESS_INVALID", problem);
}
