/**
 * Screen of the topology: proxies, groups and servers as a map or as a table, and every place where what is stored and
 * what is real differ. What is chosen and opened is in the address.
 */
import { useMemo } from "preact/hooks";
import type {
  V1LiveGroup,
  V1LiveProduct,
  V1LiveProxy,
  V1LiveSentinels,
  V1LiveServer,
} from "../../../../src/api/v1-live-schema.ts";
import { live } from "../../data/live.ts";
import { t } from "../../i18n/text.ts";
import { href, type ScreenProps, useQuery } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import "../members/members.css";
import { DifferenceList } from "./difference-list.tsx";
import { NodePanel } from "./node-panel.tsx";
import "./topology.css";
import { TopologyDrawing } from "./topology-drawing.tsx";
import { layOut } from "./topology-layout.ts";
import { allNodes, type Topology, topologyOf } from "./topology-model.ts";
import { TopologyTable } from "./topology-table.tsx";

/** See the head of the file. */
export default function TopologyScreen({ product }: ScreenProps): Children {
  const topology = useTopology();
  const [view, setView] = useQuery("view");
  const isTable = view === "table";
  const isKnown = live.value<V1LiveProduct>("product").value !== undefined;
  return (
    <Page
      title={t("topology.title")}
      command="codis group list"
      lead={t("topology.lead")}
      actions={
        <Button isPressed={isTable} onPress={() => setView(isTable ? undefined : "table")}>
          {t("ui.asTable")}
        </Button>
      }
    >
      {isKnown ? <Content product={product} topology={topology} isTable={isTable} /> : <Skeleton />}
    </Page>
  );
}

function useTopology(): Topology {
  const proxies = live.list<V1LiveProxy>("proxy:").value;
  const groups = live.list<V1LiveGroup>("group:").value;
  const servers = live.list<V1LiveServer>("server:").value;
  const sentinels = live.value<V1LiveSentinels>("sentinels").value;
  return useMemo(
    () => topologyOf({ proxies, groups, servers, sentinels }),
    [proxies, groups, servers, sentinels],
  );
}

function Content(props: {
  readonly product: string;
  readonly topology: Topology;
  readonly isTable: boolean;
}): Children {
  const { product, topology } = props;
  if (topology.groups.length === 0 && topology.proxies.length === 0) {
    return (
      <EmptyState title={t("topology.none")} hint={t("topology.noneHint")}>
        <a class="button button-primary" href={href(product, "groups")}>
          {t("topology.toGroups")}
        </a>
      </EmptyState>
    );
  }
  return (
    <>
      {props.isTable ? (
        <TopologyTable product={product} topology={topology} />
      ) : (
        <TopologyMap product={product} topology={topology} />
      )}
      {topology.differences.length > 0 && (
        <Card title={t("topology.differences", { count: topology.differences.length })}>
          <DifferenceList product={product} differences={topology.differences} />
        </Card>
      )}
    </>
  );
}

function TopologyMap(props: { readonly product: string; readonly topology: Topology }): Children {
  const { topology } = props;
  const [chosen, setChosen] = useQuery("node");
  const [opened, setOpened] = useQuery("open");
  const layout = useMemo(
    () => layOut(topology, new Set(opened.split(",").filter((each) => each !== ""))),
    [topology, opened],
  );
  const node = allNodes(topology).find(({ key }) => key === chosen);
  const isBundle = (key: string): boolean =>
    layout.boxes.some((box) => box.node.key === key && box.node.kind === "bundle");
  const open = (key: string): void => {
    if (isBundle(key)) {
      setOpened([...opened.split(",").filter((each) => each !== ""), key].join(","));
    } else {
      setChosen(key === chosen ? undefined : key);
    }
  };
  return (
    <>
      <div class="topology-legend">
        <span>{t("topology.legend")}</span>
        {opened !== "" && (
          <Button variant="quiet" onPress={() => setOpened(undefined)}>
            {t("topology.fold")}
          </Button>
        )}
      </div>
      <TopologyDrawing
        layout={layout}
        differences={topology.differences}
        chosen={chosen}
        onOpen={open}
      />
      {node !== undefined && (
        <NodePanel
          product={props.product}
          node={node}
          differences={topology.differences.filter(({ about }) => about === node.key)}
          onClose={() => {
            setChosen(undefined);
            focusNode(node.key);
          }}
        />
      )}
    </>
  );
}

/** The panel's close button is gone with the panel; the focus goes back to where it came from. */
function focusNode(key: string): void {
  document.querySelector<SVGElement>(`.topology [data-key="${CSS.escape(key)}"]`)?.focus();
}
