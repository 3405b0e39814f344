/**
 * The panel of the node that was chosen on the map: what it is, its figures, where stored and real differ, and the
 * way to its own page.
 */
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  UNKNOWN,
} from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";
import { type ServerView, spansText } from "../groups/group-view.ts";
import { linkText, reportedRole } from "../groups/server-words.ts";
import { type Fact, Facts } from "../members/facts.tsx";
import { DifferenceList } from "./difference-list.tsx";
import { nameOf, stateText } from "./node-words.ts";
import type { Difference, TopologyNode } from "./topology-model.ts";

/** See the head of the file. */
export function NodePanel(props: {
  readonly product: string;
  readonly node: TopologyNode;
  readonly differences: readonly Difference[];
  readonly onClose: () => void;
}): Children {
  const { node, product } = props;
  return (
    <Card
      class="topology-panel"
      title={
        <>
          {t(`topology.kind.${node.kind}`)} {node.kind === "group" ? node.title : nameOf(node)}
        </>
      }
      actions={
        <>
          <a class="button button-plain" href={nodeHref(product, node)}>
            {t("topology.open")}
          </a>
          <Button variant="quiet" onPress={props.onClose}>
            {t("ui.close")}
          </Button>
        </>
      }
    >
      <Facts
        facts={[
          [t("topology.state"), <Badge tone={node.tone}>{stateText(node)}</Badge>],
          ...factsOf(node),
        ]}
      />
      <DifferenceList product={product} differences={props.differences} />
    </Card>
  );
}

/** Address of the page of a node. */
export function nodeHref(product: string, node: TopologyNode): string {
  switch (node.kind) {
    case "proxy":
      return href(product, "proxies", node.proxy.token);
    case "group":
      return href(product, "groups", String(node.group.id));
    default:
      return href(product, "groups", String(node.groupId), { server: node.server.addr });
  }
}

/** Ranges of slots that are told. */
const SPANS_TOLD = 4;

function factsOf(node: TopologyNode): readonly Fact[] {
  const rate: Fact = [t("topology.ops"), formatRate(node.ops)];
  switch (node.kind) {
    case "proxy":
      return [
        rate,
        [t("topology.datacenter"), node.datacenter || UNKNOWN],
        [t("topology.sessions"), formatCount(node.proxy.sessions)],
        [t("topology.p99"), formatDuration(node.proxy.p99_ms)],
        [t("topology.revision"), formatCount(node.proxy.confirmed_revision)],
      ];
    case "group":
      return [
        rate,
        [
          t("topology.slots"),
          `${formatCount(node.group.slots.count)} (${spansText(node.group.slots.ranges, SPANS_TOLD)})`,
        ],
        [t("topology.serverCount"), formatCount(node.servers.length)],
      ];
    default: {
      const { server } = node;
      return [
        rate,
        [t("topology.roleStored"), t(`groups.role.${server.role}`)],
        [t("topology.roleReal"), reportedRole(server)],
        ...(isMaster(server)
          ? []
          : ([
              [t("topology.follows"), server.reported_master ?? "–"],
              [t("topology.link"), linkText(server)],
              [t("topology.lag"), formatBytes(server.lag_bytes)],
            ] as const)),
        [t("topology.memory"), formatBytes(server.memory_bytes)],
        [t("topology.keys"), formatCount(server.keys)],
        [t("topology.datacenter"), node.datacenter || UNKNOWN],
      ];
    }
  }
}

/** Such a server follows nobody, as it should be. */
function isMaster({ role, reported_role: real }: ServerView): boolean {
  return role === "master" && real === "master";
}
