/**
 * Changes of masters as a table, the newest first; a row opens its story.
 */
import type { V1FailoverSummary } from "../../../../src/api/v1-availability-schema.ts";
import { formatBytes, formatDuration, formatTime, momentOf } from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href, useNavigate } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import type { Children } from "../../ui/props.ts";
import { type Column, Table } from "../../ui/table.tsx";
import { outcomeTone } from "./story-view.ts";

/** How a story ended, as a badge. */
export function OutcomeBadge(props: { readonly outcome: V1FailoverSummary["outcome"] }): Children {
  return <Badge tone={outcomeTone(props.outcome)}>{textOf("ha.outcome", props.outcome)}</Badge>;
}

/** Old and new master. */
export function MastersText(props: {
  readonly story: Pick<V1FailoverSummary, "from" | "to">;
}): Children {
  const { from, to } = props.story;
  return (
    <span class="code">
      {from} <span aria-hidden="true">→</span> {to ?? t("ha.nobody")}
    </span>
  );
}

function columns(product: string): readonly Column<V1FailoverSummary>[] {
  return [
    {
      key: "when",
      title: t("ha.when"),
      sort: (story) => momentOf(story.began_at),
      render: (story) => (
        <a href={href(product, "ha", story.id)}>
          <time dateTime={story.began_at}>{formatTime(story.began_at)}</time>
        </a>
      ),
    },
    {
      key: "group",
      title: t("ha.group"),
      align: "end",
      sort: (story) => story.group_id,
      render: (story) => String(story.group_id),
    },
    {
      key: "kind",
      title: t("ha.kind"),
      sort: (story) => story.kind,
      render: (story) => textOf("ha.kind", story.kind),
    },
    { key: "masters", title: t("ha.masters"), render: (story) => <MastersText story={story} /> },
    {
      key: "outcome",
      title: t("ha.outcome"),
      sort: (story) => story.outcome,
      render: (story) => <OutcomeBadge outcome={story.outcome} />,
    },
    {
      key: "pause",
      title: t("ha.pause"),
      align: "end",
      sort: (story) => story.pause_ms,
      render: (story) => formatDuration(story.pause_ms),
    },
    {
      key: "lost",
      title: t("ha.lost"),
      align: "end",
      sort: (story) => story.lost_bytes,
      render: (story) => formatBytes(story.lost_bytes),
    },
  ];
}

/** See the head of the file. */
export function StoryTable(props: {
  readonly product: string;
  readonly stories: readonly V1FailoverSummary[];
}): Children {
  const navigate = useNavigate();
  return (
    <Table
      caption={t("ha.historyCaption")}
      columns={columns(props.product)}
      rows={props.stories}
      rowKey={(story) => story.id}
      sortedBy="-when"
      onOpen={(story) => navigate(href(props.product, "ha", story.id))}
    />
  );
}
