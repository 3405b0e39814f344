/**
 * Screen of high availability: who replaces dead masters, sentinels, faults, proxies that are gone, history; or the
 * story that the address names.
 */
import type { V1LiveValues } from "../../../../src/api/v1-live-schema.ts";
import type { V1Proxy } from "../../../../src/api/v1-topology-schema.ts";
import { live } from "../../data/live.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href, type ScreenProps } from "../../route.ts";
import { Card } from "../../ui/card.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { FaultList } from "../groups/fault-list.tsx";
import { GhostList } from "../groups/ghost-list.tsx";
import { ghostMasters } from "../groups/ghosts.ts";
import { readGroups } from "../groups/use-groups.ts";
import "../members/members.css";
import { Said } from "../../ui/said.tsx";
import { Notice } from "../members/notice.tsx";
import { type OpenDialog, useDialog } from "../members/use-dialog.ts";
import { HistoryCard } from "./history-card.tsx";
import { KeeperCard } from "./keeper-card.tsx";
import { SentinelCard } from "./sentinel-card.tsx";
import { SentinelDialogs } from "./sentinel-dialogs.tsx";
import { StoryPage } from "./story-page.tsx";
import { readSentinels } from "./use-sentinels.ts";
import { WhatIfCard } from "./what-if-card.tsx";

/** See the head of the file. */
export default function AvailabilityScreen(props: ScreenProps): Children {
  const dialog = useDialog();
  return props.id === undefined ? (
    <Overview product={props.product} dialog={dialog} />
  ) : (
    <StoryPage key={props.id} product={props.product} id={props.id} />
  );
}

function Overview(props: { readonly product: string; readonly dialog: OpenDialog }): Children {
  const { product, dialog } = props;
  const availability = live.value<V1LiveValues["availability"]>("availability").value;
  const sentinels = readSentinels();
  const masters = new Map(
    readGroups().flatMap(({ id, servers }) => {
      const addr = servers[0]?.addr;
      return addr === undefined ? [] : [[id, addr] as const];
    }),
  );
  return (
    <Page title={t("ha.title")} lead={t("ha.lead")}>
      {availability === undefined ? (
        <Skeleton />
      ) : (
        <>
          <KeeperCard product={product} availability={availability} />
          <Faults product={product} availability={availability} />
          <Fences product={product} availability={availability} />
        </>
      )}
      {availability !== undefined && <WhatIfCard product={product} availability={availability} />}
      <SentinelCard masters={masters} dialog={dialog} />
      <HistoryCard product={product} />
      <SentinelDialogs dialog={dialog} addrs={sentinels?.items ?? []} />
    </Page>
  );
}

interface PartProps {
  readonly product: string;
  readonly availability: V1LiveValues["availability"];
}

function Faults({ product, availability }: PartProps): Children {
  const { faults } = availability;
  const ghosts = ghostMasters(readGroups(), readSentinels()?.masters ?? []);
  const count = faults.length + ghosts.length;
  const areServers = readGroups().some(({ servers }) => servers.length > 0);
  return (
    <Card
      title={count === 0 ? t("ha.faults") : t("ha.faultsCount", { count })}
      actions={
        faults.some(({ mendable }) => mendable) && (
          <a
            class="button button-plain"
            href={href(product, "groups", undefined, { do: "repair" })}
          >
            {t("ha.repair")}
          </a>
        )
      }
    >
      {count === 0 && <p class="muted">{t(areServers ? "ha.noFaults" : "topology.none")}</p>}
      {faults.length > 0 && <FaultList product={product} faults={faults} />}
      <GhostList product={product} ghosts={ghosts} />
    </Card>
  );
}

function Fences({ product, availability }: PartProps): Children {
  const { fences } = availability;
  const areProxies = live.list<V1Proxy>("proxy:").value.length > 0;
  return (
    <Card title={t(fences.length === 0 ? "ha.fencesNone" : "ha.fences")}>
      {fences.length === 0 && <p class="muted">{t(areProxies ? "ha.noFences" : "proxies.none")}</p>}
      {fences.map((fence) => (
        <Notice
          key={fence.token}
          tone={fence.state === "fenced" ? "idle" : "bad"}
          word={textOf("proxies.fence", fence.state)}
          actions={
            <a href={href(product, "proxies", fence.token)}>
              {live.value<V1Proxy>(`proxy:${fence.token}`).value?.proxy_addr ?? fence.token}
            </a>
          }
        >
          <Said text={fence.text} said={fence.said} />
        </Notice>
      ))}
    </Card>
  );
}
