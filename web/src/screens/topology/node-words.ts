/**
 * Words about nodes of the map: their state, and everything in one line for screen readers.
 */
import { formatBytes, formatRate } from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { groupState, serverState } from "../groups/group-view.ts";
import { stateOf } from "../proxies/proxy-view.ts";
import type { Bundle } from "./topology-layout.ts";
import type { TopologyNode } from "./topology-model.ts";

/** The state in a word or two. */
export function stateText(node: TopologyNode): string {
  switch (node.kind) {
    case "proxy": {
      const state = stateOf(node.proxy);
      const isBehind = state === "online" && node.tone !== "ok";
      return isBehind ? textOf("proxies.table", node.proxy.table) : textOf("proxies.state", state);
    }
    case "group":
      return textOf("groups.state", groupState(node.group));
    default:
      return textOf("groups.server", serverState(node.server));
  }
}

/** Name of a node. */
export function nameOf(node: TopologyNode | Bundle): string {
  switch (node.kind) {
    case "bundle": {
      const params = { title: node.title === "" ? "–" : node.title, count: node.count };
      return t(node.of === "groups" ? "topology.groups" : "topology.proxies", params);
    }
    case "group":
      return t("topology.group", { id: node.title });
    default:
      return node.title;
  }
}

/** The second line of a box. */
export function detailOf(node: TopologyNode | Bundle): string {
  switch (node.kind) {
    case "bundle":
      return formatRate(node.ops);
    case "group":
      return t("topology.groupDetail", {
        slots: node.group.slots.count,
        ops: formatRate(node.ops),
      });
    case "proxy":
      return joined([node.datacenter, formatRate(node.ops)]);
    default: {
      const { server } = node;
      const lag = server.role === "master" ? undefined : server.lag_bytes;
      return joined([
        textOf("groups.role", server.role),
        node.datacenter,
        lag === undefined || lag === null ? formatRate(node.ops) : `+${formatBytes(lag)}`,
      ]);
    }
  }
}

/** Everything in one line. */
export function labelOf(node: TopologyNode | Bundle, differs: boolean): string {
  const kind = node.kind === "bundle" ? undefined : t(`topology.kind.${node.kind}`);
  const state = node.kind === "bundle" ? t("topology.well") : stateText(node);
  const name = node.kind === "group" ? node.title : nameOf(node);
  return [
    kind === undefined ? name : `${kind} ${name}`,
    state,
    detailOf(node),
    ...(differs ? [t("topology.differs")] : []),
  ].join(", ");
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" · ");
}
