/**
 * The product as the map draws it: proxies, groups and servers with a state each, and every place where what is stored
 * and what is real differ. Always in the order of ids and addresses, so that nothing jumps. Pure.
 */
import type { V1ReplicationFault } from "../../../../src/api/v1-availability-schema.ts";
import type {
  V1LiveGroup,
  V1LiveProxy,
  V1LiveSentinels,
  V1LiveServer,
} from "../../../../src/api/v1-live-schema.ts";
import type { ProblemKind } from "../../../../src/api/v1-state-schema.ts";
import type { Tone } from "../../ui/badge.tsx";
import {
  type GroupView,
  groupState,
  groupTone,
  type ServerView,
  serverState,
  serverTone,
  viewGroup,
} from "../groups/group-view.ts";
import { stateOf, stateTone } from "../proxies/proxy-view.ts";

/** A proxy. */
export interface ProxyNode {
  readonly kind: "proxy";
  /** `proxy:TOKEN`. */
  readonly key: string;
  readonly title: string;
  readonly tone: Tone;
  readonly datacenter: string;
  readonly ops: number | null;
  readonly proxy: V1LiveProxy;
}

/** A server of a group. */
export interface ServerNode {
  readonly kind: "server";
  /** `server:ADDR`. */
  readonly key: string;
  readonly title: string;
  readonly tone: Tone;
  readonly datacenter: string;
  readonly ops: number | null;
  readonly groupId: number;
  readonly server: ServerView;
}

/** A group with its servers, the master first. */
export interface GroupNode {
  readonly kind: "group";
  /** `group:ID`. */
  readonly key: string;
  readonly title: string;
  readonly tone: Tone;
  /** Of its servers together. */
  readonly ops: number | null;
  readonly group: GroupView;
  readonly servers: readonly ServerNode[];
}

/** Anything on the map. */
export type TopologyNode = ProxyNode | GroupNode | ServerNode;

/** What the server says of a difference, and what of it has a code. */
export type Told = Pick<V1ReplicationFault, "text" | "said"> &
  Partial<Pick<V1ReplicationFault, "stored_said" | "real_said">>;

/** Where stored and real differ. */
export interface Difference {
  /** Key of the node whose line is drawn red. */
  readonly about: string;
  /** Key of the node that is the real other end; undefined: none, or not on the map. */
  readonly real: string | undefined;
  /** In words; undefined: the kind says it. */
  readonly words: { readonly stored: string; readonly real: string } | undefined;
  readonly kind: ProblemKind;
  /** What to do, as the dashboard says it; undefined: that of the kind. */
  readonly fault: Told | undefined;
}

/** See the file head. */
export interface Topology {
  readonly proxies: readonly ProxyNode[];
  readonly groups: readonly GroupNode[];
  readonly differences: readonly Difference[];
}

/** What the map is made of: values of the live document. */
export interface TopologyParts {
  readonly proxies: readonly V1LiveProxy[];
  readonly groups: readonly V1LiveGroup[];
  readonly servers: readonly V1LiveServer[];
  readonly sentinels: Pick<V1LiveSentinels, "items" | "masters"> | undefined;
}

/** Builds it; nothing that is stored is left out, however dead it is. */
export function topologyOf(parts: TopologyParts): Topology {
  const looks = new Map(parts.servers.map((server) => [server.addr, server]));
  const proxies = parts.proxies.toSorted((one, other) => one.id - other.id).map(proxyNode);
  const groups = parts.groups
    .toSorted((one, other) => one.id - other.id)
    .map((group) => groupNode(viewGroup(group, (addr) => looks.get(addr))));
  return {
    proxies,
    groups,
    differences: [
      ...proxies.flatMap(proxyDifferences),
      ...groups.flatMap((group) => groupDifferences(group, looks)),
      ...sentinelDifferences(groups, parts.sentinels),
    ],
  };
}

function proxyNode(proxy: V1LiveProxy): ProxyNode {
  const tone = stateTone(stateOf(proxy));
  const isBehind = proxy.table === "pending" || proxy.table === "unreachable";
  return {
    kind: "proxy",
    key: `proxy:${proxy.token}`,
    title: proxy.proxy_addr,
    tone: tone === "ok" && isBehind ? "warn" : tone,
    datacenter: proxy.datacenter,
    ops: proxy.ops_per_second,
    proxy,
  };
}

function groupNode(group: GroupView): GroupNode {
  const servers = group.servers.map((server): ServerNode => {
    return {
      kind: "server",
      key: `server:${server.addr}`,
      title: server.addr,
      tone: serverTone(serverState(server)),
      datacenter: server.datacenter ?? "",
      ops: server.ops_per_second ?? null,
      groupId: group.id,
      server,
    };
  });
  const known = servers.flatMap(({ ops }) => (ops === null ? [] : [ops]));
  return {
    kind: "group",
    key: `group:${group.id}`,
    title: String(group.id),
    tone: groupTone(groupState(group)),
    ops: known.length === 0 ? null : known.reduce((sum, ops) => sum + ops, 0),
    group,
    servers,
  };
}

function proxyDifferences({ key, proxy, tone }: ProxyNode): readonly Difference[] {
  const base = { about: key, real: undefined, words: undefined };
  const state = stateOf(proxy);
  if (state === "unprovable") {
    return [{ ...base, kind: "proxy_unprovable", fault: proxy.fence ?? undefined }];
  }
  if (state === "timeout" || state === "error") {
    return [{ ...base, kind: "proxy_unreachable", fault: undefined }];
  }
  if (tone === "ok" || tone === "idle") {
    return [];
  }
  const kind = state === "online" ? "proxy_not_synced" : "proxy_not_online";
  return [{ ...base, kind, fault: undefined }];
}

const FAULT_KINDS: Readonly<Record<string, ProblemKind>> = {
  MASTER_DOWN: "server_unreachable",
  REPLICA_DOWN: "server_unreachable",
  LINK_BROKEN: "server_link",
  LAGGING: "replica_lagging",
  SPLIT_BRAIN: "split_brain",
  NO_REPLICA: "no_replica",
};

function groupDifferences(
  { key, group }: GroupNode,
  looks: ReadonlyMap<string, V1LiveServer>,
): readonly Difference[] {
  const own: readonly Difference[] = group.out_of_sync
    ? [
        {
          about: key,
          real: undefined,
          words: undefined,
          kind: "group_out_of_sync",
          fault: undefined,
        },
      ]
    : [];
  const faults = group.faults
    // A group without a replica is as it is stored; that isn't a difference of two truths.
    .filter(({ code }) => code !== "NO_REPLICA")
    .map((fault): Difference => {
      const followed = looks.get(fault.addr)?.reported_master ?? "";
      const isElsewhere = fault.code === "WRONG_MASTER" && looks.has(followed);
      return {
        about: `server:${fault.addr}`,
        real: isElsewhere ? `server:${followed}` : undefined,
        words: { stored: fault.stored, real: fault.real },
        kind: FAULT_KINDS[fault.code] ?? "server_role",
        fault,
      };
    });
  return [...own, ...faults];
}

function sentinelDifferences(
  groups: readonly GroupNode[],
  sentinels: TopologyParts["sentinels"],
): readonly Difference[] {
  if (sentinels === undefined || sentinels.items.length === 0) {
    return [];
  }
  return groups.flatMap(({ group, servers }): readonly Difference[] => {
    const [master] = servers;
    const agreed = sentinels.masters.find(({ group_id }) => group_id === group.id)?.addr;
    return master === undefined || agreed === undefined || agreed === master.server.addr
      ? []
      : [
          {
            about: master.key,
            real: `server:${agreed}`,
            words: { stored: master.server.addr, real: agreed },
            kind: "sentinel_trouble",
            fault: undefined,
          },
        ];
  });
}

/** All nodes, in the order of the table. */
export function allNodes({ proxies, groups }: Topology): readonly TopologyNode[] {
  return [...proxies, ...groups.flatMap((group) => [group, ...group.servers])];
}
