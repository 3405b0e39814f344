/**
 * The page of one server: what is known of it, and its INFO, asked when the page opens, to be searched.
 */
import type { V1ServerInfo } from "../../../../src/api/v1-topology-schema.ts";
import { useLoad } from "../../data/load.ts";
import {
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
  UNKNOWN,
} from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { ErrorState } from "../../ui/error-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Table } from "../../ui/table.tsx";
import { ChartsLink } from "../members/charts-link.tsx";
import { cliLine } from "../members/cli-line.ts";
import { Facts } from "../members/facts.tsx";
import { Notice } from "../members/notice.tsx";
import { Seen } from "../members/seen.tsx";
import { FaultList } from "./fault-list.tsx";
import type { ServerView } from "./group-view.ts";
import { InfoFactsView } from "./info-facts-view.tsx";
import { type InfoRow, infoRows } from "./info-search.ts";
import { ServerActions } from "./server-actions.tsx";
import { type OneServer, ServerDialogs, serverPath } from "./server-dialogs.tsx";
import { LinkBadge, lagText, MemoryCell, ServerBadge } from "./server-table.tsx";
import { reportedRole, syncText } from "./server-words.ts";

/** See the head of the file. */
export function ServerDetail(props: OneServer): Children {
  const { product, group, server, dialog } = props;
  const faults = group.faults.filter(({ addr }) => addr === server.addr);
  return (
    <Page
      title={t("groups.serverTitle", { addr: server.addr })}
      command={cliLine.serverInfo(server.addr)}
      lead={
        <>
          <a href={href(product, "groups", String(group.id))}>
            {t("groups.backToOne", { id: group.id })}
          </a>{" "}
          <ChartsLink product={product} by="server" of={server.addr} />
        </>
      }
      actions={<ServerActions variant="plain" group={group} server={server} dialog={dialog} />}
    >
      {server.error !== null && server.error !== undefined && (
        <Notice tone="bad" word={textOf("groups.server", server.status)}>
          <Said text={server.error} />
        </Notice>
      )}
      {faults.length > 0 && <FaultList product={product} faults={faults} />}
      <Card title={t("groups.about")}>
        <About server={server} />
      </Card>
      <InfoCard {...props} />
      {dialog.target === server.addr && <ServerDialogs {...props} />}
    </Page>
  );
}

function About({ server }: { readonly server: ServerView }): Children {
  const { functions, uptime_seconds: uptime } = server;
  const hasUptime = uptime !== null && uptime !== undefined;
  return (
    <Facts
      facts={[
        [t("groups.role"), textOf("groups.role", server.role)],
        [t("groups.status"), <ServerBadge key="status" server={server} />],
        [t("groups.seen"), <Seen key="seen" at={server.observed_at} status={server.status} />],
        [t("groups.reportedRole"), reportedRole(server)],
        [t("groups.reportedMaster"), server.reported_master ?? UNKNOWN],
        [t("groups.link"), <LinkBadge key="link" server={server} />],
        [t("groups.lag"), lagText(server)],
        [t("groups.sync"), syncText(server)],
        [t("groups.reads"), t(server.replica_reads === true ? "groups.on" : "groups.off")],
        [t("groups.datacenter"), server.datacenter || UNKNOWN],
        [t("groups.version"), server.redis_version ?? UNKNOWN],
        [t("groups.uptime"), formatDuration(hasUptime ? uptime * 1000 : undefined)],
        [t("groups.keys"), formatCount(server.keys)],
        [t("groups.hits"), formatPercent(server.hit_ratio)],
        [t("groups.memory"), <MemoryCell key="memory" server={server} />],
        [t("groups.clients"), formatCount(server.clients)],
        [t("groups.ops"), formatRate(server.ops_per_second)],
        [
          t("groups.functions"),
          functions === null || functions === undefined
            ? UNKNOWN
            : Object.keys(functions).join(", ") || UNKNOWN,
        ],
      ]}
    />
  );
}

function InfoCard(props: OneServer): Children {
  const info = useLoad<V1ServerInfo>(`${serverPath(props)}/info`);
  return (
    <Card
      title={t("groups.info")}
      actions={
        <Button isPending={info.isLoading} onPress={info.reload}>
          {t("groups.infoAgain")}
        </Button>
      }
    >
      {info.problem !== undefined && <ErrorState problem={info.problem} onRetry={info.reload} />}
      {info.data === undefined && info.problem === undefined && <Skeleton lines={8} />}
      {info.data !== undefined && (
        <>
          <InfoFactsView info={info.data.info} />
          <InfoTable rows={infoRows(info.data.info)} />
        </>
      )}
    </Card>
  );
}

function InfoTable(props: { readonly rows: readonly InfoRow[] }): Children {
  return (
    <Table
      caption={t("groups.infoCaption")}
      name="info"
      columns={[
        {
          key: "section",
          title: t("groups.section"),
          sort: (row) => row.section,
          render: (row) => row.section,
        },
        {
          key: "name",
          title: t("groups.field"),
          sort: (row) => row.name,
          render: (row) => <span class="code">{row.name}</span>,
        },
        {
          key: "value",
          title: t("groups.value"),
          render: (row) => <span class="code">{row.value}</span>,
        },
      ]}
      rows={props.rows}
      rowKey={(row) => row.name}
      filter={(row) => `${row.section} ${row.name} ${row.value}`}
    />
  );
}
