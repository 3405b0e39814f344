/**
 * The servers of a group as a table, the master first; with what can be done with each on the page of the group.
 */
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
  UNKNOWN,
} from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { Meter } from "../../ui/meter.tsx";
import type { Children } from "../../ui/props.ts";
import { type Column, Table } from "../../ui/table.tsx";
import { type GroupView, type ServerView, serverState, serverTone } from "./group-view.ts";
import { linkText } from "./server-words.ts";

const MEMORY_WARN = 0.8;
const MEMORY_BAD = 0.95;

/** State of a server as a badge. */
export function ServerBadge(props: { readonly server: ServerView }): Children {
  const state = serverState(props.server);
  return <Badge tone={serverTone(state)}>{textOf("groups.server", state)}</Badge>;
}

/** Bytes and seconds that a replica is behind. */
export function lagText(server: ServerView): string {
  if (server.role === "master" || (server.lag_bytes ?? null) === null) {
    return UNKNOWN;
  }
  const seconds = server.lag_seconds ?? 0;
  const bytes = formatBytes(server.lag_bytes);
  return seconds === 0 ? bytes : `${bytes} · ${formatDuration(seconds * 1000)}`;
}

/** Whether a replica is connected to its master. */
export function LinkBadge(props: { readonly server: ServerView }): Children {
  const link = props.server.master_link ?? null;
  if (link === null) {
    return UNKNOWN;
  }
  return <Badge tone={link === "up" ? "ok" : "bad"}>{linkText(props.server)}</Badge>;
}

/** Memory, as a bar when there is a limit. */
export function MemoryCell(props: { readonly server: ServerView }): Children {
  const { memory_bytes: used, memory_max_bytes: max } = props.server;
  if (used === null || used === undefined || max === null || max === undefined || max === 0) {
    return formatBytes(used);
  }
  const share = used / max;
  return (
    <Meter
      value={used}
      max={max}
      label={t("groups.memory")}
      tone={share > MEMORY_BAD ? "bad" : share > MEMORY_WARN ? "warn" : "ok"}
      text={t("groups.memoryOf", { used: formatBytes(used), max: formatBytes(max) })}
    />
  );
}

function columns(product: string, groupId: number): readonly Column<ServerView>[] {
  return [
    {
      key: "role",
      title: t("groups.role"),
      render: (server) => textOf("groups.role", server.role),
    },
    {
      key: "addr",
      title: t("groups.addr"),
      render: (server) => (
        <a class="code" href={href(product, "groups", String(groupId), { server: server.addr })}>
          {server.addr}
        </a>
      ),
    },
    {
      key: "status",
      title: t("groups.status"),
      class: "wraps",
      render: (server) => <ServerBadge server={server} />,
    },
    { key: "link", title: t("groups.link"), render: (server) => <LinkBadge server={server} /> },
    { key: "lag", title: t("groups.lag"), align: "end", render: lagText },
    {
      key: "memory",
      title: t("groups.memory"),
      align: "end",
      render: (server) => <MemoryCell server={server} />,
    },
    {
      key: "keys",
      title: t("groups.keys"),
      align: "end",
      class: "room-medium",
      render: (server) => formatCount(server.keys),
    },
    {
      key: "hits",
      title: t("groups.hits"),
      align: "end",
      class: "room-wide",
      render: (server) => formatPercent(server.hit_ratio),
    },
    {
      key: "ops",
      title: t("groups.ops"),
      align: "end",
      class: "room-medium",
      render: (server) => formatRate(server.ops_per_second),
    },
  ];
}

function readsColumn(): Column<ServerView> {
  return {
    key: "reads",
    title: t("groups.reads"),
    render: (server) => t(server.replica_reads === true ? "groups.on" : "groups.off"),
  };
}

/** `actions`: drawn in a column of their own, in place of whether it is read from. */
export function ServerTable(props: {
  readonly product: string;
  readonly group: GroupView;
  readonly actions?: (server: ServerView) => Children;
}): Children {
  const { group, actions } = props;
  const [role, addr, state, ...figures] = columns(props.product, group.id);
  const all = [
    ...[role, addr, state].filter((each) => each !== undefined),
    // Before the figures: those may be scrolled, what can be done must be in sight.
    ...(actions === undefined
      ? []
      : [{ key: "actions", title: t("groups.actions"), render: actions }]),
    ...figures,
    ...(actions === undefined ? [readsColumn()] : []),
  ];
  return (
    <div class="tight">
      <Table
        caption={t("groups.servers", { id: group.id })}
        columns={all}
        rows={group.servers}
        rowKey={(server) => server.addr}
        empty={<p class="muted">{t("groups.noServers")}</p>}
      />
    </div>
  );
}
