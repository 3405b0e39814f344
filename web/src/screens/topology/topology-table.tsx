/**
 * The map as a table: the same nodes, states and differences, in the same order.
 */
import { formatRate } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { useNavigate } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import type { Children } from "../../ui/props.ts";
import { Table } from "../../ui/table.tsx";
import { nodeHref } from "./node-panel.tsx";
import { nameOf, stateText } from "./node-words.ts";
import { allNodes, type Topology, type TopologyNode } from "./topology-model.ts";

/** See the head of the file. */
export function TopologyTable(props: {
  readonly product: string;
  readonly topology: Topology;
}): Children {
  const { product, topology } = props;
  const navigate = useNavigate();
  const differing = new Set(topology.differences.map(({ about }) => about));
  const differs = (node: TopologyNode): string =>
    differing.has(node.key) ? t("topology.differs") : t("topology.same");
  const kind = (node: TopologyNode): string => t(`topology.kind.${node.kind}`);
  return (
    <Table
      caption={t("topology.title")}
      rows={allNodes(topology)}
      rowKey={({ key }) => key}
      onOpen={(node) => navigate(nodeHref(product, node))}
      filter={(node) => `${kind(node)} ${nameOf(node)} ${stateText(node)} ${differs(node)}`}
      columns={[
        { key: "kind", title: t("topology.kind"), render: kind, sort: kind },
        {
          key: "name",
          title: t("topology.name"),
          render: (node) => (
            <a class="code" href={nodeHref(product, node)}>
              {node.kind === "group" ? node.title : nameOf(node)}
            </a>
          ),
          sort: nameOf,
        },
        {
          key: "group",
          title: t("topology.kind.group"),
          render: groupOf,
          sort: (node) => Number(groupOf(node)) || 0,
        },
        {
          key: "role",
          title: t("topology.role"),
          render: (node) => (node.kind === "server" ? t(`groups.role.${node.server.role}`) : ""),
        },
        {
          key: "state",
          title: t("topology.state"),
          render: (node) => <Badge tone={node.tone}>{stateText(node)}</Badge>,
          sort: (node) => `${node.tone === "ok" ? "1" : "0"} ${stateText(node)}`,
        },
        {
          key: "differs",
          title: t("topology.storedAndReal"),
          render: (node) =>
            differing.has(node.key) ? <Badge tone="bad">{differs(node)}</Badge> : differs(node),
          sort: (node) => (differing.has(node.key) ? 0 : 1),
        },
        {
          key: "datacenter",
          title: t("topology.datacenter"),
          render: (node) => (node.kind === "group" ? "" : node.datacenter),
        },
        {
          key: "ops",
          title: t("topology.ops"),
          align: "end",
          render: (node) => formatRate(node.ops),
          sort: (node) => node.ops,
        },
      ]}
    />
  );
}

function groupOf(node: TopologyNode): string {
  return node.kind === "proxy" ? "" : String(node.kind === "group" ? node.group.id : node.groupId);
}
