/**
 * All proxies as a table: what needs somebody comes first.
 */
import type { V1LiveProxy } from "../../../../src/api/v1-live-schema.ts";
import { formatBytes, formatCount, formatDuration, formatRate } from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href, useNavigate } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import type { Children } from "../../ui/props.ts";
import { type Column, Table } from "../../ui/table.tsx";
import { stateOf, stateRank, stateTone, tableTone, uptimeMs } from "./proxy-view.ts";

/** State of a proxy as a badge. */
export function ProxyBadge(props: { readonly proxy: V1LiveProxy }): Children {
  const state = stateOf(props.proxy);
  return <Badge tone={stateTone(state)}>{textOf("proxies.state", state)}</Badge>;
}

/** Whether a proxy has the newest slot table, as a badge. */
export function TableBadge(props: { readonly proxy: V1LiveProxy }): Children {
  const { table } = props.proxy;
  return <Badge tone={tableTone(table)}>{textOf("proxies.table", table)}</Badge>;
}

function columns(product: string): readonly Column<V1LiveProxy>[] {
  return [
    {
      key: "addr",
      title: t("proxies.addr"),
      sort: (proxy) => proxy.proxy_addr,
      render: (proxy) => (
        <a class="code" href={href(product, "proxies", proxy.token)}>
          {proxy.proxy_addr}
        </a>
      ),
    },
    {
      key: "state",
      class: "wraps",
      title: t("proxies.state"),
      sort: (proxy) => stateRank(stateOf(proxy)),
      render: (proxy) => <ProxyBadge proxy={proxy} />,
    },
    {
      key: "table",
      class: "wraps",
      title: t("proxies.table"),
      sort: (proxy) => proxy.table,
      render: (proxy) => <TableBadge proxy={proxy} />,
    },
    {
      key: "uptime",
      title: t("proxies.uptime"),
      align: "end",
      sort: (proxy) => uptimeMs(proxy.start_time, Date.now()),
      render: (proxy) => formatDuration(uptimeMs(proxy.start_time, Date.now())),
    },
    {
      key: "datacenter",
      class: "room-medium",
      title: t("proxies.dc"),
      sort: (proxy) => proxy.datacenter,
      render: (proxy) => proxy.datacenter,
    },
    ...figureColumns(),
  ];
}

function figureColumns(): readonly Column<V1LiveProxy>[] {
  return [
    {
      key: "sessions",
      title: t("proxies.sessions"),
      align: "end",
      sort: (proxy) => proxy.sessions,
      render: (proxy) => formatCount(proxy.sessions),
    },
    {
      key: "ops",
      title: t("proxies.ops"),
      align: "end",
      sort: (proxy) => proxy.ops_per_second,
      render: (proxy) => formatRate(proxy.ops_per_second),
    },
    {
      key: "p99",
      title: t("proxies.p99"),
      align: "end",
      sort: (proxy) => proxy.p99_ms,
      render: (proxy) => formatDuration(proxy.p99_ms),
    },
    {
      key: "errors",
      title: t("proxies.errors"),
      align: "end",
      sort: (proxy) => proxy.ops_failed,
      render: (proxy) => formatCount(proxy.ops_failed),
    },
    {
      key: "memory",
      title: t("proxies.memory"),
      class: "room-medium",
      align: "end",
      sort: (proxy) => proxy.memory_bytes,
      render: (proxy) => formatBytes(proxy.memory_bytes),
    },
  ];
}

/** See the head of the file. */
export function ProxyList(props: {
  readonly product: string;
  readonly proxies: readonly V1LiveProxy[];
}): Children {
  const navigate = useNavigate();
  return (
    <div class="tight">
      <Table
        caption={t("proxies.caption")}
        columns={columns(props.product)}
        // Those of the same state stand in the order of their ids.
        rows={props.proxies.toSorted((one, other) => one.id - other.id)}
        rowKey={(proxy) => proxy.token}
        sortedBy="state"
        filter={filterText}
        onOpen={(proxy) => navigate(href(props.product, "proxies", proxy.token))}
        empty={<EmptyState title={t("proxies.none")} hint={t("proxies.noneHint")} />}
      />
    </div>
  );
}

function filterText(proxy: V1LiveProxy): string {
  const state = stateOf(proxy);
  const own = [proxy.token, proxy.proxy_addr, proxy.admin_addr, proxy.datacenter, proxy.hostname];
  return [...own, state, textOf("proxies.state", state), proxy.table].join(" ");
}
